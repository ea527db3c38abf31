"""The code lists of the returns (`reference/code_lists.csv`), by the year they hold for."""

from __future__ import annotations

import csv
import io
from functools import lru_cache

import pandas as pd

from evidence.project import Project, read_text

_COLUMNS = ["dataset", "table", "column", "code", "label", "group", "from_year", "to_year"]


def code_lists(project: Project) -> pd.DataFrame:
    """Every code: dataset, table, column, code, label, group (all text), from_year, to_year (0 and 9999 where open)."""
    return _read(read_text(project.path("reference", "code_lists.csv"))).copy()


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
    frame = code_lists(project)
    dataset, table, column = (name.split("/") + ["", ""])[:3]
    chosen = frame[(frame["dataset"] == dataset) & (frame["table"] == table) & (frame["column"] == column)]
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
