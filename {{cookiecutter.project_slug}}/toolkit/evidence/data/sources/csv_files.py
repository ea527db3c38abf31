"""Reads a CSV file as text, whatever program wrote it, and says in one line what is wrong with it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.sources.quotation_marks import Marks, line_before_lost_rows
from evidence.project import EvidenceError

if TYPE_CHECKING:
    import pyarrow

SEPARATORS = (",", ";", "\t", "|")
# A name in quotation marks, whole: it may hold separators and go over a line end.
_QUOTED_NAME = rb'(?:^|(?<=[,;\t|]))"[^"]*+(?:""[^"]*+)*+"(?=[,;\t|\r\n]|$)'
_HEADER_ROW = re.compile(rb"(?:%b|[^\r\n])*+" % _QUOTED_NAME)
# Some programs put the separator into a line of its own, which Excel heeds and never shows.
_FOR_EXCEL = re.compile(rb'"?sep=.?"?', re.IGNORECASE)
LINE_END = b"\n"
# So much of a file is parsed at once: no row may be longer.
_AT_ONCE = 1 << 20


class NoRows(EvidenceError):
    """A table with column names and nothing below them."""


@dataclass(frozen=True)
class RawTable:
    """A table's rows as text: `frame` (missing where empty), and for each row its line in the file.

    columns: all columns of the file, where `frame` holds only some of them. files: for each row the name of its file,
    where several files make up the table. years: which years' files those are.
    """

    frame: pd.DataFrame
    lines: np.ndarray
    blank: int
    columns: tuple[str, ...] = ()
    files: np.ndarray | None = None
    years: tuple[int, ...] = ()

    @property
    def held(self) -> tuple[str, ...]:
        """The columns of the file, in its order."""
        return self.columns or tuple(self.frame.columns)


def read_csv(path: Path, where: str) -> RawTable:
    """Every column of `path` as text, rows in the file's order; rows with nothing in them are left out and counted.

    Encodings: UTF-8 with or without byte order mark, UTF-16, Windows-1252. Separators: comma, semicolon, tab, upright
    bar. Raises EvidenceError, naming `where` and the line, for an empty file, a header without rows, a row with too
    many or too few cells, a quotation mark that is not closed, a column named twice, or a file that is no CSV.
    """
    import pyarrow
    import pyarrow.csv

    data = _as_utf8(_bytes(path, where), where)
    header = read_header(data, where)
    rows = Rows(header, where)
    marks = Marks()
    if b'"' in data:
        marks.add(data)
    with rows.refusing_what_has_no_end(_AT_ONCE, lambda: io.BytesIO(data)):
        table = pyarrow.csv.read_csv(io.BytesIO(data), **rows.options(pyarrow.string(), _AT_ONCE))
    last_row = [str(column[-1]) for column in table.columns if len(column)]
    rows.check(marks, table.num_rows, last_row, lambda: io.BytesIO(data))
    table, lines = table.slice(header.line), rows.lines(1, table.num_rows)[header.line :]
    frame = named_columns(table.to_pandas(types_mapper=_as_text), list(header.names), f"{where}, line {header.line}")
    filled = frame.notna().to_numpy().any(axis=1)
    if not filled.any():
        raise NoRows("the file has a header and no rows.", where=where, remedy="Export the table again, with its rows.")
    blank = int((~filled).sum())
    if blank:
        frame, lines = frame.loc[filled].reset_index(drop=True), lines[filled]
    return RawTable(frame, lines, blank)


def _bytes(path: Path, where: str) -> bytes:
    with opened(path, where) as file:
        return file.read()


@contextmanager
def opened(path: Path, where: str) -> Iterator[BinaryIO]:
    """A file to read bytes from. Raises EvidenceError where it cannot be opened or read."""
    try:
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise EvidenceError(
            f"the file cannot be opened ({error.strerror}).",
            where=where,
            remedy="Close it in other programs and try again.",
        ) from None


def refuse_other_kinds(beginning: bytes, where: str) -> None:
    """Raises EvidenceError for a file that is empty, or an Excel workbook under another name."""
    if not beginning.strip():
        raise EvidenceError("the file is empty.", where=where, remedy="Export the table again.")
    if beginning.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise EvidenceError(
            "this is an Excel workbook that is named as if it were a CSV file.",
            where=where,
            remedy="Open it in Excel and save it as CSV UTF-8.",
        )


def _as_utf8(data: bytes, where: str) -> bytes:
    refuse_other_kinds(data, where)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            data = data.decode("utf-16").encode("utf-8")
        except UnicodeDecodeError:
            raise EvidenceError("the file is cut short.", where=where, remedy="Copy the whole file again.") from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in data:
        raise EvidenceError("this is not a text file.", where=where, remedy="Export the table again, as CSV.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        data = _from_windows(data, f"{where}, line {data.count(LINE_END, 0, error.start) + 1}")
    return data


def _from_windows(data: bytes, where: str) -> bytes:
    """Text of older Windows programs as UTF-8. Two encodings in one file, or a third, would give wrong letters."""
    read_as_utf8 = data.decode("utf-8", errors="replace").replace("\ufffd", "")
    try:
        if read_as_utf8.isascii():
            return data.decode("cp1252").encode("utf-8")
    except UnicodeDecodeError:
        pass
    raise two_encodings(where)


def two_encodings(where: str) -> EvidenceError:
    return EvidenceError(
        "the text is not in one encoding that can be told (UTF-8 or that of Windows).",
        where=where,
        remedy="Export the table again as CSV UTF-8.",
    )


@dataclass(frozen=True)
class Header:
    """The column names of a file (empty for a column without one), its separator, and the line they stand in."""

    names: tuple[str, ...]
    separator: str
    line: int

    def places(self, where: str) -> dict[str, str]:
        """What the parser calls each named column, and its name. Raises EvidenceError when two have the same name."""
        refuse_twice(self.names, f"{where}, line {self.line}")
        return {f"c{i}": name for i, name in enumerate(self.names) if name}


def read_header(beginning: bytes, where: str) -> Header:
    """The header of a file that begins with these bytes of UTF-8.

    Raises EvidenceError where the first line is empty, is meant for Excel (`sep=;`), or is a record: its cells would be
    shown as names of columns.
    """
    text = beginning.lstrip(b"\r\n")
    above = beginning[: len(beginning) - len(text)]
    before = max(above.count(b"\n"), above.count(b"\r"))
    # Excel for a Mac can still end lines as old Macs did, with a carriage return alone.
    row = _HEADER_ROW.match(text).group()
    if _FOR_EXCEL.fullmatch(row):
        raise EvidenceError(
            "this line tells Excel how cells are separated, and holds no column names.",
            where=f"{where}, line {before + 1}",
            remedy="Export the table again without it, or take it out in a text editor; Excel does not show it.",
        )
    line, unquoted = (part.decode("utf-8", errors="replace") for part in (row, re.sub(_QUOTED_NAME, b"", row)))
    if not line.strip(",;\t| \"'"):
        raise EvidenceError("the first line has no column names.", where=where, remedy="Put the column names there.")
    separator = max(SEPARATORS, key=unquoted.count)
    names = next(csv.reader(io.StringIO(line, newline=""), delimiter=separator))
    below = _HEADER_ROW.match(text[len(row) :].lstrip(b"\r\n")).group().decode("utf-8", errors="replace")
    cells = next(csv.reader(io.StringIO(below, newline=""), delimiter=separator), [])
    place = next((i for i, pair in enumerate(zip(names, cells, strict=False)) if _is_record(*pair)), None)
    if place is not None:
        raise EvidenceError(
            f"this is no row of column names: column {place + 1} holds in it what the rows below it hold.",
            where=f"{where}, line {before + 1}",
            remedy="Export the table again, with the names of its columns in the first line.",
        )
    return Header(tuple(" ".join(name.split()) for name in names), separator, before + 1)


def _is_record(name: str, cell: str) -> bool:
    """Whether both are dates, pupil numbers or postcodes. Dates as names are usual above numbers, a column a month."""
    pair = (name.strip(), cell.strip())
    return any(all(map(fits, pair)) for fits in (shapes.upn_fits, shapes.postcode_fits, shapes.date_fits))


class Rows:
    """How pyarrow is to parse the rows of a file (the header is the first of them), and what it met that is no row.

    marked: the rows have `end_mark` behind them; ended: whether it was met as a row of its own, so that what stands
    before it is whole rows.
    """

    def __init__(self, header: Header, where: str, marked: bool = False) -> None:
        self.header, self.where, self._marked = header, where, marked
        self._blank_lines: list[int] = []
        self._ragged: list[tuple[int, int]] = []
        self._runs_on = False
        self.ended = False

    @property
    def end_mark(self) -> bytes:
        """A row of more cells than there are columns, so that it is told and left out."""
        return f"\x1f{self.header.separator * len(self.header.names)}".encode()

    def options(self, kind: pyarrow.DataType, at_once: int) -> dict[str, object]:
        """For pyarrow's readers: every column of that kind of text, so many bytes of the file at once."""
        import pyarrow.csv

        names = [f"c{i}" for i in range(len(self.header.names))]
        return {
            # One thread keeps row numbers known, and the first block decides nothing as every column is text.
            "read_options": pyarrow.csv.ReadOptions(use_threads=False, column_names=names, block_size=at_once),
            "parse_options": pyarrow.csv.ParseOptions(
                delimiter=self.header.separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._unusual,
            ),
            "convert_options": pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, kind),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
                # Whoever opened the file has looked.
                check_utf8=False,
            ),
        }

    def _unusual(self, row) -> str:
        if self._marked and row.text == self.end_mark.decode():
            self.ended = True
        elif not (row.text or "").strip():
            self._blank_lines.append(row.number)
        else:
            self._ragged.append((row.number, row.actual_columns))
            self._runs_on |= _over_lines(row.text)
        return "skip"

    @property
    def left_out(self) -> int:
        """How many rows the parser left out."""
        return len(self._blank_lines) + len(self._ragged)

    def follow(self, part: Rows, line: int) -> None:
        """Takes over what was met in a part of the file whose first row is in that line."""
        self._blank_lines += [line - 1 + number for number in part._blank_lines]
        self._ragged += [(line - 1 + number, cells) for number, cells in part._ragged]
        self._runs_on |= part._runs_on

    @contextmanager
    def refusing_what_has_no_end(self, at_once: int, opened: Callable[[], BinaryIO]) -> Iterator[None]:
        """What pyarrow raises within the block is a row longer than it parses at once, or an open quotation mark.

        opened: gives the file from its beginning, to look for the row.
        """
        import pyarrow

        try:
            yield
        except pyarrow.ArrowInvalid:
            with opened() as file:
                line = _first_longer(file, at_once)
            raise _too_long(f"{self.where}, line {line}", at_once) if line else self._endless(opened) from None

    def check(self, marks: Marks, parsed: int, last_row: list[str], opened: Callable[[], BinaryIO]) -> None:
        """Raises EvidenceError for what was met, and for rows that an open quotation mark took into a cell.

        marks: those of the whole file, if it has any; parsed: how many rows were not left out;
        opened: gives the file from its beginning, to look for the cell.
        """
        # As many lines as rows: no cell goes over a line end.
        if marks.quotes and marks.lines != parsed + self.left_out:
            with opened() as file:
                line = line_before_lost_rows(file, self.header.separator)
            if line:
                raise _unclosed(f"{self.where}, line {line}")
        if marks.quotes % 2 and (self._runs_on or any(map(_over_lines, last_row))):
            raise self._endless(opened)
        if not self._ragged:
            return
        line, cells = self._ragged[0]
        others = len(self._ragged) - 1
        more = f" {others:,} more {'row is' if others == 1 else 'rows are'} like that." if others else ""
        raise EvidenceError(
            f"the row has {cells} cells where the header has {len(self.header.names)}.{more}",
            where=f"{self.where}, line {line}",
            remedy="A cell that holds a separator must be in quotation marks. Export the table again.",
        )

    def _endless(self, opened: Callable[[], BinaryIO]) -> EvidenceError:
        with opened() as file:
            line = _row_without_end(file)
        return _unclosed(f"{self.where}, line {line}" if line else self.where)

    def lines(self, first: int, count: int) -> np.ndarray:
        """The lines of so many rows that follow each other, from line `first` on (not those inside cells)."""
        skipped = np.array([line for line in self._blank_lines if line >= first], dtype=np.int64)
        if not len(skipped):
            return np.arange(first, first + count, dtype=np.int64)
        candidates = np.arange(first, first + count + len(skipped), dtype=np.int64)
        return np.setdiff1d(candidates, skipped, assume_unique=True)[:count]


def _over_lines(text: str) -> bool:
    # Programs of the old Mac end a line with a carriage return alone.
    return "\n" in text or "\r" in text


def _first_longer(file: BinaryIO, most: int) -> int:
    """The line in which the first row begins that is longer than so many bytes and ends; 0 where none is."""
    begins, size, marks = 1, 0, 0
    for line, text in enumerate(file, start=1):
        size, marks = size + len(text), marks + text.count(b'"')
        if marks % 2 == 0:
            if size > most:
                return begins
            begins, size, marks = line + 1, 0, 0
    return 0


def _row_without_end(file: BinaryIO) -> int:
    """The line in which a row begins that an open quotation mark takes to the end of the file; 0 where none does."""
    begins, marks = 1, 0
    with io.TextIOWrapper(file, encoding="utf-8", errors="replace") as lines:
        for line, text in enumerate(lines, start=1):
            marks += text.count('"')
            if marks % 2 == 0:
                begins = line + 1
    return begins if marks % 2 else 0


def _too_long(where: str, most: int) -> EvidenceError:
    return EvidenceError(
        f"the row is longer than {most >> 20} MB, so one of its cells holds more than a table's should.",
        where=where,
        remedy="Shorten or empty that cell, or export the table again without its column.",
    )


def _unclosed(where: str) -> EvidenceError:
    return EvidenceError(
        "the file cannot be read as a table: a quotation mark is probably not closed.",
        where=where,
        remedy="Export the table again, as CSV.",
    )


def nameless_column(place: int, where: str) -> EvidenceError:
    return EvidenceError(
        f"column {place + 1} has no name, and has something in it.",
        where=where,
        remedy="Give it a name, or remove it.",
    )


def refuse_twice(names: Sequence[str], where: str) -> None:
    """Raises EvidenceError for two columns of one name, whatever the case and blanks."""
    folded = [squeezed(name) for name in names if name]
    twice = sorted({name for name in folded if folded.count(name) > 1})
    if twice:
        raise EvidenceError(
            f"there are two columns called {twice[0]}.",
            where=where,
            remedy="Remove or rename one of them.",
        )


def _as_text(kind):
    return pd.StringDtype(na_value=np.nan)


def named_columns(frame: pd.DataFrame, names: list[str], where: str) -> pd.DataFrame:
    """The frame under these names, blanks around its texts removed; columns without a name must be empty, and go.

    Raises EvidenceError for a column that has no name and holds something, and for two columns of one name.
    """
    nameless = [i for i, name in enumerate(names) if not name]
    if any(frame.iloc[:, i].notna().any() for i in nameless):
        raise nameless_column(next(i for i in nameless if frame.iloc[:, i].notna().any()), where)
    refuse_twice(names, where)
    frame = frame.drop(columns=[frame.columns[i] for i in nameless])
    frame.columns = [name for name in names if name]
    # One column at a time, so that of many rows no more than one is held twice.
    for name in frame.columns:
        frame[name] = _trimmed(frame[name])
    return frame


def _trimmed(values: pd.Series) -> pd.Series:
    """The texts without blanks around them; missing where nothing is left."""
    text = values.str.strip()
    blank = text == ""
    return text.mask(blank) if blank.any() else text


def under_names(raw: RawTable, known: pd.Series) -> tuple[RawTable, list[str], list[str]]:
    """The table under the names of `known`, whatever the case and blanks; the names it lacks; its other columns."""
    wanted, held = set(known), tuple(as_known(raw.held, known))
    renamed = dict(zip(raw.held, held, strict=True))
    missing = [name for name in known if name not in held]
    others = [name for name in held if name not in wanted]
    return replace(raw, frame=raw.frame.rename(columns=renamed), columns=held), missing, others


def plain_number(text: str | None) -> str | None:
    """A number's text without an exponent, which readers of text do not take for a number; None for what is none."""
    if text is None or text == "nan":
        return None
    return f"{Decimal(text):f}" if "e" in text else text


def as_known(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """The names, those of `known` as they are written there (compared by `squeezed`)."""
    written = {squeezed(name): name for name in known}
    return [written.get(squeezed(name), name) for name in names]


@lru_cache(maxsize=4096)
def squeezed(name: str) -> str:
    """A name without what people vary: case, blanks, underscores, hyphens."""
    return "".join(letter for letter in name.upper() if letter.isalnum())
