"""The tables as DuckDB sees them, in memory or in files too large for it: only what is counted there comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.data import in_sql
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


@contextmanager
def views(tables: Tables, earlier: Tables | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which each table is a view of its own name; those of the return before have `earlier_` before it.

    A view has the table's variables, each with its type; beside each "unread: <column>", whether it is filled with
    something that cannot be read; and LINE, the row's line in its file.
    """
    with private_folder() as folder, connected(folder) as connection:
        connection.execute("SET preserve_insertion_order = false")
        for prefix, those in (("", tables), (EARLIER, earlier)):
            for name, table in (those.loaded if those else {}).items():
                if isinstance(those, FileTables):
                    sql = _of_file(those.large[name], those.variables(name))
                else:
                    connection.register(f"loaded: {prefix}{name}", _of_frame(table))
                    sql = f"SELECT * FROM {quoted(f'loaded: {prefix}{name}')}"
                connection.execute(f"CREATE TEMP VIEW {quoted(prefix + name)} AS {sql}")
        yield connection


def unread(column: str) -> str:
    """The column of a view that says whether another one is filled with something that cannot be read."""
    return quoted(f"unread: {column}")


def filled(column: str) -> str:
    """The SQL of whether the file has something in a column."""
    return f"({quoted(column)} IS NOT NULL OR {unread(column)})"


def _of_frame(table: Table):
    import pyarrow as pa

    arrow = pa.Table.from_pandas(table.frame, preserve_index=False)
    # A column without a value has no type of its own.
    arrow = arrow.cast(pa.schema([_typed(one, pa) for one in arrow.schema]))
    nothing = np.zeros(len(table.frame), dtype=bool)
    for column in table.frame.columns:
        flags = table.malformed[column].to_numpy() if column in table.malformed else nothing
        arrow = arrow.append_column(f"unread: {column}", pa.array(flags))
    return arrow.append_column(LINE.strip('"'), pa.array(np.asarray(table.lines, dtype=np.int64)))


def _typed(one, pa):
    if pa.types.is_dictionary(one.type) or pa.types.is_null(one.type):
        return one.with_type(pa.string())
    return one


def _of_file(table: LargeTable, variables: pd.DataFrame) -> str:
    columns = [f"{table.line} AS {LINE}"]
    for row in variables.to_dict("records"):
        name = row["column"]
        column = quoted(name) if name in table.columns else "CAST(NULL AS VARCHAR)"
        columns.append(f"{in_sql.value(column, row)} AS {quoted(name)}")
        columns.append(f"{in_sql.unread(column, row)} AS {unread(name)}")
    return f"SELECT {', '.join(columns)} FROM {table.sql}"
