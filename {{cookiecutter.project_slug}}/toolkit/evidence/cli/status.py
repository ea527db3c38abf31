"""`evidence status`: where the tool stands, in eighty columns."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evidence.workbook import Workbook

_WIDTH = 80
_NEXT = 5


@click.command("status")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Count overdue dates against this day; today if left out."
)
@click.option(
    "--run", "run", metavar="NAME", help="Take computed evidence from this run; the project's usual one if left out."
)
def command(as_of: datetime | None, run: str | None) -> None:
    """Show for each stage which actions are done, what is open, and what comes next."""
    from evidence.cli.opening import open_book

    book = open_book(as_of.date() if as_of else None, run)
    for line in lines(book):
        click.echo(line)


def lines(book: Workbook) -> list[str]:
    """The whole of what the command says, none longer than eighty characters."""
    return [*_head(book), "", *_table(book), "", *_questions(book), *_late(book), "", *_next(book)]


def _head(book: Workbook) -> list[str]:
    from evidence.project import long_date

    facts, verdict = book.project.facts, book.verdict()
    title = f"{facts.title} ({facts.analytics_type}), {facts.council}"
    said = [f"Standing on {long_date(book.as_of)}: {verdict.stamp}.", verdict.sentence, *verdict.must_not]
    return [*_wrapped(title), "", *(line for words in said for line in _wrapped(words))]


def _table(book: Workbook) -> list[str]:
    counts = book.counts()
    rows = [f"{'Stage':<31}{'done':>5}{'under way':>11}{'not begun':>11}{'waiting':>9}  gate"]
    for stage in book.project.stages:
        rows.append(_row(f"{stage.number:>2} {stage.title}", counts[stage.number], _gate(book, stage.number)))
    total = {state: sum(one[state] for one in counts.values()) for state in counts[1]}
    rows.append(_row(f"   All {sum(total.values())} actions", total, ""))
    return [*rows, *_wrapped("Done includes what does not apply; waiting is for a run to record it.")]


def _row(name: str, counts: dict[str, int], gate: str) -> str:
    done = counts["done"] + counts["not applicable"]
    numbers = f"{done:>5}{counts['in progress']:>11}{counts['not started']:>11}{counts['waiting']:>9}"
    return f"{name[:30]:<31}{numbers}  {gate}".rstrip()


def _gate(book: Workbook, stage: int) -> str:
    gate = book.gate(stage)
    return "" if not gate.exists else "passed" if gate.passed else f"{len(gate.open_reasons)} open"


def _questions(book: Workbook) -> list[str]:
    every = book.ethics_questions()
    answered = sum(answer.state == "answered" for answer in every)
    return [
        f"Ethics workbook: {answered} of {len(every)} questions answered.",
        *_wrapped(f"Ethics triage: {book.triage().sentence}"),
    ]


def _late(book: Workbook) -> list[str]:
    from evidence.workbook import review

    late = [finding for finding in review(book) if finding.kind == "overdue"]
    if not late:
        return ["Overdue: nothing."]
    return [f"Overdue: {len(late)}", *(line for finding in late for line in _wrapped(f"- {finding}"))]


def _next(book: Workbook) -> list[str]:
    still = [action for action in book.action_states() if not action.settled and action.state != "waiting"]
    if not still:
        return _wrapped("Next: nothing is left for people to write. See also: evidence check")
    said = [f"- {action.id} {action.action} ({action.evidence})" for action in still[:_NEXT]]
    return ["Next:", *(line for words in said for line in _wrapped(words)), "Everything that is open: evidence check"]


def _wrapped(words: str) -> list[str]:
    return textwrap.wrap(
        words, _WIDTH, subsequent_indent="  " if words.startswith("- ") else "", break_long_words=False
    )
