"""Filling the documents from what the project knows: facts, answers, registers, costs, figures. Shown, never copied."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.project import long_date
from evidence.results import headline_text
from evidence.workbook import Document, Field, Register, Row, Workbook, check_thresholds

_MOST_ROWS = 12
_MOST_COLUMNS = 4
_ABOUT = {"area": "an area or a service", "cohort": "a small cohort", "individual": "one child or family"}
_ASSESSMENTS = ("dpia", "eia", "cria")
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
    """A document ready to be shown. `state` is "done", "in progress" or "not started"; `not_applicable` the reason.

    `about` is what the project says of the tool: (what, words).
    """

    name: str
    title: str
    stage: int
    where: str
    state: str
    not_applicable: str
    about: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    @property
    def still_open(self) -> int:
        """How many headings that are needed nobody has written yet."""
        return sum(one.required and one.state == "unanswered" for one in self.sections)


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
        _about(book),
        sections,
    )


def _about(book: Workbook) -> tuple[tuple[str, str], ...]:
    facts = book.project.facts
    return (
        ("Tool", facts.title),
        ("Kind", f"{facts.analytics_type}; one output is about {_ABOUT[facts.output_about]}"),
        ("Council", facts.council),
        ("Made by", facts.team),
        ("Accountable", facts.accountable_owner),
    )


def _section(book: Workbook, field: Field) -> Section:
    known = tuple(found for source in field.filled_from if (found := _known(book, source)))
    return Section(field.heading, field.guide, field.text, field.state, field.note, field.required, known)


def _known(book: Workbook, source: str) -> Known | None:
    kind, _, name = source.partition(":")
    ways = {
        "answer": lambda: _from_answer(book, name),
        "register": lambda: _from_register(book, *name.split("=")),
        "fact": lambda: _from_facts(book, name),
        "costs": lambda: _from_costs(book),
        "triage": lambda: _from_triage(book),
        "figures": lambda: _from_figures(book, int(name)),
        "thresholds": lambda: _from_thresholds(book),
        "limitations": lambda: _from_limitations(book),
        "assessments": lambda: _from_assessments(book),
        "result": lambda: _from_result(book, name),
    }
    return ways[kind]()


def _from_answer(book: Workbook, name: str) -> Known | None:
    answer = book.answer(name)
    return Known(answer.question, answer.where, answer.text) if answer.state == "answered" else None


def _from_facts(book: Workbook, name: str) -> Known:
    return Known(name.replace("_", " ").capitalize(), "project.toml", getattr(book.project.facts, name))


def _from_triage(book: Workbook) -> Known | None:
    triage = book.triage()
    if not triage.complete:
        return None
    words = " ".join((triage.sentence, *triage.reasons))
    return Known("Outcome of the ethics triage", book.register("ethics_triage").where, words)


def _from_figures(book: Workbook, stage: int) -> Known | None:
    figures = book.headlines(stage)
    if not figures:
        return None
    rows = tuple((one["label"], headline_text(one), one["rests_on"]) for one in figures)
    return Known("Figures that matter", _page(book, stage), heads=("Figure", "Value", "Rests on"), rows=rows)


def _from_thresholds(book: Workbook) -> Known | None:
    checks = [check for check in check_thresholds(book) if check.threshold]
    if not checks:
        return None
    rows = tuple((check.threshold.id, check.outcome, check.text) for check in checks)
    return Known(
        "Results against the thresholds", _page(book, 7), heads=("Threshold", "Result", "How it stands"), rows=rows
    )


def _from_limitations(book: Workbook) -> Known | None:
    words = book.limitations()
    return Known("Groups too small to judge", _page(book, 7), "\n\n".join(words)) if words else None


def _from_assessments(book: Workbook) -> Known:
    documents = [book.document(name) for name in _ASSESSMENTS]
    rows = tuple((one.title, "does not apply" if one.not_applicable else one.state, one.where) for one in documents)
    return Known("Impact assessments", "stage 4", heads=("Assessment", "State", "File"), rows=rows)


def _page(book: Workbook, stage: int) -> str:
    return f"page of stage {stage}, {book.project.stage(stage).title.lower()}"


def _from_register(book: Workbook, name: str, columns: str = "") -> Known | None:
    """The first lines of a register; `columns` names those to show, as in `register:risks=risk,mitigation`."""
    register: Register = book.register(name)
    rows = [row for row in register.rows if not row.not_applicable]
    if register.not_applicable:
        return Known(register.title, register.where, f"Not applicable: {register.not_applicable}")
    if not rows:
        return None
    shown = columns.split(",") if columns else _first_columns(register)
    heads = ("Id", *(column.replace("_", " ").capitalize() for column in shown))
    table = tuple((row.id, *(_cell(row, column) for column in shown)) for row in rows[:_MOST_ROWS])
    return Known(register.title, register.where, heads=heads, rows=table, more=max(0, len(rows) - _MOST_ROWS))


def _first_columns(register: Register) -> list[str]:
    names = [name for name in register.info.column_names if name != "id"]
    return sorted(names, key=lambda name: (name in _LATER, names.index(name)))[:_MOST_COLUMNS]


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
    words = f"The figures are on the {_page(book, int(stage))}."
    return Known("Figures", f"stage {stage}", words)
