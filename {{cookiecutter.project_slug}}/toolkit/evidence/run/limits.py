"""What a stage may take: seconds a cell, seconds in all, gigabytes of memory. What goes beyond is stopped."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.run.kernels import Kernel

_LOOK_EVERY = 0.2
_GIGABYTE = 1024**3


@dataclass(frozen=True)
class Limits:
    """None is no limit. cell_seconds: one cell. stage_seconds: one stage. memory_gb: a stage's process and its own."""

    cell_seconds: float | None = None
    stage_seconds: float | None = None
    memory_gb: float | None = None

    @property
    def watched(self) -> bool:
        return self.stage_seconds is not None or self.memory_gb is not None


class Watch:
    """Looks at a kernel five times a second while its stage runs, and ends it when the stage takes too much.

    `why` then says so in words; it is empty otherwise. Used as a context.
    """

    def __init__(self, kernel: Kernel, limits: Limits) -> None:
        self.why = ""
        self._kernel, self._limits = kernel, limits
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        if self._limits.watched:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._limits.watched:
            self._thread.join()

    def _look(self) -> None:
        begun = time.monotonic()
        while not self._over.wait(_LOOK_EVERY):
            process = self._kernel.process
            # Without one there is nothing to stop: it starts still, or has gone.
            if process is None:
                continue
            self.why = self._too_much(process, time.monotonic() - begun)
            if self.why:
                kill(process)
                return

    def _too_much(self, process: int, seconds: float) -> str:
        most = self._limits.stage_seconds
        if most is not None and seconds > most:
            return f"The stage took longer than {most:g} seconds and was stopped."
        memory = self._limits.memory_gb
        if memory is not None and _memory(process) > memory * _GIGABYTE:
            return f"The stage needed more than {memory:g} GB of memory and was stopped."
        return ""


def _memory(process: int) -> int:
    """Bytes that a process and those it started hold in memory; none once it has gone."""
    import psutil

    try:
        whole = psutil.Process(process)
        return sum(one.memory_info().rss for one in (whole, *whole.children(recursive=True)))
    except psutil.Error:
        return 0


def kill(process: int) -> None:
    """Ends a process and those it started, at once; nothing where it has gone."""
    import psutil

    with suppress(psutil.Error):
        whole = psutil.Process(process)
        for one in (*whole.children(recursive=True), whole):
            one.kill()
