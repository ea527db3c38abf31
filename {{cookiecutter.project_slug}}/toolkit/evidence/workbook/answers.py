"""Answers in Markdown: the ethics workbook, the stages' own questions, and the documents."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from evidence.workbook.markdown import Part, headings_of, read_parts
from evidence.workbook.reference import DocumentInfo, QuestionInfo
from evidence.workbook.sheet import Problem, read_any_text
from evidence.workbook.words import (
    holds_placeholder,
    is_placeholder,
    listed,
    not_applicable_reason,
    plain,
    word_count,
)

ENOUGH_WORDS = 5
_ETHICS_HEADING = re.compile(r"^(?:question\s+)?(\d{1,2})\s*[.:)]\s+\S", re.IGNORECASE)
_ACTION_HEADING = re.compile(r"^(\d{1,2}\.\d{2})\b")


@dataclass(frozen=True)
class Answer:
    """A question and what stands under it.

    `state` is "answered", "not applicable" or "unanswered"; `note` says why an answer with words in it does not count.
    `choice` is the option chosen, where the question asks for one. `where` is `file#id`.
    """

    id: str
    question: str
    prompts: tuple[str, ...]
    text: str
    state: str
    where: str
    note: str = ""
    choice: str = ""
    stage: int = 0
    phase: str = ""
    choices: tuple[str, ...] = ()

    @property
    def started(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True)
class Field:
    """One heading of a document: `state` as in Answer."""

    heading: str
    guide: str
    text: str
    state: str
    note: str
    required: bool
    filled_from: tuple[str, ...]


@dataclass
class Document:
    """One of the eight documents as people wrote it. `state` is "done", "in progress" or "not started"."""

    name: str
    title: str
    stage: int
    where: str
    fields: list[Field]
    state: str
    not_applicable: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def open_fields(self) -> list[str]:
        return [one.heading for one in self.fields if one.required and one.state == "unanswered"]


def judge(
    text: str,
    worked: str = "",
    worked_left: str = "",
    choices: tuple[str, ...] = (),
    may_not_apply: bool = True,
    enough: int = ENOUGH_WORDS,
):
    """(state, note, choice) of an answer: what is written, measured against what an answer needs."""
    if is_placeholder(text):
        return "unanswered", "", ""
    if worked_left or (worked and plain(_without_opener(worked)) in plain(text)):
        return "unanswered", "template text left in: delete the worked line", ""
    if reason := not_applicable_reason(text):
        if may_not_apply:
            return "not applicable", reason, ""
        return "unanswered", "this question always applies: answer it in words", ""
    if inside := holds_placeholder(text):
        return "unanswered", f'"{inside}" is still in the answer', ""
    if choices:
        return _judge_choice(text, choices)
    if word_count(text) < enough:
        return "unanswered", "too short to be understood by someone who was not there", ""
    return "answered", "", ""


def _judge_choice(text: str, choices: tuple[str, ...]):
    first, _, rest = text.strip().partition("\n")
    opening = plain(re.sub(r"^[\s*_-]*choice[\s*_]*:[\s*_]*", "", first, flags=re.IGNORECASE)).strip("*_ ")
    found = [choice for choice in choices if re.match(rf"{re.escape(plain(choice))}\b", opening)]
    if not found:
        return "unanswered", f"begin with your choice: {listed(list(choices), 'or')}", ""
    choice = max(found, key=len)
    reason = f"{opening[len(plain(choice)) :]} {rest}"
    if word_count(reason) < ENOUGH_WORDS:
        return "unanswered", "say why, in a sentence or two", choice
    return "answered", "", choice


def _without_opener(worked: str) -> str:
    return re.sub(r"^[\s*_>-]*example[\s*_]*:[\s*_]*", "", worked, flags=re.IGNORECASE).strip(" *_")


def question_id(heading: str, file: str) -> str:
    """`1.04` for `1.04 Which demand ...`; in the ethics workbook `Q3` for `3. Does our ...`; else empty."""
    if file.endswith("ethics_workbook.md"):
        found = _ETHICS_HEADING.match(heading)
        return f"Q{int(found.group(1))}" if found else ""
    found = _ACTION_HEADING.match(heading)
    return found.group(1) if found else ""


def read_answers(path: Path, file: str, questions: list[QuestionInfo]) -> tuple[list[Answer], list[Problem]]:
    """The answers to `questions` in one page, in the order of the questions, and what is wrong with the page."""
    if not path.is_file():
        problem = Problem(
            file, "the file is missing.", "Make it again: a heading a question, beginning with its number."
        )
        return [_unanswered(one) for one in questions], [problem]
    text = read_any_text(path)
    parts, problems = _parts_by_id(text, file, questions)
    answers = [_answer(one, parts[one.id]) if one.id in parts else _unanswered(one) for one in questions]
    for one in questions:
        if one.id not in parts:
            problems.append(
                Problem(
                    file, f"the heading of question {_number(one)} is missing.", f"Put it back: ## {heading_of(one)}"
                )
            )
    return answers, problems


def heading_of(question: QuestionInfo) -> str:
    """The heading under which a question is answered."""
    return f"{question.id[1:]}. {question.question}" if question.id[0] == "Q" else f"{question.id} {question.question}"


def _number(question: QuestionInfo) -> str:
    return question.id.removeprefix("Q")


def _parts_by_id(text: str, file: str, questions: list[QuestionInfo]) -> tuple[dict[str, Part], list[Problem]]:
    known = {one.id for one in questions}
    parts: dict[str, Part] = {}
    problems = []
    for part in read_parts(text, lambda heading: question_id(heading, file) in known):
        identifier = question_id(part.heading, file)
        if identifier in parts:
            problems.append(
                Problem(
                    file,
                    f"the heading of question {identifier.removeprefix('Q')} is there twice; only the first is read.",
                    "Put both answers under one heading.",
                    part.line,
                )
            )
            continue
        parts[identifier] = part
    for line, heading in headings_of(text):
        identifier = question_id(heading, file)
        if identifier and identifier not in known:
            problems.append(Problem(file, f'"{heading}" is not a question here.', "Correct its number.", line))
    return parts, problems


def _answer(info: QuestionInfo, part: Part) -> Answer:
    ethics = info.id.startswith("Q")
    state, note, choice = judge(part.text, info.worked, part.worked, info.choices, may_not_apply=not ethics)
    text = "" if is_placeholder(part.text) else part.text
    return Answer(
        info.id, info.question, info.prompts, text, state, f"{info.file}#{_number(info)}", note, choice, info.stage,
        info.phase, info.choices,
    )  # fmt: skip


def _unanswered(info: QuestionInfo) -> Answer:
    return Answer(
        info.id, info.question, info.prompts, "", "unanswered", f"{info.file}#{_number(info)}", "", "", info.stage,
        info.phase, info.choices,
    )  # fmt: skip


def read_document(path: Path, info: DocumentInfo) -> Document:
    """A document by its headings. Headings the team added are kept as part of the field above them."""
    if not path.is_file():
        problem = Problem(info.file, "the file is missing.", "Make it again: a heading a field.")
        return Document(info.name, info.title, info.stage, info.file, _empty_fields(info), "not started", "", [problem])
    text = read_any_text(path)
    wanted = {plain(one.heading): one for one in info.fields}
    parts = {plain(part.heading): part for part in reversed(read_parts(text, lambda words: plain(words) in wanted))}
    fields, problems = [], []
    for one in info.fields:
        part = parts.get(plain(one.heading))
        if part is None:
            problems.append(
                Problem(info.file, f'the heading "{one.heading}" is missing.', f"Put it back: ## {one.heading}")
            )
        state, note, _ = judge(part.text, one.worked, part.worked, enough=1) if part else ("unanswered", "", "")
        words = part.text if part and not is_placeholder(part.text) else ""
        fields.append(Field(one.heading, one.guide, words, state, note, one.required, one.filled_from))
    reason = _reason_for_all(text, parts)
    state = _document_state(fields)
    return Document(info.name, info.title, info.stage, info.file, fields, state, reason, problems)


def _empty_fields(info: DocumentInfo) -> list[Field]:
    return [Field(one.heading, one.guide, "", "unanswered", "", one.required, one.filled_from) for one in info.fields]


def _reason_for_all(text: str, parts: dict[str, Part]) -> str:
    """The reason when a line above the first heading says that the whole document does not apply."""
    first = min((part.line for part in parts.values()), default=1)
    above = text.split("\n")[: first - 1]
    return next((reason for line in above if (reason := not_applicable_reason(line))), "")


def _document_state(fields: list[Field]) -> str:
    if all(one.state != "unanswered" for one in fields if one.required):
        return "done"
    return "in progress" if any(one.text for one in fields) else "not started"
