"""What a person sees while a run goes on: a bar a stage on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from typing import TextIO

from evidence.project import StageInfo


class Progress:
    """Silent. The other two say the same things in their own way."""

    def started(self, stage: StageInfo, cells: int) -> None:
        """A stage begins; it has this many code cells."""

    def cell_done(self) -> None:
        """One more code cell has run."""

    def ended(self, stage: StageInfo, state: str, why: str, seconds: float) -> None:
        """A stage is over, or was not begun at all."""


class Lines(Progress):
    """One line a stage when it ends: for logs, files and screen readers."""

    def __init__(self, to: TextIO) -> None:
        self.to = to

    def ended(self, stage: StageInfo, state: str, why: str, seconds: float) -> None:
        taken = f" in {seconds:.1f} s" if state in ("done", "failed") else ""
        print(f"{_name(stage)}: {state}{taken}", file=self.to, flush=True)
        for line in why.splitlines():
            print(f"    {line}", file=self.to, flush=True)


class Bars(Lines):
    """A bar a stage that fills cell by cell."""

    def __init__(self, to: TextIO) -> None:
        super().__init__(to)
        self.bar = None

    def started(self, stage: StageInfo, cells: int) -> None:
        from tqdm import tqdm

        shape = "{desc} {bar} {n_fmt}/{total_fmt} cells, {elapsed}"
        self.bar = tqdm(total=cells, desc=f"{_name(stage):<30}", file=self.to, bar_format=shape, leave=False, ncols=80)

    def cell_done(self) -> None:
        if self.bar is not None:
            self.bar.update()

    def ended(self, stage: StageInfo, state: str, why: str, seconds: float) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        super().ended(stage, state, why, seconds)


def progress_for(stream: TextIO | None = None) -> Progress:
    """Bars on a terminal, lines elsewhere."""
    stream = stream or sys.stderr
    return Bars(stream) if stream.isatty() else Lines(stream)


def _name(stage: StageInfo) -> str:
    return f"{stage.number:>2} {stage.title}"
