"""Tables of a database: SQLite and DuckDB files, and a PostgreSQL server that is started here."""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.data.sources import database
from evidence.data.sources.database import Asked, as_text, digest, only_select, open_database, quoted_table, split_name
from evidence.project import EvidenceError, open_project
from tests.evidence.data import postgres

CHILDREN = [
    ("C2", "Bee", 3.0, "2024-02-29"),
    ("C1", "Ann", 2.5, None),
    ("C3", "  ", None, "x"),
    (None, None, None, None),
]


@pytest.fixture
def at(tmp_path, template):
    """`at(address)`: a project with its database there."""
    (tmp_path / "reference" / "sql").mkdir(parents=True)
    for name in ("project.toml",):
        (tmp_path / name).write_text((template / name).read_text(encoding="utf-8"), encoding="utf-8")

    def make(address: str):
        project = open_project(tmp_path)
        facts = replace(open_project(template).facts, database_address=address)
        project.__dict__["facts"] = facts
        return project

    return make


@pytest.fixture
def sqlite(tmp_path, at):
    with sqlite3.connect(tmp_path / "records.db") as made:
        made.execute('CREATE TABLE Children ("Child ID" TEXT, name TEXT, score REAL, born TEXT, photo BLOB)')
        made.executemany("INSERT INTO Children VALUES (?, ?, ?, ?, x'00')", CHILDREN)
        made.execute("CREATE VIEW Older AS SELECT name FROM Children")
    made.close()
    return at("sqlite:///records.db")


@pytest.fixture(scope="module")
def server():
    with postgres.started() as running:
        running.run(
            "CREATE SCHEMA dbo",
            'CREATE TABLE dbo."Referrals" ("ChildID" text, "Referred on" date, seen timestamptz, score numeric(9, 2), '
            "rate double precision, urgent boolean, kind text, notes text[])",
            """INSERT INTO dbo."Referrals" VALUES
            ('C2', '2024-02-29', '2024-07-01 00:30+00', 10.50, 3, true, 'Ynys Môn', '{a}'),
            ('C1', NULL, NULL, NULL, 1e-7, false, '  ', NULL)""",
            "CREATE TABLE dbo.big AS SELECT i::text AS id, repeat('x', 400) AS filling "
            "FROM generate_series(1, 60000) i",
            "CREATE TABLE secret (id text)",
            "CREATE ROLE reader LOGIN PASSWORD 'Sekret-reader'",
            "GRANT USAGE ON SCHEMA dbo TO reader",
            'GRANT SELECT ON dbo."Referrals", dbo.big TO reader',
        )
        yield running


@pytest.fixture
def reader(server, at, monkeypatch):
    monkeypatch.setenv(database.PASSWORD, "Sekret-reader")
    return at(server.address("reader"))


def read(project, **asked):
    with open_database(project) as opened:
        return opened.read(Asked(**asked))


def refusal(project, **asked) -> str:
    with pytest.raises(EvidenceError) as error:
        read(project, **asked)
    said = str(error.value)
    assert "Sekret" not in said and len(said.split("\n")) <= 2
    return said


# Values ----------------------------------------------------------------------------------------------------------


def test_a_table_is_read_as_text_in_the_order_of_its_contents(sqlite):
    raw, what = read(sqlite, table="children", columns=("ChildID", "Name", "SCORE", "born"))
    assert raw.frame.fillna("").to_dict("list") == {
        "ChildID": ["C1", "C2", "C3"],
        "Name": ["Ann", "Bee", ""],
        "SCORE": ["2.5", "3", ""],
        "born": ["", "2024-02-29", "x"],
    }
    assert set(raw.frame.dtypes.astype(str)) == {"str"}
    assert raw.lines.tolist() == [1, 2, 3] and raw.blank == 1
    assert raw.held == ("ChildID", "Name", "SCORE", "born", "photo")
    assert what.name == "database table children"


def test_values_of_postgresql(reader):
    columns = ("ChildID", "Referred on", "seen", "score", "rate", "urgent", "kind")
    raw, _ = read(reader, table="dbo.Referrals", columns=columns)
    assert raw.frame.fillna("").iloc[1].tolist() == [
        "C2", "2024-02-29", "2024-07-01 01:30:00", "10.50", "3", "true", "Ynys Môn",
    ]  # fmt: skip
    assert raw.frame.loc[0, "rate"] == "0.0000001" and raw.frame.loc[0, "kind"] is not raw.frame.loc[1, "kind"]
    assert raw.frame.loc[0].drop(["ChildID", "rate", "urgent"]).isna().all()


def test_values_of_duckdb(tmp_path, at):
    import duckdb

    with duckdb.connect(str(tmp_path / "x.duckdb")) as made:
        made.execute("CREATE SCHEMA dbo")
        made.execute(
            "CREATE TABLE dbo.t AS SELECT 'C1' AS id, DATE '2024-02-29' AS d, 1.50::DECIMAL(9,2) AS n, true AS b"
        )
    raw, _ = read(at("duckdb:///x.duckdb"), table="dbo.t")
    assert raw.frame.iloc[0].tolist() == ["C1", "2024-02-29", "1.50", "true"]


def test_moments_of_duckdb_are_told_in_the_time_of_this_country(tmp_path, at):
    import duckdb

    with duckdb.connect(str(tmp_path / "x.duckdb")) as made:
        made.execute(
            "CREATE TABLE t AS SELECT 'C1' AS id, TIMESTAMPTZ '2024-06-30 23:00:00+00' AS \"Born on\", "
            "TIMESTAMPTZ '2024-01-01 09:30:00+00' AS seen, NULL::TIMESTAMPTZ AS gone"
        )
    queries = tmp_path / "reference" / "sql"
    (queries / "all.sql").write_text("SELECT * FROM t", encoding="utf-8")
    for asked in ({"table": "t"}, {"query": "all.sql"}):
        raw, _ = read(at("duckdb:///x.duckdb"), **asked)
        assert raw.frame.iloc[0].fillna("").tolist() == ["C1", "2024-07-01", "2024-01-01 09:30:00", ""]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), (" ", None), (" a\x00b ", "ab"), (True, "true"), (7, "7"), (2.0, "2"), (1e22, "1" + "0" * 22),
        (float("nan"), None), (0.1, "0.1"), (Decimal("1E+3"), "1000"), (Decimal("2.50"), "2.50"),
        (datetime(2024, 2, 29), "2024-02-29"), (datetime(2024, 2, 29, 9, 5), "2024-02-29 09:05:00"),
    ],
)  # fmt: skip
def test_how_a_value_is_written(value, text):
    assert as_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_changes_when_it_is_written(value):
    text = as_text(value)
    assert float(text) == value and "e" not in text.lower()


# Which columns and rows ----------------------------------------------------------------------------------------------


def test_only_the_columns_asked_for_are_selected(reader, monkeypatch):
    import sqlalchemy

    said = []
    listen = sqlalchemy.event.listen
    listen(sqlalchemy.Engine, "before_cursor_execute", lambda c, cursor, statement, *rest: said.append(statement))
    read(reader, table="DBO.referrals", columns=("childid", "kind"))
    assert said[-1] == 'SELECT "dbo"."Referrals"."ChildID", "dbo"."Referrals"."kind" \nFROM "dbo"."Referrals"'
    assert not any("*" in statement for statement in said)


def test_a_query_is_read_with_its_own_texts_and_only_the_columns_asked_for(reader):
    query = """-- Referrals: those of a kind, at any time after 10:30
    SELECT r."ChildID" AS "Child ID", '10:30'::text AS at, kind /* ; */ FROM dbo."Referrals" r
    WHERE r."ChildID" LIKE 'C%' AND 'it''s; :x' <> '' ; -- the end"""
    reader.path("reference", "sql", "kinds.sql").write_text(query, encoding="utf-8")
    raw, what = read(reader, query="kinds.sql", columns=("ChildID", "at"))
    assert raw.frame.to_dict("list") == {"ChildID": ["C1", "C2"], "at": ["10:30", "10:30"]}
    assert raw.held == ("ChildID", "at", "kind") and what.name == "database query kinds.sql"


def test_the_first_rows_alone_are_read_to_draft_the_catalogue(reader):
    with open_database(reader) as opened:
        frame, unreadable = opened.first_rows(Asked("dbo.Referrals"), 5)
        assert len(opened.first_rows(Asked("dbo.big"), 5)[0]) == 5
    assert frame.loc[0, "ChildID"] == "C2" and unreadable == ("notes",) and frame["notes"].isna().all()


def test_what_was_read_is_told_by_its_contents_and_not_by_their_order(tmp_path, sqlite):
    columns = ("ChildID", "name")
    _, before = read(sqlite, table="Children", columns=columns)
    change = sqlite3.connect(tmp_path / "records.db")
    with change:
        change.execute("DELETE FROM Children WHERE name = 'Bee'")
        change.execute("INSERT INTO Children (name, \"Child ID\") VALUES ('Bee', 'C2')")
    assert read(sqlite, table="Children", columns=columns)[1] == before
    with change:
        change.execute("UPDATE Children SET name = 'Bea' WHERE name = 'Bee'")
    change.close()
    assert read(sqlite, table="Children", columns=columns)[1].sha256 != before.sha256


def test_cells_that_read_the_same_end_to_end_are_told_apart():
    frames = [
        pd.DataFrame({"a": cells}, dtype="str") for cells in (["x", "yz"], ["xy", "z"], ["xyz", None], ["xyz", ""])
    ]
    assert len({digest(frame) for frame in frames}) == 4


def test_a_table_as_large_as_a_large_file_is_the_same_in_less_room(reader, monkeypatch):
    small, before = read(reader, table="dbo.big")
    monkeypatch.setattr(database, "LARGE", 1 << 19)
    raw, after = read(reader, table="dbo.big")
    assert len(raw.frame) == 60_000 and before == after
    assert isinstance(raw.frame["filling"].dtype, pd.CategoricalDtype)
    pd.testing.assert_frame_equal(raw.frame.astype("str"), small.frame)


def test_all_tables_are_of_one_moment(server, reader):
    server.run(
        "CREATE TABLE dbo.moment (n text)",
        "GRANT SELECT ON dbo.moment TO reader",
        "INSERT INTO dbo.moment VALUES ('1')",
    )
    with open_database(reader) as opened:
        assert opened.one_moment
        first, _ = opened.read(Asked(table="dbo.moment"))
        server.run("INSERT INTO dbo.moment VALUES ('2')")
        again, _ = opened.read(Asked(table="dbo.moment"))
    assert len(first.frame) == len(again.frame) == 1
    assert len(read(reader, table="dbo.moment")[0].frame) == 2


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "postgresql"])
def test_nothing_can_be_changed(kind, tmp_path, at, server, sqlite, monkeypatch):
    import duckdb
    import sqlalchemy

    duckdb.connect(str(tmp_path / "x.duckdb")).close()
    monkeypatch.setenv(database.PASSWORD, postgres.PASSWORD)
    addresses = {"sqlite": "sqlite:///records.db", "duckdb": "duckdb:///x.duckdb", "postgresql": server.address()}
    with open_database(at(addresses[kind])) as opened:
        with pytest.raises(sqlalchemy.exc.SQLAlchemyError, match="(?i)read.?only"):
            opened._connection.execute(sqlalchemy.text("CREATE TABLE planted (a text)"))


def test_the_tables_that_the_account_sees_are_listed(reader, sqlite):
    with open_database(reader) as opened:
        assert set(opened.tables()) >= {"dbo.Referrals", "dbo.big"}
        assert "public.secret" not in opened.tables()
    with open_database(sqlite) as opened:
        assert opened.tables() == ["Children", "Older"]


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://reader:Sekret@server/records",
        "postgresql+psycopg://reader@server/records?password=Sekret",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC%7D%3BUID%3Dreader%3BPWD%3DSekret",
        "mssql+pyodbc://server/db?driver=ODBC&Pwd=Sekret",
    ],
)
def test_a_password_in_the_address_is_refused_and_not_repeated(at, address):
    said = refusal(at(address), table="t")
    assert said.startswith("project.toml, [database] address: the address holds a password")
    assert "EVIDENCE_DATABASE_PASSWORD" in said


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", "there is no address of a database"),
        ("server\\records", "this is not the address of a database"),
        ("nosuch://server/records", "there is no driver here for a database of the kind nosuch"),
        ("sqlite:///../records.db", "the address names no file of the project"),
        ("sqlite://", "the address names no file of the project"),
        ("sqlite:///data/none.db", "there is no such file"),
        ("sqlite:///project.toml", "this is not a whole database file of that kind"),
        ("duckdb:///project.toml", "this is not a whole database file of that kind"),
        ("postgresql+psycopg://reader@127.0.0.1:1/records", "the database cannot be reached"),
    ],
)
def test_an_address_that_cannot_be_used(at, address, expected):
    assert refusal(at(address), table="t").startswith("project.toml, [database] address")
    assert expected in refusal(at(address), table="t")


def test_a_wrong_password_or_none(reader, monkeypatch):
    for password in ("Sekret-wrong", None):
        monkeypatch.setenv(database.PASSWORD, password) if password else monkeypatch.delenv(database.PASSWORD)
        assert "the database does not let the account in" in refusal(reader, table="t")


def test_a_database_that_is_not_on_the_server(server, at, monkeypatch):
    monkeypatch.setenv(database.PASSWORD, "Sekret-reader")
    assert "there is no database of that name" in refusal(at(server.address("reader", "none")), table="t")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"table": "dbo.Nothing"}, "database table dbo.Nothing: there is no such table that the account can see"),
        ({"table": "secret"}, "database table secret: there is no such table that the account can see"),
        ({"table": "a.b.c.d"}, "this is not the name of a table"),
        (
            {"table": "dbo.Referrals", "columns": ("ChildID", "Ward")},
            "there is no column Ward that the account can see",
        ),
        ({"table": "dbo.Referrals"}, "notes does not hold single values"),
        ({"query": "none.sql"}, "reference/sql/none.sql: there is no such query"),
    ],
)
def test_what_is_not_there_is_named(reader, asked, expected):
    assert expected in refusal(reader, **asked)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id FROM secret", "reference/sql/q.sql: the account may not read it"),
        ("SELECT id FROM nowhere", "it names a table that is not there"),
        ("SELECT ward FROM dbo.big", "it names a column that is not there"),
        ("SELECT id FROM dbo.big WHERE", "the database cannot make sense of the query"),
        ("SELECT id, id FROM dbo.big", "two of its columns have the same name"),
        ("SELECT 1/(length(filling) - 400) AS a FROM dbo.big", "the database broke off with an error"),
        ("SELECT id FROM dbo.big WHERE false", "it has no rows"),
    ],
)
def test_a_query_that_the_database_refuses(reader, query, expected):
    reader.path("reference", "sql", "q.sql").write_text(query)
    assert expected in refusal(reader, query="q.sql")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM t", "SELECT 1; DROP TABLE t", "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copy FROM t", "UPDATE t SET a = 1", "", "-- SELECT", "EXEC dbo.everything",
        "SELECT 1 /* */; /* */ SELECT 2",
    ],
)  # fmt: skip
def test_anything_but_one_select_is_refused(query):
    with pytest.raises(EvidenceError, match=r"reference/sql/q\.sql"):
        only_select(query, "reference/sql/q.sql")


def test_words_in_texts_and_names_are_no_statements():
    for query in (
        "SELECT 'delete; update' FROM t",
        'SELECT "drop" FROM [into]',
        "WITH a AS (SELECT 1) SELECT * FROM a;",
    ):
        assert only_select(query, "q.sql") == query.rstrip(";")


def test_a_server_that_drops_while_it_is_read_leaves_nothing(server, reader, monkeypatch):
    monkeypatch.setattr(database, "_ROWS_A_BATCH", 100)
    texts, killed = database.as_text, threading.Event()

    def once_it_is_going(value):
        if not killed.is_set():
            killed.set()
            server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        return texts(value)

    monkeypatch.setattr(database, "as_text", once_it_is_going)
    said = refusal(reader, table="dbo.big")
    assert killed.is_set()
    assert said.startswith("database table dbo.big: the database stopped answering while it was read. Nothing of it")


def test_a_server_that_ends_between_two_messages_says_so_in_words_alone(reader, monkeypatch):
    import sqlalchemy

    def broken_off(value):
        # So much is left of the message where the server is stopped while the next command is on its way to it.
        said = "sending query failed: terminating connection due to administrator command"
        raise sqlalchemy.exc.OperationalError("FETCH", {}, RuntimeError(said))

    def already_gone(connection):
        close(connection)
        raise sqlalchemy.exc.OperationalError("ROLLBACK", {}, RuntimeError("another command is already in progress"))

    close = sqlalchemy.Connection.close
    monkeypatch.setattr(database, "as_text", broken_off)
    monkeypatch.setattr(sqlalchemy.Connection, "close", already_gone)
    said = refusal(reader, table="dbo.big")
    assert said.startswith("database table dbo.big: the database stopped answering while it was read. Nothing of it")


# SQL Server ----------------------------------------------------------------------------------------------------------


def test_sql_server_is_asked_in_its_own_words():
    import sqlalchemy
    from sqlalchemy.dialects import mssql

    table = quoted_table("dbo", "Referral Details", ["ChildID", "Order"])
    statement = sqlalchemy.select(table.c["ChildID"], table.c["Order"]).limit(3)
    said = str(statement.compile(dialect=mssql.dialect(), compile_kwargs={"literal_binds": True}))
    name = "[dbo].[Referral Details]"
    assert said.split() == f"SELECT TOP 3 {name}.[ChildID], {name}.[Order] FROM {name}".split()


def test_the_address_of_sql_server_is_understood_as_documented(template):
    import sqlalchemy

    said = (template / "reference" / "sql" / "README.md").read_text(encoding="utf-8")
    address = re.search(r"mssql\+pyodbc://\S+?(?=[\"`\s])", said)[0]
    url = sqlalchemy.make_url(address)
    assert url.get_dialect().name == "mssql" and url.database
    arguments, _ = url.get_dialect()().create_connect_args(url)
    assert "DRIVER={ODBC Driver 18 for SQL Server}" in arguments[0] and "Trusted_Connection" in arguments[0]


@pytest.mark.parametrize("allowed", [True, False])
def test_sql_server_is_held_still_only_where_it_keeps_nobody_waiting(allowed):
    class Connection:
        """What is asked of a connection before the first table is read."""

        dialect = type("Dialect", (), {"name": "mssql"})
        options: dict = {}

        def scalar(self, statement):
            assert "snapshot_isolation_state" in str(statement)
            return int(allowed)

        def rollback(self):
            self.options = {}

        def execution_options(self, **options):
            self.options = options

    connection = Connection()
    assert database._hold_still(connection) is allowed
    assert connection.options == ({"isolation_level": "SNAPSHOT"} if allowed else {})


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("dbo.Referrals", ("dbo", "Referrals")),
        ("Referrals", ("", "Referrals")),
        ("[dbo].[My.Table]", ("dbo", "My.Table")),
        ('dbo."Referral Details"', ("dbo", "Referral Details")),
        ("dbo.Referral Details", ("dbo", "Referral Details")),
    ],
)
def test_names_of_tables(written, parts):
    assert split_name(written, "x") == parts
