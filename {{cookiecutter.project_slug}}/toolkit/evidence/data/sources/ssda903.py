"""The return on looked-after children (SSDA903) as a folder of CSV files, one a table."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from evidence.data.sources.csv_files import RawTable, squeezed
from evidence.data.sources.large import read_file
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
    "dolo": ("dolo",),
}
MANIFEST = "faults.csv"


def find_tables(folder: Path, where: str) -> tuple[dict[str, Path], list[str]]:
    """Table name to file for the return's tables in `folder`, and notes on files that are none of them.

    Raises EvidenceError when no file is one of the return's tables, or two files are the same table.
    """
    present = sorted((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.name.lower())
    found: dict[str, Path] = {}
    notes = []
    for path in present:
        if path.suffix.lower() not in (".csv", ".txt") or path.name.lower() == MANIFEST:
            continue
        name = _table_of(path.stem)
        if name is None:
            notes.append(f"{path.name} is not one of the return's tables and was not read.")
        elif name in found:
            raise EvidenceError(
                f"{found[name].name} and {path.name} are both the table {name}.",
                where=where,
                remedy="Keep one of them in the folder.",
            )
        else:
            found[name] = path
    if not found:
        there = ", ".join(path.name for path in present[:10] if not path.name.startswith(".")) or "no files"
        raise EvidenceError(
            f"none of the return's tables was found. There is: {there}.",
            where=where,
            remedy=f"Put the return's files there, such as {', '.join(f'{name}.csv' for name in list(_FILES)[:4])}.",
        )
    return {name: found[name] for name in _FILES if name in found}, notes


def _table_of(stem: str) -> str | None:
    words = [squeezed(word) for word in re.split(r"[^A-Za-z0-9]+", stem)]
    runs = {"".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}
    fitting = [(len(alias), name) for name, aliases in _FILES.items() for alias in aliases if alias.upper() in runs]
    return max(fitting)[1] if fitting else None


def read_table(path: Path, where: str, name: str, variables: pd.DataFrame) -> tuple[RawTable, list[str]]:
    """The rows of one table under the return's own column names, and notes on columns that are more or fewer.

    Raises EvidenceError when there is no column CHILD, or nothing else that the table should have.
    """
    raw = read_file(path, where)
    wanted = {squeezed(column): column for column in variables["column"]}
    renamed = {column: wanted[squeezed(column)] for column in raw.frame.columns if squeezed(column) in wanted}
    missing = [column for column in variables["column"] if column not in renamed.values()]
    if KEY in missing or len(renamed) < 2:
        raise EvidenceError(
            f"the columns are not those of the table {name}: {', '.join(missing[:6])} not found.",
            where=f"{where}, line 1",
            remedy=f"The columns are: {', '.join(variables['column'])}.",
        )
    notes = []
    extra = [column for column in raw.frame.columns if column not in renamed]
    if extra:
        notes.append(f"{path.name} has columns that the return does not know, left out: {', '.join(extra)}.")
    if missing:
        notes.append(f"{path.name} lacks columns of the return, taken as empty: {', '.join(missing)}.")
    if raw.blank:
        notes.append(f"{path.name} has rows with nothing in them, left out: {raw.blank:,}.")
    frame = raw.frame.rename(columns=renamed)
    return RawTable(frame, raw.lines, raw.blank), notes
