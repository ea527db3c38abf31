"""The code lists of the returns (`reference/code_lists.csv`), by the year they hold for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pandas as pd

from evidence.project import Project, read_text

_COLUMNS = ["dataset", "table", "column", "code", "label", "group", "from_year", "to_year"]


def code_lists(project: Project) -> pd.DataFrame:
    """Every code: dataset, table, column, code, label, group (all text), from_year, to_year (0 and 9999 where open)."""
    return _read(read_text(project.path("reference", "code_lists.csv"))).copy()


def list_names(project: Project) -> frozenset[str]:
    """Every code list, written data set/table/column."""
    return _names(read_text(project.path("reference", "code_lists.csv")))


@lru_cache(maxsize=4)
def _names(text: str) -> frozenset[str]:
    listed = _read(text)
    return frozenset(map("/".join, zip(listed["dataset"], listed["table"], listed["column"], strict=True)))


@lru_cache(maxsize=4)
def _read(text: str) -> pd.DataFrame:
    frame = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False, quoting=csv.QUOTE_MINIMAL)[_COLUMNS]
    frame["from_year"] = pd.to_numeric(frame["from_year"]).fillna(0).astype(int)
    frame["to_year"] = pd.to_numeric(frame["to_year"]).fillna(9999).astype(int)
    return frame


def codes(project: Project, name: str, year: int | None = None) -> pd.DataFrame:
    """One code list, `name` written data set/table/column ("ssda903/episodes/PLACE"): code, label, group.

    With `year` only the codes that the return of that year (ending 31 March) allows; without, all there ever were.
    Empty for a list that does not exist.
    """
    chosen = rows_of(code_lists(project), name)
    if year is not None:
        chosen = chosen[(chosen["from_year"] <= year) & (year <= chosen["to_year"])]
    return chosen[["code", "label", "group"]].reset_index(drop=True)


def labels(project: Project, name: str) -> dict[str, str]:
    """Code to label for one list."""
    found = codes(project, name)
    return dict(zip(found["code"], found["label"], strict=True))


def groups(project: Project, name: str) -> dict[str, str]:
    """Code to broad group for one list: main ethnic group, broad kind of placement, and so on."""
    found = codes(project, name)
    return dict(zip(found["code"], found["group"], strict=True))


def allowed_codes(listed: pd.DataFrame, name: str, years: Iterable[int]) -> set[str]:
    """The codes that a list (data set/table/column) has in any of these years.

    Before the first year and after the last that the list knows, the nearest counts. `listed`: rows as `code_lists`
    returns them.
    """
    here = _in_list(listed, name)
    said = (listed[column].array.take(here).tolist() for column in ("code", "from_year", "to_year"))
    limits = list(zip(*said, strict=True))
    known = [value for _, *ends in limits for value in ends if 0 < value < 9999]
    found: set[str] = set()
    for year in years:
        if known:
            year = min(max(year, min(known) - 1), max(known) + 1)
        found |= {code for code, first, last in limits if first <= year <= last}
    return found


def rows_of(listed: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one list, `name` written data set/table/column, of rows as `code_lists` returns them."""
    return listed.iloc[_in_list(listed, name)]


def _in_list(listed: pd.DataFrame, name: str) -> np.ndarray:
    """The places of the rows of one list."""
    dataset, table, column = (name.split("/") + ["", ""])[:3]
    # Few lists are of columns of one name, so the rest is asked of few rows.
    here = np.flatnonzero(listed["column"] == column)
    few = listed[["dataset", "table"]].iloc[here]
    return here[((few["dataset"] == dataset) & (few["table"] == table)).to_numpy(dtype=bool)]
