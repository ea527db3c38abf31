"""Registers: CSV files that people keep in a spreadsheet. Reading one never changes it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.workbook.reference import ColumnInfo, RegisterInfo
from evidence.workbook.sheet import Problem, read_sheet
from evidence.workbook.values import is_month_first, read_date, read_number, written_number
from evidence.workbook.words import EXAMPLE, is_placeholder, not_applicable_reason, plain

if TYPE_CHECKING:
    import pandas as pd

_BROKEN_CELLS = ("#ref!", "#name?", "#value!", "#div/0!", "#n/a", "#null!", "#num!", "####")


@dataclass(frozen=True)
class Row:
    """One line of a register. `values` holds what each cell means: text, `date`, number, or None where unanswered.

    `complete` is True when every required cell holds a usable answer.
    """

    number: int
    id: str
    cells: dict[str, str]
    values: dict[str, object]
    complete: bool
    missing: tuple[str, ...] = ()

    def __getitem__(self, column: str) -> object:
        return self.values.get(column)

    @property
    def not_applicable(self) -> str:
        """The reason, where a cell of this line says "Not applicable: ..."."""
        return next((reason for cell in self.cells.values() if (reason := not_applicable_reason(cell))), "")

    def text(self, column: str) -> str:
        """The cell as words; empty where unanswered."""
        value = self.values.get(column)
        if value is None:
            return ""
        if isinstance(value, date):
            return value.isoformat()
        return written_number(value) if isinstance(value, float) else str(value)


@dataclass
class Register:
    """A register as it stands. `frame` has one row a line people wrote: text, dates and numbers each as what they are.

    The worked line is not in `rows`. `not_applicable` holds the reason when the team wrote that it does not apply.
    """

    name: str
    title: str
    where: str
    guide: str
    info: RegisterInfo
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    not_applicable: str = ""
    worked_line_left: bool = False
    exists: bool = True

    @property
    def complete_rows(self) -> list[Row]:
        return [row for row in self.rows if row.complete]

    @cached_property
    def frame(self) -> pd.DataFrame:
        import pandas as pd

        columns = {}
        for column in self.info.columns:
            values = [row.values.get(column.name) for row in self.rows]
            if column.kind == "date":
                columns[column.name] = pd.Series(
                    pd.to_datetime(pd.Series(values, dtype="object")), dtype="datetime64[ns]"
                )
            elif column.kind in ("number", "count", "share", "score"):
                columns[column.name] = pd.Series(values, dtype="float64")
            else:
                columns[column.name] = pd.Series([row.text(column.name) for row in self.rows], dtype="str")
        return pd.DataFrame(columns)

    def by_id(self, identifier: str) -> Row | None:
        return next((row for row in self.rows if plain(row.id) == plain(identifier)), None)


def read_register(path: Path, info: RegisterInfo) -> Register:
    """The register at `path`; a missing file is an empty register with a problem that says so."""
    register = Register(info.name, info.title, info.file, info.guide, info)
    if not path.is_file():
        register.exists = False
        register.problems.append(
            Problem(
                info.file, "the file is missing.", f"Make it again with these headings: {', '.join(info.column_names)}."
            )
        )
        return register
    sheet = read_sheet(path, info.file, info.column_names)
    register.problems += sheet.problems
    seen: dict[str, int] = {}
    for number, cells in sheet.rows:
        _take_row(register, number, cells, seen)
    if register.rows and register.not_applicable:
        register.problems.append(
            Problem(info.file, 'one line says "Not applicable" and others are filled in.', "Keep one or the other.")
        )
        register.not_applicable = ""
    return register


def _take_row(register: Register, number: int, cells: dict[str, str], seen: dict[str, int]) -> None:
    info = register.info
    identifier = cells.get("id", "")
    if plain(identifier) == EXAMPLE:
        register.worked_line_left = True
        return
    others = [value for name, value in cells.items() if name != "id" and value]
    if identifier in info.fixed_rows:
        others = [value for name, value in cells.items() if name not in ("id", info.columns[1].name) and value]
    if not others and not not_applicable_reason(identifier):
        return
    reasons = [reason for cell in (identifier, *others) if (reason := not_applicable_reason(cell))]
    if reasons and len(others) <= 1:
        register.not_applicable = reasons[0]
        return
    if _is_worked_line(info, cells):
        register.problems.append(
            Problem(info.file, "this is still the worked line.", "Write your own over it, or delete the row.", number)
        )
        return
    register.rows.append(_row(register, number, identifier, cells))
    if identifier:
        first = seen.setdefault(plain(identifier), number)
        if first != number:
            register.problems.append(
                Problem(
                    info.file, f"the id {identifier} is in row {first} already.", "Give this row its own.", number, "id"
                )
            )


def _is_worked_line(info: RegisterInfo, cells: dict[str, str]) -> bool:
    worked = {column.name: plain(column.worked) for column in info.columns if column.name != "id" and column.worked}
    return all(plain(cells.get(name, "")) == text for name, text in worked.items())


def _row(register: Register, number: int, identifier: str, cells: dict[str, str]) -> Row:
    values: dict[str, object] = {}
    missing = []
    for column in register.info.columns:
        cell = cells.get(column.name, "")
        value, problem = read_cell(column, cell)
        values[column.name] = value
        if problem:
            register.problems.append(Problem(register.where, *problem, row=number, column=column.name))
        if value is None and column.required:
            missing.append(column.name)
    return Row(number, identifier or f"row {number}", cells, values, not missing, tuple(missing))


def read_cell(column: ColumnInfo, cell: str) -> tuple[object, tuple[str, str] | None]:
    """(what the cell means or None, what is wrong and its remedy or None). Unanswered is None and not a problem."""
    if cell.lower().startswith(_BROKEN_CELLS):
        return None, ("the spreadsheet shows an error here.", "Type the value itself, not a formula.")
    if column.kind != "id" and is_placeholder(cell) and plain(cell) not in column.allowed:
        return None, None
    if not_applicable_reason(cell):
        return (cell if column.kind == "text" else None), None
    readers = {"date": _date, "number": _number, "count": _count}
    readers |= {"share": _share, "score": _score, "choice": _choice, "yes_no": _choice}
    return readers.get(column.kind, _words)(column, cell)


def _words(column: ColumnInfo, cell: str):
    return (cell or None), None


def _date(column: ColumnInfo, cell: str):
    if day := read_date(cell):
        return day, None
    remedy = "Write the day first: 30/04/2026 or 30 April 2026."
    if is_month_first(cell):
        remedy += " The month is first here: check the other dates of this column, which may be the wrong way round."
    return None, (f'"{cell}" is not a date that can be read.', remedy)


def _number(column: ColumnInfo, cell: str):
    number = read_number(cell)
    return (number, None) if number is not None else (
        None, (f'"{cell}" is not a number.', "Write digits only, for example 12500.")
    )  # fmt: skip


def _count(column: ColumnInfo, cell: str):
    number = read_number(cell)
    if number is None or number < 0 or number != int(number):
        return None, (f'"{cell}" is not a number of children.', "Write a whole number, 0 where there was none.")
    return number, None


def _share(column: ColumnInfo, cell: str):
    number = read_number(cell)
    if number is not None and 1 < number <= 100:
        number /= 100
    if number is None or not 0 <= number <= 1:
        return None, (
            f'"{cell}" is not a share.',
            "Write a number from 0 to 1 or a percentage, for example 0.65 or 65%.",
        )
    return number, None


def _score(column: ColumnInfo, cell: str):
    number = read_number(cell)
    if number is None or number not in (1, 2, 3, 4, 5):
        return None, (f'"{cell}" is not a score.', "Write a whole number from 1 (lowest) to 5 (highest).")
    return number, None


def _choice(column: ColumnInfo, cell: str):
    allowed = column.allowed or ("yes", "no")
    value = match_choice(cell, allowed)
    if value:
        return value, None
    return None, (f'"{cell}" is not one of the answers.', f"Use one of: {', '.join(allowed)}.{nearest(cell, allowed)}")


def match_choice(cell: str, allowed: Iterable[str]) -> str:
    """The allowed answer that the cell holds, whatever its capitals, spaces, quotes or full stop; else empty."""
    words = plain(cell).rstrip(".")
    short = {"y": "yes", "true": "yes", "n": "no", "false": "no"}.get(words, words)
    return next((answer for answer in allowed if plain(answer) in (words, short)), "")


def nearest(cell: str, allowed: Iterable[str]) -> str:
    """` Did you mean ...?` when one answer is close."""
    found = difflib.get_close_matches(plain(cell), list(allowed), n=1, cutoff=0.75)
    return f" Did you mean {found[0]}?" if found else ""
