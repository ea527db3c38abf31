"""What is done for a pack while its last stages are at work: when it begins, and that it begins once."""

from __future__ import annotations

import json
import sys

import pytest

from evidence.pack import Ahead, ahead
from evidence.pack.releasing import begin_to_look
from evidence.project import open_project
from evidence.run import ahead as at_once
from tests.evidence.toy import make_project


@pytest.fixture
def asked():
    return []


@pytest.fixture
def aside(asked):
    def has_called(function, *given):
        asked.append((function, given))
        return object()

    return has_called


@pytest.fixture
def project(tmp_path):
    return open_project(make_project(tmp_path))


def test_looking_for_children_begins_with_the_last_stage_and_once(project, asked, aside):
    notebook, values = project.path("notebooks", "01_toy.ipynb"), project.parameters("sample")
    before = Ahead(project, values)
    before(None, 3, aside)
    before(notebook, 2, aside)
    assert not asked
    before(notebook, 1, aside)
    before(notebook, 1, aside)
    ((function, given),) = asked
    assert function is begin_to_look and before.looking() is not None
    assert given[:2] == (str(project.root), "data/sample") and str(values["as_of"]) in given[2]
    # It is passed on as text.
    assert json.loads(json.dumps(given)) == list(given)


def test_it_does_not_begin_once_the_pack_is_being_made(project, asked, aside):
    before = Ahead(project, project.parameters("sample"))
    assert before.looking() is None
    before(project.path("notebooks", "01_toy.ipynb"), 1, aside)
    assert not asked and before.looking() is None


def test_neither_for_several_runs_nor_for_data_that_one_process_fills_the_memory_with(
    project, asked, aside, monkeypatch
):
    notebook, values = project.path("notebooks", "01_toy.ipynb"), project.parameters("sample")
    Ahead(project)(notebook, 1, aside)
    (project.path("data", "sample") / "more.csv").write_text("a\n1\n")
    monkeypatch.setattr(at_once, "_MOST_BYTES", 0)
    Ahead(project, values)(notebook, 1, aside)
    assert not asked


def test_without_help_what_it_takes_is_imported_here(project, monkeypatch):
    monkeypatch.delitem(sys.modules, "evidence.data.identifying", raising=False)
    ahead.get_ready(None, helped=True)
    assert "evidence.data.identifying" not in sys.modules
    Ahead(project, project.parameters("sample"))(None, 2, None)
    assert "evidence.data.identifying" in sys.modules
