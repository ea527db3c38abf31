"""The return on looked-after children (SSDA903) as one XML file a year, read a child at a time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.sources.csv_files import RawTable
from evidence.data.sources.xml_files import local_name, records, texts
from evidence.project import EvidenceError

# The XML's own names for two columns of the CSV files.
_OTHER_NAMES = {"CHILDID": "CHILD", "PL": "PLACE"}
# Element: the table whose rows it holds. A header may hold any number of these.
_ELEMENTS = {
    "AREVIEW": "reviews",
    "OC2": "oc2",
    "AD_PLACED": "placed_adoption",
    "AMISSING": "missing",
    "PERMANENCE": "prev_perm",
}
# Tables whose single row stands in the header itself, and the element that is filled where there is such a row.
_IN_THE_HEADER = {"uasc": "UASC", "oc3": "IN_TOUCH", "ad1": "DATE_INT"}
_STRUCTURE = {"CHILD", "HEADER", "EPISODE", "UASC", *_ELEMENTS, *_OTHER_NAMES}


def read_tables(path: Path, where: str, columns: dict[str, list[str]]) -> tuple[dict[str, RawTable], list[str]]:
    """Every table of the return as text, and notes on elements that it does not know, or knows by their columns alone.

    `columns`: the columns of each table. `lines` number the child in the file, from 1. An element of a table that the
    XML is not known to have (social workers, deprivation of liberty) is read by the columns inside it. Raises
    EvidenceError when the file is not XML, is cut short, is another return, means harm (see `records`), or holds no
    child.
    """
    rows: dict[str, list[dict]] = {name: [] for name in columns}
    known = {column for names in columns.values() for column in names} | _STRUCTURE
    by_columns = {name: set(columns[name]) - {"CHILD", "DOB"} for name in ("sw_episodes", "dolo") if name in columns}
    unknown: Counter[str] = Counter()
    by_content: dict[str, str] = {}
    children = 0
    for _, child in records(path, where, "EXPSSDA903", {"CHILD": "EXPSSDA903"}):
        children += 1
        by_content |= {_table_by_columns(part, by_columns): local_name(part) for part in child.iter()}
        for name, row in _rows(child, by_columns):
            rows[name].append({"": children, **row})
        unknown.update(_unknown(child, known, by_columns))
    if not children:
        raise EvidenceError("there is no child in the file.", where=where, remedy="Export the return again.")
    notes = [
        f"{path.name}: the elements {element[:40]} were taken for the table {name} by what is in them, as no published "
        "layout of the XML names that table. Check them."
        for name, element in sorted((name, element) for name, element in by_content.items() if name)
    ]
    if unknown:
        listed = ", ".join(f"{name[:40]} ({count:,})" for name, count in sorted(unknown.items())[:20])
        notes.append(f"{path.name} has elements that the return does not know, left out: {listed}.")
    return {name: _table(found, columns[name]) for name, found in rows.items() if found}, notes


def _rows(child: ET.Element, by_columns: dict[str, set[str]]) -> Iterator[tuple[str, dict]]:
    header = next((part for part in child if local_name(part) == "HEADER"), None)
    person = _named(header)
    whose = {"CHILD": person.get("CHILD"), "DOB": person.get("DOB")}
    yield "header", person
    for name, element in _IN_THE_HEADER.items():
        # Zero says that the child is not one of them.
        if (person.get(element) or "").strip() not in ("", "0"):
            yield name, person
    for part in [*(header if header is not None else ()), *child]:
        if local_name(part) == "EPISODE":
            yield "episodes", {**whose, **_named(part)}
        elif table := _ELEMENTS.get(local_name(part)):
            yield table, {**whose, **_named(part)}
    for part in child.iter():
        if table := _table_by_columns(part, by_columns):
            yield table, {**whose, **_named(part)}


def _table_by_columns(element: ET.Element, by_columns: dict[str, set[str]]) -> str | None:
    inside = {local_name(part) for part in element}
    return next((name for name, columns in by_columns.items() if inside & columns), None)


def _unknown(child: ET.Element, known: set[str], by_columns: dict[str, set[str]]) -> list[str]:
    return [
        local_name(part)
        for part in child.iter()
        if local_name(part) not in known
        # Neither such a row nor what stands around such rows.
        and not any(_table_by_columns(one, by_columns) for one in (part, *part))
    ]


def _named(element: ET.Element | None) -> dict[str, str | None]:
    return {_OTHER_NAMES.get(name, name): text for name, text in texts(element).items()}


def _table(rows: list[dict], columns: list[str]) -> RawTable:
    frame = pd.DataFrame(rows)
    lines = frame.pop("").to_numpy(dtype=np.int64)
    frame = frame.reindex(columns=columns).astype("str")
    for column in columns:
        text = frame[column].str.strip()
        frame[column] = text.mask(text == "")
    return RawTable(frame, lines, 0)
