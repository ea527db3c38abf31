"""A tool beside today's process on the same children: how often they agree, and who would be treated differently."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from evidence.measures.estimating import NOT_ESTIMABLE_BELOW, estimates, groups_of, in_order, truth

CELLS = ["both", "tool_only", "team_only", "neither"]
WAYS = ["same", "tool_only", "team_only"]
# How such tables are protected: the numbers make up the whole, and all else in a row is worked out from them.
AGREEMENT = {"counts": ["denominator"], "parts": dict.fromkeys(CELLS, "denominator")}
DIFFERENTLY = {"counts": ["denominator"], "parts": dict.fromkeys(WAYS, "denominator")}
_Z = NormalDist().inv_cdf(0.975)


def agreement(counts: pd.DataFrame) -> pd.DataFrame:
    """How often the tool and today's process say the same (7.07), one row a row of `counts`.

    counts: columns both, tool_only, team_only, neither (numbers of children picked out). Columns: those four, n (said
    the same), denominator, percent, low, high (Wilson), kappa with kappa_low and kappa_high (-1 to 1: agreement beyond
    what chance alone would give; 0 is chance, 1 is complete), reliability. kappa is missing where there are fewer than
    NOT_ESTIMABLE_BELOW children, and where both said the same of every child. Sources: Cohen 1960; the interval is that
    of Fleiss, Cohen and Everitt 1969.
    """
    cells = counts[CELLS].astype("int64")
    table = estimates(cells["both"] + cells["neither"], cells.sum(axis="columns"), counts.index)
    figures = [cohens_kappa(*row) for row in cells.itertuples(index=False)]
    enough = table["denominator"] >= NOT_ESTIMABLE_BELOW
    for place, name in enumerate(("kappa", "kappa_low", "kappa_high")):
        table.insert(5 + place, name, [figure[place] for figure in figures])
        table[name] = table[name].where(enough).astype("float64")
    return pd.concat([cells, table], axis="columns")


def cohens_kappa(both: int, tool_only: int, team_only: int, neither: int) -> tuple[float, float, float]:
    """Cohen's kappa of two yes-or-no judgements and its 95% interval: (kappa, low, high), missing where not defined."""
    shares = np.array([[both, tool_only], [team_only, neither]], dtype=float)
    total = shares.sum()
    if total == 0:
        return np.nan, np.nan, np.nan
    shares /= total
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    by_chance = float(rows @ columns)
    if by_chance == 1:
        return np.nan, np.nan, np.nan
    kappa = (float(np.trace(shares)) - by_chance) / (1 - by_chance)
    same = sum(shares[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(2))
    other = (1 - kappa) ** 2 * sum(shares[i, 1 - i] * (columns[i] + rows[1 - i]) ** 2 for i in range(2))
    variance = (same + other - (kappa - by_chance * (1 - kappa)) ** 2) / ((1 - by_chance) ** 2 * total)
    half = _Z * np.sqrt(max(variance, 0))
    return kappa, max(kappa - half, -1.0), min(kappa + half, 1.0)


def counted(frame: pd.DataFrame, tool: str, team: str, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """The numbers of `agreement` for each group of `by`, or one row; where either is missing it counts nowhere."""
    said, decided = truth(frame[tool]), truth(frame[team])
    known = said.notna() & decided.notna()
    said, decided = said[known] == 1, decided[known] == 1
    cells = pd.DataFrame(
        {
            "both": said & decided,
            "tool_only": said & ~decided,
            "team_only": ~said & decided,
            "neither": ~said & ~decided,
        }
    ).astype("int64")
    columns = [by] if isinstance(by, str) else list(by)
    if not columns:
        return cells.sum().to_frame().T
    keys = [groups_of(frame.loc[known, column]) for column in columns]
    return cells.groupby(keys, observed=False, dropna=False).sum()


def treated_differently(frame: pd.DataFrame, tool: str, team: str, groups: Sequence[str]) -> pd.DataFrame:
    """Who would be treated differently, group by group (7.07): index (characteristic, group).

    Columns same, tool_only, team_only (children), n (treated differently, whichever way), denominator, percent, low,
    high, reliability.
    """
    tables = {}
    for column in groups:
        cells = counted(frame, tool, team, column)
        cells = cells.loc[in_order(cells.index)].rename(index=str)
        differ = cells["tool_only"] + cells["team_only"]
        table = estimates(differ, cells.sum(axis="columns"), cells.index)
        cells["same"] = cells["both"] + cells["neither"]
        tables[column.replace("_", " ")] = pd.concat([cells[WAYS], table], axis="columns")
    return pd.concat(tables, names=["characteristic", "group"])
