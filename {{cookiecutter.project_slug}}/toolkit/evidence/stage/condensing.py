"""The same figures in fewer columns: the ends of an interval beside their figure, a part with its whole."""

from __future__ import annotations

from collections.abc import Callable

# How the columns of the two ends of a figure's interval are called: recall_low and recall_high, days_from and days_to.
_ENDS = (("_low", "_high"), ("_from", "_to"), (", from", ", to"))
_WHOLES = (("n", "denominator"), ("n_before", "denominator_before"), ("published_n", "published_denominator"))
_PERCENTS = (("n", "percent"), ("n_before", "percent_before"))
INTERVAL, WITH_INTERVAL = "interval", " (interval)"
# A table of more columns, its row heads among them, does not fit beside itself on a page.
_MOST_COLUMNS, _MOST_WITH_PARTS = 8, 12


Columns = dict[str, list]


def condensed(columns: Columns, heads: int, said: Callable[[object, str], str], hidden: str) -> Columns:
    """The columns of a table, made fewer, those made of several as text. `said(value, column)` is a cell in words.

    heads: how many columns of row heads stand before them. The ends `low` and `high` become one column; where the table
    would still be too wide, it goes beside its figure, and a number beside what it is out of, at last also beside its
    percentage. What is hidden stays hidden.
    """
    for low, high in _ENDS:
        for column in [name for name in columns if str(name).endswith(low)]:
            figure = str(column).removesuffix(low)
            if figure in columns and f"{figure}{high}" in columns:
                columns = _with_ends(columns, figure, column, f"{figure}{high}", said, hidden)
    if not {"low", "high"} <= set(columns):
        return columns
    if not _is_wide(columns, heads):
        return _ends_together(columns, said, hidden)
    # Where there is a number expected, the percentage is of that.
    for part, whole in () if "expected" in columns else _WHOLES:
        if {part, whole} <= set(columns):
            columns = _together(columns, part, [part, whole], lambda one: f"{one[0]} of {one[1]}", said, hidden)
    if _is_wide(columns, heads, _MOST_WITH_PARTS):
        for part, percent in _PERCENTS:
            if {part, percent} <= set(columns):
                columns = _together(columns, percent, [part, percent], lambda one: f"{one[1]} ({one[0]})", said, hidden)
    # An interval is that of the figure to its left.
    place = list(columns).index("low") - 1
    if place < 0 or not _is_wide(columns, heads - 1):
        return _ends_together(columns, said, hidden)
    return _with_ends(columns, list(columns)[place], "low", "high", said, hidden)


def _is_wide(columns: Columns, heads: int, most: int = _MOST_COLUMNS) -> bool:
    return len(columns) + heads > most


def _ends_together(columns: Columns, said: Callable, hidden: str) -> Columns:
    return _together(columns, INTERVAL, ["low", "high"], _range, said, hidden)


def _with_ends(columns: Columns, figure: str, low: str, high: str, said: Callable, hidden: str) -> Columns:
    def words(one: list[str]) -> str:
        return one[0] if one[1] == one[2] else f"{one[0]} ({_range(one[1:])})"

    return _together(columns, f"{figure}{WITH_INTERVAL}", [figure, low, high], words, said, hidden)


def _range(ends: list[str]) -> str:
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _together(
    columns: Columns, name: str, parts: list[str], words: Callable[[list[str]], str], said: Callable, hidden: str
) -> Columns:
    """The columns with some of them as one column of text, called `name`, where the first of these stood."""
    texts = []
    for values in zip(*(columns[part] for part in parts), strict=True):
        cells = [said(value, part) for value, part in zip(values, parts, strict=True)]
        texts.append(hidden if set(cells) == {hidden} else words(cells))
    place = list(columns).index(parts[0])
    kept = [(column, values) for column, values in columns.items() if column not in parts]
    return dict([*kept[:place], (name, texts), *kept[place:]])
