"""What is found in tables of large files, which hold categories, is what is found in the same tables held as text."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from evidence import data, measures
from evidence.data.auditing import in_pieces
from evidence.data.coarser import known_of_children, steps
from evidence.data.sources import large
from evidence.measures import placements, stability

YEAR_END = "2026-03-31"
PARAMETERS = {
    "as_of": "2026-04-30", "year_end": YEAR_END, "placements_at_least": 3, "flag_at": 0.25, "seed": 2026,
}  # fmt: skip


@pytest.fixture
def both(project, monkeypatch) -> tuple[data.Tables, data.Tables]:
    """The sample with the return before it, read in full, and as a large file is."""
    small = data.load_with_earlier(project, "data/sample")
    monkeypatch.setattr(large, "LARGE", 0)
    return small, data.load_with_earlier(project, "data/sample")


def test_tables_name_a_child_by_the_same_categories_in_order(both):
    _, tables = both
    lists = [frame["CHILD"].cat.categories for frame in tables.values()]
    assert len(lists) == 4 and all(names.equals(lists[0]) for names in lists)
    kept = [
        frame[name] for frame in tables.values() for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)
    ]
    assert len(kept) > 20 and all(values.cat.categories.is_monotonic_increasing for values in kept)


def test_the_rules_find_the_same_some_children_at_a_time(both, monkeypatch):
    small, tables = both
    monkeypatch.setattr(in_pieces, "_ROWS_AT_ONCE", 4000)
    pieces = list(in_pieces.in_pieces(tables))
    assert len(pieces) > 2
    for name, frame in tables.items():
        assert sorted(row for _, rows, _ in pieces for row in rows[name]) == list(range(len(frame)))
    found = data.audit(tables, YEAR_END)
    pd.testing.assert_frame_equal(found, data.audit(small, YEAR_END))
    pd.testing.assert_frame_equal(data.failing_rows(tables, YEAR_END), data.failing_rows(small, YEAR_END))
    failures = found.set_index("rule")["failures"]
    # Across children, of rows without a child, between tables, against the return before.
    assert (failures[["HD07", "EP24", "BT07", "YR03", "YR04"]] > 0).all()


def test_the_pages_of_the_audit_are_the_same(both):
    small, tables = both
    for finding in (data.profile, data.missing, data.key_integrity, data.activity):
        pd.testing.assert_frame_equal(finding(tables), finding(small))
    for finding in (data.conformance, data.children_by_group, data.filled_by_group, data.comparable_years):
        pd.testing.assert_frame_equal(finding(tables, YEAR_END), finding(small, YEAR_END))


def test_what_is_known_of_children_and_its_coarser_forms_are_the_same(both):
    small, tables = both
    steps_of_both = [{"as loaded": None, **dict(steps(one))} for one in both]
    assert len(steps_of_both[0]) > 5 and list(steps_of_both[0]) == list(steps_of_both[1])
    for step, frames in steps_of_both[0].items():
        known, expected = known_of_children(tables, steps_of_both[1][step]), known_of_children(small, frames)
        known.index = known.index.astype("str")
        pd.testing.assert_frame_equal(known.astype(expected.dtypes.to_dict()), expected, check_names=False)


def test_one_area_and_the_characteristics_of_children_are_the_same(both):
    area = both[0]["episodes"]["HOME_POST"].mode()[0]
    small, tables = (data.in_area(one, area, "episodes.HOME_POST", 6) for one in both)
    assert 0 < len(small["episodes"]) < len(both[0]["episodes"])
    for name, frame in small.items():
        pd.testing.assert_frame_equal(tables[name].astype(frame.dtypes.to_dict()), frame)
    children = pd.DataFrame({"child": both[0]["header"]["CHILD"]})
    found = [measures.with_characteristics(children, one, "child") for one in both]
    pd.testing.assert_frame_equal(*found)
    assert "area" in found[0]


@pytest.mark.parametrize("kind", ["descriptive", "diagnostic", "predictive"])
def test_the_tools_make_the_same_rows_and_say_the_same(both, template, kind):
    tool = worked_tool(template, kind)
    small, tables = (tool.prepare(one, PARAMETERS) for one in both)
    assert len(small) > 1000
    pd.testing.assert_frame_equal(tables, small)
    pd.testing.assert_frame_equal(*(tool.series(one, PARAMETERS) for one in both))
    pd.testing.assert_frame_equal(*(stability.definition_tests(tool, one, PARAMETERS) for one in both))


def test_what_a_tool_could_do_without_is_the_same(both, template):
    tool = worked_tool(template, "descriptive")
    pd.testing.assert_frame_equal(*(measures.minimisation(tool, one, PARAMETERS) for one in both))
    pd.testing.assert_frame_equal(*(measures.deidentification_cost(tool, one, PARAMETERS) for one in both))


def worked_tool(template: Path, kind: str):
    (path,) = (template / "src").rglob(f"{kind}.py")
    spec = importlib.util.spec_from_file_location(f"worked_{kind}", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_a_placement_is_recounted_the_same(both):
    tables = both[1]
    day = pd.Timestamp(YEAR_END)
    children = placements.children_on(tables, day)
    again = placements.recount(tables["episodes"], children["child"][:200], day)
    assert children["placements"][:200].tolist() == [again[child] for child in children["child"][:200]]
