"""Where the tool stands, as the front page tells it: taken from the workbook, in plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evidence.project import Project, long_date

if TYPE_CHECKING:
    from datetime import date

    from evidence.workbook import Entry, SignOff, Workbook

_MOST_ROWS = 15
REGISTERS = {
    "risks": "Risk",
    "decisions": "Decision",
    "assumptions": "Assumption",
    "limitations": "Limitation",
    "changes": "Change",
}


@dataclass(frozen=True)
class Table:
    """A small table: heads, rows of text, and how many more rows there are."""

    heads: tuple[str, ...]
    rows: list[list[str]]
    more: int = 0


@dataclass(frozen=True)
class StageStanding:
    """One stage in words: its actions, its gate, who decides it, since when, and which conditions are open.

    `condition` is that of the approval, `missing` what holds the gate up; `agreed` says who approved it in a sentence.
    """

    number: int
    actions: str
    gate: str
    owner: str = ""
    day: str = ""
    agreed: str = ""
    condition: str = ""
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """What the front page says of the tool. `open_questions` holds (stage number, questions without an answer)."""

    stamp: str
    sentence: str
    must_not: list[str]
    stages: dict[int, StageStanding]
    risks: Table
    limitations: list[str]
    sign_offs: Table
    open_questions: list[tuple[int, list[str]]]
    thresholds: Table = field(default_factory=lambda: Table((), []))


def standing_of(project: Project, book: Workbook, draft: bool) -> Standing:
    """What the workbook says. `draft` makes it a draft whatever has been signed."""
    verdict = book.verdict()
    stamp, sentence = verdict.stamp, verdict.sentence
    if draft and not stamp.startswith("DRAFT"):
        stamp, sentence = "DRAFT", f"This pack was made as a draft and is not to be relied on: {sentence}"
    return Standing(
        stamp=stamp,
        sentence=sentence,
        must_not=list(verdict.must_not),
        stages={stage.number: _stage(book, stage.number) for stage in project.stages},
        risks=_risks(entry for entry in book.risks() if entry.open),
        limitations=book.limitations(),
        sign_offs=_sign_offs(book.sign_offs()),
        open_questions=[
            (stage.number, texts)
            for stage in project.stages
            if (texts := [one.question for one in book.questions(stage.number) if one.state == "unanswered"])
        ],
        thresholds=_thresholds(book),
    )


def _stage(book: Workbook, number: int) -> StageStanding:
    counts = book.counts()[number]
    settled = counts["done"] + counts["not applicable"]
    actions = f"{settled} of {sum(counts.values())}"
    gate = book.gate(number)
    if not gate.exists:
        return StageStanding(number, actions, "no gate")
    return StageStanding(
        number,
        actions,
        "met" if gate.passed else "not met",
        gate.owner,
        _day(gate.day) if gate.day else "not yet",
        gate.sign_off.sentence if gate.sign_off else "",
        gate.sign_off.condition if gate.sign_off else "",
        [reason.text for reason in gate.reasons if not reason.met],
    )


def _risks(entries: Iterable[Entry]) -> Table:
    """The open lines of the shared registers in the workbook's order, worst first."""
    heads = ("Line", "What it says", "Stage", "Owner", "Review by", "Standing")
    rows = [
        [
            f"{REGISTERS[entry.register]} {entry.id}",
            entry.words,
            "" if entry.stage is None else str(entry.stage),
            entry.owner or "nobody named",
            _day(entry.review_on),
            _standing(entry),
        ]
        for entry in entries
    ]
    return Table(heads, rows[:_MOST_ROWS], max(0, len(rows) - _MOST_ROWS))


def _standing(entry: Entry) -> str:
    words = [entry.status]
    if entry.too_high:
        words.append("too high to go on")
    if entry.overdue:
        words.append("review overdue")
    if entry.register == "risks":
        words.append(f"{entry.score} of 9")
    return ", ".join(words)


def _sign_offs(sign_offs: Iterable[SignOff]) -> Table:
    heads = ("Stage", "Name and role", "Date", "Decision", "Condition", "In force")
    rows = []
    for one in sign_offs:
        force = "yes" if one.counts else f"no: {one.why_not}"
        if one.changed:
            force += f"; changed since: {'; '.join(one.changed)}"
        who = ", ".join(part for part in (one.name, one.role) if part) or "nobody named"
        stage = "not given" if one.stage is None else f"Stage {one.stage}"
        rows.append([stage, who, _day(one.day), one.decision, one.condition or "none", force])
    return Table(heads, rows)


def _thresholds(book: Workbook) -> Table:
    """Each threshold of stage 5 beside what testing found; nothing where there is none to hold a figure against."""
    rows = [
        [check.threshold.id if check.threshold else "All", check.outcome, check.text] for check in book.thresholds_met()
    ]
    return Table(("Threshold", "Result", "How it stands"), rows)


def _day(day: date | None) -> str:
    return long_date(day) if day else "no date"
