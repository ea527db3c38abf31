"""Annex A, the lists that an inspection asks for: one workbook with a sheet a list, or a CSV file a list."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from evidence.data.sources.csv_files import RawTable, squeezed, under_names
from evidence.data.sources.excel import ENDINGS as WORKBOOKS
from evidence.data.sources.excel import Workbook
from evidence.data.sources.folder import data_files, listing
from evidence.data.sources.own import Place
from evidence.project import EvidenceError

KEY = "Child Unique ID"
# The lists by number, 1 to 11.
LISTS = (
    "contacts", "early_help", "referrals", "assessments", "section47", "children_in_need", "protection_plans",
    "looked_after", "care_leavers", "adoption", "adopters",
)  # fmt: skip
_NUMBER = re.compile(r"list[ _-]*(\d{1,2})(?!\d)|^\W*(\d{1,2})(?!\d)", re.IGNORECASE)
# Lists that have a column in common differ in the others; this share of a list's columns tells which it is.
_ENOUGH = 0.6


def find_tables(path: Path, where: str) -> tuple[dict[str, Place], list[str]]:
    """Table name to place for the lists in a workbook, or in a folder of one workbook or of CSV files; and notes.

    A list is known by its number in the name of its sheet or file ("List 6"), or by its name. Raises EvidenceError
    when there is none, there are several workbooks, or two sheets or files are the same list.
    """
    if path.is_file():
        return _of_workbook(path, where)
    workbooks = data_files(path, where, WORKBOOKS)
    files = data_files(path, where, (".csv",))
    if len(workbooks) > 1 or (workbooks and files):
        raise EvidenceError(
            f"one workbook is needed, or a CSV file a list. There is: {listing(path)}.",
            where=where,
            remedy="Keep the one workbook there, or name it as data_folder.",
        )
    if workbooks:
        return _of_workbook(workbooks[0], f"{where}/{workbooks[0].name}")
    return _lists([Place(file) for file in files], where)


def _of_workbook(path: Path, where: str) -> tuple[dict[str, Place], list[str]]:
    book = Workbook(path, where)
    found, notes = _lists([Place(path, sheet, book=book) for sheet in book.visible], where)
    hidden = [f"{path.name} has hidden sheets, not read: {', '.join(book.hidden)}."] if book.hidden else []
    return found, hidden + notes


def _lists(places: list[Place], where: str) -> tuple[dict[str, Place], list[str]]:
    found: dict[str, Place] = {}
    others = []
    for place in places:
        name = list_of(place.sheet or place.path.stem)
        if name is None:
            others.append(place.sheet or place.path.name)
        elif name in found:
            raise EvidenceError(
                f"{found[name].name} and {place.name} are both list {LISTS.index(name) + 1}.",
                where=where,
                remedy="Keep one of them.",
            )
        else:
            found[name] = place
    if not found:
        raise EvidenceError(
            f"none of the lists of Annex A was found. There is: {', '.join(others[:10]) or 'nothing'}.",
            where=where,
            remedy='Name the sheets, or the CSV files, "List 1" to "List 11".',
        )
    notes = [f"Not one of the lists of Annex A, not read: {', '.join(others)}."] if others else []
    lacking = [str(number) for number, name in enumerate(LISTS, start=1) if name not in found]
    notes += [f"Lists of Annex A that are not there: {', '.join(lacking)}."] if lacking else []
    return {name: found[name] for name in LISTS if name in found}, notes


def list_of(name: str) -> str | None:
    """The table that a sheet or file of this name is: by its number, or by its name."""
    match = _NUMBER.search(name)
    if match and 1 <= int(match[1] or match[2]) <= len(LISTS):
        return LISTS[int(match[1] or match[2]) - 1]
    return next((known for known in LISTS if squeezed(known) == squeezed(name)), None)


def as_table(raw: RawTable, place: Place, where: str, name: str, variables: pd.DataFrame) -> tuple[RawTable, list[str]]:
    """A list under the catalogue's column names, and notes on columns that are more or fewer.

    Raises EvidenceError when most of the list's columns are not there.
    """
    raw, missing, extra = under_names(raw, variables["column"])
    number = LISTS.index(name) + 1
    if len(missing) > (1 - _ENOUGH) * len(variables):
        raise EvidenceError(
            f"the columns are not those of list {number}: {len(missing)} of {len(variables)} were not found, "
            f"among them {', '.join(missing[:3])}.",
            where=where,
            remedy=f"Check that this is list {number}, and that its column names are in one row.",
        )
    notes = []
    if extra:
        notes.append(f"{place.name} has columns that list {number} does not know, left out: {', '.join(extra)}.")
    if missing:
        notes.append(f"{place.name} lacks columns of list {number}, taken as empty: {', '.join(missing)}.")
    return raw, notes
