"""A council's own tables: CSV and Parquet files and sheets of workbooks, by the catalogue that its people confirm."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evidence.data.sources.csv_files import RawTable, squeezed, under_names
from evidence.data.sources.excel import ENDINGS as WORKBOOKS
from evidence.data.sources.excel import Workbook
from evidence.data.sources.folder import EARLIER, data_files, inside
from evidence.data.sources.found_in import FoundIn
from evidence.data.sources.large import LargeTable, read_file
from evidence.project import EvidenceError

ENDINGS = (".csv", ".parquet", ".pq", *WORKBOOKS)
# Tables come in these forms too; databases are named elsewhere.
_OTHER_FORMS = (
    ".tsv",
    ".tab",
    ".txt",
    ".json",
    ".xml",
    ".html",
    ".htm",
    ".gz",
    ".zip",
    ".7z",
    ".feather",
    ".sav",
    ".rds",
)


@dataclass(frozen=True)
class Place:
    """Where a table lies: a file, or a sheet of it, and the row of its column names where the catalogue tells it."""

    path: Path
    sheet: str = ""
    header_row: int | None = None
    book: Workbook | None = None

    @property
    def name(self) -> str:
        return f"{self.path.name}, sheet {self.sheet}" if self.sheet else self.path.name


def find_tables(folder: Path, where: str, told: dict[str, FoundIn]) -> tuple[dict[str, Place], list[str]]:
    """Table name to place, and notes on sheets that were not read.

    A table is named by the catalogue where `told` says in which sheet it lies, and else by its file, or by file and
    sheet in a workbook of several: lower case, words joined by underscores. Raises EvidenceError when there is no
    table, two names come out the same, or what the catalogue names is not there.
    """
    found = {name: told_place(folder, where, there) for name, there in told.items() if there.file}
    taken = {(place.path, place.sheet) for place in found.values()}
    notes = not_read(folder)
    for path in data_files(folder, where, ENDINGS):
        if not path.name.lower().endswith(WORKBOOKS):
            _add(found, table_name(path.stem), Place(path), where)
            continue
        book = Workbook(path, f"{where}/{path.name}")
        named = {sheet for file, sheet in taken if file == path}
        sheets, more = _sheets_with_tables(book, named)
        notes += more
        for sheet in sheets:
            name = table_name(path.stem if len(sheets) == 1 and not named else f"{path.stem} {sheet}")
            _add(found, name, Place(path, sheet, book=book), where)
    if not found and not any(there.table or there.query for there in told.values()):
        raise EvidenceError(
            "there is no table in it: no CSV file, Parquet file or Excel workbook.",
            where=where,
            remedy="Put your tables there, one a file or one a sheet.",
        )
    return found, notes


def not_read(folder: Path) -> list[str]:
    """A note on what lies in a data folder and looks like data in another form, if there is any."""
    names = sorted(
        path.name
        for path in folder.iterdir()
        if not path.name.startswith(("~$", "."))
        and (path.name != EARLIER if path.is_dir() else path.name.lower().endswith(_OTHER_FORMS))
    )
    return (
        [f"Not read, as only CSV, Parquet and Excel files in the folder itself are: {', '.join(names)}."]
        if names
        else []
    )


def table_name(text: str) -> str:
    """The name of a table as the catalogue writes it."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def told_place(folder: Path, where: str, told: FoundIn) -> Place:
    path = folder / told.file
    if not path.is_file():
        raise EvidenceError(
            "there is no such file, and the catalogue says that a table lies in it.",
            where=f"{where}/{told.file}",
            remedy="Put it there, or change found_in in reference/catalogue.csv.",
        )
    inside(path, folder, f"{where}/{told.file}")
    book = Workbook(path, f"{where}/{told.file}")
    return Place(path, book.name_of(told.sheet), told.header_row, book)


def _sheets_with_tables(book: Workbook, named: set[str]) -> tuple[list[str], list[str]]:
    """The sheets to read besides those the catalogue names, and notes on the others."""
    visible = [sheet for sheet in book.visible if sheet not in named]
    # The only sheet is read in any case, so that what is wrong with it is said.
    alone = len(visible) == 1 and not named
    sheets = [sheet for sheet in visible if alone or book.has_table(sheet)]
    without = [sheet for sheet in visible if sheet not in sheets]
    hidden = [sheet for sheet in book.hidden if sheet not in named]
    notes = [f"{book.path.name} has hidden sheets, not read: {', '.join(hidden)}."] if hidden else []
    notes += [f"{book.path.name} has sheets without a table, not read: {', '.join(without)}."] if without else []
    return sheets, notes


def _add(found: dict[str, Place], name: str, place: Place, where: str) -> None:
    if not name:
        raise EvidenceError(
            "its table has no name, since the file's has no letter from a to z and no digit.",
            where=f"{where}/{place.name}",
            remedy="Rename the file.",
        )
    if name in found:
        raise EvidenceError(
            f"{found[name].name} and {place.name} would be the same table, {name}.",
            where=where,
            remedy="Rename one of them, or say under found_in in reference/catalogue.csv which table lies where.",
        )
    found[name] = place


def read_table(
    place: Place, where: str, known: pd.DataFrame, only_confirmed: bool = False
) -> tuple[RawTable, list[str]]:
    """One table under the catalogue's column names, and notes on columns that nobody has confirmed or that it lacks.

    With `only_confirmed` a large file gives no other columns than those, and the dates at which ages are told.
    """
    names = wanted(known) if only_confirmed else tuple(known["column"])
    raw, notes = read_place(place, where, known, names, only_confirmed)
    raw, _, _ = under_names(raw, known["column"])
    return raw, notes + about_columns(raw, place.name, known)


def wanted(known: pd.DataFrame, dropped: bool = True) -> tuple[str, ...]:
    """The columns that are confirmed, and the dates at which ages are told; without `dropped`, none that is dropped."""
    confirmed = known[known["confirmed"] == "yes"]
    if not dropped:
        confirmed = confirmed[confirmed["treatment"] != "drop"]
    dates = [how.removeprefix("at ") for how in confirmed["how"] if how.startswith("at ")]
    return tuple(dict.fromkeys([*confirmed["column"], *dates]))


UNCONFIRMED = "has columns that nobody has confirmed"


def about_columns(raw: RawTable | LargeTable, name: str, known: pd.DataFrame) -> list[str]:
    """Notes on the columns of a table that nobody has confirmed, and on those that are confirmed and not there."""
    return unconfirmed(raw, name, known) + _lacking(raw, name, known)


def about_tables(rows: pd.DataFrame, tables: Collection[str], key: str) -> list[str]:
    """Notes on tables that are confirmed and not among those found, and on those that `key` does not join."""
    return _not_there(rows, tables) + _not_joined(rows, tables, key)


def unconfirmed(raw: RawTable | LargeTable, name: str, known: pd.DataFrame) -> list[str]:
    """A note on the columns that nobody has confirmed, if there are any."""
    confirmed = set(known.loc[known["confirmed"] == "yes", "column"])
    waiting = [column for column in raw.held if column not in confirmed]
    return [f"{name} {UNCONFIRMED}, left out: {', '.join(waiting)}."] if waiting else []


def _lacking(raw: RawTable | LargeTable, name: str, known: pd.DataFrame) -> list[str]:
    """A note on the columns that are confirmed and that the table does not have, if there are any."""
    missing = ", ".join(column for column in loaded_variables(known)["column"] if column not in raw.held)
    return [f"{name} lacks columns that the catalogue confirms, taken as empty: {missing}."] if missing else []


def _not_there(rows: pd.DataFrame, tables: Collection[str]) -> list[str]:
    """A note on the tables of which columns are confirmed and that are not among those found, if there are any."""
    own = loaded_variables(rows[rows["source"] == "own"])
    missing = [table for table in own["table"].unique() if table not in tables]
    return [f"The catalogue confirms tables that are not there: {', '.join(missing)}."] if missing else []


def loaded_variables(rows: pd.DataFrame) -> pd.DataFrame:
    """Those of the catalogue's rows that are of variables, confirmed and not dropped."""
    return rows[(rows["column"] != "") & (rows["confirmed"] == "yes") & (rows["treatment"] != "drop")]


def read_place(
    place: Place, where: str, known: pd.DataFrame, wanted: Sequence[str] = (), only: bool = False
) -> tuple[RawTable, list[str]]:
    """A table as it lies in its file, and notes. In a workbook, a number in a date column of `known` counts days.

    `wanted` and `only` are for large files, as `read_file` has them.
    """
    if place.book is None:
        return read_file(place.path, where, wanted, only), []
    dates = set(known.loc[known["treatment"].isin(["date", "month", "age"]), "column"].map(squeezed))
    return place.book.read(place.sheet, place.header_row, dates)


def key_of(rows: pd.DataFrame, tables: Collection[str]) -> str:
    """The column that says which child a row is about: the confirmed token that most of the tables share.

    One that the catalogue calls a child's (`token child`) comes before others.
    """
    tokens = _tokens(rows, tables)
    of_child = tokens[tokens["how"].str.lower() == "child"]
    tokens = of_child if len(of_child) else tokens
    return str(tokens["column"].mode().iloc[0]) if len(tokens) else ""


def _not_joined(rows: pd.DataFrame, tables: Collection[str], key: str) -> list[str]:
    """A note on each table that names the same kind of child under another column than `key`: nothing joins it."""
    tokens = _tokens(rows, tables)
    kinds = set(tokens.loc[tokens["column"] == key, "how"].str.lower()) - {""}
    same = tokens["how"].str.lower().isin(kinds) | (tokens["column"].map(squeezed) == squeezed(key))
    keyed = set(tokens.loc[tokens["column"] == key, "table"])
    return [
        f"In {table} the column of the child is {column}, in other tables {key}: they are not held against each other. "
        "Give it one name in the files, and in reference/catalogue.csv."
        for table, column in tokens.loc[same, ["table", "column"]].itertuples(index=False)
        if table not in keyed
    ]


def _tokens(rows: pd.DataFrame, tables: Collection[str]) -> pd.DataFrame:
    """The catalogue's confirmed tokens of these tables."""
    own = rows[(rows["source"] == "own") & rows["table"].isin(tables)]
    return own[(own["treatment"] == "token") & (own["confirmed"] == "yes")]
