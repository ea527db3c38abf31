"""How a table's width is shared out among its columns."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from evidence.pack.widths import shares

WORDS = some.lists(some.text("abc", min_size=1, max_size=7), min_size=0, max_size=12).map(" ".join)


def test_a_table_that_fits_is_left_to_the_browser_and_so_is_one_with_uneven_rows():
    assert shares([["Rule", "Rows"], ["EP01", "12"]], letters=100) == []
    assert shares([["a" * 60, "b" * 60], ["c"]], letters=100) == []
    assert shares([], letters=100) == []


def test_one_long_list_of_codes_does_not_squeeze_the_texts_beside_it():
    codes = ["CHILD"] * 60 + [", ".join(["SUBSTANCE_MISUSE"] * 8)]
    what = ["Only the legal status is said to have changed, but it did not"] * 61
    rows = [["Rule", "Columns", "What"], *([f"R{n:02}", *pair] for n, pair in enumerate(zip(codes, what, strict=True)))]
    rule, columns, text = shares(rows, letters=100, gap=2)
    # The text takes one line; the list breaks after each code.
    assert text >= 60 and columns <= 35 and rule <= 10


@given(
    some.integers(2, 6).flatmap(lambda n: some.lists(some.lists(WORDS, min_size=n, max_size=n), min_size=2, max_size=9))
)
def test_the_whole_width_is_shared_and_the_longest_words_fit(rows):
    widths = shares(rows, letters=110, gap=2)
    if not widths:
        assert sum(max(len(row[place]) for row in rows) for place in range(len(rows[0]))) <= 110
        return
    assert abs(sum(widths) - 100) <= len(widths)
    for place, width in enumerate(widths):
        longest = max(len(word) for row in rows for word in [*row[place].split(), ""])
        assert width * 1.1 >= longest


@given(some.lists(some.integers(20, 400), min_size=2, max_size=3))
def test_no_other_shares_give_fewer_squared_lines(lengths):
    """Held against every other way to share 100 letters out in steps of four."""
    rows = [["x" for _ in lengths], [" ".join("y" * (length // 2)) for length in lengths]]
    widths = shares(rows, letters=100, heads=0)
    if not widths:
        return
    sizes = [len(text) for text in rows[1]]
    cost = lambda shared: sum((size / width) ** 2 for size, width in zip(sizes, shared, strict=True))  # noqa: E731
    others = (
        shared
        for shared in itertools.product(range(4, 100, 4), repeat=len(sizes))
        if sum(shared) == 100 and all(width <= size for width, size in zip(shared, sizes, strict=True))
    )
    best = min(map(cost, others), default=math.inf)
    # Widths are rounded to whole per cents.
    assert cost(widths) <= best * 1.05


@pytest.mark.parametrize("column", [0, 2])
def test_no_column_gets_more_than_its_longest_text(column):
    row = ["word " * 40] * 3
    row[column] = "short"
    widths = shares([["Head"] * 3, row], letters=100)
    assert widths[column] <= 7
