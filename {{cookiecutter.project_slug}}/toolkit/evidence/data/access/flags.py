"""What in the access log asks for a second look. A flag is a question to a person, never a finding against one."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from evidence.data.access.people import people
from evidence.data.access.settings import Settings, access_settings
from evidence.project import Project

OUT_OF_HOURS = "outside usual hours"
OWN_FAMILY = "a child this person declared an interest in"
FAMILY_REASON = "the reason speaks of one's own family"
MANY_LOOK_UPS = "unusually many look-ups in a day"
MANY_ROWS = "unusually many rows in a day"
NOT_LET_IN = "refused"
OTHER_LOGIN = "worked under another login"
KINDS = (OWN_FAMILY, FAMILY_REASON, MANY_LOOK_UPS, MANY_ROWS, OUT_OF_HOURS, NOT_LET_IN, OTHER_LOGIN)
_RELATION = (
    "son|daughter|child|children|kids?|niece|nephew|cousin|brother|sister|grandson|granddaughter|grandchild|godson|"
    "goddaughter|stepson|stepdaughter|family|partner|neighbour|friend"
)
_ONES_OWN = re.compile(rf"\b(my|mine|our own|my own)\b(?:\W+\w+){{0,3}}?\W+({_RELATION})\b", re.IGNORECASE)


def flags(lines: pd.DataFrame, project: Project) -> pd.Series:
    """For each line of `access_log_lines` what is odd about it, joined by "; ", empty where nothing is.

    Out of hours and volumes are not asked of made-up data (without a role, and let in). A person's volume
    of a day is held against that person's own earlier days: median and median absolute deviation, which a single
    extraordinary day hardly moves (Leys and others, 2013, Journal of Experimental Social Psychology 49(4)).
    """
    settings = access_settings(project)
    real = (lines["role"] != "") | lines["what"].isin(["look-up", "refused"])
    found = {
        OWN_FAMILY: _declared(lines, project),
        FAMILY_REASON: (lines["what"] == "look-up") & lines["why"].map(_speaks_of_family).astype(bool),
        MANY_LOOK_UPS: _unusual(lines, lines["what"] == "look-up", None, settings.look_ups_from, settings),
        MANY_ROWS: _unusual(lines, real & (lines["what"] == "load"), "rows", settings.rows_from, settings),
        OUT_OF_HOURS: real & _out_of_hours(lines["when"], settings),
        NOT_LET_IN: lines["what"] == "refused",
        OTHER_LOGIN: lines["really"] != "",
    }
    each = zip(*(found[kind] for kind in KINDS), strict=True)
    words = ["; ".join(kind for kind, odd in zip(KINDS, row, strict=True) if odd) for row in each]
    return pd.Series(words, index=lines.index, dtype="str")


def flags_of_look_up(project: Project, entry: dict) -> list[str]:
    """What is odd about one look-up by itself, before it is seen beside others."""
    mine = [person for person in people(project) if person.login == entry["login"]]
    found = [OWN_FAMILY] if any(entry["subject"] in person.declared_interests for person in mine) else []
    return found + ([FAMILY_REASON] if _speaks_of_family(entry["why"]) else [])


def _speaks_of_family(why: str) -> bool:
    return bool(_ONES_OWN.search(why))


def _declared(lines: pd.DataFrame, project: Project) -> pd.Series:
    declared = {(person.login, one) for person in people(project) for one in person.declared_interests}
    pairs = zip(lines["login"], lines["subject"], strict=True)
    return pd.Series([pair in declared for pair in pairs], index=lines.index, dtype=bool)


def _out_of_hours(when: pd.Series, settings: Settings) -> pd.Series:
    local = when.dt.tz_convert(settings.zone)
    minutes = local.dt.hour * 60 + local.dt.minute
    begins, ends = (one.hour * 60 + one.minute for one in (settings.begins, settings.ends))
    late = (minutes < begins) | (minutes >= ends)
    return late if settings.weekends else late | (local.dt.day_of_week >= 5)


def _unusual(lines: pd.DataFrame, counted: pd.Series, column: str | None, least: int, settings: Settings) -> pd.Series:
    """The counted lines of each day on which a person did far more than on their own earlier days."""
    chosen = lines[counted]
    day = chosen["when"].dt.tz_convert(settings.zone).dt.date
    amounts = chosen[column] if column else pd.Series(1, index=chosen.index)
    totals = amounts.groupby([chosen["login"], day]).sum()
    unusual = set()
    for login, of_person in totals.groupby(level=0):
        values = of_person.to_numpy(dtype=float)
        for position, (_, that_day) in enumerate(of_person.index):
            if values[position] >= least and values[position] > _usual(values[:position], settings, bool(column)):
                unusual.add((login, that_day))
    odd = [pair in unusual for pair in zip(chosen["login"], day, strict=True)]
    return pd.Series(odd, index=chosen.index, dtype=bool).reindex(lines.index, fill_value=False)


def _usual(earlier: np.ndarray, settings: Settings, needs_history: bool) -> float:
    """The most that is still usual, from the days before; twice the usual day where all of them were the same."""
    if len(earlier) < settings.earlier_days:
        # Without a history, rows say nothing of a person (data sets differ in size); look-ups do.
        return float("inf") if needs_history else 0.0
    middle = float(np.median(earlier))
    spread = 1.4826 * float(np.median(np.abs(earlier - middle)))
    return middle + max(settings.times_the_spread * spread, middle)
