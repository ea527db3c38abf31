"""Intervals: how far a figure from few children may lie from what would be seen with many."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

LEVEL = 0.95


def normal(level: float = LEVEL) -> float:
    """How many standard errors an interval of that level reaches to either side."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(n: np.ndarray, denominator: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of a proportion: (low, high), each 0 to 1, missing where the denominator is 0.

    Unlike the textbook one it is not [0, 0] when nothing was seen, and it never leaves 0 to 1.
    """
    n, total, z = np.asarray(n, float), np.asarray(denominator, float), normal(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = n / total
        middle = (rate + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z * np.sqrt(rate * (1 - rate) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    low, high = np.where(n == 0, 0, middle - half), np.where(n == total, 1, middle + half)
    none = total == 0
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def poisson(n: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Byar's interval of a number of events, as public health uses it for observed against expected numbers."""
    n, z = np.asarray(n, float), normal(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = n * (1 - 1 / (9 * n) - z / (3 * np.sqrt(n))) ** 3
    high = (n + 1) * (1 - 1 / (9 * (n + 1)) + z / (3 * np.sqrt(n + 1))) ** 3
    return np.where(n == 0, 0, np.clip(low, 0, None)), high


def rate_ratio(
    n: np.ndarray, denominator: np.ndarray, other_n: np.ndarray, other_denominator: np.ndarray, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ratio of two proportions and its interval on the log scale: (ratio, low, high), missing where either is 0."""
    n, total, other, other_total = (np.asarray(x, float) for x in (n, denominator, other_n, other_denominator))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (n / total) / (other / other_total)
        spread = normal(level) * np.sqrt(1 / n - 1 / total + 1 / other - 1 / other_total)
        low, high = ratio * np.exp(-spread), ratio * np.exp(spread)
    none = (n == 0) | (other == 0) | (total == 0) | (other_total == 0)
    return tuple(np.where(none, np.nan, x) for x in (ratio, low, high))


def difference(
    n: np.ndarray, denominator: np.ndarray, other_n: np.ndarray, other_denominator: np.ndarray, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First proportion less the second with Newcombe's interval: (difference, low, high), each -1 to 1."""
    n, total, other, other_total = (np.asarray(x, float) for x in (n, denominator, other_n, other_denominator))
    (low, high), (other_low, other_high) = wilson(n, total, level), wilson(other, other_total, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, other_rate = n / total, other / other_total
    gap = rate - other_rate
    down = np.sqrt((rate - low) ** 2 + (other_high - other_rate) ** 2)
    up = np.sqrt((high - rate) ** 2 + (other_rate - other_low) ** 2)
    return gap, gap - down, gap + up
