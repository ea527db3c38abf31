"""A project to load data with, and folders of small files to load."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.project import Project, open_project


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EVIDENCE_KEY_FOLDER", str(tmp_path / "keys"))


@pytest.fixture
def project(template) -> Project:
    """The template's own project, which holds sample data."""
    return open_project(template)


@pytest.fixture
def project_of(template) -> Callable[[str], Project]:
    """The template's project as if its data were of another kind: `project_of("cin")`."""

    def make(source: str) -> Project:
        from dataclasses import replace

        project = open_project(template)
        project.__dict__["facts"] = replace(project.facts, data_source=source)
        return project

    return make


@pytest.fixture
def folder(tmp_path) -> Callable[..., Path]:
    """`folder(header="CHILD,SEX…")` writes header.csv; a value may be bytes, a key the whole file name with ending."""

    def make(**files: str | bytes) -> Path:
        place = tmp_path / "data"
        place.mkdir(exist_ok=True)
        for name, content in files.items():
            path = place / (name if "." in name else f"{name}.csv")
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    return make


@pytest.fixture
def council(template, tmp_path) -> Callable[..., Project]:
    """`council("ssda903")` makes a small project of a council with that data, and nobody in its list of people yet."""

    def make(source: str = "ssda903", **replaced: str) -> Project:
        root = tmp_path / "council"
        shutil.copytree(template / "reference", root / "reference")
        said = {"tool_name": "Moves", "analytics_type": "descriptive", "output_about": "cohort"} | {
            "data_source": source, "accountable_owner": "Head of service", "council": "Example council"
        }  # fmt: skip
        text = (template / "project.toml").read_text(encoding="utf-8")
        text = re.sub(r"\{\{ (?:cookiecutter\.)(\w+).*?\}\}", lambda found: said.get(found.group(1), ""), text)
        for old, new in replaced.items():
            text = re.sub(rf"^{old} = .*$", f'{old} = "{new}"', text, flags=re.MULTILINE)
        (root / "project.toml").write_text(text, encoding="utf-8")
        return open_project(root)

    return make
