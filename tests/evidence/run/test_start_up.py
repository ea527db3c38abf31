"""Commands that need no table import nothing that is slow to import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "IPython", "bs4", "duckdb", "jupyter_client", "matplotlib", "nbconvert", "nbformat", "numpy", "pandas", "pandera",
    "papermill", "pyarrow", "scipy", "sklearn", "sqlalchemy", "zmq",
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(sample_project: Path, run_evidence, tmp_path_factory) -> Path:
    """A project whose stages have run and whose pack is there."""
    project = tmp_path_factory.mktemp("start_up") / "project"
    shutil.copytree(sample_project, project)
    done = run_evidence(project, "run", "--quiet")
    assert done.returncode == 0, done.stderr
    return project


def _imported(project: Path, *arguments: str) -> set[str]:
    """The packages that a command imports, as Python itself lists them."""
    environment = {**os.environ, "PYTHONPATH": str(project / "toolkit")}
    command = [sys.executable, "-X", "importtime", "-m", "evidence", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().partition(".")[0] for line in lines}


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [("--help",), ("status",), ("verify", "sample"), ("run", "--help"), ("run", "--quiet")]
)
def test_commands_that_need_no_table_import_nothing_slow(finished, arguments):
    imported = _imported(finished, *arguments)
    assert "evidence" in imported and "click" in imported
    assert not imported & HEAVY
