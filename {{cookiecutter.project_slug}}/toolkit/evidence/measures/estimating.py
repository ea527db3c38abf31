"""Proportions with what a reader needs to judge them: how many children, of how many, how sure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from evidence.data import NOT_KNOWN
from evidence.measures import intervals

# With fewer children than this a percentage says nothing, and none is given.
NOT_ESTIMABLE_BELOW = 10
# With fewer than this it is given, and marked.
FEW_BELOW = 30

USABLE, FEW, NOT_ESTIMABLE = "usable", "few cases", "not estimable"
ALL = "All children"
# What stands in a column of words for nothing at all, once something turned it into text.
_NOTHING = ("", " ", "nan", "NaN", "<NA>")


def estimates(n: Sequence[float], denominator: Sequence[float], index: pd.Index | None = None) -> pd.DataFrame:
    """n of denominator as a table: columns n, denominator (whole numbers), percent, low, high (0 to 100), reliability.

    Where the denominator is below NOT_ESTIMABLE_BELOW, percent, low and high are missing and reliability says so.
    """
    n, denominator = np.asarray(n, float), np.asarray(denominator, float)
    low, high = intervals.wilson(n, denominator)
    enough = denominator >= NOT_ESTIMABLE_BELOW
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = 100 * n / denominator
    return pd.DataFrame(
        {
            "n": n.astype("int64"),
            "denominator": denominator.astype("int64"),
            "percent": np.where(enough, percent, np.nan),
            "low": np.where(enough, 100 * low, np.nan),
            "high": np.where(enough, 100 * high, np.nan),
            "reliability": reliability(denominator),
        },
        index=index,
    )


def reliability(denominator: Sequence[float]) -> np.ndarray:
    """How far a percentage of so many children can be relied on, in one or two words."""
    denominator = np.asarray(denominator, float)
    words = np.where(denominator < FEW_BELOW, FEW, USABLE).astype(object)
    return np.where(denominator < NOT_ESTIMABLE_BELOW, NOT_ESTIMABLE, words)


def truth(values: pd.Series) -> pd.Series:
    """A column of true and false in whatever form (bool, boolean, 0 and 1) as numbers 1.0 and 0.0, missing kept."""
    if values.dtype == bool:
        return values.astype("float64")
    if isinstance(values.dtype, pd.BooleanDtype):
        return pd.Series(values.array.to_numpy("float64", na_value=np.nan), values.index, name=values.name)
    return values.astype("Float64").astype("float64")


def proportions(frame: pd.DataFrame, value: str, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """Of the children in each group, how many have `value` true; rows where it is missing count in neither number.

    by: one column or several. Index: the groups (`All children` when there are none); rows without a group are in
    `Not known`. Columns as `estimates`.
    """
    columns = [by] if isinstance(by, str) else list(by)
    n, size = _counted(*_known(frame, value, columns), columns)
    return estimates(n, size, size.index)


def _known(frame: pd.DataFrame, value: str, columns: Sequence[str]) -> tuple[pd.Series, pd.DataFrame]:
    """`value` as numbers 1.0 and 0.0, and those columns, of the rows in which it is known."""
    every = truth(frame[value])
    known, there = every.notna(), frame[list(dict.fromkeys(columns))]
    return (every, there) if known.all() else (every[known], there[known])


def _counted(known: pd.Series, columns_of_known: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.Series, pd.Series]:
    """How many rows are true, and how many there are, in each group of the columns."""
    if not columns:
        index = pd.Index([ALL], name="group")
        return pd.Series([known.sum()], index), pd.Series([len(known)], index)
    keys = [groups_of(columns_of_known[column]) for column in columns]
    groups = known.groupby(keys, observed=False, dropna=False)
    return groups.sum(), groups.size()


def groups_of(values: pd.Series) -> pd.Series:
    """The group of each row: what stands there, and `Not known` where nothing does. Dates stay as they are."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values
    missing = values.isna()
    if isinstance(values.dtype, pd.CategoricalDtype):
        if not missing.any():
            return values
        more = [] if NOT_KNOWN in values.cat.categories else [NOT_KNOWN]
        return values.cat.add_categories(more).fillna(NOT_KNOWN)
    if pd.api.types.is_object_dtype(values) or pd.api.types.is_string_dtype(values):
        missing |= values.isin(_NOTHING)
    return values.astype(object).mask(missing, NOT_KNOWN) if missing.any() else values


def by_year(frame: pd.DataFrame, value: str, period: str = "year_end", by: str | Sequence[str] = ()) -> pd.DataFrame:
    """`proportions` for each period, and for each group within it; the period is shown as its year in text."""
    columns = [by] if isinstance(by, str) else list(by)
    dated = frame.assign(**{period: period_words(frame[period])})
    return proportions(dated, value, [*columns, period])


def period_words(periods: pd.Series) -> pd.Series:
    """Dates as they are shown: `31 March 2026`; anything else as text."""
    if pd.api.types.is_datetime64_any_dtype(periods):
        days, months = periods.dt.day.astype("str"), periods.dt.strftime(" %B %Y")
        return (days + months).astype("str")
    return periods.astype("str")


def by_each(frame: pd.DataFrame, value: str, groups: Sequence[str], overall: bool = False) -> pd.DataFrame:
    """`proportions` by each of several columns in turn, one under the other: index (characteristic, group).

    overall: put a row for all children on top.
    """
    known = _known(frame, value, groups)
    counts = [("All", *_counted(*known, []))] if overall else []
    counts += [(column, *_counted(*known, [column])) for column in groups]
    rows = []
    for column, n, size in counts:
        here = list(zip(size.index, n, size, strict=True))
        in_turn = [here[place] for place in _places(size.index)]
        rows += [(column.replace("_", " "), str(group), *both) for group, *both in in_turn]
    characteristics, names, n, size = ([row[part] for row in rows] for part in range(4))
    index = pd.MultiIndex.from_arrays([characteristics, names], names=["characteristic", "group"])
    return estimates(n, size, index)


def is_known(index: pd.Index) -> np.ndarray:
    """For each row of a table by group, whether its group is known: `Not known` is no group to be named first."""
    last = index.get_level_values("group") if "group" in index.names else index.get_level_values(-1)
    return ~last.isin([NOT_KNOWN])


def in_order(groups: Iterable[object]) -> list:
    """Groups as a reader expects them: `Under 1` first, then by their first number, by name, and `Not known` last."""
    return sorted(groups, key=_turn)


def _turn(group: object) -> tuple:
    text = str(group)
    number = re.match(r"\d+", text)
    first = -1 if text.startswith("Under ") else int(number.group()) if number else 10_000
    return text in (NOT_KNOWN, "nan", "<NA>"), first, text


def _places(groups: pd.Index) -> list[int]:
    """Where the groups stand, in the order of `in_order`; as they are where one is missing or there twice."""
    places = range(len(groups))
    in_turn = groups.is_unique and groups.notna().all()
    return sorted(places, key=lambda place: _turn(groups[place])) if in_turn else list(places)


def _under(characteristic: str, table: pd.DataFrame) -> pd.DataFrame:
    table = table.iloc[_places(table.index)]
    groups = [str(group) for group in table.index]
    table.index = pd.MultiIndex.from_product(
        [[characteristic.replace("_", " ")], groups], names=["characteristic", "group"]
    )
    return table


def rate_ratio(frame: pd.DataFrame, value: str, by: str, reference: str | None = None) -> pd.DataFrame:
    """The relative rate index: each group's rate over that of `reference`, or of all other children when none is named.

    Columns as `estimates`, and ratio, ratio_low, ratio_high: 1 is no difference; missing where either rate rests on
    fewer than NOT_ESTIMABLE_BELOW children or on none with the value.
    """
    table = proportions(frame, value, by)
    if reference is None:
        other_n, other = table["n"].sum() - table["n"], table["denominator"].sum() - table["denominator"]
    else:
        other_n, other = (np.repeat(table.at[reference, name], len(table)) for name in ("n", "denominator"))
    ratio = intervals.rate_ratio(table["n"], table["denominator"], other_n, other)
    enough = (table["denominator"] >= NOT_ESTIMABLE_BELOW) & (np.asarray(other) >= NOT_ESTIMABLE_BELOW)
    for name, values in zip(("ratio", "ratio_low", "ratio_high"), ratio, strict=True):
        table[name] = np.where(enough & (table.index != reference), values, np.nan)
    return table


def representation(frame: pd.DataFrame, groups: Sequence[str], reference: pd.DataFrame) -> pd.DataFrame:
    """Each group's share of `frame` beside its share of a reference population (guidance action 5.09).

    reference: rows to compare with, with the same columns; or a table of people with index (characteristic, group)
    and a column `population`. Index (characteristic, group); columns as `estimates` (denominator: all of `frame`),
    in_group (the reference's people in the group), reference_percent, and ratio with ratio_low and ratio_high: above 1
    is over-represented. Where the interval holds 1 it may be chance. A group in the reference only has n = 0.
    """
    tables = []
    for column in groups:
        here = groups_of(frame[column]).astype("str").value_counts().sort_index()
        there = _population(reference, column)
        names = in_order({*here.index, *there.index})
        here, there = here.reindex(names, fill_value=0), there.reindex(names, fill_value=0)
        table = estimates(here, np.repeat(here.sum(), len(here)), here.index)
        share = 100 * there / there.sum() if there.sum() else there * np.nan
        table["in_group"] = there.astype("int64")
        table["reference_percent"] = share
        for name, percent in (("ratio", "percent"), ("ratio_low", "low"), ("ratio_high", "high")):
            table[name] = (table[percent] / share).where(share > 0)
        tables.append(_under(column, table))
    return pd.concat(tables)


def _population(reference: pd.DataFrame, column: str) -> pd.Series:
    if "population" in reference:
        return reference["population"].xs(column.replace("_", " "), level=0)
    return groups_of(reference[column]).astype("str").value_counts()


def observed_expected(frame: pd.DataFrame, outcome: str, expected: str, by: str) -> pd.DataFrame:
    """Observed against expected numbers in each group: index the group.

    Columns: n (observed), denominator (children), expected (their summed probabilities), percent (observed as a
    percentage of expected: 100 is as expected) with Byar's interval low, high, difference (observed less expected,
    in percentage points of the group), reliability.
    """
    known = frame[truth(frame[outcome]).notna() & frame[expected].notna()]
    key = groups_of(known[by])
    observed = truth(known[outcome]).groupby(key, observed=False, dropna=False)
    n, children = observed.sum(), observed.size()
    awaited = known[expected].astype("float64").groupby(key, observed=False, dropna=False).sum()
    low, high = intervals.poisson(n)
    # An interval from a handful of expected cases spans everything.
    enough = (children >= NOT_ESTIMABLE_BELOW) & (awaited >= 1)
    table = pd.DataFrame({"n": n.astype("int64"), "denominator": children.astype("int64"), "expected": awaited})
    for name, values in (("percent", n), ("low", low), ("high", high)):
        table[name] = (100 * values / awaited.where(awaited > 0)).where(enough)
    table["difference"] = (100 * (n - awaited) / children.where(children > 0)).where(enough)
    table["reliability"] = np.where(enough, reliability(children), NOT_ESTIMABLE)
    return table


def before_after(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Two tables of estimates with the same definition, compared row by row (guidance action 8.06).

    Index that of `after`; columns n_before, denominator_before, percent_before, n, denominator, percent, and
    difference (after less before, percentage points) with low and high, reliability (of the weaker of the two).
    """
    old = before.reindex(after.index)
    counts = [table[name].fillna(0) for table in (after, old) for name in ("n", "denominator")]
    gap = intervals.difference(*counts)
    table = pd.DataFrame(index=after.index)
    for name in ("n", "denominator", "percent"):
        table[f"{name}_before"] = old[name].fillna(0).astype("int64") if name != "percent" else old[name]
    for name in ("n", "denominator", "percent"):
        table[name] = after[name]
    enough = (counts[1] >= NOT_ESTIMABLE_BELOW) & (counts[3] >= NOT_ESTIMABLE_BELOW)
    for name, values in zip(("difference", "low", "high"), gap, strict=True):
        table[name] = np.where(enough, 100 * np.asarray(values), np.nan)
    table["reliability"] = reliability(np.minimum(counts[1], counts[3]))
    return table
