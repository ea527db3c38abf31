"""A council's own tables: every CSV file of a folder, a table each, by the catalogue that its people confirm."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from evidence.data.sources.csv_files import RawTable, squeezed
from evidence.data.sources.large import read_file
from evidence.project import EvidenceError


def find_tables(folder: Path, where: str) -> dict[str, Path]:
    """Table name (the file's name in lower case, words joined by underscores) to file.

    Raises EvidenceError when there is no CSV file, or two names come out the same.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.name.lower()):
        if not path.is_file() or path.suffix.lower() != ".csv":
            continue
        name = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_")
        if name in found:
            raise EvidenceError(
                f"{found[name].name} and {path.name} would be the same table.",
                where=where,
                remedy="Rename one of them.",
            )
        found[name] = path
    if not found:
        raise EvidenceError(
            "there is no CSV file in it.", where=where, remedy="Put your tables there, one CSV file each."
        )
    return found


def read_table(path: Path, where: str, known: pd.DataFrame, only_confirmed: bool = False) -> tuple[RawTable, list[str]]:
    """One table under the catalogue's column names, and a note on the columns that nobody has confirmed.

    With `only_confirmed` a large file gives no other columns than those, and the dates at which ages are told.
    """
    rows = known[known["confirmed"] == "yes"]
    confirmed = list(rows["column"])
    dates = [how.removeprefix("at ") for how in rows["how"] if how.startswith("at ")]
    raw = read_file(path, where, [*confirmed, *dates] if only_confirmed else list(known["column"]), only_confirmed)
    names = {squeezed(column): column for column in known["column"]}
    frame = raw.frame.rename(columns={c: names[squeezed(c)] for c in raw.frame.columns if squeezed(c) in names})
    held = tuple(names.get(squeezed(column), column) for column in raw.held)
    waiting = [column for column in held if column not in confirmed]
    notes = []
    if waiting:
        notes.append(f"{path.name} has columns that nobody has confirmed, left out: {', '.join(waiting)}.")
    return RawTable(frame, raw.lines, raw.blank, held), notes


def key_of(rows: pd.DataFrame) -> str:
    """The column that says which child a row is about: the confirmed token that most tables share."""
    tokens = rows[(rows["source"] == "own") & (rows["treatment"] == "token") & (rows["confirmed"] == "yes")]
    return str(tokens["column"].mode().iloc[0]) if len(tokens) else ""
