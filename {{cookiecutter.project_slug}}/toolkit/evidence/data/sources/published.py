"""Published statistics as the Department for Education lays them out: one row a place, period and group."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.shapes import by_value
from evidence.data.sources.csv_files import read_csv
from evidence.project import EvidenceError

# What stands where a number would be, and what it means (Department for Education, Open Data Standards, data symbols).
SYMBOLS = {
    "c": "confidential",
    "z": "not applicable",
    "x": "not available",
    "k": "rounds to 0",
    "low": "rounds to 0",
    "u": "low reliability",
    ":": "not available (old symbol)",
}
MANDATORY = ("time_period", "time_identifier", "geographic_level", "country_code", "country_name")
# The columns that say which place a row is about, by its level.
PLACES = {
    "National": ("country_code",),
    "Regional": ("region_code",),
    "Local authority": ("new_la_code", "old_la_code", "la_name"),
}
META = ".meta.csv"
_LONGEST_HEAD = 1 << 16
_IDENTIFYING = re.compile(r".*_(code|name|urn|ukprn|upin|laestab|id)|urn|ukprn|laestab")
# A column so called holds measurements; one called as below and not so holds groups, even where they are numbers.
_MEASURE = re.compile(r"(^|_)(count|number|percent|percentage|rate|sum|average|mean|median|estimate|ratio|fte)(_|$)")
_GROUP = re.compile(r"(^|_)(age|year|month|quarter|week|decile|quintile|quartile|band|stage|level|group|type)(_|$)")
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")


@dataclass(frozen=True)
class Published:
    """One file in the layout: `frame` as `read_published` says, and what in it could not be read.

    filters: the columns of groups; indicators: those of numbers. unread: for each column with cells that are neither a
    number nor a symbol, or periods that are none, where they are. lines: each row's line in the file.
    """

    frame: pd.DataFrame
    filters: tuple[str, ...]
    indicators: tuple[str, ...]
    unread: dict[str, pd.Series] = field(repr=False)
    lines: np.ndarray = field(repr=False)

    @property
    def key(self) -> list[str]:
        """The columns that tell rows apart: period, place and groups."""
        places = [column for columns in PLACES.values() for column in columns]
        other = [column for column in self.frame if _IDENTIFYING.fullmatch(column) and column not in places]
        columns = [*MANDATORY[:3], *places, *other, *self.filters]
        return [column for column in dict.fromkeys(columns) if column in self.frame]


def read_published(path: Path, where: str) -> pd.DataFrame:
    """One row a row of the file, its columns that name places, periods and groups as text (missing where empty).

    For each column X of numbers: X (float, missing where the file has a symbol or nothing) and X_symbol (c, z, x, k,
    low, u, : or empty). `time_period` is text as given; `year_ending` a whole number, the year in which the period ends
    (2025 for 202425). Percentages are 0-100. Which columns hold numbers is told by what they hold and what they are
    called, or by `<name>.meta.csv` beside the file (col_name, col_type Filter or Indicator) where there is one.

    Raises EvidenceError, naming `where` and the line, for what `read_csv` refuses, a file that is not in the layout, a
    period that is none, and a cell that is neither a number nor a symbol. Source: the Department's Open Data Standards.
    """
    opened = open_published(path, where)
    for column, unread in opened.unread.items():
        line = opened.lines[unread.to_numpy().argmax()]
        more = int(unread.sum()) - 1
        others = f" {more:,} more {'row is' if more == 1 else 'rows are'} like that." if more else ""
        if column == "time_period":
            raise EvidenceError(
                f"time_period is neither a year nor two years in a row.{others}",
                where=f"{where}, line {line}",
                remedy="It is written 2025 or 202425. Download the file again.",
            )
        raise EvidenceError(
            f"{column} is neither a number nor one of the symbols {' '.join(SYMBOLS)}.{others}",
            where=f"{where}, line {line}",
            remedy=f"Download the file again; if {column} holds groups, say so in {_meta_of(path).name}.",
        )
    return opened.frame


def open_published(path: Path, where: str) -> Published:
    """As `read_published`, with what cannot be read counted instead of refused: for the audit."""
    raw = read_csv(path, where)
    missing = missing_columns(raw.frame)
    if missing:
        raise EvidenceError(
            f"this is not in the layout of published statistics: it lacks {', '.join(missing)}.",
            where=f"{where}, line 1",
            remedy=f"The layout has the columns {', '.join(MANDATORY)}, then groups and numbers.",
        )
    indicators = _indicators(raw.frame, path, where)
    groups = [column for column in raw.frame if column not in indicators and column not in MANDATORY]
    columns: dict[str, pd.Series] = {}
    unread: dict[str, pd.Series] = {}
    for column, values in raw.frame.items():
        columns[column] = values
        if column == "time_period":
            columns["year_ending"], wrong = _years(values)
        elif column in indicators:
            columns[column], columns[f"{column}_symbol"], wrong = _numbers(values)
        else:
            continue
        if wrong.any():
            unread[column] = wrong
    filters = tuple(column for column in groups if not _IDENTIFYING.fullmatch(column))
    return Published(pd.DataFrame(columns), filters, tuple(indicators), unread, raw.lines)


def read_plain(path: Path, where: str) -> pd.DataFrame:
    """A published table in any other layout: every column as text, missing where empty. Raises as `read_csv` does."""
    return read_csv(path, where).frame


def missing_columns(frame: pd.DataFrame) -> list[str]:
    """The columns that the layout must have and `frame` has not."""
    return [column for column in MANDATORY if column not in frame]


def in_the_layout(folder: Path) -> list[str]:
    """The names of the CSV files in a folder whose first row has the layout's columns; nothing further is read."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        # What cannot be opened is said by whoever reads it in earnest.
        with suppress(OSError), open(path, encoding="utf-8-sig", errors="replace") as file:
            heads = next(csv.reader([file.readline(_LONGEST_HEAD)]), [])
            if set(MANDATORY).issubset(heads):
                found.append(path.name)
    return found


def find_files(folder: Path, where: str) -> list[Path]:
    """The tables of a folder of published files, by name. Raises EvidenceError when there is none."""
    found = sorted(folder.glob("*.csv"), key=lambda path: path.name.lower())
    found = [path for path in found if not path.name.lower().endswith(META)]
    if not found:
        raise EvidenceError(
            "there is no CSV file in it.", where=where, remedy="Put the published files there, as they were downloaded."
        )
    return found


def _meta_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}{META}")


def _indicators(frame: pd.DataFrame, path: Path, where: str) -> list[str]:
    described = _described(path, frame, where)
    if described is not None:
        found = [column for column in frame if column in described]
    else:
        found = [column for column in frame if _holds_numbers(column, frame[column])]
    if not found:
        raise EvidenceError(
            "this is not in the layout of published statistics: no column holds numbers.",
            where=where,
            remedy=f"Name the columns of numbers in {_meta_of(path).name} (col_name, col_type), or download it again.",
        )
    taken = [f"{column}_symbol" for column in found if f"{column}_symbol" in frame]
    if taken:
        raise EvidenceError(
            f"a column is called {taken[0]}, the name that the symbols of another column are given.",
            where=f"{where}, line 1",
            remedy="Rename it.",
        )
    return found


def _described(path: Path, frame: pd.DataFrame, where: str) -> set[str] | None:
    """The columns that the file's own description calls indicators; None where there is no description."""
    meta = _meta_of(path)
    if not meta.is_file():
        return None
    place = f"{where.rpartition('/')[0]}/{meta.name}".lstrip("/")
    rows = read_csv(meta, place).frame
    lacking = [column for column in ("col_name", "col_type") if column not in rows]
    if lacking:
        raise EvidenceError(f"there is no column {lacking[0]}.", where=f"{place}, line 1")
    found = set(rows.loc[rows["col_type"].str.lower() == "indicator", "col_name"].dropna())
    unknown = sorted(found - set(frame))
    if unknown:
        raise EvidenceError(
            f"{unknown[0]} is not a column of {path.name}.", where=place, remedy="Download both files again."
        )
    return found


def _holds_numbers(column: str, values: pd.Series) -> bool:
    if column in MANDATORY or _IDENTIFYING.fullmatch(column):
        return False
    codes, fits = by_value(values, lambda text: _is_number(text) or _symbol(text) != "")
    share = np.array([*fits, False])[codes][codes >= 0].mean() if len(fits) else 0.0
    if _MEASURE.search(column):
        # A few cells that cannot be read are faults of a column of numbers, and no reason to take it for groups.
        return share >= 0.5 or not len(fits)
    return share == 1 and not _GROUP.search(column)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _symbol(text: str) -> str:
    return text.lower() if text.lower() in SYMBOLS else ""


def _numbers(values: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series]:
    """(numbers, symbols, where a cell is filled with neither)."""
    codes, numbers = by_value(values, lambda text: float(text.replace(",", "")) if _is_number(text) else np.nan)
    _, symbols = by_value(values, _symbol)
    number = pd.Series(np.array([*numbers, np.nan], dtype=float)[codes], index=values.index)
    symbol = pd.Series(pd.array([*symbols, ""], dtype="str").take(np.asarray(codes)), index=values.index)
    return number, symbol, values.notna() & number.isna() & (symbol == "")


def _years(periods: pd.Series) -> tuple[pd.Series, pd.Series]:
    """(the year in which each period ends, where a period is none)."""
    codes, years = by_value(periods, _year_ending)
    year = pd.Series(np.array([*years, 0], dtype="int64")[codes], index=periods.index)
    return year, year == 0


def _year_ending(period: str) -> int:
    """202425 → 2025, 2025 → 2025; 0 for what is no period."""
    if not re.fullmatch(r"(19|20)\d\d(\d\d)?", period):
        return 0
    year = int(period[:4])
    if len(period) == 4:
        return year
    return year + 1 if (year + 1) % 100 == int(period[4:]) else 0
