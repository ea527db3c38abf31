"""Rules for a council's own tables, made from what the catalogue says of each variable."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from evidence.data import shapes
from evidence.data.rules import INCORRECT, REPEATED, Rule
from evidence.data.rules.rule import outside
from evidence.data.tables import Tables


def rules_for(tables: Tables) -> list[Rule]:
    """For each table one rule for rows entered twice, and for each variable those its catalogue row calls for.

    For the returns there are none: their own rules say more. Annex A is no return, and has none but these.
    """
    if tables.source not in ("own", "annex_a"):
        return []
    found = []
    for name in tables:
        columns = tuple(tables[name].columns)
        found.append(_rule(f"{name}: twice", "Row is entered twice", name, columns, _twice(name), REPEATED))
        for row in tables.variables(name).to_dict("records"):
            found.extend(_of_variable(name, row, tables))
    return found


def _of_variable(name: str, row: dict[str, str], tables: Tables) -> Iterator[Rule]:
    column = row["column"]
    label = f"{name}: {column}"
    if column in tables.loaded[name].malformed:
        yield _rule(f"{label} shape", "Filled, but not in the right shape", name, (column,), _misshapen(name, column))
    if row["required"] == "yes":
        yield _rule(f"{label} missing", "Missing", name, (column,), _empty(name, column))
    if row["code_list"]:
        yield _rule(f"{label} code", "Not on the code list", name, (column,), _not_on_list(name, column))
    limits = shapes.bounds(row["valid_range"])
    if limits and pd.api.types.is_numeric_dtype(tables[name][column]):
        what = f"Not from {limits[0]:g} to {limits[1]:g}"
        yield _rule(f"{label} range", what, name, (column,), _out_of_range(name, column, limits))


def _rule(id: str, what: str, table: str, columns: tuple[str, ...], find: Callable, family: str = INCORRECT) -> Rule:
    return Rule(id, what, "own", table, columns, (), family, find)


def _twice(name: str) -> Callable:
    return lambda tables: tables[name].duplicated()


def _misshapen(name: str, column: str) -> Callable:
    return lambda tables: tables.loaded[name].malformed[column]


def _empty(name: str, column: str) -> Callable:
    return lambda tables: tables[name][column].isna() & ~_given(tables, name, column)


def _given(tables: Tables, name: str, column: str) -> pd.Series | bool:
    """Filled in the file, though it could not be read."""
    malformed = tables.loaded[name].malformed
    return malformed[column] if column in malformed else False


def _not_on_list(name: str, column: str) -> Callable:
    return lambda tables, allowed: outside(tables[name][column], allowed[column])


def _out_of_range(name: str, column: str, limits: tuple[float, float]) -> Callable:
    return lambda tables: tables[name][column].notna() & ~tables[name][column].between(*limits)
