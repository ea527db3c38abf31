"""`evidence run`, `verify` and `scan` as a person calls them: what they print, and their exit status."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evidence.toy import make_project, notebook

CHILD = "QX7731905"


@pytest.fixture(scope="module")
def demo(sample_project: Path, run_evidence, tmp_path_factory):
    """A project made from the default answers, run on its sample data once; tests that alter it copy it."""
    project = tmp_path_factory.mktemp("demo") / "project"
    shutil.copytree(sample_project, project)
    return project, run_evidence(project, "run")


def test_a_mistyped_parameter_is_refused_before_anything_runs(tmp_path, run_evidence):
    project = make_project(tmp_path)
    (project / "parameters/sample.toml").write_text('as_off = "2026-04-30"\n')
    done = run_evidence(project, "run", "sample")
    assert done.returncode == 2 and "Did you mean as_of?" in done.stderr and "Traceback" not in done.stderr
    assert not (project / ".evidence").exists()


def test_a_missing_folder_of_data_is_said_in_one_line_before_anything_runs(tmp_path, run_evidence):
    project = make_project(tmp_path)
    parameters = project / "parameters/sample.toml"
    parameters.write_text(parameters.read_text().replace("data/sample", "data/nowhere"))
    done = run_evidence(project, "run", "sample")
    assert done.returncode == 2 and not (project / ".evidence").exists()
    (line,) = done.stderr.splitlines()
    assert line.startswith("parameters/sample.toml, data_folder: there is no data/nowhere")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "smaple"), "There are: sample"),
        (("run", "--stages", "9"), "there is no stage 9"),
        (("run", "--stages", "one"), "--stages 1-4,7"),
        (("verify", "packs/none"), "there is no such pack"),
        (("verify", "notebooks"), "not a pack"),
        (("scan", "nowhere"), "there is no such file or folder"),
    ],
)
def test_what_is_wrong_is_said_in_words(tmp_path, run_evidence, arguments, says):
    done = run_evidence(make_project(tmp_path), *arguments)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["status"], ["run"], ["verify", "packs/sample"]])
def test_a_stop_from_the_keyboard_is_no_check_that_did_not_hold(arguments):
    code = (
        "import sys, evidence.project, evidence.pack\nfrom evidence.cli import main\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        f"evidence.project.open_project = evidence.pack.verify = stop\nsys.argv = ['evidence', *{arguments}]\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130
    assert done.stderr.strip() == "Stopped. What was there before is as it was."


def test_a_file_that_ends_too_early_is_no_stop_from_the_keyboard():
    code = (
        "import sys, evidence.project\nfrom evidence.cli import main\n"
        "def end(*_): raise EOFError\n"
        "evidence.project.open_project = end\nsys.argv = ['evidence', 'status']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "ends too early" in done.stderr and "__pycache__" in done.stderr and "Traceback" not in done.stderr


def test_stages_and_no_pack(tmp_path, run_evidence):
    project = make_project(tmp_path)
    done = run_evidence(project, "run", "parameters/sample.toml", "--stages", "3", "--no-pack")
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0].strip() for line in done.stderr.splitlines()[1:-1]] == ["1 Toy 1", "3 Toy 3"]
    assert not (project / "packs").exists()


def test_a_stage_that_stops_is_said_without_data_and_the_status_is_one(tmp_path, run_evidence):
    project = make_project(tmp_path, {2: notebook(2, f'raise ValueError("child {CHILD}")')})
    done = run_evidence(project, "run", "--no-pack")
    assert done.returncode == 1 and "ValueError in cell 4 (under" in done.stderr
    assert ".evidence/runs/sample/logs" in done.stderr and CHILD not in done.stderr + done.stdout


def test_stages_in_the_folder_that_a_notebook_uses(tmp_path, run_evidence):
    """This is what JupyterLab calls: only the stages named, over what is there."""
    project, folder = make_project(tmp_path / "project"), tmp_path / "lab"
    folder.mkdir()
    (folder / "parameters.json").write_text(json.dumps({"least": 5}))
    assert run_evidence(project, "run", "--stages", "1", "--no-pack", "--folder", folder).returncode == 0
    assert run_evidence(project, "run", "--stages", "3", "--no-pack", "--folder", folder).returncode == 0
    assert json.loads((folder / "results/03/twice.json").read_text())["value"] == 40
    assert not (project / ".evidence").exists()


@pytest.mark.slow
def test_the_demo_runs_all_stages_and_prints_where_its_pack_is(demo):
    project, done = demo
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(": done") == 10
    index = Path(done.stdout.strip().splitlines()[-1])
    assert index == project / "packs/sample/index.html" and index.is_file()
    assert len(list(index.parent.glob("*.html"))) == 11
    assert sum(path.stat().st_size for path in index.parent.glob("*.html")) < 800_000


@pytest.mark.slow
def test_the_demo_can_be_verified_and_made_again_to_the_byte(demo, run_evidence):
    project, _ = demo
    done = run_evidence(project, "verify", "packs/sample", "--rerun")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "complete and unaltered" in done.stdout and "the same byte for byte" in done.stdout
    assert not list((project / ".evidence").glob("rerun-*"))


@pytest.mark.slow
def test_a_changed_answer_is_named_as_the_reason(demo, run_evidence, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(demo[0], project, ignore=shutil.ignore_patterns(".evidence"))
    page = project / "workbook/ethics_workbook.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nA new line.\n", encoding="utf-8")
    done = run_evidence(project, "verify", "sample", "--rerun")
    assert done.returncode == 1 and "why: answers: workbook/ethics_workbook.md changed" in done.stdout


@pytest.mark.slow
def test_tampering_is_named_and_the_status_is_one(demo, run_evidence, tmp_path):
    pack = tmp_path / "sample"
    shutil.copytree(demo[0] / "packs/sample", pack)
    (pack / "index.html").write_bytes((pack / "index.html").read_bytes().replace(b"DRAFT", b"FINAL"))
    done = run_evidence(demo[0], "verify", pack)
    assert done.returncode == 1 and "index.html: was altered" in done.stdout


@pytest.mark.slow
def test_scan_finds_the_data_itself_and_nothing_in_the_pack(demo, run_evidence):
    project, _ = demo
    assert run_evidence(project, "scan", "packs/sample").returncode == 0
    found = run_evidence(project, "scan", "data/sample/header.csv")
    assert found.returncode == 1 and "header.csv, line 2: child identifier" in found.stdout
    child = (project / "data/sample/header.csv").read_text().splitlines()[1].split(",")[0]
    assert child not in found.stdout
