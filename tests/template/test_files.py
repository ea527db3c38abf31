"""A new project holds exactly the files that the choices call for, and they are what the template holds."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

from tests.conftest import bake_into, questions
from tests.template.expected import expected_files, files_of

RENDERED = {"README.md", "project.toml", "pyproject.toml"}
CHOICES = {name: value for name, value in questions().items() if isinstance(value, list)}
COMBINATIONS = [dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())]
# Names that Windows keeps for devices, and characters it does not allow in a name.
DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
NOT_ALLOWED = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$')
LONGEST_PATH = 110


def test_the_combinations_are_all_there_are():
    assert len(COMBINATIONS) == 3 * 3 * 5 * 3


@pytest.mark.parametrize("answers", COMBINATIONS, ids=lambda answers: "-".join(answers.values()))
def test_every_combination_has_exactly_its_files_and_facts(answers, tmp_path, template, monkeypatch):
    monkeypatch.setenv("PATH", "")  # without git: what git adds is tested elsewhere, and is the same for all
    project = bake_into(tmp_path, **answers)
    files = files_of(project)
    assert files == expected_files(answers, "placement_stability")
    facts = tomllib.loads((project / "project.toml").read_text(encoding="utf-8"))
    assert facts["tool"]["analytics_type"] == answers["analytics_type"]
    assert facts["tool"]["output_about"] == answers["output_about"]
    assert facts["data"]["source"] == answers["data_source"]
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    with_scikit_learn = any(line.startswith("scikit-learn") for line in settings["project"]["dependencies"])
    locked = "\nscikit-learn==" in (project / "requirements.lock").read_text(encoding="utf-8")
    assert with_scikit_learn == locked == (answers["analytics_type"] == "predictive")
    for path in RENDERED:
        assert not re.search(r"\{[{%#]|cookiecutter\.", (project / path).read_text(encoding="utf-8")), path
    tool = (template / "src/{{cookiecutter.__package_name}}/worked" / f"{answers['analytics_type']}.py").read_bytes()
    assert (project / "src/placement_stability/tool.py").read_bytes() == tool


def test_all_other_files_are_copied_byte_for_byte(sample_project, template):
    moved = {"tool.py", "__init__.py", *RENDERED}
    compared = 0
    for path in files_of(sample_project):
        source = template / path
        if Path(path).name in moved and not source.is_file() or path in RENDERED:
            continue
        if path.startswith("src/"):
            source = template / "src/{{cookiecutter.__package_name}}" / Path(path).name
        assert source.read_bytes() == (sample_project / path).read_bytes(), path
        compared += 1
    assert compared > 80


def test_every_settings_and_data_file_can_be_read(sample_project):
    for path in map(sample_project.joinpath, files_of(sample_project)):
        if path.suffix == ".toml":
            tomllib.loads(path.read_text(encoding="utf-8"))
        elif path.suffix in {".json", ".ipynb"}:
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix in {".py", ".md", ".csv", ".lock", ".yml"}:
            assert "\r" not in path.read_bytes().decode("utf-8")


def test_the_unrendered_settings_are_valid_toml_so_that_the_template_works_in_place(template):
    for name in ("project.toml", "pyproject.toml"):
        tomllib.loads((template / name).read_text(encoding="utf-8"))


def test_the_same_answers_make_the_same_bytes(tmp_path):
    first, second = (bake_into(tmp_path / name, council="Kent", analytics_type="predictive") for name in ("a", "b"))
    assert files_of(first) == files_of(second)
    for path in files_of(first):
        assert (first / path).read_bytes() == (second / path).read_bytes(), path


@pytest.mark.parametrize("folder", ["my tools", "O'Brien's", "{braces} 100%", "Ynys Môn", "a" * 100])
def test_any_folder_will_do(folder, tmp_path):
    project = bake_into(tmp_path / folder)
    assert (project / "src" / "placement_stability" / "tool.py").is_file()


def test_names_work_on_windows_and_paths_are_short(sample_project):
    files = files_of(sample_project)
    assert len({path.lower() for path in files}) == len(files)
    for path in files:
        assert len(path) <= LONGEST_PATH, path
        for part in Path(path).parts:
            assert not DEVICE.match(part) and not NOT_ALLOWED.search(part), path


def test_folders_that_start_empty_survive_a_clone(sample_project):
    for folder in ("data/raw", "packs"):
        assert (sample_project / folder / "README.md").is_file()


def test_what_work_in_the_template_leaves_there_is_in_no_project(tmp_path, root):
    """Compiled files, runs, packs and above all data that someone put into the template's own folders."""
    copy = tmp_path / "template"
    ignored = shutil.ignore_patterns(".git", "build", ".venv", "tests")
    shutil.copytree(root, copy, ignore=ignored)
    inside = copy / "{{cookiecutter.project_slug}}"
    left = (
        "data/raw/header.csv", "packs/sample.zip", ".evidence/runs/x.json", "toolkit/evidence/__pycache__/a.pyc",
        "notebooks/.ipynb_checkpoints/a.ipynb", "src/{{cookiecutter.__package_name}}/worked/__pycache__/b.pyc",
    )  # fmt: skip
    for path in left:
        (inside / path).parent.mkdir(parents=True, exist_ok=True)
        (inside / path).write_bytes(b"CHILD,DOB\n{{ not jinja\n")
    project = Path(cookiecutter(str(copy), no_input=True, default_config=True, output_dir=str(tmp_path / "out")))
    found = files_of(project)
    assert not found.intersection(left)
    assert not any("__pycache__" in path or ".ipynb_checkpoints" in path or ".evidence" in path for path in found)


def test_the_versions_agree(sample_project, root):
    toolkit = (root / "{{cookiecutter.project_slug}}/toolkit/evidence/__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', toolkit, re.MULTILINE)[1]
    facts = tomllib.loads((sample_project / "project.toml").read_text(encoding="utf-8"))
    assert facts["template"]["version"] == version
