"""What a person sees while a run goes on: a line a stage that is at work on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from evidence.project import StageInfo

# Characters of a row: at most, of it for a stage's name, and for how many cells have run and the time.
_WIDEST, _NAME, _NUMBERS = 80, 30, 22


class Progress:
    """Silent. The others say the same things in their own way. Several threads may call at once."""

    def started(self, stage: StageInfo, cells: int) -> None:
        """A stage begins; it has this many code cells."""

    def cell_done(self, stage: StageInfo) -> None:
        """One more of its code cells has run."""

    def explained(self, stage: StageInfo, why: str) -> None:
        """Why a stage runs; empty where it need not, because nothing has changed."""

    def ended(self, stage: StageInfo, state: str, why: str, seconds: float | None) -> None:
        """A stage is over, or was not begun at all; `seconds` is None where it was not executed."""

    def stopped(self) -> None:
        """The run was broken off: nothing that moves may stay on the screen."""

    def finished(self) -> None:
        """The run is over."""


class Lines(Progress):
    """One line a stage when it ends, and the slowest ones at last: for logs, files and screen readers."""

    def __init__(self, to: TextIO, explain: bool = False) -> None:
        self.to, self.explain = to, explain
        self._lock = threading.Lock()
        self._seconds: dict[str, float] = {}
        self._kept = 0
        self._begun = time.monotonic()

    def explained(self, stage: StageInfo, why: str) -> None:
        if self.explain and why:
            self._say(f"{_name(stage)}: runs, because {why}")

    def ended(self, stage: StageInfo, state: str, why: str, seconds: float | None) -> None:
        taken = f" in {seconds:.1f} s" if seconds is not None else ""
        if seconds is not None:
            self._seconds[stage.title] = seconds
        if state == "done" and seconds is None:
            self._kept += 1
            taken = ", nothing that it read has changed"
        self._say(f"{_name(stage)}: {state}{taken}", *(f"    {line}" for line in why.splitlines()))

    def finished(self) -> None:
        slowest = sorted(self._seconds.items(), key=lambda item: -item[1])[:3]
        said = f"{time.monotonic() - self._begun:.1f} s in all"
        if self._kept:
            said += f"; {self._kept} need not run"
        if slowest:
            said += f"; slowest: {', '.join(f'{title} {seconds:.1f} s' for title, seconds in slowest)}"
        self._say(said + ".")

    def _say(self, *lines: str) -> None:
        with self._lock:
            print(*lines, sep="\n", file=self.to, flush=True)


class Bars(Lines):
    """A bar for each stage at work, which fills cell by cell while its clock goes on, and the lines above them."""

    def __init__(self, to: TextIO, explain: bool = False) -> None:
        super().__init__(to, explain)
        self._bars: dict[int, object] = {}
        self._clock = Clock(self._look_again)

    def started(self, stage: StageInfo, cells: int) -> None:
        from tqdm import tqdm

        shape = "{desc} {bar} {n_fmt}/{total_fmt} cells, {elapsed}"
        # A bar that does not fit takes two rows, and the next ones are then drawn over each other.
        width = min(_WIDEST, columns(self.to))
        name = max(8, min(_NAME, width - _NUMBERS))
        with self._lock:
            # It may have begun before, on a machine that has been lost since.
            self._take_away(stage.number)
            self._bars[stage.number] = tqdm(
                total=cells, desc=f"{_name(stage)[:name]:<{name}}", file=self.to, bar_format=shape, leave=False,
                ncols=width,
            )  # fmt: skip
        self._clock.start()

    def cell_done(self, stage: StageInfo) -> None:
        with self._lock:
            if stage.number in self._bars:
                self._bars[stage.number].update()

    def ended(self, stage: StageInfo, state: str, why: str, seconds: float | None) -> None:
        with self._lock:
            self._take_away(stage.number)
        super().ended(stage, state, why, seconds)

    def stopped(self) -> None:
        self._clock.stop()
        with self._lock:
            for number in list(self._bars):
                self._take_away(number)

    def finished(self) -> None:
        self._clock.stop()
        super().finished()

    def _take_away(self, number: int) -> None:
        if number in self._bars:
            self._bars.pop(number).close()
            # tqdm leaves the place for the next text at the end of the row.
            self.to.write("\r")

    def _look_again(self) -> None:
        with self._lock:
            for bar in self._bars.values():
                bar.refresh()

    def _say(self, *lines: str) -> None:
        from tqdm import tqdm

        with self._lock:
            for line in lines:
                tqdm.write(line, file=self.to)


class Clock:
    """Calls `tick` every second from a thread of its own, from `start` until `stop`: a cell may take many minutes."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick, self._over = tick, threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._go, name="clock", daemon=True)

    def start(self) -> None:
        """Nothing where it goes already, or was stopped. Several threads may call at once."""
        with self._lock:
            if self._thread.ident is None and not self._over.is_set():
                self._thread.start()

    def stop(self) -> None:
        self._over.set()

    def _go(self) -> None:
        while not self._over.wait(1):
            self._tick()


def columns(stream: TextIO) -> int:
    """How many characters fit into one row of the terminal; some begin a new one after the last, so one is left."""
    try:
        return max(2, os.get_terminal_size(stream.fileno()).columns or _WIDEST) - 1
    except (OSError, ValueError):
        return _WIDEST


def can_draw(stream: TextIO) -> bool:
    """Whether what was written can be drawn over; a terminal that calls itself dumb cannot move back."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def progress_for(stream: TextIO | None = None, explain: bool = False, quiet: bool = False) -> Progress:
    """Bars on a terminal, lines elsewhere, nothing when asked to be quiet."""
    stream = stream or sys.stderr
    if quiet:
        return Progress()
    return Bars(stream, explain) if can_draw(stream) else Lines(stream, explain)


def _name(stage: StageInfo) -> str:
    return f"{stage.number:>2} {stage.title}"
