"""What the triage drives: how broad engagement is, who has to look from outside, what has to be tested and assessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.workbook.triage import CONTINUE, ENHANCED, GOVERNANCE, RANK
from evidence.workbook.words import listed, plain

if TYPE_CHECKING:
    from evidence.workbook.book import Workbook

BREADTH = {
    CONTINUE: ("senior leaders", "managers"),
    GOVERNANCE: ("senior leaders", "managers", "practitioners"),
    ENHANCED: ("senior leaders", "managers", "practitioners", "partner agencies", "children and families"),
}


@dataclass(frozen=True)
class Requirement:
    """One thing that may be required.

    `met` is None where it is not required; `says` is how it stands, in words; `waits` is True where a run has yet to
    record it.
    """

    name: str
    title: str
    stage: int
    required: bool
    why: str
    met: bool | None
    says: str
    waits: bool = False


def breadth(book: Workbook) -> tuple[str, ...]:
    """The kinds of people that the engagement plan must hold. The riskier the tool, the more of them."""
    triage = book.triage()
    return BREADTH.get(triage.outcome, BREADTH[ENHANCED]) if triage.complete else BREADTH[ENHANCED]


def requirements(book: Workbook) -> list[Requirement]:
    """Every requirement, required or not. Until the triage is complete, all of them are."""
    triage = book.triage()
    unknown = not triage.complete or bool(triage.reopened)
    high = unknown or RANK[triage.outcome] >= RANK[ENHANCED]
    because = "the triage is not complete" if unknown else f"the triage says: {triage.outcome}"
    rows = [_engagement(book, because)]
    rows.append(_scrutiny(book, high, because))
    novel = book.triage_answer("T13") in ("", "novel")
    rows.append(
        _person(
            book, "independent evaluator", "Independent evaluator", 8, high or novel,
            because if high else "nobody has used such a tool before",
        )
    )  # fmt: skip
    by_group = high or bool({"predictive", "individual"} & triage.marks)
    rows.append(
        _result(
            book, "testing by group", "Testing by group", by_group,
            because if high else "the tool is predictive or about individuals", "metrics_by_group",
        )
    )  # fmt: skip
    predictive = book.project.facts.analytics_type == "predictive"
    rows.append(
        _result(
            book, "calibration", "Calibration of probabilities", predictive, "the tool is predictive", "calibration"
        )
    )
    rows.append(_dpia(book, high or "personal" in triage.marks, because if high else "it uses personal data"))
    return rows


def _engagement(book: Workbook, because: str) -> Requirement:
    wanted = breadth(book)
    register = book.register("engagement_plan")
    here = {row.text("kind") for row in register.rows if row.complete or row.not_applicable}
    missing = [kind for kind in wanted if kind not in here]
    says = f"not in the plan yet: {listed(missing)}" if missing else f"the plan holds {listed(list(wanted))}"
    return Requirement("engagement", f"Engagement with {listed(list(wanted))}", 5, True, because, not missing, says)


def _scrutiny(book: Workbook, high: bool, because: str) -> Requirement:
    lacking = book.maturity().lacks_analysts
    why = because if high else "expertise is missing in-house"
    return _person(book, "independent scrutiny", "Independent scrutiny", 4, high or lacking, why)


def _person(book: Workbook, role: str, title: str, stage: int, required: bool, why: str) -> Requirement:
    if not required:
        return Requirement(role, title, stage, False, "", None, "not required")
    named = [row for row in book.register("governance").complete_rows if row["role"] == role]
    outside = [row for row in named if plain(row.text("name")) not in book.analysts()]
    if outside:
        who = ", ".join(f"{row.text('name')} ({row.text('organisation')})" for row in outside)
        return Requirement(role, title, stage, True, why, True, who)
    says = "the person named is one of the analysts" if named else "nobody is named in the governance register"
    return Requirement(role, title, stage, True, why, False, says)


def _result(book: Workbook, name: str, title: str, required: bool, why: str, result: str) -> Requirement:
    if not required:
        return Requirement(name, title, 7, False, "", None, "not required")
    there = book.has_result(7, result)
    says = "recorded in stage 7" if there else "waits for stage 7 to record it"
    return Requirement(name, title, 7, True, why, there, says, waits=not there)


def _dpia(book: Workbook, required: bool, why: str) -> Requirement:
    title = "Data protection impact assessment"
    if not required:
        return Requirement("dpia", title, 4, False, "", None, "not required")
    document = book.document("dpia")
    done = document.state == "done" and not document.not_applicable
    says = "done" if done else "not complete" if not document.not_applicable else "it cannot be left out here"
    return Requirement("dpia", title, 4, True, why, done, says)
