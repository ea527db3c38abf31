"""Everything a reviewer would send back, in one list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import EvidenceError, long_date
from evidence.workbook.actions import Action
from evidence.workbook.periods import FOLDER
from evidence.workbook.words import count_of, listed, plain

if TYPE_CHECKING:
    from evidence.workbook.book import Workbook

UNREADABLE, TEMPLATE, CONTRADICTION = "cannot be read", "template text left in", "contradictory"
OVERDUE, NO_OWNER, SIGN_OFF = "overdue", "without an owner", "sign-off that does not count"
LEADS_NOWHERE, UNANSWERED, WAITING = "leads nowhere", "not settled", "waiting for a run"
KINDS = (UNREADABLE, CONTRADICTION, OVERDUE, SIGN_OFF, NO_OWNER, LEADS_NOWHERE, TEMPLATE, UNANSWERED, WAITING)

# Who may see the data is settled where the tool is designed (action 5.12).
_ACCESS_STAGE = 5
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"\b(?:workbook|reference|data|src|tests|packs|notebooks)/[\w./-]*\w")


@dataclass(frozen=True)
class Finding:
    """One thing to put right. `stage` is 0 where it belongs to no single stage."""

    kind: str
    stage: int
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def review(book: Workbook) -> list[Finding]:
    """The findings, by kind as in KINDS, then by stage and place."""
    found = [
        *_unreadable(book),
        *_contradictions(book),
        *_overdue(book),
        *_sign_offs(book),
        *_without_owner(book),
        *_lead_nowhere(book),
        *_template_text(book),
        *_not_settled(book),
    ]
    return sorted(dict.fromkeys(found), key=lambda one: (KINDS.index(one.kind), one.stage))


# What cannot be read ---------------------------------------------------------------------------------------------


def _unreadable(book: Workbook) -> Iterator[Finding]:
    for name, info in book.reference.registers.items():
        for problem in book.register(name).problems:
            yield Finding(UNREADABLE, info.stage, problem.where, f"{problem.what} {problem.remedy}")
    pages = [problem for document in book.documents() for problem in document.problems]
    for problem in (*book.page_problems(), *pages, *book.triage().problems):
        yield Finding(UNREADABLE, _stage_of(problem.file), problem.where, f"{problem.what} {problem.remedy}")
    yield from _files_nobody_reads(book)
    yield from _access(book)


def _files_nobody_reads(book: Workbook) -> Iterator[Finding]:
    known = {info.file for info in book.reference.registers.values()}
    known |= {info.file for info in book.reference.questions.values()}
    known |= {info.file for info in book.reference.documents.values()}
    for path in sorted(book.project.path("workbook").rglob("*")):
        name = book.project.relative(path)
        if path.name.startswith(("~$", ".")) or path.name == "README.md" or not path.is_file():
            continue
        if path.parent == book.project.path(*FOLDER):
            continue
        if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
            yield Finding(
                UNREADABLE, _stage_of(name), name, "a workbook of a spreadsheet program is not read. Save it as CSV."
            )
        elif path.suffix.lower() == ".csv" and name not in known:
            yield Finding(
                UNREADABLE, _stage_of(name), name, "no register has this name, so it is not read. Rename or remove it."
            )


def _access(book: Workbook) -> Iterator[Finding]:
    """What keeps people who are listed from the council's data, before they find out when they need it."""
    from evidence.data.access.people import WHERE, people

    try:
        listed = people(book.project)
    except EvidenceError as error:
        yield Finding(UNREADABLE, _ACCESS_STAGE, error.where, f"{error.what} {error.remedy}")
        return
    for one in listed:
        if one.lacks:
            words = f"{' and '.join(one.lacks)} must be filled in. Until then this row opens no data of the council."
            yield Finding(UNREADABLE, _ACCESS_STAGE, f"{WHERE}, row {one.line}", words)


def _stage_of(file: str) -> int:
    found = re.match(r"workbook/(\d\d)_", file)
    return int(found.group(1)) if found else 0


# What contradicts itself -----------------------------------------------------------------------------------------


def _contradictions(book: Workbook) -> Iterator[Finding]:
    facts, maturity = book.project.facts, book.maturity()
    if maturity.consistent is False:
        yield Finding(CONTRADICTION, 2, "workbook/02_capability_assessment/maturity.csv", maturity.sentence)
    for question, words in book.triage_contradictions().items():
        yield Finding(CONTRADICTION, 4, f"workbook/ethics_triage.csv, {question}", f"{words}. It counts as unanswered.")
    chosen = book.answer("1.09")
    if chosen.choice and chosen.choice != facts.analytics_type:
        yield Finding(
            CONTRADICTION, 1, chosen.where, f"the answer is {chosen.choice}, project.toml says {facts.analytics_type}."
        )
    yield from _triage_against_workbook(book)
    yield from _people(book)
    yield from _decisions(book)


def _triage_against_workbook(book: Workbook) -> Iterator[Finding]:
    built = book.answer("3.12").choice
    supplier = book.triage_answer("T18")
    if built and supplier and (built == "in-house") != (supplier == "in-house"):
        words = f'answered "{supplier}", but answer 3.12 says {built}.'
        yield Finding(CONTRADICTION, 4, "workbook/ethics_triage.csv, T18", words)
    used = next((one.met for one in book.maturity().preconditions if one.id == "P5"), "")
    if book.triage_answer("T6") == "yes" and used in ("no", "partly"):
        words = f'answered "yes", but the preconditions in stage 2 say {used}.'
        yield Finding(CONTRADICTION, 4, "workbook/ethics_triage.csv, T6", words)
    plan = book.register("engagement_plan").rows + book.register("log_1").rows
    if book.triage_answer("T17") == "yes" and not plan:
        words = "says that those concerned are engaged, but no engagement is recorded in stage 1 or 5."
        yield Finding(CONTRADICTION, 4, "workbook/ethics_triage.csv, T17", words)
    for entry in book.risks():
        if entry.register == "risks" and entry.too_high and entry.status == "accepted":
            yield Finding(
                CONTRADICTION, 4, f"workbook/risks.csv, {entry.id}", "too high to go on, and accepted all the same."
            )


def _people(book: Workbook) -> Iterator[Finding]:
    where = "workbook/04_ethics_triage/governance.csv"
    rows = book.register("governance").complete_rows
    assurers = {plain(row.text("name")) for row in rows if row["role"] == "assurer"}
    for name in sorted(assurers & book.analysts()):
        row = next(row for row in rows if plain(row.text("name")) == name)
        yield Finding(CONTRADICTION, 4, where, f"{row.text('name')} is both analyst and assurer.")
    owners = [row for row in rows if row["role"] == "accountable owner"]
    wanted = plain(book.project.facts.accountable_owner)
    if owners and not any(_same_person(wanted, row.text("name"), row.text("job_title")) for row in owners):
        words = f"the accountable owner is {owners[0].text('name')}, project.toml says somebody else."
        yield Finding(CONTRADICTION, 4, where, words)


def _same_person(wanted: str, *known: str) -> bool:
    names = [plain(name) for name in known if name]
    return any(name in wanted or wanted in name for name in names)


def _decisions(book: Workbook) -> Iterator[Finding]:
    for row in book.register("decisions").rows:
        stage = int(row["stage"] or 0)
        later = book.register("decisions").rows
        overtaken = any(
            one["stage"] == stage and one["date"] and row["date"] and one["date"] > row["date"] for one in later
        )
        begun = [info.stage for info in book.reference.actions.values() if info.stage > stage and _begun(book, info.id)]
        if row["choice"] == "stop" and not overtaken and begun:
            words = f"{row.id} says to stop, but stage {min(begun)} has been begun."
            yield Finding(CONTRADICTION, stage, f"workbook/decisions.csv, row {row.number}", words)


def _begun(book: Workbook, action: str) -> bool:
    info = book.reference.actions[action]
    return info.expected in ("register", "answer", "document") and book.action(action).state in ("done", "in progress")


# What is late, ownerless, expired or leads nowhere ---------------------------------------------------------------


def _overdue(book: Workbook) -> Iterator[Finding]:
    for entry in book.risks():
        if entry.overdue:
            words = f"{entry.id} was to be looked at again by {long_date(entry.review_on)}."
            yield Finding(OVERDUE, entry.stage or 0, f"workbook/{entry.register}.csv, row {entry.row.number}", words)
    for row in book.overdue_reviews():
        words = f"the review {row.id} ({row.text('kind')}) was due on {long_date(row['due'])}."
        yield Finding(OVERDUE, 9, f"{book.register('reviews').where}, row {row.number}", words)
    late = (
        ("improvement_plan", "due", lambda row: row["status"] != "done", "was due on"),
        ("publication", "date", lambda row: row["done"] != "yes", "was planned for"),
        ("oversight_group", "term_ends", lambda row: True, "served until"),
    )
    for name, column, counts, words in late:
        register = book.register(name)
        for row in register.rows:
            if row[column] and row[column] < book.as_of and counts(row):
                yield Finding(
                    OVERDUE,
                    register.info.stage,
                    f"{register.where}, row {row.number}",
                    f"{row.id} {words} {long_date(row[column])}.",
                )


def _sign_offs(book: Workbook) -> Iterator[Finding]:
    standing = book.sign_offs()
    for position, one in enumerate(standing):
        where = f"workbook/sign_offs.csv, {one.id}"
        overtaken = any(later.stage == one.stage and later.role == one.role for later in standing[position + 1 :])
        if overtaken:
            continue
        if not one.counts:
            yield Finding(SIGN_OFF, one.stage or 0, where, f"{one.why_not}.")
        elif one.changed:
            yield Finding(SIGN_OFF, one.stage or 0, where, f"changed since sign-off: {'; '.join(one.changed)}.")
        elif one.changed is None:
            words = "what was signed is not recorded, so nobody can tell whether it changed since."
            yield Finding(SIGN_OFF, one.stage or 0, where, words)


def _without_owner(book: Workbook) -> Iterator[Finding]:
    for name, info in book.reference.registers.items():
        if "owner" not in info.column_names:
            continue
        register = book.register(name)
        for row in register.rows:
            if not row.text("owner") and not row.not_applicable:
                yield Finding(NO_OWNER, info.stage, f"{register.where}, row {row.number}", f"{row.id} has no owner.")


def _lead_nowhere(book: Workbook) -> Iterator[Finding]:
    for entry in book.risks():
        if entry.leads_nowhere:
            where = f"workbook/{entry.register}.csv, row {entry.row.number}, column linked"
            yield Finding(
                LEADS_NOWHERE, entry.stage or 0, where, f"no register holds {listed(list(entry.leads_nowhere), 'or')}."
            )
    for where, stage, text in _texts(book):
        for target in (*_LINK.findall(text), *_PATH.findall(text)):
            if not _is_there(book, where.partition("#")[0], target):
                yield Finding(LEADS_NOWHERE, stage, where, f"there is no {target}.")


def _texts(book: Workbook) -> Iterator[tuple[str, int, str]]:
    for name, info in book.reference.questions.items():
        yield book.answer(name).where, info.stage, book.answer(name).text
    for document in book.documents():
        for one in document.fields:
            yield f"{document.where}#{one.heading}", document.stage, one.text
    for name, info in book.reference.registers.items():
        for row in book.register(name).rows:
            yield f"{info.file}, row {row.number}", info.stage, " ".join(row.cells.values())


def _is_there(book: Workbook, file: str, target: str) -> bool:
    if re.match(r"[a-z]+:|#", target, re.IGNORECASE):
        return True
    target = target.partition("#")[0]
    beside = Path(file.partition(",")[0]).parent
    return book.project.path(target).exists() or book.project.path(str(beside), target).exists()


# What is not settled yet -----------------------------------------------------------------------------------------


def _template_text(book: Workbook) -> Iterator[Finding]:
    for name, info in book.reference.questions.items():
        if book.answer(name).note.startswith("template text"):
            yield Finding(TEMPLATE, info.stage, book.answer(name).where, "delete the worked line beside the answer.")
    for document in book.documents():
        for one in document.fields:
            if one.note.startswith("template text"):
                where = f"{document.where}#{one.heading}"
                yield Finding(TEMPLATE, document.stage, where, "delete the worked line beside the answer.")


def _place(action: Action) -> str:
    files = [one.partition("#")[0] for one in action.where if one.startswith("workbook/")]
    return f"action {action.id} ({files[0]})" if files else f"action {action.id}"


def _not_settled(book: Workbook) -> Iterator[Finding]:
    waiting: dict[int, list[str]] = {}
    for action in book.action_states():
        if action.state == "waiting":
            waiting.setdefault(action.stage, []).append(action.id)
        elif not action.settled:
            yield Finding(UNANSWERED, action.stage, _place(action), f"{action.evidence.rstrip('.')}.")
    for stage, ids in waiting.items():
        wait = "waits" if len(ids) == 1 else "wait"
        words = f"{count_of(len(ids), 'action')} {wait} for evidence that a run records: {listed(ids)}."
        yield Finding(WAITING, stage, f"stage {stage}", words)
