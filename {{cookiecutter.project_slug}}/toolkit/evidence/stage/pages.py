"""The parts of a stage's page that come from the workbook, as HTML."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING

from evidence.documents import open_documents
from evidence.project import Project, StageInfo, long_date
from evidence.stage.documents import document_html
from evidence.stage.html import cell_text, label, paragraphs, rows_html, table_html

if TYPE_CHECKING:
    import pandas as pd

    from evidence.privacy import Rules
    from evidence.workbook import (
        Answer,
        Entry,
        Gate,
        Maturity,
        Register,
        Triage,
        Workbook,
    )

# What colleagues are asked to say frankly is not shown person by person.
_NOT_ONE_BY_ONE = "What they say is counted together on this page; one person's answers are not shown."
# With more columns than these a register does not fit beside itself on a page.
_MOST_COLUMNS = 8
# Cells of so few letters stand beside each other.
_SHORT, _SHORT_TEXT = ' class="short"', 30
OURS = "The questions of the ethics workbook and the triage are this project's own. They are not the Department's."


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
    rows = "".join(
        f'<tr><th scope="row">{escape(action.id)}</th><td>{escape(action.action)}</td>'
        f"<td>{state_html(action.state)}</td><td>{escape(action.evidence)}</td></tr>"
        for action in actions.itertuples(index=False)
    )
    return (
        f"<p>{done} of {len(actions)} actions of this stage are done or do not apply. "
        "The state comes from the evidence; nobody ticks it.</p>"
        "<table><caption>What the guidance asks for in this stage, and where each action stands</caption>"
        '<thead><tr><th scope="col">Action</th><th scope="col">What it asks for</th>'
        '<th scope="col">State</th><th scope="col">Evidence</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
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
    parts = [f'<p class="ev-note">{OURS}</p>']
    parts += [_question_html(answer) for answer in book.questions(stage)]
    from evidence.privacy import load_rules

    rules = load_rules(book.project)
    needed = {one for info in book.reference.actions.values() for one in info.evidence}
    parts += [_register_html(register, register.info.file in needed, rules) for register in book.registers(stage)]
    parts += [
        f"<h3>{escape(document.title)}</h3>{document_html(document, level=4)}"
        for document in open_documents(book, stage)
    ]
    return "".join(parts)


def _question_html(answer: Answer) -> str:
    if answer.state == "unanswered":
        note = f" {escape(answer.note)}" if answer.note else ""
        text = f'<p class="ev-open">Not answered.{note} It is written in {escape(answer.where)}.</p>'
    else:
        choice = f"<p><strong>{escape(answer.choice)}</strong></p>" if answer.choice else ""
        text = f'<div class="ev-answer">{choice}{paragraphs(answer.text)}</div>'
    return f"<h3>{escape(answer.question)}</h3>{text}"


def _register_html(register: Register, needed: bool, rules: Rules) -> str:
    problems = "".join(
        f'<p class="ev-note">{escape(one.where)}: {escape(one.what)} {escape(one.remedy)}</p>'
        for one in register.problems
    )
    if register.not_applicable:
        entries = f'<p class="ev-answer">Does not apply: {escape(register.not_applicable)}</p>'
    elif not register.rows:
        css = "ev-open" if needed else "ev-note"
        entries = f'<p class="{css}">Nothing is entered. It is kept in {escape(register.where)}.</p>'
    elif register.info.one_person_a_line:
        people = f"{len(register.rows)} {'person has' if len(register.rows) == 1 else 'people have'} answered"
        entries = f'<p class="ev-answer">{people}. {_NOT_ONE_BY_ONE}</p>'
    elif len(register.frame.columns) > _MOST_COLUMNS:
        entries = _lines_html(register, rules)
    else:
        shown = without_small(register, rules)
        entries = table_html(shown, register.title, hide_index=True, missing="not given", caption_css="out-of-sight")
    return f"<h3>{escape(register.title)}</h3>{problems}{entries}"


def _lines_html(register: Register, rules: Rules) -> str:
    """A register of many columns line by line: beside each other they would not fit on a page."""
    parts = []
    needed = {column.name for column in register.info.columns if column.required}
    for _, row in without_small(register, rules).iterrows():
        (_, identifier), *rest = row.items()
        cells = [(name, cell_text(value, missing="not given") or "not given") for name, value in rest]
        facts = "".join(
            f"<div{_SHORT * (len(text) <= _SHORT_TEXT)}><dt>{escape(label(name))}</dt><dd>{escape(text)}</dd></div>"
            for name, text in cells
            if text != "not given" or name in needed
        )
        parts.append(f'<div class="ev-line"><h4>{escape(str(identifier))}</h4><dl class="ev-cells">{facts}</dl></div>')
    return "".join(parts)


def without_small(register: Register, rules: Rules) -> pd.DataFrame:
    """The register's lines; where one number of children in a line is small, or what it leaves over, all are hidden."""
    counts = [column.name for column in register.info.columns if column.kind == "count"]
    frame = register.frame
    if not counts:
        return frame
    numbers = frame[counts]
    wholes = {name: name.removesuffix("of") + "n" for name in counts if name.endswith("of")}
    left_over = [numbers[whole] - numbers[part] for whole, part in wholes.items() if part in counts]
    small = numbers.apply(lambda column: column.between(rules.hide_from, rules.hide_to)).any(axis="columns")
    for values in left_over:
        small |= values.between(rules.hide_from, rules.hide_to)
    hidden = numbers.astype("object").mask(small & numbers.notna().any(axis="columns"), rules.shown_as)
    return frame.assign(**{name: hidden[name] for name in counts})


def maturity_html(maturity: Maturity) -> str:
    """The level and what it permits, then a row a component, then the preconditions of a predictive tool."""
    says = f"<p>{escape(maturity.says)}</p>" if maturity.says else ""
    components = [(one.name, one.level or "not assessed", one.why, one.asked) for one in maturity.components]
    html = f"<p><strong>{escape(maturity.sentence)}</strong></p>{says}" + rows_html(
        "The components of data maturity, and the level of each",
        ("Component", "Level", "Why", "Who was asked"),
        components,
    )
    if maturity.preconditions_met is not None:
        preconditions = [(one.name, one.met or "not answered", one.evidence) for one in maturity.preconditions]
        html += rows_html(
            "What a predictive tool needs before it is begun", ("Precondition", "Met", "Evidence"), preconditions
        )
    return html


def triage_html(triage: Triage) -> str:
    """The outcome and its reasons, what to follow up, then each answer with its points."""
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in triage.reasons)
    raised = [(theme.name, theme.why, theme.ask) for theme in triage.themes if theme.raised]
    answers = [
        (one.question, one.answer or "not answered", f"{one.points} of {one.maximum}", one.effect)
        for one in triage.answers
    ]
    html = f"<p><strong>{escape(triage.sentence)}</strong></p>"
    html += f"<p>Why:</p><ul>{reasons}</ul>" if reasons else ""
    html += _override_html(triage)
    if raised:
        html += rows_html("What to follow up", ("Theme", "Why", "What to ask"), raised)
    return html + rows_html("The answers, and the points of each", ("Question", "Answer", "Points", "Effect"), answers)


def _override_html(triage: Triage) -> str:
    override = triage.override
    if override is None:
        return ""
    counts = "" if override.counts else f" It does not count: {escape(override.why_not)}"
    who = f"{escape(override.approver_name)}, {escape(override.approver_role)}"
    return (
        f"<p>Somebody set the outcome to {escape(override.outcome)}: {escape(override.reason)} "
        f"Approved by {who}.{counts}</p>"
    )


def risks_html(entries: list[Entry]) -> str:
    """A row a risk, worst first; a sentence where none is recorded."""
    if not entries:
        return '<p class="ev-open">No risk is recorded. That is not the same as no risk.</p>'
    rows = [
        (
            one.id,
            one.words,
            str(one.score),
            one.owner or "nobody",
            f"{long_date(one.review_on)}{', overdue' if one.overdue else ''}" if one.review_on else "no date",
            one.status,
        )
        for one in entries
    ]
    return rows_html(
        "The risks, worst first", ("Risk", "What could happen", "Score (1 to 9)", "Owner", "Review on", "Status"), rows
    )
