"""Filling the documents from the workbook: answers, registers, costs and facts are shown, never copied."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.project import long_date
from evidence.workbook import Document, Field, Register, Row, Workbook

_MOST_ROWS = 12
_MOST_COLUMNS = 4
# Columns that say who, when or how far; the others come first.
_LATER = {"owner", "review_on", "status", "linked", "from_triage", "set_by", "set_on", "agreed_by", "agreed_on"}


@dataclass(frozen=True)
class Known:
    """Something the project knows: `text`, or a table of `heads` and `rows`. `where` is the file it comes from."""

    title: str
    where: str
    text: str = ""
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Section:
    """One heading: what people wrote (`text`, Markdown), whether that is enough, and what the project knows besides."""

    heading: str
    guide: str
    text: str
    state: str
    note: str
    required: bool
    known: tuple[Known, ...]


@dataclass(frozen=True)
class FilledDocument:
    """A document ready to be shown. `state` is "done", "in progress" or "not started"; `not_applicable` the reason."""

    name: str
    title: str
    stage: int
    where: str
    state: str
    not_applicable: str
    sections: tuple[Section, ...]


def open_documents(book: Workbook, stage: int | None = None) -> list[FilledDocument]:
    """The documents of a stage, or all eight, in the order of their stages."""
    return [_filled(book, document) for document in book.documents(stage)]


def _filled(book: Workbook, document: Document) -> FilledDocument:
    sections = tuple(_section(book, one) for one in document.fields)
    return FilledDocument(
        document.name,
        document.title,
        document.stage,
        document.where,
        document.state,
        document.not_applicable,
        sections,
    )


def _section(book: Workbook, field: Field) -> Section:
    known = tuple(found for source in field.filled_from if (found := _known(book, source)))
    return Section(field.heading, field.guide, field.text, field.state, field.note, field.required, known)


def _known(book: Workbook, source: str) -> Known | None:
    kind, _, name = source.partition(":")
    if kind == "answer":
        answer = book.answer(name)
        return Known(answer.question, answer.where, answer.text) if answer.state == "answered" else None
    if kind == "register":
        return _from_register(book.register(name))
    if kind == "fact":
        return Known(name.replace("_", " ").capitalize(), "project.toml", getattr(book.project.facts, name))
    if kind == "costs":
        return _from_costs(book)
    return _from_result(book, name)


def _from_register(register: Register) -> Known | None:
    rows = [row for row in register.rows if not row.not_applicable]
    if register.not_applicable:
        return Known(register.title, register.where, f"Not applicable: {register.not_applicable}")
    if not rows:
        return None
    names = [column.name for column in register.info.columns if column.name != "id"]
    shown = sorted(names, key=lambda name: (name in _LATER, names.index(name)))[:_MOST_COLUMNS]
    heads = ("Id", *(name.replace("_", " ").capitalize() for name in shown))
    table = tuple((row.id, *(_cell(row, name) for name in shown)) for row in rows[:_MOST_ROWS])
    return Known(register.title, register.where, heads=heads, rows=table, more=max(0, len(rows) - _MOST_ROWS))


def _cell(row: Row, name: str) -> str:
    value = row[name]
    return long_date(value) if hasattr(value, "isoformat") else row.text(name)


def _from_costs(book: Workbook) -> Known | None:
    costs = book.costs()
    if not costs.by_year:
        return None
    rows = [(year, f"£{pounds:,.0f}") for year, pounds in costs.by_year.items()]
    register = book.register("costs")
    return Known(
        register.title, register.where, heads=("Year", "Cost"), rows=(*rows, ("In all", f"£{costs.total:,.0f}"))
    )


def _from_result(book: Workbook, name: str) -> Known | None:
    """Figures stay on their stage's page, where they are disclosure-controlled; here they are only pointed to."""
    stage, _, result = name.partition("/")
    if not book.has_result(int(stage), result):
        return None
    words = f"The figures are on the page of stage {stage}, {book.project.stage(int(stage)).title.lower()}."
    return Known("Figures", f"stage {stage}", words)
