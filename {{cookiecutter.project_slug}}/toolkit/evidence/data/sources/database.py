"""Tables of the SQL database behind a case-management system, through SQLAlchemy: confirmed columns, one moment."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
import pandas as pd

from evidence.data.sources.compact import compact
from evidence.data.sources.csv_files import RawTable, squeezed
from evidence.data.sources.encoded import LINE
from evidence.data.sources.large import LARGE
from evidence.data.sources.parquet import TIME_ZONE
from evidence.project import EvidenceError, Project, read_text

if TYPE_CHECKING:
    import pyarrow
    import sqlalchemy

ADDRESS = "project.toml, [database] address"
PASSWORD = "EVIDENCE_DATABASE_PASSWORD"
QUERIES = ("reference", "sql")
_EMBEDDED = ("sqlite", "duckdb")
_ROWS_A_BATCH = 50_000
# How the types of DuckDB begin whose values are moments, of which a time zone tells day and time.
_MOMENTS = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
# A cell takes about this many bytes in a CSV file: with so many cells that it would be a large file, so is the table.
_BYTES_A_CELL = 7
# A server that does not answer within so many seconds is not there; moments are told in the time of this country.
_CONNECTING = {
    "postgresql": {"connect_timeout": 15, "options": f"-c timezone={TIME_ZONE}"},
    "mssql": {"timeout": 15},
}


@dataclass(frozen=True)
class DatabaseRead:
    """What was read of a database: the table or query as the catalogue names it, and the SHA-256 of its rows."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Asked:
    """A table ("schema.name" or "name") or a query (a file of `reference/sql/`), and the columns to read of it.

    columns: names as the catalogue writes them; None for all that there are.
    """

    table: str = ""
    query: str = ""
    columns: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        return f"database table {self.table}" if self.table else f"database query {self.query}"


@contextmanager
def open_database(project: Project) -> Iterator[Database]:
    """The database that `[database] address` in project.toml names, as it is at one moment, to be read only.

    The password comes from the environment variable EVIDENCE_DATABASE_PASSWORD. Raises EvidenceError, never with a
    password or value in it, for an address that cannot be used and a database that cannot be reached or refuses the
    account.
    """
    import sqlalchemy

    address = _address(project)
    engine = _engine(project, address)
    try:
        with _plainly(ADDRESS, _REACH):
            connection = engine.connect()
        try:
            with _plainly(ADDRESS):
                one_moment = _hold_still(connection)
            yield Database(project, connection, one_moment)
        finally:
            try:
                connection.close()
            except sqlalchemy.exc.SQLAlchemyError:
                # A server that has gone cannot be told that we are done.
                if not connection.closed:
                    connection.invalidate()
    finally:
        engine.dispose()


class Database:
    """An open database. one_moment: whether all tables are read as they were at the same moment."""

    def __init__(self, project: Project, connection: sqlalchemy.Connection, one_moment: bool) -> None:
        self.one_moment = one_moment
        self._project, self._connection = project, connection

    def tables(self) -> list[str]:
        """The tables and views that the account can see, written "schema.name" as the catalogue names them."""
        with _plainly(ADDRESS):
            return sorted(".".join(filter(None, parts)) for parts in self._visible())

    def read(self, asked: Asked) -> tuple[RawTable, DatabaseRead]:
        """The rows as text (missing where empty) under the catalogue's names, and what was read.

        A database keeps no order, so rows are put in that of their contents, column by column, and `lines` count them
        from 1. A table as large as a large file has its columns of few different texts as categories. Raises
        EvidenceError for a table, query or column that is not there or may not be read, for values that are no single
        ones, and for a database that stops answering: then nothing is kept.
        """
        statement, names, held = self._select(asked)
        batches = _Batches(self._connection, statement, names, asked.name)
        frame, _ = compact(names, batches, categories=lambda rows: rows * len(names) * _BYTES_A_CELL >= LARGE)
        if batches.unreadable:
            raise EvidenceError(
                f"{', '.join(batches.unreadable)} does not hold single values (pictures, documents or lists).",
                where=asked.name,
                remedy="Take it out of the catalogue, or write a query that leaves it out.",
            )
        frame, blank = _in_order(frame)
        if frame.empty:
            raise EvidenceError(
                "it has no rows.", where=asked.name, remedy="Check that the account sees them, and the name."
            )
        raw = RawTable(frame, np.arange(1, len(frame) + 1), blank, held)
        return raw, DatabaseRead(asked.name, digest(frame))

    def first_rows(self, asked: Asked, count: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """(up to so many rows as text, the columns that do not hold single values and are empty in it)."""
        statement, names, _ = self._select(asked)
        batches = _Batches(self._connection, statement.limit(count), names, asked.name)
        frame, _ = compact(names, batches, categories=lambda rows: False)
        return frame, tuple(batches.unreadable)

    def _select(self, asked: Asked) -> tuple[sqlalchemy.Select, list[str], tuple[str, ...]]:
        """(the statement, the names of its columns in the catalogue's words, all columns there are)."""
        import sqlalchemy

        source = self._table(asked.table) if asked.table else self._query(asked.query)
        # SQLAlchemy's own kind of text does not change case.
        there = [str(column.name) for column in source.c]
        folded = [squeezed(name) for name in there]
        if twice := sorted({name for name in folded if folded.count(name) > 1}):
            raise EvidenceError(
                f"there are two columns called {twice[0]}.", where=asked.name, remedy="Write a query that renames one."
            )
        given = {squeezed(name): name for name in asked.columns or ()}
        missing = [name for key, name in given.items() if key not in folded]
        if missing:
            raise EvidenceError(
                f"there is no column {', '.join(missing)} that the account can see.",
                where=asked.name,
                remedy="Correct the name in reference/catalogue.csv, or ask for permission to read the column.",
            )
        wanted = [name for name in there if asked.columns is None or squeezed(name) in given]
        names = [given.get(squeezed(name), name) for name in wanted]
        held = tuple(given.get(squeezed(name), name) for name in there)
        with _plainly(asked.name):
            columns = self._handed_over([source.c[name] for name in wanted])
        return sqlalchemy.select(*columns), names, held

    def _handed_over(self, columns: list[sqlalchemy.ColumnElement]) -> list[sqlalchemy.ColumnElement]:
        """The columns as they can be read: DuckDB's driver cannot hand over moments with a time zone as they are."""
        import sqlalchemy

        if self._dialect != "duckdb":
            return columns
        statement = sqlalchemy.select(*columns).compile(self._connection)
        kinds = [str(row[1]) for row in self._connection.exec_driver_sql(f"DESCRIBE {statement}")]
        return [
            sqlalchemy.func.timezone(TIME_ZONE, column) if kind.startswith(_MOMENTS) else column
            for column, kind in zip(columns, kinds, strict=True)
        ]

    def _visible(self) -> Iterator[tuple[str, str]]:
        """(schema, name) of every table and view."""
        if self._dialect not in _WITH_SCHEMA_TABLES:
            import sqlalchemy

            inspector = sqlalchemy.inspect(self._connection)
            yield from (("", name) for name in [*inspector.get_table_names(), *inspector.get_view_names()])
            return
        for schema, name in self._schema_rows("tables", ("table_schema", "table_name")):
            if schema.lower() not in _SYSTEM_SCHEMAS:
                yield schema, name

    def _columns(self, schema: str, name: str) -> list[str]:
        if self._dialect not in _WITH_SCHEMA_TABLES:
            import sqlalchemy

            return [column["name"] for column in sqlalchemy.inspect(self._connection).get_columns(name)]
        rows = self._schema_rows("columns", ("table_schema", "table_name", "ordinal_position", "column_name"))
        found = {place: column for in_schema, table, place, column in rows if (in_schema, table) == (schema, name)}
        return [found[place] for place in sorted(found)]

    def _schema_rows(self, table: str, columns: Sequence[str]) -> list[sqlalchemy.Row]:
        """Rows of the standard's own tables about tables; they show what the account may see."""
        import sqlalchemy

        # SQL Server writes these names in capitals, and may take capitals for other letters.
        case = str.upper if self._dialect == "mssql" else str.lower
        source = sqlalchemy.table(
            case(table), *(sqlalchemy.column(case(name)) for name in columns), schema=case("information_schema")
        )
        return list(self._connection.execute(sqlalchemy.select(source)))

    @property
    def _dialect(self) -> str:
        return self._connection.dialect.name

    def _table(self, written: str) -> sqlalchemy.TableClause:
        where = f"database table {written}"
        schema, name = split_name(written, where)
        with _plainly(where):
            visible = list(self._visible())
            fitting = [
                place
                for place in visible
                if place[1].lower() == name.lower() and (not schema or place[0].lower() == schema.lower())
            ]
            exactly = [place for place in fitting if place[1] == name and (not schema or place[0] == schema)]
            fitting = exactly or fitting
            columns = self._columns(*fitting[0]) if len(fitting) == 1 else []
        if len(fitting) > 1:
            raise EvidenceError(
                f"there are {len(fitting)} tables of that name.",
                where=where,
                remedy=f"Write one of: {', '.join(sorted('.'.join(filter(None, place)) for place in fitting))}.",
            )
        if not columns:
            raise EvidenceError(
                "there is no such table that the account can see.",
                where=where,
                remedy="Run `evidence data describe database` for those it sees, and correct found_in in "
                "reference/catalogue.csv; or ask for permission to read it.",
            )
        return quoted_table(*fitting[0], columns)

    def _query(self, file: str) -> sqlalchemy.FromClause:
        """The query as a source to select from; its columns are asked of the database, without a row."""
        import sqlalchemy

        where = "/".join((*QUERIES, file))
        path = self._project.path(*QUERIES, file)
        if not path.is_file():
            raise EvidenceError(
                "there is no such query.", where=where, remedy="Save it there, or correct found_in in the catalogue."
            )
        query = only_select(read_text(path), where)
        with _plainly(where):
            asked = sqlalchemy.text(f"SELECT * FROM (\n{query}\n) AS asked WHERE 1 = 0")
            names = list(self._connection.execute(asked).keys())
        if len(set(names)) < len(names):
            raise EvidenceError("two of its columns have the same name.", where=where, remedy="Rename one with AS.")
        columns = [sqlalchemy.column(sqlalchemy.quoted_name(name, True)) for name in names]
        return sqlalchemy.text(query).columns(*columns).subquery("asked")


_WITH_SCHEMA_TABLES = ("postgresql", "mssql", "duckdb", "mysql", "mariadb")
_SYSTEM_SCHEMAS = ("information_schema", "pg_catalog", "pg_toast", "sys", "mysql", "performance_schema")


# Address ---------------------------------------------------------------------------------------------------------


def _address(project: Project) -> sqlalchemy.URL:
    import sqlalchemy

    written = project.facts.database_address
    if not written:
        raise EvidenceError(
            "there is no address of a database.",
            where=ADDRESS,
            remedy="Write one as reference/sql/README.md shows, or put the tables into the data folder.",
        )
    try:
        address = sqlalchemy.make_url(written)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise EvidenceError(
            "this is not the address of a database.", where=ADDRESS, remedy="reference/sql/README.md shows how it is."
        ) from None
    told = [name for name in address.query if re.search(r"passw|pwd|secret|token", name, re.IGNORECASE)]
    inside = re.search(r"\b(pwd|password)\s*=", " ".join(map(str, address.query.values())), re.IGNORECASE)
    if address.password is not None or told or inside:
        raise EvidenceError(
            "the address holds a password, which must not stand in a file.",
            where=ADDRESS,
            remedy=f"Take it out, change that password, and put the new one into the environment variable {PASSWORD}.",
        )
    password = os.environ.get(PASSWORD)
    return address.set(password=password) if password and address.get_backend_name() not in _EMBEDDED else address


def _engine(project: Project, address: sqlalchemy.URL) -> sqlalchemy.Engine:
    import sqlalchemy

    kind = address.get_backend_name()
    options: dict[str, object] = {"poolclass": sqlalchemy.pool.NullPool, "hide_parameters": True}
    if kind in _EMBEDDED:
        path = _embedded(project, address)
        if kind == "sqlite":
            import sqlite3

            options["creator"] = lambda: sqlite3.connect(f"file:{quote(path.as_posix())}?mode=ro", uri=True)
        else:
            address = address.set(database=str(path))
            options["connect_args"] = {"read_only": True}
    elif kind in _CONNECTING:
        options["connect_args"] = _CONNECTING[kind]
    try:
        return sqlalchemy.create_engine(address, **options)
    except (sqlalchemy.exc.NoSuchModuleError, ImportError):
        raise EvidenceError(
            f"there is no driver here for a database of the kind {address.drivername}.",
            where=ADDRESS,
            remedy="Write the address as reference/sql/README.md shows; SQL Server also needs Microsoft's ODBC driver.",
        ) from None


def _embedded(project: Project, address: sqlalchemy.URL) -> Path:
    """The file of a SQLite or DuckDB database, from the project's folder unless it is a full path."""
    name = address.database or ""
    if not name or name == ":memory:" or ".." in Path(name).parts:
        raise EvidenceError(
            "the address names no file of the project.",
            where=ADDRESS,
            remedy=f"For example: {address.drivername}:///data/raw/records.db",
        )
    path = project.path(name)
    if not path.is_file():
        raise EvidenceError("there is no such file.", where=f"{ADDRESS} ({project.relative(path)})")
    return path


def _hold_still(connection: sqlalchemy.Connection) -> bool:
    """Begins one transaction that only reads; True where all its reads are of the same moment."""
    import sqlalchemy

    kind = connection.dialect.name
    if kind == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    elif kind == "mssql":
        # Any other level that would do makes those who work in the system wait for us.
        allowed = "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()"
        still = connection.scalar(sqlalchemy.text(allowed)) == 1
        connection.rollback()
        if not still:
            return False
        connection.execution_options(isolation_level="SNAPSHOT")
    elif kind == "sqlite":
        # The driver begins a transaction only where something is changed.
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    elif kind != "duckdb":
        return False
    return True


# Names and queries -----------------------------------------------------------------------------------------------


def split_name(written: str, where: str) -> tuple[str, str]:
    """(schema, name) of "schema.name", "[schema].[name]" or "name"; the schema is empty where none is told."""
    part = r'(?:\[([^\]]+)\]|"([^"]+)"|([^.\[\]"]+))'
    match = re.fullmatch(rf"(?:{part}\.)?{part}", written.strip())
    if not match:
        raise EvidenceError(
            "this is not the name of a table.", where=where, remedy="Write it as dbo.Referrals, or Referrals alone."
        )
    groups = [group.strip() if group else "" for group in match.groups()]
    return next(filter(None, groups[:3]), ""), next(filter(None, groups[3:]), "")


def quoted_table(schema: str, name: str, columns: Iterable[str]) -> sqlalchemy.TableClause:
    """A table with these columns, every name in quotation marks: names with blanks and capitals stay what they are."""
    import sqlalchemy

    def exact(text: str) -> sqlalchemy.quoted_name:
        return sqlalchemy.quoted_name(text, True)

    named = [sqlalchemy.column(exact(column)) for column in columns]
    return sqlalchemy.table(exact(name), *named, schema=exact(schema) if schema else None)


# Texts, quoted names and comments of SQL: what stands in them is no part of the statement.
_QUIET = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\[[^\]]*\]|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CHANGES = re.compile(
    r"\b(insert|update|delete|merge|into|create|alter|drop|truncate|grant|revoke|exec|execute|call|copy|attach|detach|"
    r"pragma|vacuum|set|lock|begin|commit|rollback|declare|do|load|install)\b",
    re.IGNORECASE,
)


def only_select(text: str, where: str) -> str:
    """A query without its last semicolon. Raises EvidenceError unless it is one SELECT that changes nothing.

    It catches mistakes; what an account may change is decided by the database alone.
    """
    quiet = _QUIET.sub(lambda found: " " if found[0].startswith(("--", "/*")) else "''", text)
    statement = quiet.strip().rstrip(";").strip()
    changes = _CHANGES.search(statement)
    first = re.match(r"\w*", statement)[0].lower()
    what = ""
    if first not in ("select", "with"):
        what = "this does not begin with SELECT."
    elif ";" in statement:
        what = "there is more than one statement in it."
    elif changes:
        what = f"it has the word {changes[0].upper()}, and a query here only reads."
    if what:
        raise EvidenceError(what, where=where, remedy="Save one SELECT in the file.")
    # Comments go as well: one at the end would swallow what is put behind the query.
    kept = _QUIET.sub(lambda found: " " if found[0].startswith(("--", "/*")) else found[0], text)
    # SQLAlchemy takes :word for a parameter, and a query here has none.
    return kept.strip().rstrip(";").strip().replace(":", r"\:")


# Rows ------------------------------------------------------------------------------------------------------------


class _Batches:
    """The rows of a statement as record batches of texts, as `compact` takes them.

    unreadable: the columns found to hold something else than single values, which is left out.
    """

    def __init__(
        self, connection: sqlalchemy.Connection, statement: sqlalchemy.Select, names: list[str], where: str
    ) -> None:
        self._connection, self._statement, self._names, self._where = connection, statement, names, where
        self.unreadable: list[str] = []

    def __iter__(self) -> Iterator[pyarrow.RecordBatch]:
        import pyarrow

        read = 0
        with _plainly(self._where):
            options = {"stream_results": True, "yield_per": _ROWS_A_BATCH}
            result = self._connection.execute(self._statement, execution_options=options)
            for rows in result.partitions():
                columns = [self._texts(*column) for column in zip(self._names, zip(*rows, strict=True), strict=True)]
                lines = pyarrow.array(np.arange(read, read + len(rows)))
                read += len(rows)
                yield pyarrow.record_batch([lines, *columns], names=[LINE, *self._names])

    def _texts(self, name: str, values: Sequence[object]) -> pyarrow.Array:
        import pyarrow

        texts = [as_text(value) for value in values]
        if _UNREADABLE in texts:
            texts = [None if text == _UNREADABLE else text for text in texts]
            if name not in self.unreadable:
                self.unreadable.append(name)
        return pyarrow.array(texts, pyarrow.string())


_UNREADABLE = "\x00"


def as_text(value: object) -> str | None:
    """A value as people write it: dates year-month-day, numbers without exponent or needless .0; None where empty."""
    if value is None:
        return None
    if isinstance(value, str):
        # A database can hold what no text file can; it must not pass for our own mark.
        return value.replace("\x00", "").strip() or None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return value.date().isoformat() if midnight else value.replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, Decimal):
        return None if value.is_nan() else format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview | list | tuple | dict | set):
        return _UNREADABLE
    return str(value).strip() or None


def _decimal(value: float) -> str | None:
    if value != value:
        return None
    if value in (float("inf"), float("-inf")):
        return str(value)
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def _in_order(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """(the rows with something in them, in order of their texts; how many had nothing)."""
    filled = frame.notna().any(axis=1)
    blank = int((~filled).sum())
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].cat.reorder_categories(sorted(frame[name].cat.categories))
    if blank:
        frame = frame.loc[filled]
    return frame.sort_values(list(frame.columns), kind="stable", na_position="first", ignore_index=True), blank


def digest(frame: pd.DataFrame) -> str:
    """The SHA-256 of a frame of texts: of each column its name, which cells are filled and how long, and the texts."""
    whole = hashlib.sha256()
    for name in frame.columns:
        whole.update(f"{name}\n".encode())
        for start in range(0, len(frame), _ROWS_A_BATCH):
            texts = frame[name].iloc[start : start + _ROWS_A_BATCH].astype("str")
            lengths = texts.str.len().fillna(-1).astype("<i8").to_numpy()
            whole.update(lengths.tobytes())
            whole.update("".join(texts.dropna().tolist()).encode())
    return whole.hexdigest()


# What a database says ---------------------------------------------------------------------------------------------

# Codes (of the SQL standard, of SQL Server) and words of drivers, and what they mean. No word of theirs is passed on.
_MEANINGS = (
    (
        r"28P01|28000|18456|password|authentication|login failed|role .* does not exist",
        "the database does not let the account in.",
        f"Check the user name in project.toml and the password in the environment variable {PASSWORD}.",
    ),
    (
        r"3D000|database .* does not exist|4060",
        "there is no database of that name on the server.",
        "Correct the name at the end of the address in project.toml.",
    ),
    (
        r"42501|permission|not permitted|denied|\b229\b|\b230\b",
        "the account may not read it.",
        "Ask whoever looks after the database for permission to read it, and nothing more.",
    ),
    (
        r"42P01|no such table|table with name .* does not exist|invalid object name|\b208\b",
        "it names a table that is not there or that the account cannot see.",
        "Correct the name of the table.",
    ),
    (
        r"42703|no such column|referenced column|invalid column name|\b207\b|binder error",
        "it names a column that is not there.",
        "Correct the name of the column.",
    ),
    (
        r"file is not a database|not a valid duckdb|malformed|file is encrypted|serialization",
        "this is not a whole database file of that kind.",
        "Copy the file again, and check the address in project.toml.",
    ),
    (
        r"database is locked|conflicting lock|could not set lock|being used by another process",
        "another program is writing to it.",
        "Close it there, then repeat the command.",
    ),
    (
        r"syntax error|42601|parser error|\b102\b|\b156\b",
        "the database cannot make sense of the query.",
        "Try the query in the database's own program first.",
    ),
)


_REACH = (
    "the database cannot be reached.",
    "Check the address in project.toml, the network or VPN, and that the server is running.",
)
_GONE = (
    "the database stopped answering while it was read. Nothing of it was kept.",
    "Wait until the database is there again, then repeat the command.",
)
# A server that is stopped while it sends says so in words alone; otherwise its codes do.
_ENDED = r"^(08|57P)|terminating connection|server closed the connection"
_REFUSED = (
    "the database broke off with an error. Nothing of it was kept.",
    "Try to read it in the database's own program, and repeat the command when that works.",
)


@contextmanager
def _plainly(where: str, otherwise: tuple[str, str] = _REFUSED) -> Iterator[None]:
    """What the database or its driver raises within the block, as one line of ours; `otherwise` where unknown."""
    import sqlalchemy

    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, OSError, UnicodeError) as error:
        what, remedy = _meaning(error, otherwise)
        raise EvidenceError(what, where=where, remedy=remedy) from None


def _meaning(error: Exception, otherwise: tuple[str, str]) -> tuple[str, str]:
    driver = getattr(error, "orig", None) or error
    code = str(getattr(driver, "sqlstate", None) or "")
    said = f"{code} {driver}"
    if getattr(error, "connection_invalidated", False) or re.search(_ENDED, said, re.IGNORECASE):
        return _GONE
    known = ((what, remedy) for pattern, what, remedy in _MEANINGS if re.search(pattern, said, re.IGNORECASE))
    return next(known, otherwise)
