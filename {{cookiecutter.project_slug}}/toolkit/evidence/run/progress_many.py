"""What a person sees while many runs go on: a line a run, how many are left and how long they may take."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from evidence.project import Project, StageInfo
from evidence.run.progress import Clock, Progress, can_draw, columns

if TYPE_CHECKING:
    from evidence.run.many import Ended

# The numbers before the names of the runs at work: 12,345 of 12,345 stages and hours of time.
_NUMBERS = 36


class ManyProgress:
    """Silent. Several threads may call at once."""

    def began(self, names: list[str], project: Project) -> None:
        """The runs that will be made."""

    def of(self, name: str) -> Progress:
        """What is told of one run while it goes on."""
        return Progress()

    def run_ended(self, ended: Ended) -> None:
        """One of the runs is over."""

    def stopped(self) -> None:
        """The runs were broken off: nothing that moves may stay on the screen."""

    def finished(self, refused: list[str]) -> None:
        """All are over; these were never begun."""


class ManyLines(ManyProgress):
    """One line a run when it ends, and the slowest and the failed ones at last."""

    def __init__(self, to: TextIO, explain: bool = False) -> None:
        self.to, self.explain = to, explain
        self._lock = threading.RLock()
        self._ended: list[Ended] = []
        self._executed: dict[str, int] = {}
        self._count = 0
        self._begun = time.monotonic()

    def began(self, names: list[str], project: Project) -> None:
        self._count, self._begun = len(names), time.monotonic()

    def of(self, name: str) -> Progress:
        return _OfRun(name, self)

    def stage_explained(self, name: str, stage: StageInfo, why: str) -> None:
        if self.explain:
            self.say(f"{name}, stage {stage.number} {stage.title}: {f'runs, because {why}' if why else 'need not run'}")

    def stage_ended(self, name: str, stage: StageInfo, executed: bool) -> None:
        with self._lock:
            self._executed[name] = self._executed.get(name, 0) + executed

    def run_ended(self, ended: Ended) -> None:
        with self._lock:
            self._ended.append(ended)
            place = len(self._ended)
            left = self._time_left()
        self.say(f"{ended.name}: {self._how_it_ended(ended)} ({place} of {self._count}{left})", *_reasons(ended))

    def finished(self, refused: list[str]) -> None:
        failed = [ended.name for ended in self._ended if not ended.complete]
        said = f"{_in_words(self._count, 'run')} in {_time(time.monotonic() - self._begun)}: "
        said += f"{self._count - len(failed)} done, {len(failed)} failed"
        said += f", {len(refused)} not begun" if refused else ""
        self.say(said + ".")
        if failed or refused:
            self.say(f"Failed: {', '.join([*failed, *refused])}.")
        slowest = sorted(self._ended, key=lambda ended: -ended.seconds)[:3]
        if len(slowest) > 1:
            self.say(f"Slowest: {', '.join(f'{ended.name} {_time(ended.seconds)}' for ended in slowest)}.")

    def say(self, *lines: str) -> None:
        with self._lock:
            print(*lines, sep="\n", file=self.to, flush=True)

    def _how_it_ended(self, ended: Ended) -> str:
        executed = self._executed.get(ended.name, 0)
        if ended.error is not None or not ended.complete:
            return f"failed after {_time(ended.seconds)}"
        stages = _in_words(executed, "stage") if executed else "no stage"
        return f"done in {_time(ended.seconds)}, {stages} run"

    def _time_left(self) -> str:
        left = self._count - len(self._ended)
        if not left:
            return ""
        # The first run executes what the others share, so it says too much; the last ones tell most.
        taken = time.monotonic() - self._begun
        return f", about {_time(taken / len(self._ended) * left)} left"


class ManyBars(ManyLines):
    """A bar for all runs, and the lines above it."""

    def __init__(self, to: TextIO, explain: bool = False) -> None:
        super().__init__(to, explain)
        self._bar = None
        self._at_work: dict[str, str] = {}
        self._clock = Clock(self._look_again)

    def began(self, names: list[str], project: Project) -> None:
        from tqdm import tqdm

        super().began(names, project)
        shape = "{n_fmt} of {total_fmt} stages, {elapsed} {desc}"
        total = len(names) * len(project.stages)
        self._bar = tqdm(total=total, file=self.to, bar_format=shape, leave=False, dynamic_ncols=True)
        self._clock.start()

    def stage_ended(self, name: str, stage: StageInfo, executed: bool) -> None:
        super().stage_ended(name, stage, executed)
        with self._lock:
            self._at_work[name] = f"{name} {stage.number}"
            self._bar.set_description_str(self._names(), refresh=False)
            self._bar.update()

    def run_ended(self, ended: Ended) -> None:
        with self._lock:
            self._at_work.pop(ended.name, None)
        super().run_ended(ended)

    def stopped(self) -> None:
        self._clock.stop()
        with self._lock:
            bar, self._bar = self._bar, None
            if bar is not None:
                bar.close()

    def finished(self, refused: list[str]) -> None:
        self.stopped()
        super().finished(refused)

    def _names(self) -> str:
        """The runs at work with the last stage of each, as many as fit into the row: drawn over two, it would stay."""
        names, room = "; ".join(self._at_work.values()), max(0, columns(self.to) - _NUMBERS)
        return names if len(names) <= room else f"{names[: max(0, room - 1)]}…"

    def _look_again(self) -> None:
        with self._lock:
            if self._bar is not None:
                self._bar.refresh()

    def say(self, *lines: str) -> None:
        from tqdm import tqdm

        with self._lock:
            for line in lines:
                tqdm.write(line, file=self.to)


class _OfRun(Progress):
    """Tells of the stages of one run."""

    def __init__(self, name: str, to: ManyLines) -> None:
        self._name, self._to = name, to

    def explained(self, stage: StageInfo, why: str) -> None:
        self._to.stage_explained(self._name, stage, why)

    def ended(self, stage: StageInfo, state: str, why: str, seconds: float | None) -> None:
        self._to.stage_ended(self._name, stage, seconds is not None)


def progress_for_many(stream: TextIO | None = None, explain: bool = False, quiet: bool = False) -> ManyProgress:
    """A bar on a terminal, lines elsewhere, nothing when asked to be quiet."""
    stream = stream or sys.stderr
    if quiet:
        return ManyProgress()
    return ManyBars(stream, explain) if can_draw(stream) else ManyLines(stream, explain)


def _reasons(ended: Ended) -> list[str]:
    """What stopped a run, a line a stage; what stopped only because of an earlier stage is not said again."""
    lines = str(ended.error).splitlines() if ended.error is not None else []
    for stage in ended.run.stages if ended.run is not None else ():
        if stage.state == "failed":
            first, *rest = stage.why.splitlines() or ["it stopped"]
            lines += [f"stage {stage.number}: {first}", *rest]
    return [f"    {line}" for line in lines]


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _in_words(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
