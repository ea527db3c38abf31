"""A project to load data with, and folders of small files to load."""

from __future__ import annotations

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
