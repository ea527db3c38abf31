"""Why a pack does not come out the same again: each kind of cause is named, with what changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evidence.pack import differences, releasing
from evidence.pack.releasing import release
from evidence.privacy import Secrets
from evidence.project import Project, open_project
from evidence.run import How, execute
from tests.evidence.fake_book import FakeBook
from tests.evidence.toy import make_project, notebook


@pytest.fixture(autouse=True)
def no_catalogue(monkeypatch):
    monkeypatch.setattr(releasing, "_identifying_values", lambda project, record: Secrets())


def packed(project: Project, place: Path, parameters: dict | None = None) -> Path:
    given = parameters or project.parameters("sample")
    run = execute(project, "sample", given, [1, 2], place / "run", how=How(cache=False))
    return release(project, run.folder, "sample", folder=place / "sample", previous=None, book=FakeBook())


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releasing, "_identifying_values", lambda project, record: Secrets())
        folder = tmp_path_factory.mktemp("toy")
        project = open_project(make_project(folder / "project"))
        project.path("requirements.lock").write_text("pandas==3.1.1\n")
        return project, packed(project, folder / "first")


@pytest.fixture
def project(first, tmp_path) -> Project:
    shutil.copytree(first[0].root, tmp_path / "project", ignore=shutil.ignore_patterns(".evidence"))
    return open_project(tmp_path / "project")


def whys(first, again: Path) -> list[str]:
    return [f"{item.name} {item.what}" for item in differences(first[1], again) if item.cause]


def test_the_same_again_differs_in_nothing(first, project, tmp_path):
    assert differences(first[1], packed(project, tmp_path)) == []


def test_changed_code_is_named(first, project, tmp_path):
    project.path("src/toy/tool.py").write_text("def run(): return 1\n")
    show = 'show("<p>As of today, " + as_of + "</p>")'
    project.path("notebooks/02_toy.ipynb").write_text(notebook(2, ("markdown", "## Words"), show))
    found = whys(first, packed(project, tmp_path))
    assert found == ["code: notebooks/02_toy.ipynb changed", "code: src/toy/tool.py changed"]


def test_changed_data_is_named_by_its_file_and_not_by_its_digest(first, project, tmp_path):
    project.path("data/sample/header.csv").write_text("CHILD,SEX\nQX7731905,M\n")
    assert whys(first, packed(project, tmp_path)) == ["data: data/sample/header.csv changed"]


def test_under_another_key_data_is_named_as_a_whole(first, project, tmp_path, monkeypatch):
    monkeypatch.setenv("EVIDENCE_KEY_FOLDER", str(tmp_path / "keys"))
    project.path("data/sample/header.csv").write_text("CHILD,SEX\nQX7731905,M\n")
    assert whys(first, packed(project, tmp_path)) == ["data changed"]


def test_a_changed_parameter_is_named_with_its_values(first, project, tmp_path):
    given = {**project.parameters("sample"), "least": 5}
    assert whys(first, packed(project, tmp_path, given)) == ["parameters: least went from 3 to 5"]


def test_a_changed_environment_is_named(first, project, tmp_path):
    project.path("requirements.lock").write_text("pandas==3.2.0\n")
    again = packed(project, tmp_path)
    receipt = json.loads((again / "receipt.json").read_text())
    before = receipt["packages"]["pandas"]
    receipt["python"], receipt["packages"]["pandas"] = "3.99.0", "9.9"
    (again / "receipt.json").write_text(json.dumps(receipt))
    found = whys(first, again)
    assert found[0] == "environment: requirements.lock changed"
    assert found[1].startswith("environment: Python went from 3.") and found[1].endswith(" to 3.99.0")
    assert found[2:] == [f"environment: pandas went from {before} to 9.9"]


def test_without_a_receipt_the_files_are_still_compared(first, project, tmp_path):
    project.path("data/sample/header.csv").write_text("CHILD,SEX\nQX7731905,M\n")
    again = packed(project, tmp_path)
    (again / "receipt.json").write_text("{")
    found = differences(first[1], again)
    assert [f"{item.name} {item.what}" for item in found if item.cause] == ["data changed"]
    inputs = next(item for item in found if item.name == "inputs.json")
    assert inputs.what.startswith("differs, first in line ")


def test_a_stage_that_uses_chance_is_shown_without_a_cause(first, project, tmp_path):
    chance = notebook(2, "import uuid", "show(f'<p>{uuid.uuid4()}</p>')")
    project.path("notebooks/02_toy.ipynb").write_text(chance)
    one, other = (packed(project, tmp_path / place) for place in ("one", "other"))
    found = differences(one, other)
    assert [item.name for item in found] == ["02_toy.html", "notebooks/02_toy.ipynb"]
    assert not [item for item in found if item.cause]
