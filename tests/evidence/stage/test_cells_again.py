"""In JupyterLab people run a cell again and again: it works each time, and records the same."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from pathlib import Path

import pytest


def recorded(project: Path) -> dict[str, str]:
    """The SHA-256 of each file of results of the run on the sample data."""
    folder = project / ".evidence" / "runs" / "sample" / "results"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def run_each_cell_twice(notebook: Path) -> int:
    book = json.loads(notebook.read_text(encoding="utf-8"))
    cells = []
    for cell in book["cells"]:
        cells.append(cell)
        if cell["cell_type"] == "code" and not cell["metadata"].get("tags"):
            cells.append(copy.deepcopy(cell) | {"id": f"{cell['id']}-again"})
    added = len(cells) - len(book["cells"])
    notebook.write_text(json.dumps(book | {"cells": cells}), encoding="utf-8")
    return added


@pytest.mark.slow
@pytest.mark.parametrize("analytics_type", ["descriptive", "diagnostic", "predictive"])
def test_each_cell_can_be_run_again(finished_run, run_evidence, tmp_path, analytics_type):
    once = finished_run(analytics_type=analytics_type)
    twice = Path(shutil.copytree(once, tmp_path / once.name, ignore=shutil.ignore_patterns(".evidence", "packs")))
    (twice / "packs").mkdir()
    added = [run_each_cell_twice(notebook) for notebook in sorted((twice / "notebooks").glob("*.ipynb"))]
    assert len(added) == 10 and min(added) >= 2
    done = run_evidence(twice, "run", "sample", "--quiet")
    assert done.returncode == 0, done.stderr
    assert len(recorded(once)) > 40
    assert recorded(twice) == recorded(once)
