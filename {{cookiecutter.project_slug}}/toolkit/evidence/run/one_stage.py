"""One stage of a run: its notebook executed in a kernel, scrubbed, and put into the run's folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from evidence.project import Project, StageInfo, atomic_write, declared_parameters
from evidence.run.failure import traceback_text, why_it_stopped
from evidence.run.kernels import Kernels
from evidence.run.limits import Limits, Watch
from evidence.run.notebook import run_notebook
from evidence.run.scrub import notebook_text
from evidence.run.states import StageRun


def run_stage(
    folder: Path,
    project: Project,
    stage: StageInfo,
    parameters: dict[str, object],
    kernels: Kernels,
    limits: Limits,
    cell_done: Callable[[], None],
    first: int = 0,
) -> StageRun:
    """Executes a stage with those of the parameters that its notebook declares; says how it went and never raises.

    first: of stages that ask for a kernel at the same time, the one with the most has it first.
    """
    source = project.notebook(stage)
    taken = {name: parameters[name] for name in declared_parameters(source)}
    kernel = kernels.take(first)
    try:
        with Watch(kernel, limits) as watch:
            outcome = run_notebook(source, taken, kernel, cell_done, limits.cell_seconds)
    finally:
        kernels.give_back(kernel)
    notebook, why, log = outcome.notebook, "", outcome.said
    if outcome.error is not None:
        # papermill puts cells of its own before the one that raised; the author's numbers do not count them.
        notebook.cells = [cell for cell in notebook.cells if not _is_tagged(cell, "papermill-error-cell-tag")]
        own = [cell for cell in notebook.cells if not _is_tagged(cell, "injected-parameters")]
        why = watch.why or why_it_stopped(own, outcome.error, outcome.cell, limits.cell_seconds)
        log += traceback_text(own, outcome.error)
    _write_log(folder / "logs" / f"{stage.number:02d}.txt", log)
    atomic_write(folder / "notebooks" / stage.notebook, notebook_text(notebook), lasting=False)
    return StageRun(stage.number, stage.notebook, "failed" if outcome.error else "done", why)


def leave_unexecuted(folder: Path, project: Project, stage: StageInfo, log: str) -> None:
    """Puts a notebook that could not be executed at all into the run's folder, and why into its log."""
    import nbformat

    _write_log(folder / "logs" / f"{stage.number:02d}.txt", log)
    text = notebook_text(nbformat.read(project.notebook(stage), as_version=4))
    atomic_write(folder / "notebooks" / stage.notebook, text)


def _is_tagged(cell, tag: str) -> bool:
    return tag in cell.metadata.get("tags", ())


def _write_log(path: Path, text: str) -> None:
    """For the analyst alone: an error's own words may quote data. Nothing is written where there is nothing to say."""
    path.unlink(missing_ok=True)
    if text:
        path.parent.mkdir(exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as log:
            log.write(text)
