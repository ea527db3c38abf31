"""Many runs at once: through one executor, each stage that several of them share executed once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace

from evidence.project import EvidenceError, Project, StageInfo
from evidence.run.executor import Executor, Job, Session
from evidence.run.progress import Progress
from evidence.run.progress_many import ManyProgress
from evidence.run.runner import How, execute
from evidence.run.states import Run, StageRun
from evidence.run.turns import Turns


@dataclass(frozen=True)
class Ended:
    """How one of many runs ended: `run` and `error` as `execute` gave or raised them, `made` what was made of it.

    made is None where the run could not be made anything of.
    """

    name: str
    run: Run | None
    error: EvidenceError | None
    seconds: float
    made: object = None

    @property
    def complete(self) -> bool:
        return self.error is None and self.run is not None and self.run.complete


def execute_many(
    project: Project,
    runs: Mapping[str, dict[str, object]],
    stages: list[int] | None = None,
    progress: ManyProgress | None = None,
    how: How | None = None,
    make: Callable[[Run], object] | None = None,
) -> list[Ended]:
    """Executes the stages of each run, as `execute` does, and calls `make` with each that has ended, one at a time.

    runs: parameters by name. Stages of several runs are handed to one executor, as many at a time as it has room for. A
    run that stops, or of which nothing can be made, does not stop the others. Raises KeyboardInterrupt when it is
    stopped, and leaves of the runs at work what was there before.
    """
    how, progress = how or How(), progress or ManyProgress()
    progress.began(list(runs), project)
    with ExitStack() as stack:
        executor = how.executor or stack.enter_context(how.here(several=True))
        together = _Together(executor)
        shared = replace(how, executor=together, turns=Turns() if how.cache else None)

        def stages_of(name: str) -> Ended:
            begun = time.monotonic()
            of_run = _Stoppable(progress.of(name), together)
            run, error = None, None
            try:
                run = execute(project, name, runs[name], stages, progress=of_run, how=shared)
            except EvidenceError as raised:
                error = raised
            return Ended(name, run, error, time.monotonic() - begun)

        threads = ThreadPoolExecutor(max(1, min(len(runs), together.side_by_side)), thread_name_prefix="run")
        going = [threads.submit(stages_of, name) for name in runs]
        ended: dict[str, Ended] = {}
        try:
            for run in _as_they_end(going):
                ended[run.name] = _made_something_of(run, make)
                progress.run_ended(ended[run.name])
        except BaseException:
            together.stop()
            if shared.turns is not None:
                shared.turns.stop()
            threads.shutdown(cancel_futures=True)
            progress.stopped()
            raise
        threads.shutdown()
    return [ended[name] for name in runs]


def _as_they_end(going: list[Future]) -> Iterator[Ended]:
    left = set(going)
    while left:
        # A wait without end could not be interrupted from the keyboard on Windows.
        done, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


def _made_something_of(ended: Ended, make: Callable[[Run], object] | None) -> Ended:
    """Calls `make` in the thread that a stop from the keyboard reaches: a pack half made is then let go at once."""
    if make is None or ended.run is None:
        return ended
    begun = time.monotonic()
    made, error = None, None
    try:
        made = make(ended.run)
    except EvidenceError as raised:
        error = raised
    return replace(ended, made=made, error=error, seconds=ended.seconds + time.monotonic() - begun)


class _Together:
    """An executor for several runs: never more stages at one time than there is room for, and none once stopped."""

    at_once = False

    def __init__(self, executor: Executor) -> None:
        self._executor, self.side_by_side = executor, executor.side_by_side
        self._room = threading.Semaphore(executor.side_by_side)
        self._stopped = threading.Event()
        self._open: set[Session] = set()

    def session(self, job: Job) -> _Session:
        self.check()
        return _Session(self, self._executor.session(job))

    def check(self) -> None:
        if self._stopped.is_set():
            raise InterruptedError("the runs are being stopped")

    def stop(self) -> None:
        """Ends whatever is at work, at once."""
        self._stopped.set()
        for session in list(self._open):
            session.__exit__(None, None, None)


class _Session:
    """One run's part of it."""

    def __init__(self, together: _Together, session: Session) -> None:
        self._together, self._session = together, session

    def __enter__(self) -> _Session:
        self._session.__enter__()
        self._together._open.add(self._session)
        return self

    def __exit__(self, *raised: object) -> None:
        self._together._open.discard(self._session)
        self._session.__exit__(*raised)

    def execute(self, stage: StageInfo, started: Callable[[], None], cell_done: Callable[[], None]) -> StageRun:
        with self._together._room:
            self._together.check()
            return self._session.execute(stage, started, cell_done)


class _Stoppable(Progress):
    """Tells another one, and ends a run that goes on after all has been stopped before it takes its place."""

    def __init__(self, to: Progress, together: _Together) -> None:
        self._to, self._together = to, together

    def started(self, stage: StageInfo, cells: int) -> None:
        self._to.started(stage, cells)

    def cell_done(self, stage: StageInfo) -> None:
        self._to.cell_done(stage)

    def explained(self, stage: StageInfo, why: str) -> None:
        self._to.explained(stage, why)

    def ended(self, stage: StageInfo, state: str, why: str, seconds: float | None) -> None:
        self._together.check()
        self._to.ended(stage, state, why, seconds)
