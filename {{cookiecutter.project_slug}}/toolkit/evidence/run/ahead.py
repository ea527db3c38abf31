"""Stages that begin before those that they rest on are over, so that no core is idle while one stage waits for another.

Such a stage waits where it looks at what an earlier one records. What came of it counts only if, once the earlier ones
are over, all that it looked at is still as it was then; otherwise it is executed anew, in its turn.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from evidence.project import Project, StageInfo
from evidence.results import AtOnce, Results
from evidence.run.cache import left_by
from evidence.run.fingerprints import FILES
from evidence.run.present import Present

# What is larger is better held in memory by few stages at a time.
_MOST_BYTES = 20 * 1024**2


def worth_it(project: Project, parameters: dict[str, object]) -> bool:
    """Whether the data is so small that all stages can hold it at one time; nobody knows that of a database."""
    if project.facts.database_address:
        return False
    data = project.data_folder(parameters)
    files = data.rglob("*") if data.is_dir() else [data]
    return sum(path.stat().st_size for path in files if path.is_file()) <= _MOST_BYTES


def still_holds(project: Project, parameters: dict[str, object], stage: StageInfo, results: Results) -> bool:
    """Whether all that other stages could have changed meanwhile is as the stage saw it; files are looked at last."""
    present = Present(project, parameters)
    others = [read for read in results.reads(stage.number) if read["kind"] not in (*FILES, "code", "parameter")]
    return all(present.digest(read["kind"], read["name"], results) == read["sha256"] for read in others)


def discard(folder: Path, stage: StageInfo) -> None:
    """Removes all that the stage left in the run's folder."""
    for name in left_by(stage.number, folder, stage.notebook):
        os.unlink(folder / name)
    with suppress(FileNotFoundError):
        os.rmdir(folder / "results" / f"{stage.number:02d}")
    AtOnce(folder).forget(stage.number)
