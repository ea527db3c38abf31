"""In JupyterLab: a notebook opened on its own finds the results of the stages it reads, because they are run first."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from evidence.project import EvidenceError, Project, StageInfo, atomic_write, sha256_of_file, stages_needed
from evidence.results import Results


def run_missing_stages(project: Project, info: StageInfo, parameters: dict[str, object], results: Results) -> None:
    """Runs the stages before `info` that it rests on and that are missing or rest on data or code that has changed.

    Raises EvidenceError with the words of the stage that stopped.
    """
    atomic_write(results.folder / "parameters.json", json.dumps(parameters, indent=1, sort_keys=True) + "\n")
    needed = stages_needed(info.reads, project.stages)
    missing = [number for number in needed if not _is_current(project, results, number)]
    if not missing:
        return
    names = ", ".join(str(number) for number in missing)
    print(f"This stage reads results of earlier stages. Running stage {names} first; this takes some seconds.")
    command = [sys.executable, "-m", "evidence", "run", "--stages", names.replace(" ", ""), "--no-pack"]
    # The commands live above this room, so they are called as a person would call them.
    done = subprocess.run(
        [*command, "--folder", str(results.folder)],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(project.path("toolkit"))},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    still = [number for number in missing if not results.finished(number)]
    if still:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise EvidenceError(
            f"stage {still[0]} did not finish: " + " ".join(said),
            remedy=f"Open the notebook of stage {still[0]}, put right what it says, then come back.",
        )


def _is_current(project: Project, results: Results, number: int) -> bool:
    """Whether the stage finished, and the files it read are still the same."""
    if not results.finished(number):
        return False
    for entry in results.reads(number):
        if entry["name"] == "toolkit/evidence":
            same = entry["sha256"] == project.toolkit_digest()
        elif entry["kind"] in ("data", "code", "workbook", "reference", "file"):
            path = project.path(entry["name"])
            # Data may lie outside the project, where only its name is known.
            now = sha256_of_file(path) if path.is_file() else "" if entry["kind"] != "data" else entry["sha256"]
            same = entry["sha256"] == now
        else:
            continue
        if not same:
            return False
    return True
