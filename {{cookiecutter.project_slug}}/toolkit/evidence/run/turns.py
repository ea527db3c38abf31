"""Runs that go on at the same time take turns at a stage that may come out the same for several of them."""

from __future__ import annotations

import threading
from collections import defaultdict

# What a stage is known to look at, with what that is in one run; None where nobody knows yet what it looks at.
LooksAt = dict[str, str] | None


class Turns:
    """Who is at work on which stage. The first one executes it, the others then find it in the cache."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._going: dict[int, list[LooksAt]] = defaultdict(list)
        self._ended: dict[int, int] = defaultdict(int)
        self._stopped = False

    def ended(self, stage: int) -> int:
        """How often somebody was done with the stage: to be asked for before looking into the cache."""
        with self._changed:
            return self._ended[stage]

    def take(self, stage: int, looks_at: LooksAt, ended: int) -> bool:
        """Whether the caller may execute the stage now; where not, it waits for the end of a turn and looks again.

        `ended` is what was said before the caller looked into the cache: what was kept since then it has not seen.
        Raises InterruptedError when all is being stopped.
        """
        with self._changed:
            if self._stopped:
                raise InterruptedError("the runs are being stopped")
            if ended != self._ended[stage]:
                return False
            if any(other is None or looks_at is None or other == looks_at for other in self._going[stage]):
                self._changed.wait_for(lambda: self._stopped or ended != self._ended[stage])
                return False
            self._going[stage].append(looks_at)
            return True

    def give_back(self, stage: int, looks_at: LooksAt) -> None:
        """Ends a turn, whatever came of it."""
        with self._changed:
            self._going[stage].remove(looks_at)
            self._ended[stage] += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Lets nobody wait any longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        return self._stopped
