"""The tables as DuckDB sees them, in memory or in files too large for it: only what is counted there comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.data.auditing import in_sql
from evidence.data.sources.large import connection as connected
from evidence.data.sources.large import private_folder, quoted
from evidence.data.tables import Table, Tables

if TYPE_CHECKING:
    import duckdb

    from evidence.data.sources.large import LargeTable

EARLIER = "earlier_"
LINE = '"line of file"'


@dataclass
class FileTables(Tables):
    """Tables that stay in their files: the frames have every column and no row, and DuckDB reads the rows.

    Made by `tables_in_files`. For the audit alone: the values are in clear, and none of them leaves DuckDB.
    """

    large: Mapping[str, LargeTable] = field(default_factory=dict)
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
    with private_folder() as folder, connected(folder) as connection:
        make_views(tables, connection)
        yield connection


def make_views(tables: Tables, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the views that `views` speaks of."""
    connection.execute("SET preserve_insertion_order = false")
    for prefix, those in (("", tables), (EARLIER, tables.earlier)):
        for name, table in (those.loaded if those else {}).items():
            if isinstance(those, FileTables):
                sql = _of_file(those.large[name], those.variables(name), connection)
            else:
                connection.register(f"loaded: {prefix}{name}", _of_frame(table))
                sql = f"SELECT * FROM {quoted(f'loaded: {prefix}{name}')}"
            connection.execute(f"CREATE TEMP VIEW {quoted(prefix + name)} AS {sql}")


def count_rows(
    tables: Tables, connection: duckdb.DuckDBPyConnection, name: str, conditions: Sequence[str]
) -> list[int]:
    """In how many rows of a table each condition holds; what was counted before is not counted again."""
    known: dict[tuple[str, str], int] = tables.remember("counts of rows", dict)
    asked = [condition for condition in dict.fromkeys(conditions) if (name, condition) not in known]
    # Looking values up in another table drags every column of the pass along, so each such condition has its own.
    plain = [condition for condition in asked if "SELECT" not in condition]
    for together in filter(None, [plain, *([condition] for condition in asked if condition not in plain)]):
        counts = ", ".join(f"count_if({condition})" for condition in together)
        found = connection.execute(f"SELECT {counts} FROM {quoted(name)}").fetchone()
        known.update({(name, condition): count for condition, count in zip(together, found, strict=True)})
    return [known[name, condition] for condition in conditions]


def unread(column: str) -> str:
    """The column of a view that says whether another one is filled with something that cannot be read."""
    return quoted(f"unread: {column}")


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


def _of_file(table: LargeTable, variables: pd.DataFrame, connection: duckdb.DuckDBPyConnection) -> str:
    columns, tidy = [f"{table.line} AS {LINE}"], _tidy(table, connection)
    for row in variables.to_dict("records"):
        name = row["column"]
        text = (
            table.stored(name) if name in tidy else quoted(name) if name in table.columns else "CAST(NULL AS VARCHAR)"
        )
        made = in_sql.of_stored(table.stored(name), table.kinds.get(name, ""), row) or in_sql.of_text(text, row)
        called = (quoted(name), unread(name), filled(name))
        columns.extend(f"{sql} AS {as_name}" for sql, as_name in zip(made, called, strict=True))
    return f"SELECT {', '.join(columns)} FROM {table.sql}"


def _tidy(table: LargeTable, connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The texts of a Parquet file that have no blanks to take off, which is slow where it is done each time."""
    texts = [name for name, kind in table.kinds.items() if kind == "VARCHAR"]
    if not texts:
        return set()
    # Comparing is quick; taking the last letter off is what costs.
    plain = (
        f"{text} >= '!' AND {text} < chr(127) AND {text}[-1] >= '!' AND {text}[-1] < chr(127)"
        for text in map(table.stored, texts)
    )
    asked = ", ".join(f"coalesce(bool_and({ends}), true)" for ends in plain)
    found = connection.execute(f"SELECT {asked} FROM {table.sql}").fetchone()
    return {name for name, tidy in zip(texts, found, strict=True) if tidy}
