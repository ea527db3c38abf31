"""Conclusions from recorded tables are kept for the next command, and never trusted where anything is different."""

from __future__ import annotations

import pandas as pd
import pytest

from evidence.project import Project
from evidence.results import Results
from evidence.workbook import Concluded, concluded_file, open_workbook


@pytest.fixture
def asked(answered):
    """Asks a question of a recorded table as a new command would, and says how often it had to be worked out."""
    results = Results(answered / ".evidence" / "runs" / "sample")
    results.record(7, "metrics", pd.DataFrame({"value": [0.5]}))

    def ask(question: str = "how many", look_up: bool = True) -> tuple[list, int]:
        calls = []
        project = Project(answered)
        book = open_workbook(project, results, concluded=Concluded(project, look_up))

        def conclude(table: pd.DataFrame) -> tuple:
            calls.append(table)
            return len(table), f"{table['value'].sum():.1f}"

        return book.concluded(7, "metrics", question, conclude), len(calls)

    ask.results, ask.file = results, concluded_file(Project(answered))
    return ask


def test_a_second_command_need_not_read_the_table(asked):
    assert asked() == ([1, "0.5"], 1)
    assert asked() == ([1, "0.5"], 0)


def test_another_table_or_another_question_is_worked_out_anew(asked):
    asked()
    assert asked("how much")[1] == 1
    asked.results.record(7, "metrics", pd.DataFrame({"value": [0.5, 0.25]}))
    assert asked() == ([2, "0.8"], 1)


@pytest.mark.parametrize("damage", ["", "{", '{"toolkit": "another", "conclusions": {}}', "[]"])
def test_what_is_damaged_or_of_another_toolkit_is_ignored(asked, damage):
    asked()
    asked.file.write_text(damage, encoding="utf-8")
    assert asked() == ([1, "0.5"], 1)


def test_a_run_looks_nothing_up(asked):
    asked()
    assert asked(look_up=False)[1] == 1


def test_what_was_worked_out_beside_is_not_worked_out_again_and_all_else_is(answered):
    project, results = Project(answered), Results(answered / ".evidence" / "runs" / "sample")
    results.record(7, "metrics", pd.DataFrame({"value": [0.5]}))
    there = Concluded(project, look_up=False)
    book = open_workbook(project, results, concluded=there)
    book.concluded(7, "metrics", "how many", lambda table: [len(table)])
    asked = []

    def beside() -> dict[str, list]:
        asked.append("once")
        return there.made

    here = open_workbook(project, results, concluded=Concluded(project, look_up=False, beside=beside))
    assert here.concluded(7, "metrics", "how many", lambda _: pytest.fail("worked out again")) == [1]
    assert here.concluded(7, "metrics", "how much", lambda table: [table["value"].sum()]) == [0.5]
    results.record(7, "metrics", pd.DataFrame({"value": [0.5, 0.25]}))
    anew = open_workbook(project, results, concluded=Concluded(project, look_up=False, beside=beside))
    assert anew.concluded(7, "metrics", "how many", lambda table: [len(table)]) == [2]
    assert asked == ["once", "once"]


def test_everything_that_reads_a_table_is_worked_out_when_all_is_concluded(answered):
    """What `conclude` leaves out would have to be worked out by a process that has not imported pandas."""
    project, results = Project(answered), Results(answered / ".evidence" / "runs" / "sample")
    measured = {"measure": "recall", "value": 0.5, "n": 50, "denominator": 100, "low": 0.4, "high": 0.6}
    results.record(7, "metrics", pd.DataFrame([measured]))
    results.record(7, "metrics_by_group", pd.DataFrame([{**measured, "group_by": "SEX", "group": "F"}]))
    results.record(7, "against_baseline", pd.DataFrame({"measure": ["recall"], "better": ["tool"]}))
    all_of_it, one_by_one = (Concluded(project, look_up=False) for _ in range(2))
    open_workbook(project, results, concluded=all_of_it).conclude()
    book = open_workbook(project, results, concluded=one_by_one)
    book.verdict(), book.thresholds_met(), book.action_states(), book.limitations()
    assert len(one_by_one.made) > 1
    assert all_of_it.made == one_by_one.made
