"""Distributions that intervals and tests rest on, of scipy.special alone: scipy.stats takes most of a second to import.

Every function gives what scipy.stats gives; tests hold the two against each other.
"""

from __future__ import annotations

import numpy as np


def t_limit(freedom: float, level: float = 0.95) -> float:
    """How many standard errors an interval of that level reaches to either side, by Student's t."""
    from evidence.measures.special import stdtrit

    return float(stdtrit(freedom, 0.5 + level / 2))


def binomial_at_most(number: np.ndarray, size: np.ndarray, rate: float) -> np.ndarray:
    """The chance of at most `number` of `size`, each with the chance `rate`; 0 where the number is negative."""
    from evidence.measures.special import bdtr

    number, size = np.asarray(number, float), np.asarray(size, float)
    return np.where(number < 0, 0.0, bdtr(np.clip(number, 0, size), size.astype(np.int64), rate))


def binomial_limit(chance: float, size: np.ndarray, rate: float) -> np.ndarray:
    """The smallest number of `size` that is not exceeded with at least that chance."""
    from evidence.measures.special import bdtrik

    return _smallest(bdtrik(chance, size, rate), chance, lambda number: binomial_at_most(number, size, rate))


def poisson_at_most(number: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The chance of at most `number` events where that many are expected; 0 where the number is negative."""
    from evidence.measures.special import pdtr

    number = np.asarray(number, float)
    return np.where(number < 0, 0.0, pdtr(np.maximum(number, 0), expected))


def poisson_limit(chance: float, expected: np.ndarray) -> np.ndarray:
    """The smallest number of events that is not exceeded with at least that chance."""
    from evidence.measures.special import pdtrik

    return _smallest(pdtrik(chance, expected), chance, lambda number: poisson_at_most(number, expected))


def _smallest(near: np.ndarray, chance: float, at_most) -> np.ndarray:
    """The whole number at or next to the solution between whole numbers, which may lie a rounding error off."""
    number = np.ceil(np.where(np.isfinite(near), near, 0))
    lower = np.maximum(number - 1, 0)
    number = np.where(at_most(lower) >= chance, lower, number)
    return np.where(at_most(number) >= chance, number, number + 1)


def drawn_at_most(number: np.ndarray, total: np.ndarray, marked: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The chance that at most `number` of those `drawn` of `total` are among the `marked` (Fisher's exact test)."""
    return np.array([_drawn_at_most(*map(int, row)) for row in np.broadcast(number, total, marked, drawn)], dtype=float)


def _drawn_at_most(number: int, total: int, marked: int, drawn: int) -> float:
    from evidence.measures.special import gammaln

    def ways(of: int | np.ndarray, take: np.ndarray | int) -> np.ndarray:
        return gammaln(np.add(of, 1)) - gammaln(np.add(take, 1)) - gammaln(np.subtract(of, take) + 1)

    first, last = max(0, drawn - (total - marked)), min(drawn, marked)
    if number < first or number >= last:
        return 0.0 if number < first else 1.0
    # The shorter side: a large table has many possible numbers.
    upper = number - first > last - number
    found = np.arange(number + 1, last + 1) if upper else np.arange(first, number + 1)
    chance = float(np.exp(ways(marked, found) + ways(total - marked, drawn - found) - ways(total, drawn)).sum())
    return 1 - chance if upper else chance


def ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value from 1; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


def random_tables(rows: np.ndarray, columns: np.ndarray, times: int, random: np.random.Generator) -> np.ndarray:
    """Tables of counts with these margins as chance alone would fill them: array (times, rows, columns)."""
    tables = np.zeros((times, len(rows), len(columns)), dtype=np.int64)
    left = np.tile(np.asarray(columns, np.int64), (times, 1))
    for i, row in enumerate(rows):
        needed = np.full(times, int(row))
        for j in range(len(columns)):
            others = left[:, j + 1 :].sum(axis=1)
            tables[:, i, j] = random.hypergeometric(left[:, j], others, needed)
            needed -= tables[:, i, j]
        left -= tables[:, i]
    return tables


def welch(new: np.ndarray, old: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of two means, new less old, without taking both to spread alike (Welch's t).

    Missing where neither varies: nothing says then how far the means might lie apart.
    """
    parts = [np.var(values, ddof=1) / len(values) for values in (new, old)]
    difference, squared = np.mean(new) - np.mean(old), sum(parts)
    if squared == 0:
        return np.nan, np.nan
    freedom = squared**2 / sum(part**2 / (len(one) - 1) for part, one in zip(parts, (new, old), strict=True))
    half = t_limit(freedom, level) * np.sqrt(squared)
    return float(difference - half), float(difference + half)
