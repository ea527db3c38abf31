"""How often a tool that flags children is right: overall, by group, at other thresholds, against a simpler rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.measures.estimating import (
    NOT_ESTIMABLE,
    NOT_ESTIMABLE_BELOW,
    estimates,
    groups_of,
    in_order,
    reliability,
    truth,
)

if TYPE_CHECKING:
    from evidence.privacy import Rules

# measure: (what counts, of what), each as cells of the table of flagged (f) or not (n) by outcome (1) or none (0).
MEASURES = {
    "recall": (["f1"], ["f1", "n1"]),
    "precision": (["f1"], ["f1", "f0"]),
    "specificity": (["n0"], ["n0", "f0"]),
    "false discovery": (["f0"], ["f1", "f0"]),
    "false omission": (["n1"], ["n1", "n0"]),
    "accuracy": (["f1", "n0"], ["f1", "f0", "n1", "n0"]),
    "flagged": (["f1", "f0"], ["f1", "f0", "n1", "n0"]),
    "outcome": (["f1", "n1"], ["f1", "f0", "n1", "n0"]),
}

MEANING = {
    "recall": "of the children who had the outcome, how many were flagged",
    "precision": "of the children flagged, how many had the outcome",
    "specificity": "of the children who did not have the outcome, how many were not flagged",
    "false discovery": "of the children flagged, how many did not have the outcome",
    "false omission": "of the children not flagged, how many had the outcome",
    "accuracy": "of all children, how many were flagged and had it, or were not and did not",
    "flagged": "of all children, how many were flagged",
    "outcome": "of all children, how many had the outcome",
}

BY_GROUP = ("recall", "precision", "specificity", "false discovery", "false omission", "accuracy")


def confusion(frame: pd.DataFrame, outcome: str, flagged: str) -> dict[str, int]:
    """How many children are flagged (f) or not (n), with the outcome (1) or without (0): keys f1, f0, n1, n0.

    Rows whose outcome is not known count nowhere.
    """
    happened, said = truth(frame[outcome]), truth(frame[flagged])
    known = happened.notna() & said.notna()
    happened, said = happened[known] == 1, said[known] == 1
    return {
        "f1": int((said & happened).sum()),
        "f0": int((said & ~happened).sum()),
        "n1": int((~said & happened).sum()),
        "n0": int((~said & ~happened).sum()),
    }


def _table(cells: dict[str, int], measures: Sequence[str]) -> pd.DataFrame:
    n = [sum(cells[cell] for cell in MEASURES[measure][0]) for measure in measures]
    of = [sum(cells[cell] for cell in MEASURES[measure][1]) for measure in measures]
    return estimates(n, of, pd.Index(list(measures), name="measure"))


def metrics(frame: pd.DataFrame, outcome: str, flagged: str, measures: Sequence[str] = tuple(MEASURES)) -> pd.DataFrame:
    """Every measure of a flag against what happened (guidance action 7.04): index measure, columns as `estimates`."""
    return _table(confusion(frame, outcome, flagged), measures)


def metrics_by_group(
    frame: pd.DataFrame, outcome: str, flagged: str, groups: Sequence[str], measures: Sequence[str] = BY_GROUP
) -> pd.DataFrame:
    """`metrics` in each group of each of several columns (7.05): index (characteristic, group, measure)."""
    tables = {}
    for column in groups:
        parts = dict(iter(frame.groupby(groups_of(frame[column]), observed=False, dropna=False)))
        for group in in_order(parts):
            tables[column.replace("_", " "), str(group)] = metrics(parts[group], outcome, flagged, measures)
    return pd.concat(tables, names=["characteristic", "group"])


def groups_in_sight(
    frame: pd.DataFrame, outcome: str, flagged: str, groups: Sequence[str], rules: Rules | None = None
) -> pd.Index:
    """The groups of which every measure may be shown: index (characteristic, group).

    All measures of a group are made of four counts. A group is out of sight where one of its counts is small, or has
    to be hidden so that a small one of another group cannot be worked out.
    """
    from evidence.privacy import Rules, protect

    rows = {}
    for column in groups:
        for group, part in frame.groupby(groups_of(frame[column]), observed=False, dropna=False):
            rows[column.replace("_", " "), str(group)] = confusion(part, outcome, flagged)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["f1", "f0", "n1", "n0"])
    table.index = pd.MultiIndex.from_tuples(rows, names=["characteristic", "group"])
    safe = protect(table, counts=list(table.columns), rules=rules or Rules()).table
    return table.index[safe.map(lambda value: not isinstance(value, str)).all(axis="columns")]


def side_by_side(table: pd.DataFrame, in_sight: pd.Index, hidden: str = "c") -> pd.DataFrame:
    """`metrics_by_group` with a measure a column, each cell in words: `54% (46 to 62), 77 of 143`.

    Groups that are not `in_sight` are shown as `hidden`. Index (characteristic, group).
    """
    seen = set(in_sight)
    words = [
        hidden if key[:2] not in seen else _in_words(row)
        for key, row in zip(table.index, table.to_dict("records"), strict=True)
    ]
    wide = pd.Series(words, index=table.index).unstack("measure")
    order = table.index.droplevel("measure").drop_duplicates()
    return wide.loc[order, list(table.index.unique("measure"))].rename_axis(columns=None)


def _in_words(row: dict[str, object]) -> str:
    if np.isnan(row["percent"]):
        return f"{NOT_ESTIMABLE}, {row['denominator']} children"
    return f"{row['percent']:.0f}% ({row['low']:.0f} to {row['high']:.0f}), {row['n']} of {row['denominator']}"


def one_measure(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The rows of one measure of a table by group: index (characteristic, group)."""
    return table.xs(measure, level="measure")


def over_thresholds(
    frame: pd.DataFrame, outcome: str, score: str, thresholds: Sequence[float], measure: str = "recall"
) -> pd.DataFrame:
    """One measure at each of several thresholds of the score (0 to 1): index threshold, columns as `estimates`."""
    tables = []
    for threshold in thresholds:
        flagged = (frame[score] >= threshold).where(frame[score].notna())
        tables.append(metrics(frame.assign(_flagged=flagged), outcome, "_flagged", [measure]))
    table = pd.concat(tables)
    table.index = pd.Index([f"{threshold:.2f}" for threshold in thresholds], name="threshold")
    return table


def calibration(frame: pd.DataFrame, outcome: str, score: str, bands: int = 10) -> pd.DataFrame:
    """Do children given 30% have the outcome in 30 cases of 100? Index band, from the lowest probabilities up.

    The children are put in order of their probability and cut into bands of about equal size. Columns as
    `estimates`, and predicted (the band's mean probability, 0 to 100).
    """
    known = frame[truth(frame[outcome]).notna() & frame[score].notna()]
    if known.empty:
        return estimates([], [], pd.Index([], name="band")).assign(predicted=pd.Series(dtype="float64"))
    # Children with one and the same probability stay in one band, so that the order of rows makes no difference.
    band = np.ceil(known[score].rank(pct=True, method="max") * bands).astype(int)
    groups = truth(known[outcome]).groupby(band)
    table = estimates(
        groups.sum(), groups.size(), pd.Index([f"band {number}" for number in groups.size().index], name="band")
    )
    table["predicted"] = 100 * known[score].astype("float64").groupby(band).mean().to_numpy()
    return table


def against_rule(
    frame: pd.DataFrame, outcome: str, flagged: str, rule: str, seed: int = 2026, times: int = 2000
) -> pd.DataFrame:
    """A tool's flags against those of a simpler rule on the same children (guidance action 7.02): index measure.

    Columns: n, denominator, percent (the tool), percent_today (the rule), difference (percentage points, tool less
    rule) with low and high from a seeded resampling of the children, reliability, better (`tool`, `today`, `no
    clear difference`). For false discovery, false omission and flagged less is better.
    """
    three = {"outcome": frame[outcome], "tool": frame[flagged], "today": frame[rule]}
    known = pd.DataFrame({name: truth(values) for name, values in three.items()}).dropna().astype("int64")
    measures = [measure for measure in MEASURES if measure not in ("outcome", "flagged")]
    # Eight kinds of children: outcome by tool by rule. Drawing from their numbers is drawing children again.
    kind = known["outcome"] * 4 + known["tool"] * 2 + known["today"]
    cells = np.bincount(kind, minlength=8)
    tool = metrics(known, "outcome", "tool", measures)
    today = metrics(known, "outcome", "today", measures)
    table = tool.drop(columns=["low", "high", "reliability"])
    table["percent_today"] = today["percent"]
    table["difference"] = table["percent"] - table["percent_today"]
    drawn = np.random.default_rng(seed).multinomial(max(cells.sum(), 1), cells / max(cells.sum(), 1), size=times)
    gaps = {name: _rates(drawn, name, 2) - _rates(drawn, name, 1) for name in measures}
    spread = {name: _percentiles(gap) for name, gap in gaps.items()}
    for place, name in enumerate(("low", "high")):
        table[name] = [100 * spread[measure][place] for measure in measures]
    table.loc[table["difference"].isna(), ["low", "high"]] = np.nan
    weaker = np.minimum(tool["denominator"], today["denominator"])
    table["reliability"] = reliability(weaker)
    table["better"] = _better(table)
    return table


def _rates(drawn: np.ndarray, measure: str, bit: int) -> np.ndarray:
    """The measure in each drawn set of children; `bit` says which flag: 2 the tool's, 1 the rule's."""
    kinds = {cell: [k for k in range(8) if _cell(k, bit) == cell] for cell in ("f1", "f0", "n1", "n0")}
    n, of = (sum(drawn[:, kinds[cell]].sum(axis=1) for cell in cells) for cells in MEASURES[measure])
    with np.errstate(divide="ignore", invalid="ignore"):
        return n / of


def _cell(kind: int, bit: int) -> str:
    return ("f" if kind & bit else "n") + ("1" if kind & 4 else "0")


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    return (np.nan, np.nan) if not len(known) else tuple(np.percentile(known, [2.5, 97.5]))


def _better(table: pd.DataFrame) -> list[str]:
    words = []
    for measure, row in table.iterrows():
        low, high = (row["low"], row["high"])
        if measure in ("false discovery", "false omission"):
            low, high = -high, -low
        if np.isnan(low) or row["denominator"] < NOT_ESTIMABLE_BELOW:
            words.append(NOT_ESTIMABLE)
        else:
            words.append("tool" if low > 0 else "today" if high < 0 else "no clear difference")
    return words
