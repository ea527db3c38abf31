"""How easily a child could be singled out of a table: k-anonymity, l-diversity, t-closeness, unique records."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evidence.project import EvidenceError


def reidentification_risk(
    frame: pd.DataFrame, quasi_identifiers: Sequence[str], sensitive: str | Sequence[str] = ()
) -> pd.DataFrame:
    """One row a measure: measure, variable, value, children, share (per cent of all rows), meaning (in words).

    quasi_identifiers: what somebody might know of a child from elsewhere. sensitive: what they would learn. A missing
    value is a category of its own, so two children without an ethnic group are alike and one is not.

    k-anonymity: the size of the smallest group of children alike in the quasi-identifiers. Unique records: groups of
    one. l-diversity: the fewest different values of the sensitive variable in any group. t-closeness: the largest
    distance of a group's distribution of it from everybody's (half the sum of differences, from 0 to 1).
    Raises EvidenceError for a column that does not exist, or none named. Sources: action 6.03.
    """
    sensitive = [sensitive] if isinstance(sensitive, str) else list(sensitive)
    quasi = list(quasi_identifiers)
    missing = [name for name in [*quasi, *sensitive] if name not in frame.columns]
    if missing or not quasi:
        what = f"the table has no column {missing[0]}." if missing else "no quasi-identifier is named."
        raise EvidenceError(what, where="measuring the risk of re-identification")
    if frame.empty:
        return pd.DataFrame(columns=["measure", "variable", "value", "children", "share", "meaning"])
    group = frame.groupby(quasi, observed=True, dropna=False, sort=True).ngroup()
    size = group.map(group.value_counts())
    rows = [_row("k-anonymity", "", int(size.min()), size == size.min(), "Smallest group of children who look alike.")]
    for least in (5, 10):
        meaning = f"Share of children in a group smaller than {least}."
        rows.append(_row(f"in groups under {least}", "", int((size < least).sum()), size < least, meaning))
    rows.append(_row("unique records", "", int((size == 1).sum()), size == 1, "Children who look like nobody else."))
    for name in sensitive:
        rows.extend(_about(name, frame[name], group))
    return pd.DataFrame(rows)


def _about(name: str, values: pd.Series, group: pd.Series) -> list[dict]:
    codes = pd.Series(pd.factorize(values, use_na_sentinel=False)[0], index=values.index)
    table = pd.crosstab(group, codes)
    different = (table > 0).sum(axis=1)
    distance = (table.div(table.sum(axis=1), axis=0) - table.sum() / table.to_numpy().sum()).abs().sum(axis=1) / 2
    fewest, furthest = group.map(different), group.map(distance)
    return [
        _row(
            "l-diversity", name, int(different.min()), fewest == different.min(),
            f"Fewest different values of {name} among children who look alike; 1 means it is given away.",
        ),
        _row(
            "t-closeness", name, round(float(distance.max()), 4), furthest == distance.max(),
            f"Furthest any group's {name} is from everybody's: 0 is the same, 1 is nothing in common.",
        ),
    ]  # fmt: skip


def _row(measure: str, variable: str, value: float, where: pd.Series, meaning: str) -> dict:
    children = int(where.sum())
    return {
        "measure": measure,
        "variable": variable,
        "value": value,
        "children": children,
        "share": round(100 * children / len(where), 1),
        "meaning": meaning,
    }
