"""Which variables may stand in for a protected characteristic, one by one and together (guidance action 5.10)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.measures import chances
from evidence.measures.estimating import NOT_ESTIMABLE, NOT_ESTIMABLE_BELOW, USABLE, in_order, reliability

# How strong a link is, in words; the limits are a convention, and the interval says how sure.
STRENGTH = ((0.1, "weak"), (0.3, "moderate"), (float("inf"), "strong"))
WITHIN_CHANCE = "within chance"
_NEEDED = 5 * NOT_ESTIMABLE_BELOW
# How rarely chance alone may call any pair of a whole table a link.
_FALSE_LINKS = 0.05
_PERMUTATIONS = 999
_FOLDS = 5
_AT_ONCE = 200_000


def cramers_v(table: np.ndarray) -> float:
    """Cramér's V of a table of counts, corrected for the bias that few rows give it: 0 no link, 1 the same thing.

    The correction is Bergsma's (2013, Journal of the Korean Statistical Society 42).
    """
    return float(_v(np.asarray(table, float)[None])[0][0])


def _v(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corrected V of each of many tables (shape tables, rows, columns), and its share of phi squared as counted."""
    n = tables.sum(axis=(1, 2))
    by_row, by_column = tables.sum(axis=2), tables.sum(axis=1)
    awaited = by_row[:, :, None] * by_column[:, None, :] / np.maximum(n, 1)[:, None, None]
    parts = np.divide((tables - awaited) ** 2, awaited, out=np.zeros_like(tables), where=awaited > 0)
    counted = parts.sum(axis=(1, 2)) / np.maximum(n, 1)
    rows, columns = (by_row > 0).sum(axis=1), (by_column > 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        phi2 = np.maximum(counted - (rows - 1) * (columns - 1) / (n - 1), 0)
        smaller = np.minimum(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
        strength = np.sqrt(phi2 / smaller)
        kept = np.where(counted > 0, phi2 / counted, 0)
    return np.where((n < 2) | (smaller <= 0), np.nan, strength), kept


def correlation_ratio(groups: np.ndarray, values: np.ndarray) -> float:
    """How far a number differs between groups, corrected for chance: 0 not at all, 1 the group settles the number.

    The root of epsilon squared (Kelley 1935): the share of variance between groups less what chance alone puts there.
    """
    size, summed = np.bincount(groups), np.bincount(groups, values)
    return float(_ratios(summed[None], size, values, np.ones(len(values)))[0])


def _ratios(summed: np.ndarray, size: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The correlation ratio of values put into groups in many ways.

    summed: the sum of the values in each group, one row a way; size: the weight in each group, and weights: of each
    value, one row a way or the same for all ways.
    """
    n, used = weights.sum(axis=-1), (size > 0).sum(axis=-1)
    middle = (weights * values).sum(axis=-1) / n
    total = (weights * (values - middle[..., None]) ** 2).sum(axis=-1)
    means = np.divide(summed, size, out=np.zeros_like(summed), where=size > 0)
    within = total - (size * (means - middle[..., None]) ** 2).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = np.sqrt(np.maximum(1 - (within / (n - used)) / (total / (n - 1)), 0))
    return np.where((used < 2) | (total <= 0) | (n <= used), np.nan, strength)


def _ratios_drawn(groups: np.ndarray, values: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The correlation ratio of each of many draws; drawn: how often each value comes up, one row a draw."""
    wide, found = groups.max() + 1, []
    # As many draws at once as take little room.
    for weights in np.array_split(drawn.astype(float), 1 + drawn.size // _AT_ONCE):
        place = (np.arange(len(weights))[:, None] * wide + groups).ravel()
        size, summed = (
            np.bincount(place, many.ravel(), len(weights) * wide).reshape(-1, wide)
            for many in (weights, weights * values)
        )
        found.append(_ratios(summed, size, values, weights))
    return np.concatenate(found)


def proxies(
    frame: pd.DataFrame, protected: Sequence[str], variables: Sequence[str], seed: int = 2026, times: int = 300
) -> pd.DataFrame:
    """The strength of the link between each protected characteristic and each variable, strongest first.

    frame: one row a child. Index (protected, variable). Columns: strength (0 to 1), low and high (95%), chance (the
    strength that no link at all would reach by chance), n (children with both known), groups_left_out (groups of the
    characteristic with fewer than 10 children, that nothing is said of), how (the measure), link (within chance, weak,
    moderate, strong), reliability.

    Two kinds: Cramér's V, corrected for bias. A kind and a number: the correlation ratio, corrected for bias. Two
    numbers or ordered categories: Spearman's correlation without its sign. Intervals of the first two from seeded
    resampling of data as closely linked as was measured, of the third by Bonett and Wright's formula (2000). The level
    of chance comes from 999 seeded permutations, and over the whole table chance alone calls any pair a link in at most
    5 of 100 tables. Missing where fewer than 50 rows or one group only.
    """
    random = np.random.default_rng(seed)
    pairs = [(one, other) for one in protected for other in variables if one != other]
    rate = _FALSE_LINKS / max(len(pairs), 1)
    fewer = {one: _without_small_groups(frame[one]) for one in dict.fromkeys(one for one, _ in pairs)}
    rows = {
        (one.replace("_", " "), other.replace("_", " ")): _link(
            frame[one], *fewer[one], frame[other], random, times, rate
        )
        for one, other in pairs
    }
    columns = ["link", "strength", "low", "high", "chance", "n", "how", "groups_left_out", "reliability"]
    index = pd.MultiIndex.from_tuples(rows, names=["protected", "variable"]) if rows else None
    table = pd.DataFrame(list(rows.values()), index=index, columns=columns)
    return table.sort_values("strength", ascending=False, kind="stable", na_position="last")


@dataclass(frozen=True)
class _Measured:
    """A strength, `times` strengths of data drawn again, and as many as wanted of data without any link."""

    how: str
    strength: float
    interval: Callable[[], tuple[float, float]]
    by_chance: Callable[[], np.ndarray]


def _link(
    protected: pd.Series,
    of_larger_groups: pd.Series,
    left_out: int,
    variable: pd.Series,
    random: np.random.Generator,
    times: int,
    rate: float,
) -> dict[str, object]:
    # Counted before small groups are left out: from the difference they could be worked out.
    n = int((protected.notna() & variable.notna()).sum())
    known = of_larger_groups.notna() & variable.notna()
    measured = _measure(of_larger_groups[known], variable[known], random, times)
    row = {"strength": np.nan, "low": np.nan, "high": np.nan, "chance": np.nan, "n": n, "groups_left_out": left_out}
    row |= {"how": measured.how, "link": "", "reliability": NOT_ESTIMABLE}
    if known.sum() < _NEEDED or np.isnan(measured.strength):
        return row
    strength, (low, high), chance = measured.strength, measured.interval(), np.nan_to_num(measured.by_chance())
    rarer = (1 + int((chance >= strength - 1e-12).sum())) / (1 + len(chance))
    beyond = rarer <= max(rate, 1 / (1 + len(chance)))
    # Resampling adds noise of its own, so the interval is widened to hold the strength that was measured.
    return row | {
        "strength": strength,
        "low": min(low, strength),
        "high": max(high, strength),
        "chance": float(np.quantile(chance, 1 - rate)),
        "link": next(word for limit, word in STRENGTH if strength < limit) if beyond else WITHIN_CHANCE,
        "reliability": USABLE,
    }


def _ranked(values: pd.Series) -> bool:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return bool(values.dtype.ordered)
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _numbers(values: pd.Series) -> np.ndarray:
    codes = values.cat.codes if isinstance(values.dtype, pd.CategoricalDtype) else values
    return codes.astype("float64").to_numpy()


def _without_small_groups(protected: pd.Series) -> tuple[pd.Series, int]:
    """The characteristic with groups of fewer than 10 children missing, and how many such groups there are."""
    if _ranked(protected):
        return protected, 0
    size = protected.value_counts()
    small = size.index[(size > 0) & (size < NOT_ESTIMABLE_BELOW)]
    return protected.mask(protected.isin(small)), len(small)


def _measure(protected: pd.Series, variable: pd.Series, random: np.random.Generator, times: int) -> _Measured:
    ranked = (_ranked(protected), _ranked(variable))
    if all(ranked):
        return _of_ranks(_numbers(protected), _numbers(variable), random)
    if any(ranked):
        kinds, numbers = (variable, protected) if ranked[0] else (protected, variable)
        return _of_numbers(pd.factorize(kinds, sort=True)[0], _numbers(numbers), random, times)
    codes = [pd.factorize(values.astype("str"), sort=True)[0] for values in (protected, variable)]
    return _of_kinds(*codes, random, times)


def _of_kinds(one: np.ndarray, other: np.ndarray, random: np.random.Generator, times: int) -> _Measured:
    shape = (one.max(initial=-1) + 1, other.max(initial=-1) + 1)
    table = np.bincount(one * shape[1] + other, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
    strengths, kept = _v(table[None]) if table.size else (np.array([np.nan]), np.array([0.0]))

    def interval() -> tuple[float, float]:
        # Drawn from a table whose link is as strong as measured: the counts themselves look stronger than it is.
        awaited = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
        cells = awaited + np.sqrt(kept[0]) * (table - awaited)
        drawn = random.multinomial(int(table.sum()), (cells / cells.sum()).ravel(), size=times)
        return _percentiles(_v(drawn.reshape(times, *shape).astype(float))[0])

    def by_chance() -> np.ndarray:
        margins = (table.sum(axis=1).astype(int), table.sum(axis=0).astype(int))
        return _v(chances.random_tables(*margins, _PERMUTATIONS, random).astype(float))[0]

    return _Measured("Cramér's V", float(strengths[0]), interval, by_chance)


def _of_numbers(groups: np.ndarray, values: np.ndarray, random: np.random.Generator, times: int) -> _Measured:
    strength = correlation_ratio(groups, values) if len(values) else np.nan

    def interval() -> tuple[float, float]:
        n, size = len(values), np.bincount(groups)
        means = (np.bincount(groups, values) / np.maximum(size, 1))[groups]
        between, total = ((means - values.mean()) ** 2).sum(), ((values - values.mean()) ** 2).sum()
        # Group means as far apart as measured: as counted they lie further apart, by chance.
        shrunk = values - means + values.mean() + (means - values.mean()) * strength / np.sqrt(between / total or 1)
        # Children alike in both are drawn together: how many of each kind come up is all that counts.
        kinds, many = np.unique(np.column_stack([groups, shrunk]), axis=0, return_counts=True)
        of_group, of_value = kinds[:, 0].astype(np.int64), kinds[:, 1]
        drawn = random.multinomial(n, many / n, size=times)
        return _percentiles(_ratios_drawn(of_group, of_value, drawn))

    def by_chance() -> np.ndarray:
        summed = np.array([np.bincount(random.permutation(groups), values) for _ in range(_PERMUTATIONS)])
        return _ratios(summed, np.bincount(groups), values, np.ones(len(values)))

    return _Measured("correlation ratio", strength, interval, by_chance)


def _of_ranks(one: np.ndarray, other: np.ndarray, random: np.random.Generator) -> _Measured:
    n, (first, second) = len(one), (chances.ranks(values) for values in (one, other))
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    signed = float(first @ second / scale) if n and scale > 0 else np.nan

    def interval() -> tuple[float, float]:
        middle = np.arctanh(np.clip(signed, -1 + 1e-9, 1 - 1e-9))
        half = 1.959964 * np.sqrt((1 + signed**2 / 2) / (n - 3))
        low, high = np.tanh(middle - half), np.tanh(middle + half)
        return (0.0 if low < 0 < high else min(abs(low), abs(high))), max(abs(low), abs(high))

    def by_chance() -> np.ndarray:
        return np.array([abs(random.permutation(first) @ second) / scale for _ in range(_PERMUTATIONS)])

    return _Measured("Spearman's correlation", abs(signed), interval, by_chance)


def _percentiles(drawn: np.ndarray) -> tuple[float, float]:
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


# All variables together ------------------------------------------------------------------------------------------


def given_away(
    frame: pd.DataFrame, protected: Sequence[str], variables: Sequence[str], seed: int = 2026
) -> pd.DataFrame:
    """How far all variables together give away who belongs to a protected group: index (characteristic, group).

    A plain guess (naive Bayes over kinds and over fifths of numbers, a missing value being a kind) learns from four
    fifths of the children and is tried on the last, in turn, drawn with the seed. Of each pair of a child of the group
    and a child of another, it says which one belongs. Columns: n (children of the group), denominator (children whose
    group is known), percent (of pairs it gets right, 50 being a toss of a coin, 100 everything given away), low and
    high (95%: DeLong and others 1988, with the factor of Nadeau and Bengio 2003 for folds that share what they learn
    from), reliability. Missing where the group or the others are fewer than 10. Pairs are taken within a fifth: scores
    learnt from different children do not compare.
    """
    random = np.random.default_rng(seed)
    tables = [_of_groups(frame, one, [name for name in variables if name != one], random) for one in protected]
    columns = ["n", "denominator", "percent", "low", "high", "reliability"]
    empty = pd.DataFrame(columns=columns, index=pd.MultiIndex.from_tuples([], names=["characteristic", "group"]))
    return pd.concat(tables) if tables else empty


def _of_groups(frame: pd.DataFrame, one: str, variables: Sequence[str], random: np.random.Generator) -> pd.DataFrame:
    known = frame[frame[one].notna()]
    groups, names = pd.factorize(known[one].astype("str"), sort=True)
    fold = _folds(groups, random)
    scores = _guessed(groups, _as_kinds(known, variables), fold)
    rows = {}
    for name in in_order(names):
        number = list(names).index(name)
        mine = groups == number
        n, fewer = int(mine.sum()), min(int(mine.sum()), int((~mine).sum()))
        right = _pairs_right(scores[:, number], mine, fold)
        figures = [100 * value for value in right] if fewer >= NOT_ESTIMABLE_BELOW and variables else [np.nan] * 3
        word = str(reliability([fewer])[0]) if variables else NOT_ESTIMABLE
        rows[one.replace("_", " "), name] = [n, len(known), *figures, word]
    index = pd.MultiIndex.from_tuples(rows, names=["characteristic", "group"])
    return pd.DataFrame(
        list(rows.values()), index=index, columns=["n", "denominator", "percent", "low", "high", "reliability"]
    )


def _as_kinds(frame: pd.DataFrame, variables: Sequence[str]) -> list[np.ndarray]:
    """Each variable as whole numbers from 0; numbers in fifths."""
    kinds = []
    for name in variables:
        values = frame[name]
        if _ranked(values) and values.nunique() > _FOLDS:
            values = pd.qcut(_numbers(values), 5, labels=False, duplicates="drop")
        kinds.append(pd.factorize(values, use_na_sentinel=False)[0])
    return kinds


def _folds(groups: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A number from 0 to 4 for each row, drawn so that every group is spread evenly over them."""
    order = random.permutation(len(groups))
    fold = np.empty(len(groups), dtype=np.int64)
    fold[order[np.argsort(groups[order], kind="stable")]] = np.arange(len(groups)) % _FOLDS
    return fold


def _guessed(groups: np.ndarray, kinds: list[np.ndarray], fold: np.ndarray) -> np.ndarray:
    """The probability of each group for each row, learnt from the rows of the other folds."""
    n, count = len(groups), groups.max(initial=-1) + 1
    scores = np.zeros((n, count))
    for number in range(_FOLDS):
        here, there = fold == number, fold != number
        size = np.bincount(groups[there], minlength=count)
        log = np.tile(np.log(np.maximum(size, 1) / max(there.sum(), 1)), (int(here.sum()), 1))
        for codes in kinds:
            width = codes.max(initial=0) + 1
            seen = np.bincount(groups[there] * width + codes[there], minlength=count * width).reshape(count, width)
            log += np.log((seen + 1) / (size[:, None] + width))[:, codes[here]].T
        likely = np.exp(log - log.max(axis=1, keepdims=True)) if count else log
        scores[here] = likely / likely.sum(axis=1, keepdims=True) if count else likely
    return scores


def _pairs_right(scores: np.ndarray, mine: np.ndarray, fold: np.ndarray) -> tuple[float, float, float]:
    """The share of pairs in which the one of the group has the higher score (ties count half), with its interval."""
    of_mine, of_others = [], []
    for number in range(_FOLDS):
        first, second = scores[mine & (fold == number)], scores[~mine & (fold == number)]
        if min(len(first), len(second)):
            among_all = chances.ranks(np.concatenate([first, second]))
            of_mine.append((among_all[: len(first)] - chances.ranks(first)) / len(second))
            of_others.append(1 - (among_all[len(first) :] - chances.ranks(second)) / len(first))
    n, m = sum(map(len, of_mine)), sum(map(len, of_others))
    if min(n, m) < 2:
        return np.nan, np.nan, np.nan
    mine_right, others_right = np.concatenate(of_mine), np.concatenate(of_others)
    share = float(mine_right.mean())
    # The folds learn from each other's children, so they vary together: Nadeau and Bengio's factor for the variance.
    together = 1 + _FOLDS / (_FOLDS - 1)
    half = 1.959964 * np.sqrt(together * (mine_right.var(ddof=1) / n + others_right.var(ddof=1) / m))
    # Where all pairs go one way, the rule of three says how many could still be otherwise.
    half = half if half > 0 else 3 / min(n, m)
    return share, max(share - half, 0.0), min(share + half, 1.0)
