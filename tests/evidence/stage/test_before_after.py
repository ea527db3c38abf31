"""What stage 8 sets before and after each other: like with like, from whichever source there is."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from evidence.measures import definition_of
from evidence.project import EvidenceError, open_project
from evidence.stage import Stage
from evidence.stage import stage as stage_room
from evidence.stage.outcome_series import find_series
from evidence.workbook import definition_digest

PARAMETERS = {"as_of": "2026-04-30", "data_folder": "data/sample", "year_end": "2026-03-31"}
SURVEY = "id,asked,role,decision,made_how,minutes,sources,information,confidence,support,outcome_known\n"
PERIOD = (
    "period,definition,pack_digest,about,characteristic,group,measure,n,denominator,percent,low,high,reliability\n"
    "{day},{definition},x,accuracy,All,All children,with the outcome,80,800,10,8,12.3,usable\n"
)


@pytest.fixture
def folder(sample_project: Path, tmp_path: Path) -> Path:
    shutil.copytree(sample_project, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def at_eight(folder, tmp_path, monkeypatch):
    """`at_eight()` is stage 8 as a run opens it, and `.page` what it shows."""
    page: list[str] = []
    monkeypatch.setenv("EVIDENCE_RUN_FOLDER", str(tmp_path / "run"))
    monkeypatch.setattr(stage_room, "show_html", lambda kind, title, html, handle="": page.append(html))
    monkeypatch.setattr(stage_room, "update_html", lambda *_: None)

    def make() -> Stage:
        project = open_project(folder)
        five = Stage(project, project.stage(5), project.check_parameters(PARAMETERS, "the test"))
        five.record("baseline.definition", definition_of(five.tool, five.parameters))
        stage = Stage(project, project.stage(8), project.check_parameters(PARAMETERS, "the test"))
        stage.page = page
        return stage

    return make


def asked(when: str, number: int, minutes: int, decision: str = "Whom to visit") -> str:
    return f"B{when[0]}{number},{when},Worker,{decision},meeting,{minutes},Notes,3,4,A visit,yes\n"


def test_a_changed_definition_is_refused_in_words_by_the_page_itself(template):
    notebook = json.loads((template / "notebooks" / "08_pre_deployment.ipynb").read_text(encoding="utf-8"))
    cell = next(one for one in notebook["cells"] if one["id"] == "own-outcome")
    tool = SimpleNamespace(UNIT="child", GROUPS=["sex"], DEFINITION="Placements are counted.", SCORE=None, OUTPUT="x")
    before, now = ({"placements_at_least": at_least} for at_least in (3, 4))
    stage = SimpleNamespace(
        tool=tool, parameters=now, result=lambda number, name: definition_of(tool, before),
        entries=lambda name: pd.DataFrame({"decision": ["go"], "starts": [pd.Timestamp("2026-03-03")]}),
    )  # fmt: skip
    from evidence import measures
    from evidence.measures import findings

    with pytest.raises(EvidenceError, match="placements_at_least was 3 and is 4.*They are not compared"):
        exec("".join(cell["source"]), {"stage": stage, "measures": measures, "findings": findings})


def test_people_asked_before_and_since_are_compared_and_other_decisions_named(folder, at_eight):
    lines = [asked("before the tool", n, 60 + n) for n in range(12)]
    lines += [asked("since the tool", n, 30 + n) for n in range(11)]
    lines.append(asked("before the tool", 99, 5, "Whether to meet"))
    (folder / "workbook/05_design/baseline_survey.csv").write_text(SURVEY + "".join(lines), encoding="utf-8")
    stage = at_eight()
    stage.survey_again()
    page = " ".join(stage.page)
    assert "A decision took 66 minutes before the tool and takes 35 since" in page
    assert "Whether to meet" in page and "12 people before the tool, 11 since" in page
    row = stage.results.read(8, "survey_minutes").iloc[0]
    assert row[["people_before", "people"]].tolist() == [12, 11] and row["high"] < 0


def test_without_a_second_asking_the_page_says_where_it_belongs(folder, at_eight):
    lines = [asked("before the tool", n, 60) for n in range(12)]
    (folder / "workbook/05_design/baseline_survey.csv").write_text(SURVEY + "".join(lines), encoding="utf-8")
    stage = at_eight()
    stage.survey_again()
    assert "Nobody has been asked about the same decision before the tool and again since" in " ".join(stage.page)
    assert not stage.results.has(8, "survey_minutes")


def test_the_series_comes_from_the_register_then_the_data_then_monitoring(folder, at_eight):
    stage = at_eight()
    assert find_series(stage)[0].empty

    digest = definition_digest(stage.result(5, "baseline.definition"))
    for day in ("2025-12-31", "2026-03-31"):
        path = folder / "workbook" / "periods" / f"{day}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PERIOD.format(day=day, definition=digest), encoding="utf-8")
    kept, source = find_series(stage)
    assert kept["month_ending"].tolist() == [pd.Timestamp("2025-12-31"), pd.Timestamp("2026-03-31")]
    assert kept["n"].tolist() == [80, 80] and "workbook/periods" in source

    months = pd.DataFrame({"month_ending": pd.date_range("2024-01-31", periods=30, freq="ME"), "n": 40, "of": 800})
    Stage(stage.project, stage.project.stage(5), stage.parameters).record("by_month", months)
    series, source = find_series(stage)
    assert len(series) == 30 and "Children who moved to another placement" in source

    register = folder / "workbook/08_pre_deployment/outcome_series.csv"
    register.write_text("id,month_ending,n,of,source\nA,31/01/2026,40,800,Nightly copy\n", encoding="utf-8")
    # What people wrote is read once in a run, so it is the next run that sees it.
    series, source = find_series(at_eight())
    assert len(series) == 1 and "Nightly copy" in source


def test_the_series_is_shown_with_a_chart_and_its_table(folder, at_eight):
    stage = at_eight()
    months = pd.DataFrame({"month_ending": pd.date_range("2023-04-30", periods=36, freq="ME"), "n": 40, "of": 800})
    months["n"] += pd.Series(range(36))
    Stage(stage.project, stage.project.stage(5), stage.parameters).record("by_month", months)
    stage.outcome_series(date(2025, 6, 15))
    page = " ".join(stage.page)
    assert "data:image/svg+xml" in page and "A line marks where the tool began, 15 June 2025: before June 2025" in page
    assert "percentage points beside its trend" in page and "Change a month, before" in page
    assert stage.results.has(8, "interrupted")


def test_a_series_without_a_first_day_of_use_is_shown_without_a_before_and_after(folder, at_eight):
    stage = at_eight()
    months = pd.DataFrame({"month_ending": pd.date_range("2023-04-30", periods=36, freq="ME"), "n": 40, "of": 800})
    Stage(stage.project, stage.project.stage(5), stage.parameters).record("by_month", months)
    stage.outcome_series(None)
    page = " ".join(stage.page)
    assert "No first day of use is recorded" in page and "A line marks" not in page
    assert stage.results.has(8, "outcome_series") and not stage.results.has(8, "interrupted")
