"""Stages on this machine: each in a kernel of its own, side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import StageInfo
from evidence.run.executor import Job
from evidence.run.graph import waiting_for
from evidence.run.states import StageRun

if TYPE_CHECKING:
    from evidence.run.kernels import Kernels
    from evidence.run.warm_start import WarmServer

_MOST = 4


class Aside:
    """Functions called one after the other beside this process, each with what the one before it gave.

    What goes wrong there is done again here, where an error reaches whoever asks for the result.
    """

    def __init__(self, server: WarmServer, function: Callable[..., object], given: tuple[object, ...]) -> None:
        self._steps = [(function, given)]
        self._called = server.call(_name(function), *given)

    def then(self, function: Callable[..., object], *given: object) -> Aside:
        """Has another function called, with what the one before it gives, and these."""
        self._steps.append((function, given))
        with suppress(OSError):
            self._called.then(_name(function), *given)
        return self

    def __call__(self) -> object:
        """Waits for what the last function gives."""
        with suppress(OSError, EOFError):
            return self._called.result()
        (first, given), *later = self._steps
        found = first(*given)
        for function, given in later:
            found = function(found, *given)
        return found


AsideOf = Callable[..., Aside | None]


def _name(function: Callable[..., object]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


class Here:
    """This machine as an executor. workers: stages side by side, None for one a core and at most four.

    Used as a context, all its sessions fork their kernels from one server, which ends with it: getting one ready takes
    longer than most stages. several: sessions of several runs are to come, so that even one with a single stage does.

    meanwhile: called with the executed notebook of each stage that has ended, in a thread of its own, while later
    stages are at work in their kernels; and once with None before that, while the server gets ready. It is also told
    how many stages are not over, and given `aside` where that will have the server's help.
    """

    def __init__(
        self,
        workers: int | None = None,
        warm: bool = True,
        meanwhile: Callable[[Path | None, int, AsideOf | None], None] | None = None,
        several: bool = False,
    ) -> None:
        from evidence.run.warm_start import can_be_warm

        self.side_by_side = workers or min(_cores(), _MOST)
        self.warm = warm and can_be_warm()
        # A kernel that waits costs little only where it was forked; whoever gave a number meant it.
        self.at_once = self.warm and workers is None and self.side_by_side > 1
        self.meanwhile = meanwhile
        self._several = several
        self._kept = False
        self._server: WarmServer | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Here:
        self._kept = True
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def begin(self, count: int) -> None:
        """Has the fork server get ready before there is a session, of which it is known that so many stages run."""
        from evidence.run.environment import environment_of_any_run

        if self._with_server(count):
            self._start(environment_of_any_run())

    def session(self, job: Job) -> _Session:
        return _Session(
            job,
            self.side_by_side,
            self._get_ready,
            self._stage_ended,
            self._start if self._with_server(job.count) else None,
            None if self._kept else self._close,
        )

    def _with_server(self, count: int) -> bool:
        """Whether so many stages have their kernels from a server: one alone has it sooner without."""
        return self.warm and (self._several or count > 1)

    def aside(self, function: Callable[..., object], *given: object) -> Aside | None:
        """Has a function called beside this process; None without a fork server.

        The server has imported what this process need not import.
        """
        with self._lock, suppress(OSError):
            if self._server is not None and self._server.ready():
                return Aside(self._server, function, given)
        return None

    def _start(self, environment: dict[str, str]) -> WarmServer:
        """What forks the kernels of all sessions; it starts in this environment, and each kernel gets its own."""
        from evidence.run.environment import ShortFolder
        from evidence.run.warm_start import WarmServer

        with self._lock:
            if self._server is None:
                self._folder = ShortFolder()
                self._server = WarmServer(Path(self._folder.name), environment)
            return self._server

    def _close(self) -> None:
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()
            self._folder.cleanup()

    def _stage_ended(self, notebook: Path, left: int) -> None:
        if self.meanwhile is not None:
            threading.Thread(target=self._get_ready, args=(left, notebook), name="meanwhile", daemon=True).start()

    def _get_ready(self, left: int, notebook: Path | None = None) -> None:
        # Whatever is wrong is met again, and said, by what this makes ready for.
        with suppress(Exception):
            if self.meanwhile is not None:
                # Of several runs the packs are made without help, so that stages of other runs get on.
                helped = self._server is not None and not self._several
                self.meanwhile(notebook, left, self.aside if helped else None)


class _Session:
    """The kernels of one run, made when the first stage needs one."""

    def __init__(
        self,
        job: Job,
        side_by_side: int,
        begin: Callable[[int], None],
        ended: Callable[[Path, int], None],
        server: Callable[[dict[str, str]], WarmServer] | None,
        close: Callable[[], None] | None,
    ) -> None:
        self._job, self._side_by_side, self._server, self._close = job, side_by_side, server, close
        self._begin, self._ended = begin, ended
        self._waiting = waiting_for(job.project.stages)
        self._kernels: Kernels | None = None
        self._lock = threading.Lock()
        self._over = False
        self._left = job.count

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._over = True
        if self._kernels is not None:
            self._kernels.__exit__()
        if self._close is not None:
            self._close()

    def execute(self, stage: StageInfo, started: Callable[[], None], cell_done: Callable[[], None]) -> StageRun:
        kernels, job = self._ready(), self._job
        # Papermill and what it brings take half a second to import, and only a stage that runs needs them.
        from evidence.run.one_stage import run_stage

        started()
        try:
            first = self._waiting[stage.number]
            return run_stage(job.folder, job.project, stage, job.parameters, kernels, job.limits, cell_done, first)
        finally:
            with self._lock:
                self._left -= 1
            self._ended(job.folder / "notebooks" / stage.notebook, self._left)

    def _ready(self) -> Kernels:
        from evidence.run.environment import kernel_environment

        with self._lock:
            if self._over:
                raise InterruptedError("the run is being stopped")
            if self._kernels is None:
                job = self._job
                environment = kernel_environment(job.folder, job.parameters, job.at_once)
                server = None
                if self._server is not None:
                    # It gets ready during these imports and those below, which take a while.
                    server = self._server(environment)
                    self._begin(job.count)
                from evidence.run.kernels import Kernels

                made = Kernels(environment, job.project.path("notebooks"), job.count, self._side_by_side, server)
                self._kernels = made.__enter__()
            return self._kernels


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
