"""Sign-offs: who agreed what, to which pack, on what condition. Never inferred from anything else."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evidence.project import long_date, read_text
from evidence.workbook.registers import Register, Row
from evidence.workbook.words import listed, plain

APPROVED, CONDITIONAL = "approved", "approved with condition"
SENIOR_ROLES = ("senior sponsor", "accountable owner")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class SignOff:
    """One line of `workbook/sign_offs.csv`.

    `counts` is True where it is an approval in force on the workbook's `as_of`; else `why_not` says why in words.
    `changed` lists what differs now from what was signed (empty: nothing; None: cannot be known).
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
    changed: tuple[str, ...] | None

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
    record_of: Callable[[int], dict[str, str]],
    records_folder: Path,
) -> list[SignOff]:
    """Every sign-off, oldest first. `record_of(stage)` gives what would be signed now: {part: SHA-256}."""
    found = []
    for row in sorted(register.rows, key=lambda one: (one["date"] or date.min, one.number)):
        why_not = _why_not(row, as_of, analysts, scope_changed_on) or _not_recorded(row, records_folder)
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
                _changed(row, stage, record_of, records_folder),
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


def _not_recorded(row: Row, folder: Path) -> str:
    """A line that somebody typed says nothing about what was signed."""
    signed = row.text("record_digest").lower()
    path = folder / record_name(signed)
    if not _DIGEST.fullmatch(signed) or not path.is_file():
        return "what was signed is not recorded: use evidence sign-off"
    if hashlib.sha256(read_text(path).encode()).hexdigest() != signed:
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


def _changed(
    row: Row, stage: int | None, record_of: Callable[[int], dict[str, str]], folder: Path
) -> tuple[str, ...] | None:
    signed = row.text("record_digest").lower()
    if stage is None or not _DIGEST.fullmatch(signed):
        return None
    now = record_of(stage)
    if hashlib.sha256(record_text(now).encode()).hexdigest() == signed:
        return ()
    path = folder / record_name(signed)
    if not path.is_file() or hashlib.sha256(read_text(path).encode()).hexdigest() != signed:
        return ("the record",)
    then = {part: digest for digest, _, part in (line.partition("  ") for line in read_text(path).splitlines())}
    return tuple(sorted(part for part in then.keys() | now.keys() if then.get(part) != now.get(part)))
