"""What dates, numbers and identifiers look like, and text turned into them; what does not fit becomes missing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd

UPN = re.compile(r"[A-HJ-NP-RT-Z]\d{11}[\dA-Z]|UN[1-7]")
POSTCODE = re.compile(
    r"GIR ?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRVWXY]) ?\d[ABD-HJLNP-UW-Z]{2}"
)
# "XXXXXXX" is what the return asks for where a placement has no number of its own.
URN = re.compile(r"(?:SC)?\d{5,7}|X{5,7}", re.IGNORECASE)
# A time of day behind a date, as databases and workbooks write it; the day is what counts.
TIME_OF_DAY = re.compile(r"[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})|(\d{4})-(\d{2})-(\d{2})")
FIRST_YEAR, LAST_YEAR = 1900, 2100


# How many rows are looked at to tell what a column holds; more would not change it.
LOOKED_AT = 20_000


def evenly(rows: pd.DataFrame | pd.Series) -> pd.DataFrame | pd.Series:
    """At most LOOKED_AT of the rows, spread evenly: after a change of system the later ones may hold something else."""
    return rows.iloc[:: max(1, -(-len(rows) // LOOKED_AT))]


def upn_fits(text: str) -> bool:
    return UPN.fullmatch(text.upper()) is not None


def postcode_fits(text: str) -> bool:
    return POSTCODE.fullmatch(text.upper()) is not None


def urn_fits(text: str) -> bool:
    return URN.fullmatch(text) is not None


def date_fits(text: str) -> bool:
    return _day(text) is not None


def by_value(values: pd.Series, what: Callable[[str], object]) -> tuple[np.ndarray, list]:
    """`what` of every different value, once: codes into the list of answers, -1 where the value is missing."""
    codes, unique = pd.factorize(values, use_na_sentinel=True)
    return codes, [what(value) for value in unique.tolist()]


def misfits(values: pd.Series, fits: Callable[[str], bool]) -> pd.Series:
    """Where a value is filled and does not fit its shape."""
    codes, answers = by_value(values, lambda value: not fits(value))
    return pd.Series(np.array([*answers, False], dtype=bool)[codes], index=values.index)


def as_dates(values: pd.Series) -> pd.Series:
    """Texts as dates: day/month/year as the returns ask, or year-month-day. What is no date becomes missing."""
    codes, days = by_value(values, _day)
    return pd.Series(np.array([*days, None], dtype="datetime64[us]")[codes], index=values.index, name=values.name)


@lru_cache(maxsize=1 << 15)
def _day(text: str) -> np.datetime64 | None:
    match = _DATE.fullmatch(text) or _DATE.fullmatch(TIME_OF_DAY.sub("", text))
    if not match:
        return None
    day, month, year = match.group(1, 2, 3) if match.group(3) else match.group(6, 5, 4)
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return None
    try:
        return np.datetime64(f"{year}-{int(month):02d}-{int(day):02d}", "D")
    except ValueError:
        return None


def as_months(values: pd.Series) -> pd.Series:
    """Texts as the first day of the month they fall in."""
    dates = as_dates(values)
    return pd.Series(dates.to_numpy().astype("datetime64[M]").astype("datetime64[us]"), dates.index, name=dates.name)


def as_numbers(values: pd.Series) -> pd.Series:
    """Texts as numbers; a comma between thousands is allowed. What is no number becomes missing."""
    codes, numbers = by_value(values, _number)
    return pd.Series(np.array([*numbers, np.nan], dtype=float)[codes], index=values.index, name=values.name)


def _number(text: str) -> float:
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else np.nan


def bounds(valid_range: str) -> tuple[float, float] | None:
    """The two ends of a range written "0-40" or "-5 to 5"; None where there is none."""
    separator = " to " if " to " in valid_range else "-"
    low, _, high = valid_range.partition(separator)
    try:
        ends = float(low), float(high)
    except ValueError:
        return None
    return ends if all(map(math.isfinite, ends)) else None
