"""What a stage records is what a later stage reads."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.project import EvidenceError
from evidence.results import Results, StageResults
from evidence.results import results as results_room

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(tmp_path_factory.mktemp("run"))


@given(value=plain)
def test_plain_values_come_back_as_they_were(results, value):
    results.record(7, "value", value)
    assert results.read(7, "value") == value


def test_a_frame_comes_back_with_its_types_and_index(tmp_path):
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2026-03-01", None]),
            "what": ["a", None],
            "n": pd.array([1, None], dtype="Int64"),
        },
        index=pd.Index(["x", "y"], name="row"),
    )
    results = Results(tmp_path)
    results.record(5, "baseline", frame)
    pd.testing.assert_frame_equal(results.read(5, "baseline"), frame)


def test_a_number_that_is_none_is_kept_as_nothing(tmp_path):
    results = Results(tmp_path)
    results.record(7, "recall", math.nan, label="Recall", unit="%", headline=True, rests_on="4 of 9 children")
    figure = {"name": "recall", "label": "Recall", "value": None, "unit": "%", "headline": True}
    assert results.headlines(7) == [{**figure, "rests_on": "4 of 9 children"}]


def test_what_a_figure_rests_on_is_kept_in_numbers_too(tmp_path):
    results = Results(tmp_path)
    numbers = {"n": np.int64(25), "denominator": 89, "low": np.float64(19.8), "high": 38.2, "few": False}
    results.record(7, "recall", 28.1, "Recall", "%", headline=True, rests_on="25 of 89 children", estimate=numbers)
    assert results.headlines(7)[0]["estimate"] == {
        "n": 25, "denominator": 89, "low": 19.8, "high": 38.2, "few": False
    }  # fmt: skip


def test_a_new_value_replaces_a_frame_of_the_same_name(tmp_path):
    results = Results(tmp_path)
    results.record(7, "metrics", pd.DataFrame({"a": [1]}))
    results.record(7, "metrics", 3)
    assert results.read(7, "metrics") == 3
    assert results.names(7) == ["metrics"]


def test_a_missing_result_says_what_to_run(tmp_path):
    with pytest.raises(EvidenceError, match='stage 6 has not recorded "tool_output"(.|\n)*Run the notebook of stage 6'):
        Results(tmp_path).read(6, "tool_output")


@pytest.mark.parametrize("name", ["Recall", "../secret", "a b", "", "7up"])
def test_a_name_that_is_no_file_name_everywhere_is_refused(tmp_path, name):
    with pytest.raises(EvidenceError, match="cannot be the name of a result"):
        Results(tmp_path).record(1, name, 1)


def test_what_cannot_be_kept_is_named_without_its_value(tmp_path):
    with pytest.raises(EvidenceError) as caught:
        Results(tmp_path).record(1, "x", {"a": object()})
    assert "which cannot be kept" in str(caught.value) and "object at" not in str(caught.value)


def test_looks_that_are_noted_together_are_all_noted_even_where_something_goes_wrong(tmp_path):
    stage = StageResults(tmp_path, 4, [3])
    stage.has(3, "before")
    with pytest.raises(ZeroDivisionError), stage.noted_together():
        stage.has(3, "within")
        stage.note_parameters({"least": 3})
        assert [read["name"] for read in stage.reads(4)] == ["3/before"]
        1 / 0  # noqa: B018
    stage.has(3, "after")
    assert [read["name"] for read in Results(tmp_path).reads(4)] == ["least", "3/after", "3/before", "3/within"]


def test_clearing_a_stage_leaves_nothing_stale_and_other_stages_alone(tmp_path):
    results = Results(tmp_path)
    for stage in (6, 7):
        results.record(stage, "x", 1)
        results.note_read(stage, "data", "a.csv", "00")
        results.table_path(stage, "t").parent.mkdir(exist_ok=True)
        results.table_path(stage, "t").write_text("a\n")
        results.finish(stage)
    results.clear(7)
    assert (results.names(7), results.reads(7), results.finished(7), results.table_path(7, "t").exists()) == (
        [],
        [],
        False,
        False,
    )
    assert (
        results.names(6),
        len(results.reads(6)),
        results.finished(6),
        results.table_path(6, "t").exists(),
    ) == (["x"], 1, True, True)


def test_reads_are_sorted_and_told_once(tmp_path):
    results = Results(tmp_path)
    for name in ("b", "a", "b"):
        results.note_read(3, "data", name, "11")
    assert [entry["name"] for entry in results.reads(3)] == ["a", "b"]


def test_many_reads_are_noted_in_one_write_and_known_ones_in_none(tmp_path, monkeypatch):
    written = []
    keep = results_room.atomic_write

    def noted(path, *given, **named) -> None:
        written.append(path)
        keep(path, *given, **named)

    monkeypatch.setattr(results_room, "atomic_write", noted)
    results = Results(tmp_path)
    lines = [("workbook", f"workbook/{name}.csv", "11") for name in "cab"] + [("result", "3/audit", "")]
    results.note_reads(4, lines)
    results.note_reads(4, lines[:2])
    assert len(written) == 1
    assert [entry["name"] for entry in results.reads(4)] == [
        "3/audit", "workbook/a.csv", "workbook/b.csv", "workbook/c.csv",
    ]  # fmt: skip


def test_figures_of_stages_that_a_stage_does_not_rest_on_are_not_seen(tmp_path):
    for stage in (3, 7):
        Results(tmp_path).record(stage, "figure", stage, headline=True)
        Results(tmp_path).finish(stage)
    seen = StageResults(tmp_path, 4, [3])
    assert (len(seen.headlines(3)), seen.headlines(7)) == (1, [])
    assert seen.finished(3) and not seen.finished(7)
    (noted,) = seen.reads(4)
    # A figure more, or another value, is a change of what was seen.
    assert noted["sha256"] == Results(tmp_path).digest(3, "headline figures")
    Results(tmp_path).record(3, "other", 1, headline=True)
    assert noted["sha256"] != Results(tmp_path).digest(3, "headline figures")
