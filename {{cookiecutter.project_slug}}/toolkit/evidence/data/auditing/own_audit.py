"""Checks the rules of own tables in DuckDB, all those of a table in one pass: how often each fails, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from evidence.data.auditing.counting import EARLIER, LINE, count_rows, have_rows, views
from evidence.data.auditing.own_rules import ALL, OwnRule, by_row, put_aside, rules_for
from evidence.data.rules import Rule
from evidence.data.sources.duck import quoted
from evidence.data.tables import Tables

POSITION_COLUMNS = ["table", "file", "row", "columns", "rule", "what"]
# Failing rows are handed over this many at a time.
_AT_ONCE = 250_000


def is_return(tables: Tables) -> bool:
    """Whether the tables are one of the statutory returns, which have rules of their own."""
    return tables.source in ("ssda903", "cin")


def own_counts(tables: Tables, year: int) -> list[tuple[OwnRule, int, int]]:
    """(rule, rows that fail, rows it could be judged on) of every rule that the catalogue calls for."""
    counted = []
    with views(tables) as connection:
        rules = rules_for(tables, connection, year)
        for name, group in _by_table(tables, rules, connection):
            asked = [one for rule in group for one in ((_fails(rule), _only_column(rule)), (rule.checked, ""))]
            counts = count_rows(tables, connection, name, asked)
            counted.extend(zip(group, counts[::2], counts[1::2], strict=True))
    order = {rule.id: place for place, rule in enumerate(rules)}
    return sorted(counted, key=lambda entry: order[entry[0].id])


def own_positions(tables: Tables, year: int) -> Iterator[pd.DataFrame]:
    """The rows that fail, as `positions` gives them, a piece at a time; by rule and row."""
    with views(tables) as connection:
        for name, group in _by_table(tables, rules_for(tables, connection, year), connection):
            for rule in _failing(tables, connection, name, group):
                if not rule.first and not rule.prints:
                    have_rows(tables, connection, name, rule.columns)
                found = connection.sql(f"SELECT {LINE} AS line FROM {quoted(name)} WHERE {_fails(rule)} ORDER BY line")
                for batch in found.to_arrow_reader(_AT_ONCE):
                    yield positions(rule, _file(tables, name), batch.column(0).to_numpy())


def _failing(tables: Tables, connection, name: str, group: Sequence[OwnRule]) -> list[OwnRule]:
    counts = count_rows(tables, connection, name, [(_fails(rule), _only_column(rule)) for rule in group])
    return [rule for rule, failures in zip(group, counts, strict=True) if failures]


def positions(rule: Rule | OwnRule, file: str, lines: np.ndarray) -> pd.DataFrame:
    """One row a failing row: table, file, row (the line in the file), columns, rule, what."""
    said = {"table": rule.table, "file": file, "row": lines, "columns": ", ".join(rule.columns), "rule": rule.id}
    return pd.DataFrame(said | {"what": rule.what}, columns=POSITION_COLUMNS)


def _by_table(tables: Tables, rules: Sequence[OwnRule], connection) -> Iterator[tuple[str, list[OwnRule]]]:
    """The rules of each table, with what they need put aside."""
    for name in tables:
        have_rows(tables, connection, name, by_row(tables.variables(name)))
    for name in dict.fromkeys(rule.table for rule in rules):
        group = [rule for rule in rules if rule.table == name]
        for rule in group:
            put_aside(tables, connection, rule)
        yield name, group


def _fails(rule: OwnRule) -> str:
    return rule.failing if rule.checked == ALL else f"({rule.failing}) AND ({rule.checked})"


def _only_column(rule: OwnRule) -> str:
    """The column by which alone a row fails; nothing where others count too, or what was put aside."""
    return rule.columns[0] if len(rule.columns) == 1 and not (rule.first or rule.prints) else ""


def _file(tables: Tables, name: str) -> str:
    if name.startswith(EARLIER):
        return tables.earlier.loaded[name.removeprefix(EARLIER)].file
    return tables.loaded[name].file
