"""Triggers say what is not known, and plans know what is overdue on their day."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from evidence.measures import (
    dependencies,
    dependency_sentences,
    disposal_schedule,
    estimates,
    findings,
    first_day_of_use,
    retirement_plan,
    rollout,
    triggers,
)


def series(n: int, total: int) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples([("31 March 2026", "recall")], names=["period", "measure"])
    return estimates([n], [total], index)


BELOW = "its figures lie below what was agreed"


@pytest.mark.parametrize(
    ("n", "total", "met"), [(20, 100, "met"), (38, 100, "not met"), (60, 100, "not met"), (2, 5, "not estimable")]
)
def test_a_figure_counts_as_below_only_when_its_whole_interval_is(n, total, met):
    assert triggers(series=series(n, total), targets={"recall": 40}).at[BELOW, "met"] == met


def test_a_trigger_without_evidence_is_never_not_met():
    table = triggers()
    assert table["met"].eq("not known").all()
    assert findings.triggers(table).endswith("7 of 7 triggers cannot be judged yet")
    assert triggers(series=series(1, 100)).at[BELOW, "met"] == "not known"


def used(n: int, of: int) -> pd.DataFrame:
    return estimates([n], [of], pd.Index(["31 March 2026"], name="period"))


@pytest.mark.parametrize(("n", "met"), [(0, "met"), (2, "met"), (3, "not met")])
def test_use_is_judged_by_those_who_may_use_it(n, met):
    assert triggers(usage=used(n, 12), least_used=0.25).at["it is hardly used", "met"] == met


def laws(affects: str, done: str, day: str = "2026-03-01") -> pd.DataFrame:
    return pd.DataFrame([{"id": "LC1", "date": pd.Timestamp(day), "affects": affects, "done": done}])


@pytest.mark.parametrize(
    ("line", "met"),
    [
        (laws("no", "nothing to do"), "not met"),
        (laws("needs a change", "no"), "met"),
        (laws("needs a change", "yes"), "not met"),
        (laws("the tool must stop", "yes"), "met"),
        (laws("the tool must stop", "no", "2026-09-01"), "not met"),
    ],
)
def test_a_change_of_law_counts_until_it_is_settled(line, met):
    table = triggers(laws=line, as_of=date(2026, 4, 30))
    assert table.at["law or policy no longer allows it as it is", "met"] == met


@pytest.mark.parametrize(
    ("planned", "spent", "met"),
    [
        ({"2025": 100}, {"2025": 125}, "not met"),
        ({"2025": 100}, {"2025": 126}, "met"),
        ({"2025": 100}, {"2026": 500}, "not known"),
        ({}, {}, "not known"),
    ],
)
def test_costs_are_held_against_the_plan_of_the_same_year(planned, spent, met):
    assert triggers(planned=planned, spent=spent).at["it costs more than was agreed", "met"] == met


def challenged(upheld: int, answered: int) -> pd.DataFrame:
    return estimates([upheld], [answered], pd.Index(["upheld, wholly or in part"]))


@pytest.mark.parametrize(
    ("upheld", "answered", "met"), [(3, 4, "not estimable"), (0, 0, "not known"), (18, 20, "met"), (12, 20, "not met")]
)
def test_challenges_count_only_beyond_chance(upheld, answered, met):
    table = triggers(challenges=challenged(upheld, answered))
    assert table.at["what it says is too often challenged with success", "met"] == met


@pytest.mark.parametrize(("permitted", "met"), [(True, "not met"), (False, "met"), (None, "not known")])
def test_maturity_that_fell_is_a_trigger(permitted, met):
    assert triggers(maturity=(permitted, "said")).at["data maturity no longer permits such a tool", "met"] == met


def test_a_sign_for_retraining_that_cannot_be_judged_stays_open():
    signs = pd.DataFrame({"met": ["no", "not known"], "evidence": ["a", "two are needed"]}, index=["one", "other"])
    changed = "the children or their records have changed"
    assert triggers(retraining=signs).loc[changed].tolist() == ["not known", "two are needed"]
    assert triggers(retraining=signs.assign(met="no")).at[changed, "met"] == "not met"
    assert triggers(retraining=signs.assign(met=["yes", "no"])).at[changed, "met"] == "met"


def plan() -> pd.DataFrame:
    days = pd.to_datetime(["2026-01-31", "2026-02-28", "2026-06-30", "2026-12-31"])
    return pd.DataFrame(
        {
            "id": ["D1", "D2", "D3", "D4"], "what": "x", "kind": "data", "fate": "deleted", "owner": "A",
            "phase": "deprecate", "step": "x", "by": days, "ends": days, "starts": days - pd.Timedelta(days=90),
            "done_on": pd.to_datetime(["2026-01-15", None, None, None]),
        }
    )  # fmt: skip


def test_disposal_and_retirement_know_what_is_overdue_on_their_day():
    disposed = disposal_schedule(plan(), date(2026, 4, 30))
    assert disposed["stands"].tolist() == ["done", "overdue", "planned", "planned"]
    steps = retirement_plan(plan(), date(2026, 4, 30))
    assert steps["stands"].tolist() == ["done", "overdue", "running", "planned"]
    assert findings.schedule(disposed, "disposal", "x") == "1 of 4 steps overdue; the next is due by 30 June 2026"
    assert disposal_schedule(plan(), date(2026, 1, 1))["stands"].tolist()[0] == "planned"


def phases() -> pd.DataFrame:
    frame = pd.DataFrame({"id": list("ABCDE"), "phase": "p", "team": "t", "share_of_users": 0.2, "ends": pd.NaT})
    frame["starts"] = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-09-01"])
    frame["decision"] = ["go", "go", "no-go", "not decided", "not decided"]
    frame["decided_on"] = pd.to_datetime(["2025-12-20", "2026-01-20", "2026-02-20", None, None])
    return frame.assign(ends=pd.to_datetime(["2026-01-31", None, None, None, None]))


def test_the_roll_out_stands_where_its_decisions_put_it():
    table = rollout(phases(), date(2026, 4, 30))
    assert table["stands"].tolist() == ["ended", "running", "stopped", "waits for a decision", "planned"]
    assert first_day_of_use(phases()) == date(2026, 1, 1)
    assert first_day_of_use(phases().iloc[2:]) is None


def test_what_rests_on_the_tool_is_said_in_words_with_what_takes_its_place():
    lines = pd.DataFrame(
        {
            "id": ["D1", "D2"], "what": ["Monday meeting", "Board report"], "kind": ["way of working", "report"],
            "how": ["Opens with the list", "Quotes a figure."], "instead": ["The case system", ""], "owner": "A",
        }
    )  # fmt: skip
    table = dependencies(lines)
    assert dependency_sentences(table) == [
        "Report: Board report rests on the tool (quotes a figure). Nothing takes its place yet.",
        "Way of working: Monday meeting rests on the tool (opens with the list). In its place: the case system.",
    ]
    assert findings.dependencies(table).endswith("1 without anything in its place")
