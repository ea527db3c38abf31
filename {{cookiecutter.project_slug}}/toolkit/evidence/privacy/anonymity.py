"""How easily a child could be singled out of a table: k-anonymity, l-diversity, t-closeness, unique records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evidence.project import EvidenceError

K, UNIQUE = "k-anonymity", "unique records"


def reidentification_risk(
    frame: pd.DataFrame, quasi_identifiers: Sequence[str], sensitive: str | Sequence[str] = ()
) -> pd.DataFrame:
    """One row a measure: measure, variable, value, children, share (per cent of all rows), meaning (in words).

    frame: one row a child. quasi_identifiers: what somebody might know of a child from elsewhere. sensitive: what they
    would learn. A missing value is a category of its own, so two children without an ethnic group are alike and one is
    not.

    k-anonymity: the size of the smallest group of children alike in the quasi-identifiers (Sweeney 2002). Unique
    records: groups of one. l-diversity: the fewest different values of the sensitive variable in any group, and by
    entropy the number of equally frequent values that would be as hard to guess (Machanavajjhala and others 2007).
    t-closeness: the furthest any group's distribution of it is from everybody's, from 0 to 1 (Li and others 2007): for
    numbers, dates and ordered categories the Earth mover's distance over ranks, so that a neighbouring value counts as
    near; for kinds, and where values are missing, the total variation, half the sum of differences.

    Raises EvidenceError for a column that does not exist, or none named. Source: action 6.03.
    """
    sensitive = [sensitive] if isinstance(sensitive, str) else list(sensitive)
    quasi = list(quasi_identifiers)
    missing = [name for name in [*quasi, *sensitive] if name not in frame.columns]
    if missing or not quasi:
        what = f"the table has no column {missing[0]}." if missing else "no quasi-identifier is named."
        raise EvidenceError(what, where="measuring the risk of re-identification")
    if frame.empty:
        return pd.DataFrame(columns=["measure", "variable", "value", "children", "share", "meaning"])
    group, sizes = alike(frame, quasi)
    size = sizes[group]
    smallest = int(sizes.min())
    rows = [_row(K, "", smallest, size == smallest, "Smallest group of children who look alike.")]
    for least in (5, 10):
        meaning = f"Share of children in a group smaller than {least}."
        rows.append(_row(f"in groups under {least}", "", int((size < least).sum()), size < least, meaning))
    meaning = (
        "Children who look like nobody else in this data. Where the data holds every child of its kind in the council, "
        "as a return does, there is nobody like them in the council either."
    )
    rows.append(_row(UNIQUE, "", int((size == 1).sum()), size == 1, meaning))
    for name in sensitive:
        rows.extend(_about(name, frame[name], group, sizes))
    return pd.DataFrame(rows)


def alike(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The group of each row, numbered from 0, of rows equal in `columns` (missing equals missing), and their sizes."""
    group, groups = np.zeros(len(frame), dtype=np.int64), 1
    for name in columns:
        codes, values = pd.factorize(frame[name], use_na_sentinel=False)
        # Numbered anew after each column, so that the product of the numbers of values never overflows.
        group, found = pd.factorize(group * len(values) + codes)
        groups = len(found)
    return group, np.bincount(group, minlength=groups)


def _about(name: str, values: pd.Series, group: np.ndarray, sizes: np.ndarray) -> list[dict]:
    codes, everybody = pd.factorize(values, use_na_sentinel=False, sort=True)
    ordered = _is_ordered(values)
    if isinstance(values.dtype, pd.CategoricalDtype) and ordered:
        codes, everybody = pd.factorize(values.cat.codes, sort=True)
    m = len(everybody)
    pairs, counts = np.unique(group * np.int64(m) + codes, return_counts=True)
    of, value = pairs // m, pairs % m
    share = counts / sizes[of]
    overall = np.bincount(codes, minlength=m) / len(codes)

    different = np.bincount(of, minlength=len(sizes))
    entropy = np.exp(np.bincount(of, weights=-share * np.log(share), minlength=len(sizes)))
    far = _over_ranks(of, value, share, overall, sizes) if ordered else _variation(of, value, share, overall, sizes)
    how = "Earth mover's distance over ranks" if ordered else "total variation"
    fewest, hardest, furthest = different.min(), round(float(entropy.min()), 4), round(float(far.max()), 4)
    return [
        _row("l-diversity", name, int(fewest), (different == fewest)[group],
             f"Fewest different values of {name} among children who look alike; 1 means it is given away."),
        _row("entropy l-diversity", name, hardest, (entropy <= hardest + 1e-4)[group],
             f"As hard to guess as this many equally frequent values of {name}; 1 means it is given away."),
        _row("t-closeness", name, furthest, (far >= furthest - 1e-4)[group],
             f"Furthest any group's {name} is from everybody's: 0 is the same, 1 is nothing in common ({how})."),
    ]  # fmt: skip


def _is_ordered(values: pd.Series) -> bool:
    """Whether values have ranks: numbers, dates, ordered categories. A missing value has no rank, so none may be."""
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        ranked = bool(kind.ordered)
    else:
        number = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
        ranked = number or pd.api.types.is_datetime64_any_dtype(kind)
    return ranked and not values.isna().any()


def _variation(of: np.ndarray, value: np.ndarray, share: np.ndarray, overall: np.ndarray, sizes: np.ndarray):
    """Half the sum of differences of each group's distribution from everybody's, by the values that it has."""
    there = np.bincount(of, weights=np.abs(share - overall[value]), minlength=len(sizes))
    absent = 1 - np.bincount(of, weights=overall[value], minlength=len(sizes))
    return (there + absent) / 2


def _over_ranks(of: np.ndarray, value: np.ndarray, share: np.ndarray, overall: np.ndarray, sizes: np.ndarray):
    """Each group's Earth mover's distance from everybody where neighbouring ranks are 1 / (m - 1) apart.

    It is the sum over ranks of how far the two cumulative distributions are apart, over m - 1. A group's own is flat
    between the values it has, and everybody's rises, so each flat stretch is two sums, one either side of where they
    cross: no table of groups by values is needed.
    """
    m = len(overall)
    if m < 2:
        return np.zeros(len(sizes))
    rises = np.cumsum(overall)
    summed = np.concatenate([[0.0], np.cumsum(rises)])
    first = np.concatenate([[True], of[1:] != of[:-1]])
    upto = np.cumsum(share)
    upto -= (upto - share)[first][np.cumsum(first) - 1]
    stretch_ends = np.where(np.concatenate([first[1:], [True]]), m - 1, np.concatenate([value[1:], [0]]))
    crosses = np.clip(np.searchsorted(rises, upto), value, stretch_ends)
    below = upto * (crosses - value) - (summed[crosses] - summed[value])
    above = (summed[stretch_ends] - summed[crosses]) - upto * (stretch_ends - crosses)
    before_first = np.where(first, summed[value], 0.0)
    return np.bincount(of, weights=below + above + before_first, minlength=len(sizes)) / (m - 1)


def _row(measure: str, variable: str, value: float, where: np.ndarray, meaning: str) -> dict:
    children = int(where.sum())
    return {
        "measure": measure,
        "variable": variable,
        "value": value,
        "children": children,
        "share": round(100 * children / len(where), 1),
        "meaning": meaning,
    }
