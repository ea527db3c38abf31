"""Sentences say what the tables say, and never name a figure that small-number rules hide."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.measures import accuracy, drift, estimates, words
from evidence.privacy import protect


def table_of(rows: dict[str, tuple[int, int]]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples([("ethnic group", name) for name in rows], names=["characteristic", "group"])
    return estimates([n for n, _ in rows.values()], [total for _, total in rows.values()], index)


def test_the_lowest_group_is_named_with_its_interval_and_its_children():
    table = table_of({"Asian": (30, 60), "Mixed": (12, 40), "White": (200, 300)})
    assert words.lowest(table, "recall") == "Recall is lowest for ethnic group Mixed, 30% (18% to 45%), of 40 children"
    assert (
        words.highest(table, "recall") == "Recall is highest for ethnic group White, 67% (61% to 72%), of 300 children"
    )


def test_few_children_are_said_to_be_few():
    table = table_of({"Mixed": (7, 24), "White": (200, 300)})
    assert words.lowest(table, "recall").endswith("of 24 children: too few to be sure")


def test_a_hidden_group_is_not_named():
    table = table_of({"Asian": (30, 60), "Black": (25, 70), "Mixed": (2, 40), "White": (200, 300)})
    assert "Mixed" not in words.lowest(table, "recall")


def test_the_complement_of_a_number_is_as_small_as_the_number():
    table = table_of({"Asian": (30, 60), "Black": (25, 70), "Mixed": (38, 40), "White": (200, 300)})
    assert "Mixed" not in words.highest(table, "recall")


def test_groups_too_small_to_be_estimated_are_not_named():
    table = table_of({"Asian": (0, 8), "Mixed": (20, 40), "White": (200, 300)})
    assert "Asian" not in words.lowest(table, "recall")


def test_nothing_to_say_is_said():
    assert words.lowest(table_of({"Asian": (0, 3), "Mixed": (1, 4)}), "recall").startswith("Too few children to say")
    assert words.lowest(table_of({}), "recall").startswith("Too few children to say")


def test_equal_groups_have_no_lowest():
    table = table_of({"Asian": (20, 40), "Mixed": (50, 100)})
    assert words.lowest(table, "recall") == "Recall is the same in every group that can be shown, 50%"


groups = st.dictionaries(
    st.sampled_from(["Asian", "Black", "Mixed", "Other", "White"]),
    st.integers(0, 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))),
    min_size=1,
)


@settings(max_examples=200, deadline=None)
@given(groups)
def test_no_sentence_names_what_the_shown_table_hides(rows):
    table = table_of(rows)
    safe = protect(table, counts=["denominator"], parts={"n": "denominator"}).table
    for sentence in (words.lowest(table, "recall"), words.highest(table, "recall")):
        for name in rows:
            if re.search(rf"\b{name}\b", sentence):
                assert "c" not in safe.loc[("ethnic group", name), ["n", "denominator", "percent"]].tolist()


@settings(max_examples=100, deadline=None)
@given(groups)
def test_a_table_that_is_protected_already_gives_the_same_sentence_or_less(rows):
    table = table_of(rows)
    safe = protect(table, counts=["denominator"], parts={"n": "denominator"}).table
    again = words.shown(safe)
    assert set(again.index) <= set(words.shown(table).index)


def years(first: tuple[int, int], last: tuple[int, int]) -> pd.DataFrame:
    index = pd.Index(["31 March 2024", "31 March 2026"], name="year_end")
    return estimates([first[0], last[0]], [first[1], last[1]], index)


def test_a_trend_that_may_be_chance_is_said_to_be():
    assert words.trend(years((50, 500), (54, 500)), "share with three or more placements") == (
        "Share with three or more placements went from 10% (31 March 2024) to 11% (31 March 2026), which may be chance"
    )
    assert "rose from 10% (31 March 2024) to 20%" in words.trend(years((50, 500), (100, 500)), "share")
    assert "fell from 20%" in words.trend(years((100, 500), (50, 500)), "share")


def test_a_trend_with_a_hidden_year_names_no_figure():
    assert not re.search(r"\d", words.trend(years((2, 500), (100, 500)), "share"))


def test_base_rate_in_numbers_of_children():
    frame = pd.DataFrame({"outcome": [1] * 26 + [0] * 74 + [1] * 54 + [0] * 846, "flagged": [1] * 100 + [0] * 900})
    said = words.base_rate(accuracy.metrics(frame, "outcome", "flagged"))
    assert "Of 100 children flagged, about 26 had the outcome and about 74 did not." in said
    assert "Of 100 children drawn without the tool, about 8 would have had it." in said


def test_base_rate_of_a_tool_that_flags_four_names_no_precision():
    frame = pd.DataFrame({"outcome": [1] * 4 + [0] * 496, "flagged": [1] * 4 + [0] * 496})
    assert "flagged, about" not in words.base_rate(accuracy.metrics(frame, "outcome", "flagged"))


def test_drift_says_how_often_an_alarm_is_false():
    same = pd.DataFrame({"kind": ["a", "b"] * 100})
    assert words.drift(drift(same, same, ["kind"])) == (
        "No drift beyond chance; without any drift an alarm rings in at most 5 of 100 periods"
    )
    other = pd.DataFrame({"kind": ["a", "b", "b", "b"] * 50})
    assert words.drift(drift(same, other, ["kind"])).startswith("Drift in kind;")
    assert words.drift(drift(same, other.iloc[:0], ["kind"])) == "One period alone shows no drift"


def test_strongest_proxy_is_none_where_nothing_is_known():
    empty = pd.DataFrame({"strength": [np.nan]}, index=pd.MultiIndex.from_tuples([("sex", "area")]))
    assert words.strongest_proxy(empty).startswith("Too few children to say")


@pytest.mark.parametrize("measure", accuracy.MEASURES)
def test_every_measure_has_a_meaning_in_words(measure):
    assert words.meaning(measure).startswith("of ")
