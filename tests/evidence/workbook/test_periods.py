"""Figures of earlier periods: only earlier ones, as the command writes them, hidden where the pack hid them."""

from __future__ import annotations

import runpy
import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from evidence.cli.period import _year_end
from evidence.measures import definition_of, periods_of
from evidence.project import EvidenceError, Project
from evidence.results import Results
from evidence.workbook import definition_digest, period_file, period_files, read_period, write_period
from tests.evidence.workbook.helpers import make_project

LINE = {"about": "accuracy", "characteristic": "All", "group": "All children", "measure": "recall", "n": "c"}


@pytest.fixture
def project(tmp_path: Path, template: Path) -> Project:
    return Project(make_project(tmp_path / "p", template, "predictive", "individual"))


def test_what_is_written_is_read_again_with_what_was_hidden(project):
    path = write_period(project, date(2026, 3, 31), "abc", "f00", [LINE])
    assert path == period_file(project, date(2026, 3, 31))
    (row,) = read_period(project, path)
    assert row == {
        **dict.fromkeys(("denominator", "percent", "low", "high", "reliability"), ""),
        **LINE,
        "period": "2026-03-31",
        "definition": "abc",
        "pack_digest": "f00",
    }


def test_only_earlier_periods_count_oldest_first(project):
    for day in ("2026-06-30", "2025-12-31", "2026-03-31"):
        write_period(project, date.fromisoformat(day), "abc", "f00", [LINE])
    assert [path.stem for path in period_files(project, date(2026, 6, 30))] == ["2025-12-31", "2026-03-31"]
    assert period_files(project, date(2025, 12, 31)) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("june.csv", "x\n", "the name is not the last day"), ("2026-01-31.csv", "a,b\n1,2\n", "the first line is not")],
)
def test_a_file_that_the_command_did_not_write_is_named(project, name, text, said):
    path = project.path("workbook", "periods", name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError, match=said):
        for found in period_files(project, date(2026, 6, 30)):
            read_period(project, found)


@pytest.mark.parametrize(
    ("usual", "day", "expected"),
    [
        ("2026-03-31", "2026-06-30", "2026-03-31"),
        ("2026-03-31", "2026-03-31", "2026-03-31"),
        ("2026-03-31", "2026-03-30", "2025-03-31"),
        ("2026-03-31", "2027-12-31", "2027-03-31"),
        ("", "2027-12-31", ""),
    ],
)
def test_a_period_looks_at_the_last_year_that_has_ended_by_then(usual, day, expected):
    assert _year_end(usual, date.fromisoformat(day)) == expected


@pytest.mark.slow
def test_one_command_adds_a_period_and_every_later_run_shows_it(sample_project, run_evidence, tmp_path):
    folder = shutil.copytree(sample_project, tmp_path / "project")
    environment = {"EVIDENCE_KEY_FOLDER": str(tmp_path / "keys")}
    added = run_evidence(folder, "period", "add", "2025-12-31", **environment)
    assert added.returncode == 0, added.stderr
    parameters = (folder / "parameters" / "period_2025_12_31.toml").read_text(encoding="utf-8")
    assert 'as_of = "2025-12-31"' in parameters
    assert 'year_end = "2025-03-31"' in parameters
    rows = read_period(Project(folder), folder / "workbook" / "periods" / "2025-12-31.csv")
    assert {row["about"] for row in rows} == {"accuracy", "sign"}
    assert (folder / "packs" / "period_2025_12_31.zip").is_file()

    again = run_evidence(folder, "period", "add", "2025-12-31", **environment)
    assert again.returncode == 2
    assert "recorded already" in again.stderr

    assert run_evidence(folder, "run", "sample", **environment).returncode == 0
    results = Results(folder / ".evidence" / "runs" / "sample")
    assert results.has(9, "performance")
    assert periods_of(results.read(9, "series")) == ["31 December 2025", "30 April 2026"]
    read = {entry["name"] for entry in results.reads(9)}
    assert "workbook/periods/2025-12-31.csv" in read
    page = (folder / "packs" / "sample" / "09_deployment_and_monitoring.html").read_text(encoding="utf-8")
    assert "31 December 2025" in page
    # The period's own run reads nothing of itself: run again, it gives what it gave.
    assert "workbook/periods/2025-12-31.csv" not in {
        entry["name"] for entry in Results(folder / ".evidence" / "runs" / "period_2025_12_31").reads(9)
    }


def test_the_periods_of_the_answered_example_count_as_the_tool_counts_today(root, template):
    """When this fails the definition has changed: bake the answered example, add both periods again, copy them here."""
    project = Project(template)
    (path,) = template.glob("src/*/worked/predictive.py")
    tool = SimpleNamespace(**runpy.run_path(str(path)))
    today = definition_digest(definition_of(tool, project.parameters("sample")))
    files = sorted((root / "tests/fixtures/answered/workbook/periods").glob("*.csv"))
    assert len(files) == 2
    for file in files:
        rows = read_period(project, file)
        assert {row["definition"] for row in rows} == {today}
        # What the pack hid is the letter c; a small number in clear would be a leak in version control.
        figures = [row[name] for row in rows if row["group"] for name in ("n", "denominator")]
        assert not [one for one in figures if one.isdigit() and 1 <= int(one) <= 5]
