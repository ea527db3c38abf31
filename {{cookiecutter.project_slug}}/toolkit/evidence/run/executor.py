"""Where stages are executed: what a run asks of this machine or of a cluster, in the same words of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evidence.project import Project, StageInfo
from evidence.run.limits import Limits
from evidence.run.states import StageRun


@dataclass(frozen=True)
class Job:
    """What the stages of one run have in common.

    folder: the run's, which holds what earlier stages left and gets what each one leaves. limits: of one stage. count:
    how many stages it will execute at most. at_once: stages begin before those that they rest on are over.
    """

    project: Project
    folder: Path
    parameters: dict[str, object]
    limits: Limits
    count: int
    at_once: bool = False


class Session(Protocol):
    """Executes the stages of one run. Used as a context: at its end nothing of that run is at work any more."""

    def __enter__(self) -> Session: ...

    def __exit__(self, *_: object) -> None: ...

    def execute(self, stage: StageInfo, started: Callable[[], None], cell_done: Callable[[], None]) -> StageRun:
        """Executes a stage whose earlier stages are over, or at work where the job is `at_once`; says how it went.

        Several threads may call at once. started is called when it has a place to run, cell_done after each code cell,
        both from any thread. Raises EvidenceError where not the stage failed but the place: the run cannot go on.
        """
        ...


class Executor(Protocol):
    """A place with room for `side_by_side` stages at one time, of one run or of several at once.

    at_once: whether it can as well have all stages of a run at work, each waiting for others where it needs them.
    """

    side_by_side: int
    at_once: bool

    def session(self, job: Job) -> Session:
        """Opens it for one run."""
        ...
