"""Rules on the outcomes of children looked after for a year."""

from __future__ import annotations

import pandas as pd

from evidence.data.rules.rule import REPEATED, age_not_reached, age_reached, outside, rule

_YES_OR_NO = [
    "CONVICTED", "HEALTH_CHECK", "IMMUNISATIONS", "TEETH_CHECK", "HEALTH_ASSESSMENT", "SUBSTANCE_MISUSE",
    "INTERVENTION_RECEIVED", "INTERVENTION_OFFERED",
]  # fmt: skip


@rule("OC01", "Strengths and difficulties score is not from 0 to 40", table="oc2", columns=["SDQ_SCORE"])
def score_out_of_range(oc2, oc2_malformed):
    return oc2_malformed["SDQ_SCORE"] | (oc2["SDQ_SCORE"] < 0) | (oc2["SDQ_SCORE"] > 40)


@rule("OC02", "Both a score and a reason for having none", table="oc2", columns=["SDQ_SCORE", "SDQ_REASON"])
def score_and_reason(oc2):
    return oc2["SDQ_SCORE"].notna() & oc2["SDQ_REASON"].notna()


@rule(
    "OC03", "Neither a score nor a reason, at an age at which one is asked for", table="oc2",
    columns=["SDQ_SCORE", "SDQ_REASON"],
)  # fmt: skip
def neither_score_nor_reason(oc2, oc2_malformed, born, year_end):
    day = pd.Series(year_end, index=oc2.index)
    asked = age_reached(born, day, 4) & age_not_reached(born, day, 17)
    return oc2["SDQ_SCORE"].isna() & oc2["SDQ_REASON"].isna() & ~oc2_malformed["SDQ_SCORE"] & asked


@rule("OC04", "Child has two rows for the year", table="oc2", columns=["CHILD"], needs=["CHILD"], family=REPEATED)
def two_rows(oc2):
    return oc2["CHILD"].duplicated()


@rule("OC05", "A code is not on the return's list for the year", table="oc2", columns=["SDQ_REASON", *_YES_OR_NO])
def code_not_on_list(oc2, allowed):
    found = outside(oc2["SDQ_REASON"], allowed["SDQ_REASON"])
    for column in _YES_OR_NO:
        found |= outside(oc2[column], allowed[column])
    return found


@rule(
    "OC06", "Help with substance misuse received, but no misuse recorded", table="oc2",
    columns=["SUBSTANCE_MISUSE", "INTERVENTION_RECEIVED"], needs=["SUBSTANCE_MISUSE"],
)  # fmt: skip
def help_without_misuse(oc2):
    return (oc2["INTERVENTION_RECEIVED"] == "1") & (oc2["SUBSTANCE_MISUSE"] != "1")


@rule(
    "OC07", "Said to be too young or too old for a score, but was not", table="oc2", columns=["SDQ_REASON"],
)  # fmt: skip
def age_does_not_fit(oc2, born, year_end):
    day = pd.Series(year_end, index=oc2.index)
    return (oc2["SDQ_REASON"] == "SDQ1") & age_reached(born, day, 5) & age_not_reached(born, day, 16)


@rule("OC08", "Row says of no child", table="oc2", columns=["CHILD"])
def no_child(oc2):
    return oc2["CHILD"].isna()
