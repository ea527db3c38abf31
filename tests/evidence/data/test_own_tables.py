"""A council's own tables: drafted for a person to confirm, loaded only where confirmed, checked by the catalogue."""

from __future__ import annotations

import csv
import shutil

import pandas as pd
import pytest

from evidence.data import audit, catalogue, identifying_values, load_tables
from evidence.data.auditing.in_files import tables_in_files
from evidence.data.cataloguing.catalogues import COLUMNS
from evidence.data.cataloguing.guessing import guess
from evidence.project import EvidenceError, open_project
from tests.conftest import give_access

VISITS = "Person ID,Date of birth,Home postcode,Visit date,Team,Social worker,Score,Case note\n" + "".join(
    f"{70000 + i},0{1 + i % 9}/03/2012,ZB{i % 20} 8PR,{1 + i % 28:02d}/05/2025,{'NS'[i % 2]},Worker {i},{i % 50},"
    f"Saw {i} at home\n"
    for i in range(60)
)


@pytest.fixture
def own(bake):
    """A baked project of its own tables, with one table in data/raw."""
    made = give_access(bake(data_source="own"))
    (made / "data" / "raw").mkdir(parents=True, exist_ok=True)
    (made / "data" / "raw" / "Home visits.csv").write_text(VISITS, encoding="utf-8")
    return made


def confirm(made, **treatments: str) -> None:
    path = made / "reference" / "catalogue.csv"
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    names = rows[0]
    for row in rows[1:]:
        column = row[names.index("column")]
        if row[0] == "own" and column in treatments:
            row[names.index("confirmed")] = "yes"
            row[names.index("valid_range")] = treatments[column]
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def test_nothing_is_loaded_before_it_is_confirmed(own, run_evidence):
    with pytest.raises(EvidenceError, match="nothing in it is confirmed"):
        load_tables(open_project(own), "data/raw")
    said = run_evidence(own, "data", "describe", "data/raw")
    assert said.returncode == 0, said.stderr
    assert "home_visits, Person ID: direct identifier, token" in said.stdout
    assert "write yes under `confirmed`" in said.stdout
    assert "70000" not in said.stdout and "Saw" not in said.stdout
    with pytest.raises(EvidenceError, match="nothing in it is confirmed"):
        load_tables(open_project(own), "data/raw")
    again = run_evidence(own, "data", "describe", "data/raw")
    assert "Nothing was changed" in again.stdout


def test_what_is_confirmed_is_loaded_and_checked(own, run_evidence):
    run_evidence(own, "data", "describe", "data/raw")
    confirm(own, **{"Person ID": "", "Date of birth": "", "Visit date": "", "Score": "0-40"})
    tables = load_tables(open_project(own), "data/raw")
    visits = tables["home_visits"]
    assert list(visits.columns) == ["Person ID", "Date of birth", "Visit date", "Score"]
    assert visits["Person ID"].str.fullmatch("[0-9a-f]{16}").all()
    assert visits["Date of birth"].unique().tolist() == [pd.Timestamp(2012, 3, 1)]
    assert "Team, Social worker" in tables.notes[0]
    assert tables.key == "Person ID"
    found = audit(tables).set_index("rule")["failures"]
    assert found["home_visits: Score range"] == sum(i % 50 > 40 for i in range(60))
    assert found["home_visits: twice"] == 0


def test_a_child_under_another_name_is_said_not_to_be_joined(own, run_evidence):
    (own / "data" / "raw" / "Calls.csv").write_text("person_id,Score\n70001,3\n", encoding="utf-8")
    (own / "data" / "raw" / "Teams.csv").write_text("Person ID,Score\n70001,3\n", encoding="utf-8")
    run_evidence(own, "data", "describe", "data/raw")
    confirm(own, **{"Person ID": "", "person_id": "", "Score": ""})
    with tables_in_files(open_project(own), "data/raw") as counted:
        for tables in (load_tables(open_project(own), "data/raw"), counted):
            assert tables.key == "Person ID"
            (said,) = [note for note in tables.notes if "held against" in note]
            assert said.startswith("In calls the column of the child is person_id, in other tables Person ID:")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"Remarks": "drop"}, "Row is like another in all that is loaded of it"),
        ({"Born": "month"}, "Row is like another in all that is loaded of it"),
        ({"Kind": "code"}, "Row is entered twice"),
    ],
)
def test_rows_are_called_the_same_only_where_all_of_them_was_read(own, columns, said):
    ((column, treatment),) = columns.items()
    values = {"drop": "Saw nobody,Saw a bird", "month": "01/03/2012,02/03/2012", "code": "A,A"}[treatment].split(",")
    rows = "".join(f"70001,01/02/2025,{value}\n" for value in values)
    (own / "data" / "raw" / "Home visits.csv").write_text(f"Person ID,Visit date,{column}\n{rows}", encoding="utf-8")
    treatments = {"": "", "Person ID": "token", "Visit date": "date"} | columns
    with open(own / "reference" / "catalogue.csv", "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        for name, done in treatments.items():
            role = "direct identifier" if done in ("token", "month", "drop") else "ordinary" if name else ""
            row = {"source": "own", "table": "home_visits", "column": name, "role": role, "treatment": done}
            writer.writerow(row | {"confirmed": "yes"})
    project = open_project(own)
    with tables_in_files(project, "data/raw") as counted:
        for tables in (load_tables(project, "data/raw"), counted):
            found = audit(tables).set_index("rule").loc["home_visits: twice"]
            assert (found["what"], found["failures"]) == (said, 1)


def test_the_scan_knows_what_nobody_has_confirmed(own):
    secrets = identifying_values(open_project(own), "data/raw")
    assert secrets.kind_of("70000") == "identifier"
    assert secrets.has_postcode("ZB188PR")
    assert secrets.kind_of("WORKER 7") == "name"


@pytest.mark.parametrize(
    ("column", "values", "role", "treatment"),
    [
        ("x", ["D051910639385", "L034811502612"], "direct identifier", "token"),
        ("x", ["SW1A 1AA", "LS1 4AP"], "direct identifier", "area"),
        ("x", ["a@example.org", "b@example.org"], "direct identifier", "drop"),
        ("number", ["943 476 5919", "9434765870"], "direct identifier", "token"),
        ("DOB", ["01/02/2012", "03/04/2013"], "direct identifier", "month"),
        ("Referral date", ["01/02/2012", "2013-04-03"], "ordinary", "date"),
        ("ChildID", ["1", "2"], "direct identifier", "token"),
        ("Surname", ["A", "B"], "direct identifier", "drop"),
        ("Ethnicity", ["WBRI", "WBRI"], "quasi-identifier", "code"),
        ("Religion", ["A", "B"], "sensitive", "code"),
        ("Ward", ["North", "South"], "quasi-identifier", "code"),
        ("Score", ["1", "2", "2"], "ordinary", "number"),
        ("x", [str(10_000 + 7 * i) for i in range(50)], "direct identifier", "token"),
        ("Outcome", ["open", "closed", "open"], "ordinary", "code"),
        ("Remarks", [f"long text number {i} about somebody or other" for i in range(80)], "direct identifier", "drop"),
    ],
)
def test_guesses(column, values, role, treatment):
    found = guess(column, pd.Series(values, dtype="str"))
    assert (found.role, found.treatment.split()[0]) == (role, treatment)


def test_shipped_catalogue(project):
    rows = catalogue(project)
    assert set(rows["source"]) == {"ssda903", "cin", "annex_a"}
    assert (rows["confirmed"] == "yes").all()
    assert not rows.duplicated(["source", "table", "column"]).any()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("own,a,b,identifier,token,,,,,no", '"identifier" is not a role'),
        ("own,a,b,ordinary,hash,,,,,no", '"hash" is not a treatment'),
        ("own,a,b,direct identifier,keep,,,,,yes", "cannot be loaded in clear"),
        ("own,a,b,ordinary,number,,0-inf,,,yes", "that is no range"),
        ("own,a,b,ordinary,number,,nan-5,,,yes", "that is no range"),
        ("own,a,b,ordinary,date,,2000-2024,,,yes", "valid_range: with the treatment date, values are not"),
        ("own,a,b,ordinary,code,,0-5,,,yes", "valid_range: with the treatment code, values are not"),
        ("own,a,b,ordinary,number,ssda903/header/SEX,,,,yes", "code_list: with the treatment number, values"),
    ],
)
def test_a_wrong_catalogue_is_refused(template, tmp_path, line, message):
    copy = tmp_path / "project"
    shutil.copytree(template / "reference", copy / "reference")
    (copy / "project.toml").write_text("", encoding="utf-8")
    with open(copy / "reference" / "catalogue.csv", "a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(EvidenceError, match=message) as error:
        catalogue(open_project(copy))
    assert "reference/catalogue.csv, row" in str(error.value)


def test_the_catalogue_may_say_what_comes_first_and_what_cannot_overlap(template, tmp_path):
    copy = tmp_path / "project"
    shutil.copytree(template / "reference", copy / "reference")
    (copy / "project.toml").write_text("", encoding="utf-8")
    path = copy / "reference" / "catalogue.csv"
    with open(path, "a", encoding="utf-8") as file:
        file.write("own,a,,,,,one at a time,,,yes\nown,a,Begun,ordinary,date,,,,,yes\n")
        file.write("own,a,Over,ordinary,date,,not before Begun,,,yes\n")
    assert catalogue(open_project(copy)).query("source == 'own'")["valid_range"].tolist() == [
        "one at a time", "", "not before Begun",
    ]  # fmt: skip
    path.write_text(path.read_text(encoding="utf-8").replace("not before Begun", "not before Bgun"), encoding="utf-8")
    with pytest.raises(EvidenceError, match="there is no such date to lie before"):
        catalogue(open_project(copy))
