"""What somebody might know of a child from the loaded data, and the same data made coarser, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce

import numpy as np
import pandas as pd

from evidence.data.deidentify import each_text
from evidence.data.tables import Tables

Frames = dict[str, pd.DataFrame]
# What makes each of some columns (table, column) coarser.
_Changes = Mapping[tuple[str, str], Callable[[pd.Series], pd.Series]]
# Treatments that leave something of an identifier: when a child was born, and where it lives.
_LEAVES_SOMETHING = ("month", "age", "area")
EVERYTHING = "all of these together"


def known_of_children(tables: Tables, frames: Frames | None = None) -> pd.DataFrame:
    """One row a child: what somebody might know of it from elsewhere, under the variables' own names.

    These are the variables that the catalogue calls quasi-identifiers, and what is left of births and postcodes. Of
    several rows of a child, the latest counts, by the dates as they were loaded; of two tables with the same variable,
    the first. Rows that name no child are left out. `frames` are the tables in another form, row for row. Index: the
    child's token.
    """
    # A coarser form of the dates must not choose other rows, so these are chosen once for all forms.
    children, latest = tables.remember("latest row of each child", lambda: _latest_rows(tables))
    columns = {
        column: pd.api.extensions.take((frames or tables)[name][column].array, rows, allow_fill=True)
        for name, (wanted, rows) in latest.items()
        for column in wanted
    }
    return pd.DataFrame(columns, index=children)


def _latest_rows(tables: Tables) -> tuple[pd.Index, dict[str, tuple[list[str], np.ndarray]]]:
    """The children, and for each table the columns to take from it and the place of each child's latest row, or -1."""
    keyed = [name for name in tables if tables.key in tables[name]]
    together = pd.concat([tables[name][tables.key] for name in keyed])
    child, children = pd.factorize(together)
    begins = np.cumsum([0, *(len(tables[name]) for name in keyed)])
    found, taken = {}, set()
    for name, begin in zip(keyed, begins, strict=False):
        wanted = [column for column in _quasi_identifiers(tables.variables(name)) if column not in taken]
        if wanted:
            taken.update(wanted)
            of_table = child[begin : begin + len(tables[name])]
            found[name] = wanted, _latest(tables, name, of_table, len(children))
    return pd.Index(children), found


def _quasi_identifiers(variables: pd.DataFrame) -> list[str]:
    chosen = (variables["role"] == "quasi-identifier") | variables["treatment"].isin(_LEAVES_SOMETHING)
    return list(variables.loc[chosen, "column"])


def _latest(tables: Tables, name: str, child: np.ndarray, children: int) -> np.ndarray:
    """The place of each child's row with the latest date in it, the last of several; -1 where the child has no row."""
    variables = tables.variables(name)
    dates = [tables[name][column].to_numpy() for column in variables.loc[variables["treatment"] == "date", "column"]]
    rows = np.arange(len(child))
    if dates:
        # A missing date is the lowest number.
        rows = np.argsort(reduce(np.fmax, dates).view(np.int64), kind="stable")
    rows = rows[child[rows] >= 0]
    rows = rows[~pd.Series(child[rows]).duplicated(keep="last").to_numpy()]
    places = np.full(children, -1)
    places[child[rows]] = rows
    return places


def steps(tables: Tables) -> Iterator[tuple[str, Frames]]:
    """Coarser forms of the data, one after the other: (what was done, in words; table name to frame).

    Births to the quarter, the year, five years; each coded quasi-identifier to its main groups; areas left out; dates
    of events to the month; and births to five years, main groups and no areas together. One value stands for all that
    fall together (the middle of a year, the first code of a main group), so that a tool still reads what it expects.
    Steps that change nothing are left out, and a table in which nothing changes is the very frame that was loaded.
    """
    variables = {name: tables.variable_rows(name) for name in tables}
    given = dict(tables)
    births = {"the quarter": _quarter, "the year": _year, "five years": _five_years}
    single = {f"births to {words}": _on_treatment(variables, "month", how) for words, how in births.items()}
    groups = _to_groups(tables, variables)
    single |= {f"{column} to main groups": changes for column, changes in groups.items()}
    areas = _on_treatment(variables, "area", _left_out)
    single |= {"areas left out": areas, "dates of events to the month": _on_treatment(variables, "date", _month)}
    together = {pair: how for changes in groups.values() for pair, how in changes.items()}
    single[EVERYTHING] = {**together, **single["births to five years"], **areas}
    for words, changes in single.items():
        coarse = _changed(given, changes)
        if any(coarse[name] is not given[name] for name in given):
            yield words, coarse
        # Two forms of large tables are too much to hold at a time.
        del coarse


def _changed(frames: Frames, changes: _Changes) -> Frames:
    changed: dict[str, dict[str, pd.Series]] = {}
    for (name, column), coarser in changes.items():
        before = frames[name][column]
        now = coarser(before)
        if not now.equals(before):
            changed.setdefault(name, {})[column] = now
    return {name: frame.assign(**changed[name]) if name in changed else frame for name, frame in frames.items()}


def _on_treatment(variables: dict[str, list[dict]], treatment: str, coarser: Callable) -> _Changes:
    return {
        (name, row["column"]): coarser
        for name, rows in variables.items()
        for row in rows
        if row["treatment"] == treatment
    }


def _month(dates: pd.Series) -> pd.Series:
    return _by_months(dates, lambda month: month)


def _quarter(dates: pd.Series) -> pd.Series:
    return _by_months(dates, lambda month: month // 3 * 3 + 1)


def _year(dates: pd.Series) -> pd.Series:
    # The middle of the year, so that ages are wrong as often by being too old as too young.
    return _by_months(dates, lambda month: month // 12 * 12 + 6)


def _five_years(dates: pd.Series) -> pd.Series:
    return _by_months(dates, lambda month: ((month // 12 + 1970) // 5 * 5 + 2 - 1970) * 12 + 6)


def _by_months(dates: pd.Series, coarser: Callable[[np.ndarray], np.ndarray]) -> pd.Series:
    """The first day of the month that `coarser` makes of each date's month, both counted from January 1970."""
    months, missing = dates.to_numpy().astype("datetime64[M]").astype(np.int64), dates.isna().to_numpy()
    made = coarser(np.where(missing, 0, months)).astype("datetime64[M]").astype(dates.dtype)
    made[missing] = np.datetime64("NaT", "us")
    return pd.Series(made, index=dates.index, name=dates.name)


def _left_out(values: pd.Series) -> pd.Series:
    return values.where(pd.Series(False, index=values.index))


def _to_groups(tables: Tables, variables: dict[str, list[dict]]) -> dict[str, _Changes]:
    """For each coded quasi-identifier whose code list puts codes together in main groups, what does so, by table."""
    quasi = {(name, column) for name in variables for column in _quasi_identifiers(tables.variables(name))}
    named = {column for _, column in quasi}
    first = {
        (name, row["column"]): _first_codes(tables, row["code_list"])
        for name, rows in variables.items()
        for row in rows
        if row["column"] in named
    }
    grouped = dict.fromkeys(column for (name, column), codes in first.items() if (name, column) in quasi and codes)
    return {
        column: {pair: _to_first(codes) for pair, codes in first.items() if pair[1] == column and codes}
        for column in grouped
    }


def _to_first(first: dict[str, str]) -> Callable[[pd.Series], pd.Series]:
    return lambda values: each_text(values, lambda code: first.get(code, code))


def _first_codes(tables: Tables, code_list: str) -> dict[str, str]:
    """Each code of a list to the first code of its main group; empty where the list has no groups."""
    rows = tables.codes
    dataset, table, column = (code_list.split("/") + ["", ""])[:3]
    rows = rows[(rows["dataset"] == dataset) & (rows["table"] == table) & (rows["column"] == column)]
    rows = rows[rows["group"] != ""]
    if rows["group"].nunique() == rows["code"].nunique():
        return {}
    return dict(zip(rows["code"], rows.groupby("group")["code"].transform("first"), strict=True))
