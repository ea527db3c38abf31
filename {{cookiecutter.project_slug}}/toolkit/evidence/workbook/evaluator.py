"""What an independent evaluator needs to find, and whether it is there (guidance actions 8.04 and 8.05)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.project import long_date
from evidence.workbook.words import count_of

if TYPE_CHECKING:
    from evidence.workbook.book import Workbook

MET, NOT_MET, NOT_REQUIRED = "met", "not met", "not required"


def evaluator_checklist(book: Workbook) -> list[tuple[str, str, str]]:
    """(what the evaluator needs, met, not met or not required, the evidence in words), off workbook and results."""
    return [
        _evaluator(book),
        _plan(book),
        _fixed_before(book, "success_criteria", "set_on", "What counts as success was fixed before testing"),
        _fixed_before(book, "thresholds", "set_on", "Thresholds were fixed before testing"),
        _result(book, 5, "baseline", "The position before the tool is recorded"),
        _result(book, 5, "baseline.definition", "What the baseline counts is recorded beside it"),
        _result(book, 7, "metrics_by_group", "Test results for each group can be read"),
        _lines(book, "before_after", "Outcomes are set beside the baseline"),
        _lines(book, "trial_design", "The comparison is designed, with its numbers"),
        _lines(book, "feedback_routes", "People know how to challenge a result"),
        _result(book, 6, "challenges", "Challenges and their answers can be read"),
        _lines(book, "limitations", "What the tool cannot show is written down"),
        _people(book),
    ]


def _evaluator(book: Workbook) -> tuple[str, str, str]:
    what = "The evaluator is named and stands outside the team"
    found = next(one for one in book.requirements() if one.name == "independent evaluator")
    if not found.required:
        return what, NOT_REQUIRED, found.says
    return what, MET if found.met else NOT_MET, found.says


def _plan(book: Workbook) -> tuple[str, str, str]:
    document = book.document("evaluation_plan")
    open_ones = [one.heading for one in document.fields if one.state == "unanswered"]
    said = f"nothing yet under: {', '.join(open_ones)}" if open_ones else "every heading is filled in"
    return "The evaluation is planned", NOT_MET if open_ones else MET, said


def _fixed_before(book: Workbook, register: str, column: str, what: str) -> tuple[str, str, str]:
    rows = book.register(register).complete_rows
    if not rows:
        if register == "thresholds" and book.project.facts.analytics_type != "predictive":
            return what, NOT_REQUIRED, "only a predictive tool has thresholds"
        return what, NOT_MET, "none is set"
    last = max(row[column] for row in rows)
    tested = [row["date"] for row in book.register("log_7").complete_rows]
    tested += [row["checked_on"] for row in book.register("security").complete_rows]
    said = f"{count_of(len(rows), 'line')}, the last set on {long_date(last)}"
    if not tested:
        return what, MET, f"{said}; no day of testing is recorded to compare with"
    return (
        what,
        MET if last < min(tested) else NOT_MET,
        f"{said}; testing is first recorded on {long_date(min(tested))}",
    )


def _result(book: Workbook, stage: int, name: str, what: str) -> tuple[str, str, str]:
    there = book.has_result(stage, name)
    return what, MET if there else NOT_MET, f"stage {stage} has {'recorded it' if there else 'not recorded it'}"


def _lines(book: Workbook, register: str, what: str) -> tuple[str, str, str]:
    found = book.register(register)
    if found.not_applicable:
        return what, NOT_REQUIRED, found.not_applicable
    rows = len(found.complete_rows)
    return what, MET if rows else NOT_MET, f"{count_of(rows, 'line')} in {found.where}"


def _people(book: Workbook) -> tuple[str, str, str]:
    answering = [row for row in book.register("operating_roles").complete_rows if row["role"] == "answers challenges"]
    said = "a person is named who answers" if answering else "nobody is named under answers challenges"
    return "Somebody answers the evaluator's questions", MET if answering else NOT_MET, said
