"""Gates: what has to hold before the next stage. They never stop work; they decide what a pack may call itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from evidence.project import long_date
from evidence.workbook.registers import Row
from evidence.workbook.signoffs import SENIOR_ROLES, SignOff, latest
from evidence.workbook.thresholds import check_thresholds
from evidence.workbook.words import count_of, listed, plain

if TYPE_CHECKING:
    from evidence.workbook.book import Workbook

GATES = (1, 2, 3, 4, 7, 8)
GATE_ACTIONS = {1: "1.10", 2: "2.09", 3: "3.07", 4: "4.11", 7: "7.12", 8: "8.10"}
_WORKBOOK_QUESTIONS = {1: (1, 2), 2: (3, 3), 3: (4, 4), 4: (1, 5), 7: (6, 10), 8: (1, 11)}


@dataclass(frozen=True)
class Reason:
    """One thing a gate asks for, whether it holds, and how it stands in words.

    `waits` is True where nobody can do anything about it before a run has recorded more evidence.
    """

    met: bool
    text: str
    waits: bool = False


@dataclass(frozen=True)
class Gate:
    """A gate. `exists` is False for stages without one; `sign_off` is the approval it rests on, if any.

    `owner` decided it on `day`, or is who has to decide, where there is no day.
    """

    stage: int
    exists: bool
    passed: bool
    reasons: tuple[Reason, ...]
    sign_off: SignOff | None = None
    owner: str = ""
    day: date | None = None

    @property
    def open_reasons(self) -> list[Reason]:
        return [reason for reason in self.reasons if not reason.met]

    @property
    def waits(self) -> bool:
        """Whether all that is missing is evidence that a run has yet to record."""
        return bool(self.open_reasons) and all(reason.waits for reason in self.open_reasons)


def work_out(book: Workbook, stage: int) -> Gate:
    """The gate of a stage, with its reasons one by one."""
    if stage not in GATES:
        return Gate(stage, False, False, ())
    reasons = {1: _first, 2: _second, 3: _third, 4: _fourth, 7: _seventh, 8: _eighth}[stage](book)
    sign_off = latest(book.sign_offs(), stage, SENIOR_ROLES) if stage in (4, 8) else _assurance(book, stage)
    owner, day = _owner(book, stage, sign_off)
    return Gate(stage, True, all(reason.met for reason in reasons), tuple(reasons), sign_off, owner, day)


def _owner(book: Workbook, stage: int, sign_off: SignOff | None) -> tuple[str, date | None]:
    """Who signed, or decided in the decision log, and when; else whose it is to do so."""
    if sign_off:
        return ", ".join(part for part in (sign_off.name, sign_off.role) if part), sign_off.day
    if stage in (4, 8):
        return "nobody yet; a senior sponsor or the accountable owner signs", None
    row = _latest_decision(book, stage)
    if row and row.text("decided_by"):
        return row.text("decided_by"), row["date"]
    return "nobody named yet", None


def _assurance(book: Workbook, stage: int) -> SignOff | None:
    return latest(book.sign_offs(), stage, (*SENIOR_ROLES, "assurer"))


def _first(book: Workbook) -> list[Reason]:
    return [_actions(book, 1), *_questions(book, 1), _decision(book, 1, "to go on with data analytics")]


def _second(book: Workbook) -> list[Reason]:
    maturity = book.maturity()
    reasons = [_actions(book, 2), *_questions(book, 2), Reason(maturity.consistent is True, maturity.sentence)]
    if maturity.preconditions_met is not None:
        open_ones = [one.name.lower() for one in maturity.preconditions if one.met != "yes"]
        says = f"Not shown yet for a predictive tool: {listed(open_ones)}." if open_ones else ""
        reasons.append(Reason(not open_ones, says or "What a predictive tool needs besides is shown."))
    return [*reasons, _decision(book, 2, "on the kinds of tool that can be developed")]


def _third(book: Workbook) -> list[Reason]:
    return [
        _actions(book, 3),
        *_questions(book, 3),
        _data_quality(book),
        _decision(book, 3, "that the data is good enough"),
    ]


def _fourth(book: Workbook) -> list[Reason]:
    triage = book.triage()
    reasons = [*(_actions(book, stage, own=False) for stage in (1, 2, 3)), _actions(book, 4)]
    reasons += _questions(book, 4)
    reasons.append(Reason(triage.may_go_on, f"Ethics triage: {triage.sentence}"))
    reasons.append(_no_risk_too_high(book))
    reasons += [_required(one) for one in book.requirements() if one.required and one.stage == 4]
    reasons.append(_accountable(book))
    reasons.append(_signed(book, 4, "the business case"))
    return reasons


def _seventh(book: Workbook) -> list[Reason]:
    reasons = [_passed_before(book, 4), *(_actions(book, stage) for stage in (5, 6, 7)), *_questions(book, 7)]
    reasons += [_required(one) for one in book.requirements() if one.required and one.stage in (5, 7)]
    # Insufficient evidence is no pass: the gate stays shut, and says why.
    reasons += [Reason(check.met is True, check.text, check.waits) for check in check_thresholds(book)]
    reasons.append(_validated(book))
    reasons.append(_decision(book, 7, "to go on to live use"))
    return reasons


def _eighth(book: Workbook) -> list[Reason]:
    reasons = [_passed_before(book, 7), _actions(book, 8), *_questions(book, 8)]
    reasons += [_required(one) for one in book.requirements() if one.required and one.stage == 8]
    reasons.append(_no_risk_too_high(book))
    reasons.append(_signed(book, 8, "going live"))
    return reasons


# The reasons -----------------------------------------------------------------------------------------------------


def _actions(book: Workbook, stage: int, own: bool = True) -> Reason:
    """`own` is True in the stage's own gate, which cannot ask for itself."""
    left_out = GATE_ACTIONS.get(stage) if own else None
    names = [name for name, info in book.reference.actions.items() if info.stage == stage and name != left_out]
    still = [name for name in names if not book.action(name).settled]
    if not still:
        return Reason(True, f"Every {'other ' if own else ''}action of stage {stage} is done or does not apply.")
    waits = all(book.action(name).state == "waiting" for name in still)
    words = "waiting for evidence that a run records" if waits else "open"
    return Reason(False, f"Stage {stage} has {count_of(len(still), 'action')} {words}: {listed(still)}.", waits)


def _questions(book: Workbook, stage: int) -> list[Reason]:
    first, last = _WORKBOOK_QUESTIONS[stage]
    answers = [book.answer(f"Q{number}") for number in range(first, last + 1)]
    still = [answer for answer in answers if answer.state != "answered"]
    if not still:
        between = "and" if last == first + 1 else "to"
        name = f"question {first} is" if first == last else f"questions {first} {between} {last} are"
        return [Reason(True, f"Ethics workbook: {name} answered.")]
    return [
        Reason(False, f"Ethics workbook, question {answer.id[1:]}: {answer.note or 'not answered yet'}.")
        for answer in still
    ]


def _decision(book: Workbook, stage: int, about: str) -> Reason:
    row = _latest_decision(book, stage)
    if row is None:
        return Reason(False, f"No decision of stage {stage} ({about}) is in the decision log.")
    if not row.complete:
        missing = listed([name.replace("_", " ") for name in row.missing])
        return Reason(False, f"Decision {row.id} is not complete: {missing} missing.")
    if row["date"] > book.as_of:
        return Reason(False, f"Decision {row.id} is dated {long_date(row['date'])}, after {long_date(book.as_of)}.")
    said = f"Decision {row.id}, {long_date(row['date'])}, by {row.text('decided_by')}: {row.text('choice')}."
    return Reason(row["choice"] == "go on", said)


def _latest_decision(book: Workbook, stage: int) -> Row | None:
    rows = [row for row in book.register("decisions").rows if row["stage"] == stage and row["choice"]]
    rows = [row for row in rows if row["choice"] != "other"]
    return max(rows, key=lambda one: (one["date"] is not None, one["date"], one.number)) if rows else None


def _data_quality(book: Workbook) -> Reason:
    if not book.has_result(3, "quality_decision"):
        return Reason(False, "Data quality: waits for stage 3 to compare the audit with the limits.", waits=True)
    verdict = quality_verdict(book.result(3, "quality_decision"))
    return Reason(verdict == "go on", f"Data quality against the limits set: {verdict}.")


def quality_verdict(value: object) -> str:
    """`go on`, `improve first` or `stop`, from what stage 3 recorded: the text itself or a dict with a `decision`."""
    if isinstance(value, dict):
        value = value.get("decision", "")
    return str(value).strip().lower() if isinstance(value, str) else "not readable"


def _no_risk_too_high(book: Workbook) -> Reason:
    too_high = [entry.id for entry in book.risks() if entry.register == "risks" and entry.too_high]
    if too_high:
        return Reason(False, f"The risk register says these risks are too high to go on: {listed(too_high)}.")
    if not book.register("risks").complete_rows:
        return Reason(False, "The risk register holds no complete risk yet.")
    return Reason(True, "No risk in the register is too high to go on.")


def _required(requirement) -> Reason:
    said = f"{requirement.title}, because {requirement.why}: {requirement.says}."
    return Reason(bool(requirement.met), said, requirement.waits)


def _accountable(book: Workbook) -> Reason:
    rows = book.register("governance").complete_rows
    assurers = {plain(row.text("name")) for row in rows if row["role"] == "assurer"}
    both = sorted(row.text("name") for row in rows if row["role"] == "analyst" and plain(row.text("name")) in assurers)
    if both:
        return Reason(False, f"{listed(both)} cannot be both analyst and assurer.")
    missing = [
        role for role in ("accountable owner", "analyst", "assurer") if not any(row["role"] == role for row in rows)
    ]
    if missing:
        return Reason(False, f"Nobody is named in the governance register as {listed(missing)}.")
    return Reason(True, "The accountable owner, the analysts and an assurer who is not one of them are named.")


def _signed(book: Workbook, stage: int, about: str) -> Reason:
    sign_off = latest(book.sign_offs(), stage, SENIOR_ROLES)
    if sign_off is None:
        return Reason(False, f"No senior leader has signed off {about} (stage {stage}).")
    if not sign_off.counts:
        return Reason(False, f"The sign-off of {about} by {sign_off.name} does not count: {sign_off.why_not}.")
    changed = f" Changed since sign-off: {'; '.join(sign_off.changed)}." if sign_off.changed else ""
    return Reason(True, f"{about[0].upper()}{about[1:]}: {sign_off.sentence}.{changed}")


def _validated(book: Workbook) -> Reason:
    rows: list[Row] = book.register("validation").complete_rows
    outside = [row for row in rows if row["outside_team"] == "yes" and plain(row.text("who")) not in book.analysts()]
    if not outside:
        return Reason(False, "Nobody from outside the team has validated the tool.")
    row = max(outside, key=lambda one: (one["date"], one.number))
    said = f"Validated from outside by {row.text('who')}, {row.text('organisation')}, on {long_date(row['date'])}"
    return Reason(row["concluded"] != "not fit for use", f"{said}: {row.text('concluded')}.")


def _passed_before(book: Workbook, stage: int) -> Reason:
    gate = book.gate(stage)
    return Reason(gate.passed, f"The gate of stage {stage} is {'passed' if gate.passed else 'not passed'}.", gate.waits)
