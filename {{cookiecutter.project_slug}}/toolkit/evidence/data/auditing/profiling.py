"""How large the tables are, what is missing in them, and what is not in the form it should be in."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from evidence.data import shapes
from evidence.data.auditing.counting import count_rows, filled, unread, views
from evidence.data.auditing.in_sql import numbered
from evidence.data.auditing.own_rules import ALL, out_of_range, outside
from evidence.data.auditing.years import last_year_end, span
from evidence.data.codes import allowed_codes
from evidence.data.sources.duck import quoted
from evidence.data.tables import Tables


def profile(tables: Tables) -> pd.DataFrame:
    """One row a table: table, file, rows, columns (held in the file), given (handed over), children, first, last.

    children: different children in it. first and last: the earliest and latest month of any date in it but births,
    as text (2023-04), leaving aside one date in a thousand at either end. Source: action 3.02.
    """
    counts = tables.remember("sizes", lambda: _sizes(tables))
    rows = []
    for name, table in tables.loaded.items():
        given = sum(column in table.held for column in table.frame.columns)
        size, children = counts[name]
        rows.append((name, table.file, size, len(table.held), given, children, *span(tables, name)))
    frame = pd.DataFrame(rows, columns=["table", "file", "rows", "columns", "given", "children", "first", "last"])
    return frame.astype({"children": "Int64"})


def _sizes(tables: Tables) -> dict[str, tuple[int, int | None]]:
    """By table: how many rows, and how many different children; None where it does not name any."""
    with views(tables) as connection:
        return {
            name: connection.execute(
                f"SELECT count(*), {f'count(DISTINCT {quoted(tables.key)})' if tables.key in tables[name] else 'NULL'} "
                f"FROM {quoted(name)}"
            ).fetchall()[0]
            for name in tables
        }


def missing(tables: Tables) -> pd.DataFrame:
    """One row a variable: table, column, required (asked for in every row), rows, missing, share (per cent).

    A value that is there but could not be read is not missing; `conformance` counts it. Source: action 3.03.
    """
    return tables.remember("missing", lambda: _missing(tables)).copy()


def _missing(tables: Tables) -> pd.DataFrame:
    found = []
    with views(tables) as connection:
        for name in tables:
            variables = tables.variable_rows(name)
            asked = [(ALL, ""), *((f"NOT {filled(row['column'])}", row["column"]) for row in variables)]
            rows, *empty = count_rows(tables, connection, name, asked)
            for row, count in zip(variables, empty, strict=True):
                share = 100 * count / rows if rows else np.nan
                found.append((name, row["column"], row["required"] == "yes", rows, count, share))
    return pd.DataFrame(found, columns=["table", "column", "required", "rows", "missing", "share"])


def conformance(tables: Tables, year_end: date | str | None = None) -> pd.DataFrame:
    """One row a variable with a form: table, column, form, filled, conforming, share (per cent), failures.

    form: "date", "number", "pupil number", "postcode", "placement number" or "code list"; codes are held against the
    list of the year that ends on `year_end` (default: the last 31 March the data covers), numbers also against the
    catalogue's range. A value is filled when the file has something there. Source: action 3.04.
    """
    return tables.remember(("conformance", str(year_end or "")), lambda: _conformance(tables, year_end)).copy()


def _conformance(tables: Tables, year_end: date | str | None) -> pd.DataFrame:
    year = pd.Timestamp(year_end or last_year_end(tables)).year
    found = []
    with views(tables) as connection:
        for name in tables:
            rows = [row for row in tables.variable_rows(name) if _form(row)]
            asked = [
                [(condition, row["column"]) for condition in (filled(row["column"]), *_wrong(row, tables, year))]
                for row in rows
            ]
            # All in one pass; what follows has been counted then.
            count_rows(tables, connection, name, [one for of_row in asked for one in of_row])
            for row, of_row in zip(rows, asked, strict=True):
                there, *failing = count_rows(tables, connection, name, of_row)
                failures = sum(failing)
                share = 100 * (there - failures) / there if there else np.nan
                found.append((name, row["column"], _form(row), there, there - failures, share, failures))
    columns = ["table", "column", "form", "filled", "conforming", "share", "failures"]
    return pd.DataFrame(found, columns=columns)


def _wrong(row: dict[str, str], tables: Tables, year: int) -> list[str]:
    """The conditions, of which a row meets one at most, under which a filled value is not in its form."""
    wrong = [unread(row["column"])]
    if _form(row) == "code list":
        years = tables.loaded[row["table"]].years or (year,)
        wrong.append(outside(quoted(row["column"]), allowed_codes(tables.codes, row["code_list"], years)))
    if _form(row) == "number" and (limits := shapes.bounds(row["valid_range"])):
        wrong.append(out_of_range(quoted(row["column"]), limits))
    return wrong


_FORMS = {"date": "date", "month": "date", "age": "date", "number": "number", "area": "postcode"}
_NUMBERS = {"upn": "pupil number", "urn": "placement number"}


def _form(row: dict[str, str]) -> str:
    if row["code_list"]:
        return "code list"
    return _FORMS.get(row["treatment"], "") or _NUMBERS.get(numbered(row), "")
