"""Edge cases are answered by the tool itself, and a case that nobody answers is not one that passed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from evidence.measures import edge_cases, read_cases
from evidence.measures.words import edge_cases as in_words
from evidence.project import EvidenceError, open_project

CASES = "case,what,expected\na,One thing,1\na,One thing,1\nb,Another,none\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "edge_cases.csv"
    path.write_text(CASES, encoding="utf-8")
    return path


def test_the_shipped_cases_are_answered_by_the_shipped_tool(template):
    project = open_project(template)
    table = edge_cases(project.load_tool(), template / "tests" / "edge_cases.csv", project.parameters("sample"))
    assert len(table) > 15
    assert table.index.is_unique
    assert (table["ok"] == "yes").all()
    assert in_words(table) == f"The tool gets all {len(table)} cases right"


def test_a_wrong_answer_is_shown_beside_the_expected_one(template, path):
    project = open_project(template)
    text = (template / "tests" / "edge_cases.csv").read_text(encoding="utf-8")
    path.write_text(text.replace("goes on,1,", "goes on,7,"), encoding="utf-8")
    table = edge_cases(project.load_tool(), path, project.parameters("sample"))
    assert table.loc["same_all_year", ["expected", "got", "ok"]].tolist() == ["7", "1", "no"]
    assert in_words(table) == "Wrong: same_all_year"


def test_a_tool_of_another_kind_answers_its_own_cases(path):
    tool = SimpleNamespace(answer_cases=lambda cases, parameters: {"a": 1, "b": "none"})
    assert edge_cases(tool, path, {})["ok"].tolist() == ["yes", "yes"]
    silent = SimpleNamespace(answer_cases=lambda cases, parameters: {"a": 2})
    table = edge_cases(silent, path, {})
    assert table["got"].tolist() == ["2", "no answer"]
    assert table["ok"].tolist() == ["no", "no"]


def test_cases_that_no_tool_answers_are_not_run_and_never_right(path):
    table = edge_cases(SimpleNamespace(TABLES={"referrals": []}), path, {})
    assert table["ok"].eq("not run").all()
    assert "have not been run" in in_words(table)


def test_a_file_that_is_missing_or_lacks_a_column_is_named(tmp_path):
    with pytest.raises(EvidenceError, match="no file of edge cases"):
        read_cases(tmp_path / "edge_cases.csv")
    (tmp_path / "edge_cases.csv").write_text("case,what\na,b\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match="expected"):
        read_cases(tmp_path / "edge_cases.csv")


def test_a_date_that_is_none_is_named_by_its_row(template, path):
    project = open_project(template)
    text = (
        (template / "tests" / "edge_cases.csv").read_text(encoding="utf-8").replace("31/03/2026,S", "31/13/2026,S", 1)
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError, match="row 3: DECOM is not a date"):
        edge_cases(project.load_tool(), path, project.parameters("sample"))
