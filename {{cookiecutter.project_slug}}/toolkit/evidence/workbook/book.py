"""The workbook of one project: everything people wrote, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import Project, read_text, shown_parameters
from evidence.results import Results, headline_text
from evidence.workbook import actions, gates, linked, signoffs
from evidence.workbook import verdict as verdicts
from evidence.workbook.actions import STATES, Action
from evidence.workbook.answers import Answer, Document, read_answers, read_document
from evidence.workbook.computed import improves_on_today
from evidence.workbook.concluded import Concluded
from evidence.workbook.gates import Gate
from evidence.workbook.linked import Entry, ScopeChange
from evidence.workbook.maturity import Maturity, read_maturity
from evidence.workbook.reference import Reference
from evidence.workbook.registers import Register, Row, read_register
from evidence.workbook.requirements import Requirement, requirements
from evidence.workbook.sheet import Problem
from evidence.workbook.signoffs import SignOff
from evidence.workbook.thresholds import Threshold, ThresholdCheck, check_thresholds, read_thresholds
from evidence.workbook.triage import Triage, read_triage
from evidence.workbook.verdict import Verdict
from evidence.workbook.words import plain

if TYPE_CHECKING:
    import pandas as pd

_OUTPUT_ABOUT = {"area": "area or service", "cohort": "small cohort", "individual": "individual child or family"}
# What is kept of a file as it is, whatever the run's results are.
_AS_READ = ("register", "page", "document")
_MATURITY_ANSWER = {"high": "high", "medium": "mixed", "low": "low on every component"}


@dataclass(frozen=True)
class Costs:
    """What the tool costs in pounds: in all, by year, by heading, and by both."""

    total: float
    by_year: dict[str, float]
    by_heading: dict[str, float]
    by_both: dict[tuple[str, str], float]


class Workbook:
    """Reads each file of `workbook/` when it is first needed, and never writes one.

    `as_of` is the day that overdue dates, sign-offs and decisions are counted against.
    """

    def __init__(
        self,
        project: Project,
        results: Results | None = None,
        as_of: date | None = None,
        concluded: Concluded | None = None,
    ) -> None:
        self.project = project
        self.results = results
        self.as_of = as_of or date.today()
        self.reference = Reference(project)
        self._concluded = concluded
        self._kept: dict[tuple, object] = {}
        self._read: list[Path] = []

    def again(self) -> Workbook:
        """What people wrote as it was read here; all that follows from it and from results is worked out anew."""
        book = Workbook(self.project, self.results, self.as_of, self._concluded)
        book.reference, book._read = self.reference, self._read
        book._kept = {key: kept for key, kept in self._kept.items() if key[0] in _AS_READ}
        return book

    def _once(self, key: tuple, make):
        """What `make` gives, worked out the first time and then kept."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def _note(self, path: Path) -> Path:
        if path not in self._read:
            self._read.append(path)
        return path

    @property
    def files_read(self) -> list[Path]:
        """Every file read so far that exists, in order of name: what the answers so far rest on."""
        return sorted(path for path in (*self._read, *self.reference.files_read) if path.is_file())

    # What people wrote -------------------------------------------------------------------------------------------

    def register(self, name: str) -> Register:
        """The register of that name, for example "stakeholders", "risks" or "log_1"."""
        info = self.reference.registers[name]
        return self._once(("register", name), lambda: read_register(self._note(self.project.path(info.file)), info))

    def register_at(self, file: str) -> Register:
        """The register kept in `file`, as `reference/guidance.csv` names it."""
        return self.register(next(name for name, info in self.reference.registers.items() if info.file == file))

    def registers(self, stage: int) -> list[Register]:
        """The registers of a stage: those in its own folder and those that its actions rest on."""
        names = [name for name, info in self.reference.registers.items() if info.stage == stage]
        for info in self.reference.actions.values():
            names += [
                self.register_at(one).name for one in info.evidence if info.stage == stage and one.endswith(".csv")
            ]
        return [self.register(name) for name in dict.fromkeys(names)]

    def _page(self, file: str) -> tuple[dict[str, Answer], list[Problem]]:
        def read() -> tuple[dict[str, Answer], list[Problem]]:
            infos = [one for one in self.reference.questions.values() if one.file == file]
            answers, problems = read_answers(self._note(self.project.path(file)), file, infos)
            return {answer.id: answer for answer in answers}, problems

        return self._once(("page", file), read)

    def answer(self, identifier: str) -> Answer:
        """One answer, by an action's id ("1.04") or a question of the ethics workbook ("Q3")."""
        return self._page(self.reference.questions[identifier].file)[0][identifier]

    def page_problems(self) -> list[Problem]:
        """What is wrong with the pages of answers: headings that are missing, doubled or unknown."""
        files = dict.fromkeys(info.file for info in self.reference.questions.values())
        return [problem for file in files for problem in self._page(file)[1]]

    def questions(self, stage: int) -> list[Answer]:
        """The questions of a stage: its own first, then those of the ethics workbook."""
        infos = [info for info in self.reference.questions.values() if info.stage == stage]
        return [self.answer(info.id) for info in sorted(infos, key=lambda info: (info.id[0] == "Q", infos.index(info)))]

    def ethics_questions(self) -> list[Answer]:
        """The fifteen questions of the ethics workbook, in order."""
        return [self.answer(name) for name in self.reference.questions if name[0] == "Q"]

    def document(self, name: str) -> Document:
        """One of the eight documents by name: business_case, dpia, eia, cria, tool_card, ..."""
        info = self.reference.documents[name]
        return self._once(("document", name), lambda: read_document(self._note(self.project.path(info.file)), info))

    def documents(self, stage: int | None = None) -> list[Document]:
        """The documents of a stage, or all eight."""
        return [self.document(name) for name, info in self.reference.documents.items() if stage in (None, info.stage)]

    # What the stages recorded ------------------------------------------------------------------------------------

    def has_result(self, stage: int, name: str) -> bool:
        """Whether the run's stage recorded a result of that name."""
        return self.results is not None and self.results.has(stage, name)

    def result(self, stage: int, name: str) -> object:
        """What the run's stage recorded under that name."""
        return self._once(("result", stage, name), lambda: self.results.read(stage, name))

    def concluded(self, stage: int, name: str, question: str, conclude: Callable[[object], Sequence]) -> list:
        """What `conclude` says of a recorded result: plain values, kept under the question for the next command."""
        if self._concluded is None:
            return list(conclude(self.result(stage, name)))
        digest = self.results.digest(stage, name)
        return self._concluded.get(question, digest, lambda: list(conclude(self.result(stage, name))))

    def conclude(self) -> None:
        """Works out all that is `concluded` from recorded results."""
        self.thresholds_met()
        improves_on_today(self)

    def headlines(self, stage: int) -> list[dict]:
        """The figures that the run's stage puts first, as `Results.headlines` gives them; empty without a run."""
        return self.results.headlines(stage) if self.results is not None else []

    # What follows ------------------------------------------------------------------------------------------------

    def analysts(self) -> set[str]:
        """The names of the analysts, as names are compared."""
        return {plain(row.text("name")) for row in self.register("governance").rows if row["role"] == "analyst"}

    def maturity(self) -> Maturity:
        """Components, level, what it permits, and whether the tool's own type is permitted."""
        return self._once(
            ("maturity",),
            lambda: read_maturity(
                self.reference.maturity,
                self.register("maturity"),
                self.register("predictive_preconditions"),
                self.register("improvement_plan"),
                self.project.facts.analytics_type,
            ),
        )

    def triage_answer(self, identifier: str) -> str:
        """The answer to one triage question as it counts; empty where unanswered."""
        return next(answer.answer for answer in self.triage().answers if answer.id == identifier)

    def triage(self) -> Triage:
        """The ethics triage with its outcome, reasons, themes and override."""

        def read() -> Triage:
            change = self.scope_change()
            return read_triage(
                self.register("ethics_triage"),
                self.register("triage_override"),
                self.reference.triage_rules,
                {row["id"]: row["question"] for row in self.reference.triage_questions},
                self.triage_contradictions(),
                self.analysts(),
                (change.day or self.as_of) if change else None,
            )

        return self._once(("triage",), read)

    def triage_contradictions(self) -> dict[str, str]:
        """Triage answers that contradict what the project says elsewhere: question id to words."""
        facts = self.project.facts
        says = {
            "T1": (facts.analytics_type, "project.toml says the tool is"),
            "T2": (_OUTPUT_ABOUT[facts.output_about], "project.toml says an output is about"),
            "T5": (_MATURITY_ANSWER.get(self.maturity().level, ""), "the assessment in stage 2 says maturity is"),
        }
        found = {}
        for row in self.register("ethics_triage").rows:
            expected, words = says.get(row.id.upper(), ("", ""))
            given = plain(row.cells.get("answer", ""))
            if expected and given and given.rstrip(".") != plain(expected) and self._is_an_answer(row, given):
                found[row.id.upper()] = f'answered "{row.cells["answer"]}", but {words} {expected}'
        return found

    def _is_an_answer(self, row: Row, given: str) -> bool:
        allowed = self.reference.triage_rules["question"][row.id.upper()]["answers"]
        return given.rstrip(".") in {plain(option["answer"]) for option in allowed}

    def scope_change(self) -> ScopeChange | None:
        """The latest change of scope in the change log, if there is one."""
        return linked.latest_scope_change(self.register("changes"))

    def requirements(self) -> list[Requirement]:
        """What the triage makes necessary, and whether it is there."""
        return self._once(("requirements",), lambda: requirements(self))

    def thresholds(self) -> list[Threshold]:
        """What testing has to reach, as stage 5 fixed it."""
        return read_thresholds(self)

    def thresholds_met(self) -> list[ThresholdCheck]:
        """Each threshold beside what stage 7 measured, and whether it is met."""
        return check_thresholds(self)

    def limitations(self) -> list[str]:
        """What the tests could not judge, in words: for each threshold the groups that are too small."""
        return [check.limitation for check in check_thresholds(self) if check.limitation]

    def costs(self) -> Costs:
        """Totals of `costs.csv` in pounds."""
        by_year: dict[str, float] = {}
        by_heading: dict[str, float] = {}
        by_both: dict[tuple[str, str], float] = {}
        for row in self.register("costs").complete_rows:
            year, heading, pounds = row.text("year"), row.text("heading"), row["pounds"]
            by_year[year] = by_year.get(year, 0) + pounds
            by_heading[heading] = by_heading.get(heading, 0) + pounds
            by_both[year, heading] = by_both.get((year, heading), 0) + pounds
        return Costs(sum(by_year.values()), dict(sorted(by_year.items())), by_heading, by_both)

    def risks(self) -> list[Entry]:
        """Every line of risks, decisions, assumptions, limitations and changes, worst first."""

        def read() -> list[Entry]:
            registers = {name: self.register(name) for name in linked.LINKED}
            return linked.entries(registers, self._known_ids(registers), self.as_of)

        return self._once(("risks",), read)

    def _known_ids(self, registers: dict[str, Register]) -> set[str]:
        known = {f"T{number}" for number in range(1, 19)} | {f"Q{number}" for number in range(1, 16)}
        return known | {row.id.upper() for register in registers.values() for row in register.rows}

    def overdue_reviews(self) -> list[Row]:
        """The planned reviews of stage 9 whose day has passed and that are not done."""
        rows = self.register("reviews").rows
        return [row for row in rows if row["due"] and row["due"] < self.as_of and row["done_on"] is None]

    def sign_offs(self) -> list[SignOff]:
        """Every sign-off, oldest first, with whether it counts and whether something changed since."""

        def read() -> list[SignOff]:
            change = self.scope_change()
            return signoffs.read_sign_offs(
                self.register("sign_offs"),
                self.as_of,
                self.analysts(),
                (change.day or self.as_of) if change else None,
                self._signed_text,
                self._changed_since,
            )

        return self._once(("sign_offs",), read)

    def _signed_text(self, digest: str) -> str | None:
        """The list of what was signed that has this digest; None where it is not there."""
        path = self._note(self.project.path("workbook", "signed", signoffs.record_name(digest)))
        return read_text(path) if path.is_file() else None

    def _changed_since(self, stage: int, digest: str, signed: str | None) -> tuple[str, ...] | None:
        """What differs now from what was signed, in words; None where it cannot be known."""
        if signed is None and self.results is None:
            return None
        return signoffs.changed_since(self.record(stage), digest, signed, self._is_known)

    def _is_known(self, part: str) -> bool:
        """Whether the run at hand can say anything about a part of what was signed; without one it has no figures."""
        if part.startswith(signoffs.PARAMETER):
            return bool(self.results and self.results.parameters)
        found = re.match(rf"{signoffs.FIGURE}(\d+)", part)
        number = int(found.group(1)) if found else 7 if part.startswith(signoffs.THRESHOLD) else 0
        return not number or bool(self.results and self.results.finished(number))

    def record(self, stage: int) -> dict[str, str]:
        """What a sign-off of this stage covers: {part: SHA-256 of what it says}, the sign-offs themselves left out.

        It holds the answers, registers and documents of this stage and those before it, the facts, and from stage 4 on
        the triage, from stage 6 on the tool's own code. How a file was saved makes no difference, what it says does.
        Of the run it holds the parameters, the figures that these stages put first, and from stage 7 on what came of
        the thresholds. The day a run speaks from is left out: it moves with every run and changes nothing by itself.
        """
        return self._once(("record", stage), lambda: self._record(stage))

    def _record(self, stage: int) -> dict[str, str]:
        parts = {"project.toml": signoffs.digest_of(vars(self.project.facts))}
        for info in self.reference.questions.values():
            if info.stage <= stage:
                answer = self.answer(info.id)
                parts[answer.where] = signoffs.digest_of([answer.text, answer.state])
        for name, info in self.reference.registers.items():
            if info.stage <= stage and name != "sign_offs":
                parts[info.file] = signoffs.digest_of(self._said(self.register(name), stage))
        for name, info in self.reference.documents.items():
            if info.stage <= stage:
                document = self.document(name)
                parts[document.where] = signoffs.digest_of([[one.heading, one.text] for one in document.fields])
        if stage >= 4:
            parts["reference/triage_rules.toml"] = signoffs.digest_of(self.reference.triage_rules)
        if stage >= 6:
            tool = self.project.tool_path
            parts[self.project.relative(tool)] = signoffs.digest_of(read_text(self._note(tool)))
        return parts | {signoffs.said(*one): signoffs.digest_of(one[1]) for one in self._shown_by_the_run(stage)}

    def _shown_by_the_run(self, stage: int) -> Iterator[tuple[str, str]]:
        """What the run at hand shows of this stage and those before it: (what it is, what it says)."""
        if self.results is None:
            return
        for name, value in sorted(shown_parameters(self.results.parameters).items()):
            if name != "as_of":
                yield f"{signoffs.PARAMETER}{name}", str(value)
        finished = [
            one.number for one in self.project.stages if one.number <= stage and self.results.finished(one.number)
        ]
        for number in finished:
            for figure in self.headlines(number):
                yield f"{signoffs.FIGURE}{number} ({figure['name']}): {figure['label']}", headline_text(figure)
        if 7 in finished:
            for check in check_thresholds(self):
                if check.threshold:
                    yield f"{signoffs.THRESHOLD}{check.threshold.id}: {check.threshold.wanted}", check.outcome

    def _said(self, register: Register, stage: int) -> list:
        """The lines of a register that a sign-off of `stage` covers: of a shared one, those of stages up to it."""
        shared = "stage" in register.info.column_names
        rows = [row for row in register.rows if not shared or row["stage"] is None or row["stage"] <= stage]
        names = register.info.column_names
        return [register.not_applicable, sorted([row.id, *(row.text(name) for name in names[1:])] for row in rows)]

    # Where it all stands -----------------------------------------------------------------------------------------

    def action(self, identifier: str) -> Action:
        """One of the 115 actions, by its id."""
        info = self.reference.actions[identifier]
        return self._once(("action", identifier), lambda: actions.work_out(self, info))

    def action_states(self, stage: int | None = None) -> list[Action]:
        """The actions of a stage (or all 115) with their states."""
        return [self.action(name) for name, info in self.reference.actions.items() if stage in (None, info.stage)]

    def actions(self, stage: int) -> pd.DataFrame:
        """One row an action of the stage: id, section, action, expected, state, evidence (words)."""
        import pandas as pd

        columns = ["id", "section", "action", "expected", "state", "evidence"]
        rows = [[getattr(action, name) for name in columns] for action in self.action_states(stage)]
        return pd.DataFrame(rows, columns=columns, dtype="str")

    def counts(self) -> dict[int, dict[str, int]]:
        """Actions by state for each stage, all states named: {7: {"done": 3, "in progress": 1, ...}}."""
        table = {stage.number: dict.fromkeys(STATES, 0) for stage in self.project.stages}
        for action in self.action_states():
            table[action.stage][action.state] += 1
        return table

    def gate(self, stage: int) -> Gate:
        """The gate of a stage, with its reasons one by one; `exists` is False where a stage has none."""
        return self._once(("gate", stage), lambda: gates.work_out(self, stage))

    def verdict(self) -> Verdict:
        """What a pack made now may call itself, and what must not be done yet."""
        return self._once(("verdict",), lambda: verdicts.work_out(self))


def open_workbook(
    project: Project, results: Results | None = None, as_of: date | None = None, concluded: Concluded | None = None
) -> Workbook:
    """The workbook of a project. `results` are those of one run, or None; `as_of` is today unless given.

    concluded: what was worked out from recorded tables before, where a command need not read them again.
    """
    return Workbook(project, results, as_of, concluded)
