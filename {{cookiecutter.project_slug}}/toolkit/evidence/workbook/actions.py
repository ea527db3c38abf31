"""Where each of the 115 actions stands. A state is read off the evidence; nobody ticks it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evidence.workbook import computed
from evidence.workbook.reference import ActionInfo
from evidence.workbook.registers import Register, Row
from evidence.workbook.requirements import breadth
from evidence.workbook.words import count_of, listed

if TYPE_CHECKING:
    from evidence.workbook.book import Workbook

NOT_STARTED, IN_PROGRESS, DONE = "not started", "in progress", "done"
NOT_APPLICABLE, WAITING = "not applicable", "waiting"
AS_TRIAGE_ASKS = "as the triage asks"
STATES = (DONE, IN_PROGRESS, WAITING, NOT_STARTED, NOT_APPLICABLE)


@dataclass(frozen=True)
class Action:
    """One action of the guidance. `evidence` says in words what its state rests on; `where` names the files."""

    id: str
    stage: int
    section: str
    action: str
    expected: str
    state: str
    evidence: str
    where: tuple[str, ...]

    @property
    def settled(self) -> bool:
        return self.state in (DONE, NOT_APPLICABLE)


@dataclass(frozen=True)
class Needs:
    """When a register is enough: `rows` complete lines of those `only` lets through, with `covers` all there."""

    rows: int = 1
    only: tuple[str, str] | None = None
    covers: tuple[str, tuple[str, ...]] | None = None
    fixed: bool = False


def read_needs(text: str) -> Needs:
    """`rows 3; only kind = shadowing; covers kind = a | b; fixed rows` as it stands in `reference/guidance.csv`."""
    found: dict = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        word, _, rest = part.partition(" ")
        if word == "rows":
            found["rows"] = int(rest)
        elif word == "fixed":
            found["fixed"] = True
        elif word in ("only", "covers"):
            column, _, values = (piece.strip() for piece in rest.partition("="))
            found[word] = (column, values) if word == "only" else (column, tuple(v.strip() for v in values.split("|")))
        else:
            raise ValueError(part)
    return Needs(**found)


def work_out(book: Workbook, info: ActionInfo) -> Action:
    """The action with its state. Several pieces of evidence have to hold together."""
    if reason := _out_of_scope(book, info.applies_to):
        return _action(info, NOT_APPLICABLE, reason)
    found = [_piece(book, info, evidence) for evidence in info.evidence]
    return _action(
        info, _together([state for state, _ in found]), "; ".join(dict.fromkeys(words for _, words in found))
    )


def _action(info: ActionInfo, state: str, words: str) -> Action:
    return Action(info.id, info.stage, info.section, info.action, info.expected, state, words, info.evidence)


def _together(states: list[str]) -> str:
    kinds = set(states)
    if kinds <= {DONE, NOT_APPLICABLE}:
        return DONE if DONE in kinds else NOT_APPLICABLE
    if kinds <= {DONE, NOT_APPLICABLE, WAITING}:
        return WAITING
    return NOT_STARTED if kinds <= {NOT_STARTED, WAITING} else IN_PROGRESS


def _out_of_scope(book: Workbook, applies_to: str) -> str:
    if applies_to == "predictive" and book.project.facts.analytics_type != "predictive":
        return f"only for predictive tools; this one is {book.project.facts.analytics_type} (project.toml)"
    if applies_to == "third party" and book.answer("3.12").choice == "in-house":
        return "built in-house (answer 3.12)"
    return ""


def _piece(book: Workbook, info: ActionInfo, evidence: str) -> tuple[str, str]:
    kind, _, name = evidence.partition(":")
    if kind == "result":
        stage, _, result = name.partition("/")
        if book.has_result(int(stage), result):
            return DONE, f"recorded in stage {stage}"
        return _not_recorded(book, info, int(stage))
    if kind == "document":
        return _document(book, name)
    if kind == "gate":
        return _gate(book, int(name))
    if kind == "computed":
        return computed.WAYS[name](book)
    if "#" in evidence:
        return _answer(book, evidence.rpartition("#")[2])
    return register_state(book.register_at(evidence), _for_this_tool(book, read_needs(info.needs)))


def _not_recorded(book: Workbook, info: ActionInfo, stage: int) -> tuple[str, str]:
    """A run helps where the stage has not run yet; where it has, or has nothing to go by, people have to."""
    if info.rests_on and book.results is not None and book.results.finished(stage):
        return NOT_STARTED, f"stage {stage} has run without it; it needs {info.rests_on}"
    needed = f"; it needs {info.rests_on}" if info.rests_on else ""
    return WAITING, f"waits for {info.waits_for}, which stage {stage} records when it runs{needed}"


def _for_this_tool(book: Workbook, needs: Needs) -> Needs:
    """The groups that engagement has to reach depend on the outcome of the triage."""
    if not needs.covers or needs.covers[1] != (AS_TRIAGE_ASKS,):
        return needs
    return replace(needs, covers=(needs.covers[0], breadth(book)))


def _answer(book: Workbook, name: str) -> tuple[str, str]:
    answer = book.answer(name if "." in name else f"Q{name}")
    label = f"question {name}" if "." not in name else f"answer {name}"
    if answer.state == "answered":
        return DONE, f"{label} is written" + (f": {answer.choice}" if answer.choice else "")
    if answer.state == "not applicable":
        return NOT_APPLICABLE, answer.note
    if answer.text:
        return IN_PROGRESS, f"{label}: {answer.note}"
    return NOT_STARTED, f"{label} is blank"


def _document(book: Workbook, name: str) -> tuple[str, str]:
    document = book.document(name)
    if document.not_applicable:
        if name == "dpia" and any(one.name == "dpia" and one.required for one in book.requirements()):
            return IN_PROGRESS, "this assessment cannot be left out here"
        return NOT_APPLICABLE, document.not_applicable
    if document.state == "done":
        return DONE, f"{document.title}: every field is written"
    if document.state == "not started":
        return NOT_STARTED, f"{document.title}: blank"
    return IN_PROGRESS, f"{document.title}: {count_of(len(document.open_fields), 'field')} open"


def _gate(book: Workbook, stage: int) -> tuple[str, str]:
    gate = book.gate(stage)
    if gate.passed:
        return DONE, f"the gate of stage {stage} is passed"
    still = len(gate.open_reasons)
    words = f"{still} of {count_of(len(gate.reasons), 'condition')} of the gate not met"
    if gate.waits:
        return WAITING, f"{words}: all wait for a run to record more evidence"
    own = [reason for reason in gate.reasons if reason.text.startswith(("Decision", "The sign-off"))]
    return (IN_PROGRESS, words) if own or still == 1 else (NOT_STARTED, words)


def register_state(register: Register, needs: Needs) -> tuple[str, str]:
    """(state, words) of a register measured against what an action needs of it."""
    name = register.where.rpartition("/")[2]
    if register.not_applicable:
        return NOT_APPLICABLE, register.not_applicable
    rows = register.rows
    if needs.only:
        rows = [row for row in rows if row[needs.only[0]] == needs.only[1]]
        name = f"{name}, {needs.only[1]}"
    if needs.fixed:
        rows = [row for row in rows if row.id in register.info.fixed_rows]
    excused = [row for row in rows if row.not_applicable]
    rows = [row for row in rows if not row.not_applicable]
    if not rows:
        return (
            (NOT_APPLICABLE, excused[0].not_applicable)
            if excused and not needs.covers
            else (NOT_STARTED, f"{name}: no lines")
        )
    complete = [row for row in rows if row.complete]
    if lacking := _lacking(register, needs, rows, complete, excused):
        return IN_PROGRESS, f"{name}: {lacking}"
    return DONE, f"{name}: {count_of(len(complete), 'line')}"


def _lacking(register: Register, needs: Needs, rows: list[Row], complete: list[Row], excused: list[Row]) -> str:
    if needs.fixed and (
        missing := [one for one in register.info.fixed_rows if one not in {row.id for row in complete}]
    ):
        return f"{listed(missing)} not complete"
    if len(complete) < len(rows):
        first = next(row for row in rows if not row.complete)
        gaps = listed([name.replace("_", " ") for name in first.missing])
        return f"row {first.number} lacks {gaps}"
    if needs.covers:
        column, wanted = needs.covers
        here = {row.text(column) for row in (*complete, *excused)}
        if missing := [value for value in wanted if value not in here]:
            return f"nothing yet about {listed(missing)}"
    if len(complete) < needs.rows:
        return f"{count_of(len(complete), 'line')}, {needs.rows} needed"
    return ""
