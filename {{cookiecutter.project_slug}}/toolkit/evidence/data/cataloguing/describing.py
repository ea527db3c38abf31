"""Drafts the catalogue of a council's own tables: what each column seems to be, for a person to confirm."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.access.log import IN_CLEAR, admitted, log_read
from evidence.data.access.people import Access
from evidence.data.cataloguing.catalogues import COLUMNS, WHERE, catalogue
from evidence.data.cataloguing.guessing import NO_LISTS, Guess, Lists, guess
from evidence.data.codes import code_lists
from evidence.data.sources import check_there, open_sources, place
from evidence.data.sources.database import Asked, open_database, split_name
from evidence.data.sources.own import UNCONFIRMED, table_name
from evidence.project import EvidenceError, Project, atomic_write, read_text

# What stands for a data folder where the database is meant.
DATABASE = "database"
_LEAST_DATES = 50
_YEARS_BEFORE = 2


def draft(project: Project, data_folder: str | Path) -> pd.DataFrame:
    """The rows that the catalogue still lacks for the tables in `data_folder`, unconfirmed: its columns, and `why`.

    A row for each data set (with the years its dates cover, to be confirmed like everything else) and one for each
    variable; `why` says what a guess rests on, without a value, and `attrs["notes"]` what was noticed while reading, a
    sentence each. Only people who may read the data can have it described, and it is a line of the access log. Raises
    EvidenceError as `load_tables` does. Source: action 3.01.
    """
    check_there(project, data_folder)
    access = admitted(project, data_folder)
    rows = catalogue(project)
    sources = open_sources(project, data_folder, rows)
    lists = known_lists(project)
    drafted, read = [], {}
    for name, raw in sources.tables.items():
        new = _rows_of({"source": sources.source, "table": name}, raw.frame, rows, lists)
        drafted += new
        read[name] = ([row["column"] for row in new if row["column"]], len(raw.frame))
    _log(project, access, place(project, data_folder), read)
    found = pd.DataFrame(drafted, columns=[*COLUMNS, "why"])
    # A draft is about the unconfirmed columns: for it none is left out.
    found.attrs["notes"] = [note for note in sources.notes if UNCONFIRMED not in note]
    return found


def draft_of_database(project: Project, names: Sequence[str]) -> pd.DataFrame:
    """As `draft`, for tables of the database ("dbo.Referrals"), from the first rows of each."""
    access = admitted(project, DATABASE)
    rows = catalogue(project)
    lists = known_lists(project)
    lies = dict(zip(rows["found_in"], rows["table"], strict=True))
    drafted, read = [], {}
    with open_database(project) as database:
        for name in names:
            asked = Asked(name)
            frame, unreadable = database.first_rows(asked, shapes.LOOKED_AT)
            table = lies.get(asked.name) or _free_name(name, rows)
            new = _rows_of({"source": "own", "table": table}, frame, rows, lists)
            for row in new:
                if not row["column"]:
                    row["found_in"] = asked.name
                    # The rows that were not looked at may be of other years.
                    row["period"] = row["period"] if len(frame) < shapes.LOOKED_AT else ""
                elif row["column"] in unreadable:
                    why = "holds pictures, documents or lists, which are not read"
                    row |= {"role": "direct identifier", "treatment": "drop", "why": why}
            drafted += new
            read[asked.name] = (list(frame.columns), len(frame))
    _log(project, access, DATABASE, read)
    return pd.DataFrame(drafted, columns=[*COLUMNS, "why"])


def _rows_of(table: dict[str, str], frame: pd.DataFrame, rows: pd.DataFrame, lists: Lists) -> list[dict[str, str]]:
    """What the catalogue `rows` lack of one table: its own row, and one for each column of `frame`."""
    known = set(rows.loc[(rows["source"] == table["source"]) & (rows["table"] == table["table"]), "column"])
    missing = [column for column in ("", *frame.columns) if column not in known]
    guesses = guess_table(frame[[column for column in missing if column]], lists)
    drafted = []
    for column in missing:
        row = dict.fromkeys([*COLUMNS, "why"], "") | table | {"column": column}
        if column:
            row |= guesses[column].row() | {"why": guesses[column].why}
        else:
            row["period"] = _years(frame, guesses)
        drafted.append(row | {"confirmed": "no"})
    return drafted


def _free_name(written: str, rows: pd.DataFrame) -> str:
    """A name for a table of the database that the catalogue does not have yet: without its schema, if that will do."""
    _, name = split_name(written, f"database table {written}")
    if not table_name(name):
        raise EvidenceError(
            "the catalogue has no name for it, since its own has no letter from a to z and no digit.",
            where=f"database table {written}",
            remedy="Read it through a query of your own: reference/sql/README.md says how.",
        )
    taken = set(rows.loc[rows["source"] == "own", "table"])
    return table_name(written if table_name(name) in taken else name)


def _log(project: Project, access: Access, data: str, read: dict[str, tuple[list[str], int]]) -> None:
    why = "To describe the columns for the catalogue; no value was shown"
    log_read(project, access, data=data, read=read, why=why, what=IN_CLEAR)


def guess_table(frame: pd.DataFrame, lists: Lists = NO_LISTS) -> dict[str, Guess]:
    """What each column of a table of texts seems to be; dates that lie years before all others are taken for births."""
    guesses = {column: guess(column, frame[column], lists) for column in frame.columns}
    some = shapes.evenly(frame)
    dates = {
        column: shapes.as_dates(some[column].astype("str"))
        for column, one in guesses.items()
        if one.treatment in ("date", "month")
    }
    for column, days in dates.items():
        if guesses[column].treatment == "date" and _is_birth(
            days, [dates[other] for other in dates if other != column]
        ):
            why = "holds dates years before every other date of its row, as dates of birth are"
            guesses[column] = replace(guesses[column], role="direct identifier", treatment="month", why=why)
    return guesses


def _is_birth(days: pd.Series, others: list[pd.Series]) -> bool:
    """Whether dates lie before all others of their rows, mostly by years, and differ in how many."""
    if not others:
        return False
    first = pd.concat(others, axis=1).min(axis=1)
    years = ((first - days).dt.days / 365.25).dropna()
    if len(years) < _LEAST_DATES or (years < -0.8).mean() > 0.01:
        return False
    return years.median() >= _YEARS_BEFORE and np.percentile(years, 90) - np.percentile(years, 10) >= _YEARS_BEFORE


def _years(frame: pd.DataFrame, guesses: dict[str, Guess]) -> str:
    """`2019 to 2026`: the years in which nearly all events lie; empty where there are few dates."""
    dated = [column for column, one in guesses.items() if one.treatment == "date"]
    days = [shapes.as_dates(shapes.evenly(frame[column]).astype("str")).dropna() for column in dated]
    days = pd.concat(days) if days else pd.Series(dtype="datetime64[us]")
    if len(days) < _LEAST_DATES:
        return ""
    low, high = np.percentile(days.dt.year, [1, 99]).astype(int)
    return f"{low} to {high}" if low < high else f"{low}"


def known_lists(project: Project) -> Lists:
    """Every code list by name, with its codes of all years, which tell special category data, and each one's role."""
    grouped = code_lists(project).groupby(["dataset", "table", "column"], sort=True)["code"]
    rows = catalogue(project)
    special = frozenset(rows.loc[rows["special_category"] == "yes", "code_list"]) - {""}
    # A draft calls a variable what the catalogue calls it in the returns already.
    roles = dict(zip(rows["code_list"], rows["role"], strict=True))
    return Lists({"/".join(name): set(codes.str.upper()) for name, codes in grouped}, special, roles)


def add_to_catalogue(project: Project, drafted: pd.DataFrame) -> None:
    """Puts drafted rows behind those of `reference/catalogue.csv`; what is there stays as it is."""
    path = project.path(*WHERE.split("/"))
    text = read_text(path).rstrip("\n") + "\n"
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, delimiter=max(",;\t", key=text.split("\n", 1)[0].count), lineterminator="\n")
    writer.writerows(drafted[list(COLUMNS)].itertuples(index=False))
    atomic_write(path, text + rows.getvalue())
