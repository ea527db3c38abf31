"""Drafts the catalogue of a council's own tables: what each column seems to be, for a person to confirm."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.access.log import IN_CLEAR, admitted, log_read
from evidence.data.catalogues import COLUMNS, WHERE, catalogue
from evidence.data.codes import code_lists
from evidence.data.guessing import LOOKED_AT, NO_LISTS, Guess, Lists, guess
from evidence.data.sources import check_there, open_sources, place
from evidence.project import Project, atomic_write, read_text

_LEAST_DATES = 50
_YEARS_BEFORE = 2


def draft(project: Project, data_folder: str | Path) -> pd.DataFrame:
    """The rows that the catalogue still lacks for the tables in `data_folder`, unconfirmed: its columns, and `why`.

    A row for each data set (with the years its dates cover, to be confirmed like everything else) and one for each
    variable; `why` says what a guess rests on, without a value. Only people who may read the data can have it
    described, and it is a line of the access log. Raises EvidenceError as `load_tables` does. Source: action 3.01.
    """
    check_there(project, data_folder)
    access = admitted(project, data_folder)
    rows = catalogue(project)
    sources = open_sources(project, data_folder, rows)
    lists = known_lists(project)
    known = set(zip(rows["source"], rows["table"], rows["column"], strict=True))
    drafted, read = [], {}
    for name, raw in sources.tables.items():
        missing = [column for column in ("", *raw.frame.columns) if (sources.source, name, column) not in known]
        guesses = guess_table(raw.frame[[column for column in missing if column]], lists)
        for column in missing:
            row = dict.fromkeys([*COLUMNS, "why"], "") | {"source": sources.source, "table": name, "column": column}
            if column:
                row |= guesses[column].row() | {"why": guesses[column].why}
            else:
                row["period"] = _years(raw.frame, guesses)
            drafted.append(row | {"confirmed": "no"})
        read[name] = ([column for column in missing if column], len(raw.frame))
    why = "To describe the columns for the catalogue; no value was shown"
    log_read(project, access, data=place(project, data_folder), read=read, why=why, what=IN_CLEAR)
    return pd.DataFrame(drafted, columns=[*COLUMNS, "why"])


def guess_table(frame: pd.DataFrame, lists: Lists = NO_LISTS) -> dict[str, Guess]:
    """What each column of a table of texts seems to be; dates that lie years before all others are taken for births."""
    guesses = {column: guess(column, frame[column], lists) for column in frame.columns}
    head = frame.iloc[:LOOKED_AT]
    dates = {
        column: shapes.as_dates(head[column].astype("str"))
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
    days = [shapes.as_dates(frame[column].iloc[:LOOKED_AT].astype("str")).dropna() for column in dated]
    days = pd.concat(days) if days else pd.Series(dtype="datetime64[us]")
    if len(days) < _LEAST_DATES:
        return ""
    low, high = np.percentile(days.dt.year, [1, 99]).astype(int)
    return f"{low} to {high}"


def known_lists(project: Project) -> Lists:
    """Every code list by name, with its codes of all years, and which of them tell special category data."""
    grouped = code_lists(project).groupby(["dataset", "table", "column"], sort=True)["code"]
    rows = catalogue(project)
    special = frozenset(rows.loc[rows["special_category"] == "yes", "code_list"]) - {""}
    return Lists({"/".join(name): set(codes.str.upper()) for name, codes in grouped}, special)


def add_to_catalogue(project: Project, drafted: pd.DataFrame) -> None:
    """Puts drafted rows behind those of `reference/catalogue.csv`; what is there stays as it is."""
    path = project.path(*WHERE.split("/"))
    text = read_text(path).rstrip("\n") + "\n"
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, delimiter=max(",;\t", key=text.split("\n", 1)[0].count), lineterminator="\n")
    writer.writerows(drafted[list(COLUMNS)].itertuples(index=False))
    atomic_write(path, text + rows.getvalue())
