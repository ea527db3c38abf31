"""How large the tables are, what is missing in them, and what is not in the form it should be in."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.auditing import Given
from evidence.data.tables import Tables


def profile(tables: Tables) -> pd.DataFrame:
    """One row a table: table, file, rows, columns (held in the file), given (handed over), children, first, last.

    children: different children in it. first and last: the earliest and latest month of any date in it but births,
    as text (2023-04), leaving aside one date in a thousand at either end. Source: action 3.02.
    """
    rows = []
    for name, table in tables.loaded.items():
        children = int(table.frame[tables.key].nunique()) if tables.key in table.frame else None
        first, last = _span(tables, name)
        held = len(table.held)
        given = sum(column in table.held for column in table.frame.columns)
        rows.append((name, table.file, len(table.frame), held, given, children, first, last))
    frame = pd.DataFrame(rows, columns=["table", "file", "rows", "columns", "given", "children", "first", "last"])
    return frame.astype({"children": "Int64"})


def _span(tables: Tables, name: str) -> tuple[str, str]:
    variables = tables.variables(name)
    columns = variables.loc[variables["treatment"] == "date", "column"]
    days = pd.concat([tables[name][column] for column in columns]).dropna() if len(columns) else pd.Series(dtype=float)
    if days.empty:
        return "", ""
    days = days.sort_values()
    ends = (days.iloc[int(len(days) * 0.001)], days.iloc[int((len(days) - 1) * 0.999)])
    return tuple(day.strftime("%Y-%m") for day in ends)


def missing(tables: Tables) -> pd.DataFrame:
    """One row a variable: table, column, required (asked for in every row), rows, missing, share (per cent).

    A value that is there but could not be read is not missing; `conformance` counts it. Source: action 3.03.
    """
    rows = []
    for name, table in tables.loaded.items():
        for row in tables.variables(name).to_dict("records"):
            empty = int((table.frame[row["column"]].isna() & ~_unread(table, row["column"])).sum())
            share = 100 * empty / len(table.frame) if len(table.frame) else np.nan
            rows.append((name, row["column"], row["required"] == "yes", len(table.frame), empty, share))
    return pd.DataFrame(rows, columns=["table", "column", "required", "rows", "missing", "share"])


def conformance(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """One row a variable with a form: table, column, form, filled, conforming, share (per cent), failures.

    form: "date", "number", "pupil number", "postcode", "placement number" or "code list"; codes are held against the
    list of the year that ends on `year_end` (default: the last 31 March the data covers), numbers also against the
    catalogue's range. A value is filled when the file has something there. Source: action 3.04.
    """
    given = Given(tables, year_end)
    rows = []
    for name, table in tables.loaded.items():
        for row in tables.variables(name).to_dict("records"):
            form = _form(row)
            if not form:
                continue
            values, unread = table.frame[row["column"]], _unread(table, row["column"])
            filled = int((values.notna() | unread).sum())
            wrong = unread.copy()
            if form == "code list":
                wrong |= values.notna() & ~values.isin(given.allowed(name)[row["column"]])
            if form == "number" and (limits := shapes.bounds(row["valid_range"])):
                wrong |= values.notna() & ~values.between(*limits)
            failures = int(wrong.sum())
            share = 100 * (filled - failures) / filled if filled else np.nan
            rows.append((name, row["column"], form, filled, filled - failures, share, failures))
    columns = ["table", "column", "form", "filled", "conforming", "share", "failures"]
    return pd.DataFrame(rows, columns=columns)


_FORMS = {"date": "date", "month": "date", "number": "number", "area": "postcode"}
_IDENTIFIERS = {"UPN": "pupil number", "FormerUPN": "pupil number", "URN": "placement number"}


def _form(row: dict[str, str]) -> str:
    if row["code_list"]:
        return "code list"
    return _FORMS.get(row["treatment"], "") or _IDENTIFIERS.get(row["column"], "")


def _unread(table, column: str) -> pd.Series:
    none = pd.Series(False, index=table.frame.index)
    return table.malformed[column] if column in table.malformed else none
