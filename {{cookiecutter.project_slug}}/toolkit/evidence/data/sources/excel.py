"""Reads a sheet of a workbook as text: finds its header, leaves out what is not the table, and says what it did."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.sources.csv_files import NoRows, RawTable, named_columns, opened, plain_number, squeezed
from evidence.data.sources.found_in import WORKBOOKS
from evidence.data.sources.old_workbooks import errors_of_xls, errors_of_xlsb
from evidence.project import EvidenceError

ENDINGS = WORKBOOKS
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A number in a date column is a day count only where it can be nothing else: from 1927 to 2099, no year, no 20240131.
_FIRST_DAY, _LAST_DAY = 10_000, 73_050
# The header fills this share of the widest row; titles and footnotes fill less.
_HEADER_FILLS = 0.8
_NO_NAME = re.compile(r"[\d.,/:\s£%-]+")


@dataclass(frozen=True)
class Oddities:
    """What the reading library does not tell: the first day that numbers count from, and cells that show an error."""

    day_zero: date | None
    errors: dict[str, list[str]]
    merged_down: frozenset[str] = frozenset()


class Workbook:
    """One workbook, opened. Raises EvidenceError when it is locked with a password, damaged, or no workbook."""

    def __init__(self, path: Path, where: str) -> None:
        self.path, self.where = path, where
        self._book = _open(path, where)
        self._looked_at: dict[str, list[list]] = {}

    @property
    def visible(self) -> list[str]:
        """The sheets of cells that are not hidden, in the workbook's order."""
        return [sheet.name for sheet in self._sheets() if _is_visible(sheet)]

    @property
    def hidden(self) -> list[str]:
        return [sheet.name for sheet in self._sheets() if not _is_visible(sheet)]

    def _sheets(self) -> list:
        return [sheet for sheet in self._book.sheets_metadata if str(sheet.typ).endswith("WorkSheet")]

    def name_of(self, sheet: str) -> str:
        """The sheet's name as the workbook writes it. Raises EvidenceError when there is no such sheet."""
        names = [found.name for found in self._sheets()]
        for name in names:
            if name.strip().lower() == sheet.strip().lower():
                return name
        raise EvidenceError(
            f"there is no sheet {sheet}.", where=self.where, remedy=f"The sheets are: {', '.join(names[:20])}."
        )

    def has_table(self, sheet: str) -> bool:
        """Whether a row of two or more column names, with rows below it, can be made out."""
        cells = self._looked_at[sheet] = self._cells(sheet)
        found = _find_header(cells)
        return found is not None and len(_filled(cells[found])) > 1 and any(_filled(row) for row in cells[found + 1 :])

    def read(
        self, sheet: str, header_row: int | None = None, dates: set[str] = frozenset()
    ) -> tuple[RawTable, list[str]]:
        """The table on a sheet as text, with its rows' numbers in the sheet, and notes on what was made of it.

        `header_row`: the row of the column names, from 1; without it, it is found. `dates`: the columns (squeezed
        names) that hold dates, where a plain number is the day that Excel counts. Raises EvidenceError where no header
        can be found, a column has no name, two have the same, the header stands there twice, or no row is below it.
        """
        sheet = self.name_of(sheet)
        where, named = f"{self.where}, sheet {sheet}", f"{self.path.name}, sheet {sheet}"
        cells = self._cells(sheet)
        header = self._header(cells, header_row, where)
        rows, footnotes = _without_footnotes(cells, header)
        notes = [] if header == 0 and not footnotes else [_left_out(named, header, footnotes)]
        notes += self._fill_merged(sheet, cells, header, rows, named)
        names = [_as_text(cell) or "" for cell in cells[header]]
        _refuse_second_header(cells, names, rows, where)
        frame, counted = self._texts(cells, rows, names, dates)
        frame = named_columns(frame, [" ".join(name.split()) for name in names], f"{where}, row {header + 1}")
        notes += [f"{named}: numbers in date columns were read as the days they count: {counted}."] if counted else []
        notes += self._errors(sheet, named)
        kept = frame.notna().to_numpy().any(axis=1)
        if not kept.any():
            raise NoRows(
                "the sheet has a header and no rows.", where=where, remedy="Export it again, or remove the sheet."
            )
        lines = np.array(rows, dtype=np.int64)[kept] + 1
        # Rows between the first and the last that hold nothing.
        blank = int(lines[-1] - header - 1 - len(lines))
        notes += [f"{named} has rows with nothing in them, left out: {blank:,}."] if blank else []
        return RawTable(frame.loc[kept].reset_index(drop=True), lines, blank), notes

    def _cells(self, sheet: str) -> list[list]:
        from python_calamine import CalamineError

        if sheet in self._looked_at:
            return self._looked_at.pop(sheet)
        try:
            return self._book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        except (CalamineError, OSError, ValueError):
            raise _damaged(f"{self.where}, sheet {sheet}") from None

    def _header(self, cells: list[list], told: int | None, where: str) -> int:
        if told is not None:
            if told > len(cells) or not _filled(cells[told - 1]):
                raise EvidenceError(
                    f"row {told} is empty, and the catalogue says that it holds the column names.",
                    where=where,
                    remedy="Write the right row as `header on row` in reference/catalogue.csv.",
                )
            return told - 1
        if not any(_filled(row) for row in cells):
            raise EvidenceError("the sheet is empty.", where=where, remedy="Export it again, or remove the sheet.")
        found = _find_header(cells)
        if found is None:
            raise EvidenceError(
                "no row of column names was found.",
                where=where,
                remedy="Put the names in one row above the data. Of own tables, reference/catalogue.csv may also say "
                f"which row it is, under found_in: {self.path.name}, sheet NAME, header on row 4",
            )
        return found

    def _fill_merged(self, sheet: str, cells: list[list], header: int, rows: list[int], named: str) -> list[str]:
        """Merged cells below the header: each of them holds what the first one shows."""
        if sheet in self._oddities.merged_down:
            return [f"{named}: of cells that are merged down several rows only the first row has the value."]
        filled = 0
        wanted = set(rows)
        for (top, left), (bottom, right) in self._book.get_sheet_by_name(sheet).merged_cell_ranges or ():
            if top <= header or top not in wanted or top == bottom:
                continue
            for row in range(top, min(bottom, len(cells) - 1) + 1):
                cells[row][left : right + 1] = [cells[top][left]] * len(cells[row][left : right + 1])
            filled += 1
        return [f"{named}: merged cells were read as if each row held their value: {filled:,}."] if filled else []

    def _texts(self, cells: list[list], rows: list[int], names: list[str], dates: set[str]) -> tuple[pd.DataFrame, str]:
        """The rows as texts, and how many day counts became dates in which column."""
        columns, counted = {}, []
        for at, name in enumerate(names):
            values = [cells[row][at] for row in rows]
            if squeezed(name) in dates and self._oddities.day_zero:
                values, days = _with_days(values, self._oddities.day_zero)
                counted += [f"{name} ({days:,})"] if days else []
            columns[at] = pd.Series([_as_text(value) for value in values], dtype="str")
        return pd.DataFrame(columns), ", ".join(counted)

    def _errors(self, sheet: str, named: str) -> list[str]:
        found = self._errors_shown.get(sheet)
        if found is None:
            return [f"{named}: a cell that shows an error could not be told from an empty one in this workbook."]
        if not found:
            return []
        places = ", ".join(place for place in found[:5] if place)
        at = f" ({places}{' and more' if len(found) > 5 else ''})" if places else ""
        return [f"{named}: cells that show an error such as #N/A were read as empty: {len(found):,}{at}."]

    @cached_property
    def _errors_shown(self) -> dict[str, list[str]]:
        """By sheet where cells show an error; nothing of a sheet of which it cannot be told."""
        name = self.path.name.lower()
        if not name.endswith((".xls", ".xlsb")) or (name.endswith(".xls") and zipfile.is_zipfile(self.path)):
            return {sheet.name: [] for sheet in self._sheets()} | self._oddities.errors
        try:
            return errors_of_xlsb(self.path) if name.endswith(".xlsb") else errors_of_xls(self.path)
        except (zipfile.BadZipFile, ValueError, KeyError, IndexError, OSError, struct.error):
            return {}

    @cached_property
    def _oddities(self) -> Oddities:
        try:
            if self.path.name.lower().endswith(".ods"):
                return _oddities_of_ods(self.path)
            if zipfile.is_zipfile(self.path) and not self.path.name.lower().endswith(".xlsb"):
                return _oddities_of_xlsx(self.path)
        except (zipfile.BadZipFile, KeyError, OSError):
            raise _damaged(self.where) from None
        return Oddities(None, {})


def _open(path: Path, where: str):
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    with opened(path, where) as file:
        beginning = file.read(8)
        locked = beginning == _OLE and "EncryptedPackage".encode("utf-16-le") in beginning + file.read()
    if not beginning:
        raise EvidenceError("the file is empty.", where=where, remedy="Export the workbook again.")
    if not beginning.startswith((_ZIP, _OLE[:4])):
        raise EvidenceError(
            "this is no workbook, though it is named like one.",
            where=where,
            remedy="Open it in Excel and save it as an Excel workbook (.xlsx), or give it the ending it should have.",
        )
    try:
        if locked:
            raise PasswordError
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise EvidenceError(
            "the workbook is locked with a password.",
            where=where,
            remedy="Save a copy without the password, in a folder that only those who may see it can open.",
        ) from None
    except (CalamineError, OSError, ValueError):
        raise _damaged(where) from None


def _damaged(where: str) -> EvidenceError:
    return EvidenceError(
        "the workbook is damaged, cut short, or another kind of file.",
        where=where,
        remedy="Open it in Excel, save it as an Excel workbook (.xlsx), or export it again.",
    )


def _is_visible(sheet) -> bool:
    return str(sheet.visible).endswith(".Visible")


def _filled(row: list) -> list[int]:
    return [at for at, cell in enumerate(row) if cell != "" and (not isinstance(cell, str) or cell.strip())]


def _find_header(cells: list[list]) -> int | None:
    """The first row of names alone that is as wide as the table; one that nothing follows counts too."""
    widest = max((len(_filled(row)) for row in cells), default=0)
    for number, row in enumerate(cells):
        filled = _filled(row)
        if filled and len(filled) >= _HEADER_FILLS * widest and all(_is_name(row[at]) for at in filled):
            return number
    return None


def _is_name(cell: object) -> bool:
    return isinstance(cell, str) and not _NO_NAME.fullmatch(cell)


def _without_footnotes(cells: list[list], header: int) -> tuple[list[int], int]:
    """The filled rows below the header, without those at the end that stand apart and fill one cell; and how many."""
    width = len(_filled(cells[header]))
    rows = [row for row in range(header + 1, len(cells)) if _filled(cells[row])]
    last = len(rows)
    end = last
    while width > 1 and end and len(_filled(cells[rows[end - 1]])) == 1:
        end -= 1
        # Only a blank row, or the header itself, tells a footnote from a row with little in it.
        if end and rows[end] - rows[end - 1] > 1:
            last = end
    return rows[:last], len(rows) - last


def _left_out(named: str, header: int, footnotes: int) -> str:
    below = f" and {footnotes:,} below the table" if footnotes else ""
    above = f"{header:,} above" if header else "none above"
    return f"{named}: the column names are in row {header + 1}; rows left out: {above}{below}."


def _refuse_second_header(cells: list[list], names: list[str], rows: list[int], where: str) -> None:
    filled = [at for at, name in enumerate(names) if name]
    for row in rows:
        if all(_as_text(cells[row][at]) == names[at] for at in filled):
            raise EvidenceError(
                "the column names stand there a second time.",
                where=f"{where}, row {row + 1}",
                remedy="Keep one table on a sheet, with one row of column names.",
            )


def _with_days(values: list, day_zero: date) -> tuple[list, int]:
    """The values with day counts turned into dates, and how many there were."""
    count = 0
    for at, value in enumerate(values):
        if type(value) in (int, float) and _FIRST_DAY <= value <= _LAST_DAY:
            values[at] = day_zero + timedelta(days=int(value))
            count += 1
    return values, count


def _as_text(value: object) -> str | None:
    """A cell as text: dates as year-month-day, whole numbers without a point, None where there is nothing."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        # Fifteen digits are what a workbook holds; more would be noise of the machine's arithmetic.
        return plain_number(format(value, ".15g"))
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    return None if value is None else str(value)


_CELL_WITH_ERROR = re.compile(rb'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*\br="([A-Z]+\d+)"')


def _oddities_of_xlsx(path: Path) -> Oddities:
    with zipfile.ZipFile(path) as package:
        book = package.read("xl/workbook.xml")
        counts_from_1904 = re.search(rb'date1904="(1|true)"', book) is not None
        targets = dict(_attributes(package.read("xl/_rels/workbook.xml.rels"), b"Relationship", b"Id", b"Target"))
        errors = {}
        for name, link in _attributes(book, b"sheet", b"name", rb"\w+:id"):
            part = "xl/" + targets[link].removeprefix("/xl/")
            with package.open(part) as file:
                errors[name] = [found.decode() for piece in _pieces(file) for found in _CELL_WITH_ERROR.findall(piece)]
    return Oddities(date(1904, 1, 1) if counts_from_1904 else date(1899, 12, 30), errors)


def _oddities_of_ods(path: Path) -> Oddities:
    with zipfile.ZipFile(path) as package:
        content = package.read("content.xml")
    start = re.search(rb'null-date[^>]*date-value="(\d{4}-\d\d-\d\d)"', content)
    errors, merged = {}, set()
    for part in content.split(b"<table:table ")[1:]:
        name = _unescaped(re.search(rb'table:name="([^"]*)"', part)[1])
        # The place would have to be counted through repeated rows and columns; the number is enough to look for them.
        errors[name] = [""] * len(re.findall(rb'calcext:value-type="error"', part))
        if re.search(rb'number-rows-spanned="(?!1")', part):
            merged.add(name)
    return Oddities(date.fromisoformat(start[1].decode()) if start else date(1899, 12, 30), errors, frozenset(merged))


def _attributes(xml: bytes, tag: bytes, first: bytes, second: bytes) -> Iterator[tuple[str, str]]:
    for element in re.findall(rb"<(?:\w+:)?" + tag + rb"\s[^>]*>", xml):
        found = [re.search(rb"\s" + name + rb'="([^"]*)"', element) for name in (first, second)]
        if all(found):
            yield _unescaped(found[0][1]), _unescaped(found[1][1])


def _unescaped(text: bytes) -> str:
    from html import unescape

    return unescape(text.decode("utf-8"))


def _pieces(file) -> Iterator[bytes]:
    """A stream in pieces that each end before a tag begins, so that no tag is cut."""
    rest = b""
    while piece := file.read(1 << 22):
        piece = rest + piece
        cut = piece.rfind(b"<")
        yield piece[: max(cut, 0)]
        rest = piece[max(cut, 0) :]
    yield rest
