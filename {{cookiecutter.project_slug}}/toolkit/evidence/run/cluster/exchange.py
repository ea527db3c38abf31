"""How a stage gets what earlier ones left, and how what it leaves gets back: through the run's own folder, or carried.

Files are known by name and digest, so that none is taken half written or out of date.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from evidence.project import EvidenceError, Project, StageInfo, sha256_of_file, stages_needed
from evidence.run.cache import left_by

# In a run's folder, until the run is over: what workers have put there, one folder an attempt.
FROM_WORKERS = ".from_workers"
# A network drive may show a file to other machines only after a while.
_PATIENCE = 60.0


def needed_by(stage: StageInfo, project: Project, folder: Path) -> dict[str, str]:
    """The files in a run's folder that a stage may look at, each with its SHA-256."""
    names = ["parameters.json"]
    for number in stages_needed(stage.reads, project.stages):
        names += left_by(number, folder, project.stage(number).notebook)
    return digests(folder, names)


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: sha256_of_file(folder / name) for name in names}


def fetch(files: Mapping[str, str], source: Path, target: Path) -> None:
    """Copies the files of a run's folder, seen by this worker, to one of its own.

    Raises EvidenceError when one of them is not there, or is not what it was when the stage was handed over.
    """
    for name, digest in files.items():
        _await(source / name, digest)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)


def hand_over(files: Mapping[str, str], source: Path, run: Path) -> str:
    """Copies what a stage left to a new folder in the run's, and returns that folder's name.

    Raises FileNotFoundError where the run has gone: it was stopped, and its folder is not made anew.
    """
    # Of two workers that execute the same stage because one was thought lost, neither may write over the other's.
    name = f"{FROM_WORKERS}/{uuid.uuid4().hex}"
    for file in files:
        place = run / name / file
        for folder in reversed(place.relative_to(run).parents[:-1]):
            (run / folder).mkdir(exist_ok=True, mode=0o700)
        with open(source / file, "rb") as left, open(place, "wb") as given:
            shutil.copyfileobj(left, given)
            given.flush()
            os.fsync(given.fileno())
    return name


def take_over(files: Mapping[str, str], place: str, run: Path) -> None:
    """Moves what a worker handed over to where the run has it. Raises EvidenceError when it does not arrive whole."""
    for name, digest in files.items():
        _await(run / place / name, digest)
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(run / place / name, run / name)
        _close_log(run, name)


def take_carried(files: Mapping[str, str], carried: Mapping[str, bytes], run: Path) -> None:
    """Writes what came along with a worker's answer to where the run has it."""
    for name, digest in files.items():
        if hashlib.sha256(carried[name]).hexdigest() != digest:
            raise _not_whole(name)
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_bytes(carried[name])
        _close_log(run, name)


def _close_log(run: Path, name: str) -> None:
    """What an error says may quote data."""
    if name.startswith("logs/"):
        os.chmod(run / name, 0o600)


def _await(path: Path, digest: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not (path.is_file() and sha256_of_file(path) == digest):
        if time.monotonic() > until:
            raise _not_whole(path.name)
        time.sleep(0.2)


def _not_whole(name: str) -> EvidenceError:
    return EvidenceError(
        f"the file {name} of this run did not arrive whole.",
        remedy="Check that the project's folder is the same on every machine, and that none has run out of disk.",
    )
