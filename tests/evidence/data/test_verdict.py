"""Whether the data is good enough, by limits fixed beforehand."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from evidence.data import (
    activity,
    audit,
    comparable_years,
    error_families,
    filled_by_group,
    load_tables,
    load_with_earlier,
    quality_decision,
)
from evidence.measures import completeness, representativeness, year_changes
from evidence.project import EvidenceError, Project


@pytest.fixture
def copied(template, tmp_path) -> Project:
    """A project whose limits a test may change."""
    copy = tmp_path / "{{cookiecutter.project_slug}}"
    for name in ("reference", "data"):
        shutil.copytree(template / name, copy / name)
    shutil.copy(template / "project.toml", copy)
    shutil.copy(template.parent / "cookiecutter.json", tmp_path)
    return Project(copy)


def change(project: Project, before: str, after: str) -> None:
    path = project.path("reference", "quality_limits.toml")
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def unmet(project: Project) -> list[str]:
    tables = load_with_earlier(project, "data/sample")
    decision = quality_decision(
        project,
        tables,
        "2026-03-31",
        completeness=completeness(filled_by_group(tables, "2026-03-31")),
        changes=year_changes(comparable_years(tables, "2026-03-31")),
    )
    assert decision["met"] == all(reason["met"] is not False for reason in decision["reasons"])
    assert [reason["text"] for reason in decision["reasons"] if reason["met"] is None] == [
        "Not judged: representativeness (there is no reference population for the council in data/published)."
    ]
    return [reason["text"] for reason in decision["reasons"] if reason["met"] is False]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("required_at_most = 2.0", "required_at_most = 0.001", "asked for in every row missing in more than 0.001%"),
        ("readable_at_least = 98.0", "readable_at_least = 99.99", "in the right form in less than 99.99%"),
        ("failing_at_most = 1.0", "failing_at_most = 0.2", "rules of the audit fail in more than 0.2%"),
        ("repeated_at_most = 0.5", "repeated_at_most = 0.01", "Checks for repeated events for one child fail in"),
        ("overlapping_at_most = 1.0", "overlapping_at_most = 0.01", "overlap with another of the same child; most"),
        ("orphans_at_most = 1.0", "orphans_at_most = 0.2", "have no counterpart in another table; most by BT03"),
        ("children_at_least = 100", "children_at_least = 5000", "children; at least 5,000 are asked for"),
    ],
)
def test_each_limit_decides(copied, before, after, says):
    assert unmet(copied) == []
    change(copied, before, after)
    texts = unmet(copied)
    assert len(texts) == 1 and says in texts[0]


@pytest.mark.parametrize(
    ("before", "after"), [("failing_at_most = 1.0", ""), ("failing_at_most = 1.0", "failing_at_most = true")]
)
def test_a_missing_limit_is_said(copied, before, after):
    change(copied, before, after)
    with pytest.raises(EvidenceError, match="failing_at_most must be a number"):
        unmet(copied)


def test_families_add_up(project):
    audited = audit(load_tables(project, "data/sample"))
    families = error_families(audited)
    assert families["rules"].sum() == len(audited)
    assert families["failures"].sum() == audited["failures"].sum()
    assert (families["failures"] > 0).all()


def test_activity(project):
    events = activity(load_tables(project, "data/sample"))
    reviews = events[(events["table"] == "reviews") & events["year"].isin([2024, 2025, 2026])]
    assert (reviews["events"] > 1000).all()


def test_limits_that_the_team_set_are_held_to(template):
    from evidence.data import load_tables, quality_decision
    from evidence.project import Project

    project = Project(template)
    tables = load_tables(project, "data/sample")
    strict = {"id": "QL1", "table": "every table", "measure": "missing", "limit_percent": 0.01}
    easy = {"id": "QL2", "table": "Episodes", "measure": "outside the code list", "limit_percent": 50.0}
    nowhere = {"id": "QL3", "table": "adoptions", "measure": "rule failures", "limit_percent": 50.0}
    assert quality_decision(project, tables, limits=[easy])["decision"] == "go on"
    for limit in (strict, nowhere):
        decided = quality_decision(project, tables, limits=[easy, limit])
        assert decided["decision"] == "improve first"
        assert [reason["met"] for reason in decided["reasons"]][-2:] == [True, False]


def reasons_of(project: Project, **compared) -> dict[str, object]:
    decision = quality_decision(project, load_tables(project, "data/sample"), "2026-03-31", **compared)
    return {reason["text"]: reason["met"] for reason in decision["reasons"]}


def said(reasons: dict[str, object], words: str) -> tuple[str, object]:
    found = [(text, met) for text, met in reasons.items() if words in text]
    assert len(found) == 1, list(reasons)
    return found[0]


def test_a_group_that_is_clearly_less_complete_is_named_without_a_figure(project):
    counts = pd.DataFrame({"group": ["White", "Mixed"], "n": [990, 60], "denominator": [1000, 100]})
    table = completeness(counts.assign(table="header", column="SEX", characteristic="ethnic group"))
    text, met = said(reasons_of(project, completeness=table), "clearly less complete")
    assert met is False
    assert text.endswith("most header SEX for ethnic group Mixed.") and "60" not in text


def test_a_jump_in_a_yearly_number_is_named(project):
    events = [("visits", "Day", 2024, 1000), ("visits", "Day", 2025, 400), ("visits", "Other", 2024, 9)]
    changes = year_changes(pd.DataFrame(events, columns=["table", "event", "year", "events"]))
    text, met = said(reasons_of(project, changes=changes), "chance apart")
    assert met is False and "most visits Day in the year to 31 March 2025 (-60%)" in text


def test_a_group_that_is_nearly_absent_is_named_and_one_that_is_overrepresented_is_not(project):
    children = pd.DataFrame({"ethnic group": ["White"] * 950 + ["Black"] * 45 + ["Asian"] * 5})
    groups = [("ethnic group", group) for group in ("White", "Black", "Asian")]
    index = pd.MultiIndex.from_tuples(groups, names=["characteristic", "group"])
    people = pd.DataFrame({"population": [80_000, 2_000, 18_000]}, index=index)
    text, met = said(
        reasons_of(project, represented=representativeness(children, people)), "share of the reference population"
    )
    assert met is False and "1 of 3 groups" in text and "least ethnic group Asian" in text


def test_what_cannot_be_judged_is_said_and_stops_nothing(project):
    reasons = reasons_of(project)
    open_ones = [text for text, met in reasons.items() if met is None]
    assert len(open_ones) == 3 and all(text.startswith("Not judged: ") for text in open_ones)
    assert quality_decision(project, load_tables(project, "data/sample"), "2026-03-31")["met"]
