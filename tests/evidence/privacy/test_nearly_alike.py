"""Rows that count the same children in several ways: no two in sight tell how many a few of them are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, linprog, milp

from evidence.privacy import Rules, protect

SMALL = range(1, 6)
KINDS = ("n", "others", "denominator")


@st.composite
def ways(draw) -> pd.DataFrame:
    """One row a child: with each way of counting, whether it counts the child, and whether with the outcome.

    The ways are levels of one number, each of them a part of the one below, and sometimes the same with more children.
    """
    bands = draw(st.lists(st.one_of(st.integers(0, 7), st.integers(0, 60)), min_size=3, max_size=6))
    more = draw(st.integers(0, 12))
    number = np.repeat(np.arange(len(bands)), bands)
    number = np.append(number, [draw(st.integers(0, len(bands))) for _ in range(more)])
    asked = np.arange(len(number)) < sum(bands)
    levels = draw(st.permutations(range(1, len(bands))))
    columns = {f"{level} or more": np.where(asked, number >= level, None) for level in levels}
    if more:
        columns["with more children"] = number >= levels[0]
    names = draw(st.sampled_from([list(columns), list(columns)[::-1]]))
    return pd.DataFrame(columns, dtype=object)[names]


def groups(children: pd.DataFrame) -> list[dict[str, frozenset]]:
    """Of each way the children with the outcome, without it, and all that it counts."""
    found = []
    for name in children:
        with_it, without = (frozenset(children.index[children[name].eq(value)]) for value in (True, False))
        found.append(dict(zip(KINDS, (with_it, without, with_it | without), strict=True)))
    return found


def shown(children: pd.DataFrame) -> pd.DataFrame:
    """The table as a page shows it."""
    rows = groups(children)
    who = {name: [row[name] for row in rows] for name in ("n", "denominator")}
    table = pd.DataFrame({name: list(map(len, sets)) for name, sets in who.items()})
    table.index = pd.Index(list(children), name="definition")
    table["percent"] = 100 * table["n"] / table["denominator"]
    return protect(table, counts=["denominator"], parts={"n": "denominator"}, who=who).table


def in_sight(table: pd.DataFrame, row: int, kind: str) -> bool:
    cells = {"n": ["n"], "denominator": ["denominator"], "others": ["n", "denominator"]}[kind]
    return not any(table[cell].iloc[row] == "c" for cell in cells)


def nested_and_small(one: frozenset, other: frozenset) -> bool:
    return (one <= other or other <= one) and len(one ^ other) in SMALL


@settings(max_examples=150, deadline=None)
@given(ways())
def test_any_two_numbers_in_sight_that_are_nested_differ_by_nought_or_enough(children):
    table, rows = shown(children), groups(children)
    groups_in_sight = [(row, of[kind]) for row, of in enumerate(rows) for kind in KINDS if in_sight(table, row, kind)]
    for (row, one), (other, of_other) in combinations(groups_in_sight, 2):
        assert len(one) not in SMALL and len(of_other) not in SMALL
        assert row == other or not nested_and_small(one, of_other)
    for row in range(len(table)):
        assert (table["percent"].iloc[row] == "c") == ("c" in list(table.iloc[row][["n", "denominator"]]))


@settings(max_examples=40, deadline=None)
@given(ways())
def test_no_small_step_follows_from_all_that_is_shown_and_what_is_part_of_what(children):
    """Linear programming over the hidden numbers: n and others of each row, each level a part of the one below."""
    table, rows = shown(children), groups(children)
    place = {(row, kind): 2 * row + at for row in range(len(rows)) for at, kind in enumerate(("n", "others"))}

    def terms(row: int, kind: str) -> np.ndarray:
        found = np.zeros(len(place))
        found[[place[row, one] for one in (("n", "others") if kind == "denominator" else (kind,))]] = 1
        return found

    equal, values, at_most = [], [], []
    for row, of in enumerate(rows):
        for kind in KINDS:
            if in_sight(table, row, kind):
                equal.append(terms(row, kind))
                values.append(len(of[kind]))
    nested = [
        ((one, kind), (other, of_kind))
        for one, other in combinations(range(len(rows)), 2)
        for kind in KINDS
        for of_kind in KINDS
        if rows[one][kind] <= rows[other][of_kind] or rows[other][of_kind] <= rows[one][kind]
    ]
    for one, other in nested:
        smaller, larger = sorted((one, other), key=lambda cell: len(rows[cell[0]][cell[1]]))
        at_most.append(terms(*smaller) - terms(*larger))
        if rows[one[0]][one[1]] == rows[other[0]][other[1]] and one[1] == other[1] == "denominator":
            # That two levels of one number are about the same children is no secret.
            at_most.append(terms(*larger) - terms(*smaller))
    for one, other in nested:
        if not nested_and_small(rows[one[0]][one[1]], rows[other[0]][other[1]]):
            continue
        aim = terms(*one) - terms(*other)
        ends = []
        for sign in (1, -1):
            known = {"A_eq": np.array(equal) if equal else None, "b_eq": values or None}
            answer = linprog(sign * aim, A_ub=np.array(at_most), b_ub=np.zeros(len(at_most)), bounds=(0, None), **known)
            ends.append(-np.inf if answer.status == 3 else answer.fun)
        assert -ends[1] - ends[0] > 0.5


@settings(max_examples=80, deadline=None)
@given(ways())
def test_as_few_rows_go_as_an_integer_programme_finds(children):
    table, rows = shown(children), groups(children)
    frame = pd.DataFrame([{kind: len(of[kind]) for kind in KINDS} for of in rows])
    alone = frame.isin(list(SMALL))
    # What is small in itself is hidden whatever stands beside it: n where it or the others are, and all of a small row.
    hidden = {"n": alone["n"] | alone["others"], "denominator": alone["denominator"]}
    hidden["others"] = hidden["n"] | hidden["denominator"]
    pairs = [
        (one, other)
        for one, other in combinations(range(len(rows)), 2)
        if any(
            nested_and_small(rows[one][kind], rows[other][of_kind])
            for kind in KINDS
            for of_kind in KINDS
            if not hidden[kind][one] and not hidden[of_kind][other]
        )
    ]
    gone = {row for row in range(len(rows)) if table["denominator"].iloc[row] == "c" and not hidden["denominator"][row]}
    if not pairs:
        assert not gone
        return
    touches = np.zeros((len(pairs), len(rows)))
    for at, pair in enumerate(pairs):
        touches[at, list(pair)] = 1
    upper = np.ones(len(rows))
    upper[0] = 0
    best = milp(np.ones(len(rows)), constraints=LinearConstraint(touches, 1), integrality=1, bounds=(0, upper))
    assert 0 not in gone and len(gone) == round(best.fun)


def of_bands(*levels: int, **bands: int) -> pd.DataFrame:
    """The numbers shown for levels of a number of placements that so many children have."""
    number = np.repeat([int(name[1:]) for name in bands], list(bands.values()))
    return shown(pd.DataFrame({f"{level} or more": pd.Series(number >= level, dtype=object) for level in levels}))


def test_a_step_between_two_rows_neither_of_which_is_the_first():
    table = of_bands(4, 3, 2, x1=300, x2=3, x3=200, x4=60)
    assert list(table["n"]) == [60, 260, "c"]


def test_the_first_row_stays_and_what_is_close_to_it_goes_on_either_side():
    table = of_bands(3, 2, 4, 5, x1=300, x2=5, x3=1, x4=40, x5=60)
    assert list(table["n"]) == [101, "c", "c", 60]


def test_two_steps_of_which_both_are_small_are_one_that_is_not():
    """2, 3 and 4 or more: 66, 63, 60. Without the middle one the step is six, and one row is enough to hide."""
    table = of_bands(1, 2, 3, 4, x1=100, x2=3, x3=3, x4=60)
    assert list(table["n"]) == [166, 66, "c", 60]


def test_rows_in_which_the_same_children_are_counted_stay():
    table = of_bands(3, 2, 4, x1=300, x4=60)
    assert list(table["n"]) == [60, 60, 60]


def test_those_left_over_are_a_group_too():
    """Nearly all have 1 or more and 2 or more: those without are 10 and 13."""
    table = of_bands(3, 1, 2, x0=10, x1=3, x2=100, x3=200)
    assert list(table["n"]) == [200, 303, "c"] and list(table["denominator"]) == [313, 313, "c"]


def test_numbers_of_other_children_may_be_near_each_other():
    children = pd.DataFrame({"one": [True] * 10 + [False] * 30, "other": [False] * 28 + [True] * 12}, dtype=object)
    assert list(shown(children)["n"]) == [10, 12]


def test_the_limit_is_the_projects():
    who = {"children": [frozenset(range(30)), frozenset(range(38))]}
    frame = pd.DataFrame({"children": [30, 38]}, index=pd.Index(["a", "b"], name="definition"))
    assert list(protect(frame, who=who).table["children"]) == [30, 38]
    assert list(protect(frame, who=who, rules=Rules(hide_to=10, shown_as="x")).table["children"]) == [30, "x"]


@pytest.mark.parametrize("hidden", [True, False])
def test_a_percentage_goes_with_its_number_although_another_row_is_hidden_already(hidden):
    """Once a row holds text, a column is no longer one of numbers, and it is a percentage all the same."""
    frame = pd.DataFrame({"n": [3, 90, 40], "denominator": [400] * 3, "percent": [0.75, 22.54, 10.0]})
    frame["difference"] = frame["percent"] - 10
    frame.index = pd.Index(["a", "b", "c"], name="definition")
    if hidden:
        frame = frame.astype(object)
        frame.iloc[2] = "c"
    table = protect(frame, counts=["denominator"], parts={"n": "denominator"}).table
    assert table.loc["a", ["n", "percent", "difference"]].eq("c").all() and table.at["a", "denominator"] == 400
    assert table.at["b", "percent"] == 22.5
