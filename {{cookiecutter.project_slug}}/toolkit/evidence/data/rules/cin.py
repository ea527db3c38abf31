"""Rules on the Children in Need census."""

from __future__ import annotations

import pandas as pd

from evidence.data.rules.rule import INCONSISTENT, REPEATED, outside, rule


def _cin(id, what, **said):
    return rule(id, what, source="cin", **said)


@_cin("CN01", "Child has no date of birth, and none is expected", table="children", columns=["PersonBirthDate"])
def no_date_of_birth(children, children_malformed):
    unread = children_malformed["PersonBirthDate"]
    return children["PersonBirthDate"].isna() & children["ExpectedPersonBirthDate"].isna() & ~unread


@_cin("CN02", "A date of birth is no date", table="children", columns=["PersonBirthDate", "ExpectedPersonBirthDate"])
def date_of_birth_unreadable(children_malformed):
    return children_malformed["PersonBirthDate"] | children_malformed["ExpectedPersonBirthDate"]


@_cin("CN03", "Sex is missing or not on the list", table="children", columns=["Sex"])
def sex_not_on_list(children, allowed):
    return children["Sex"].isna() | outside(children["Sex"], allowed["Sex"])


@_cin("CN04", "Ethnic group is missing or not on the list", table="children", columns=["Ethnicity"])
def ethnic_group_not_on_list(children, allowed):
    return children["Ethnicity"].isna() | outside(children["Ethnicity"], allowed["Ethnicity"])


@_cin("CN05", "Pupil number does not have the right shape", table="children", columns=["UPN", "FormerUPN"])
def pupil_number_malformed(children_malformed):
    return children_malformed["UPN"] | children_malformed["FormerUPN"]


@_cin(
    "CN06",
    "Both a pupil number and a reason for having none, or neither",
    table="children",
    columns=["UPN", "UPNunknown"],
)
def pupil_number_and_reason(children):
    return children["UPN"].isna() == children["UPNunknown"].isna()


@_cin(
    "CN07",
    "Child is listed more than once",
    table="children",
    columns=["LAchildID"],
    needs=["LAchildID"],
    family=REPEATED,
)
def listed_twice(children):
    return children["LAchildID"].duplicated()


@_cin("CN08", "Child has no identifier", table="children", columns=["LAchildID"])
def no_identifier(children):
    return children["LAchildID"].isna()


@_cin(
    "CN09",
    "Said to have no disability and to have one",
    table="disabilities",
    columns=["Disability"],
    needs=["Disability"],
)
def disability_and_none(disabilities):
    none = disabilities["Disability"] == "NONE"
    how_many = disabilities.groupby("LAchildID", dropna=False)["Disability"].transform("nunique")
    return none & (how_many > 1)


@_cin("CN10", "Disability is not on the list", table="disabilities", columns=["Disability"])
def disability_not_on_list(disabilities, allowed):
    return outside(disabilities["Disability"], allowed["Disability"])


@_cin(
    "CN11", "Closed before it was referred", table="referrals", columns=["CINreferralDate", "CINclosureDate"],
    needs=["CINreferralDate", "CINclosureDate"],
)  # fmt: skip
def closed_before_referred(referrals):
    return referrals["CINclosureDate"] < referrals["CINreferralDate"]


@_cin(
    "CN12",
    "Closure has a date without a reason, or a reason without a date",
    table="referrals",
    columns=["CINclosureDate", "ReasonForClosure"],
)
def closure_half_recorded(referrals, referrals_malformed):
    dated = referrals["CINclosureDate"].notna() | referrals_malformed["CINclosureDate"]
    return dated != referrals["ReasonForClosure"].notna()


@_cin("CN13", "Referral date is missing or no date", table="referrals", columns=["CINreferralDate"])
def no_referral_date(referrals):
    return referrals["CINreferralDate"].isna()


@_cin(
    "CN14", "Referral after the census year", table="referrals", columns=["CINreferralDate"], needs=["CINreferralDate"]
)
def referred_too_late(referrals, year_end):
    return referrals["CINreferralDate"] > year_end


@_cin(
    "CN15", "A code is not on the census list", table="referrals",
    columns=["ReferralSource", "PrimaryNeedCode", "ReasonForClosure", "ReferralNFA"],
)  # fmt: skip
def referral_code_not_on_list(referrals, allowed):
    found = pd.Series(False, index=referrals.index)
    for column in ("ReferralSource", "PrimaryNeedCode", "ReasonForClosure", "ReferralNFA"):
        found |= outside(referrals[column], allowed[column])
    return found


@_cin(
    "CN16", "Two referrals of one child on one day", table="referrals", columns=["LAchildID", "CINreferralDate"],
    needs=["LAchildID", "CINreferralDate"], family=REPEATED,
)  # fmt: skip
def referred_twice(referrals):
    return referrals.duplicated(["LAchildID", "CINreferralDate"])


@_cin(
    "CN17", "Assessment was authorised before it began", table="assessments",
    columns=["AssessmentActualStartDate", "AssessmentAuthorisationDate"],
    needs=["AssessmentActualStartDate", "AssessmentAuthorisationDate"],
)  # fmt: skip
def authorised_before_begun(assessments):
    return assessments["AssessmentAuthorisationDate"] < assessments["AssessmentActualStartDate"]


@_cin(
    "CN18", "Assessment began before the referral it belongs to", table="assessments",
    columns=["AssessmentActualStartDate"], needs=["AssessmentActualStartDate"], family=INCONSISTENT,
)  # fmt: skip
def assessed_before_referred(assessments, referrals):
    referred = referrals.set_index("referral")["CINreferralDate"]
    return assessments["AssessmentActualStartDate"] < assessments["referral"].map(referred)


@_cin(
    "CN19", "Assessment was authorised, but no factor was recorded", table="assessments",
    columns=["AssessmentAuthorisationDate"], needs=["AssessmentAuthorisationDate"],
)  # fmt: skip
def no_factor(assessments, factors):
    return ~assessments["assessment"].isin(factors["assessment"])


@_cin("CN20", "Factor is not on the list", table="factors", columns=["AssessmentFactors"])
def factor_not_on_list(factors, allowed):
    return outside(factors["AssessmentFactors"], allowed["AssessmentFactors"])


@_cin(
    "CN21", "Plan for a child in need ends before it begins", table="cin_plans",
    columns=["CINPlanStartDate", "CINPlanEndDate"], needs=["CINPlanStartDate", "CINPlanEndDate"],
)  # fmt: skip
def plan_ends_before_it_begins(cin_plans):
    return cin_plans["CINPlanEndDate"] < cin_plans["CINPlanStartDate"]


@_cin(
    "CN22", "Conference before the enquiry it belongs to", table="section47",
    columns=["S47ActualStartDate", "DateOfInitialCPC"], needs=["S47ActualStartDate", "DateOfInitialCPC"],
)  # fmt: skip
def conference_before_enquiry(section47):
    return section47["DateOfInitialCPC"] < section47["S47ActualStartDate"]


@_cin(
    "CN23", "Protection plan ends before it begins", table="protection_plans", columns=["CPPstartDate", "CPPendDate"],
    needs=["CPPstartDate", "CPPendDate"],
)  # fmt: skip
def protection_plan_ends_before_it_begins(protection_plans):
    return protection_plans["CPPendDate"] < protection_plans["CPPstartDate"]


@_cin(
    "CN24", "Category of abuse is not on the list", table="protection_plans",
    columns=["InitialCategoryOfAbuse", "LatestCategoryOfAbuse"],
)  # fmt: skip
def abuse_not_on_list(protection_plans, allowed):
    first = outside(protection_plans["InitialCategoryOfAbuse"], allowed["InitialCategoryOfAbuse"])
    return first | outside(protection_plans["LatestCategoryOfAbuse"], allowed["LatestCategoryOfAbuse"])


@_cin(
    "CN25", "Review outside the protection plan it belongs to", table="reviews", columns=["CPPreviewDate"],
    needs=["CPPreviewDate"], family=INCONSISTENT,
)  # fmt: skip
def review_outside_plan(reviews, protection_plans):
    plan = protection_plans.set_index("plan")
    return (reviews["CPPreviewDate"] < reviews["plan"].map(plan["CPPstartDate"])) | (
        reviews["CPPreviewDate"] > reviews["plan"].map(plan["CPPendDate"])
    )
