"""Rules on reviews."""

from __future__ import annotations

from evidence.data.rules.rule import REPEATED, age_not_reached, age_reached, months_before, outside, rule


@rule(
    "RV01", "Two reviews of one child on one day", table="reviews", columns=["CHILD", "REVIEW"],
    needs=["CHILD", "REVIEW"], family=REPEATED,
)  # fmt: skip
def twice_on_a_day(reviews):
    return reviews.duplicated(["CHILD", "REVIEW"])


@rule("RV02", "Review before the child's month of birth", table="reviews", columns=["REVIEW"], needs=["REVIEW"])
def before_birth(reviews, born):
    return months_before(born, reviews["REVIEW"])


@rule("RV03", "Review date is no date", table="reviews", columns=["REVIEW"])
def date_unreadable(reviews_malformed):
    return reviews_malformed["REVIEW"]


@rule("RV04", "How the child took part is missing or not on the list", table="reviews", columns=["REVIEW_CODE"])
def code_not_on_list(reviews, allowed):
    return reviews["REVIEW_CODE"].isna() | outside(reviews["REVIEW_CODE"], allowed["REVIEW_CODE"])


@rule("RV05", "Review after the return's year", table="reviews", columns=["REVIEW"], needs=["REVIEW"])
def too_late(reviews, year_end):
    return reviews["REVIEW"] > year_end


@rule(
    "RV06", "Said to be under four at the review, but was not, or the other way round", table="reviews",
    columns=["REVIEW", "REVIEW_CODE"], needs=["REVIEW", "REVIEW_CODE"],
)  # fmt: skip
def age_does_not_fit(reviews, born):
    under_four = reviews["REVIEW_CODE"] == "PN0"
    too_old = under_four & age_reached(born, reviews["REVIEW"], 4)
    too_young = ~under_four & age_not_reached(born, reviews["REVIEW"], 4) & (reviews["REVIEW"] >= born)
    return too_old | too_young


@rule("RV07", "Review date is missing", table="reviews", columns=["REVIEW"])
def no_date(reviews, reviews_malformed):
    return reviews["REVIEW"].isna() & ~reviews_malformed["REVIEW"]


@rule("RV08", "Row says of no child", table="reviews", columns=["CHILD"])
def no_child(reviews):
    return reviews["CHILD"].isna()
