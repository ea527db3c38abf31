"""How the width of a table is shared out, so that long texts get the room and short ones keep their words together.

Left to itself a browser gives room to the column with the longest single text, and a column of many middling texts is
squeezed to a word a line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# A text breaks at a space, and after a hyphen or a slash; not at a space that does not break.
_BREAKS = re.compile(r"[ \n]+|(?<=[-/])")
_LEAST = 3
# Heads are bold.
_BOLD = 1.1


def shares(rows: Sequence[Sequence[str]], letters: float, gap: float = 0, heads: int = 1) -> list[int]:
    """Each column's width in per cent; empty where all texts fit beside each other or the rows differ in length.

    rows: the texts of the cells, the head first. letters: how many fit into a line of all columns together. gap: how
    many of them the space beside each column takes. heads: how many columns on the left are bold.

    No column gets less than its longest word or more than its longest text. Between these a column whose texts have the
    lengths l gets a width in proportion to the cube root of the sum of l squared, which makes the sum over all cells of
    their squared number of lines as small as it can be: a row is as high as its highest cell.
    """
    if not rows or len({len(row) for row in rows}) != 1:
        return []
    columns = [
        [len(text) * (_BOLD if place < heads or number == 0 else 1) for number, text in enumerate(texts)]
        for place, texts in enumerate(zip(*rows, strict=True))
    ]
    least = [
        max(_LEAST, *(len(word) * (_BOLD if place < heads else 1) for text in texts for word in _BREAKS.split(text)))
        for place, texts in enumerate(zip(*rows, strict=True))
    ]
    most = [max(low, *lengths) for low, lengths in zip(least, columns, strict=True)]
    room = letters - gap * len(columns)
    if sum(most) <= room:
        return []
    weights = [sum(length**2 for length in lengths) ** (1 / 3) for lengths in columns]
    widths = [width + gap for width in _within(weights, least, most, room)]
    return [round(100 * width / sum(widths)) for width in widths]


def _within(weights: list[float], least: list[float], most: list[float], whole: float) -> list[float]:
    """`whole` shared out in proportion to the weights, each share held between its ends, the furthest out first."""
    widths: dict[int, float] = {}
    while len(widths) < len(weights):
        free = [place for place in range(len(weights)) if place not in widths]
        unit = max(whole - sum(widths.values()), 0) / (sum(weights[place] for place in free) or 1)
        held = {place: min(max(weights[place] * unit, least[place]), most[place]) for place in free}
        out = max(free, key=lambda place: abs(held[place] - weights[place] * unit))
        if held[out] == weights[out] * unit:
            return [widths.get(place, held.get(place, 0)) for place in range(len(weights))]
        widths[out] = held[out]
    return [widths[place] for place in range(len(weights))]
