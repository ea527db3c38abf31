"""Each agreed threshold against what was measured: pass, fail, or not enough evidence to say (7.04, 7.05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.measures.estimating import NOT_ESTIMABLE

if TYPE_CHECKING:
    from evidence.privacy import Rules

PASS, FAIL, INSUFFICIENT = "pass", "fail", "insufficient evidence"
EVERYONE, EACH_GROUP = "everyone", "each group"


def verdict(row: Mapping[str, float], at_least: float) -> str:
    """`pass` where the whole interval reaches the threshold, `fail` where none of it does, else insufficient evidence.

    row: percent, low, high (0 to 100); at_least: 0 to 100. A figure that is missing is not estimable.
    """
    if pd.isna(row["percent"]):
        return NOT_ESTIMABLE
    return PASS if row["low"] >= at_least else FAIL if row["high"] < at_least else INSUFFICIENT


def against_thresholds(
    metrics: pd.DataFrame,
    by_group: pd.DataFrame,
    thresholds: Sequence[tuple[str, str, float]],
    rules: Rules | None = None,
) -> pd.DataFrame:
    """One row a threshold and group it speaks of: index (threshold, characteristic, group).

    metrics: index measure; by_group: index (characteristic, group, measure); thresholds: (measure, `everyone`, `each
    group` or `column: value`, level from 0 to 1). Columns as `estimates`, at_least (0 to 100), reached (the figure
    itself: yes or no) and verdict (what the interval allows to say). Groups whose figures are hidden on the page are
    left out: to say whether they pass would tell something of them.
    """
    parts = [_one(metrics, by_group, threshold, rules) for threshold in thresholds]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(index=pd.MultiIndex.from_tuples([], names=["threshold", "characteristic", "group"]))
    return pd.concat(parts)


def _one(metrics: pd.DataFrame, by_group: pd.DataFrame, threshold: tuple[str, str, float], rules) -> pd.DataFrame:
    from evidence.measures.words import shown

    measure, group, level = threshold
    if group == EVERYONE:
        table = metrics.loc[[name for name in metrics.index if name == measure]]
        table.index = pd.MultiIndex.from_tuples(
            [("All", "All children")] * len(table), names=["characteristic", "group"]
        )
        keep = table.index if len(shown(metrics, rules).index.intersection([measure])) else table.index[:0]
    else:
        table = by_group[by_group.index.get_level_values("measure") == measure].droplevel("measure")
        keep = shown(table, rules).index
        if group != EACH_GROUP:
            keep = [name for name in keep if f"{name[0]}: {name[1]}".lower() == group.lower().replace("_", " ")]
    table = table.loc[list(keep)].copy()
    at_least = 100 * level
    table["at_least"] = at_least
    table["reached"] = np.where(table["percent"] >= at_least, "yes", "no")
    table["verdict"] = [verdict(row, at_least) for _, row in table.iterrows()]
    return pd.concat({f"{measure} of at least {at_least:.0f}%": table}, names=["threshold"])
