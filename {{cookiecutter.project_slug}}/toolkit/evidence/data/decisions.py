"""What today's process decided for each child while the tool ran beside it (guidance action 7.07)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from evidence.data import shapes
from evidence.data.access.log import admitted, log_read
from evidence.data.cataloguing.catalogues import catalogue
from evidence.data.deidentify import token_kind
from evidence.data.sources import place, source_kind
from evidence.data.sources.csv_files import RawTable, read_csv, squeezed
from evidence.data.sources.folder import DECISIONS
from evidence.privacy import pseudonym_key, pseudonymise
from evidence.project import EvidenceError, Project

_YES, _NO = ("YES", "Y", "TRUE", "1"), ("NO", "N", "FALSE", "0")


def load_decisions(
    project: Project,
    data_folder: str | Path,
    *,
    stage: int | None = None,
    on_read: Callable[[Path], None] | None = None,
) -> pd.DataFrame:
    """The decisions in parallel_run.csv of the data folder: columns child (token), date (datetime64), decision (bool).

    The file has three columns: the child's identifier under the name it has in the council's data (CHILD, LAchildID,
    ...), date, and decision (yes or no). It is an empty frame where there is no such file. Raises EvidenceError for any
    other column, because a parallel run is made without names, for a cell that cannot be read, with its line, and for
    somebody who may not see the data. The load is a line of the access log.
    """
    path = decisions_file(project, data_folder)
    if path is None:
        return pd.DataFrame(
            {
                "child": pd.Series(dtype="str"),
                "date": pd.Series(dtype="datetime64[us]"),
                "decision": pd.Series(dtype=bool),
            }
        )
    access = admitted(project, data_folder, stage=stage)
    raw, key, kind = _raw(project, data_folder, path)
    where = project.relative(path)
    if on_read:
        on_read(path)
    date, decision = (_column(raw.frame, name, where) for name in ("date", "decision"))
    days, said = shapes.as_dates(raw.frame[date]), raw.frame[decision].str.upper()
    for column, wrong, remedy in (
        (key, raw.frame[key].isna(), "Every line needs the child's identifier."),
        (date, days.isna(), "Write dates day first, for example 14/01/2026."),
        (decision, ~said.isin([*_YES, *_NO]), "Write yes or no."),
    ):
        if wrong.any():
            line = int(raw.lines[wrong.to_numpy()][0])
            raise EvidenceError(
                f"{int(wrong.sum()):,} of its lines have no {column} that can be read.",
                where=f"{where}, line {line}",
                remedy=remedy,
            )
    tokens = pseudonymise(raw.frame[key], pseudonym_key(project), kind)
    read = {"parallel_run": (list(raw.frame.columns), len(raw.frame))}
    log_read(project, access, data=place(project, data_folder), read=read, why="The parallel run", stage=stage)
    return pd.DataFrame({"child": tokens, "date": days.astype("datetime64[us]"), "decision": said.isin(_YES)})


def decisions_file(project: Project, data_folder: str | Path) -> Path | None:
    """The file of decisions in (or, where the data is one file, beside) the run's data; None where there is none."""
    folder = project.path(str(data_folder))
    folder = folder if folder.is_dir() else folder.parent
    return next((path for path in sorted(folder.glob("*.csv")) if path.name.lower() == DECISIONS), None)


def identifiers_in_decisions(project: Project, data_folder: str | Path) -> pd.Series:
    """The children's identifiers in the file of decisions, in clear and held unseen: for the leak scan."""
    path = decisions_file(project, data_folder)
    if path is None:
        return pd.Series(dtype="str")
    raw, key, _ = _raw(project, data_folder, path)
    return raw.frame[key].dropna()


def _raw(project: Project, data_folder: str | Path, path: Path) -> tuple[RawTable, str, str]:
    """The file's rows in clear, its column with the child's identifier, and the kind of identifier that is."""
    where = project.relative(path)
    raw = read_csv(path, where)
    rows = catalogue(project)
    source = source_kind(project, project.path(str(data_folder)))
    rows = rows[(rows["source"] == source) & (rows["confirmed"] == "yes") & (rows["treatment"] == "token")]
    kinds = {squeezed(name): token_kind(name, how) for name, how in zip(rows["column"], rows["how"], strict=True)}
    found = [column for column in raw.frame.columns if squeezed(column) in kinds]
    if len(found) != 1:
        raise EvidenceError(
            "it must have one column with the child's identifier, under the name that the data has for it.",
            where=f"{where}, line 1",
            remedy=f"One of: {', '.join(dict.fromkeys(rows['column']))}.",
        )
    extra = [name for name in raw.frame.columns if name != found[0] and squeezed(name) not in ("DATE", "DECISION")]
    if extra:
        raise EvidenceError(
            f"it has more than identifier, date and decision: {', '.join(extra)}.",
            where=f"{where}, line 1",
            remedy="A parallel run is made without names and without other details. Take those columns out.",
        )
    return raw, found[0], kinds[squeezed(found[0])]


def _column(frame: pd.DataFrame, name: str, where: str) -> str:
    found = next((column for column in frame.columns if squeezed(column) == name.upper()), None)
    if found is None:
        raise EvidenceError(
            f"there is no column called {name}.",
            where=f"{where}, line 1",
            remedy="It has three columns: the child's identifier, date, and decision (yes or no).",
        )
    return found
