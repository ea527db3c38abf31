"""Challenges to a result: how many, what came of them, and how long people waited (guidance action 6.09)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from evidence.measures import chances
from evidence.measures.estimating import NOT_ESTIMABLE, NOT_ESTIMABLE_BELOW, estimates

RAISED, ANSWERED, IN_TIME = "raised", "answered", "answered within the limit"
OPEN, OVERDUE, UPHELD = "open", "open and overdue", "upheld, wholly or in part"
MEDIAN = "median days to an answer"
# Fewer answers than this have no median worth giving.
_FEWEST_FOR_MEDIAN = 3


def challenges(log: pd.DataFrame, as_of: date, limit_days: int, since: date | None = None) -> pd.DataFrame:
    """The challenge log in figures as it stood on `as_of` (6.09): index figure; an empty table where none was raised.

    log: one row a challenge, columns raised_on, answered_on (missing while open), outcome. since: count only those
    raised after that day. Columns n, denominator, percent, low, high (shares of those raised or answered), days (the
    median, in days from raised_on to answered_on, with the ends of its 95% interval from the order of the values in
    days_from and days_to), reliability. What was raised or answered after `as_of` is not known yet.
    """
    today = pd.Timestamp(as_of)
    known = log[log["raised_on"].notna() & (log["raised_on"] <= today)]
    if since is not None:
        known = known[known["raised_on"] > pd.Timestamp(since)]
    if known.empty:
        return pd.DataFrame()
    answered = known["answered_on"].notna() & (known["answered_on"] <= today)
    days = (known["answered_on"] - known["raised_on"]).dt.days
    waiting = (today - known["raised_on"]).dt.days
    upheld = known["outcome"].isin(["upheld", "partly upheld"]) & answered
    counts = {
        RAISED: (len(known), len(known)),
        ANSWERED: (answered.sum(), len(known)),
        IN_TIME: ((answered & (days <= limit_days)).sum(), answered.sum()),
        OPEN: ((~answered).sum(), len(known)),
        OVERDUE: ((~answered & (waiting > limit_days)).sum(), len(known)),
        UPHELD: (upheld.sum(), answered.sum()),
    }
    table = estimates(*zip(*counts.values(), strict=True), pd.Index(list(counts), name="figure"))
    return pd.concat([table.assign(days=np.nan, days_from=np.nan, days_to=np.nan), _median(days[answered])])


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """The rows and columns of `challenges` that are counts and shares, without the median and its days."""
    return table.drop(index=MEDIAN, columns=["days", "days_from", "days_to"]) if len(table) else table


def _median(days: pd.Series) -> pd.DataFrame:
    values = np.sort(days.to_numpy(dtype=float))
    row = {"n": len(values), "denominator": len(values), "reliability": NOT_ESTIMABLE}
    if len(values) >= _FEWEST_FOR_MEDIAN:
        low, high = median_interval(values)
        row |= {"days": float(np.median(values)), "days_from": low, "days_to": high}
        row["reliability"] = "few cases" if len(values) < NOT_ESTIMABLE_BELOW else "usable"
    return pd.DataFrame([row], index=pd.Index([MEDIAN], name="figure"))


def median_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The interval of a median from the order of the values, whatever their distribution; missing where too few.

    Values are sorted. The chance that the median of all lies between the k-th lowest and the k-th highest is at least
    `level`. With five values or fewer no such k exists. Source: Conover 1999, 3.2.
    """
    k = int(chances.binomial_limit((1 - level) / 2, len(values), 0.5))
    # That is the smallest k reaching the chance; one step lower stays below it.
    while k > 0 and 2 * chances.binomial_at_most(k - 1, len(values), 0.5) > 1 - level:
        k -= 1
    return (float(values[k - 1]), float(values[-k])) if k > 0 else (np.nan, np.nan)


def challenge_list(log: pd.DataFrame, as_of: date, limit_days: int) -> pd.DataFrame:
    """Each challenge and where it stands: index the id; columns raised_on, due (its last day), stands, outcome."""
    today = pd.Timestamp(as_of)
    known = log[log["raised_on"].notna() & (log["raised_on"] <= today)].set_index("id")
    due = known["raised_on"] + pd.Timedelta(days=limit_days)
    answered = known["answered_on"].notna() & (known["answered_on"] <= today)
    late = np.where(answered, known["answered_on"] > due, due < today)
    stands = np.select(
        [answered & ~late, answered & late, ~answered & late], ["answered in time", "answered late", "overdue"], "open"
    )
    return pd.DataFrame(
        {
            "raised_on": known["raised_on"],
            "due": due,
            "stands": stands,
            "outcome": known["outcome"].where(answered, "open"),
        }
    )
