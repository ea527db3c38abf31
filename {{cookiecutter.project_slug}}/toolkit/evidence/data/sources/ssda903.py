"""The return on looked-after children (SSDA903) as CSV files, one a table, of one year or of several."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.shapes import as_dates
from evidence.data.sources.csv_files import RawTable, squeezed, under_names
from evidence.data.sources.folder import data_files, inside, listing, year_in
from evidence.project import EvidenceError

KEY = "CHILD"
# The names councils and suppliers give the files, without blanks and underscores.
_FILES = {
    "header": ("header",),
    "episodes": ("episodes", "episode"),
    "reviews": ("reviews", "review"),
    "oc2": ("oc2",),
    "oc3": ("oc3",),
    "uasc": ("uasc",),
    "ad1": ("ad1",),
    "placed_adoption": ("placedadoption", "placedforadoption"),
    "prev_perm": ("prevperm", "previouspermanence"),
    "missing": ("missing",),
    "sw_episodes": ("swepisodes", "socialworker", "socialworkerepisodes"),
    "dolo": ("dolo", "deprivationofliberty", "deprivationoflibertyorder"),
}
TABLES = tuple(_FILES)
MANIFEST = "faults.csv"
# What besides the child says that rows of two years' returns are about the same: the later year tells how it went on.
# The other tables hold what was so in their own year.
_SAME = {
    "header": (),
    "episodes": ("DECOM",),
    "reviews": ("REVIEW",),
    "uasc": (),
    "ad1": ("DATE_INT",),
    "placed_adoption": ("DATE_PLACED",),
    "prev_perm": (),
    "missing": ("MIS_START",),
    "sw_episodes": ("SW_ID", "SW_DECOM"),
    "dolo": ("DOLO_START",),
}
_OPEN_WITHOUT = {"episodes": "DEC"}


@dataclass(frozen=True)
class YearFile:
    """One file of the return: the year its name, or its folder's name, says it is about, if it says one."""

    path: Path
    name: str
    year: int | None


def find_tables(folder: Path, where: str) -> tuple[dict[str, list[YearFile]], list[str]]:
    """Table name to the table's files, the earliest year first, and notes on files that are none of the return's.

    A table may have a file a year where the names say which (episodes_2024.csv, or episodes.csv in a folder 2023-24).
    Raises EvidenceError when no file is one of the return's tables, two files are the same table of the same year, or
    two tables have no year in common.
    """
    found: dict[str, list[YearFile]] = {}
    notes = []
    for file in _files(folder, where):
        name = _table_of(file.path.stem)
        if name is None:
            notes.append(f"{file.name} is not one of the return's tables and was not read.")
            continue
        for other in found.setdefault(name, []):
            if other.year == file.year or None in (other.year, file.year):
                raise EvidenceError(
                    f"{other.name} and {file.name} are both the table {name}.",
                    where=where,
                    remedy=f"Keep one of them in the folder, or put the year into each name: {name}_2024.csv.",
                )
        found[name].append(file)
    if not found:
        raise EvidenceError(
            f"none of the return's tables was found. There is: {listing(folder)}.",
            where=where,
            remedy=f"Put the return's files there, such as {', '.join(f'{name}.csv' for name in TABLES[:4])}.",
        )
    found = {name: sorted(found[name], key=lambda file: file.year or 0) for name in TABLES if name in found}
    return found, notes + _about_years(found, where)


def _files(folder: Path, where: str) -> list[YearFile]:
    endings = (".csv", ".txt")
    files = [
        YearFile(path, path.name, year_in(path.stem))
        for path in data_files(folder, where, endings)
        if path.name.lower() != MANIFEST
    ]
    for part in sorted(path for path in folder.iterdir() if path.is_dir() and year_in(path.name)):
        inside(part, folder, f"{where}/{part.name}")
        files += [
            YearFile(path, f"{part.name}/{path.name}", year_in(part.name))
            for path in data_files(part, f"{where}/{part.name}", endings)
        ]
    return files


def _about_years(found: dict[str, list[YearFile]], where: str) -> list[str]:
    """A note where the tables are of different years. Raises EvidenceError where two have no year in common."""
    years = {name: {file.year for file in files} for name, files in found.items() if files[0].year}
    for name, covered in years.items():
        for other, others in years.items():
            if not covered & others:
                raise EvidenceError(
                    f"the table {name} is of {_listed(covered)} and the table {other} of {_listed(others)}.",
                    where=where,
                    remedy="Put the files of the same years there, or take the years out of the names.",
                )
    if len({frozenset(covered) for covered in years.values()}) < 2:
        return []
    said = "; ".join(f"{name}: {_listed(covered)}" for name, covered in years.items())
    return [f"The tables are of different years ({said}), so not every row has its counterpart."]


def _listed(years: set[int]) -> str:
    return ", ".join(map(str, sorted(years)))


def _table_of(stem: str) -> str | None:
    words = [squeezed(word) for word in re.split(r"[^A-Za-z0-9]+", stem)]
    runs = {"".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}
    fitting = [(len(alias), name) for name, aliases in _FILES.items() for alias in aliases if alias.upper() in runs]
    return max(fitting)[1] if fitting else None


def as_table(raw: RawTable, file: str, where: str, name: str, variables: pd.DataFrame) -> tuple[RawTable, list[str]]:
    """The rows of one table under the return's own column names, and notes on columns that are more or fewer.

    Raises EvidenceError when there is no column CHILD, or nothing else that the table should have.
    """
    raw, missing, extra = under_names(raw, variables["column"])
    if KEY in missing or len(missing) > len(variables) - 2:
        raise EvidenceError(
            f"the columns are not those of the table {name}: {', '.join(missing[:6])} not found.",
            where=f"{where}, line 1",
            remedy=f"The columns are: {', '.join(variables['column'])}.",
        )
    notes = []
    if extra:
        notes.append(f"{file} has columns that the return does not know, left out: {', '.join(extra)}.")
    if missing:
        notes.append(f"{file} lacks columns of the return, taken as empty: {', '.join(missing)}.")
    if raw.blank:
        notes.append(f"{file} has rows with nothing in them, left out: {raw.blank:,}.")
    return raw, notes


def joined(name: str, parts: list[tuple[str, int | None, RawTable]]) -> tuple[RawTable, list[str]]:
    """One table of the files of several years, the earliest first, and a note.

    Each year's return tells again what still holds, and how it went on: an episode that one leaves open has its end in
    the next. So a row is left out where a later file has one of the same child and beginning, and in tables without a
    beginning of their own where it has the same row word for word. Rows that stand twice in one file all stay: the
    audit is to find them.
    """
    names, years, tables = zip(*parts, strict=True)
    if len(parts) == 1:
        return tables[0], []
    # Large files hold categories, which differ from file to file.
    frame = pd.concat([raw.frame.astype("str") for raw in tables], ignore_index=True)
    about = _about(name, frame)
    starts = np.cumsum([0, *(len(raw.frame) for raw in tables)])
    kept = np.ones(len(frame), dtype=bool)
    for begin, end in pairwise(starts):
        kept[begin:end] = ~np.isin(about[begin:end], about[end:])
    note = f"The table {name} was put together from {', '.join(names)}."
    if not kept.all():
        note += f" Rows that a later year tells again were taken from there alone: {int((~kept).sum()):,}."
    if name in _OPEN_WITHOUT:
        left = int((kept & frame[_OPEN_WITHOUT[name]].isna().to_numpy())[: starts[-2]].sum())
        if left:
            note += f" Open in an earlier year, of which no later year tells, so they count as open still: {left:,}."
    whole = RawTable(
        frame=frame[kept].reset_index(drop=True),
        lines=np.concatenate([raw.lines for raw in tables])[kept],
        blank=sum(raw.blank for raw in tables),
        files=np.repeat(names, np.diff(starts))[kept],
        years=years,
    )
    return whole, [note]


def _about(name: str, frame: pd.DataFrame) -> np.ndarray:
    """A number for what each row is about, the same for rows about the same: see `_SAME`."""
    rows = pd.util.hash_pandas_object(frame.fillna(""), index=False).to_numpy()
    if name not in _SAME:
        return rows
    # Files of two years may write one day in two ways.
    same = pd.DataFrame({column: _in_one_form(frame[column]) for column in (KEY, *_SAME[name])})
    said = same.notna().all(axis="columns").to_numpy()
    return np.where(said, pd.util.hash_pandas_object(same.fillna(""), index=False).to_numpy(), rows)


def _in_one_form(values: pd.Series) -> pd.Series:
    """Dates year first, and everything else as it is."""
    days = as_dates(values)
    return days.dt.strftime("%Y-%m-%d").astype("str").where(days.notna(), values)
