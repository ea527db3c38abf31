"""Rows of a CSV file in `reference/`, with their place: however Excel saved it, in the columns the file must have."""

from __future__ import annotations

import csv
import io

from evidence.project import EvidenceError

# What stands for an answer that nobody has given yet.
_NOT_YET = {"", "?", "-", "tbc", "tba", "tbd", "n/a", "na", "none", "unknown", "to be confirmed", "to be decided"}


def reference_rows(text: str, where: str, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """(number of the row as a spreadsheet shows it, {column: cell}) for every row that holds something.

    The first line must name `columns`, in that order; columns after them are the team's own and not read. Separators:
    comma, semicolon, tab. Raises EvidenceError when the first line does not.
    """
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    if not rows or [name.strip().lower() for name in rows[0][: len(columns)]] != list(columns):
        raise EvidenceError(
            "the first line is not the list of columns.", where=where, remedy=f"It must be: {','.join(columns)}"
        )
    found = []
    for line, row in enumerate(rows[1:], start=2):
        cells = [cell.replace("\u00a0", " ").strip() for cell in row[: len(columns)]]
        if any(cells):
            found.append((line, dict(zip(columns, cells + [""] * (len(columns) - len(cells)), strict=True))))
    return found


def is_answered(cell: str) -> bool:
    """Whether a cell holds more than a blank or a word that stands in for an answer."""
    return cell.strip().strip(".").lower() not in _NOT_YET
