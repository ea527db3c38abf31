"""What people wrote and decided, as a pack keeps it for whoever compares two packs: nothing that its pages hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.pack.standing import REGISTERS, Standing
from evidence.project import Project, long_date

if TYPE_CHECKING:
    from evidence.workbook import Entry, Register, Workbook

STANDING = "standing.json"


def said_in(project: Project, book: Workbook, standing: Standing) -> dict:
    """The verdict, gates, sign-offs, answers, documents, lines of registers and risks, as plain values.

    Numbers of children in a register are left as the pages show them: the letter c where they are small.
    """
    return {
        "stamp": standing.stamp,
        "sentence": standing.sentence,
        "gates": [
            {"stage": number, "state": one.gate, "agreed": one.agreed, "missing": one.missing}
            for number, one in standing.stages.items()
            if one.gate != "no gate"
        ],
        "sign_offs": standing.sign_offs.rows,
        "answers": _answers(project, book) + _headings(book),
        "registers": _registers(project, book),
        "risks": [_risk(entry) for entry in book.risks()],
    }


def _answers(project: Project, book: Workbook) -> list[dict]:
    return [
        {"where": one.where, "stage": stage.number, "question": one.question, "state": one.state, "text": one.text}
        for stage in project.stages
        for one in book.questions(stage.number)
    ]


def _headings(book: Workbook) -> list[dict]:
    """The documents' headings, each as a question that the text under it answers."""
    return [
        {
            "where": f"{document.where}#{one.heading}",
            "stage": document.stage,
            "question": f"{document.title}: {one.heading}",
            "state": one.state,
            "text": one.text,
        }
        for document in book.documents()
        for one in document.fields
    ]


def _registers(project: Project, book: Workbook) -> list[dict]:
    registers = {one.where: one for stage in project.stages for one in book.registers(stage.number)}
    return [
        {"where": where, "title": one.title, "lines": _lines(project, one)} for where, one in sorted(registers.items())
    ]


def _lines(project: Project, register: Register) -> dict[str, dict[str, str]]:
    """{id: {column: text}}."""
    if not register.rows:
        return {}
    from evidence.privacy import load_rules
    from evidence.stage.html import cell_text, label
    from evidence.stage.pages import without_small

    frame = without_small(register, load_rules(project))
    lines = {}
    for _, row in frame.iterrows():
        identifier, *cells = ((label(name), cell_text(value, missing="not given")) for name, value in row.items())
        lines[identifier[1]] = dict(cells)
    return lines


def _risk(entry: Entry) -> dict[str, str]:
    return {
        "id": f"{REGISTERS[entry.register]} {entry.id}",
        "words": entry.words,
        "score": str(entry.score) if entry.score else "",
        "owner": entry.owner or "nobody named",
        "review": long_date(entry.review_on) if entry.review_on else "no date",
        "status": entry.status,
    }
