"""The run itself: stages in order, each in a kernel of its own, into a folder that appears when everything is there."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import Project, StageInfo, atomic_write, declared_parameters, read_text
from evidence.project.folders import hold, put_in_place, recover, remove
from evidence.results import Results
from evidence.run.failure import traceback_text, why_it_stopped
from evidence.run.fingerprints import check_unchanged, code_digests
from evidence.run.graph import blocked_by, with_what_they_read
from evidence.run.progress import Progress

if TYPE_CHECKING:
    from evidence.run.kernel import Kernels

STATES = ("done", "failed", "not run", "not asked")


@dataclass(frozen=True)
class StageRun:
    """How one stage went: `state` is one of STATES, `why` says in words what stopped it (empty when done)."""

    number: int
    notebook: str
    state: str
    why: str = ""


@dataclass(frozen=True)
class Run:
    """One finished run: its folder, its parameters, and how each stage went."""

    name: str
    folder: Path
    parameters: dict[str, object]
    stages: tuple[StageRun, ...]

    @property
    def complete(self) -> bool:
        """Whether every stage that was asked for is done."""
        return all(stage.state in ("done", "not asked") for stage in self.stages)


def run_folder(project: Project, name: str) -> Path:
    """Where the run of that name lies."""
    return project.path(".evidence", "runs", name)


def execute(
    project: Project,
    name: str,
    parameters: dict[str, object],
    stages: list[int] | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Executes the stages (all, or those asked for and what they read) and returns how it went.

    The run lies in `.evidence/runs/<name>/`, or in `folder`. It appears there when it is whole; until then, and after a
    crash, the previous one stays. Raises EvidenceError before anything runs for a wrong parameter or while another
    run of the same name is going, and afterwards when a file changed meanwhile.
    """
    parameters = project.check_parameters(parameters, f"parameters of {name}")
    wanted = with_what_they_read(stages or [stage.number for stage in project.stages], project.stages)
    final = folder or run_folder(project, name)
    with hold(final.with_name(f".{final.name}.lock"), f"A run called {name}"):
        recover(final)
        part = _fresh(final.with_name(f".{final.name}.part"))
        try:
            done = _execute_into(part, project, name, parameters, wanted, progress or Progress())
            put_in_place(part, final)
        finally:
            remove(part)
    return Run(name, final, parameters, done)


def execute_in(
    folder: Path, project: Project, parameters: dict[str, object], stages: list[int], progress: Progress | None = None
) -> Run:
    """Executes just these stages in a folder that is already in use, over what the other stages left there.

    This is how JupyterLab gets the results of earlier stages. Raises EvidenceError as `execute` does.
    """
    parameters = project.check_parameters(parameters, "the parameters of this notebook")
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder.with_name(f".{folder.name}.lock"), "A run for this notebook"):
        done = _execute_into(folder, project, folder.name, parameters, stages, progress or Progress())
    return Run(folder.name, folder, parameters, done)


def _execute_into(
    folder: Path,
    project: Project,
    name: str,
    parameters: dict[str, object],
    wanted: list[int],
    progress: Progress,
) -> tuple[StageRun, ...]:
    # Papermill and what it brings take half a second to import, and only a run needs them.
    from evidence.run.kernel import Kernels, kernel_environment

    code = code_digests(project, list(project.stages))
    _write_json(folder / "parameters.json", parameters)
    done: list[StageRun] = []
    seconds: dict[str, float] = {}
    with Kernels(kernel_environment(folder, parameters), project.path("notebooks"), len(wanted)) as kernels:
        for stage in project.stages:
            states = {earlier.number: earlier.state for earlier in done}
            begun = time.monotonic()
            if stage.number not in wanted:
                done.append(StageRun(stage.number, stage.notebook, "not asked"))
                continue
            if blocked := blocked_by(stage, states):
                done.append(StageRun(stage.number, stage.notebook, "not run", _because_of(blocked)))
            else:
                done.append(_run_stage(folder, project, stage, parameters, kernels, progress))
                seconds[str(stage.number)] = round(time.monotonic() - begun, 3)
            progress.ended(stage, done[-1].state, done[-1].why, time.monotonic() - begun)
    check_unchanged(project, Results(folder), project.data_folder(parameters), code)
    _write_json(folder / "run.json", {"name": name, "stages": [asdict(stage) for stage in done], "code": code})
    _write_json(folder / "timings.json", seconds)
    return tuple(done)


def _run_stage(
    folder: Path,
    project: Project,
    stage: StageInfo,
    parameters: dict[str, object],
    kernels: Kernels,
    progress: Progress,
) -> StageRun:
    from evidence.run.kernel import run_notebook
    from evidence.run.scrub import notebook_text

    source = project.notebook(stage)
    taken = {name: parameters[name] for name in declared_parameters(source)}
    progress.started(stage, _code_cells(source) + bool(taken))
    outcome = run_notebook(source, taken, kernels, progress.cell_done)
    notebook, why, log = outcome.notebook, "", outcome.said
    if outcome.error is not None:
        # papermill puts cells of its own before the one that raised; the author's numbers do not count them.
        notebook.cells = [cell for cell in notebook.cells if not _is_tagged(cell, "papermill-error-cell-tag")]
        own = [cell for cell in notebook.cells if not _is_tagged(cell, "injected-parameters")]
        why = why_it_stopped(own, outcome.error, outcome.cell)
        log += traceback_text(own, outcome.error)
    _write_log(folder / "logs" / f"{stage.number:02d}.txt", log)
    atomic_write(folder / "notebooks" / stage.notebook, notebook_text(notebook))
    return StageRun(stage.number, stage.notebook, "failed" if outcome.error else "done", why)


def _is_tagged(cell, tag: str) -> bool:
    return tag in cell.metadata.get("tags", ())


def _because_of(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"It needs the results of stage {numbers[0]}, which did not finish."
    listed = f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
    return f"It needs the results of stages {listed}, which did not finish."


def _fresh(part: Path) -> Path:
    """An empty folder that only its owner can look into: results and logs are not for everyone."""
    remove(part)
    part.mkdir(parents=True)
    os.chmod(part, 0o700)
    return part


def _write_log(path: Path, text: str) -> None:
    """For the analyst alone: an error's own words may quote data. Nothing is written where there is nothing to say."""
    path.unlink(missing_ok=True)
    if text:
        path.parent.mkdir(exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as log:
            log.write(text)


def _code_cells(notebook: Path) -> int:
    return sum(cell["cell_type"] == "code" for cell in json.loads(read_text(notebook))["cells"])


def _write_json(path: Path, document: object) -> None:
    atomic_write(path, json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
