"""Interrupted time series: did a monthly share change when the tool began, where there is no group to compare with?"""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd

# Fewer months than this on either side, and a trend cannot be told from chance (Bernal, Cummins and Gasparrini 2017).
FEWEST_BEFORE, FEWEST_AFTER = 12, 6
TREND_BEFORE, STEP, CHANGE = "change a month, before", "step when it began", "change of the monthly change, after"


def interrupted(series: pd.DataFrame, began: date | None, lags: int | None = None) -> pd.DataFrame:
    """A segmented regression of a monthly percentage on time (8.06): index figure.

    series: one row a month in order, columns month_ending (date), n and of. began: the day the tool began;
    a month that ends on or after that day is after it. Columns estimate, low, high (percentage points), months_before,
    months_after, reliability. `step when it began` is the level just after beside what the earlier trend led to
    expect. Errors allow for months that resemble their neighbours: Newey and West 1987, Bartlett weights, with `lags`
    (default: 4 * (months / 100) ** (2 / 9), rounded down) and the small-sample factor. With too few months on either
    side, estimates are missing. Empty without a series or a first day.
    """
    if series.empty or began is None:
        return pd.DataFrame()
    rows = series.sort_values("month_ending")
    after = (rows["month_ending"] >= pd.Timestamp(began)).to_numpy()
    months_before, months_after = int((~after).sum()), int(after.sum())
    table = pd.DataFrame(
        {
            "estimate": np.nan,
            "low": np.nan,
            "high": np.nan,
            "months_before": months_before,
            "months_after": months_after,
        },
        index=pd.Index([TREND_BEFORE, STEP, CHANGE], name="figure"),
    )
    table["reliability"] = "not estimable"
    if months_before < FEWEST_BEFORE or months_after < FEWEST_AFTER or (rows["of"] <= 0).any():
        return table
    percent = (100 * rows["n"] / rows["of"]).to_numpy(dtype=float)
    time = np.arange(len(rows), dtype=float)
    design = np.column_stack([np.ones_like(time), time, after, after * (time - months_before)])
    estimate, covariance = newey_west(design, percent, _usual_lags(len(rows)) if lags is None else lags)
    half = _t_limit(len(rows) - design.shape[1]) * np.sqrt(np.diag(covariance))
    table["estimate"], table["low"], table["high"] = estimate[1:], (estimate - half)[1:], (estimate + half)[1:]
    table["reliability"] = "usable"
    return table


def _usual_lags(months: int) -> int:
    return math.floor(4 * (months / 100) ** (2 / 9))


def _t_limit(freedom: int, level: float = 0.95) -> float:
    from scipy.stats import t

    return float(t.ppf(0.5 + level / 2, freedom))


def newey_west(design: np.ndarray, values: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Least squares and the Newey-West covariance of its estimates: (estimates, covariance)."""
    inverse = np.linalg.inv(design.T @ design)
    estimates = inverse @ design.T @ values
    scores = design * (values - design @ estimates)[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (cross + cross.T)
    count, columns = design.shape
    return estimates, count / (count - columns) * inverse @ middle @ inverse
