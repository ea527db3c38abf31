"""The parts of a stage's page that come from the workbook, as HTML."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING

from evidence.project import Project, StageInfo, long_date
from evidence.stage.html import paragraphs, table_html

if TYPE_CHECKING:
    import pandas as pd

    from evidence.workbook import Gate, Workbook


def header_html(project: Project, info: StageInfo, as_of: date) -> str:
    """The stage's title, what it is for, who works on it, and for which tool and day."""
    facts = project.facts
    return (
        f'<div class="ev-header"><h1>Stage {info.number} of {len(project.stages)}: {escape(info.title)}</h1>'
        f"<p>{escape(info.purpose)}</p>"
        f"<p><strong>Who works on it:</strong> {escape(info.people)}.</p>"
        f"<p>{escape(facts.title)}, {escape(facts.council)}. As of {long_date(as_of)}.</p></div>"
    )


def state_html(state: str) -> str:
    """A state in words, with the hook that lets a page colour it as well."""
    return f'<span class="ev-state" data-state="{escape(state)}">{escape(state)}</span>'


def actions_html(actions: pd.DataFrame) -> str:
    """One row an action of the guidance: id, what is asked, where it stands, and the evidence or what it waits for."""
    done = int(actions["state"].isin(["done", "not applicable"]).sum())
    rows = []
    for action in actions.itertuples(index=False):
        rows.append(
            f'<tr><th scope="row">{escape(action.id)}</th><td>{escape(action.action)}</td>'
            f"<td>{state_html(action.state)}</td><td>{escape(action.evidence)}</td></tr>"
        )
    return (
        f"<p>{done} of {len(actions)} actions of this stage are done or do not apply. "
        "The state comes from the evidence; nobody ticks it.</p>"
        "<table><caption>What the guidance asks for in this stage, and where each action stands</caption>"
        '<thead><tr><th scope="col">Action</th><th scope="col">What it asks for</th>'
        '<th scope="col">State</th><th scope="col">Evidence</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def gate_html(gate: Gate, info: StageInfo) -> str:
    """The gate in one sentence, then each reason on a line of its own."""
    if not gate.exists:
        return f"<p>Stage {info.number} has no gate. Its open actions are listed above.</p>"
    state = "met" if gate.passed else "not met"
    missing = sum(not reason.met for reason in gate.reasons)
    sentence = "Everything the gate asks for is there." if gate.passed else _still_missing(missing)
    lines = "".join(
        f"<li>{state_html('met' if reason.met else 'not met')} {escape(reason.text)}</li>" for reason in gate.reasons
    )
    return f"<p>The gate of stage {info.number} is {state_html(state)}. {sentence}</p><ul>{lines}</ul>"


def _still_missing(count: int) -> str:
    return "One thing is missing." if count == 1 else f"{count} things are missing."


def answers_html(book: Workbook, stage: int) -> str:
    """The stage's questions with their answers, its registers and its documents, to be read."""
    parts = [_question_html(answer) for answer in book.questions(stage)]
    parts += [_register_html(register) for register in book.registers(stage)]
    parts += [_document_html(document) for document in book.documents(stage)]
    return "".join(parts)


def _question_html(answer) -> str:
    if answer.state == "answered":
        text = f'<div class="ev-answer">{paragraphs(answer.text)}</div>'
    else:
        text = f'<p class="ev-open">Not answered. It is written in {escape(answer.where)}.</p>'
    return f"<h3>{escape(answer.question)}</h3>{text}"


def _register_html(register) -> str:
    problems = "".join(f'<p class="ev-note">{escape(problem)}</p>' for problem in register.problems)
    if register.frame.empty:
        entries = f'<p class="ev-open">Nothing is entered. It is kept in {escape(register.where)}.</p>'
    else:
        entries = table_html(register.frame, register.title, hide_index=True)
    return f"<h3>{escape(register.title)}</h3>{problems}{entries}"


def _document_html(document) -> str:
    open_fields = sum(field.state != "answered" for field in document.fields)
    said = f"{len(document.fields) - open_fields} of {len(document.fields)} headings are filled in."
    fields = "".join(
        f"<dt>{escape(field.question)}</dt><dd>"
        + (paragraphs(field.text) if field.state == "answered" else '<span class="ev-open">Not answered</span>')
        + "</dd>"
        for field in document.fields
    )
    return f"<h3>{escape(document.title)}</h3><p>{said} It is written in {escape(document.where)}.</p><dl>{fields}</dl>"
