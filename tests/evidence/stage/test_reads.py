"""Every file that a stage's page rests on is in the record of what the stage read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from evidence.project import EvidenceError, open_project, sha256_of_file
from evidence.results import Results
from evidence.run import execute, run_folder
from evidence.run.fingerprints import check_unchanged
from evidence.run.progress import Progress
from evidence.stage import Stage
from evidence.stage import stage as stage_room

PARAMETERS = {"as_of": "2026-04-30", "data_folder": "data/sample", "year_end": "2026-03-31"}


@pytest.fixture
def project(sample_project: Path, tmp_path: Path):
    """A project of one's own, to write in."""
    folder = tmp_path / "project"
    shutil.copytree(sample_project, folder)
    return open_project(folder)


@pytest.fixture
def open_at(project, tmp_path, monkeypatch):
    """`open_at(4)` is stage 4 as a run opens it, showing nothing."""
    monkeypatch.setenv("EVIDENCE_RUN_FOLDER", str(tmp_path / "run"))
    monkeypatch.setattr(stage_room, "show_html", lambda *_: None)
    monkeypatch.setattr(stage_room, "update_html", lambda *_: None)
    return lambda number: Stage(project, project.stage(number), project.check_parameters(PARAMETERS, "the test"))


def page(stage: Stage) -> dict[tuple[str, str], str]:
    """Shows what every page shows of the workbook; returns what was noted: (kind, name) to digest."""
    stage.begin()
    stage.guidance()
    stage.answers()
    stage.gate()
    return {(entry["kind"], entry["name"]): entry["sha256"] for entry in stage.results.reads(stage.number)}


@pytest.mark.parametrize("number", range(1, 11))
def test_all_that_a_page_shows_of_the_workbook_is_noted_with_its_digest(open_at, project, number):
    stage = open_at(number)
    read = page(stage)
    book = stage.workbook
    shown = {info.file for info in book.reference.questions.values() if info.stage == number}
    shown |= {register.where for register in book.registers(number)}
    shown |= {document.where for document in book.documents(number)}
    assert shown
    for name in shown:
        assert read["workbook", name] == sha256_of_file(project.path(name))
    for name in ("guidance.csv", "questions.csv", "documents.csv", "registers/registers.csv", "registers/columns.csv"):
        assert read["reference", f"reference/{name}"] == sha256_of_file(project.path("reference", *name.split("/")))
    assert read["reference", "project.toml"] == sha256_of_file(project.path("project.toml"))


def test_what_a_cell_opens_before_it_shows_or_records_something_is_noted(open_at, project):
    stage = open_at(7)
    stage.begin()
    rows = stage.workbook.register("user_survey").complete_rows
    stage.record("rows", len(rows))
    stage.say(project.path("tests", "edge_cases.csv").read_text(encoding="utf-8")[:20])
    read = {(entry["kind"], entry["name"]): entry["sha256"] for entry in stage.results.reads(7)}
    name = "workbook/07_testing/user_survey.csv"
    assert read["workbook", name] == sha256_of_file(project.path(name))
    assert read["file", "tests/edge_cases.csv"] == sha256_of_file(project.path("tests", "edge_cases.csv"))


def test_what_lies_beside_the_tool_and_what_arrow_opens_is_noted_as_a_file(open_at, project):
    model = next(project.path("src").glob("*/tool.py")).with_name("model.json")
    model.write_text('{"weight": 1}')
    for name in ("look", "feather"):
        frame = pd.DataFrame({"weight": [1]})
        path = project.path("reference", name)
        frame.to_parquet(path) if name == "look" else frame.to_feather(path)
    stage = open_at(6)
    stage.begin()
    model.read_text()
    pd.read_parquet(project.path("reference", "look"))
    pd.read_feather(str(project.path("reference", "feather")))
    stage.record("rows", 1)
    read = {(entry["kind"], entry["name"]): entry["sha256"] for entry in stage.results.reads(6)}
    assert read["file", project.relative(model)] == sha256_of_file(model)
    for name in ("look", "feather"):
        assert read["reference", f"reference/{name}"] == sha256_of_file(project.path("reference", name))


def test_a_page_depends_on_no_stage_that_could_run_after_it(open_at):
    results = Results(open_at(4).results.folder)
    results.record(3, "audit", 1)
    results.record(7, "metrics_by_group", 1)
    read = page(open_at(4))
    assert read["result", "3/audit"] == results.digest(3, "audit")
    # What was looked for and not there is noted too: when it appears, the page is no longer true.
    assert read["result", "3/profile"] == ""
    assert not [name for kind, name in read if kind == "result" and name.startswith("7/")]


@pytest.mark.parametrize("what", ["changed", "gone", "new", "read twice"])
def test_an_answer_that_is_no_longer_what_was_read_is_named(project, tmp_path, what):
    name = "workbook/risks.csv"
    path = project.path(name)
    results = Results(tmp_path / "run")
    results.note_read(4, "workbook", name, "" if what == "new" else sha256_of_file(path))
    if what == "changed":
        path.write_text(path.read_text() + "R9,,,\n")
    elif what == "gone":
        path.unlink()
    elif what == "read twice":
        results.note_read(4, "workbook", name, "0" * 64)
    with pytest.raises(EvidenceError, match=r"workbook/risks\.csv: the file changed while the run was going"):
        check_unchanged(project, results, project.path("data/sample"), {}, [4])
    # Another stage's page in the same folder, made earlier, is no matter of this run.
    check_unchanged(project, results, project.path("data/sample"), {}, [5])


def test_an_answer_saved_while_a_run_goes_on_stops_it(project):
    class Saves(Progress):
        def ended(self, stage, state, why, seconds):
            if stage.number == 2:
                path = project.path("workbook", "02_capability_assessment", "answers.md")
                path.write_text(path.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")

    with pytest.raises(EvidenceError, match=r"02_capability_assessment/answers\.md: the file changed while the run"):
        execute(project, "sample", project.check_parameters(PARAMETERS, "the test"), [2], progress=Saves())
    assert not run_folder(project, "sample").exists()
