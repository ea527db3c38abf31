"""Own tables counted where they lie: every figure as it is in memory, however untidy the texts."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from evidence.data import (
    activity,
    audit,
    children_by_group,
    conformance,
    failing_rows,
    filled_by_group,
    key_integrity,
    last_year_end,
    load_tables,
    missing,
    profile,
    tables_for_audit,
    tables_in_files,
    write_positions,
)
from evidence.data.auditing import in_files
from evidence.data.auditing.in_files import _SLOW
from evidence.data.cataloguing.catalogues import COLUMNS
from evidence.data.sources import copying, csv_stream
from evidence.project import EvidenceError, open_project
from tests.conftest import give_access

TREATMENTS = {
    "people": {"Person": "token person", "Sex": "code", "DOB": "month", "Ethnicity": "code"},
    "stays": {
        "Person": "token person",
        "UPN": "token upn",
        "Start": "date",
        "End": "date",
        "Postcode": "area",
        "Score": "number",
        "Sex": "code",
        "Kind": "code",
    },
}
SEX = ("ssda903/header/SEX", "")
SAID = {
    ("stays", ""): ("", "one at a time"),
    ("stays", "Score"): ("", "0-40"),
    ("stays", "Sex"): SEX,
    ("people", "Sex"): SEX,
}
FIGURES = (
    missing, conformance, audit, filled_by_group, failing_rows, key_integrity, activity, children_by_group,
)  # fmt: skip
IDENTIFYING = ("token", "month", "area")


def confirm(project, yes, which=lambda row: True) -> None:
    """Writes yes or no under `confirmed` in the rows of own tables."""
    path = project.path("reference", "catalogue.csv")
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["source"] == "own" and which(row):
            row["confirmed"] = yes
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def own_project(made):
    """Adds to a project of own tables what its people would have confirmed."""
    with open(made / "reference" / "catalogue.csv", "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        for table, treatments in TREATMENTS.items():
            for column, treatment in {"": ""}.items() | treatments.items():
                code_list, valid_range = SAID.get((table, column), ("", ""))
                role = "direct identifier" if treatment.split(" ")[0] in IDENTIFYING else "ordinary"
                writer.writerow(
                    {
                        "source": "own", "table": table, "column": column, "role": role if column else "",
                        "treatment": treatment, "code_list": code_list, "valid_range": valid_range, "confirmed": "yes",
                        "required": "yes" if column in ("Person", "Start", "Sex", "DOB") else "",
                    }
                )  # fmt: skip
    return made


def untidy(rows: int = 400) -> dict[str, pd.DataFrame]:
    """Two tables of texts with gaps, blanks, impossible dates, repeated rows and people nobody lists."""
    rng = np.random.default_rng(7)

    def some(*values: str) -> np.ndarray:
        return rng.choice(np.array(values, dtype=object), rows)

    days = [f"{rng.integers(1, 33):02d}/0{rng.integers(1, 4)}/2024" for _ in range(rows)]
    stays = pd.DataFrame(
        {
            # Some programs write identifiers in small letters.
            "Person": [f"{'P' if i % 7 else 'p'}{i:04d}" if i % 50 else "" for i in rng.integers(1, 130, rows)],
            "UPN": some("A051910639385", "UN1", "", "123", " B051910639386 "),
            "Start": days,
            "End": some("2024-05-01", "2024-05-01 00:00:00", "1/6/2024", "31/02/2024", "", " 01/07/2023", "45678"),
            "Postcode": some("SW1A 1AA", "sw1a1aa", "SW1A", "", "LS1 4AP "),
            "Score": some("0", "12", "1,200", "41", "forty", "", " 7 ", "3.5", "1e3"),
            "Sex": some("M", "f", "1", "2.0", "X", "", " M"),
            "Kind": some("a", "A", "b ", "", "1.0"),
        }
    )
    stays = pd.concat([stays, stays.iloc[[3, 9, 9]]], ignore_index=True)
    people = pd.DataFrame(
        {
            "Person": [f"P{i:04d}" for i in range(120)],
            "Sex": [("M", "F", "", "U")[i % 4] for i in range(120)],
            "DOB": [f"{1 + i % 28:02d}/0{1 + i % 9}/{2005 + i % 18}" for i in range(120)],
            "Ethnicity": [("WBRI", "BAFR", "", "MOTH")[i % 4] for i in range(120)],
        }
    )
    return {"people": people, "stays": stays}


@pytest.fixture(params=["csv", "parquet"])
def places(bake, request):
    """A project of own tables, once as CSV and once as Parquet files."""
    made = own_project(give_access(bake(data_source="own")))
    for name, frame in untidy().items():
        if request.param == "csv":
            frame.to_csv(made / "data" / "raw" / f"{name}.csv", index=False)
        else:
            frame.replace("", None).to_parquet(made / "data" / "raw" / f"{name}.parquet")
    return open_project(made)


def test_every_figure_is_that_of_the_loaded_tables(places):
    loaded = load_tables(places, "data/raw")
    with tables_in_files(places, "data/raw") as there:
        assert all(frame.empty for frame in there.values())
        assert last_year_end(there) == last_year_end(loaded)
        for count in FIGURES:
            here, now = count(loaded), count(there)
            pd.testing.assert_frame_equal(now, here, check_dtype=False)
            assert len(here)
        pd.testing.assert_frame_equal(profile(there), profile(loaded))
        found = audit(there).set_index("rule")["failures"]
    for rule in ("stays: twice", "stays: overlap", "stays: UPN shape", "stays: Person orphan", "stays: Score range"):
        assert found[rule] > 0, rule


@pytest.mark.parametrize("at_hand", [0, 4000, 1 << 20], ids=["in a file", "in a file at last", "at hand"])
@pytest.mark.parametrize("most", [0, 3, 100_000])
def test_counting_texts_and_counting_rows_find_the_same(bake, monkeypatch, most, at_hand):
    monkeypatch.setattr(in_files, "_AT_HAND", at_hand)
    monkeypatch.setattr(csv_stream, "PIECE_OF_ROWS", 2000)
    monkeypatch.setattr(copying, "_TOGETHER", 4000)
    monkeypatch.setattr(copying, "_GROUP", 4000)
    monkeypatch.setattr(copying, "_FEW", 1000)
    monkeypatch.setattr(copying, "_MOST_DIFFERENT", most)
    made = own_project(give_access(bake(data_source="own")))
    for name, frame in untidy().items():
        frame.to_csv(made / "data" / "raw" / f"{name}.csv", index=False)
    project = open_project(made)
    loaded = load_tables(project, "data/raw")
    with tables_in_files(project, "data/raw") as there:
        few = {name: set(table.different) for name, table in there.large.items()}
        assert {"stays", "people"} == set(few) and ("Postcode" in few["stays"]) == (most == 100_000)
        assert (there.large["stays"].at_hand is not None) == (at_hand == 1 << 20)
        for count in FIGURES:
            pd.testing.assert_frame_equal(count(there), count(loaded), check_dtype=False)


def test_the_key_is_that_of_the_tables_that_are_there(bake):
    made = own_project(give_access(bake(data_source="own")))
    with open(made / "reference" / "catalogue.csv", "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        for column, treatment in {"": "", "Case": "token", "Ref": "token child", "Day": "date"}.items():
            said = {"source": "own", "table": "visits", "column": column, "treatment": treatment, "confirmed": "yes"}
            writer.writerow(said | {"role": "direct identifier" if "token" in treatment else "ordinary"})
    visits = pd.DataFrame({"Case": range(90), "Ref": [f"V{i % 30}" for i in range(90)], "Day": "2024-05-01"})
    visits.to_csv(made / "data" / "raw" / "visits.csv", index=False)
    project = open_project(made)
    with tables_in_files(project, "data/raw") as there:
        assert profile(there)["children"].tolist() == [30]
    assert load_tables(project, "data/raw").children == 30


def test_a_file_that_changes_between_two_readings_is_refused(bake):
    made = own_project(give_access(bake(data_source="own")))
    path = made / "data" / "raw" / "stays.csv"
    untidy()["stays"].to_csv(path, index=False)
    project = open_project(made)
    with tables_in_files(project, "data/raw") as there:
        assert "Score" not in there.large["stays"].by_row and missing(there)["missing"].sum()
        path.write_text(path.read_text() + "P0001,,,,,,,\n")
        with pytest.raises(EvidenceError, match="data/raw/stays.csv: the file was changed while it was being read"):
            failing_rows(there)


def test_numbers_and_dates_of_a_parquet_file_count_as_their_texts_do(bake):
    made = own_project(give_access(bake(data_source="own")))
    stays = untidy()["stays"].iloc[:300].assign(
        Score=np.where(np.arange(300) % 7, np.arange(300) % 50, np.nan),
        Start=pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(300), unit="D"),
        End=pd.to_datetime(["1890-01-01", "2024-03-01 10:30", *["2025-03-01"] * 8] * 30, format="ISO8601"),
    )  # fmt: skip
    stays.to_parquet(made / "data" / "raw" / "stays.parquet")
    project = open_project(made)
    loaded = load_tables(project, "data/raw")
    with tables_in_files(project, "data/raw") as there:
        for count in (missing, conformance, audit):
            pd.testing.assert_frame_equal(count(there), count(loaded), check_dtype=False)
        assert audit(there).set_index("rule")["failures"]["stays: End shape"] == 30


def test_positions_are_written_for_this_user_alone(places):
    with tables_in_files(places, "data/raw") as there:
        path = write_positions(places, there)
        written = pd.read_csv(path)
        pd.testing.assert_frame_equal(written, failing_rows(there), check_dtype=False)
    assert path.stat().st_mode & 0o077 == 0


def test_large_own_tables_stay_in_their_files(places, monkeypatch):
    monkeypatch.setattr("evidence.data.auditing.in_files._SLOW", 1)
    with tables_for_audit(places, "data/raw") as there:
        assert there["stays"].empty and audit(there)["checked"].max() == 403
    monkeypatch.setattr("evidence.data.auditing.in_files._SLOW", _SLOW)
    with tables_for_audit(places, "data/raw") as there:
        assert len(there["stays"]) == 403


def test_the_return_before_lies_in_the_folder_earlier(bake):
    made = own_project(give_access(bake(data_source="own")))
    (made / "data" / "raw" / "earlier").mkdir()
    people = untidy()["people"]
    people.to_csv(made / "data" / "raw" / "people.csv", index=False)
    people.assign(Sex=["F", *people["Sex"][1:]]).to_csv(made / "data" / "raw" / "earlier" / "people.csv", index=False)
    project = open_project(made)
    with tables_for_audit(project, "data/raw") as loaded, tables_in_files(project, "data/raw") as there:
        for tables in (loaded, there):
            found = audit(tables).set_index("rule")["failures"]
            changed = [f"people: {column} changed" for column in ("Sex", "DOB", "Ethnicity")]
            assert found[changed].tolist() == [1, 0, 0]


def test_what_nobody_has_confirmed_is_said_as_it_is_in_memory(places):
    confirm(places, "no", lambda row: row["table"] == "people" or row["column"] == "Kind")
    left_out = [note for note in load_tables(places, "data/raw").notes if "nobody has confirmed" in note]
    with tables_in_files(places, "data/raw") as there:
        assert [note for note in there.notes if "nobody has confirmed" in note] == left_out
        counted = [note.split()[0] for note in there.notes if "counted where it lies" in note]
        assert counted == [there.loaded["stays"].file]
    assert len(left_out) == 2


def test_what_is_confirmed_and_not_there_is_said(places):
    folder = places.path("data", "raw")
    (stays,) = folder.glob("stays.*")
    read, write = (pd.read_csv, "to_csv") if stays.suffix == ".csv" else (pd.read_parquet, "to_parquet")
    getattr(read(stays).drop(columns="Score"), write)(stays, index=False)
    next(folder.glob("people.*")).unlink()
    said = f"{stays.name} lacks columns that the catalogue confirms, taken as empty: Score."
    with tables_in_files(places, "data/raw") as there:
        for tables in (load_tables(places, "data/raw"), there):
            assert {said, "The catalogue confirms tables that are not there: people."} <= set(tables.notes)


def test_files_in_other_forms_and_folders_are_said_to_be_left_out(places):
    folder = places.path("data", "raw")
    (folder / "visits.tsv").write_text("Person\tSex\nP0001\tF\n", encoding="utf-8")
    (folder / "2023").mkdir()
    with tables_in_files(places, "data/raw") as there:
        for tables in (load_tables(places, "data/raw"), there):
            assert (
                "Not read, as only CSV, Parquet and Excel files in the folder itself are: 2023, visits.tsv."
                in tables.notes
            )


def test_nothing_confirmed_is_refused_as_it_is_in_memory(places):
    confirm(places, "no")
    with pytest.raises(EvidenceError) as loaded:
        load_tables(places, "data/raw")
    with pytest.raises(EvidenceError) as counted, tables_in_files(places, "data/raw"):
        pass
    assert str(counted.value) == str(loaded.value)
    assert "nothing in it is confirmed" in str(counted.value)
