"""An executor without kernels, so that hundreds of runs take seconds: each stage does what a small table says."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from evidence.project import EvidenceError, StageInfo, as_cell, declared_parameters, sha256_of_file
from evidence.results import SeenParameters, StageResults
from evidence.run.executor import Job
from evidence.run.states import StageRun


@dataclass(frozen=True)
class Does:
    """What a stage looks at: parameters, files, earlier results (stage, name). `also`: more parameters, when a file
    says `more`. It records a digest of all it saw as `seen`."""

    parameters: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    results: tuple[tuple[int, str], ...] = ()
    also: tuple[str, ...] = ()


@dataclass
class FakeExecutor:
    """Counts what it executes. before: called with (run's parameters, stage number) in the thread of the stage.

    second_thoughts: stages that record something, and something else when `before` has been called a second time.
    """

    does: dict[int, Does]
    side_by_side: int = 3
    at_once: bool = False
    before: Callable[[dict, int], None] = lambda parameters, stage: None
    second_thoughts: tuple[int, ...] = ()
    executed: list[tuple[str, int]] = field(default_factory=list)
    most_at_once: int = 0
    _at_work: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self, job: Job) -> _Session:
        return _Session(self, job)

    def count(self, stage: int) -> int:
        return sum(number == stage for _, number in self.executed)


class _Session:
    def __init__(self, executor: FakeExecutor, job: Job) -> None:
        self.executor, self.job = executor, job

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, stage: StageInfo, started, cell_done) -> StageRun:
        executor, job = self.executor, self.job
        with executor._lock:
            executor._at_work += 1
            executor.most_at_once = max(executor.most_at_once, executor._at_work)
            executor.executed.append((str(job.parameters.get("area", "")), stage.number))
        try:
            started()
            executor.before(job.parameters, stage.number)
            self._work(stage, executor.does[stage.number])
        except (RuntimeError, EvidenceError) as error:
            return StageRun(stage.number, stage.notebook, "failed", str(error))
        finally:
            with executor._lock:
                executor._at_work -= 1
        return StageRun(stage.number, stage.notebook, "done")

    def _work(self, stage: StageInfo, does: Does) -> None:
        job, number = self.job, stage.number
        results = StageResults(job.folder, number, range(1, number), at_once=job.at_once)
        results.clear(number)
        declared = declared_parameters(job.project.notebook(stage))
        values = {name: job.parameters[name] for name in declared}
        parameters = SeenParameters(
            values, lambda names: results.note_parameters({name: values[name] for name in names})
        )
        seen: list[object] = [parameters["as_of"], *(parameters[name] for name in does.parameters)]
        for name in does.files:
            path = job.project.path(name)
            digest = sha256_of_file(path) if path.is_file() else ""
            results.note_read(number, "file", name, digest)
            seen.append(digest)
            if path.is_file() and "more" in path.read_text():
                seen += [parameters[name] for name in does.also]
        seen += [results.read(*one) for one in does.results]
        if number in self.executor.second_thoughts:
            results.record(number, "seen", "not yet", headline=True)
            self.executor.before(job.parameters, number)
        said = hashlib.sha256(repr(seen).encode()).hexdigest()
        results.record(number, "seen", said, headline=True)
        lines = "".join(f"{as_cell(name, values[name])}\n" for name in declared)
        injected = {
            "cell_type": "code",
            "metadata": {"tags": ["injected-parameters"]},
            "source": f"# Parameters\n{lines}",
        }
        shown = {"cell_type": "markdown", "metadata": {}, "source": said}
        path = job.folder / "notebooks" / stage.notebook
        path.parent.mkdir(exist_ok=True)
        text = json.dumps({"cells": [injected, shown]}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")
        results.finish(number)
