"""The triage: the rules as given, every worked case, and no answer left blank is ever the better one."""

from __future__ import annotations

import csv
import tomllib
from datetime import date
from pathlib import Path

import pytest

from evidence.workbook.triage import CONTINUE, DO_NOT_DEVELOP, ENHANCED, GOVERNANCE, RANK, RECONSIDER, judge
from tests.evidence.workbook.helpers import edit, open_book

NONE = {
    "T1": "descriptive",
    "T2": "area or service",
    "T3": "background",
    "T4": "counts or rules",
    "T5": "high",
    "T6": "yes",
    "T7": "known and sufficient",
    "T8": "no personal data",
    "T9": "open to social care",
    "T10": "own service",
    "T11": "assessed and none found",
    "T12": "low",
    "T13": "effective elsewhere",
    "T14": "both",
    "T15": "all",
    "T16": "yes",
    "T17": "yes",
    "T18": "in-house",
}
STOP = "acts without a professional considering the evidence"
CASES = {
    "chart of need over time for leaders": (
        {
            "T5": "mixed",
            "T7": "known limits with a plan",
            "T8": "pseudonymised",
            "T11": "found and mitigated",
            "T13": "limited",
        },
        6,
        CONTINUE,
    ),
    "look-up of which services know a family": (
        {
            "T2": "individual child or family",
            "T3": "informs a professional who sees the evidence",
            "T7": "known limits with a plan",
            "T8": "special category or criminal or case notes",
            "T10": "external agencies",
            "T11": "found and mitigated",
            "T12": "moderate",
            "T13": "limited",
        },
        14,
        GOVERNANCE,
    ),
    "readiness for school, each child": (
        {
            "T1": "predictive",
            "T2": "individual child or family",
            "T3": "ranks people or applies a threshold",
            "T4": "interpretable model",
            "T7": "known limits with a plan",
            "T8": "special category or criminal or case notes",
            "T9": "all children in the area",
            "T10": "external agencies",
            "T11": "found and mitigated",
            "T12": "moderate",
            "T13": "evidence against",
        },
        25,
        ENHANCED,
    ),
    "automatic referral on a high score": ({"T3": STOP}, None, DO_NOT_DEVELOP),
}


@pytest.fixture(scope="module")
def rules(template: Path) -> dict:
    return tomllib.loads((template / "reference" / "triage_rules.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_the_worked_cases(case, rules):
    answers, points, outcome = CASES[case]
    triage = judge({**NONE, **answers}, rules)
    assert triage.outcome == outcome
    assert points is None or triage.points == points
    assert triage.maximum == 49
    assert triage.reasons


def every_case(rules):
    yield from ((name, {**NONE, **answers}) for name, (answers, _, _) in CASES.items())
    yield "nothing speaks against it", NONE
    for identifier, entry in rules["question"].items():
        for option in entry["answers"]:
            yield f"{identifier} {option['answer']}", {**NONE, identifier: option["answer"]}
            predictive = {**NONE, "T1": "predictive", "T2": "individual child or family", "T14": "partly"}
            yield f"predictive, {identifier} {option['answer']}", {**predictive, identifier: option["answer"]}


@pytest.mark.parametrize("blank", ["", "don't know", "TBC", "n/a", "something else"])
def test_an_answer_left_blank_never_improves_an_outcome(blank, rules):
    for name, answers in every_case(rules):
        given = judge(answers, rules)
        for identifier in rules["question"]:
            without = judge({**answers, identifier: blank}, rules)
            assert RANK[without.outcome] >= RANK[given.outcome], f"{name}, {identifier} blank"
            assert without.points >= given.points, f"{name}, {identifier} blank"
            assert not without.complete and not without.may_go_on


def test_a_blank_is_as_bad_as_the_worst_answer_and_never_better_than_any(rules):
    for identifier, entry in rules["question"].items():
        blank = judge({**NONE, identifier: ""}, rules)
        for option in entry["answers"]:
            given = judge({**NONE, identifier: option["answer"]}, rules)
            assert RANK[blank.outcome] >= RANK[given.outcome]
            raised = {theme.name for theme in given.themes if theme.raised}
            assert raised <= {theme.name for theme in blank.themes if theme.raised}


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({}, CONTINUE),
        ({"T5": "low on every component"}, RECONSIDER),
        ({"T6": "no"}, RECONSIDER),
        ({"T4": "machine learning without experienced data scientists"}, DO_NOT_DEVELOP),
        ({"T7": "poor and no means to improve it"}, DO_NOT_DEVELOP),
        ({"T1": "predictive", "T5": "mixed"}, RECONSIDER),
        ({"T1": "predictive", "T15": "some"}, RECONSIDER),
        ({"T15": "none"}, CONTINUE),
        ({"T14": "neither"}, CONTINUE),
        ({"T2": "individual child or family", "T14": "neither"}, RECONSIDER),
        ({"T1": "predictive"}, GOVERNANCE),
        ({"T1": "predictive", "T2": "individual child or family"}, ENHANCED),
        ({"T2": "individual child or family", "T12": "a child needing protection could be missed"}, ENHANCED),
        ({"T12": "a child needing protection could be missed"}, CONTINUE),
        ({"T4": "machine learning"}, GOVERNANCE),
        ({"T8": "identifiable"}, GOVERNANCE),
        ({"T8": "pseudonymised"}, CONTINUE),
        ({"T9": "beyond the area", "T10": "external agencies", "T13": "evidence against", "T16": "no"}, CONTINUE),
        (
            {
                "T9": "beyond the area",
                "T10": "external agencies",
                "T13": "evidence against",
                "T16": "no",
                "T1": "diagnostic",
            },
            GOVERNANCE,
        ),
        ({"T1": "predictive", "T6": "not predictive"}, RECONSIDER),
    ],
)
def test_the_rules_one_by_one(answers, outcome, rules):
    assert judge({**NONE, **answers}, rules).outcome == outcome


def test_themes(rules):
    def raised(**answers):
        return {theme.name for theme in judge({**NONE, **answers}, rules).themes if theme.raised}

    assert raised() == set()
    assert raised(T8="pseudonymised") == {"data use and sharing", "legal"}
    assert raised(T18="closed") == {"procurement"}
    assert raised(T11="not assessed") == {"mitigating bias"}
    assert raised(T7="not known") == {"data quality"}
    assert raised(T13="evidence against") == {"testing and evaluation"}
    assert raised(T2="individual child or family") == {"co-design", "public communication"}
    for everything in (
        {"T13": "novel"},
        {"T3": "ranks people or applies a threshold"},
        {"T1": "predictive", "T2": "individual child or family"},
    ):
        assert len(raised(**everything)) == 9


def test_answers_are_read_whatever_their_capitals_and_dashes(rules):
    assert judge({**NONE, "T5": "  MIXED. ", "T1": "Descriptive"}, rules).points == 2


# In a project ------------------------------------------------------------------------------------------------------


def test_an_answer_that_is_none_is_named_with_its_row(answered):
    edit(answered, "workbook/ethics_triage.csv", "T5,Data maturity,high", "T5,Data maturity,medium")
    triage = open_book(answered).triage()
    (problem,) = triage.problems
    assert (problem.row, problem.column) == (6, "answer")
    assert "Use one of: high; mixed; low on every component." in problem.remedy
    assert triage.outcome == RECONSIDER and not triage.complete


@pytest.mark.parametrize(
    ("question", "given", "instead"),
    [
        ("T1", "predictive", "descriptive"),
        ("T2", "individual child or family", "area or service"),
        ("T5", "high", "mixed"),
    ],
)
def test_an_answer_that_contradicts_the_project_counts_as_unanswered(answered, question, given, instead):
    file = "workbook/ethics_triage.csv"
    lines = (answered / file).read_text(encoding="utf-8").split("\n")
    lines = [line.replace(given, instead, 1) if line.startswith(f"{question},") else line for line in lines]
    (answered / file).write_text("\n".join(lines), encoding="utf-8")
    book = open_book(answered)
    assert question in book.triage_contradictions()
    assert question in book.triage().unanswered


OVERRIDE = "id,date,outcome,reason,approver_role,approver_name\n"


@pytest.mark.parametrize(
    ("row", "counts", "outcome"),
    [
        ("O1,01/07/2025,re-consider,The panel wants a pause for a month,Chair,", True, RECONSIDER),
        ("O1,01/07/2025,continue,Only four people will ever see it at all,Director,Helen Marsh", True, CONTINUE),
        ("O1,01/07/2025,continue,Only four people will ever see it at all,Director,", False, ENHANCED),
        ("O1,01/07/2025,continue,,Director,Helen Marsh", False, ENHANCED),
        ("O1,01/07/2025,continue,Only four people will ever see it at all,Analyst,sian  PROBERT", False, ENHANCED),
        ("O1,,continue,Only four people will ever see it at all,Director,Helen Marsh", False, ENHANCED),
    ],
)
def test_overrides(answered, row, counts, outcome):
    (answered / "workbook/04_ethics_triage/triage_override.csv").write_text(f"{OVERRIDE}{row}\n", encoding="utf-8")
    triage = open_book(answered).triage()
    assert triage.override.counts is counts
    assert triage.outcome == outcome
    assert triage.by_rules == ENHANCED
    assert counts or triage.override.why_not


def scope_change(folder: Path, day: str, done_on: str = "") -> None:
    path = folder / "workbook/changes.csv"
    heading = path.read_text(encoding="utf-8").splitlines()[0]
    row = {
        "id": "V9",
        "stage": "9",
        "date": day,
        "change": "Another locality joins",
        "kind": "area",
        "scope_change": "yes",
        "why": "They asked",
        "owner": "Head of performance",
        "status": "open",
        "re_engaged_on": done_on,
        "triage_repeated_on": done_on,
        "legal_checked_on": done_on,
        "assessments_updated_on": done_on,
        "public_updated_on": done_on,
    }
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, heading.split(","))
        writer.writeheader()
        writer.writerow(row)


def test_a_change_of_scope_reopens_the_triage_and_every_gate_after_it(signed, computed):
    assert all(open_book(signed, computed).gate(stage).passed for stage in (4, 7, 8))
    scope_change(signed, "20/04/2026")
    book = open_book(signed, computed)
    assert book.triage().reopened and not book.triage().may_go_on
    assert not any(book.gate(stage).passed for stage in (4, 7, 8))
    assert all(book.gate(stage).passed for stage in (1, 2, 3))
    assert book.action("9.11").state == "in progress"
    assert book.verdict().stamp == "DRAFT" and "scope has changed" in book.verdict().sentence
    assert {one.why_not for one in book.sign_offs()} == {"the scope changed on 20 April 2026, after it"}


def test_a_change_of_scope_is_over_when_everything_was_done_again(signed, computed):
    scope_change(signed, "20/04/2026", "25/04/2026")
    path = signed / "workbook/ethics_triage.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("30/06/2025", "25/04/2026"), encoding="utf-8")
    book = open_book(signed, computed)
    assert not book.triage().reopened
    assert book.action("9.11").state == "done"
    # The approvals themselves still have to be given again.
    assert not book.gate(4).passed


def test_an_undated_change_of_scope_reopens_too(signed, computed):
    scope_change(signed, "")
    assert open_book(signed, computed, date(2026, 4, 30)).triage().reopened
