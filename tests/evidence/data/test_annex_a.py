"""Annex A: the eleven lists of an inspection, from one workbook or a CSV file a list, loaded, audited and described."""

from __future__ import annotations

import csv
import io
from datetime import date

import pandas as pd
import pytest

from evidence.data import audit, catalogue, identifying_values, load_tables, quality_decision
from evidence.data.sources.annex_a import LISTS, list_of
from evidence.project import EvidenceError
from tests.conftest import give_access
from tests.evidence.data.workbooks import write_workbook


@pytest.fixture
def columns(project) -> dict[str, list[str]]:
    """Each list's columns, as the catalogue has them."""
    rows = catalogue(project)
    rows = rows[(rows["source"] == "annex_a") & (rows["column"] != "")]
    return {name: list(rows.loc[rows["table"] == name, "column"]) for name in LISTS}


def cell(name: str, column: str, row: int) -> object:
    """A plain value for a column of a list."""
    if column == "Date of Birth":
        return date(2012, 3, 1 + row)
    if "date" in column.lower().split() or column.startswith("Date"):
        return date(2025, 4, 1 + row)
    if column.startswith(("Number of", "No. of", "Age of")):
        return 3 + row
    fixed = {
        "Child Unique ID": f"CH{10000 + row}",
        "Individual adopter identifier": f"AD{20000 + row}",
        "Family identifier": f"FA{30000 + row}",
        "Gender": "MF"[row % 2],
        "Placement postcode": f"ZB{row} 8PR",
        "URN of Placement": f"SC40000{row}",
        "Allocated Worker": f"Worker {row}",
        "Allocated Personal Advisor": f"Adviser {row}",
    }
    return fixed.get(column, "a) Yes" if column.endswith("?") else f"code {row % 2}")


def lists(columns: dict[str, list[str]], rows: int = 4) -> dict[str, list[list]]:
    """A sheet a list, with its title above the column names."""
    return {
        f"List {number}": [
            [f"List {number}"],
            columns[name],
            *[[cell(name, column, row) for column in columns[name]] for row in range(rows)],
        ]
        for number, name in enumerate(LISTS, start=1)
    }


@pytest.fixture
def workbook(columns, tmp_path):
    """`workbook(change)` writes an Annex A workbook; `change(sheets)` may alter what is written."""

    def write(change=lambda sheets: None):
        (tmp_path / "raw").mkdir(exist_ok=True)
        sheets = lists(columns)
        change(sheets)
        return write_workbook(tmp_path / "raw" / "Annex A.xlsx", sheets)

    return write


def test_every_column_has_a_role_and_none_that_identifies_is_in_clear(project):
    rows = catalogue(project)
    rows = rows[(rows["source"] == "annex_a") & (rows["column"] != "")]
    assert rows.groupby("table").size().to_dict() == {
        "contacts": 7, "early_help": 8, "referrals": 11, "assessments": 12, "section47": 14, "children_in_need": 14,
        "protection_plans": 17, "looked_after": 34, "care_leavers": 17, "adoption": 16, "adopters": 19,
    }  # fmt: skip
    direct = rows[rows["role"] == "direct identifier"]
    assert set(direct["treatment"]) == {"token", "month", "area", "drop"}
    assert (rows.loc[rows["column"].str.contains("Ethnic|Disab"), "special_category"] == "yes").all()


def test_the_workbook_is_loaded_and_audited(project_of, workbook):
    tables = load_tables(project_of("annex_a"), workbook().parent)
    assert list(tables) == list(LISTS)
    assert {len(frame) for frame in tables.values()} == {4}
    care = tables["looked_after"]
    assert care["Date of Birth"].unique().tolist() == [pd.Timestamp(2012, 3, 1)]
    assert care["Date Started to be Looked After"].iloc[1] == pd.Timestamp(2025, 4, 2)
    assert care["Number of Placements in the Last 12 months"].tolist() == [3, 4, 5, 6]
    assert care["Placement postcode"].unique().tolist() == ["ZB"]
    assert "Allocated Worker" not in care
    # A child, and a family, has the same token on every list.
    assert care["Child Unique ID"].tolist() == tables["contacts"]["Child Unique ID"].tolist()
    assert tables["adoption"]["Family identifier"].tolist() == tables["adopters"]["Family identifier"].tolist()
    assert tables.children == 4 and tables.key == "Child Unique ID"
    found = audit(tables)
    assert len(found) > 100 and found["failures"].sum() == 0
    assert quality_decision(project_of("annex_a"), tables)["met"] in (True, False)


def test_faults_are_found(project_of, workbook):
    def faults(sheets):
        referrals = sheets["List 3"]
        at = referrals[1].index
        referrals[2][at("Date of referral")] = "31/02/2025"
        referrals[3][at("Referral Source")] = None
        referrals[4][at("Age of Child (Years)")] = 205
        referrals.append(referrals[5])

    found = audit(load_tables(project_of("annex_a"), workbook(faults))).set_index("rule")["failures"]
    assert found[found > 0].to_dict() == {
        "referrals: twice": 1,
        "referrals: Date of referral shape": 1,
        "referrals: Referral Source missing": 1,
        "referrals: Age of Child (Years) range": 1,
    }


def test_a_csv_file_a_list_gives_the_same(project_of, columns, tmp_path, workbook):
    folder = tmp_path / "csv"
    folder.mkdir()
    for sheet, (_, *rows) in lists(columns).items():
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        (folder / f"Annex_A_{sheet.replace(' ', '_')}.csv").write_text(text.getvalue(), encoding="utf-8")
    from_files = load_tables(project_of("annex_a"), folder)
    from_workbook = load_tables(project_of("annex_a"), workbook())
    for name in LISTS:
        assert from_files[name].equals(from_workbook[name]), name


def test_lists_that_are_empty_missing_or_more_are_noted(project_of, workbook):
    def change(sheets):
        del sheets["List 11"], sheets["List 10"][2:]
        sheets["Guidance"] = [["Read me"]]
        sheets["List 1"][1].append("Shoe size")
        sheets["List 2"][1][-1] = "Something else"

    tables = load_tables(project_of("annex_a"), workbook(change))
    assert "adopters" not in tables and "adoption" not in tables
    said = "\n".join(tables.notes)
    assert "Annex A.xlsx, sheet List 10 has no rows: nobody is on this list." in said
    assert "Lists of Annex A that are not there: 11." in said
    assert "Not one of the lists of Annex A, not read: Guidance." in said
    assert "sheet List 1 has columns that list 1 does not know, left out: Shoe size." in said
    assert "sheet List 2 lacks columns of list 2, taken as empty: Organisation completing assessment." in said


def test_the_scan_knows_its_identifiers(project_of, workbook):
    secrets = identifying_values(project_of("annex_a"), workbook().parent)
    assert secrets.kind_of("CH10001") and secrets.kind_of("AD20002") and secrets.kind_of("FA30000")
    assert secrets.kind_of("WORKER 1") == "name"
    assert secrets.has_postcode("ZB18PR") and secrets.has_birth(date(2012, 3, 2))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("List 1", "contacts"),
        ("list_11", "adopters"),
        ("Annex A 2026-03 List 8 CLA", "looked_after"),
        ("6", "children_in_need"),
        ("9 - Care leavers", "care_leavers"),
        ("Care Leavers", "care_leavers"),
        ("Sheet1", None),
        ("List 12", None),
        ("Annex A 2026", None),
    ],
)
def test_how_a_list_is_known(name, meant):
    assert list_of(name) == meant


def swapped(sheets):
    sheets["List 6"] = sheets["List 8"]


def named_otherwise(sheets):
    for number, sheet in enumerate(list(sheets)):
        sheets[f"Data {'abcdefghijk'[number]}"] = sheets.pop(sheet)


def twice(sheets):
    sheets["6 again"] = sheets["List 6"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swapped, "sheet List 6: the columns are not those of list 6"),
        (named_otherwise, "none of the lists of Annex A was found. There is: Data a, Data b"),
        (twice, "sheet List 6 and Annex A.xlsx, sheet 6 again are both list 6"),
    ],
)
def test_what_is_no_annex_a_is_refused(project_of, workbook, change, message):
    with pytest.raises(EvidenceError) as error:
        load_tables(project_of("annex_a"), workbook(change))
    assert message in str(error.value)


def test_several_workbooks_are_refused(project_of, workbook):
    folder = workbook().parent
    (folder / "Annex A (2).xlsx").write_bytes((folder / "Annex A.xlsx").read_bytes())
    with pytest.raises(EvidenceError, match="one workbook is needed, or a CSV file a list"):
        load_tables(project_of("annex_a"), folder)


@pytest.mark.slow
def test_a_project_of_annex_a_runs_as_far_as_stage_4(bake, run_evidence, workbook):
    project = give_access(bake(data_source="annex_a", council="886"))
    (project / "data" / "raw" / "Annex A.xlsx").write_bytes(workbook().read_bytes())
    described = run_evidence(project, "data", "describe", "data/raw")
    assert described.returncode == 0 and "Every column is in reference/catalogue.csv already" in described.stdout
    audited = run_evidence(project, "data", "audit", "data/raw")
    assert audited.returncode in (0, 1) and "rules checked, 0 with failures" in audited.stdout, audited.stderr
    done = run_evidence(project, "run", "own", "--stages", "1-4")
    assert done.returncode == 0, done.stderr
    sizes = (project / "packs" / "own" / "tables" / "03_profile.csv").read_text(encoding="utf-8")
    assert all(name in sizes for name in LISTS)
