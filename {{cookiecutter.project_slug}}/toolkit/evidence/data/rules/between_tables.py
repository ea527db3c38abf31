"""Rules on what one table says against what another says."""

from __future__ import annotations

import pandas as pd

from evidence.data.rules.rule import INCONSISTENT, KEYS, among, rule


@rule(
    "BT01",
    "Episode of a child who is not in the header",
    table="episodes",
    columns=["CHILD"],
    needs=["CHILD"],
    family=INCONSISTENT,
    check=KEYS,
)
def episode_of_unknown_child(episodes, header):
    return ~among(episodes["CHILD"], header["CHILD"])


@rule(
    "BT02",
    "Review of a child who is not in the header",
    table="reviews",
    columns=["CHILD"],
    needs=["CHILD"],
    family=INCONSISTENT,
    check=KEYS,
)
def review_of_unknown_child(reviews, header):
    return ~among(reviews["CHILD"], header["CHILD"])


@rule(
    "BT03",
    "Outcomes of a child who is not in the header",
    table="oc2",
    columns=["CHILD"],
    needs=["CHILD"],
    family=INCONSISTENT,
    check=KEYS,
)
def outcomes_of_unknown_child(oc2, header):
    return ~among(oc2["CHILD"], header["CHILD"])


@rule(
    "BT04", "Month of birth differs from the header", table="reviews", columns=["DOB"], needs=["CHILD", "DOB"],
    family=INCONSISTENT,
)  # fmt: skip
def birth_differs_in_reviews(reviews, born):
    return born.notna() & (reviews["DOB"] != born)


@rule(
    "BT05", "Month of birth differs from the header", table="oc2", columns=["DOB"], needs=["CHILD", "DOB"],
    family=INCONSISTENT,
)  # fmt: skip
def birth_differs_in_outcomes(oc2, born):
    return born.notna() & (oc2["DOB"] != born)


@rule(
    "BT06", "Child has no episode", table="header", columns=["CHILD"], needs=["CHILD"], family=INCONSISTENT, check=KEYS,
)  # fmt: skip
def no_episode(header, episodes):
    return ~among(header["CHILD"], episodes["CHILD"])


@rule(
    "BT07", "Review of a child who was not looked after that day", table="reviews", columns=["CHILD", "REVIEW"],
    needs=["CHILD", "REVIEW"], family=INCONSISTENT,
)  # fmt: skip
def review_out_of_care(reviews, episodes, episodes_malformed, born, year_end):
    known = among(reviews["CHILD"], episodes["CHILD"]) & (reviews["REVIEW"] <= year_end) & ~(reviews["REVIEW"] < born)
    return known & ~_looked_after(reviews, episodes, episodes_malformed)


def _looked_after(reviews: pd.DataFrame, episodes: pd.DataFrame, malformed: pd.DataFrame) -> pd.Series:
    """Whether the last episode that began by the day of the review had not ended before it."""
    unreadable = malformed["DECOM"] | malformed["DEC"]
    spells = episodes.loc[
        episodes["CHILD"].notna() & (episodes["DECOM"].notna() | unreadable), ["CHILD", "DECOM", "DEC"]
    ]
    # What cannot be read is given the benefit of the doubt; its own rule reports it.
    spells = spells.assign(
        DECOM=spells["DECOM"].fillna(pd.Timestamp.min.ceil("D")), DEC=spells["DEC"].fillna(pd.Timestamp.max.floor("D"))
    )
    spells = spells.sort_values("DECOM", kind="stable")
    spells["DEC"] = spells.groupby("CHILD", sort=False)["DEC"].cummax()
    days = reviews.loc[reviews["CHILD"].notna() & reviews["REVIEW"].notna(), ["CHILD", "REVIEW"]].reset_index()
    joined = pd.merge_asof(
        days.sort_values("REVIEW", kind="stable"), spells, left_on="REVIEW", right_on="DECOM", by="CHILD"
    )
    covered = (joined["REVIEW"] <= joined["DEC"]).set_axis(joined["index"])
    return covered.reindex(reviews.index, fill_value=True).astype(bool)
