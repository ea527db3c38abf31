"""Is a figure to be relied on: with other children, other definitions, earlier extracts, published counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from evidence.measures import (
    against_published,
    definition_tests,
    estimates,
    own_counts,
    placements,
    resampled,
    revisions,
)
from evidence.measures.stability import hide_small_steps
from evidence.measures.words import definitions as definitions_in_words
from evidence.measures.words import resampled as resampled_in_words
from evidence.privacy import Rules


def children(seed: int, number: int, rows_each: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    own = random.random(number) < 0.25
    frame = pd.DataFrame({"child": np.repeat(np.arange(number), rows_each), "outcome": np.repeat(own, rows_each)})
    return frame.assign(sex=np.repeat(random.choice(["F", "M"], number), rows_each))


def test_the_interval_is_that_of_scipy():
    frame = children(1, 500)
    row = resampled(frame, "child", "outcome", ["sex"], times=4000).loc[("All", "All children")]
    theirs = bootstrap(
        (frame["outcome"].to_numpy(float),),
        np.mean,
        n_resamples=4000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (row["low"], row["high"]) == pytest.approx((100 * theirs.low, 100 * theirs.high), abs=0.6)


def test_children_with_many_rows_count_as_one_child():
    """Ten rows of each child hold no more than one: taken as separate, they would make it three times too short."""
    one, ten = (resampled(children(3, 300, rows), "child", "outcome", [], times=2000).iloc[0] for rows in (1, 10))
    assert ten["high"] - ten["low"] == pytest.approx(one["high"] - one["low"], rel=0.1)


def test_a_group_without_the_outcome_keeps_an_interval_and_is_never_surely_nought():
    frame = children(5, 400).assign(sex=lambda rows: np.where(rows["outcome"], "M", rows["sex"]))
    row = resampled(frame, "child", "outcome", ["sex"]).loc[("sex", "F")]
    assert row["low"] == 0
    assert row["high"] > 1


def test_how_often_a_group_is_the_highest():
    frame = pd.DataFrame({"child": range(400), "sex": np.repeat(["F", "M"], 200)})
    clear = frame.assign(outcome=[True] * 100 + [False] * 100 + [True] * 20 + [False] * 180)
    table = resampled(clear, "child", "outcome", ["sex"])
    assert table.loc[("sex", "F"), "highest_in"] == 100
    assert "sex F stays the highest" in resampled_in_words(table, "the share")
    close = frame.assign(outcome=([True] * 50 + [False] * 150) * 2)
    both = resampled(close, "child", "outcome", ["sex"]).loc["sex", "highest_in"]
    assert both.between(30, 70).all()
    assert both.sum() == pytest.approx(100)


@pytest.mark.parametrize("number", [0, 3, 9])
def test_too_few_children_are_not_estimable(number):
    table = resampled(children(1, number), "child", "outcome", ["sex"])
    assert table[["percent", "low", "high"]].isna().all(axis=None)
    assert table["denominator"].iloc[0] == number


def test_the_same_seed_gives_the_same_table_whatever_the_order_of_groups():
    frame = children(8, 200)
    pd.testing.assert_frame_equal(*(resampled(frame, "child", "outcome", ["sex"], seed=4) for _ in range(2)))


class Tool:
    """Counts those whose number reaches the level."""

    SCORE, OUTPUT, OUTCOME, PERIOD, UNIT, GROUPS = None, "said", "outcome", "year", "child", ["sex"]

    def __init__(self, ways: dict) -> None:
        self.ways = ways

    def prepare(self, tables, parameters):
        return tables["t"].assign(year=2026, outcome=tables["t"]["number"] >= parameters["level"])

    def alternatives(self, tables, parameters):
        return {words: (tables, {"level": level}) for words, level in self.ways.items()}


def test_other_definitions_move_the_figure_by_as_much_as_they_say():
    tables = {"t": pd.DataFrame({"child": range(100), "number": np.repeat([1, 2, 3, 4], [40, 30, 20, 10])})}
    table = definition_tests(Tool({"two or more": 2, "four or more": 4}), tables, {"level": 3})
    assert table["percent"].tolist() == [30, 60, 10]
    assert table["difference"].tolist() == [0, 30, -20]
    assert "30.0 percentage points at most (two or more)" in definitions_in_words(table)


def test_a_definition_that_moves_a_handful_of_children_is_hidden():
    tables = {"t": pd.DataFrame({"child": range(100), "number": np.repeat([1, 2, 3, 4], [40, 27, 3, 30])})}
    table = definition_tests(Tool({"three more children": 3, "thirty more": 2}), tables, {"level": 4})
    assert table.loc["three more children"].drop("reliability").eq("c").all()
    assert table.at["thirty more", "n"] == 60


def counted(bands: dict[int, int], ways: dict[str, int], level: int) -> pd.DataFrame:
    """The table of definitions where so many children have each number."""
    number = np.repeat(list(bands), list(bands.values()))
    return definition_tests(
        Tool(ways), {"t": pd.DataFrame({"child": range(len(number)), "number": number})}, {"level": level}
    )


def test_two_other_definitions_may_not_be_near_each_other_either():
    """Two or more less three or more are the three children who have exactly two."""
    ways = {"one": 1, "two": 2, "three": 3}
    table = counted({0: 10, 1: 300, 2: 3, 3: 200, 4: 60}, ways, level=4)
    assert list(table["n"]) == [60, 563, 263, "c"]
    assert table.loc["three"].drop("reliability").eq("c").all()


def test_a_first_figure_that_is_hidden_is_not_told_by_the_differences_from_it():
    table = counted({1: 300, 2: 130, 4: 14, 5: 3}, {"four": 4, "two": 2}, level=5)
    assert list(table["n"]) == ["c", 17, 147] and list(table["percent"]) == ["c", 3.8, 32.9]
    assert table["difference"].eq("c").all()
    assert definitions_in_words(table) == "Too few children to say what other definitions would change"


def test_the_headline_names_no_definition_that_the_page_hides():
    """The figure would move most with five or more, which three children have."""
    table = counted({1: 40, 2: 3, 3: 30, 4: 47, 5: 3}, {"two": 2, "five": 5}, level=3)
    assert list(table["n"]) == [80, "c", "c"]
    table = counted({1: 40, 2: 10, 3: 30, 4: 47, 5: 3}, {"two": 2, "five": 5}, level=3)
    assert list(table["n"]) == [80, 90, "c"]
    assert definitions_in_words(table).endswith(
        "by 7.7 percentage points at most (two), among the ways that can be shown"
    )


def test_a_tool_without_other_definitions_says_so():
    class Plain:
        SCORE, OUTPUT = None, "said"

    table = definition_tests(Plain(), {}, {})
    assert table.empty
    assert definitions_in_words(table).startswith("The tool names no other way")


def test_every_other_way_to_count_placements_finds_its_kind_of_move():
    columns = ["CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC"]
    rows = [
        ("same carer", "2021-06-01", "S", "C2", "N1", "U6", "PR1", "2025-09-10"),
        ("same carer", "2025-09-10", "T", "C2", "N1", "U4", "PR1", None),
        ("holiday", "2021-06-01", "S", "C2", "N1", "U6", "PR1", "2025-08-01"),
        ("holiday", "2025-08-01", "P", "C2", "N1", "T2", "PR1", "2025-08-15"),
        ("holiday", "2025-08-15", "P", "C2", "N1", "U6", "PR1", None),
        ("short breaks", "2025-06-01", "S", "V4", "N2", "U6", "PR1", None),
    ]
    episodes = pd.DataFrame(rows, columns=columns).assign(
        DECOM=lambda frame: pd.to_datetime(frame["DECOM"]), DEC=lambda frame: pd.to_datetime(frame["DEC"])
    )
    header = pd.DataFrame(
        {"CHILD": episodes["CHILD"].unique(), "SEX": "F", "ETHNIC": "WBRI", "DOB": pd.Timestamp(2014, 1, 1)}
    )
    tables, day = {"header": header, "episodes": episodes}, pd.Timestamp(2026, 3, 31)

    def counted(tables):
        followed = {**tables, "episodes": placements.follow_placements(tables["episodes"])}
        return placements.children_on(followed, day).set_index("child")["placements"].to_dict()

    assert counted(tables) == {"same carer": 1, "holiday": 1}
    ways = placements.alternatives(tables, {"placements_at_least": 3})
    found = {words: counted(changed) for words, (changed, _) in ways.items()}
    assert found["a move with the same carer counts too"]["same carer"] == 2
    assert found["holidays and other temporary placements count too"]["holiday"] == 3
    assert found["children in series of short breaks count too"]["short breaks"] == 1
    assert [ways[f"{number} or more placements"][1]["placements_at_least"] for number in (2, 4)] == [2, 4]
    assert "0 or more placements" not in placements.alternatives(tables, {"placements_at_least": 1})


def by_period(**counts: tuple[int, int]) -> pd.DataFrame:
    n, of = zip(*counts.values(), strict=True)
    return estimates(n, of, pd.Index(list(counts), name="year_end"))


def test_revised_periods_are_told_from_those_that_stayed():
    now = by_period(first=(40, 400), second=(60, 420), third=(50, 410), new=(70, 430))
    then = by_period(first=(40, 400), second=(30, 400), third=(52, 410))
    table = revisions(now, then)
    assert list(table["said"]) == ["unchanged", "changed", "changed by too few to show"]
    assert table.at["second", "difference"] == pytest.approx(100 * (60 / 420 - 30 / 400))
    assert table.loc["third", ["n_before", "denominator_before", "percent_before", "difference"]].eq("c").all()
    assert table.at["third", "n"] == 50


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_two_counts_of_nearly_the_same_children_never_stand_side_by_side(a, b, c, d):
    n, of = [min(a, b), min(c, d)], [max(a, b), max(c, d)]
    table = estimates(n, of, pd.Index(["x", "y"]))
    shown = hide_small_steps(table, np.array([[n[0], of[0]]] * 2, float), Rules())
    steps = [abs(n[1] - n[0]), abs(of[1] - of[0]), abs((of[1] - n[1]) - (of[0] - n[0]))]
    assert (shown.loc["y", "n"] == "c") == any(1 <= step <= 5 for step in steps)


def test_own_counts_beside_published_ones():
    own = pd.DataFrame({"n": [40, 41, 42, 43], "denominator": [400] * 4}, index=[2023, 2024, 2025, 2026])
    published = pd.DataFrame(
        {"n": [40, 45, np.nan], "denominator": [400, 400, 400], "symbol": ["", "", "c: too small to publish"]},
        index=[2023, 2024, 2025],
    )
    assert list(against_published(own, published)["agrees"]) == [
        "yes",
        "no",
        "published figure is hidden",
        "not published",
    ]
    assert list(against_published(own, published, rounded_to=10)["agrees"])[:2] == ["yes", "within rounding"]


def test_own_counts_are_by_the_year_in_which_the_period_ends():
    frame = pd.DataFrame(
        {"day": pd.to_datetime(["2025-03-31", "2025-03-31", "2026-03-31"]), "outcome": [True, False, pd.NA]}
    )
    frame["outcome"] = frame["outcome"].astype("boolean")
    assert own_counts(frame, "outcome", "day").to_dict("index") == {2025: {"n": 1, "denominator": 2}}
