"""The same figures in fewer columns: the ends of an interval beside their figure, a part with its whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# How the columns of the two ends of a figure's interval are called: recall_low and recall_high, days_from and days_to.
_ENDS = (("_low", "_high"), ("_from", "_to"), (", from", ", to"))
_WHOLES = (("n", "denominator"), ("n_before", "denominator_before"), ("published_n", "published_denominator"))
_PERCENTS = (("n", "percent"), ("n_before", "percent_before"))
INTERVAL, WITH_INTERVAL = "interval", " (interval)"
# A table of more columns, its row heads among them, does not fit beside itself on a page.
_MOST_COLUMNS, _MOST_WITH_PARTS = 8, 12


def condensed(frame: pd.DataFrame, said: Callable[[object, str], str], hidden: str) -> pd.DataFrame:
    """The frame with fewer columns, those made of several as text. `said(value, column)` is a cell in words.

    The ends `low` and `high` become one column; where the table would still be too wide, it goes beside its figure, and
    a number beside what it is out of, at last also beside its percentage. What is hidden stays hidden.
    """
    for low, high in _ENDS:
        for column in [name for name in frame.columns if str(name).endswith(low)]:
            figure = str(column).removesuffix(low)
            if figure in frame and f"{figure}{high}" in frame:
                frame = _with_ends(frame, figure, column, f"{figure}{high}", said, hidden)
    if not {"low", "high"} <= set(frame.columns):
        return frame
    if not _is_wide(frame):
        return _ends_together(frame, said, hidden)
    # Where there is a number expected, the percentage is of that.
    for part, whole in () if "expected" in frame else _WHOLES:
        if {part, whole} <= set(frame.columns):
            frame = _together(frame, part, [part, whole], lambda one: f"{one[0]} of {one[1]}", said, hidden)
    if _is_wide(frame, _MOST_WITH_PARTS):
        for part, percent in _PERCENTS:
            if {part, percent} <= set(frame.columns):
                frame = _together(frame, percent, [part, percent], lambda one: f"{one[1]} ({one[0]})", said, hidden)
    # An interval is that of the figure to its left.
    place = list(frame.columns).index("low") - 1
    if place < 0 or not _is_wide(frame.drop(columns="high")):
        return _ends_together(frame, said, hidden)
    return _with_ends(frame, frame.columns[place], "low", "high", said, hidden)


def _is_wide(frame: pd.DataFrame, most: int = _MOST_COLUMNS) -> bool:
    return len(frame.columns) + frame.index.nlevels > most


def _ends_together(frame: pd.DataFrame, said: Callable, hidden: str) -> pd.DataFrame:
    return _together(frame, INTERVAL, ["low", "high"], _range, said, hidden)


def _with_ends(frame: pd.DataFrame, figure: str, low: str, high: str, said: Callable, hidden: str) -> pd.DataFrame:
    def words(one: list[str]) -> str:
        return one[0] if one[1] == one[2] else f"{one[0]} ({_range(one[1:])})"

    return _together(frame, f"{figure}{WITH_INTERVAL}", [figure, low, high], words, said, hidden)


def _range(ends: list[str]) -> str:
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _together(
    frame: pd.DataFrame, name: str, columns: list[str], words: Callable[[list[str]], str], said: Callable, hidden: str
) -> pd.DataFrame:
    """The columns as one column of text, called `name`, where the first of them stood."""
    texts = []
    for values in zip(*(frame[column] for column in columns), strict=True):
        cells = [said(value, column) for value, column in zip(values, columns, strict=True)]
        texts.append(hidden if set(cells) == {hidden} else words(cells))
    place = list(frame.columns).index(columns[0])
    frame = frame.drop(columns=columns)
    frame.insert(place, name, texts)
    return frame
