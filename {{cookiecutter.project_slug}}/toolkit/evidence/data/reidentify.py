"""Which record a token stands for: the tokens of the council's own files made again, under every key kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from evidence.data.access.flags import OWN_FAMILY
from evidence.data.access.log import admitted, log_look_up, log_read
from evidence.data.cataloguing.catalogues import catalogue
from evidence.data.deidentify import token_kind
from evidence.data.sources import Sources, open_sources, place
from evidence.privacy import Key, pseudonym_keys, token
from evidence.privacy.pseudonymise import TOKEN_LENGTH
from evidence.project import EvidenceError, Project


@dataclass(frozen=True)
class Behind:
    """What stands behind a token: the identifier, its kind, the columns it is in, and the key the token was made under.

    `lasting` is the token of the same identifier under the oldest key that is kept.
    """

    identifier: str = field(repr=False)
    kind: str
    found_in: tuple[str, ...]
    key: Key
    lasting: str


def look_up(project: Project, data_folder: str | Path, asked: str, why: str) -> tuple[Behind, list[str]]:
    """What stands behind a token, once the log has a line of who asked and why; and what was flagged about it.

    Raises EvidenceError, and tells nothing, for somebody whose role may not re-identify (a line says so), without a
    reason, for a child in whom the asker has declared an interest, and as `behind` does. Source: action 5.13.
    """
    access = admitted(project, data_folder, show_login=True)
    if not (access.re_identify or access.everything):
        log_look_up(project, asked, why, data_folder=data_folder)
    try:
        found = behind(project, data_folder, asked)
    except EvidenceError:
        log_look_up(project, asked, why, data_folder=data_folder)
        raise
    flagged = log_look_up(project, found.lasting, why, data_folder=data_folder)
    if OWN_FAMILY in flagged:
        raise EvidenceError(
            "you have declared an interest in this child, so the answer is not given. The look-up was logged.",
            where="reference/access.csv, column declared_interests",
            remedy="Ask a colleague who may look up to do it.",
        )
    return found, flagged


def behind(project: Project, data_folder: str | Path, asked: str) -> Behind:
    """The identifier in the folder's files that a token was made from, under the key in use or an earlier one.

    It asks nobody's leave and leaves no trace: commands go through `look_up`. Raises EvidenceError for a text that is
    no token, and where no identifier in the folder gives it.
    """
    asked = asked.strip().lower()
    if len(asked) != TOKEN_LENGTH or set(asked) - set("0123456789abcdef"):
        raise EvidenceError(
            f"this is no token: one has {TOKEN_LENGTH} characters, 0 to 9 and a to f.",
            remedy="Copy it from the tool's output.",
        )
    keys = pseudonym_keys(project)
    identifiers = _identifiers(project, open_sources(project, data_folder, catalogue(project)))
    for key in keys:
        for (kind, identifier), columns in identifiers.items():
            if token(identifier, key.key, kind) == asked:
                return Behind(identifier, kind, tuple(columns), key, token(identifier, keys[-1].key, kind))
    raise EvidenceError(
        "no identifier in the data gives this token.",
        where=place(project, data_folder),
        remedy="It may come from other data, or from a key that is not on this computer.",
    )


def kinds_of(project: Project, data_folder: str | Path, identifier: str) -> list[str]:
    """As which kinds of identifier the folder's tables hold this one; a line of the access log says that it was asked.

    Raises EvidenceError for somebody who may not see the data or not re-identify: to know that a child is in it is to
    know much. Raises it too where no data can be read.
    """
    access = admitted(project, data_folder)
    if not (access.re_identify or access.everything):
        raise EvidenceError(f"the role {access.role} may not find out which children are in the data.")
    sources = open_sources(project, data_folder, catalogue(project))
    log_read(project, access, data=place(project, data_folder), read={}, why="Whether a declared child is in the data")
    wanted = identifier.strip().upper()
    held = _identifiers(project, sources)
    return sorted({kind for kind, value in held if value.strip().upper() == wanted})


def _identifiers(project: Project, sources: Sources) -> dict[tuple[str, str], list[str]]:
    """Every identifier that becomes a token: (kind, identifier) to the columns it stands in."""
    rows = catalogue(project)
    rows = rows[(rows["source"] == sources.source) & (rows["treatment"] == "token") & (rows["confirmed"] == "yes")]
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows.to_dict("records"):
        raw = sources.tables.get(row["table"])
        if raw is None or row["column"] not in raw.frame:
            continue
        kind = token_kind(row["column"], row["how"])
        for value in pd.unique(raw.frame[row["column"]].dropna()):
            found.setdefault((kind, str(value)), []).append(f"{row['table']} {row['column']}")
    return found
