"""Each of the 115 actions has working evidence behind it: planted it is done, taken away it is not."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.evidence.workbook.helpers import open_book

ACTIONS = [
    f"{stage}.{number:02d}"
    for stage, last in {1: 11, 2: 10, 3: 14, 4: 11, 5: 16, 6: 12, 7: 14, 8: 10, 9: 12, 10: 5}.items()
    for number in range(1, last + 1)
]
# Evidence that is worked out, and the file it is worked out from.
SOURCES = {
    "maturity_level": "workbook/02_capability_assessment/maturity.csv",
    "maturity_consistency": "workbook/02_capability_assessment/maturity.csv",
    "costs": "workbook/03_choosing_a_solution/costs.csv",
    "triage": "workbook/ethics_triage.csv",
    "threshold": "workbook/risks.csv",
    "independent_scrutiny": "workbook/04_ethics_triage/governance.csv",
    "independent_evaluator": "workbook/04_ethics_triage/governance.csv",
    "risk_review": "workbook/risks.csv",
    "review_calendar": "workbook/09_deployment_and_monitoring/reviews.csv",
    "scope_change": "workbook/changes.csv",
}
# What does not apply to a tool built in-house, and applies once somebody else builds it.
THIRD_PARTY = {"3.13", "8.03"}


def test_there_are_115_actions_under_the_ids_of_the_guidance(answered):
    assert len(ACTIONS) == 115
    assert list(open_book(answered).reference.actions) == ACTIONS


def test_a_project_in_which_nobody_wrote_anything_has_nothing_done(blank):
    book = open_book(blank())
    assert {action.state for action in book.action_states()} == {"not started", "waiting"}


def test_everything_is_settled_in_the_answered_example_once_results_exist(signed, computed):
    book = open_book(signed, computed)
    assert [action.id for action in book.action_states() if not action.settled] == []
    assert {action.id for action in book.action_states() if action.state == "not applicable"} == THIRD_PARTY


def test_what_people_answer_is_done_without_a_run(answered):
    book = open_book(answered)
    still = {action.id: action.state for action in book.action_states() if not action.settled}
    # Nobody has signed, and stage 7 does not go on before stage 4 is signed.
    assert {name for name, state in still.items() if state != "waiting"} == {"4.11", "7.12", "8.10"}
    assert book.gate(1).passed and book.gate(2).passed


def test_once_it_is_signed_only_what_a_run_records_is_waited_for(signed):
    book = open_book(signed)
    still = [action for action in book.action_states() if not action.settled]
    assert still and {action.state for action in still} == {"waiting"}
    closed = [book.gate(stage) for stage in (3, 4, 7, 8)]
    assert all(gate.waits and not gate.passed for gate in closed)


def test_where_a_stage_ran_without_evidence_the_page_says_what_is_needed(signed, computed):
    for stage, name in ((7, "user_survey"), (9, "drift"), (3, "profile")):
        computed.values.pop((stage, name))
    book = open_book(signed, computed)
    survey, drift, profile = (book.action(name) for name in ("7.10", "9.03", "3.02"))
    assert survey.state == drift.state == "not started"
    assert survey.evidence == (
        "stage 7 has run without it; it needs the answers of at least 5 people in workbook/07_testing/user_survey.csv"
    )
    assert "evidence period add" in drift.evidence
    # What a stage records in any case is waited for, also where an earlier run has none of it.
    assert profile.state == "waiting"
    assert not book.gate(7).passed and not book.gate(7).waits


def test_before_a_stage_has_run_the_page_says_what_the_run_rests_on(signed, computed):
    computed.values.pop((7, "user_survey"))
    computed.unfinished.add(7)
    action = open_book(signed, computed).action("7.10")
    assert action.state == "waiting"
    assert "which stage 7 records when it runs; it needs the answers of at least 5 people" in action.evidence


def test_whatever_a_stage_records_only_with_evidence_says_what_it_rests_on(answered, template):
    """Every action whose result a notebook may leave out, found in the notebooks themselves."""
    source = {
        int(path.name[:2]): "".join("".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"])
        for path in template.glob("notebooks/*.ipynb")
    }
    kept = re.compile(r"record_evidence\(\s*\"(\w+)\"|record\(\s*\"(\w+)\"[^\n]*when=")
    left_out = {(stage, a or b) for stage, text in source.items() for a, b in kept.findall(text)}
    found = 0
    for info in open_book(answered).reference.actions.values():
        for evidence in info.evidence:
            stage, _, name = evidence.removeprefix("result:").partition("/")
            if evidence.startswith("result:") and (int(stage), name) in left_out:
                assert info.rests_on, info.id
                found += 1
    assert found >= 12


# 7.02: better than today ---------------------------------------------------------------------------------------------


def compared(*better: str) -> pd.DataFrame:
    return pd.DataFrame({"better": better}, index=["recall", "precision", "accuracy"][: len(better)])


def changed(*intervals: tuple) -> pd.DataFrame:
    low, high = zip(*intervals, strict=True)
    return pd.DataFrame({"difference": [(one + other) / 2 for one, other in intervals], "low": low, "high": high})


@pytest.mark.parametrize(
    ("result", "state", "words"),
    [
        (compared("tool", "tool"), "done", "better than today on recall and precision"),
        (compared("tool", "no clear difference"), "done", "better than today on recall"),
        (compared("today", "tool"), "in progress", "better than today on precision; worse on recall; why the team"),
        (compared("today", "today"), "in progress", "worse on recall and precision"),
        (compared("no clear difference"), "in progress", "no clear difference from today"),
        (compared("not estimable"), "in progress", "no clear difference from today"),
        (changed((-2.0, 3.0), (1.0, 4.0)), "done", "1 of 2 figures differ"),
        (changed((-2.0, 3.0)), "in progress", "0 of 1 figure differ"),
        (changed((math.nan, math.nan)), "in progress", "nothing can be compared"),
        (True, "in progress", "something that cannot be compared"),
    ],
)
def test_a_comparison_that_does_not_speak_for_the_tool_needs_a_reason_to_go_on(signed, computed, result, state, words):
    computed.values[7, "against_baseline"] = result
    log = signed / "workbook/07_testing/log.csv"
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    reasons = [line for line in lines if ",going on," in line]
    assert reasons
    assert open_book(signed, computed).action("7.02").state == "done"
    log.write_text("".join(line for line in lines if line not in reasons), encoding="utf-8")
    action = open_book(signed, computed).action("7.02")
    assert action.state == state and words in action.evidence
    del computed.values[7, "against_baseline"]
    log.write_text("".join(lines), encoding="utf-8")
    assert open_book(signed, computed).action("7.02").state == "waiting"


def test_a_reason_to_go_on_has_to_be_complete(signed, computed):
    computed.values[7, "against_baseline"] = compared("today", "tool")
    log = signed / "workbook/07_testing/log.csv"
    text = log.read_text(encoding="utf-8")
    log.write_text(text.replace(",Data board with the oversight group,", ",TBC,"), encoding="utf-8")
    assert open_book(signed, computed).action("7.02").state == "in progress"


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_done_with_its_evidence_and_not_without(name, signed, computed):
    if name in THIRD_PARTY:
        build_outside(signed)
    info = open_book(signed).reference.actions[name]
    assert open_book(signed, computed).action(name).state == "done"
    put_back = take_away(info, signed, computed)
    without = open_book(signed, computed).action(name)
    assert without.state in ("not started", "in progress", "waiting"), without
    assert without.evidence
    put_back()
    assert open_book(signed, computed).action(name).state == "done"


def take_away(info, folder: Path, results):
    """Removes the evidence of an action; returns what puts it back."""
    kind, _, rest = info.evidence[0].partition(":")
    if kind == "result":
        stage, _, name = rest.partition("/")
        kept = results.values.pop((int(stage), name))
        return lambda: results.values.update({(int(stage), name): kept})
    if kind == "gate":
        return emptied(
            folder / ("workbook/sign_offs.csv" if rest in ("4", "8") else "workbook/decisions.csv"), "heading"
        )
    if kind == "computed":
        return emptied(folder / SOURCES[rest], "heading")
    if kind == "document":
        file = next((folder / "workbook").rglob(f"{rest}.md"))
        return emptied(file, "first answer")
    if "#" in kind:
        file, _, question = kind.partition("#")
        return emptied(folder / file, question)
    return emptied(folder / kind, "heading")


def emptied(path: Path, what: str):
    raw = path.read_bytes()
    text = raw.decode("utf-8")
    if what == "heading":
        path.write_text(text.splitlines()[0] + "\n", encoding="utf-8")
    elif what == "first answer":
        path.write_text(re.sub(r"(## .+\n\n> .+\n\n)[^#]+", r"\1TBC\n\n", text, count=1), encoding="utf-8")
    else:
        heading = rf"(## {re.escape(what)}\b.+\n\n> .+\n\n)[^#]+"
        assert re.search(heading, text), f"no question {what} in {path.name}"
        path.write_text(re.sub(heading, r"\1\n", text, count=1), encoding="utf-8")
    return lambda: path.write_bytes(raw)


def build_outside(folder: Path) -> None:
    """A supplier builds the tool, and everything asked of suppliers is there."""
    path = folder / "workbook/03_choosing_a_solution/answers.md"
    path.write_text(
        path.read_text(encoding="utf-8").replace("In-house. Two analysts", "Contractors. Two analysts"), "utf-8"
    )
    for file, column in (
        ("03_choosing_a_solution/third_party.csv", "check"),
        ("08_pre_deployment/handover.csv", "item"),
    ):
        path = folder / "workbook" / file
        info = next(one for one in open_book(folder).reference.registers.values() if one.file.endswith(file))
        rows = [
            {one.name: value if one.name == column else one.worked for one in info.columns} | {"id": f"H{number}"}
            for number, value in enumerate(info.column(column).allowed)
        ]
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, info.column_names)
            writer.writeheader()
            writer.writerows({**row, info.columns[-2].name: "Team folder, page 7"} for row in rows)


def test_every_action_names_what_it_waits_for_or_where_it_is_written(answered):
    for info in open_book(answered).reference.actions.values():
        assert info.evidence
        assert bool(info.waits_for) == any(one.startswith("result:") for one in info.evidence), info.id
        files = [one.partition("#")[0] for one in info.evidence if one.startswith("workbook/")]
        assert all((answered / file).is_file() for file in files), info.id


def test_not_applicable_needs_a_reason(answered):
    log = answered / "workbook/06_development/log.csv"
    heading = log.read_text(encoding="utf-8").splitlines()[0]
    for words, state in (("Not applicable: nobody has seen any output yet", "not applicable"), ("n/a", "not started")):
        log.write_text(f"{heading}\nT1,,user test,{words},,,\n", encoding="utf-8")
        book = open_book(answered)
        found = book.action("6.05")
        assert found.state == state if state == "not applicable" else found.state in ("not started", "in progress")
    assert "nobody has seen" not in found.evidence


def test_counts_add_up(answered):
    counts = open_book(answered).counts()
    assert sum(sum(one.values()) for one in counts.values()) == 115


def test_actions_as_a_frame(answered):
    frame = open_book(answered).actions(3)
    assert list(frame.columns) == ["id", "section", "action", "expected", "state", "evidence"]
    assert len(frame) == 14
    assert set(frame["expected"]) <= {"answer", "register", "computed", "document", "gate"}
