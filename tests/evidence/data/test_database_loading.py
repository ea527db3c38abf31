"""Tables of a database through the catalogue, beside files: described, confirmed, loaded, audited, scanned for."""

from __future__ import annotations

import csv
import re
import sqlite3

import pytest

from evidence.data import DatabaseRead, audit, identifying_values, load_tables, shapes
from evidence.data.cataloguing.describing import draft_of_database
from evidence.project import EvidenceError, open_project
from evidence.results import Results
from evidence.run.fingerprints import check_unchanged
from tests.conftest import give_access

DAYS = [f"2025-0{1 + i % 9}-1{i % 10}" for i in range(60)]
REFERRALS = [(f"C{70000 + i % 40}", DAYS[i], ("E1", "E2")[i % 2], f"Name {i}", b"\x00") for i in range(60)]
COLUMNS = "ChildID TEXT, ReferredOn TEXT, Team TEXT, WorkerName TEXT, Photo BLOB"


@pytest.fixture
def own(bake):
    """A project with a table of its database, another in a file, and the database's rows drafted but not confirmed."""
    made = give_access(bake(data_source="own"))
    folder = made / "data" / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Visits.csv").write_text("ChildID,Visits\nC70001,3\nC70002,4\n", encoding="utf-8")
    with sqlite3.connect(folder / "records.db") as database:
        database.execute(f"CREATE TABLE Referrals ({COLUMNS})")
        database.executemany("INSERT INTO Referrals VALUES (?, ?, ?, ?, ?)", REFERRALS)
        database.execute("CREATE TABLE Other (a TEXT)")
    database.close()
    facts = made / "project.toml"
    text = facts.read_text(encoding="utf-8")
    facts.write_text(text.replace('address = ""', 'address = "sqlite:///data/raw/records.db"'), encoding="utf-8")
    return made


def confirm(made, *columns: str) -> None:
    path = made / "reference" / "catalogue.csv"
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    place = {name: rows[0].index(name) for name in ("source", "column", "confirmed")}
    for row in rows[1:]:
        if row[place["source"]] == "own" and row[place["column"]] in columns:
            row[place["confirmed"]] = "yes"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


@pytest.fixture
def described(own, run_evidence):
    said = run_evidence(own, "data", "describe", "database", "Referrals")
    assert said.returncode == 0, said.stderr
    assert run_evidence(own, "data", "describe", "data/raw").returncode == 0
    return own, said.stdout


def test_the_tables_are_listed_and_drafted_without_a_value(described, run_evidence):
    made, said = described
    assert "referrals, ChildID: direct identifier, token" in said
    assert "referrals, ReferredOn: ordinary, date" in said
    assert "referrals, Photo: direct identifier, drop\n    holds pictures, documents or lists" in said
    assert not re.search(r"C7\d\d|Name \d", said)
    listed = run_evidence(made, "data", "describe", "database")
    assert listed.stdout.split("\n")[:2] == ["Other", "Referrals"]
    again = run_evidence(made, "data", "describe", "database", "Referrals")
    assert "Nothing was changed" in again.stdout


def test_years_are_drafted_where_the_whole_table_was_looked_at(own, monkeypatch):
    project = open_project(own)
    assert draft_of_database(project, ["Referrals"]).iloc[0]["period"] == "2025"
    monkeypatch.setattr(shapes, "LOOKED_AT", 55)
    assert draft_of_database(project, ["Referrals"]).iloc[0]["period"] == ""


def test_a_table_for_which_the_catalogue_has_no_name_leaves_it_as_it_was(own, run_evidence):
    with sqlite3.connect(own / "data" / "raw" / "records.db") as database:
        database.execute('CREATE TABLE "Ω" AS SELECT * FROM Referrals')
    database.close()
    before = (own / "reference" / "catalogue.csv").read_bytes()
    said = run_evidence(own, "data", "describe", "database", "Ω")
    assert said.returncode == 2 and "database table Ω: the catalogue has no name for it" in said.stderr
    assert (own / "reference" / "catalogue.csv").read_bytes() == before


def test_confirmed_columns_are_loaded_beside_the_files(described):
    made, _ = described
    confirm(made, "ChildID", "ReferredOn", "Team", "Visits")
    read = []
    tables = load_tables(open_project(made), "data/raw", on_read=read.append)
    assert set(tables) == {"visits", "referrals"} and tables.key == "ChildID"
    referrals = tables["referrals"]
    assert list(referrals.columns) == ["ChildID", "ReferredOn", "Team"]
    assert referrals["ChildID"].str.fullmatch("[0-9a-f]{16}").all() and referrals["ChildID"].nunique() == 40
    assert set(tables["visits"]["ChildID"]) <= set(referrals["ChildID"]), "one child, one token, wherever it lies"
    assert sorted(referrals["ReferredOn"].dt.strftime("%Y-%m-%d")) == sorted(DAYS)
    assert tables.loaded["referrals"].file == "database table Referrals"
    assert ("referrals", "WorkerName") in tables.held and ("referrals", "WorkerName") not in tables.given
    assert (
        "The database table Referrals has columns that nobody has confirmed, left out: WorkerName, Photo."
        in tables.notes
    )
    noted = [one for one in read if isinstance(one, DatabaseRead)]
    assert [one.name for one in noted] == ["database table Referrals"] and len(noted[0].sha256) == 64
    assert set(audit(tables)["table"]) == {"visits", "referrals"}


def test_what_is_not_confirmed_is_not_read(described):
    made, _ = described
    confirm(made, "Visits")
    tables = load_tables(open_project(made), "data/raw")
    assert set(tables) == {"visits"}
    assert any("has no column that is confirmed to be read, and was not read" in note for note in tables.notes)


def test_the_leak_scan_knows_the_identifiers_that_were_read(described):
    made, _ = described
    confirm(made, "ChildID", "WorkerName")
    secrets = identifying_values(open_project(made), "data/raw")
    # 40 children and 60 workers.
    assert len(secrets) >= 100


def test_a_file_and_a_table_of_one_name_are_refused(described):
    made, _ = described
    confirm(made, "ChildID")
    (made / "data" / "raw" / "referrals.csv").write_text("ChildID\nC001\n")
    with pytest.raises(EvidenceError, match="would be the same table, referrals"):
        load_tables(open_project(made), "data/raw")


def test_a_column_that_has_gone_is_named(described):
    made, _ = described
    confirm(made, "ChildID", "Team")
    with sqlite3.connect(made / "data" / "raw" / "records.db") as database:
        database.execute("ALTER TABLE Referrals DROP COLUMN Team")
    database.close()
    with pytest.raises(EvidenceError, match="database table Referrals: there is no column Team"):
        load_tables(open_project(made), "data/raw")


def test_the_command_says_it_in_one_line_and_exits_with_2(own, run_evidence):
    facts = own / "project.toml"
    text = facts.read_text(encoding="utf-8").replace(
        "sqlite:///data/raw/records.db", "postgresql://me:Sekret@server/db"
    )
    facts.write_text(text, encoding="utf-8")
    said = run_evidence(own, "data", "describe", "database")
    assert said.returncode == 2 and "holds a password" in said.stderr
    assert "Sekret" not in said.stderr + said.stdout and "Traceback" not in said.stderr


def test_two_stages_that_read_different_contents_are_not_one_run(described, tmp_path):
    project = open_project(described[0])
    results = Results(tmp_path)
    results.note_read(3, "data", "database table Referrals", "a" * 64)
    check_unchanged(project, results, project.path("data", "raw"), {}, [3, 5])
    results.note_read(5, "data", "database table Referrals", "b" * 64)
    with pytest.raises(EvidenceError, match="database table Referrals: the database changed while the run was going"):
        check_unchanged(project, results, project.path("data", "raw"), {}, [3, 5])
