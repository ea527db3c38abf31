"""Stages of one run that are at work at the same time: who needs what an earlier one records waits for it there."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from evidence.project import EvidenceError, atomic_write

# Set in the kernels of a run whose stages begin before those that they rest on are over.
AT_ONCE = "EVIDENCE_AT_ONCE"
# Most of what is waited for is there in a moment. Where it is not, looks as quick as that, by many stages at one time,
# would take from those that are at work: a look takes a stage's time as well.
_FIRST_LOOK = 0.002
_LOOK_EVERY = 0.02


class AtOnce:
    """What stages at work tell each other by files in the run's folder, which are gone when the run is whole."""

    def __init__(self, run_folder: Path) -> None:
        self._folder = Path(run_folder) / ".at_once"

    def wait(self, number: int, stage: int, wanted: Iterable[Path]) -> None:
        """Stage `number` waits until one of the files that it wants of `stage` is there.

        Raises EvidenceError where that stage has stopped, so that none ever will be.
        """
        begun, pause = time.monotonic(), _FIRST_LOOK
        # As texts, which are looked up several times as fast.
        files, stopped = [str(path) for path in wanted], str(self._stopped(stage))
        while not any(map(os.path.exists, files)):
            if os.path.exists(stopped):
                raise EvidenceError(
                    f"stage {stage} did not finish.", remedy=f"Put right what stopped stage {stage}, then run again."
                )
            time.sleep(pause)
            pause = min(1.5 * pause, _LOOK_EVERY)
        if (seconds := time.monotonic() - begun) > _LOOK_EVERY:
            # Whole or not at all: the stage may be ended at any moment.
            atomic_write(self._waited(number), str(self.seconds_waited(number) + seconds), lasting=False)

    def will_not_record(self, number: int, name: str) -> None:
        """Tells those that wait for a result of a stage that there will be none, long before the stage is over."""
        atomic_write(self.without(number, name), "", lasting=False)

    def without(self, number: int, name: str) -> Path:
        """What is there once a stage has said that it will not record a result of that name."""
        return self._folder / f"without-{number:02d}-{name}"

    def seconds_waited(self, number: int) -> float:
        """How long a stage has waited for others so far."""
        path = self._waited(number)
        return float(path.read_text()) if path.is_file() else 0.0

    def stop(self, number: int) -> None:
        """Tells those that wait for a stage that it has stopped."""
        atomic_write(self._stopped(number), "", lasting=False)

    def forget(self, number: int) -> None:
        """The stage is executed anew."""
        for path in (self._waited(number), *self._folder.glob(f"without-{number:02d}-*")):
            path.unlink(missing_ok=True)

    def over(self) -> None:
        """Leaves nothing in the run's folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _waited(self, number: int) -> Path:
        return self._folder / f"waited-{number:02d}"

    def _stopped(self, number: int) -> Path:
        return self._folder / f"stopped-{number:02d}"
