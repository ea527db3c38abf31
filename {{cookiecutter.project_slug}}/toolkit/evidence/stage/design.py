"""What stage 5 shows of how things are done today, and how the code is kept (guidance actions 5.04 and 5.15)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from evidence.project import git_digest, git_says, long_date, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from evidence.stage.stage import Stage

# The tests that a project ships, by the question that each answers.
TEST_FILES = {
    "unit tests": "test_tool.py",
    "edge cases": "test_edge_cases.py",
    "data contract": "test_data_contract.py",
    "notebooks": "test_notebooks.py",
    "thresholds": "test_thresholds.py",
    "fairness": "test_fairness.py",
    "reproducibility": "test_reproducible.py",
}


def show_baseline_survey(stage: Stage) -> None:
    """Shows and records what people said of how they decide today; says where it is written where nobody was asked."""
    from evidence import measures
    from evidence.measures import words

    register = stage.workbook.register("baseline_survey")
    if register.not_applicable:
        stage.say(f"Nobody is asked how they decide today: {register.not_applicable}")
        return
    rows = stage.entries("baseline_survey")
    rows = rows[rows["asked"] == measures.BEFORE]
    if rows.empty:
        stage.say(f"Nobody has said yet how decisions are made today. It is written in {register.where}.")
        return
    answers, minutes = measures.survey_answers(rows), measures.survey_minutes(rows)
    stage.record("baseline_survey", answers)
    stage.record("baseline_minutes", minutes)
    asked = f"{register.where}, {len(rows)} people."
    # These count the people who were asked, who gave no name, and no children.
    stage.show(
        answers,
        words.baseline_answers(answers),
        name="baseline_survey",
        source=asked,
        counts=[],
        percent=["percent", "low", "high"],
    )
    stage.show(minutes, words.baseline_survey(minutes), name="baseline_minutes", source=asked, counts=[])


def show_survey_again(stage: Stage) -> None:
    """Shows and records how those who decide answer now, beside how they answered before the tool (8.06)."""
    from evidence import measures
    from evidence.measures import words

    where = stage.workbook.register("baseline_survey").where
    before, since, once = measures.asked_alike(stage.entries("baseline_survey"))
    stage.list("Asked about one time only, and so not compared:", once)
    if since.empty:
        stage.say(
            "Nobody has been asked about the same decision before the tool and again since, so how decisions are made "
            f"cannot be compared. Both belong in {where}."
        )
        return
    minutes = measures.minutes_before_after(before, since)
    stage.record("survey_minutes", minutes)
    asked = f"{where}: {len(before)} people before the tool, {len(since)} since."
    stage.show(minutes, words.minutes_before_after(minutes), name="survey_minutes", source=asked, counts=[])
    answers = measures.answers_before_after(before, since)
    stage.record("survey_answers", answers)
    percent = ["percent_before", "percent", "difference", "low", "high"]
    said = words.answers_before_after(answers)
    note = "Of those who were asked; no child is counted."
    stage.show(answers, said, name="survey_answers", source=asked, note=note, counts=[], percent=percent)


def show_software_practice(stage: Stage) -> None:
    """Shows tests, reviews and versions of the code; records `software_practice` once each of them is shown."""
    import pandas as pd

    from evidence.measures import words

    stage.results.note_read(stage.number, "version control", "src", git_digest(stage.project.root))
    rows = {
        "tests of seven kinds": _tests(stage.project.path("tests")),
        "edge cases right": _edge_cases(stage),
        "version control": _version_control(stage),
        "code review": _reviews(stage),
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["shown", "evidence"]).rename_axis("practice")
    stage.record("software_practice", table, when=(table["shown"] == "yes").all())
    stage.show(table, words.software_practice(table), name="software_practice")


def _tests(folder: Path) -> tuple[str, str]:
    counts = {kind: _count(folder / name) for kind, name in TEST_FILES.items()}
    missing = [f"{kind} ({TEST_FILES[kind]})" for kind, count in counts.items() if not count]
    if missing:
        return "no", f"no test in: {', '.join(missing)}"
    return "yes", ", ".join(f"{kind} {count}" for kind, count in counts.items())


def _count(path: Path) -> int:
    """How many tests a file defines."""
    if not path.is_file():
        return 0
    tree = ast.parse(read_text(path))
    return sum(isinstance(one, ast.FunctionDef) and one.name.startswith("test_") for one in tree.body)


def _edge_cases(stage: Stage) -> tuple[str, str]:
    from evidence import measures

    table = measures.edge_cases(stage.tool, stage.project.path("tests", "edge_cases.csv"), stage.parameters)
    right = int((table["ok"] == "yes").sum())
    said = f"{right} of {len(table)} answered rightly by the tool in this run"
    return ("yes" if right == len(table) else "no"), said


def _version_control(stage: Stage) -> tuple[str, str]:
    tool = stage.project.relative(stage.project.tool_path)
    if not git_says(stage.project.root, "ls-files", "--", tool):
        return "no", f"{tool} is not in git: git add and git commit keep each version of it"
    changed = git_says(stage.project.root, "status", "--porcelain", "--", "src", "tests").splitlines()
    if changed:
        return "no", f"{len(changed)} files of src and tests differ from what is committed"
    return "yes", "the tool and its tests are in git as they are here"


def _reviews(stage: Stage) -> tuple[str, str]:
    register = stage.workbook.register("log_6")
    days = [row["date"] for row in register.complete_rows if row["kind"] == "code review"]
    if not days:
        return "no", f"no code review is logged in {register.where}"
    number = "1 code review" if len(days) == 1 else f"{len(days)} code reviews"
    return "yes", f"{number}, the latest on {long_date(max(days))}"
