"""Own tables in workbooks and Parquet files: each a table, under one loader, and seen by the leak scan."""

from __future__ import annotations

import csv
import datetime

import pandas as pd
import pytest

from evidence.data import audit, identifying_values, load_tables
from evidence.data.cataloguing.describing import add_to_catalogue, draft
from evidence.project import EvidenceError, open_project
from tests.conftest import give_access
from tests.evidence.data.workbooks import write_workbook

REFERRALS = [
    ["Referrals to 31 March 2026"],
    [],
    ["Person ID", "Date of birth", "Referred", "Postcode", "Score"],
    *[[f"C{70000 + i}", datetime.date(2012, 3, 1 + i), 45000 + i, f"ZB{i} 8PR", i] for i in range(9)],
]
PLANS = [["Person ID", "Plan began"], *[[f"C{70000 + i}", datetime.date(2025, 5, 1 + i)] for i in range(5)]]


@pytest.fixture(scope="module")
def kept(bake_to_keep):
    return bake_to_keep(data_source="own")


@pytest.fixture
def own(kept, tmp_path):
    """A project of own tables: a copy of its catalogue, and a data folder beside it."""
    import shutil

    project = tmp_path / "project"
    shutil.copytree(kept / "reference", project / "reference")
    shutil.copy(kept / "project.toml", project)
    (project / "data" / "raw").mkdir(parents=True)
    return give_access(project)


def told(made, **places: str) -> None:
    """Adds data-set rows to the catalogue that say where these tables lie."""
    path = made / "reference" / "catalogue.csv"
    text = path.read_text(encoding="utf-8")
    names = next(csv.reader([text.split("\n", 1)[0]]))
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        for table, place in places.items():
            writer.writerow({"source": "own", "table": table, "confirmed": "yes", "found_in": place})


def confirmed(made) -> None:
    """Drafts the catalogue for data/raw and says yes to every column, dates to what is called a date."""
    project = open_project(made)
    rows = draft(project, "data/raw")
    rows.loc[rows["column"] != "", "confirmed"] = "yes"
    rows.loc[rows["column"].isin(["Referred", "Plan began"]), ["role", "treatment"]] = ["ordinary", "date"]
    add_to_catalogue(project, rows)


def test_each_sheet_and_file_is_a_table(own):
    raw = own / "data" / "raw"
    about = [["Extract"], ["Made by the team"]]
    write_workbook(raw / "Extract.xlsx", {"Referrals": REFERRALS, "CP plans": PLANS, "About": about})
    write_workbook(raw / "Visits.xlsx", {"Sheet1": PLANS, "Workings": PLANS}, hidden=("Workings",))
    pd.DataFrame({"Person ID": ["C70000"], "Met": pd.to_datetime(["2025-06-07"])}).to_parquet(raw / "Meetings.parquet")
    (raw / "notes.csv").write_text("Person ID,Team\nC70000,North\n", encoding="utf-8")
    (raw / "~$Extract.xlsx").write_bytes(b"a lock that Excel left")
    confirmed(own)
    tables = load_tables(open_project(own), "data/raw")
    assert set(tables) == {"extract_referrals", "extract_cp_plans", "visits", "meetings", "notes"}
    referrals = tables["extract_referrals"]
    assert referrals["Referred"].tolist() == [pd.Timestamp(2023, 3, 15) + pd.Timedelta(days=i) for i in range(9)]
    assert tables.loaded["extract_referrals"].lines.tolist() == list(range(4, 13))
    assert referrals["Postcode"].unique().tolist() == ["ZB"]
    assert tables.key == "Person ID"
    # The same child has the same token, whatever kind of file the row is from.
    assert tables["meetings"]["Person ID"].tolist() == [referrals["Person ID"].iloc[0]]
    said = "\n".join(tables.notes)
    assert "Extract.xlsx has sheets without a table, not read: About." in said
    assert "Visits.xlsx has hidden sheets, not read: Workings." in said
    assert "Referred (9)" in said and "the column names are in row 3" in said
    assert audit(tables).set_index("rule").loc["extract_referrals: Referred shape", "failures"] == 0


def test_the_catalogue_tells_where_a_table_lies(own):
    raw = own / "data" / "raw"
    write_workbook(raw / "Extract 17.xlsx", {"Data (2)": [["x", "y"], ["1", "2"], *REFERRALS[2:]], "Plans": PLANS})
    told(own, referrals="Extract 17.xlsx, sheet data (2), header on row 3")
    confirmed(own)
    tables = load_tables(open_project(own), "data/raw")
    assert set(tables) == {"referrals", "extract_17_plans"}
    assert len(tables["referrals"]) == 9


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("gone.xlsx, sheet Referrals", "data/raw/gone.xlsx: there is no such file, and the catalogue says"),
        ("extract.xlsx, sheet Visits", "data/raw/extract.xlsx: there is no sheet Visits"),
        ("extract.xlsx", "does not say where the table lies"),
    ],
)
def test_a_place_that_is_not_there_is_said(own, place, message):
    write_workbook(own / "data" / "raw" / "extract.xlsx", {"Referrals": REFERRALS})
    told(own, referrals=place)
    with pytest.raises(EvidenceError) as error:
        load_tables(open_project(own), "data/raw")
    assert message in str(error.value)


def test_the_scan_sees_what_is_in_workbooks_and_parquet(own):
    raw = own / "data" / "raw"
    write_workbook(raw / "extract.xlsx", {"Referrals": REFERRALS})
    born = [datetime.date(2011, 2, day) for day in range(1, 4)]
    pd.DataFrame({"NHS number": ["999 000 0018", "9990000026", "9990000034"], "DOB": born}).to_parquet(
        raw / "a.parquet"
    )
    secrets = identifying_values(open_project(own), "data/raw")
    assert secrets.kind_of("C70000") == "identifier"
    assert secrets.has_postcode("ZB18PR")
    assert secrets.has_birth(datetime.date(2012, 3, 4)) and secrets.has_birth(datetime.date(2011, 2, 3))
    assert secrets.kind_of("9990000026") == "identifier"


def test_what_is_noticed_while_reading_is_said_when_the_tables_are_described(own):
    sheets = {"Referrals": REFERRALS, "Workings": PLANS}
    write_workbook(own / "data" / "raw" / "extract.xlsx", sheets, hidden=("Workings",))
    assert draft(open_project(own), "data/raw").attrs["notes"] == [
        "extract.xlsx has hidden sheets, not read: Workings.",
        "extract.xlsx, sheet Referrals: the column names are in row 3; rows left out: 2 above.",
    ]
