"""The run itself: stages side by side where they can be, into a folder that appears when everything is there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from evidence.project import Project, StageInfo, atomic_write, read_text, stages_needed
from evidence.project.folders import hold, put_in_place, recover, remove
from evidence.results import AtOnce, Results
from evidence.run import ahead
from evidence.run.cache import Cache
from evidence.run.executor import Executor, Job, Session
from evidence.run.fingerprints import check_unchanged, code_digests
from evidence.run.graph import blocked_by, in_order, waiting_for
from evidence.run.here import AsideOf, Here
from evidence.run.limits import Limits
from evidence.run.progress import Progress
from evidence.run.states import Run, StageRun
from evidence.run.turns import Turns


@dataclass(frozen=True)
class How:
    """How stages are executed; nothing of it changes what they give.

    workers: stages side by side, None for one a core and at most four. warm: fork kernels where that is safe. cache:
    take what an earlier run gave where nothing has changed, and keep what this one gives. executor: where the stages
    are executed, which other runs may use at the same time; None for this machine. meanwhile: what this process does
    with the notebook of each stage that has ended while others are at work, as it has little to do itself, and without
    one while kernels get ready (see `Here`). turns: what runs at the same time share, so that each stage that is the
    same for several is executed once.
    """

    workers: int | None = None
    warm: bool = True
    cache: bool = True
    limits: Limits = field(default_factory=Limits)
    executor: Executor | None = None
    meanwhile: Callable[[Path | None, int, AsideOf | None], None] | None = None
    turns: Turns | None = None

    def here(self, several: bool = False) -> Here:
        """This machine, for stages and for what is done beside them. several: for the stages of several runs."""
        return Here(self.workers, self.warm, self.meanwhile, several)


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
    how: How | None = None,
) -> Run:
    """Executes the stages (all, or those asked for and what they read) and returns how it went.

    The run lies in `.evidence/runs/<name>/`, or in `folder`. It appears there when it is whole; until then, and after a
    crash, the previous one stays. Raises EvidenceError before anything runs for a wrong parameter or while another
    run of the same name is going, and afterwards when a file changed meanwhile.
    """
    parameters = project.check_parameters(parameters, f"parameters of {name}")
    wanted = stages_needed(stages or [stage.number for stage in project.stages], project.stages)
    final = folder or run_folder(project, name)
    progress = progress or Progress()
    with hold(final.with_name(f".{final.name}.lock"), f"A run called {name}"):
        recover(final)
        part = _fresh(final.with_name(f".{final.name}.part"))
        try:
            execution = _Execution(part, project, parameters, wanted, progress, how or How(), fresh=True)
            done = execution.run(name)
            put_in_place(part, final)
        except BaseException:
            progress.stopped()
            raise
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
        execution = _Execution(folder, project, parameters, stages, progress or Progress(), How(cache=False))
        done = execution.run(folder.name)
    return Run(folder.name, folder, parameters, done)


class _Execution:
    """One run while it goes on. fresh: nothing of an earlier one is in its folder."""

    def __init__(
        self,
        folder: Path,
        project: Project,
        parameters: dict[str, object],
        wanted: list[int],
        progress: Progress,
        how: How,
        fresh: bool = False,
    ) -> None:
        self.folder, self.project, self.parameters, self.wanted = folder, project, parameters, wanted
        self.progress, self.how = progress, how
        self.executor = how.executor or how.here()
        self.results = Results(folder)
        self.cache = Cache(project, parameters, how.turns) if how.cache else None
        self.states: dict[int, StageRun] = {}
        self.seconds: dict[str, float] = {}
        self.at_once = fresh and self.executor.at_once and how.turns is None and ahead.worth_it(project, parameters)
        self.ahead: set[int] = set()

    def run(self, name: str) -> tuple[StageRun, ...]:
        code = code_digests(self.project, list(self.project.stages))
        _write_json(self.folder / "parameters.json", self.parameters)
        for stage in self.project.stages:
            if stage.number not in self.wanted:
                self.states[stage.number] = StageRun(stage.number, stage.notebook, "not asked")
        with ExitStack() as stack:
            self._execute(stack)
        AtOnce(self.folder).over()
        if self.cache is not None and self.seconds:
            self.cache.prune()
        check_unchanged(self.project, self.results, self.project.data_folder(self.parameters), code, self.wanted)
        done = tuple(self.states[stage.number] for stage in self.project.stages)
        _write_json(self.folder / "run.json", {"name": name, "stages": [asdict(stage) for stage in done], "code": code})
        _write_json(self.folder / "timings.json", self.seconds)
        return done

    def _execute(self, stack: ExitStack) -> None:
        places = len(self.wanted) if self.at_once else self.executor.side_by_side
        threads = stack.enter_context(ThreadPoolExecutor(places, thread_name_prefix="stage"))
        order, waiting = in_order(self.wanted, self.project.stages), waiting_for(self.project.stages)
        going: dict[Future, StageInfo] = {}
        came: dict[int, tuple[StageRun, float]] = {}
        in_turn: set[int] = set()
        session: Session | None = None
        while order.is_active():
            begin = []
            for stage in [self.project.stage(number) for number in came if number in in_turn]:
                if self._counts(stage, *came.pop(stage.number)):
                    order.done(stage.number)
                else:
                    begin.append(stage)
            in_turn |= set(ready := order.get_ready())
            ready = [self.project.stage(number) for number in ready if number not in self.ahead]
            settled = [stage for stage in ready if self._settled_without_running(stage)]
            order.done(*(stage.number for stage in settled))
            begin += [stage for stage in ready if stage not in settled]
            begin += self._those_ahead([*begin, *going.values()])
            for stage in sorted(begin, key=lambda one: -waiting[one.number]):
                # It is left before the threads are, which wait for what it then stops.
                session = session or stack.enter_context(self.executor.session(self._job()))
                going[threads.submit(self._timed, stage, session)] = stage
            if going and not settled:
                # A wait without end could not be interrupted from the keyboard on Windows.
                finished, _ = wait(going, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in finished:
                    came[going.pop(future).number] = future.result()

    def _those_ahead(self, at_work: list[StageInfo]) -> list[StageInfo]:
        """The stages to begin although those that they rest on are not over; each has to run whatever these give."""
        if not self.at_once or not at_work:
            return []
        begun = {stage.number for stage in at_work} | set(self.states) | self.ahead
        found: list[StageInfo] = []
        for stage in [self.project.stage(number) for number in self.wanted if number not in begun]:
            if not all(number in begun for number in stage.reads if number in self.wanted):
                continue
            why = self.cache.must_run(stage) if self.cache is not None else ""
            if self.cache is None or why:
                self.progress.explained(stage, why)
                begun.add(stage.number)
                found.append(stage)
        self.ahead |= {stage.number for stage in found}
        return found

    def _counts(self, stage: StageInfo, done: StageRun, seconds: float) -> bool:
        """Ends a stage that has been executed; False where it is to be executed anew, now that it is its turn."""
        if stage.number in self.ahead:
            self.ahead.discard(stage.number)
            if blocked := self._blocked(stage):
                ahead.discard(self.folder, stage)
                self._end(stage, blocked)
                return True
            if done.state != "done" or not ahead.still_holds(self.project, self.parameters, stage, self.results):
                ahead.discard(self.folder, stage)
                return False
            self._keep(stage)
        self._end(stage, done, seconds)
        return True

    def _job(self) -> Job:
        count = sum(number not in self.states for number in self.wanted)
        return Job(self.project, self.folder, self.parameters, self.how.limits, count, self.at_once)

    def _settled_without_running(self, stage: StageInfo) -> bool:
        """Whether the stage has no need to run, or no use: it is ended here then."""
        if blocked := self._blocked(stage):
            self._end(stage, blocked)
            return True
        if self.cache is None:
            return False
        found = self.cache.find(stage, self.results)
        if found.entry is not None and self.cache.restore(found.entry, self.folder):
            self.progress.explained(stage, "")
            self._end(stage, StageRun(stage.number, stage.notebook, "done"))
            return True
        self.progress.explained(stage, found.why or "what was kept of it is damaged")
        return False

    def _blocked(self, stage: StageInfo) -> StageRun | None:
        """How a stage ends that rests on one that did not finish; None where there is no such."""
        numbers = blocked_by(stage, {number: one.state for number, one in self.states.items()})
        return StageRun(stage.number, stage.notebook, "not run", _because_of(numbers)) if numbers else None

    def _timed(self, stage: StageInfo, session: Session) -> tuple[StageRun, float]:
        """How the stage went, and its seconds since it was begun, without those in which it waited for another one."""
        begun: list[float] = []

        def started() -> None:
            begun[:] = [time.monotonic()]
            self.progress.started(stage, _code_cells(self.project.notebook(stage)))

        try:
            done = session.execute(stage, started, partial(self.progress.cell_done, stage))
            if done.state == "done" and stage.number not in self.ahead:
                self._keep(stage)
        finally:
            if self.cache is not None:
                self.cache.over(stage)
        return done, time.monotonic() - begun[0] - AtOnce(self.folder).seconds_waited(stage.number)

    def _keep(self, stage: StageInfo) -> None:
        if self.cache is not None:
            self.cache.keep(stage, self.results, stage.notebook)

    def _end(self, stage: StageInfo, done: StageRun, seconds: float | None = None) -> None:
        self.states[stage.number] = done
        if self.at_once and done.state != "done":
            AtOnce(self.folder).stop(stage.number)
        if seconds is not None:
            self.seconds[str(stage.number)] = round(seconds, 3)
        self.progress.ended(stage, done.state, done.why, seconds)


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


def _code_cells(notebook: Path) -> int:
    return sum(cell["cell_type"] == "code" for cell in json.loads(read_text(notebook))["cells"])


def _write_json(path: Path, document: object) -> None:
    atomic_write(path, json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n", lasting=False)
