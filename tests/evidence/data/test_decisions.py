"""Today's decisions come in without names, under the tokens of the data, or are refused with their line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evidence.data import identifying_values, load_decisions, load_tables
from evidence.project import EvidenceError, open_project


@pytest.fixture
def project(tmp_path: Path, sample_project: Path, monkeypatch):
    monkeypatch.setenv("EVIDENCE_KEY_FOLDER", str(tmp_path / "keys"))
    return open_project(shutil.copytree(sample_project, tmp_path / "project"))


def write(project, text: str) -> None:
    project.path("data", "sample", "parallel_run.csv").write_text(text, encoding="utf-8")


def test_the_shipped_decisions_are_about_children_of_the_shipped_data(project):
    decisions = load_decisions(project, "data/sample")
    tables = load_tables(project, "data/sample")
    assert len(decisions) > 500
    assert decisions["child"].isin(tables["header"]["CHILD"]).mean() > 0.98
    assert decisions["decision"].dtype == bool
    assert decisions["date"].between("2026-04-01", "2026-04-28").all()


def test_the_file_is_no_table_of_the_data_and_every_reading_of_it_is_noted(project):
    read = []
    load_decisions(project, "data/sample", on_read=read.append)
    assert [path.name for path in read] == ["parallel_run.csv"]
    assert "parallel_run" not in load_tables(project, "data/sample")
    assert not any("parallel_run" in note for note in load_tables(project, "data/sample").notes)


@pytest.mark.parametrize("written", ["yes", "Yes", "Y", "1", "TRUE"])
def test_yes_is_understood_as_people_write_it(project, written):
    write(project, f"child,Date,Decision\nZZ1,03/04/2026,{written}\nZZ2,2026-04-04,no\n")
    decisions = load_decisions(project, "data/sample")
    assert decisions["decision"].tolist() == [True, False]
    assert decisions["date"].dt.day.tolist() == [3, 4]
    assert not decisions["child"].isin(["ZZ1", "ZZ2"]).any()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CHILD,date\nZZ1,03/04/2026\n", r"line 1: there is no column called decision"),
        ("date,decision\n03/04/2026,yes\n", r"line 1: it must have one column with the child's identifier"),
        ("CHILD,date,decision,NAME\nZZ1,03/04/2026,yes,Sam\n", r"line 1: it has more than .* NAME"),
        ("CHILD,date,decision\nZZ1,03/04/2026,yes\nZZ2,31/04/2026,no\n", r"line 3: 1 of its lines have no date"),
        ("CHILD,date,decision\nZZ1,03/04/2026,perhaps\n", r"line 2: 1 of its lines have no decision"),
        ("CHILD,date,decision\n,03/04/2026,yes\n", r"line 2: 1 of its lines have no CHILD"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line_and_without_its_content(project, text, said):
    write(project, text)
    with pytest.raises(EvidenceError, match=said) as caught:
        load_decisions(project, "data/sample")
    assert "Sam" not in str(caught.value)
    assert "perhaps" not in str(caught.value)


def test_without_a_file_there_are_no_decisions(project):
    project.path("data", "sample", "parallel_run.csv").unlink()
    assert load_decisions(project, "data/sample").empty


def test_the_leak_scan_looks_for_children_who_are_in_that_file_alone(project):
    before = len(identifying_values(project, "data/sample"))
    write(project, "CHILD,date,decision\nQQ99887766,03/04/2026,yes\n")
    assert len(identifying_values(project, "data/sample")) == before + 1
