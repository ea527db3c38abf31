"""Has the population changed? Drift with alarms whose rate of false alarms is stated (guidance action 9.03)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evidence.measures.estimating import NOT_ESTIMABLE, NOT_ESTIMABLE_BELOW, USABLE

FALSE_ALARM = 0.05
_NUMBER_OF_BANDS = 10


def population_stability(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """The population stability index of counts by category; half a child is added to each so that empty ones count too.

    Takes one row of counts or many; returns one number a row.
    """
    before, now = np.atleast_2d(before) + 0.5, np.atleast_2d(now) + 0.5
    before, now = before / before.sum(axis=1, keepdims=True), now / now.sum(axis=1, keepdims=True)
    return ((now - before) * np.log(now / before)).sum(axis=1)


def drift(
    before: pd.DataFrame,
    now: pd.DataFrame,
    variables: Sequence[str],
    seed: int = 2026,
    false_alarm: float = FALSE_ALARM,
    times: int = 4999,
) -> pd.DataFrame:
    """Whether each variable is spread differently now than before: index variable.

    Columns: n_before, n_now (rows), psi, alarm_at (the index that chance alone exceeds as rarely as stated), chance
    (percent of random splits of the same rows with an index as high), alarm (`yes`, `no`, `not estimable`),
    false_alarm_percent.

    A fixed limit such as 0.1 rings all the time on few rows and never on many. Here the same rows are split at
    random many times, and the alarm rings when that gives an index as high too rarely to be chance. The stated rate
    is for the whole table: with no drift at all, one or more of its variables ring in at most that percentage of
    periods.
    """
    random = np.random.default_rng(seed)
    each = false_alarm / max(len(variables), 1)
    rows = [_one(before[variable], now[variable], random, each, times) for variable in variables]
    table = pd.DataFrame(rows, index=pd.Index([name.replace("_", " ") for name in variables], name="variable"))
    return table.assign(false_alarm_percent=100 * false_alarm)


def _one(before: pd.Series, now: pd.Series, random: np.random.Generator, rate: float, times: int) -> dict:
    old, new = _counts(before, now)
    row = {"n_before": int(old.sum()), "n_now": int(new.sum()), "psi": np.nan, "alarm_at": np.nan, "chance": np.nan}
    if min(old.sum(), new.sum()) < NOT_ESTIMABLE_BELOW:
        return {**row, "alarm": NOT_ESTIMABLE, "reliability": NOT_ESTIMABLE}
    psi = population_stability(old, new)[0]
    drawn = random.multivariate_hypergeometric(old + new, int(new.sum()), size=times, method="marginals")
    chance = population_stability(old + new - drawn, drawn)
    rarer = (1 + int((chance >= psi - 1e-12).sum())) / (1 + times)
    row |= {"psi": psi, "alarm_at": float(np.quantile(chance, 1 - rate)), "chance": 100 * rarer}
    return {**row, "alarm": "yes" if rarer <= rate else "no", "reliability": USABLE}


def _counts(before: pd.Series, now: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    both = pd.concat([before, now], ignore_index=True)
    if (
        pd.api.types.is_numeric_dtype(both)
        and not pd.api.types.is_bool_dtype(both)
        and both.nunique() > _NUMBER_OF_BANDS
    ):
        # The bands come from both together: bands from one of them would make the other look different.
        both = pd.qcut(both.astype("float64"), _NUMBER_OF_BANDS, duplicates="drop").cat.codes
    codes, _ = pd.factorize(both, use_na_sentinel=False)
    size = codes.max() + 1 if len(codes) else 0
    old, new = codes[: len(before)], codes[len(before) :]
    return np.bincount(old, minlength=size), np.bincount(new, minlength=size)
