"""The registers that run through all stages: risks, decisions, assumptions, limitations, changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from evidence.workbook.registers import Register, Row

LINKED = ("risks", "decisions", "assumptions", "limitations", "changes")
_SCALE = {"low": 1, "medium": 2, "high": 3}
_CLOSED = {"closed", "holds"}
_LINK = re.compile(r"[A-Za-z]+-?\d+")


@dataclass(frozen=True)
class Entry:
    """One line of such a register.

    `score` is likelihood times impact for a risk (1 to 9, unanswered counts as high), effect if wrong times doubt for
    an assumption, else 0. `overdue` is counted against the workbook's `as_of`. `links` are ids, `leads_nowhere` those
    of them that no register holds.
    """

    register: str
    id: str
    stage: int | None
    words: str
    score: int
    owner: str
    review_on: date | None
    status: str
    overdue: bool
    too_high: bool
    links: tuple[str, ...]
    leads_nowhere: tuple[str, ...]
    row: Row

    @property
    def open(self) -> bool:
        return self.status not in _CLOSED


def entries(registers: dict[str, Register], known_ids: set[str], as_of: date) -> list[Entry]:
    """Every line of the five registers, worst first: too high to go on, overdue, by score, without an owner."""
    found = [
        _entry(name, row, known_ids, as_of) for name in LINKED for row in registers[name].rows if not row.not_applicable
    ]
    order = {name: position for position, name in enumerate(LINKED)}
    return sorted(
        found,
        key=lambda one: (
            not one.open,
            not one.too_high,
            not one.overdue,
            -one.score,
            bool(one.owner),
            order[one.register],
            _natural(one.id),
        ),
    )


def _entry(name: str, row: Row, known_ids: set[str], as_of: date) -> Entry:
    words = {"risks": "risk", "decisions": "decision", "assumptions": "assumption", "limitations": "limitation"}
    links = tuple(_LINK.findall(" ".join(row.text(column) for column in ("linked", "from_triage"))))
    stage = row["stage"]
    status = row.text("status") or "open"
    review_on = row["review_on"]
    return Entry(
        name,
        row.id,
        int(stage) if stage is not None else None,
        row.text(words.get(name, "change")),
        _score(name, row),
        row.text("owner"),
        review_on,
        status,
        review_on is not None and review_on < as_of and status not in _CLOSED,
        name == "risks" and row["too_high"] != "no" and status != "closed" and row["too_high"] is not None,
        links,
        tuple(link for link in links if link.upper() not in known_ids),
        row,
    )


def _score(name: str, row: Row) -> int:
    if name == "risks":
        return _SCALE.get(row.text("likelihood"), 3) * _SCALE.get(row.text("impact"), 3)
    if name == "assumptions":
        return _SCALE.get(row.text("effect_if_wrong"), 3) * (4 - _SCALE.get(row.text("reliability"), 1))
    return 0


def _natural(identifier: str) -> tuple[str, int]:
    letters, digits = re.match(r"(\D*)(\d*)", identifier).groups()
    return letters, int(digits or 0)


@dataclass(frozen=True)
class ScopeChange:
    """The latest change of scope, and which of the five things it asks for are still to be done."""

    id: str
    day: date | None
    words: str
    still_to_do: tuple[str, ...]


_AFTER_A_CHANGE = {
    "re_engaged_on": "the people concerned have been asked again",
    "triage_repeated_on": "the triage has been repeated",
    "legal_checked_on": "the legal requirements have been checked",
    "assessments_updated_on": "the impact assessments have been brought up to date",
    "public_updated_on": "what the public is told has been brought up to date",
}


def latest_scope_change(changes: Register) -> ScopeChange | None:
    """The latest line of the change log that says the scope changed; an undated one counts as the latest."""
    rows = [row for row in changes.rows if row["scope_change"] == "yes"]
    if not rows:
        return None
    row = max(rows, key=lambda one: (one["date"] is None, one["date"] or date.min, one.number))
    day = row["date"]
    to_do = [
        words
        for column, words in _AFTER_A_CHANGE.items()
        if row[column] is None or (day is not None and row[column] < day)
    ]
    return ScopeChange(row.id, day, row.text("change"), tuple(to_do))
