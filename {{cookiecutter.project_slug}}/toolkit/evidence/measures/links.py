"""Which variables may stand in for a protected characteristic (guidance action 5.10)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evidence.measures.estimating import NOT_ESTIMABLE, NOT_ESTIMABLE_BELOW, USABLE

# How strong a link is, in words; the limits are a convention, and the interval says how sure.
STRENGTH = ((0.1, "weak"), (0.3, "moderate"), (float("inf"), "strong"))
_NEEDED = 5 * NOT_ESTIMABLE_BELOW


def cramers_v(table: np.ndarray) -> float:
    """Cramér's V of a table of counts, corrected for the bias that few rows give it: 0 no link, 1 the same thing."""
    table = np.asarray(table, float)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (rows, columns) = table.sum(), table.shape
    if n < 2 or min(rows, columns) < 2:
        return np.nan
    awaited = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = ((table - awaited) ** 2 / awaited).sum() / n
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    rows, columns = rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)
    smaller = min(rows, columns) - 1
    return float(np.sqrt(phi2 / smaller)) if smaller > 0 else np.nan


def correlation_ratio(groups: np.ndarray, values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """How far a number differs between groups, corrected for chance: 0 not at all, 1 the group settles the number."""
    weights = np.ones(len(values)) if weights is None else weights
    n = weights.sum()
    size = np.bincount(groups, weights)
    means = np.divide(np.bincount(groups, weights * values), size, out=np.zeros_like(size), where=size > 0)
    middle = (weights * values).sum() / n
    total = (weights * (values - middle) ** 2).sum()
    within = total - (size * (means - middle) ** 2).sum()
    used = (size > 0).sum()
    if used < 2 or total <= 0 or n <= used:
        return np.nan
    share = 1 - (within / (n - used)) / (total / (n - 1))
    return float(np.sqrt(max(0.0, share)))


def proxies(
    frame: pd.DataFrame, protected: Sequence[str], variables: Sequence[str], seed: int = 2026, times: int = 300
) -> pd.DataFrame:
    """The strength of the link between each protected characteristic and each variable, strongest first.

    Index (protected, variable). Columns: strength (0 to 1), low and high (95%, seeded resampling of rows), n (rows
    with both known), how (the measure used), link (weak, moderate, strong), reliability. A number is measured by
    the correlation ratio, a kind by the bias-corrected Cramér's V. Missing where fewer than 50 rows or one group
    only.
    """
    random = np.random.default_rng(seed)
    rows = {
        (one.replace("_", " "), other.replace("_", " ")): _link(frame[one], frame[other], random, times)
        for one in protected
        for other in variables
        if one != other
    }
    columns = ["strength", "low", "high", "n", "how", "link", "reliability"]
    index = pd.MultiIndex.from_tuples(rows, names=["protected", "variable"]) if rows else None
    table = pd.DataFrame(list(rows.values()), index=index, columns=columns)
    return table.sort_values("strength", ascending=False, kind="stable", na_position="last")


def _link(protected: pd.Series, variable: pd.Series, random: np.random.Generator, times: int) -> dict:
    known = protected.notna() & variable.notna()
    groups = pd.factorize(protected[known], sort=True)[0]
    numeric = pd.api.types.is_numeric_dtype(variable) and not pd.api.types.is_bool_dtype(variable)
    if numeric:
        values = variable[known].astype("float64").to_numpy()
        strength = correlation_ratio(groups, values) if len(values) else np.nan
        draws = _weights(random, len(values), times)
        drawn = [correlation_ratio(groups, values, weights) for weights in draws] if strength == strength else []
    else:
        table = pd.crosstab(groups, pd.factorize(variable[known].astype("str"), sort=True)[0]).to_numpy()
        strength = cramers_v(table) if known.any() else np.nan
        counts = (
            random.multinomial(table.sum(), (table / max(table.sum(), 1)).ravel(), size=times)
            if strength == strength
            else []
        )
        drawn = [cramers_v(count.reshape(table.shape)) for count in counts]
    n = int(known.sum())
    row = {"strength": np.nan, "low": np.nan, "high": np.nan, "n": n, "how": _how(numeric), "link": ""}
    if n < _NEEDED or strength != strength:
        return {**row, "reliability": NOT_ESTIMABLE}
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    link = next(word for limit, word in STRENGTH if strength < limit)
    # Resampling adds noise of its own, so the interval is widened to hold the strength that was measured.
    return {
        **row,
        "strength": strength,
        "low": min(low, strength),
        "high": max(high, strength),
        "link": link,
        "reliability": USABLE,
    }


def _how(numeric: bool) -> str:
    return "correlation ratio" if numeric else "Cramér's V"


def _weights(random: np.random.Generator, n: int, times: int):
    for _ in range(times):
        yield random.multinomial(n, np.full(n, 1 / n)).astype(float)
