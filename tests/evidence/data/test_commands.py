"""`evidence data`: sample and audit."""

from __future__ import annotations

import stat
import sys


def test_sample(sample_project, run_evidence, tmp_path):
    said = run_evidence(sample_project, "data", "sample", "--children", 60, "--seed", 3, "--to", tmp_path / "made")
    assert said.returncode == 0, said.stderr
    assert "faults.csv lists the faults" in said.stdout
    assert {path.name for path in (tmp_path / "made").iterdir()} == {
        "header.csv", "episodes.csv", "reviews.csv", "oc2.csv", "faults.csv", "parallel_run.csv", "earlier",
    }  # fmt: skip


def test_wrong_numbers_are_said(sample_project, run_evidence, tmp_path):
    said = run_evidence(sample_project, "data", "sample", "--children", 0, "--to", tmp_path)
    assert said.returncode == 2
    assert "from 1 to 1,000,000" in said.stderr and "Traceback" not in said.stderr
    said = run_evidence(sample_project, "data", "sample", "--year-end", "soon", "--to", tmp_path)
    assert said.returncode == 2
    assert "year-month-day" in said.stderr


def test_audit(bake, run_evidence, tmp_path):
    made = bake()
    said = run_evidence(made, "data", "audit", "data/sample", EVIDENCE_KEY_FOLDER=str(tmp_path / "keys"))
    assert said.returncode == 0, said.stderr
    assert "62 rules checked, 62 with failures" in said.stdout
    assert len(said.stdout.splitlines()) <= 30
    assert "NOT MET" not in said.stdout
    assert "ZZ" not in said.stdout
    positions = made / ".evidence" / "audit" / "failing_rows.csv"
    first = positions.read_text(encoding="utf-8").split("\n")
    assert first[0] == "table,file,row,columns,rule,what"
    assert "ZZ" not in positions.read_text(encoding="utf-8")
    if sys.platform != "win32":
        assert stat.S_IMODE(positions.stat().st_mode) == 0o600


def test_audit_of_nothing(sample_project, run_evidence):
    said = run_evidence(sample_project, "data", "audit", "data/none")
    assert said.returncode == 2
    assert "there is no such folder" in said.stderr
