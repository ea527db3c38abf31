"""Maturity, what the triage drives, gates, sign-offs and the verdict."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evidence.measures import as_rows, estimates
from evidence.privacy import Rules
from evidence.project import EvidenceError
from evidence.workbook import GATES, Threshold, check_thresholds
from evidence.workbook.maturity import level_of
from evidence.workbook.thresholds import _check_each_group, _with_what_is_hidden
from tests.evidence.workbook.helpers import edit, measured, open_book, sign

MATURITY = "workbook/02_capability_assessment/maturity.csv"
GOVERNANCE = "workbook/04_ethics_triage/governance.csv"


@pytest.mark.parametrize(
    ("levels", "level"),
    [
        (["high"] * 5, "high"),
        (["low"] * 5, "low"),
        (["medium"] * 5, "medium"),
        (["high"] * 4 + ["low"], "medium"),
        (["low"] * 4 + ["medium"], "medium"),
        (["high"] * 4 + [""], ""),
        (["low"] * 4 + [""], ""),
        ([], ""),
    ],
)
def test_the_level_of_maturity(levels, level):
    assert level_of(levels) == level


def set_levels(folder, *levels):
    lines = (folder / MATURITY).read_text(encoding="utf-8").splitlines()
    for number, level in enumerate(levels, start=1):
        lines[number] = lines[number].replace(",high,", f",{level},")
    (folder / MATURITY).write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("levels", "permits", "consistent"),
    [
        (["high"] * 5, ("descriptive", "diagnostic", "predictive"), True),
        (["medium"], ("descriptive", "diagnostic"), False),
        (["low"] * 5, (), False),
        ([""], (), None),
    ],
)
def test_what_a_level_permits(answered, levels, permits, consistent):
    set_levels(answered, *levels)
    maturity = open_book(answered).maturity()
    assert maturity.permits == permits and maturity.consistent is consistent
    assert open_book(answered).gate(2).passed is (consistent is True)


def test_a_warning_where_the_tool_goes_beyond_its_maturity(answered):
    set_levels(answered, "medium")
    book = open_book(answered)
    assert "WARNING" in book.action("2.04").evidence
    assert "goes beyond" in book.maturity().sentence


def test_a_predictive_tool_needs_all_five_preconditions(answered):
    edit(
        answered, "workbook/02_capability_assessment/predictive_preconditions.csv", "challenge,yes", "challenge,partly"
    )
    gate = open_book(answered).gate(2)
    assert [reason.text for reason in gate.open_reasons] == [
        "Not shown yet for a predictive tool: an oversight group from outside that can challenge."
    ]


def test_no_blank_line_of_the_maturity_register_improves_anything(answered):
    lines = (answered / MATURITY).read_text(encoding="utf-8").splitlines()
    for number in range(1, 6):
        (answered / MATURITY).write_text("\n".join(lines[:number] + lines[number + 1 :]), encoding="utf-8")
        book = open_book(answered)
        assert book.maturity().level == "" and not book.gate(2).passed


# What the triage drives --------------------------------------------------------------------------------------------


def test_everything_is_required_until_the_triage_is_complete(blank):
    required = {one.name for one in open_book(blank()).requirements() if one.required}
    assert required == {
        "engagement",
        "independent scrutiny",
        "independent evaluator",
        "testing by group",
        "calibration",
        "dpia",
    }


@pytest.mark.parametrize("role", ["independent scrutiny", "independent evaluator"])
def test_scrutiny_and_evaluation_have_to_be_named_and_not_an_analyst(signed, computed, role):
    stage = 4 if role == "independent scrutiny" else 8
    assert open_book(signed, computed).gate(stage).passed
    named = {"independent scrutiny": "Farah Siddiqui", "independent evaluator": "Owen Price"}[role]
    edit(signed, GOVERNANCE, f"{role},{named}", f"{role},Tom Bright")
    book = open_book(signed, computed)
    assert not book.gate(stage).passed
    assert any("is one of the analysts" in reason.text for reason in book.gate(stage).open_reasons)


@pytest.mark.parametrize("name", ["metrics_by_group", "calibration"])
def test_testing_by_group_and_calibration_hold_the_seventh_gate(signed, computed, name):
    del computed.values[7, name]
    assert not open_book(signed, computed).gate(7).passed


def test_engagement_is_as_broad_as_the_outcome_asks(answered):
    plan = answered / "workbook/05_design/engagement_plan.csv"
    kept = [line for line in plan.read_text(encoding="utf-8").splitlines() if "children and families" not in line]
    plan.write_text("\n".join(kept), encoding="utf-8")
    book = open_book(answered)
    assert book.action("5.01").state == "in progress"
    assert "children and families" in book.action("5.01").evidence


def test_the_outcome_of_the_triage_decides_what_is_required(signed, computed):
    """Set back to the outcome below, nothing but what the tool itself asks for is required."""
    edit(
        signed,
        "workbook/04_ethics_triage/triage_override.csv",
        "\nEXAMPLE",
        "\nO1,01/07/2025,proceed with governance,The list is short and a person decides on every visit,"
        "senior sponsor,David Okafor\nEXAMPLE",
    )
    book = open_book(signed, computed)
    assert book.triage().outcome == "proceed with governance"
    required = {one.name: one.why for one in book.requirements() if one.required}
    assert required == {
        "engagement": "the triage says: proceed with governance",
        "testing by group": "the tool is predictive or about individuals",
        "calibration": "the tool is predictive",
        "dpia": "it uses personal data",
    }
    assert "children and families" not in next(one for one in book.requirements() if one.name == "engagement").title


def test_the_gates_hold_to_the_assessment_and_to_the_breadth_of_engagement(signed, computed):
    dpia = open_book(signed).document("dpia")
    edit(signed, dpia.where, dpia.fields[2].text, "TBC")
    assert any(
        "Data protection impact assessment, because" in one.text
        for one in open_book(signed, computed).gate(4).open_reasons
    )
    edit(signed, dpia.where, "TBC", dpia.fields[2].text)
    plan = signed / "workbook/05_design/engagement_plan.csv"
    lines = [line for line in plan.read_text(encoding="utf-8").splitlines() if "partner agencies" not in line]
    plan.write_text("\n".join(lines), encoding="utf-8")
    gate = open_book(signed, computed).gate(7)
    assert any("not in the plan yet: partner agencies" in one.text for one in gate.open_reasons)


# Gates -------------------------------------------------------------------------------------------------------------


def test_every_gate_passes_in_the_signed_example(signed, computed):
    book = open_book(signed, computed)
    for stage in range(1, 11):
        gate = book.gate(stage)
        assert gate.exists is (stage in (1, 2, 3, 4, 7, 8))
        assert gate.passed is gate.exists, [reason.text for reason in gate.open_reasons]


@pytest.mark.parametrize("number", range(1, 12))
def test_each_question_left_blank_closes_its_gates(signed, computed, number):
    answer = open_book(signed, computed).answer(f"Q{number}")
    edit(signed, "workbook/ethics_workbook.md", answer.text, "TBC")
    book = open_book(signed, computed)
    closed = {stage for stage in (1, 2, 3, 4, 7, 8) if not book.gate(stage).passed}
    assert 8 in closed and (number > 5 or 4 in closed)
    assert any(f"question {number}: not answered yet" in reason.text for reason in book.gate(8).open_reasons)


@pytest.mark.parametrize("choice", ["stop", "improve first", "back to an earlier stage"])
def test_a_decision_not_to_go_on_closes_the_gate(signed, computed, choice):
    edit(signed, "workbook/decisions.csv", "into a forecast,go on", f"into a forecast,{choice}")
    book = open_book(signed, computed)
    assert not book.gate(1).passed
    assert not book.gate(4).passed


@pytest.mark.parametrize("decision", ["stop", "improve first", {"decision": "stop"}, 3, None])
def test_data_that_is_not_good_enough_closes_the_third_gate(signed, computed, decision):
    computed.values[3, "quality_decision"] = decision
    assert not open_book(signed, computed).gate(3).passed
    computed.values[3, "quality_decision"] = {"decision": "Go on"}
    assert open_book(signed, computed).gate(3).passed


def test_a_risk_too_high_to_go_on_closes_the_fourth_gate(signed, computed):
    edit(signed, "workbook/risks.csv", "open,no,T12", "open,yes,T12")
    book = open_book(signed, computed)
    assert not book.gate(4).passed and book.action("4.03").state == "in progress"
    assert book.risks()[0].id == "R1" and book.risks()[0].too_high


def test_the_analyst_cannot_be_the_assurer(signed, computed):
    edit(signed, GOVERNANCE, "assurer,Mei Lin Chow", "assurer,Tom Bright")
    assert "Tom Bright cannot be both analyst and assurer." in [
        reason.text for reason in open_book(signed, computed).gate(4).open_reasons
    ]


@pytest.mark.parametrize(
    ("old", "new", "passed"),
    [
        (",fit for use,", ",not fit for use,", False),
        (",fit for use,", ",fit with conditions,", True),
        ("Peter Lund,Eastmoor University,yes", "Peter Lund,Eastmoor University,no", True),
    ],
)
def test_validation_from_outside(signed, computed, old, new, passed):
    edit(signed, "workbook/07_testing/validation.csv", old, new)
    assert open_book(signed, computed).gate(7).passed is passed


def test_nobody_inside_can_validate(signed, computed):
    path = signed / "workbook/07_testing/validation.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",yes,", ",no,"), encoding="utf-8")
    assert not open_book(signed, computed).gate(7).passed


@pytest.mark.parametrize(
    ("recall", "by_group", "passed"),
    [
        (0.6, [0.5, 0.5], True),
        (0.1, [0.5, 0.5], False),
        (0.16, [0.5, 0.5], False),
        (0.6, [0.5, 0.05], False),
        (0.6, [0.5, 0.11], False),
        (None, [0.5, 0.5], False),
        (0.6, [0.5, None], True),
        (0.6, [None, 0.05], False),
        (0.6, [None, None], False),
        (0.6, [], False),
    ],
)
def test_results_against_the_thresholds(signed, computed, recall, by_group, passed):
    computed.values[7, "metrics"] = measured(precision=0.5, recall=recall, accuracy=0.8)
    rows = measured(**{str(place): one for place, one in enumerate(by_group)})
    rows = rows.rename(columns={"measure": "group"}).assign(group_by="sex", measure="recall")
    computed.values[7, "metrics_by_group"] = rows
    book = open_book(signed, computed)
    assert book.gate(7).passed is passed
    assert all(check.met in (True, False, None) for check in check_thresholds(book))


@pytest.mark.parametrize(
    ("found", "of", "outcome", "said"),
    [
        (70, 200, "pass", "0.35 (0.29 to 0.42). The whole interval reaches it"),
        (36, 200, "insufficient evidence", "may be reached or missed"),
        (26, 200, "insufficient evidence", "may be reached or missed"),
        (10, 200, "fail", "The whole interval lies below it"),
        (6, 9, "insufficient evidence", "too few c"),
    ],
)
def test_the_interval_decides_and_the_gate_holds_to_it(signed, computed, found, of, outcome, said):
    counts = estimates([150, found, 900], [200, of, 1000], pd.Index(["precision", "recall", "accuracy"]))
    computed.values[7, "metrics"] = as_rows(counts.rename_axis("measure"))
    book = open_book(signed, computed)
    check = next(one for one in check_thresholds(book) if one.threshold.id == "TH1")
    assert check.outcome == outcome and said in check.text
    assert book.gate(7).passed is (outcome == "pass")
    assert (book.action("7.04").state == "done") is (outcome in ("pass", "fail"))


def test_a_figure_without_its_numbers_is_not_enough_evidence(signed, computed):
    computed.values[7, "metrics"] = pd.DataFrame({"measure": ["precision", "recall", "accuracy"], "value": 0.9})
    checks = [one for one in check_thresholds(open_book(signed, computed)) if one.threshold.group == "everyone"]
    assert [one.outcome for one in checks] == ["insufficient evidence"] * 3
    assert all("recorded without the numbers it rests on" in one.text for one in checks)


def test_a_threshold_for_one_group(signed, computed):
    edit(signed, "workbook/05_design/thresholds.csv", "recall,each group", "Recall,SEX: f")
    met = {check.threshold.group: check.met for check in check_thresholds(open_book(signed, computed))}
    assert met["sex: f"] is True


def by_group(**groups: tuple[int, int]) -> pd.DataFrame:
    """Recall by group of one characteristic as stage 7 records it, from (n, denominator) of each."""
    table = estimates(*zip(*groups.values(), strict=True), pd.Index(list(groups), name="group"))
    return as_rows(pd.concat({("sex", "recall"): table}, names=["characteristic", "measure"]))


def each_group(folder, results):
    checks = check_thresholds(open_book(folder, results))
    return next(check for check in checks if check.threshold.group == "each group")


def test_only_groups_that_can_be_judged_are_and_the_others_are_a_limitation(signed, computed):
    computed.values[7, "metrics_by_group"] = by_group(A=(20, 60), B=(15, 60), C=(3, 40), D=(2, 9), E=(0, 8), F=(0, 0))
    check = each_group(signed, computed)
    assert check.met is True and "2 of 2 groups that can be judged reach it with their whole interval" in check.text
    assert "3 groups are too small to judge" in check.text
    assert "Recall is not estimable, with too few children, for sex C, D and E." in check.limitation
    assert open_book(signed, computed).gate(7).passed and open_book(signed, computed).action("7.04").state == "done"


def test_a_group_that_falls_short_is_named_only_where_its_figure_may_be_shown(signed, computed):
    computed.values[7, "metrics_by_group"] = by_group(A=(20, 60), B=(6, 200), C=(30, 60))
    check = each_group(signed, computed)
    assert check.met is False and "2 of 3 groups" in check.text
    assert "below it with the whole interval: sex B (0.03)" in check.text
    computed.values[7, "metrics_by_group"] = by_group(A=(20, 60), B=(4, 200), C=(30, 60))
    check = each_group(signed, computed)
    assert "0.02" not in check.text and "B" not in check.text and "sex A and B" in check.limitation


def test_one_group_whose_interval_holds_the_threshold_keeps_the_whole_from_passing(signed, computed):
    computed.values[7, "metrics_by_group"] = by_group(A=(20, 60), B=(9, 60), C=(30, 60))
    check = each_group(signed, computed)
    assert (check.outcome, check.met) == ("insufficient evidence", None)
    assert "2 of 3 groups" in check.text and "the interval holds the threshold: sex B (0.15)" in check.text
    assert not open_book(signed, computed).gate(7).passed


@given(
    shown=st.lists(st.tuples(st.integers(6, 50), st.integers(56, 200)), min_size=1, max_size=4),
    hidden=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(20, 90)), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_nothing_that_is_said_tells_one_hidden_number_from_another(shown, hidden):
    """Two tables that differ in hidden numbers alone have to be told in the same words."""
    threshold = Threshold("TH1", "recall", "each group", 0.1, "a miss")
    open_groups = {f"A{place}": numbers for place, numbers in enumerate(shown)}
    one, other = (
        {**open_groups, **{f"H{place}": (numbers[which], numbers[2]) for place, numbers in enumerate(hidden)}}
        for which in (0, 1)
    )
    frames = [_with_what_is_hidden(by_group(**groups), threshold, Rules()) for groups in (one, other)]
    assume(list(frames[0]["hidden"]) == list(frames[1]["hidden"]))
    assert frames[0]["hidden"].sum() >= len(hidden)
    first, second = (_check_each_group(threshold, frame) for frame in frames)
    assert (first.met, first.text, first.limitation) == (second.met, second.text, second.limitation)


def test_for_everyone_a_hidden_figure_is_neither_met_nor_missed(signed, computed):
    metrics = estimates([4, 4, 70], [80, 12, 90], pd.Index(["recall", "precision", "accuracy"], name="measure"))
    computed.values[7, "metrics"] = as_rows(metrics)
    checks = [one for one in check_thresholds(open_book(signed, computed)) if one.threshold.group == "everyone"]
    assert {check.met for check in checks} == {None} and len(checks) == 3
    # Accuracy alone would not be hidden; beside the others it would give them away.
    assert all("too few children to be shown" in check.text for check in checks)
    assert not open_book(signed, computed).gate(7).passed


def test_no_thresholds_is_not_a_pass(signed, computed):
    path = signed / "workbook/05_design/thresholds.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert not open_book(signed, computed).gate(7).passed


# Sign-offs and verdict -----------------------------------------------------------------------------------------------


def test_a_draft_says_so_and_what_must_not_be_done(blank):
    verdict = open_book(blank()).verdict()
    assert verdict.stamp == "DRAFT" and verdict.stage == 0
    assert len(verdict.must_not) == 3
    assert verdict.sentence == (
        "This is a draft: 0 of 115 actions are settled, no stage is approved, and the next gate is that of stage 1."
    )


def test_the_stamp_names_stage_role_date_and_condition(answered, computed):
    sign(
        answered,
        computed,
        4,
        "senior sponsor",
        "David Okafor",
        date(2025, 7, 18),
        decision="approved with condition",
        condition="Young people see each version first.",
    )
    computed.values.pop((7, "metrics"))
    verdict = open_book(answered, computed).verdict()
    assert verdict.stamp == "STAGE 4 APPROVED" and verdict.stage == 4
    assert "approved with condition" not in verdict.sentence
    assert (
        "Stage 4 (Ethics triage) was approved by David Okafor, senior sponsor, on 18 July 2025, "
        "on this condition: Young people see each version first; the gate of stage 7 is not passed yet."
        == verdict.sentence
    )
    assert len(verdict.must_not) == 2


def test_all_approved(signed, computed):
    verdict = open_book(signed, computed).verdict()
    assert verdict.stamp == "STAGE 8 APPROVED" and verdict.must_not == ()
    assert verdict.sentence.endswith("; the approval lasts until 26 February 2027.")


def test_a_gate_names_who_decided_and_when_or_whose_it_is(blank, signed, computed):
    book = open_book(signed, computed)
    found = {stage: (book.gate(stage).owner, book.gate(stage).day) for stage in GATES}
    assert found[4] == ("David Okafor, senior sponsor", date(2025, 7, 18))
    assert found[8] == ("Helen Marsh, accountable owner", date(2026, 2, 26))
    decided = {row["stage"]: row for row in book.register("decisions").rows if row["choice"] == "go on"}
    for stage in (1, 2, 3, 7):
        assert found[stage] == (decided[stage].text("decided_by"), decided[stage]["date"])
    book = open_book(blank())
    still = {stage: book.gate(stage) for stage in GATES}
    assert {gate.day for gate in still.values()} == {None}
    assert still[1].owner == "nobody named yet" and still[8].owner.endswith("the accountable owner signs")


def test_what_is_written_later_says_changed_since_sign_off(signed, computed):
    edit(signed, "workbook/risks.csv", 'R1,4,"A child', 'R1,4,"Some child')
    book = open_book(signed, computed)
    assert book.sign_offs()[0].changed == ("workbook/risks.csv",)
    assert book.verdict().stamp == "STAGE 8 APPROVED, CHANGED SINCE SIGN-OFF"
    assert "workbook/risks.csv" in book.verdict().sentence


def recall(text: float) -> dict:
    return {"name": "alpha.recall", "label": "Recall", "value": text, "unit": "%", "rests_on": ""}


@pytest.fixture
def signed_figures(answered, computed):
    """The example signed when a run had shown a recall of 28.1%."""
    computed.figures[7] = [recall(28.1)]
    sign(answered, computed, 4, "senior sponsor", "David Okafor", date(2025, 7, 18))
    sign(answered, computed, 8, "accountable owner", "Helen Marsh", date(2026, 2, 26))
    return answered


def test_another_run_of_the_same_is_no_change(signed_figures, computed):
    computed.parameters["as_of"] = "2026-05-31"
    assert [one.changed for one in open_book(signed_figures, computed).sign_offs()] == [(), ()]
    assert open_book(signed_figures, computed).verdict().stamp == "STAGE 8 APPROVED"


def test_a_figure_or_parameter_that_differs_is_said_in_words(signed_figures, computed):
    computed.figures[7] = [recall(30.0)]
    computed.parameters["flag_at"] = 0.3
    fourth, eighth = open_book(signed_figures, computed).sign_offs()
    assert fourth.changed == ("the parameter flag_at went from 0.25 to 0.3",)
    assert eighth.changed == (
        "the figure Recall went from 28.1% to 30.0%",
        "the parameter flag_at went from 0.25 to 0.3",
    )
    verdict = open_book(signed_figures, computed).verdict()
    assert verdict.stamp == "STAGE 8 APPROVED, CHANGED SINCE SIGN-OFF"
    assert "changed since sign-off: the figure Recall went from 28.1% to 30.0%;" in verdict.sentence


def test_what_came_of_a_threshold_is_part_of_what_was_signed(signed_figures, computed):
    computed.values[7, "metrics"] = measured(precision=0.5, recall=0.1, accuracy=0.8)
    words = "the threshold TH1: Recall for everyone of at least 0.15 went from pass to fail"
    assert open_book(signed_figures, computed).sign_offs()[1].changed == (words,)


def test_figures_that_come_and_go_are_said(signed_figures, computed):
    computed.figures[7] = []
    assert open_book(signed_figures, computed).sign_offs()[1].changed == ("the figure Recall is no longer there",)
    computed.figures[7] = [recall(28.1), {**recall(48.1), "name": "alpha.precision", "label": "Precision"}]
    assert open_book(signed_figures, computed).sign_offs()[1].changed == ("the figure Precision is new (48.1%)",)


def test_without_a_run_or_its_stage_nothing_is_said_of_figures(signed_figures, computed):
    computed.figures.clear()
    computed.unfinished = {7}
    assert open_book(signed_figures, computed).sign_offs()[1].changed == ()
    assert [one.changed for one in open_book(signed_figures).sign_offs()] == [(), ()]


def test_later_stages_and_another_way_of_saving_are_no_change(signed, computed):
    edit(signed, "workbook/09_deployment_and_monitoring/reviews.csv", "Accounts and log", "Accounts, log, keys")
    path = signed / "workbook/04_ethics_triage/governance.csv"
    path.write_bytes(path.read_text(encoding="utf-8").replace("\n", "\r\n").encode("utf-16"))
    edit(signed, "workbook/ethics_workbook.md", open_book(signed).answer("Q13").text, "All is as it was in March here.")
    assert [one.changed for one in open_book(signed, computed).sign_offs()] == [(), ()]


def test_a_changed_tool_or_weight_is_a_change(signed, computed):
    edit(signed, "src/tool/tool.py", "child", "family")
    edit(signed, "reference/triage_rules.toml", "governance = 12", "governance = 11")
    fourth, eighth = open_book(signed, computed).sign_offs()
    assert fourth.changed == ("reference/triage_rules.toml",)
    assert eighth.changed == ("reference/triage_rules.toml", "src/tool/tool.py")


def test_without_the_list_of_what_was_signed_a_change_still_shows(signed, computed):
    for path in (signed / "workbook/signed").iterdir():
        path.unlink()
    edit(signed, "workbook/risks.csv", 'R1,4,"A child', 'R1,4,"Some child')
    assert open_book(signed, computed).sign_offs()[0].changed == ("the record",)


def test_a_sign_off_typed_by_hand_is_tied_to_no_pack(answered, computed):
    path = answered / "workbook/sign_offs.csv"
    heading = path.read_text(encoding="utf-8").splitlines()[0]
    path.write_text(f"{heading}\nS1,4,senior sponsor,David Okafor,18/07/2025,approved,,seen it,,\n", encoding="utf-8")
    (sign_off,) = open_book(answered, computed).sign_offs()
    assert not sign_off.counts and "not tied to a pack" in sign_off.why_not and sign_off.changed is None


@pytest.mark.parametrize(
    ("as_of", "why"),
    [(date(2027, 3, 1), "it expired on 26 February 2027"), (date(2026, 1, 1), "after 1 January 2026")],
)
def test_sign_offs_have_their_time(signed, computed, as_of, why):
    last = open_book(signed, computed, as_of).sign_offs()[-1]
    assert not last.counts and why in last.why_not
    assert not open_book(signed, computed, as_of).gate(8).passed


def test_a_later_refusal_outweighs_an_approval(signed, computed):
    sign(signed, computed, 8, "senior sponsor", "David Okafor", date(2026, 4, 1), decision="withdrawn")
    book = open_book(signed, computed)
    assert not book.gate(8).passed
    assert "the decision was: withdrawn" in book.gate(8).open_reasons[-1].text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Sian  probert"}, "cannot sign off their own work"),
        ({"name": "TBC"}, "needs a person's name"),
        ({"decision": "approved with condition"}, "the condition is not given"),
        ({"expires": date(2020, 1, 1)}, "before it is given"),
    ],
)
def test_what_cannot_be_signed(answered, computed, changes, words):
    before = (answered / "workbook/sign_offs.csv").read_bytes()
    given = {"name": "Helen Marsh", **changes}
    with pytest.raises(EvidenceError, match=words):
        sign(answered, computed, 4, "accountable owner", day=date(2026, 4, 1), **given)
    assert (answered / "workbook/sign_offs.csv").read_bytes() == before
    assert not (answered / "workbook/signed").exists()


def test_an_analyst_who_signs_by_hand_does_not_count(signed, computed):
    edit(signed, "workbook/sign_offs.csv", "David Okafor", "Tom Bright")
    assert "cannot approve their own work" in open_book(signed, computed).sign_offs()[0].why_not
