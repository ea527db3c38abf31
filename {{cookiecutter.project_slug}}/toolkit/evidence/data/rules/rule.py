"""What a data-quality rule is, and the list of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

INCONSISTENT = "inconsistent with earlier records"
INCORRECT = "missing or incorrect"
REPEATED = "repeated events for one child"
FAMILIES = (INCONSISTENT, INCORRECT, REPEATED)
# Checks that have a limit of their own: episodes that overlap, and rows about a child that another table lacks.
OVERLAP = "overlap"
KEYS = "keys"


@dataclass(frozen=True)
class Rule:
    """One check of one table. `find` takes what its parameters are called and returns which rows fail, never values."""

    id: str
    what: str
    source: str
    table: str
    columns: tuple[str, ...]
    needs: tuple[str, ...]
    family: str
    find: Callable[..., pd.Series]
    check: str = ""
    across_children: bool = False

    @cached_property
    def takes(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.find).parameters)


RULES: dict[str, Rule] = {}


def rule(
    id: str,
    what: str,
    *,
    table: str,
    columns: Sequence[str],
    needs: Sequence[str] = (),
    family: str = INCORRECT,
    source: str = "ssda903",
    check: str = "",
    across_children: bool = False,
) -> Callable[[Callable[..., pd.Series]], Callable[..., pd.Series]]:
    """Makes a function a rule.

    The function's parameters name what it is given: a table ("episodes"), what in it could not be read
    ("episodes_malformed": a true-or-false column for each date, number and identifier), the episode of the same child
    before and after each ("before", "after"), the child's month of birth beside each row ("born"), the last day of the
    return's year ("year_end"), the codes that year allows ("allowed", by column), a table of the return before
    ("earlier_episodes"). It returns a true-or-false value for each row of `table`. `needs`: columns that must be filled
    for the rule to be checked on a row; a row without them neither passes nor fails. `check`: OVERLAP or KEYS, for
    checks that have a limit of their own. `across_children`: whether rows of different children are held against each
    other; large tables are checked some children at a time, and such a rule on all of them at once.
    """

    def keep(find: Callable[..., pd.Series]) -> Callable[..., pd.Series]:
        if id in RULES:
            raise ValueError(f"two rules are called {id}")
        RULES[id] = Rule(id, what, source, table, tuple(columns), tuple(needs), family, find, check, across_children)
        return find

    return keep


def months_before(born: pd.Series, day: pd.Series) -> pd.Series:
    """Whether a day lies before the month in which the child was born."""
    return day < born


def age_reached(born: pd.Series, day: pd.Series, years: int) -> pd.Series:
    """Whether the child was certainly that old on the day, whatever the day of the month of its birth."""
    return _full_years(born, day, 1) >= years


def age_not_reached(born: pd.Series, day: pd.Series, years: int) -> pd.Series:
    """Whether the child was certainly not yet that old on the day."""
    return _full_years(born, day, 0) < years


def _full_years(born: pd.Series, day: pd.Series, slack: int) -> pd.Series:
    months = (day.dt.year - born.dt.year) * 12 + day.dt.month - born.dt.month - slack
    return months // 12


def among(values: pd.Series, known: pd.Series) -> pd.Series:
    """Whether each text is one of the texts in `known`; for long columns many times quicker than `isin`."""
    codes = pd.factorize(pd.concat([known, values], ignore_index=True))[0]
    there = np.zeros(codes.max(initial=0) + 1, dtype=bool)
    theirs, mine = codes[: len(known)], codes[len(known) :]
    there[theirs[theirs >= 0]] = True
    return pd.Series(there[mine] & (mine >= 0), index=values.index)


def outside(values: pd.Series, allowed: set[str]) -> pd.Series:
    """Filled with something that is not on the list."""
    return values.notna() & ~values.isin(allowed)
