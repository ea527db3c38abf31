"""Access and its log in whole runs: what packs say of them, who made a pack, and that no login reaches one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, give_access, text_of

pytestmark = pytest.mark.slow

ANSWERED = ROOT / "tests" / "fixtures" / "answered"


@pytest.fixture(scope="module")
def answered(bake_to_keep, run_evidence) -> Path:
    """A project with the example's people and access log, and a pack of stage 5."""
    project = bake_to_keep()
    for folder in ("reference", "logs"):
        shutil.copytree(ANSWERED / folder, project / folder, dirs_exist_ok=True)
    done = run_evidence(project, "run", "sample", "--stages", "5")
    assert done.returncode == 0, done.stderr
    return project


def recorded(project: Path, run: str = "sample") -> set[str]:
    return {path.stem for path in (project / ".evidence" / "runs" / run / "results" / "05").iterdir()}


def test_people_and_a_whole_log_are_evidence(answered):
    assert {"access_plan", "role_access", "access_log"} <= recorded(answered)
    page = (answered / "packs" / "sample" / "05_design.html").read_text(encoding="utf-8")
    assert "The access log holds 87 lines, every one as it was written; 2 ask for a second look" in page
    assert "4 people have access now, 2 of them to special category data, 1 may re-identify" in page


def test_no_person_and_no_login_is_in_the_pack(answered):
    sealed = [path for path in (answered / "packs" / "sample").rglob("*") if path.is_file()]
    text = "\n".join(text_of(path) for path in sealed if path.name != "receipt.json")
    assert len(sealed) > 20
    assert not [name for name in ("s.probert", "t.bright", "p.lund", "Sian Probert", "Rachel Adeyemi") if name in text]


def test_the_pack_keeps_the_head_of_the_log_and_a_rerun_shows_the_same(answered, run_evidence):
    receipt = json.loads((answered / "packs" / "sample" / "receipt.json").read_text(encoding="utf-8"))
    last = json.loads((answered / "logs" / "access_log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert receipt["access_log"] == [{"line": last["n"], "hash": last["hash"]}]
    again = run_evidence(answered, "verify", "sample", "--rerun")
    assert again.returncode == 0, again.stdout
    checked = run_evidence(answered, "data", "log", "--check")
    assert checked.returncode == 0 and "0 faults" in checked.stdout
    # Cut back to before the pack, and the note of the last line thrown away: the pack's receipt still tells.
    log = answered / "logs" / "access_log.jsonl"
    whole = log.read_text(encoding="utf-8")
    log.write_text("".join(whole.splitlines(keepends=True)[: last["n"] - 1]), encoding="utf-8")
    (answered / ".evidence" / "access_log_head").unlink()
    checked = run_evidence(answered, "data", "log", "--check")
    assert checked.returncode == 1 and "which packs/sample remembers" in checked.stdout
    log.write_text(whole, encoding="utf-8")


def test_the_examples_log_is_what_the_toolkit_writes(tmp_path):
    """Otherwise: python tests/fixtures/answered/access_log.py"""
    import importlib.util

    spec = importlib.util.spec_from_file_location("access_log", ANSWERED / "access_log.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write(module.made_in(tmp_path))
    assert (tmp_path / "logs" / "access_log.jsonl").read_bytes() == (
        ANSWERED / "logs" / "access_log.jsonl"
    ).read_bytes()


def test_without_people_nothing_counts_as_evidence_and_the_page_says_what_to_write(bake, run_evidence):
    project = bake()
    done = run_evidence(project, "run", "sample", "--stages", "5")
    assert done.returncode == 0, done.stderr
    assert not {"access_plan", "role_access", "access_log"} & recorded(project)
    page = (project / "packs" / "sample" / "05_design.html").read_text(encoding="utf-8")
    assert "Nobody is listed yet" in page and "holds no reading of the data before 30 April 2026" in page


@pytest.fixture(scope="module")
def own(shared_data, bake_to_keep, run_evidence) -> Path:
    """A council's own return, run by an analyst whose permissions do not go as far as special category data."""
    project = give_access(bake_to_keep(data_source="ssda903"), special_category="no")
    give_access(project, person="B. Manager", login="b.manager", role="manager", special_category="yes")
    for path in (shared_data / "ssda903").glob("*.csv"):
        shutil.copy(path, project / "data" / "raw")
    done = run_evidence(project, "run", "own", "--stages", "1,3")
    assert done.returncode == 0, done.stderr
    return project


def test_the_pack_says_under_which_role_it_was_made(own):
    inputs = json.loads((own / "packs" / "own" / "inputs.json").read_text(encoding="utf-8"))
    assert inputs["role"] == "analyst, without special data"
    page = (own / "packs" / "own" / "03_choosing_a_solution.html").read_text(encoding="utf-8")
    assert "Hidden from the role analyst" in page and "ETHNIC of header" in page


def test_made_again_under_another_role_the_difference_is_explained(own, run_evidence):
    again = run_evidence(own, "verify", "own", "--rerun")
    assert again.returncode == 0, again.stdout
    other = run_evidence(own, "verify", "own", "--rerun", EVIDENCE_LOGIN="b.manager")
    assert other.returncode == 1
    assert "why: role that loaded the data changed" in other.stdout


def test_a_stranger_gets_one_message_before_anything_runs(own, run_evidence):
    refused = run_evidence(own, "run", "own", EVIDENCE_LOGIN="c.stranger")
    assert refused.returncode == 2
    assert "Your name,c.stranger,analyst,no,no," in refused.stderr
    assert "Running" not in refused.stderr and "Traceback" not in refused.stderr
    said = run_evidence(own, "data", "access", EVIDENCE_LOGIN="c.stranger")
    assert "You are not listed" in said.stdout and "Row 4: manager, with special category data" in said.stdout
