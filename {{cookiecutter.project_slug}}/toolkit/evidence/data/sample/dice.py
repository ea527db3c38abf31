"""Chance in whole numbers only, so that one seed gives the same data on every platform and with every numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

MILLION = 1_000_000
# An exponential waiting time with mean 1,000, at 1,024 evenly spaced chances.
_WAITING = np.array([round(-1000 * math.log(1 - (i + 0.5) / 1024)) for i in range(1024)], dtype=np.int64)


class Dice:
    """Draws from PCG64's raw numbers, the part of numpy whose sequence is promised never to change."""

    def __init__(self, seed: int, part: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, part]))

    def below(self, limit: int | np.ndarray, size: int) -> np.ndarray:
        """`size` whole numbers from 0 to `limit` - 1 (`limit` at most two thousand million)."""
        raw = (self._bits.random_raw(size) >> np.uint64(33)).astype(np.int64)
        return (raw * np.asarray(limit, dtype=np.int64)) >> 31

    def happens(self, chance: int | np.ndarray, size: int) -> np.ndarray:
        """Whether something with that chance in a million happens."""
        return self.below(MILLION, size) < chance

    def choose(self, weights: Sequence[int], size: int) -> np.ndarray:
        """Positions in `weights`, each as often as its weight says."""
        bounds = np.cumsum(np.asarray(weights, dtype=np.int64))
        return np.searchsorted(bounds, self.below(int(bounds[-1]), size), side="right")

    def choose_by(self, weights: np.ndarray, kind: np.ndarray) -> np.ndarray:
        """As `choose`, with the row of `weights` that `kind` names for each."""
        bounds = np.cumsum(np.asarray(weights, dtype=np.int64), axis=1)[kind]
        draw = self.below(bounds[:, -1], len(kind)) if len(kind) else np.zeros(0, dtype=np.int64)
        return (draw[:, None] >= bounds).sum(axis=1)

    def waiting(self, mean: np.ndarray) -> np.ndarray:
        """Days until something happens that happens every `mean` days on average, at least 1."""
        return np.maximum(_WAITING[self.below(1024, len(mean))] * mean // 1000, 1)
