"""Sign-offs: who agreed what, to which pack, on what condition. Never inferred from anything else."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from evidence.project import long_date
from evidence.workbook.registers import Register, Row
from evidence.workbook.words import listed, plain

APPROVED, CONDITIONAL = "approved", "approved with condition"
SENIOR_ROLES = ("senior sponsor", "accountable owner")
# How the parts of a record begin that say what a run showed, and what stands before the value.
PARAMETER, FIGURE, THRESHOLD = "parameter ", "figure of stage ", "threshold "
_IS = " = "
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class SignOff:
    """One line of `workbook/sign_offs.csv`.

    `counts` is True where it is an approval in force on the workbook's `as_of`; else `why_not` says why in words.
    """

    id: str
    stage: int | None
    role: str
    name: str
    day: date | None
    decision: str
    condition: str
    pack_digest: str
    expires: date | None
    counts: bool
    why_not: str
    find_changes: Callable[[], tuple[str, ...] | None] = field(repr=False, compare=False)

    @cached_property
    def changed(self) -> tuple[str, ...] | None:
        """What differs now from what was signed, in words (empty: nothing; None: cannot be known)."""
        return self.find_changes()

    @property
    def sentence(self) -> str:
        """`approved by Ada Example, senior sponsor, on 1 May 2026, on condition that ...`."""
        said = "approved" if self.decision in (APPROVED, CONDITIONAL) else self.decision or "no decision"
        day = f" on {long_date(self.day)}" if self.day else ""
        condition = f", on this condition: {self.condition.rstrip('.')}" if self.condition else ""
        return f"{said} by {self.name or 'nobody named'}, {self.role or 'no role given'},{day}{condition}".replace(
            ",,", ","
        )


def read_sign_offs(
    register: Register,
    as_of: date,
    analysts: set[str],
    scope_changed_on: date | None,
    signed_text: Callable[[str], str | None],
    changed_since: Callable[[int, str, str | None], tuple[str, ...] | None],
) -> list[SignOff]:
    """Every sign-off, oldest first.

    `signed_text(digest)` gives the list of what was signed, `changed_since(stage, digest, list)` what differs now.
    """
    found = []
    for row in sorted(register.rows, key=lambda one: (one["date"] or date.min, one.number)):
        why_not = _why_not(row, as_of, analysts, scope_changed_on) or _not_recorded(row, signed_text)
        stage = int(row["stage"]) if row["stage"] is not None else None
        found.append(
            SignOff(
                row.id,
                stage,
                row.text("role"),
                row.text("name"),
                row["date"],
                row.text("decision"),
                row.text("condition"),
                row.text("pack_digest").lower(),
                row["expires"],
                not why_not,
                why_not,
                _changes_of(row, stage, signed_text, changed_since),
            )
        )
    return found


def _why_not(row: Row, as_of: date, analysts: set[str], scope_changed_on: date | None) -> str:
    if not row.complete:
        return f"it has no {listed([name.replace('_', ' ') for name in row.missing], 'or')}"
    if row["decision"] not in (APPROVED, CONDITIONAL):
        return f"the decision was: {row.text('decision')}"
    if row["decision"] == CONDITIONAL and not row.text("condition"):
        return "the condition is not written down"
    if not _DIGEST.fullmatch(row.text("pack_digest").lower()):
        return "it is not tied to a pack: use evidence sign-off"
    if plain(row.text("name")) in analysts:
        return f"{row.text('name')} is one of the analysts, who cannot approve their own work"
    if row["date"] > as_of:
        return f"it is dated {long_date(row['date'])}, after {long_date(as_of)}"
    if row["expires"] and row["expires"] < as_of:
        return f"it expired on {long_date(row['expires'])}"
    if scope_changed_on and row["stage"] >= 4 and row["date"] < scope_changed_on:
        return f"the scope changed on {long_date(scope_changed_on)}, after it"
    return ""


def _not_recorded(row: Row, signed_text: Callable[[str], str | None]) -> str:
    """A line that somebody typed says nothing about what was signed."""
    signed = row.text("record_digest").lower()
    text = signed_text(signed) if _DIGEST.fullmatch(signed) else None
    if text is None:
        return "what was signed is not recorded: use evidence sign-off"
    if hashlib.sha256(text.encode()).hexdigest() != signed:
        return "the record of what was signed was altered"
    return ""


def latest(sign_offs: list[SignOff], stage: int, roles: tuple[str, ...]) -> SignOff | None:
    """The latest decision on a stage by one of these roles: a later refusal outweighs an earlier approval."""
    found = [one for one in sign_offs if one.stage == stage and one.role in roles]
    return found[-1] if found else None


# What was signed -------------------------------------------------------------------------------------------------


def record_text(record: dict[str, str]) -> str:
    """The record of what is signed: a line for each part, its digest first, as `sha256sum` writes them."""
    return "".join(f"{digest}  {part}\n" for part, digest in sorted(record.items()))


def digest_of(value: object) -> str:
    """The SHA-256 of a value, the same however the file that held it was saved."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8")).hexdigest()


def record_name(digest: str) -> str:
    """The file under `workbook/signed/` that lists what was signed."""
    return f"{digest[:16]}.txt"


def said(what: str, value: str) -> str:
    """A part of a record that says what a run showed, such as `parameter flag_at = 0.25`: on one line."""
    return f"{_one_line(what).replace(_IS, ' is ')}{_IS}{_one_line(value)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _changes_of(
    row: Row, stage: int | None, signed_text: Callable[[str], str | None], changed_since: Callable
) -> Callable[[], tuple[str, ...] | None]:
    signed = row.text("record_digest").lower()
    if stage is None or not _DIGEST.fullmatch(signed):
        return lambda: None
    return lambda: changed_since(stage, signed, signed_text(signed))


def changed_since(
    now: dict[str, str], digest: str, signed: str | None, is_known: Callable[[str], bool]
) -> tuple[str, ...]:
    """What differs between the record `now` and the list that was `signed` under `digest`, in words.

    Files come first, by name; then parameters, figures and thresholds with what they said then and say now. What
    `is_known(part)` says nothing can be said about is left out.
    """
    if hashlib.sha256(record_text(now).encode()).hexdigest() == digest:
        return ()
    if signed is None or hashlib.sha256(signed.encode()).hexdigest() != digest:
        return ("the record",)
    then = {part: digest for digest, _, part in (line.partition("  ") for line in signed.splitlines())}
    differ = {part for part in then.keys() | now.keys() if then.get(part) != now.get(part) and is_known(part)}
    said_then, said_now = _said_in(then), _said_in(now)
    names = sorted({name for part in differ for name in _said_in([part])})
    files = sorted(part for part in differ if not _said_in([part]))
    return (*files, *(_in_words(name, said_then.get(name), said_now.get(name)) for name in names))


def _said_in(parts: Iterable[str]) -> dict[str, str]:
    """What the parts about a run say, by what it is about: {"parameter flag_at": "0.25"}."""
    return {
        name: value
        for name, is_there, value in (part.partition(_IS) for part in parts)
        if is_there and name.startswith((PARAMETER, FIGURE, THRESHOLD))
    }


def _in_words(name: str, before: str | None, after: str | None) -> str:
    """`the figure Recall went from 28.1% to 30.0%`."""
    words = f"the figure {name.partition(': ')[2]}" if name.startswith(FIGURE) else f"the {name}"
    if before is None:
        return f"{words} is new ({_quoted(after)})"
    if after is None:
        return f"{words} is no longer there"
    return f"{words} went from {_quoted(before)} to {_quoted(after)}"


def _quoted(value: str) -> str:
    """A sentence in quotes, a figure as it is."""
    return f'"{value}"' if value.count(" ") > 2 else value
