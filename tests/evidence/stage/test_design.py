"""Good practice with the code is recorded when all of it is shown, and only then."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from evidence.project import open_project
from evidence.results import Results
from evidence.stage import design
from evidence.workbook import open_workbook


class Page:
    """As much of a stage as the page about the code needs."""

    number = 5

    def __init__(self, folder: Path) -> None:
        self.project, self.results = open_project(folder), Results(folder / ".evidence" / "run")
        self.parameters = self.project.parameters("sample")
        self.tool, self.shown = self.project.load_tool(), None
        self.workbook = open_workbook(self.project)

    def record(self, name, value, when=True):
        if when:
            self.results.record(5, name, value)

    def show(self, frame, headline, **others):
        self.shown = (headline, frame)


def git(folder: Path, *arguments: str) -> None:
    settings = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, env=settings, capture_output=True)


def page(folder: Path) -> tuple[dict[str, str], bool]:
    made = Page(folder)
    design.show_software_practice(made)
    return made.shown[1]["shown"].to_dict(), made.results.has(5, "software_practice")


@pytest.fixture
def folder(sample_project, tmp_path) -> Path:
    return Path(shutil.copytree(sample_project, tmp_path / "p", ignore=shutil.ignore_patterns(".git", "__pycache__")))


def test_each_practice_is_shown_by_what_is_there_and_recorded_when_all_are(folder):
    assert page(folder) == (
        {"tests of seven kinds": "yes", "edge cases right": "yes", "version control": "no", "code review": "no"}, False,
    )  # fmt: skip
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "First")
    assert page(folder)[0]["version control"] == "yes"
    log = folder / "workbook" / "06_development" / "log.csv"
    with log.open("a", encoding="utf-8") as file:
        file.write("R1,05/06/2026,code review,Another council,Same figures?,All but one,Corrected\n")
    shown, recorded = page(folder)
    assert set(shown.values()) == {"yes"}
    assert recorded

    tool = next((folder / "src").glob("*/tool.py"))
    tool.write_text(tool.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert page(folder)[0]["version control"] == "no"
    (folder / "tests" / "test_fairness.py").write_text("# nothing yet\n", encoding="utf-8")
    assert page(folder)[0]["tests of seven kinds"] == "no"


def test_a_tool_that_counts_wrongly_is_shown(folder):
    cases = folder / "tests" / "edge_cases.csv"
    cases.write_text(cases.read_text(encoding="utf-8").replace("goes on,1,", "goes on,9,"), encoding="utf-8")
    assert page(folder)[0]["edge cases right"] == "no"
