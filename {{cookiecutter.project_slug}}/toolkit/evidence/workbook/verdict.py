"""What a pack may call itself: a draft, or which stage is approved by whom, when and on which condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.project import long_date
from evidence.workbook.gates import GATES
from evidence.workbook.signoffs import SignOff
from evidence.workbook.words import count_of

if TYPE_CHECKING:
    from evidence.workbook.book import Workbook

DRAFT = "DRAFT"
_MOST_CHANGES = 3
_NOT_YET = {
    4: "Do not begin to design or build the tool.",
    7: "Do not let anyone rely on its results outside testing.",
    8: "Do not use it live, in decisions about children and families or otherwise.",
}


@dataclass(frozen=True)
class Verdict:
    """`stamp` is a few words in capitals, `sentence` one plain sentence, `must_not` what must not be done yet.

    `stage` is the highest approved stage (0 in a draft), `sign_off` the approval it rests on.
    """

    stamp: str
    sentence: str
    must_not: tuple[str, ...]
    stage: int = 0
    sign_off: SignOff | None = None
    changed: tuple[str, ...] = ()


def work_out(book: Workbook) -> Verdict:
    """The verdict on the project as it stands."""
    approved = _approved_stage(book)
    must_not = tuple(words for stage, words in _NOT_YET.items() if not book.gate(stage).passed)
    if not approved:
        return Verdict(DRAFT, _draft_sentence(book), must_not)
    sign_off = book.gate(approved).sign_off
    changed = tuple(sign_off.changed or ())
    stamp = f"STAGE {approved} APPROVED" + (", CHANGED SINCE SIGN-OFF" if changed else "")
    after = f"; changed since sign-off: {_some(changed)}" if changed else ""
    title = book.project.stage(approved).title
    return Verdict(
        stamp,
        f"Stage {approved} ({title}) was {sign_off.sentence}{after}{_next(book, approved)}.",
        must_not,
        approved,
        sign_off,
        changed,
    )


def _some(changed: tuple[str, ...]) -> str:
    """The first few; every one stands beside the sign-off in the list of sign-offs."""
    more = len(changed) - _MOST_CHANGES
    return "; ".join((*changed[:_MOST_CHANGES], *([f"and {more} more"] if more > 0 else [])))


def _approved_stage(book: Workbook) -> int:
    """The highest stage whose gate is passed, all gates before it too, and that someone approved in so many words."""
    approved = 0
    for stage in GATES:
        gate = book.gate(stage)
        if not gate.passed:
            break
        if gate.sign_off and gate.sign_off.counts:
            approved = stage
    return approved


def _draft_sentence(book: Workbook) -> str:
    if book.triage().reopened:
        return "This is a draft: the scope has changed, so the triage and the approvals after it have to be repeated."
    settled = sum(action.settled for action in book.action_states())
    total = len(book.action_states())
    first = next((stage for stage in GATES if not book.gate(stage).passed), None)
    waits = (
        f", no stage is approved, and the next gate is that of stage {first}" if first else " and no stage is approved"
    )
    return f"This is a draft: {settled} of {count_of(total, 'action')} are settled{waits}."


def _next(book: Workbook, approved: int) -> str:
    later = [stage for stage in GATES if stage > approved and not book.gate(stage).passed]
    if not later:
        expires = book.gate(approved).sign_off.expires
        return f"; the approval lasts until {long_date(expires)}" if expires else ""
    return f"; the gate of stage {later[0]} is not passed yet"
