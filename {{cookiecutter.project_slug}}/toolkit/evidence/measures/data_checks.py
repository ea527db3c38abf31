"""How sure one can be of what the audit counts: completeness by group, and changes from year to year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.data import NOT_KNOWN
from evidence.measures import chances
from evidence.measures.estimating import NOT_ESTIMABLE_BELOW, estimates, in_order, representation
from evidence.measures.intervals import LEVEL

# The chance that a table without any difference names a group as clearly less complete.
_FALSE_ALARMS = 0.01


def completeness(counted: pd.DataFrame) -> pd.DataFrame:
    """How complete each required variable is by year and group, as `data.filled_by_group` counts it (3.03, 3.05).

    Columns: table, column, characteristic, group; n (filled rows), denominator (rows), percent, low, high (Wilson),
    reliability; behind: how many percentage points the group lies below the rows of all other groups; worse: whether
    that is more than chance explains: by Fisher's exact test, one-sided, at a level at which fewer than one table in a
    hundred would name any group by chance (Bonferroni's rule). A group that is not estimable is never worse.
    """
    labels = ["table", "column", "characteristic", "group"]
    if counted.empty:
        return pd.DataFrame(columns=[*labels, *estimates([], []).columns, "behind", "worse"])
    places = {group: place for place, group in enumerate(in_order(counted["group"].unique()))}
    # Counts of several kinds of tables together may come as Python's numbers, which cannot be divided by nought.
    counted = counted.astype({"n": "int64", "denominator": "int64"}).assign(place=counted["group"].map(places))
    counted = counted.sort_values("place", kind="stable").sort_values(labels[:3], kind="stable", ignore_index=True)
    together = counted.groupby(["table", "column", "characteristic"])[["n", "denominator"]].transform("sum")
    others, other_rows = together["n"] - counted["n"], together["denominator"] - counted["denominator"]
    table = pd.concat([counted[labels], estimates(counted["n"], counted["denominator"], counted.index)], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        behind = 100 * others / other_rows - 100 * counted["n"] / counted["denominator"]
    judged = (counted["denominator"] >= NOT_ESTIMABLE_BELOW) & (other_rows >= NOT_ESTIMABLE_BELOW)
    chance = chances.drawn_at_most(counted["n"], together["denominator"], together["n"], counted["denominator"])
    table["behind"] = behind.where(judged)
    table["worse"] = judged & (chance < _FALSE_ALARMS / max(1, judged.sum()))
    return table


def year_changes(recorded: pd.DataFrame) -> pd.DataFrame:
    """Each year's number of events against the year before (action 3.06): table, event, year, before, events, percent.

    `recorded`: table, event, year, events, as `data.comparable_years` returns them. percent: the change, with low and
    high from the exact interval of the ratio of two Poisson counts (Clopper and Pearson's of the one among both). Where
    the interval does not hold 0, the change is more than chance explains. Years without the year before are left out.
    """
    before = recorded.assign(year=recorded["year"] + 1).rename(columns={"events": "before"})
    table = recorded.merge(before, on=["table", "event", "year"])[["table", "event", "year", "before", "events"]]
    low, high = _share_interval(table["events"], table["before"] + table["events"])
    with np.errstate(divide="ignore"):
        table["percent"] = 100 * (table["events"] / table["before"] - 1)
        table["low"], table["high"] = 100 * (low / (1 - low) - 1), 100 * (high / (1 - high) - 1)
    return table


def _share_interval(n: pd.Series, total: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Clopper and Pearson's interval of n of total, 0 to 1."""
    from evidence.measures.special import betaincinv

    n, total = n.to_numpy(float), total.to_numpy(float)
    tail = (1 - LEVEL) / 2
    low = np.where(n == 0, 0, betaincinv(n, total - n + 1, tail))
    high = np.where(n == total, 1, betaincinv(n + 1, total - n, 1 - tail))
    return low, high


def representativeness(children: pd.DataFrame, population: pd.DataFrame | None) -> pd.DataFrame:
    """Each group's share of the children whose group is known beside its share of a reference population (action 3.05).

    children: `data.children_by_group`; population: index (characteristic, group), column population, or None. Index and
    columns as `representation`; empty where there is nothing to compare.
    """
    shared = [] if population is None else [name for name in children if name in population.index.levels[0]]
    parts = [representation(children[children[name] != NOT_KNOWN], [name], population) for name in shared]
    return pd.concat(parts) if parts else pd.DataFrame()
