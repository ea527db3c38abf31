"""What the project's own reference files say: actions, questions, registers, documents, maturity, triage.

All of it is content that a council may read and argue with; none of it is code.
"""

from __future__ import annotations

import csv
import io
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evidence.project import EvidenceError, Project, read_text


@dataclass(frozen=True)
class ActionInfo:
    """One of the 115 actions: `evidence` names where its evidence lies, `needs` when that evidence is enough.

    Where the evidence is a stage's result, `waits_for` says what the stage records, and `rests_on` what there has to be
    first; empty where the stage records it in any case.
    """

    id: str
    stage: int
    section: str
    action: str
    expected: str
    evidence: tuple[str, ...]
    needs: str
    applies_to: str
    waits_for: str
    rests_on: str


@dataclass(frozen=True)
class QuestionInfo:
    """A question answered in Markdown. `id` is an action's id, or `Q1` to `Q15` in the ethics workbook."""

    id: str
    stage: int
    phase: str
    file: str
    question: str
    prompts: tuple[str, ...]
    choices: tuple[str, ...]
    worked: str


@dataclass(frozen=True)
class ColumnInfo:
    """A column of a register: kind is id, text, choice, date, number, share, score, yes_no or links."""

    name: str
    kind: str
    required: bool
    allowed: tuple[str, ...]
    worked: str
    meaning: str


@dataclass(frozen=True)
class RegisterInfo:
    """A register: a CSV with these columns. `stage` is 0 for a register that all stages share.

    A line of some registers is what one person said: pages show what such lines come to together, and no single line.
    """

    name: str
    stage: int
    file: str
    title: str
    guide: str
    columns: tuple[ColumnInfo, ...]
    fixed_rows: tuple[str, ...]
    one_person_a_line: bool

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def column(self, name: str) -> ColumnInfo:
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class FieldInfo:
    """One heading of a document, what to write under it, and what the project already knows about it."""

    heading: str
    guide: str
    required: bool
    filled_from: tuple[str, ...]
    worked: str = ""


@dataclass(frozen=True)
class DocumentInfo:
    name: str
    stage: int
    file: str
    title: str
    fields: tuple[FieldInfo, ...]


class Reference:
    """The reference files of one project, each read when it is first needed and then kept."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.files_read: list[Path] = []

    def _text(self, name: str) -> str:
        path = self.project.path("reference", *name.split("/"))
        if path not in self.files_read:
            self.files_read.append(path)
        return read_text(path)

    def _table(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self._text(name))))

    def _toml(self, name: str) -> dict:
        try:
            return tomllib.loads(self._text(name))
        except tomllib.TOMLDecodeError as error:
            raise EvidenceError(f"this is not valid TOML: {error}.", where=f"reference/{name}") from None

    @cached_property
    def actions(self) -> dict[str, ActionInfo]:
        """The 115 actions by id, in order."""
        return {
            row["id"]: ActionInfo(
                row["id"],
                int(row["stage"]),
                row["section"],
                row["action"],
                row["expected"],
                tuple(_split(row["evidence"], "+")),
                row["needs"],
                row["applies_to"],
                row["waits_for"],
                row["rests_on"],
            )
            for row in self._table("guidance.csv")
        }

    @cached_property
    def questions(self) -> dict[str, QuestionInfo]:
        """Every question that is answered in Markdown, by id."""
        return {
            row["id"]: QuestionInfo(
                row["id"],
                int(row["stage"]),
                row["phase"],
                row["file"],
                row["question"],
                tuple(_split(row["prompts"], ";")),
                tuple(_split(row["choices"], "|")),
                row["worked"],
            )
            for row in self._table("questions.csv")
        }

    @cached_property
    def registers(self) -> dict[str, RegisterInfo]:
        """Every register by name."""
        columns: dict[str, list[ColumnInfo]] = {}
        for row in self._table("registers/columns.csv"):
            columns.setdefault(row["register"], []).append(
                ColumnInfo(
                    row["column"],
                    row["kind"],
                    row["required"] == "yes",
                    tuple(_split(row["allowed"], "|")),
                    row["worked"],
                    row["meaning"],
                )
            )
        return {
            row["name"]: RegisterInfo(
                row["name"],
                int(row["stage"]),
                row["file"],
                row["title"],
                row["guide"],
                tuple(columns[row["name"]]),
                tuple(_split(row["fixed_rows"], "|")),
                row["one_person_a_line"] == "yes",
            )
            for row in self._table("registers/registers.csv")
        }

    @cached_property
    def documents(self) -> dict[str, DocumentInfo]:
        """The eight documents by name, in the order of their stages."""
        rows: dict[str, list[dict]] = {}
        for row in self._table("documents.csv"):
            rows.setdefault(row["document"], []).append(row)
        return {
            name: DocumentInfo(
                name,
                int(fields[0]["stage"]),
                fields[0]["file"],
                fields[0]["title"],
                tuple(
                    FieldInfo(
                        row["heading"],
                        row["guide"],
                        row["required"] == "yes",
                        tuple(_split(row["filled_from"], "+")),
                        row["worked"],
                    )
                    for row in fields
                ),
            )
            for name, fields in rows.items()
        }

    @cached_property
    def triage_questions(self) -> list[dict[str, str]]:
        """The eighteen triage questions: id, question, guide."""
        return self._table("triage_questions.csv")

    @cached_property
    def triage_rules(self) -> dict:
        return self._toml("triage_rules.toml")

    @cached_property
    def maturity(self) -> dict:
        return self._toml("maturity.toml")


def _split(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]
