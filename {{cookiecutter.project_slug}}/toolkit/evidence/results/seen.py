"""The results of a run as one stage sees them, and the record of what it looked at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evidence.results.results import HEADLINES, Results


class StageResults(Results):
    """A stage's own results, and those of the earlier stages that it rests on; others are not there for it.

    Stages run side by side, so what another one has left so far is chance. Every look at another stage's result is
    noted, also at one that is missing: when it is something else next time, the stage has to run again.
    """

    def __init__(self, folder: Path, number: int, rests_on: Iterable[int]) -> None:
        super().__init__(folder)
        self.number, self._rests_on = number, {number, *rests_on}

    def has(self, stage: int, name: str) -> bool:
        if stage not in self._rests_on:
            return False
        self._note(stage, name)
        return super().has(stage, name)

    def read(self, stage: int, name: str) -> object:
        self._note(stage, name)
        return super().read(stage, name)

    def headlines(self, stage: int) -> list[dict]:
        if stage not in self._rests_on:
            return []
        self._note(stage, HEADLINES)
        return super().headlines(stage)

    def finished(self, stage: int) -> bool:
        return stage in self._rests_on and super().finished(stage)

    def _note(self, stage: int, name: str) -> None:
        if stage != self.number:
            self.note_read(self.number, "result", f"{stage}/{name}", self.digest(stage, name))
