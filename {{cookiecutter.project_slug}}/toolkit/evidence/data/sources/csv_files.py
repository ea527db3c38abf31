"""Reads a CSV file as text, whatever program wrote it, and says in one line what is wrong with it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.project import EvidenceError

SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class RawTable:
    """A file's rows as text: `frame` (missing where empty), and for each row its line in the file."""

    frame: pd.DataFrame
    lines: np.ndarray
    blank: int


def read_csv(path: Path, where: str) -> RawTable:
    """Every column of `path` as text, rows in the file's order; rows with nothing in them are left out and counted.

    Encodings: UTF-8 with or without byte order mark, UTF-16, Windows-1252. Separators: comma, semicolon, tab.
    Raises EvidenceError, naming `where` and the line, for an empty file, a header without rows, a row with too many
    or too few cells, a column named twice, or a file that is no CSV.
    """
    data = _as_utf8(_bytes(path, where), where)
    header = _first_line(data, where)
    separator = max(SEPARATORS, key=header.count)
    table, lines = _parse(data, separator, where)
    frame = table.to_pandas(types_mapper=_as_text)
    frame = _named_columns(frame, header, separator, where)
    filled = frame.notna().to_numpy().any(axis=1)
    if not filled.any():
        raise EvidenceError(
            "the file has a header and no rows.", where=where, remedy="Export the table again, with its rows."
        )
    blank = int((~filled).sum())
    if blank:
        frame, lines = frame.loc[filled].reset_index(drop=True), lines[filled]
    return RawTable(frame, lines, blank)


def _bytes(path: Path, where: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise EvidenceError(
            f"the file cannot be opened ({error.strerror}).",
            where=where,
            remedy="Close it in other programs and try again.",
        ) from None


def _as_utf8(data: bytes, where: str) -> bytes:
    if not data.strip():
        raise EvidenceError("the file is empty.", where=where, remedy="Export the table again.")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise EvidenceError(
            "this is an Excel workbook that is named as if it were a CSV file.",
            where=where,
            remedy="Open it in Excel and save it as CSV UTF-8.",
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", errors="replace").encode("utf-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in data:
        raise EvidenceError("this is not a text file.", where=where, remedy="Export the table again, as CSV.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        data = data.decode("cp1252", errors="replace").encode("utf-8")
    return data


def _first_line(data: bytes, where: str) -> str:
    line = data.lstrip(b"\r\n").split(b"\n", 1)[0].decode("utf-8").strip("\r")
    if not line.strip(',;\t "'):
        raise EvidenceError("the first line has no column names.", where=where, remedy="Put the column names there.")
    return line


def _parse(data: bytes, separator: str, where: str):
    """The rows as a table of texts, and each row's line in the file (lines inside quoted cells are not counted)."""
    import pyarrow
    import pyarrow.csv

    width = len(next(csv.reader(io.StringIO(_first_line(data, where)), delimiter=separator)))
    blank_lines: list[int] = []
    ragged: list[tuple[int, int]] = []
    runs_on = False

    def unusual(row: pyarrow.csv.InvalidRow) -> str:
        nonlocal runs_on
        if not (row.text or "").strip():
            blank_lines.append(row.number)
        else:
            ragged.append((row.number, row.actual_columns))
            runs_on |= "\n" in row.text
        return "skip"

    names = [f"c{i}" for i in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(data),
            # One thread keeps row numbers known, and the first block decides nothing as every column is text.
            pyarrow.csv.ReadOptions(use_threads=False, column_names=names, block_size=1 << 24),
            pyarrow.csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=unusual
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pyarrow.ArrowInvalid:
        raise _unclosed(where) from None
    if data.count(b'"') % 2 and (runs_on or any("\n" in str(column[-1]) for column in table.columns)):
        raise _unclosed(where)
    if ragged:
        line, cells = ragged[0]
        more = f" {len(ragged) - 1:,} more rows are like that." if len(ragged) > 1 else ""
        raise EvidenceError(
            f"the row has {cells} cells where the header has {width}.{more}",
            where=f"{where}, line {line}",
            remedy="A cell that holds a separator must be in quotation marks. Export the table again.",
        )
    lines = np.setdiff1d(np.arange(1, table.num_rows + len(blank_lines) + 1), blank_lines)
    return table.slice(1), lines[1:]


def _unclosed(where: str) -> EvidenceError:
    return EvidenceError(
        "the file cannot be read as a table: a quotation mark is probably not closed.",
        where=where,
        remedy="Export the table again, as CSV.",
    )


def _as_text(kind):
    return pd.StringDtype(na_value=np.nan)


def _named_columns(frame: pd.DataFrame, header: str, separator: str, where: str) -> pd.DataFrame:
    names = [name.strip() for name in next(csv.reader(io.StringIO(header), delimiter=separator))]
    nameless = [i for i, name in enumerate(names) if not name]
    if any(frame.iloc[:, i].notna().any() for i in nameless):
        raise EvidenceError(
            f"column {nameless[0] + 1} has no name, and has something in it.",
            where=f"{where}, line 1",
            remedy="Give it a name, or remove it.",
        )
    folded = [squeezed(name) for name in names if name]
    twice = sorted({name for name in folded if folded.count(name) > 1})
    if twice:
        raise EvidenceError(
            f"there are two columns called {twice[0]}.",
            where=f"{where}, line 1",
            remedy="Remove or rename one of them.",
        )
    frame = frame.drop(columns=[frame.columns[i] for i in nameless])
    frame.columns = [name for name in names if name]
    for name in frame.columns:
        text = frame[name].str.strip()
        frame[name] = text.mask(text == "")
    return frame


def squeezed(name: str) -> str:
    """A name without what people vary: case, blanks, underscores, hyphens."""
    return "".join(letter for letter in name.upper() if letter.isalnum())
