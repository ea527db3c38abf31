"""Where the tool stands, as the front page tells it: taken from the workbook, in plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evidence.project import Project, long_date

if TYPE_CHECKING:
    import pandas as pd

    from evidence.workbook import Workbook

_MOST_ROWS = 12


@dataclass(frozen=True)
class Table:
    """A small table: heads, rows of text, and how many more rows there are."""

    heads: list[str]
    rows: list[list[str]]
    more: int = 0


@dataclass(frozen=True)
class StageStanding:
    """One stage in words: its actions, its gate, and what holds the gate up."""

    number: int
    actions: str
    gate: str
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """What the front page says of the tool. `open_questions` holds (stage number, questions without an answer)."""

    stamp: str
    sentence: str
    must_not: list[str]
    stages: dict[int, StageStanding]
    risks: Table
    sign_offs: Table
    open_questions: list[tuple[int, list[str]]]


def standing_of(project: Project, book: Workbook, draft: bool) -> Standing:
    """What the workbook says. `draft` makes it a draft whatever has been signed."""
    verdict = book.verdict()
    sentence = verdict.sentence
    stamp = verdict.stamp
    if draft and not stamp.startswith("DRAFT"):
        stamp, sentence = "DRAFT", f"This pack was made as a draft and is not to be relied on. {sentence}"
    return Standing(
        stamp=stamp,
        sentence=sentence,
        must_not=_listed(verdict.must_not),
        stages={stage.number: _stage(book, stage.number) for stage in project.stages},
        risks=_table(book.risks()),
        sign_offs=_table(book.sign_offs()),
        open_questions=[
            (stage.number, texts)
            for stage in project.stages
            if (texts := [answer.question for answer in book.questions(stage.number) if answer.state != "done"])
        ],
    )


def _stage(book: Workbook, number: int) -> StageStanding:
    actions = book.actions(number)
    done = int(actions["state"].isin(["done", "not applicable"]).sum())
    gate = book.gate(number)
    missing = [reason.text for reason in gate.reasons if not reason.met] if gate.exists else []
    word = ("met" if gate.passed else "not met") if gate.exists else "no gate"
    return StageStanding(number, f"{done} of {len(actions)}", word, missing)


def _listed(text: object) -> list[str]:
    if isinstance(text, str):
        return [text] if text else []
    return [str(item) for item in text or ()]


def _table(frame: pd.DataFrame) -> Table:
    """The first rows of a frame; empty cells stay empty, dates are written out."""
    heads = [_label(name) for name in frame.columns]
    rows = [[_text(value) for value in row] for row in frame.head(_MOST_ROWS).itertuples(index=False, name=None)]
    return Table(heads, rows, max(0, len(frame) - _MOST_ROWS))


def _label(name: object) -> str:
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    if hasattr(value, "year") and hasattr(value, "month"):
        return long_date(value.date() if hasattr(value, "date") else value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return long_date(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text
