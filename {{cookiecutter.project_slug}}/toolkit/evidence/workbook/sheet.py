"""A CSV file as a spreadsheet program may have left it: any separator, encoding, order, blank rows and columns."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from evidence.project import read_text
from evidence.workbook.words import plain

_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file: where it is, what it is, what to do. Nothing is changed by finding it."""

    file: str
    what: str
    remedy: str
    row: int | None = None
    column: str = ""

    @property
    def where(self) -> str:
        row = f", row {self.row}" if self.row else ""
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}{row}{column}"

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.remedy}".strip()


@dataclass
class Sheet:
    """The rows of a file by heading. `rows` holds (row number as a spreadsheet shows it, {heading: cell})."""

    headings: list[str]
    rows: list[tuple[int, dict[str, str]]]
    separator: str = ","
    problems: list[Problem] = field(default_factory=list)


def read_any_text(path: Path) -> str:
    """The text of a file in any encoding a spreadsheet saves, UTF-16 without its mark included; lines end in "\\n"."""
    text = read_text(path)
    if "\x00" in text[:200]:
        raw = path.read_bytes()
        little = raw[1:2] == b"\x00"
        text = raw.decode("utf-16-le" if little else "utf-16-be", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


@lru_cache(4096)
def heading_name(text: str) -> str:
    """A heading as columns are named: `When engaged ` and `when-engaged` are both `when_engaged`."""
    return re.sub(r"[^a-z0-9]+", "_", plain(text)).strip("_")


def read_sheet(path: Path, name: str, known: list[str]) -> Sheet:
    """Reads a CSV whose columns should be `known`, in any order and however it was saved.

    `name` is how the file is called in problems. Raises EvidenceError when the file cannot be opened.
    """
    text = read_any_text(path)
    separator = separator_of(text, known)
    if text[:4].lower() == "sep=":
        text = "\n" + text.partition("\n")[2]
    records = list(csv.reader(io.StringIO(text), delimiter=separator))
    records = [[cell.replace("\u00a0", " ").strip() for cell in record] for record in records]
    first = _heading_row(records, known)
    if first is None:
        problem = Problem(name, "the row of headings is not there.", f"Put this row first: {', '.join(known)}.", row=1)
        return Sheet([], [], separator, [problem] if any(map(any, records)) else [])
    headings = [heading_name(cell) for cell in records[first]]
    sheet = Sheet([heading for heading in headings if heading], [], separator)
    sheet.problems += _heading_problems(name, headings, known, first + 1)
    for number, record in enumerate(records[first + 1 :], start=first + 2):
        if any(record):
            sheet.rows.append((number, _cells(name, headings, record, number, sheet.problems)))
    return sheet


def separator_of(text: str, known: list[str]) -> str:
    """The separator under which the most headings are recognised in the first lines."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4]
    wanted = set(known)

    def recognised(separator: str) -> int:
        rows = csv.reader(lines, delimiter=separator)
        return max((len(wanted & {heading_name(cell) for cell in row}) for row in rows), default=0)

    return max(_SEPARATORS, key=recognised)


def _heading_row(records: list[list[str]], known: list[str]) -> int | None:
    wanted = set(known)
    scores = [len(wanted & {heading_name(cell) for cell in record}) for record in records[:20]]
    best = max(scores, default=0)
    return scores.index(best) if best >= min(2, len(known)) else None


def _heading_problems(name: str, headings: list[str], known: list[str], row: int) -> list[Problem]:
    problems = []
    for column in known:
        if column not in headings:
            problems.append(
                Problem(name, f"the column {column} is missing.", "Put it back, with this heading.", row, column)
            )
        elif headings.count(column) > 1:
            problems.append(
                Problem(name, f"the column {column} is there twice.", "Keep one; only the first is read.", row, column)
            )
    return problems


def _cells(name: str, headings: list[str], record: list[str], number: int, problems: list[Problem]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for position, cell in enumerate(record):
        heading = headings[position] if position < len(headings) else ""
        if heading:
            cells.setdefault(heading, cell)
        elif cell:
            problems.append(
                Problem(
                    name,
                    "there is text in a column that has no heading.",
                    "Give the column a heading, or put quotes around a cell that holds a comma.",
                    number,
                    str(position + 1),
                )
            )
    return cells
