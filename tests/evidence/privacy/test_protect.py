"""Disclosure control: nothing hidden can be worked out, judged by an oracle that shares no code with the toolkit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from evidence.privacy import Rules, load_rules, protect
from evidence.project import EvidenceError, open_project

SMALL = range(1, 6)


def hidden_cells(frame: pd.DataFrame, shown: pd.DataFrame, counts: list[str]) -> list[tuple[int, str]]:
    return [(row, name) for name in counts for row in range(len(frame)) if shown[name].iloc[row] == "c"]


def what_an_attacker_can_pin_down(
    frame: pd.DataFrame, shown: pd.DataFrame, counts: list[str], parts: dict[str, str], noughts: frozenset = frozenset()
) -> list[tuple[int, str]]:
    """Hidden cells with one possible value, by linear programming over all that is shown and every total and margin.

    noughts: the columns in which noughts are hidden somewhere else than in `frame`.
    """
    cells = hidden_cells(frame, shown, counts)
    place = {cell: i for i, cell in enumerate(cells)}
    sums, totals, bounded, limits = [], [], [], []

    def know_sum(some: list[tuple[int, str]], total: float) -> None:
        row = np.zeros(len(cells))
        for cell in some:
            if cell in place:
                row[place[cell]] = 1
            else:
                total -= frame[cell[1]].iloc[cell[0]]
        if row.any():
            sums.append(row)
            totals.append(total)

    every = range(len(frame))
    for name in counts:
        know_sum([(row, name) for row in every], frame[name].sum())
        if frame.index.nlevels > 1:
            for level in range(frame.index.nlevels):
                labels = [str(label) for label in frame.index.get_level_values(level)]
                for label in set(labels):
                    there = [row for row in every if labels[row] == label]
                    know_sum([(row, name) for row in there], sum(frame[name].iloc[row] for row in there))
    for part, whole in parts.items():
        for row in every:
            terms, limit = np.zeros(len(cells)), 0.0
            for name, sign in ((part, 1), (whole, -1)):
                if (row, name) in place:
                    terms[place[row, name]] = sign
                else:
                    limit -= sign * frame[name].iloc[row]
            if terms.any():
                bounded.append(terms)
                limits.append(limit)
    found = []
    noughts = noughts | {name for row, name in cells if frame[name].iloc[row] == 0}
    low = {name: 0 if name in noughts else 1 for name in counts}
    for i, cell in enumerate(cells):
        ends = []
        for sign in (1, -1):
            aim = np.zeros(len(cells))
            aim[i] = sign
            answer = linprog(
                aim,
                A_ub=np.array(bounded) if bounded else None,
                b_ub=limits or None,
                A_eq=np.array(sums),
                b_eq=totals,
                bounds=[(low[name], None) for _, name in cells],
            )
            ends.append(np.inf if answer.status == 3 else sign * answer.fun)
        if abs(ends[1] - ends[0]) < 1e-6:
            found.append(cell)
    return found


def check_safe(frame: pd.DataFrame, counts: list[str], parts: dict[str, str]) -> pd.DataFrame:
    protected = protect(frame, counts=counts, parts=parts)
    shown = protected.table
    assert list(shown.index) == list(frame.index) or frame.index.hasnans
    for name in counts:
        for row in range(len(frame)):
            value = shown[name].iloc[row]
            assert value == "c" or (value == frame[name].iloc[row] and value not in SMALL)
    for part, whole in parts.items():
        for row in range(len(frame)):
            if shown[part].iloc[row] != "c" and shown[whole].iloc[row] != "c":
                assert frame[whole].iloc[row] - frame[part].iloc[row] not in SMALL
    if protected.total_safe:
        assert what_an_attacker_can_pin_down(frame, shown, counts, parts) == []
    else:
        assert "total of this table must not be shown" in protected.note
    return shown


@st.composite
def tables(draw, parts: int) -> tuple[pd.DataFrame, dict[str, str]]:
    rows = draw(st.integers(1, 9))
    sizes = st.one_of(st.integers(0, 7), st.integers(0, 40))
    columns = {"children": draw(st.lists(sizes, min_size=rows, max_size=rows))}
    whole = columns["children"]
    for i in range(parts):
        columns[f"part{i}"] = [draw(st.integers(0, size)) for size in whole]
    return pd.DataFrame(columns), {f"part{i}": "children" for i in range(parts)}


@settings(max_examples=60, deadline=None)
@given(tables(0))
def test_one_count(made):
    check_safe(made[0], ["children"], {})


@settings(max_examples=60, deadline=None)
@given(tables(1))
def test_a_part_and_its_whole(made):
    check_safe(made[0], ["children", "part0"], made[1])


@settings(max_examples=60, deadline=None)
@given(tables(2))
def test_two_parts_of_one_whole(made):
    check_safe(made[0], ["children", "part0", "part1"], made[1])


@settings(max_examples=60, deadline=None)
@given(tables(1))
def test_parts_that_add_up_to_their_whole(made):
    frame = made[0].assign(part1=lambda f: f["children"] - f["part0"])
    parts = {"part0": "children", "part1": "children"}
    shown = check_safe(frame, ["children", "part0", "part1"], parts)
    for row in range(len(frame)):
        hidden = [shown[name].iloc[row] == "c" for name in ("part0", "part1")]
        if shown["children"].iloc[row] != "c" and frame.iloc[row].min() > 0:
            assert hidden[0] == hidden[1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=12, max_size=12), st.lists(st.integers(0, 100), min_size=12, max_size=12))
def test_two_labels_with_known_margins(numbers, shares):
    index = pd.MultiIndex.from_product([["2024", "2025", None], ["a", "b", "c", "d"]], names=["year", "group"])
    frame = pd.DataFrame({"children": numbers}, index=index)
    frame["moved"] = [number * share // 100 for number, share in zip(numbers, shares, strict=True)]
    check_safe(frame, ["children", "moved"], {"moved": "children"})
    check_safe(frame[["children"]], ["children"], {})


def test_a_single_small_number_takes_the_next_smallest_with_it():
    frame = pd.DataFrame({"children": [120, 30, 3, 0]}, index=["a", "b", "c", "d"])
    protected = protect(frame)
    assert list(protected.table["children"]) == [120, "c", "c", 0]
    assert protected.hidden == 2
    assert "shown as c" in protected.note


def test_few_others_give_a_part_away():
    frame = pd.DataFrame({"children": [50, 60, 70], "moved": [48, 30, 35]})
    shown = protect(frame, parts={"moved": "children"}).table
    assert shown["moved"].iloc[0] == "c"
    assert (shown["moved"] == "c").sum() == 2
    assert list(shown["children"]) == [50, 60, 70]


def test_two_ones_are_not_told_by_their_total():
    shown = protect(pd.DataFrame({"children": [1, 1, 40]})).table
    assert list(shown["children"]) == ["c", "c", "c"]


def test_where_every_child_stands_alone_the_total_must_go():
    protected = protect(pd.DataFrame({"children": [1, 1, 1]}))
    assert not protected.total_safe
    assert "total of this table must not be shown" in protected.note


def test_percentages_go_with_the_numbers_they_rest_on():
    frame = pd.DataFrame(
        {"children": [200, 90, 40, 8], "per cent moved": [12.345, 10.0, 7.5, 25.0], "year": [1, 2, 3, 4]}
    )
    frame.loc[3, "children"] = 4
    shown = protect(frame, plain=["year"]).table
    assert list(shown["per cent moved"]) == [12.3, 10.0, "c", "c"]
    assert list(shown["year"]) == [1, 2, 3, 4]


def test_missing_numbers_and_noughts_stay():
    frame = pd.DataFrame({"children": [0, 90, 40], "rate": [np.nan, 1.5, 2.5], "words": ["x", "y", "z"]})
    protected = protect(frame)
    assert protected.hidden == 0
    assert protected.note == ""
    pd.testing.assert_frame_equal(protected.table, frame)


def test_a_category_that_is_missing_is_a_row_like_any_other():
    frame = pd.Series(["a"] * 30 + ["b"] * 9 + [None] * 2).value_counts(dropna=False).to_frame("children")
    assert list(protect(frame).table["children"]) == [30, "c", "c"]


def test_empty_table():
    assert protect(pd.DataFrame({"children": pd.Series(dtype="int64")})).hidden == 0


def test_rules_are_the_projects(template):
    rules = load_rules(open_project(template))
    assert rules == Rules(hide_from=1, hide_to=5, shown_as="c", hide_a_second=True, decimals=1)
    ten = protect(pd.DataFrame({"children": [9, 30, 80]}), rules=Rules(hide_to=10, shown_as="x"))
    assert list(ten.table["children"]) == ["x", "x", 80]


@pytest.mark.parametrize("numbers", [[-1, 3], [1.5, 3.0]])
def test_what_is_no_number_of_children_is_refused(numbers):
    with pytest.raises(EvidenceError, match="not a number of children"):
        protect(pd.DataFrame({"children": numbers}), counts=["children"])


def test_a_large_table_is_quick():
    rng = np.random.default_rng(1)
    index = pd.MultiIndex.from_product([range(3), range(20)], names=["year", "group"])
    frame = pd.DataFrame({"children": rng.integers(0, 60, 60)}, index=index)
    frame["moved"] = frame["children"] // 5
    frame["stayed"] = frame["children"] - frame["moved"]
    shown = check_safe(frame, list(frame.columns), {"moved": "children", "stayed": "children"})
    assert (shown != "c").any(axis=None)


@st.composite
def made_by_measure(draw) -> pd.DataFrame:
    """Groups of one characteristic with two measures each, as a table of periods or of measures holds them."""
    last = draw(st.sampled_from(["measure", "period"]))
    groups = draw(st.integers(2, 5))
    index = pd.MultiIndex.from_product(
        [["age band"], [f"group {number}" for number in range(groups)], ["one", "other"]],
        names=["characteristic", "group", last],
    )
    wholes = draw(st.lists(st.integers(0, 30), min_size=len(index), max_size=len(index)))
    parts = [draw(st.integers(0, whole)) for whole in wholes]
    return pd.DataFrame({"n": parts, "denominator": wholes}, index=index)


@given(made_by_measure())
@settings(max_examples=60)
def test_the_groups_of_each_measure_and_period_are_a_table_of_their_own(frame):
    safe = protect(frame, counts=["denominator"], parts={"n": "denominator"})
    if not safe.total_safe:
        return
    counts = ["denominator", "n"]
    noughts = frozenset(name for row, name in hidden_cells(frame, safe.table, counts) if frame[name].iloc[row] == 0)
    for one in ("one", "other"):
        slices = [table[table.index.get_level_values(2) == one].droplevel([0, 2]) for table in (frame, safe.table)]
        assert what_an_attacker_can_pin_down(*slices, counts, {"n": "denominator"}, noughts) == []


def test_a_group_of_one_child_is_not_what_the_others_leave_over_in_a_table_of_measures():
    index = pd.MultiIndex.from_tuples(
        [("All", "All children"), ("sex", "Female"), ("sex", "Male"), ("sex", "Not known")],
        names=["characteristic", "group"],
    )
    frame = pd.DataFrame({"n": [101, 39, 62, 0], "denominator": [819, 372, 446, 1]}, index=index)
    of_outcome = pd.concat({"with the outcome": frame}, names=["measure"])
    of_outcome = of_outcome.reorder_levels(["characteristic", "group", "measure"])
    shown = protect(of_outcome, counts=["denominator"], parts={"n": "denominator"}).table
    assert shown["denominator"].tolist() == [819, "c", 446, "c"]
