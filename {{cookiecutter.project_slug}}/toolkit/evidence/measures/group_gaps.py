"""How far groups lie apart: each against all others, and the widest gap, with intervals that say what chance can do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.measures import intervals
from evidence.measures.estimating import NOT_ESTIMABLE_BELOW, is_known, reliability

_KEYS = ["characteristic", "measure"]
_GAP_COLUMNS = ["lowest", "highest", "gap", "low", "high", "groups", "beyond_chance"]


def against_the_rest(table: pd.DataFrame) -> pd.DataFrame:
    """Each group against all other children of the same characteristic (7.05): index that of `table`.

    table: counts by group as `metrics_by_group` gives them, index (characteristic, group, measure). Columns n,
    denominator, percent, low, high, percent_rest, difference (percentage points, group less rest) with
    difference_low, difference_high (Newcombe), ratio (group over rest) with ratio_low, ratio_high (log scale),
    reliability. What rests on fewer than NOT_ESTIMABLE_BELOW children on either side is missing.
    """
    whole = table[["n", "denominator"]].groupby(level=_KEYS).transform("sum")
    n, of = table["n"], table["denominator"]
    rest_n, rest_of = whole["n"] - n, whole["denominator"] - of
    enough = ((of >= NOT_ESTIMABLE_BELOW) & (rest_of >= NOT_ESTIMABLE_BELOW)).to_numpy()
    result = table[["n", "denominator", "percent", "low", "high"]].copy()
    result["percent_rest"] = np.where(enough, 100 * rest_n / rest_of.where(rest_of > 0), np.nan)
    gaps = intervals.difference(n, of, rest_n, rest_of)
    for name, values in zip(("difference", "difference_low", "difference_high"), gaps, strict=True):
        result[name] = np.where(enough, 100 * values, np.nan)
    for name, values in zip(
        ("ratio", "ratio_low", "ratio_high"), intervals.rate_ratio(n, of, rest_n, rest_of), strict=True
    ):
        result[name] = np.where(enough, values, np.nan)
    result["reliability"] = reliability(np.minimum(of, rest_of))
    return result


def disparity(table: pd.DataFrame) -> pd.DataFrame:
    """The widest gap between the groups of each characteristic (7.05): index (characteristic, measure).

    table: index (characteristic, group, measure), columns as `estimates`. Columns lowest, highest (the groups' names),
    gap (percentage points) with low and high, groups (how many could be estimated), beyond_chance (`yes` where the
    interval lies above 0). The widest of many gaps is wide by chance alone, so the interval is widened by the number
    of pairs it was picked from (Bonferroni). Rows not estimable are left out, and so is
    the group `Not known`.
    """
    rows = {}
    for key, part in table.groupby(level=_KEYS, sort=False):
        known = part[is_known(part.index)].dropna(subset="percent").droplevel(_KEYS)
        if len(known) > 1:
            rows[key] = _widest(known)
    index = pd.MultiIndex.from_tuples(rows, names=_KEYS) if rows else None
    return pd.DataFrame(list(rows.values()), index=index, columns=_GAP_COLUMNS)


def _widest(known: pd.DataFrame) -> dict[str, object]:
    lowest, highest = known["percent"].idxmin(), known["percent"].idxmax()
    pairs = len(known) * (len(known) - 1) / 2
    ends = [known.loc[name] for name in (highest, lowest)]
    counts = [end[name] for end in ends for name in ("n", "denominator")]
    gap, low, high = intervals.difference(*counts, level=1 - (1 - intervals.LEVEL) / pairs)
    row = {"lowest": lowest, "highest": highest, "gap": 100 * float(gap), "low": 100 * float(low)}
    return {**row, "high": 100 * float(high), "groups": len(known), "beyond_chance": "yes" if low > 0 else "no"}
