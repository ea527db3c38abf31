"""Is the difference between two figures more than chance? From each figure and its interval alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

METHOD = (
    "A difference is worked out from the two figures and their 95% intervals as for two independent groups of children "
    "(Newcombe 1998; Zou and Donner 2008). It is within noise where the interval of the difference holds 0. Where the "
    "two packs are about many of the same children, chance plays a smaller part than this assumes: a change that is "
    "called within noise may still be real. And of every 20 figures that did not change, about one looks beyond noise."
)


@dataclass(frozen=True)
class Estimate:
    """A figure with the ends of its interval."""

    value: float
    low: float
    high: float


def difference(before: Estimate, after: Estimate) -> Estimate:
    """`after` less `before`, with its interval: each side adds the squares of the distances that pull it there.

    With Wilson's intervals of two proportions it is Newcombe's method 10. Source: Newcombe, Statistics in Medicine 17
    (1998) 873-890; Zou and Donner, Statistics in Medicine 27 (2008) 1693-1702.
    """
    gap = after.value - before.value
    down = math.hypot(after.value - after.low, before.high - before.value)
    up = math.hypot(after.high - after.value, before.value - before.low)
    return Estimate(gap, gap - down, gap + up)


def is_noise(gap: Estimate) -> bool:
    """Whether no difference at all lies inside the interval."""
    return gap.low <= 0 <= gap.high
