"""Would the figure be much the same with other children, another definition, an earlier extract, another counter?

For tools that describe or explain: they flag nobody, so what has to be tested is the figure itself (7.02, 7.04).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.measures.estimating import NOT_ESTIMABLE_BELOW, by_each, estimates, groups_of, proportions, truth

if TYPE_CHECKING:
    from evidence.privacy import Rules

AS_DEFINED = "as defined"


def resampled(
    frame: pd.DataFrame, unit: str, outcome: str, groups: Sequence[str], seed: int = 2026, times: int = 1000
) -> pd.DataFrame:
    """How far the figures would move with other children: index (characteristic, group), first row all children.

    Columns as `estimates`, low and high from drawing children with replacement (seeded; all rows of a child come
    together; Wilson's where none or all have the outcome), and highest_in: the percentage of draws in which the group
    has the highest share of its characteristic.
    """
    known = frame[truth(frame[outcome]).notna()]
    table = by_each(known, outcome, groups, overall=True)
    child, children = pd.factorize(known[unit])
    column = np.concatenate([_codes(known, name, table) for name in ("All", *groups)])
    cell = np.tile(child, len(groups) + 1) * len(table) + column
    happened = np.tile(truth(known[outcome]).to_numpy(), len(groups) + 1)
    size = (len(children), len(table))
    n, of = (np.bincount(cell, counted, size[0] * size[1]).reshape(size) for counted in (happened, np.ones(len(cell))))
    share = _drawn_shares(n, of, seed, times)
    with np.errstate(invalid="ignore"):
        ends = 100 * np.nanpercentile(share, [2.5, 97.5], axis=0) if len(children) else np.full((2, len(table)), np.nan)
    # Drawing from children who are all alike shows no spread; there Wilson's interval, already in the table, stays.
    spread = ((table["n"] > 0) & (table["n"] < table["denominator"])).to_numpy()
    for name, end in zip(("low", "high"), ends, strict=True):
        table[name] = np.where(spread & table[name].notna(), end, table[name])
    table["highest_in"] = _highest(share, table)
    return table


def _codes(known: pd.DataFrame, name: str, table: pd.DataFrame) -> np.ndarray:
    """For each row of `known`, the row of `table` that counts it."""
    places = {key: place for place, key in enumerate(table.index)}
    if name == "All":
        return np.zeros(len(known), dtype=int)
    shown = name.replace("_", " ")
    return np.array([places[shown, str(group)] for group in groups_of(known[name])], dtype=int)


def _drawn_shares(n: np.ndarray, of: np.ndarray, seed: int, times: int) -> np.ndarray:
    """The shares of each of `times` draws of as many children, with replacement: one row a draw."""
    random, children, columns = np.random.default_rng(seed), len(n), n.shape[1]
    if not children:
        return np.full((1, columns), np.nan)
    # Children who count alike are drawn together: how many of each kind come up is all that a share asks for.
    kinds, many = np.unique(np.hstack([n, of]), axis=0, return_counts=True)
    drawn = random.multinomial(children, many / children, size=times)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (drawn @ kinds[:, :columns]) / (drawn @ kinds[:, columns:])


def _highest(share: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    result = np.full(len(table), np.nan)
    characteristics = table.index.get_level_values(0)
    enough = (table["denominator"] >= NOT_ESTIMABLE_BELOW).to_numpy()
    for name in dict.fromkeys(characteristics[1:]):
        columns = np.flatnonzero((characteristics == name) & enough)
        if len(columns) > 1:
            first = columns[np.nanargmax(np.nan_to_num(share[:, columns], nan=-1), axis=1)]
            result[columns] = [100 * float((first == column).mean()) for column in columns]
    return result


def definition_tests(
    tool: ModuleType, tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, object], rules: Rules | None = None
) -> pd.DataFrame:
    """How far other ways of counting move the figure: index definition, first `as defined`; columns as `estimates` and
    difference (percentage points from the first).

    The ways are the tool's own `alternatives(tables, parameters)`: words -> (tables, parameters). An empty table where
    it has none. Protected: no two rows are shown of which one counts a few children more than the other, and where the
    first is hidden, so are all differences from it.
    """
    from evidence.measures.of_tool import latest_known
    from evidence.privacy import Rules, protect

    if not hasattr(tool, "alternatives"):
        return estimates([], [], pd.Index([], name="definition")).assign(difference=pd.Series(dtype="float64"))
    ways = {AS_DEFINED: (tables, parameters), **tool.alternatives(tables, parameters)}
    rows, who = {}, {"n": [], "denominator": []}
    for words in list(ways):
        # Each way may have tables of its own, which are let go once it is counted.
        counted = latest_known(tool, tool.prepare(*ways.pop(words)))
        rows[words] = proportions(counted, tool.OUTCOME)
        who["n"].append(frozenset(counted.loc[truth(counted[tool.OUTCOME]).astype(bool), tool.UNIT]))
        who["denominator"].append(frozenset(counted[tool.UNIT]))
    table = pd.concat(rows.values()).set_axis(pd.Index(list(rows), name="definition"))
    table["difference"] = table["percent"] - table["percent"].iloc[0]
    rules = rules or Rules()
    safe = protect(table, counts=["denominator"], parts={"n": "denominator"}, rules=rules, who=who).table
    if safe["percent"].iloc[0] == rules.shown_as:
        # A percentage and its difference from the first one tell the first one.
        safe["difference"] = rules.shown_as
    return safe


def hide_small_steps(table: pd.DataFrame, other: np.ndarray, rules: Rules | None = None) -> pd.DataFrame:
    """`table` with each row hidden whose n or denominator differs from `other` by a number small enough to be hidden.

    Two counts of nearly the same children give away those who are in one of them only. other: two columns, as n and
    denominator.
    """
    from evidence.privacy import Rules

    rules = rules or Rules()
    step = np.abs(table[["n", "denominator"]].to_numpy(float) - other)
    # Those without the outcome can be worked out from the two numbers, and so can their step.
    step = np.column_stack(
        [step, np.abs((table["denominator"] - table["n"]).to_numpy(float) - (other[:, 1] - other[:, 0]))]
    )
    hidden = ((step >= rules.hide_from) & (step <= rules.hide_to)).any(axis=1)
    table = table.copy()
    for name in table.columns if hidden.any() else ():
        if pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].astype(object).mask(hidden, rules.shown_as)
    return table


def revisions(now: pd.DataFrame, earlier: pd.DataFrame, rules: Rules | None = None) -> pd.DataFrame:
    """The same periods in an earlier extract and in this one: index period, those that both hold.

    now, earlier: tables by period, columns as `estimates`. Columns n, denominator, percent, n_before,
    denominator_before, percent_before, difference (percentage points), said (`unchanged`, `changed`, or
    `changed by too few to show`, then with the numbers before hidden).
    """
    from evidence.privacy import Rules

    both = [period for period in now.index if period in set(earlier.index)]
    table = now.loc[both, ["n", "denominator", "percent", "low", "high"]].copy()
    old = earlier.loc[both]
    table["difference"] = table["percent"] - old["percent"]
    for name in ("n", "denominator", "percent"):
        table[f"{name}_before"] = old[name]
    same = (table["n"] == table["n_before"]) & (table["denominator"] == table["denominator_before"])
    before = ["n_before", "denominator_before", "percent_before", "difference"]
    steps = hide_small_steps(table, old[["n", "denominator"]].to_numpy(float), rules)
    shown_as = (rules or Rules()).shown_as
    hidden = (steps["n"] == shown_as).to_numpy() if len(steps) else np.array([], dtype=bool)
    for name in before if hidden.any() else ():
        table[name] = table[name].astype(object).mask(hidden, shown_as)
    table["said"] = np.where(same, "unchanged", np.where(hidden, "changed by too few to show", "changed"))
    return table


def against_published(own: pd.DataFrame, published: pd.DataFrame, rounded_to: int = 1) -> pd.DataFrame:
    """Own counts beside the published ones of the same council and years (7.02): index year.

    own: index year (whole numbers), columns n, denominator. published: index year, columns n, denominator, symbol.
    Columns n, denominator, percent, published_n, published_denominator, published_as, agrees: `yes`, `within
    rounding`, `published figure is hidden`, `no`, `not published`. The published numbers are public; own ones are
    protected when they are shown.
    """
    years = list(own.index)
    beside = published.reindex(years)
    table = estimates(own["n"], own["denominator"], pd.Index([str(year) for year in years], name="year"))
    table["published_n"], table["published_denominator"] = beside["n"].to_numpy(), beside["denominator"].to_numpy()
    table["published_as"] = beside["symbol"].fillna("not published").to_numpy()
    table["agrees"] = [_agrees(row, rounded_to) for _, row in table.iterrows()]
    return table


def _agrees(row: pd.Series, rounded_to: int) -> str:
    if row["published_as"] == "not published":
        return "not published"
    if np.isnan(row["published_n"]) or np.isnan(row["published_denominator"]):
        return "published figure is hidden"
    gaps = [abs(row["n"] - row["published_n"]), abs(row["denominator"] - row["published_denominator"])]
    if max(gaps) == 0:
        return "yes"
    return "within rounding" if max(gaps) <= rounded_to / 2 else "no"


def own_counts(frame: pd.DataFrame, outcome: str, period: str) -> pd.DataFrame:
    """n with the outcome and denominator by the year in which a period ends: index year."""
    known = frame[truth(frame[outcome]).notna()]
    groups = truth(known[outcome]).groupby(known[period].dt.year)
    return pd.DataFrame({"n": groups.sum().astype("int64"), "denominator": groups.size()}).rename_axis("year")
