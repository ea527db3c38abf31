"""Interrupted time series: did a share change when the tool began, where there is no group to compare with?

A series has a row a month, or a row a quarter, with columns month_ending (date), n and of. It comes from the register,
from the data by the tool's own function `series`, or from the periods that monitoring keeps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from types import ModuleType

import numpy as np
import pandas as pd

from evidence.measures.chances import t_limit
from evidence.measures.estimating import estimates

# Fewer points than this on either side, and a trend cannot be told from chance (Bernal, Cummins and Gasparrini 2017).
FEWEST_BEFORE, FEWEST_AFTER = 12, 6
STEP = "step when it began"
SERIES = ["month_ending", "n", "of"]
_FREQUENCIES = {"month": "M", "quarter": "Q"}
# The longest median gap, in days, between points that are still months.
_LONGEST_MONTH = 45


def names_of(unit: str) -> tuple[str, str, str]:
    """The three figures of `interrupted` for a series by month or by quarter."""
    return f"change a {unit}, before", STEP, f"change of the {unit}ly change, after"


def unit_of(series: pd.DataFrame) -> str:
    """Whether the points of a series are a `month` or a `quarter` apart."""
    gaps = pd.to_datetime(series["month_ending"]).drop_duplicates().sort_values().diff().dt.days.dropna()
    return "quarter" if len(gaps) and gaps.median() > _LONGEST_MONTH else "month"


def series_of(tool: ModuleType, tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, object]) -> pd.DataFrame:
    """The tool's own `series(tables, parameters)`, by month or quarter (5.04): columns month_ending, n, of; else empty.

    Its docstring says what is counted.
    """
    return tool.series(tables, parameters)[SERIES] if hasattr(tool, "series") else pd.DataFrame(columns=SERIES)


def interrupted(series: pd.DataFrame, began: date | None, lags: int | None = None) -> pd.DataFrame:
    """A segmented regression of a percentage on time (8.06): index figure, its three rows those of `names_of`.

    series: columns month_ending, n and of, a row a month or quarter in any order; rows of one month are added up.
    began: the day the tool began; what ends on or after that day is after it. Columns estimate, low, high (percentage
    points), months_before and months_after (or quarters_), reliability. `step when it began` is the level just after
    beside what the earlier trend led to expect. Errors allow for points that resemble their neighbours: Newey and West
    1987, Bartlett weights, with `lags` (default: 4 * (points / 100) ** (2 / 9), rounded down) and the small-sample
    factor. With too few points on either side, estimates are missing. Empty without a series or a first day.
    """
    if series.empty or began is None:
        return pd.DataFrame()
    unit, rows = unit_of(series), _points(series)
    after = _after(rows, began)
    columns = {"estimate": np.nan, "low": np.nan, "high": np.nan}
    columns |= {f"{unit}s_before": int((~after).sum()), f"{unit}s_after": int(after.sum())}
    table = pd.DataFrame(columns, index=pd.Index(names_of(unit), name="figure")).assign(reliability="not estimable")
    if not _enough(rows, after):
        return table
    design = _design(rows, after)
    lags = _usual_lags(len(rows)) if lags is None else lags
    estimate, covariance = newey_west(design, _percent(rows), lags)
    half = t_limit(len(rows) - design.shape[1]) * np.sqrt(np.diag(covariance))
    table["estimate"], table["low"], table["high"] = estimate[1:], (estimate - half)[1:], (estimate + half)[1:]
    return table.assign(reliability="usable")


def beside_trend(series: pd.DataFrame, began: date | None) -> pd.DataFrame:
    """The series as it is shown, a row a point in order: columns as `estimates`, since, and expected_from_trend.

    since is `before` or `after` the day the tool began, missing where that day is not known. The last column is the
    percentage that the trend before leads to expect after it, missing before that day and where there are too few
    points to say.
    """
    if series.empty:
        return pd.DataFrame()
    rows = _points(series)
    after = _after(rows, began) if began is not None else np.zeros(len(rows), dtype=bool)
    index = pd.Index(rows.index.strftime("%B %Y"), name="until the end of")
    table = estimates(rows["n"], rows["of"], index)
    table["since"] = np.where(after, "after", "before") if began is not None else np.nan
    table["expected_from_trend"] = np.nan
    if _enough(rows, after):
        level, slope, *_ = newey_west(_design(rows, after), _percent(rows), 0)[0]
        table["expected_from_trend"] = np.where(after, np.clip(level + slope * _time(rows), 0, 100), np.nan)
    return table


def _points(series: pd.DataFrame) -> pd.DataFrame:
    """Columns n and of, summed, by month or quarter in order: the index is the last day of what was summed."""
    ends = pd.to_datetime(series["month_ending"])
    periods = ends.dt.to_period(_FREQUENCIES[unit_of(series)])
    sums = series[["n", "of"]].astype("float64").groupby(periods).sum()
    return sums.set_axis(pd.DatetimeIndex(ends.groupby(periods).max())).sort_index()


def _after(rows: pd.DataFrame, began: date) -> np.ndarray:
    return np.asarray(rows.index >= pd.Timestamp(began))


def _enough(rows: pd.DataFrame, after: np.ndarray) -> bool:
    return (~after).sum() >= FEWEST_BEFORE and after.sum() >= FEWEST_AFTER and bool((rows["of"] > 0).all())


def _percent(rows: pd.DataFrame) -> np.ndarray:
    return (100 * rows["n"] / rows["of"]).to_numpy(dtype=float)


def _time(rows: pd.DataFrame) -> np.ndarray:
    """How many months or quarters after the first each point lies: one left out leaves a gap."""
    unit = unit_of(rows.reset_index(names="month_ending"))
    periods = rows.index.to_period(_FREQUENCIES[unit])
    return np.array([(one - periods[0]).n for one in periods], dtype=float)


def _design(rows: pd.DataFrame, after: np.ndarray) -> np.ndarray:
    time = _time(rows)
    return np.column_stack([np.ones_like(time), time, after, after * (time - time[after][0])])


def _usual_lags(months: int) -> int:
    return math.floor(4 * (months / 100) ** (2 / 9))


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
