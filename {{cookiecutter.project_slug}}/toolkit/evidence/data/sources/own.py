"""A council's own tables: every CSV file of a folder, a table each, by the catalogue that its people confirm."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from evidence.data.sources.csv_files import RawTable, read_csv, squeezed
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


def read_table(path: Path, where: str, known: pd.DataFrame) -> tuple[RawTable, list[str]]:
    """One table under the catalogue's column names, and a note on the columns that nobody has confirmed."""
    raw = read_csv(path, where)
    names = {squeezed(column): column for column in known["column"]}
    frame = raw.frame.rename(columns={c: names[squeezed(c)] for c in raw.frame.columns if squeezed(c) in names})
    confirmed = set(known.loc[known["confirmed"] == "yes", "column"])
    waiting = [column for column in frame.columns if column not in confirmed]
    notes = []
    if waiting:
        notes.append(f"{path.name} has columns that nobody has confirmed, left out: {', '.join(waiting)}.")
    return RawTable(frame, raw.lines, raw.blank), notes


def key_of(rows: pd.DataFrame) -> str:
    """The column that says which child a row is about: the confirmed token that most tables share."""
    tokens = rows[(rows["source"] == "own") & (rows["treatment"] == "token") & (rows["confirmed"] == "yes")]
    return str(tokens["column"].mode().iloc[0]) if len(tokens) else ""
