"""The values in a council's files that identify a child, for the leak scan."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from evidence.data import shapes
from evidence.data.access.log import IN_CLEAR, admitted, log_read
from evidence.data.auditing.counting import EARLIER
from evidence.data.auditing.earlier import earlier_folder
from evidence.data.cataloguing.catalogues import catalogue
from evidence.data.cataloguing.describing import guess_table
from evidence.data.decisions import identifiers_in_decisions
from evidence.data.shapes import upn_fits
from evidence.data.sources import Sources, check_there, open_sources, place
from evidence.data.treatments import kept_in_clear
from evidence.privacy import Secrets
from evidence.project import Project

_KINDS = {"CHILD": "child identifier", "LAchildID": "child identifier", "UPN": "UPN", "FormerUPN": "UPN"}
_KINDS |= {"URN": "placement number", "SW_ID": "worker"}

# What stands in place of a unique pupil number, each for a reason why there is none.
_NO_UPN = {f"UN{i}" for i in range(1, 8)}
# What the catalogue says of a variable that matters here.
_TOLD = ("source", "table", "column", "role", "treatment", "how", "confirmed")


def identifying_values(project: Project, data_folder: str | Path) -> Secrets:
    """Every identifier, full postcode and date of birth in the folder's files, read in clear and held unseen.

    The return of the year before, in its folder `earlier`, counts too.

    In the returns the catalogue's direct identifiers count; in own tables also every column that nobody has confirmed
    and that looks like one. Codes that stand for "has none" (UN1, XXXXXXX) are no identifiers. Raises EvidenceError
    as `load_tables` does.
    """
    check_there(project, data_folder)
    access = admitted(project, data_folder)
    rows = catalogue(project)
    known = rows.loc[rows["column"] != "", list(_TOLD)].to_dict("records")
    secrets, read = Secrets(), {}
    for folder in filter(None, (data_folder, earlier_folder(project, data_folder))):
        sources = open_sources(project, folder, rows)
        before = "" if folder == data_folder else EARLIER
        for name, raw in sources.tables.items():
            columns = _identifying_columns(sources, known, name)
            for column, treatment in columns:
                _take(secrets, raw.frame[column].dropna(), column, treatment)
            read[before + name] = ([column for column, _ in columns], len(raw.frame))
    decided = identifiers_in_decisions(project, data_folder)
    if len(decided):
        _take(secrets, decided, str(decided.name), "token")
        read["parallel_run"] = ([str(decided.name)], len(decided))
    why = "To look for identifiers in what is to be passed on; nothing was shown"
    log_read(project, access, data=place(project, data_folder), read=read, why=why, what=IN_CLEAR)
    return secrets


def _identifying_columns(sources: Sources, known: list[dict[str, str]], name: str) -> list[tuple[str, str]]:
    """The identifying columns of a table, each with what becomes of it. known: the catalogue's rows of variables."""
    frame = sources.tables[name].frame
    rows = [row for row in known if row["source"] == sources.source and row["table"] == name]
    if sources.source == "own":
        said = {row["column"]: row for row in rows if row["confirmed"] == "yes"}
        guesses = guess_table(frame) if set(frame.columns) - set(said) else {}
        rows = [{**(said.get(column) or guesses[column].row()), "column": column} for column in frame.columns]
    there = set(frame.columns)
    return [(row["column"], row["treatment"]) for row in rows if row["column"] in there and _identifies(row)]


def _identifies(row: dict[str, str]) -> bool:
    """Whether a catalogue row says that a variable does, or that a stage has it in clear because it must."""
    return row["role"] == "direct identifier" or kept_in_clear({"how": "", **row})


def _take(secrets: Secrets, values: pd.Series, column: str, treatment: str) -> None:
    texts = values.unique().tolist()
    if treatment in ("month", "age"):
        secrets.add_births(shapes.as_dates(pd.Series(texts, dtype="str")).dropna().dt.date)
    elif treatment == "area":
        secrets.add("postcode", filter(shapes.postcode_fits, texts))
    elif treatment in ("drop", "keep"):
        secrets.add("name", texts)
    else:
        kind = _KINDS.get(column) or ("UPN" if texts and all(map(upn_fits, texts)) else "identifier")
        secrets.add(kind, (text for text in texts if not _stands_for_none(text)))


def _stands_for_none(value: str) -> bool:
    return value.upper() in _NO_UPN or not value.strip("Xx")
