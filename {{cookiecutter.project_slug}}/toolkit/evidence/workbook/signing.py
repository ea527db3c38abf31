"""Writing a sign-off: one more line in `workbook/sign_offs.csv`, and a list of what was signed beside it."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING

from evidence.project import EvidenceError, atomic_write, long_date
from evidence.workbook.saving import next_id, save_row
from evidence.workbook.signoffs import CONDITIONAL, record_name, record_text
from evidence.workbook.words import is_placeholder, plain

if TYPE_CHECKING:
    from evidence.workbook.book import Workbook


def record_sign_off(
    book: Workbook,
    stage: int,
    *,
    role: str,
    name: str,
    decision: str,
    condition: str,
    day: date,
    expires: date,
    pack_digest: str,
    signed: str | None = None,
) -> str:
    """Adds a decision on a stage and returns its id. `signed` is the pack's own record of what it covers.

    Raises EvidenceError, and writes nothing, for an analyst, a missing name or condition, and a wrong order of dates.
    """
    where = "workbook/sign_offs.csv"
    if is_placeholder(name):
        raise EvidenceError("a sign-off needs a person's name.", where=where)
    if plain(name) in book.analysts():
        raise EvidenceError(
            f"{name} is named as an analyst of this tool and cannot sign off their own work.",
            where=where,
            remedy="Somebody else has to decide. The analysts are in workbook/04_ethics_triage/governance.csv.",
        )
    if decision == CONDITIONAL and is_placeholder(condition):
        raise EvidenceError("the condition is not given.", where=where, remedy='Add it: --condition "..."')
    if expires < day:
        raise EvidenceError(f"it would expire on {long_date(expires)}, before it is given.", where=where)
    record = signed if signed is not None else record_text(book.record(stage))
    digest = hashlib.sha256(record.encode()).hexdigest()
    identifier = next_id([row.id for row in book.register("sign_offs").rows], "S")
    cells = {
        "stage": str(stage),
        "role": role,
        "name": name.strip(),
        "date": day.isoformat(),
        "decision": decision,
        "condition": condition.strip(),
        "pack_digest": pack_digest,
        "expires": expires.isoformat(),
        "record_digest": digest,
    }
    # The list comes first: a line that leads nowhere would be worse than a list nobody refers to.
    atomic_write(book.project.path("workbook", "signed", record_name(digest)), record)
    info = book.reference.registers["sign_offs"]
    save_row(book.project.path(info.file), info, identifier, cells, {})
    return identifier
