"""The tables as DuckDB sees them, in memory or in files too large for it: only what is counted there comes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.data.auditing import in_sql
from evidence.data.sources.copying import ITS_TEXT, ROWS, TEXT, Kept
from evidence.data.sources.duck import connect, literal, private_folder, quoted
from evidence.data.sources.duck import connection as connected
from evidence.data.tables import Table, Tables

if TYPE_CHECKING:
    import duckdb

    from evidence.data.sources.large import LargeTable

EARLIER = "earlier_"
# Up to so many rows a connection is dearer to open than to keep, and what it is asked fits into its memory.
_KEPT_ROWS = 200_000
LINE = '"line of file"'
ROWS_COUNTED = quoted(ROWS)


@dataclass
class FileTables(Tables):
    """Tables that stay in their files: the frames have every column and no row, and DuckDB reads the rows.

    Made by `tables_in_files`. For the audit alone: the values are in clear, and none of them leaves DuckDB.
    """

    large: dict[str, LargeTable] = field(default_factory=dict)
    # By table and column the SQL of its different texts: see `of_different`.
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    # What the rules put aside stays with the connection, so that it is worked out once.
    connection: duckdb.DuckDBPyConnection | None = None


@contextmanager
def views(tables: Tables) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which each table is a view of its own name; those of the return before have `earlier_` before it.

    A view has the table's variables, each with its type; beside each "filled: <column>", whether the file has something
    there, and "unread: <column>", whether that cannot be read; and LINE, the row's line in its file.
    """
    if isinstance(tables, FileTables):
        yield tables.connection
        return
    if sum(map(len, tables.values())) <= _KEPT_ROWS:
        yield tables.remember("views", lambda: _kept_views(tables))
        return
    with private_folder() as folder, connected(folder) as connection:
        make_views(tables, connection)
        yield connection


def _kept_views(tables: Tables) -> duckdb.DuckDBPyConnection:
    """A connection that lasts as long as the tables and needs no room on disk."""
    connection = connect()
    connection.execute("SET threads = 1")
    make_views(tables, connection)
    return connection


def make_views(tables: Tables, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the views that `views` speaks of."""
    connection.execute("SET preserve_insertion_order = false")
    for prefix, those in (("", tables), (EARLIER, tables.earlier)):
        for name, table in (those.loaded if those else {}).items():
            if isinstance(those, FileTables):
                sql = _of_file(those.large[name], those.variables(name), connection)
                made = _different_texts(prefix + name, those.large[name], those.variables(name), connection)
                those.texts |= {(name, column): texts for column, texts in made.items()}
                _counts_of_rows(tables).update(
                    {(prefix + name, condition): n for condition, n in _filled_rows(those.large[name], made).items()}
                )
            else:
                connection.register(f"loaded: {prefix}{name}", _of_frame(table))
                sql = f"SELECT * FROM {quoted(f'loaded: {prefix}{name}')}"
            connection.execute(f"CREATE TEMP VIEW {quoted(prefix + name)} AS {sql}")


def kept(variables: pd.DataFrame, by_row: Iterable[str], at_hand: int) -> Kept:
    """How a file is copied for the views: the values of its variables, and which of them cannot be read.

    at_hand: as `Kept` has it.
    """
    rows = variables.to_dict("records")
    return Kept(frozenset(by_row), {row["column"]: _made(row) for row in rows}, at_hand)


def _made(row: Mapping[str, str]) -> dict[str, str]:
    made = {row["column"]: in_sql.value(ITS_TEXT, row)}
    if in_sql.has_shape(row):
        made[_name_of_unread(row["column"])] = in_sql.unread(ITS_TEXT, row)
    return made


def have_rows(
    tables: Tables, connection: duckdb.DuckDBPyConnection, name: str, columns: Iterable[str] | None = None
) -> None:
    """Puts columns (default: all) into a table's view of which only the different texts have been counted so far.

    The table's file is read again for them.
    """
    those, plain = (tables, name) if name in tables else (tables.earlier, name.removeprefix(EARLIER))
    if not isinstance(those, FileTables):
        return
    table = those.large[plain]
    wanted = set(table.columns if columns is None else columns) & set(those[plain].columns)
    if wanted <= set(table.by_row):
        return
    those.large[plain] = table.every_row()
    sql = _of_file(those.large[plain], those.variables(plain), connection)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {sql}")


def count_rows(
    tables: Tables, connection: duckdb.DuckDBPyConnection, name: str, asked: Sequence[tuple[str, str]]
) -> list[int]:
    """In how many rows of a table each condition holds; what was counted before is not counted again.

    asked: each condition with the one column that it goes by, or nothing where it goes by several.
    """
    known = _counts_of_rows(tables)
    new = {condition: column for condition, column in asked if (name, condition) not in known}
    by_column: dict[str, list[str]] = {}
    for condition, column in new.items():
        by_column.setdefault(column if counted(tables, name, column) else "", []).append(condition)
    by_row = by_column.pop("", [])
    have_rows(tables, connection, name, {new[condition] for condition in by_row} - {""})
    if by_column:
        # One statement for all of them: each takes longer to understand than to answer.
        lists = ", ".join(_counts(tables, name, column, conditions) for column, conditions in by_column.items())
        (found,) = connection.execute(f"SELECT {lists}").fetchall()
        for conditions, counts in zip(by_column.values(), found, strict=True):
            known.update({(name, condition): count for condition, count in zip(conditions, counts, strict=True)})
    plain = [condition for condition in by_row if "SELECT" not in condition]
    if plain:
        counts = ", ".join(f"count_if({condition})" for condition in plain)
        (found,) = connection.execute(f"SELECT {counts} FROM {quoted(name)}").fetchall()
        known.update({(name, condition): count for condition, count in zip(plain, found, strict=True)})
    # Looking values up in another table drags every column of the pass along, so each such condition has its own.
    for condition in (condition for condition in by_row if condition not in plain):
        ((found,),) = connection.execute(f"SELECT count(*) FROM {quoted(name)} WHERE {condition}").fetchall()
        known[name, condition] = found
    return [known[name, condition] for condition, _ in asked]


def _counts_of_rows(tables: Tables) -> dict[tuple[str, str], int]:
    """By table and condition in how many rows it holds, as far as that is known."""
    return tables.remember("counts of rows", dict)


def _filled_rows(table: LargeTable, columns: Iterable[str]) -> dict[str, int]:
    """In how many rows these columns, whose different texts were counted, are filled and in how many they are not."""
    found = {}
    for column in columns:
        texts = table.different[column]
        rows, empty = texts[ROWS].to_numpy(), texts[TEXT].is_null().to_numpy()
        found |= {filled(column): int(rows[~empty].sum()), f"NOT {filled(column)}": int(rows[empty].sum())}
    return found


def _counts(tables: FileTables, name: str, column: str, conditions: Sequence[str]) -> str:
    sums = ", ".join(f"sum(if({condition}, {ROWS_COUNTED}, 0))::BIGINT" for condition in conditions)
    return f"(SELECT [{sums}] FROM {of_different(tables, name, column)})"


def counted(tables: Tables, name: str, column: str) -> bool:
    """Whether it is known how many rows of a table have each different text of a column: see `of_different`."""
    return isinstance(tables, FileTables) and name in tables.large and column in tables.large[name].different


def of_different(tables: FileTables, name: str, column: str) -> str:
    """What has a row for each different text of a column, as the table's own view has the column, and ROWS."""
    return tables.texts[name, column]


def unread(column: str) -> str:
    """The column of a view that says whether another one is filled with something that cannot be read."""
    return quoted(_name_of_unread(column))


def _name_of_unread(column: str) -> str:
    return f"unread: {column}"


def filled(column: str) -> str:
    """The column of a view that says whether the file has something in another one."""
    return quoted(f"filled: {column}")


def _of_frame(table: Table):
    import pyarrow as pa

    arrow = pa.Table.from_pandas(table.frame, preserve_index=False)
    # A column without a value has no type of its own.
    arrow = arrow.cast(pa.schema([_typed(one, pa) for one in arrow.schema]))
    nothing = np.zeros(len(table.frame), dtype=bool)
    for column in table.frame.columns:
        flags = table.malformed[column].to_numpy() if column in table.malformed else nothing
        arrow = arrow.append_column(f"unread: {column}", pa.array(flags))
        there = table.frame[column].notna().to_numpy() | flags
        arrow = arrow.append_column(f"filled: {column}", pa.array(there))
    return arrow.append_column(LINE.strip('"'), pa.array(np.asarray(table.lines, dtype=np.int64)))


def _typed(one, pa):
    if pa.types.is_null(one.type):
        return one.with_type(pa.string())
    return one


def _different_texts(
    name: str, table: LargeTable, variables: pd.DataFrame, connection: duckdb.DuckDBPyConnection
) -> dict[str, str]:
    """What `of_different` gives for each variable of which the different texts were counted."""
    import pyarrow

    rows = {row["column"]: row for row in variables.to_dict("records") if row["column"] in table.different}
    if not rows:
        return {}
    texts = {column: table.different[column] for column in rows}
    every = [one.append_column("column", pyarrow.repeat(column, len(one))) for column, one in texts.items()]
    given, kept = f"counted: {name}", quoted(f"texts: {name}")
    connection.register(given, pyarrow.concat_tables(every))
    connection.execute(f"CREATE TEMP TABLE {kept} AS SELECT * FROM {quoted(given)}")
    connection.unregister(given)
    found = {}
    for column, row in rows.items():
        made = zip(in_sql.of_text(quoted(TEXT), row), _called(column), strict=True)
        columns = ", ".join([*(f"{sql} AS {as_name}" for sql, as_name in made), ROWS_COUNTED])
        found[column] = f'(SELECT {columns} FROM {kept} WHERE "column" = {literal(column)})'
    return found


def _called(column: str) -> tuple[str, str, str]:
    return quoted(column), unread(column), filled(column)


def _of_file(table: LargeTable, variables: pd.DataFrame, connection: duckdb.DuckDBPyConnection) -> str:
    columns = [f"{table.line} AS {LINE}"]
    for row in variables.to_dict("records"):
        name = row["column"]
        if name in table.by_row:
            made = _as_made(name, has_shape=in_sql.has_shape(row))
        elif name not in table.columns:
            made = in_sql.of_text("CAST(NULL AS VARCHAR)", row)
        else:
            # Only its different texts were counted so far: see `have_rows`.
            continue
        columns.extend(f"{sql} AS {as_name}" for sql, as_name in zip(made, _called(name), strict=True))
    return f"SELECT {', '.join(columns)} FROM {table.seen_by(connection)}"


def _as_made(name: str, has_shape: bool) -> tuple[str, str, str]:
    """What `in_sql.of_text` gives, of a column as `kept` stores it."""
    wrong = f"coalesce({unread(name)}, false)" if has_shape else "false"
    return quoted(name), wrong, f"({quoted(name)} IS NOT NULL OR {wrong})"
