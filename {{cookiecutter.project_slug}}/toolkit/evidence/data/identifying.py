"""The values in a council's files that identify a child, for the leak scan."""

from __future__ import annotations

from datetime import datetime
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
    secrets, read = Secrets(), {}
    for folder in filter(None, (data_folder, earlier_folder(project, data_folder))):
        sources = open_sources(project, folder, rows)
        before = "" if folder == data_folder else EARLIER
        for name, raw in sources.tables.items():
            columns = _identifying_columns(sources, rows, name)
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


def _identifying_columns(sources: Sources, rows: pd.DataFrame, name: str) -> list[tuple[str, str]]:
    frame = sources.tables[name].frame
    known = rows[(rows["source"] == sources.source) & (rows["table"] == name) & (rows["column"] != "")]
    if sources.source != "own":
        names = (known["role"] == "direct identifier") | kept_in_clear(known)
        known = known[names & known["column"].isin(frame.columns)]
        return list(zip(known["column"], known["treatment"], strict=True))
    said = {row["column"]: row for row in known.to_dict("records") if row["confirmed"] == "yes"}
    guesses = guess_table(frame) if set(frame.columns) - set(said) else {}
    found = []
    for column in frame.columns:
        row = said.get(column) or guesses[column].row()
        if row["role"] == "direct identifier" or (row["treatment"] == "keep" and row.get("how")):
            found.append((column, row["treatment"]))
    return found


def _take(secrets: Secrets, values: pd.Series, column: str, treatment: str) -> None:
    values = pd.Series(values.unique())
    if treatment in ("month", "age"):
        days = shapes.as_dates(values).dropna()
        secrets.add_births(datetime.date(day) for day in days)
    elif treatment == "area":
        secrets.add("postcode", (value for value in values if shapes.postcode_fits(value)))
    elif treatment in ("drop", "keep"):
        secrets.add("name", values)
    else:
        kind = _KINDS.get(column) or ("UPN" if len(values) and values.map(upn_fits).all() else "identifier")
        secrets.add(kind, (value for value in values if not _stands_for_none(value)))


def _stands_for_none(value: str) -> bool:
    return value.upper() in _NO_UPN or not value.strip("Xx")
