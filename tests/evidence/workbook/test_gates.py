"""Maturity, what the triage drives, gates, sign-offs and the verdict."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from evidence.project import EvidenceError
from evidence.workbook import check_thresholds
from evidence.workbook.maturity import level_of
from tests.evidence.workbook.helpers import edit, open_book, sign

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
        (0.2, [0.5, 0.5], False),
        (0.6, [0.5, 0.05], False),
        (None, [0.5, 0.5], False),
        (0.6, [0.5, None], False),
        (0.6, [None, None], False),
        (0.6, [], False),
    ],
)
def test_results_against_the_thresholds(signed, computed, recall, by_group, passed):
    computed.values[7, "metrics"] = pd.DataFrame(
        {"measure": ["precision", "recall", "accuracy"], "value": [0.5, recall, 0.8]}
    )
    rows = [{"group_by": "sex", "group": str(n), "measure": "recall", "value": one} for n, one in enumerate(by_group)]
    computed.values[7, "metrics_by_group"] = pd.DataFrame(rows, columns=["group_by", "group", "measure", "value"])
    book = open_book(signed, computed)
    assert book.gate(7).passed is passed
    assert all(check.met in (True, False, None) for check in check_thresholds(book))


def test_a_threshold_for_one_group(signed, computed):
    edit(signed, "workbook/05_design/thresholds.csv", "recall,each group", "Recall,SEX: f")
    met = {check.threshold.group: check.met for check in check_thresholds(open_book(signed, computed))}
    assert met["sex: f"] is True


def test_a_figure_on_too_few_children_is_judged_and_not_named(signed, computed):
    row = {"group_by": "sex", "group": "F", "measure": "recall", "value": 0.05, "n": 4, "denominator": 80}
    computed.values[7, "metrics_by_group"] = pd.DataFrame([row])
    check = next(one for one in check_thresholds(open_book(signed, computed)) if one.threshold.group == "each group")
    assert check.met is False
    assert "on too few children to be shown" in check.text and "0.05" not in check.text


def test_no_thresholds_is_not_a_pass(signed, computed):
    path = signed / "workbook/05_design/thresholds.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert not open_book(signed, computed).gate(7).passed


# Sign-offs and verdict -----------------------------------------------------------------------------------------------


def test_a_draft_says_so_and_what_must_not_be_done(blank):
    verdict = open_book(blank()).verdict()
    assert verdict.stamp == "DRAFT" and verdict.stage == 0
    assert len(verdict.must_not) == 3
    assert "0 of 115 actions" in verdict.sentence


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
        "on this condition: Young people see each version first." in verdict.sentence
    )
    assert len(verdict.must_not) == 2


def test_all_approved(signed, computed):
    verdict = open_book(signed, computed).verdict()
    assert verdict.stamp == "STAGE 8 APPROVED" and verdict.must_not == ()
    assert "until 26 February 2027" in verdict.sentence


def test_what_is_written_later_says_changed_since_sign_off(signed, computed):
    edit(signed, "workbook/risks.csv", 'R1,4,"A child', 'R1,4,"Some child')
    book = open_book(signed, computed)
    assert book.sign_offs()[0].changed == ("workbook/risks.csv",)
    assert book.verdict().stamp == "STAGE 8 APPROVED, CHANGED SINCE SIGN-OFF"
    assert "workbook/risks.csv" in book.verdict().sentence


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
