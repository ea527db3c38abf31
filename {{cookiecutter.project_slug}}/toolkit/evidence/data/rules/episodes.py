"""Rules on episodes of care."""

from __future__ import annotations

import pandas as pd

from evidence.data.rules.rule import (
    INCONSISTENT,
    INCORRECT,
    OVERLAP,
    REPEATED,
    age_reached,
    months_before,
    outside,
    rule,
)

_REQUIRED = ["DECOM", "RNE", "LS", "CIN", "PLACE"]
_CODED = ["RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "REC", "REASON_PLACE_CHANGE"]
_MOVES = ["P", "T", "B", "U"]


@rule(
    "EP01", "Episode is entered twice", table="episodes", columns=["CHILD", "DECOM"], needs=["CHILD"], family=REPEATED
)
def entered_twice(episodes):
    return episodes.duplicated()


@rule("EP02", "Start date is missing", table="episodes", columns=["DECOM"])
def no_start(episodes, episodes_malformed):
    return episodes["DECOM"].isna() & ~episodes_malformed["DECOM"]


@rule("EP03", "Episode ends before it begins", table="episodes", columns=["DECOM", "DEC"], needs=["DECOM", "DEC"])
def ends_before_it_begins(episodes):
    return episodes["DEC"] < episodes["DECOM"]


@rule(
    "EP04", "Episode begins before the one before it ended", table="episodes", columns=["DECOM", "DEC"],
    needs=["DECOM"], family=REPEATED, check=OVERLAP,
)  # fmt: skip
def overlaps(episodes, before):
    return (episodes["DECOM"] < before["DEC"]) & (before["DECOM"] <= before["DEC"])


@rule(
    "EP05", "Child is said to stay looked after, but no episode follows within a day", table="episodes",
    columns=["DEC", "REC"], needs=["DEC", "REC"], family=INCONSISTENT,
)  # fmt: skip
def gap_after_continuing(episodes, after):
    follows = after["DECOM"].notna() & (after["DECOM"] <= episodes["DEC"] + pd.Timedelta(days=1))
    right_way_round = episodes["DECOM"] <= episodes["DEC"]
    return (episodes["REC"] == "X1") & right_way_round & ~follows & ~episodes.duplicated()


@rule("EP06", "Start date or end date is no date", table="episodes", columns=["DECOM", "DEC"])
def dates_unreadable(episodes_malformed):
    return episodes_malformed["DECOM"] | episodes_malformed["DEC"]


@rule("EP07", "Episode ended, but the reason is missing", table="episodes", columns=["DEC", "REC"], needs=["DEC"])
def ended_without_reason(episodes):
    return episodes["REC"].isna()


@rule(
    "EP08", "Episode has a reason for ending, but no end date", table="episodes", columns=["DEC", "REC"], needs=["REC"]
)
def reason_without_end(episodes, episodes_malformed):
    return episodes["DEC"].isna() & ~episodes_malformed["DEC"]


@rule("EP09", "Episode begins after the return's year", table="episodes", columns=["DECOM"], needs=["DECOM"])
def begins_too_late(episodes, year_end):
    return episodes["DECOM"] > year_end


@rule("EP10", "Postcode does not have the right shape", table="episodes", columns=["HOME_POST", "PL_POST"])
def postcode_malformed(episodes_malformed):
    return episodes_malformed["HOME_POST"] | episodes_malformed["PL_POST"]


@rule("EP11", "Episode begins before the child's month of birth", table="episodes", columns=["DECOM"], needs=["DECOM"])
def begins_before_birth(episodes, born):
    return months_before(born, episodes["DECOM"])


@rule(
    "EP12", "The way the episode began does not fit the way the one before it ended", table="episodes",
    columns=["RNE", "REC"], needs=["DECOM", "RNE"], family=INCONSISTENT,
)  # fmt: skip
def beginning_does_not_fit(episodes, before):
    ended = before["REC"].notna()
    return ended & ((before["REC"] == "X1") == (episodes["RNE"] == "S"))


@rule(
    "EP13", "Only the legal status is said to have changed, but it did not, or the placement did", table="episodes",
    columns=["RNE", "LS", "PLACE"], needs=["DECOM", "RNE", "LS"], family=INCONSISTENT,
)  # fmt: skip
def legal_status_did_not_change(episodes, before):
    known = before["DECOM"].notna() & (before["REC"] == "X1")
    moved = (episodes["PLACE"] != before["PLACE"]) | (episodes["URN"].fillna("") != before["URN"].fillna(""))
    return known & (episodes["RNE"] == "L") & ((episodes["LS"] == before["LS"]) | moved)


@rule(
    "EP14", "Only the placement is said to have changed, but the legal status did too", table="episodes",
    columns=["RNE", "LS"], needs=["DECOM", "RNE", "LS"], family=INCONSISTENT,
)  # fmt: skip
def legal_status_changed_too(episodes, before):
    known = before["LS"].notna() & (before["REC"] == "X1")
    return known & episodes["RNE"].isin(["P", "T"]) & (episodes["LS"] != before["LS"])


@rule("EP15", "Looked after when over eighteen", table="episodes", columns=["DECOM", "DEC"], needs=["DECOM"])
def over_eighteen(episodes, episodes_malformed, born, year_end):
    until = episodes["DEC"].mask(episodes["DEC"].isna() & ~episodes_malformed["DEC"], year_end)
    return age_reached(born, until, 18) & (until >= episodes["DECOM"])


@rule(
    "EP16", "Episode is still open, but the child has a later one", table="episodes", columns=["CHILD", "DEC"],
    needs=["DECOM"], family=REPEATED, check=OVERLAP,
)  # fmt: skip
def open_with_later_one(episodes, episodes_malformed, after):
    return episodes["DEC"].isna() & ~episodes_malformed["DEC"] & episodes["REC"].isna() & after["DECOM"].notna()


@rule(
    "EP17",
    "Placed for adoption by order, without a placement order",
    table="episodes",
    columns=["PLACE", "LS"],
    needs=["LS"],
)
def adoption_without_order(episodes):
    return episodes["PLACE"].isin(["A5", "A6"]) & (episodes["LS"] != "E1")


@rule(
    "EP18", "A reason for a change of placement is given, but the child did not stay looked after", table="episodes",
    columns=["REC", "REASON_PLACE_CHANGE"], needs=["REASON_PLACE_CHANGE"],
)  # fmt: skip
def change_without_staying(episodes):
    return episodes["REC"] != "X1"


@rule(
    "EP19", "The placement changed, but the reason is missing", table="episodes", columns=["REASON_PLACE_CHANGE"],
    needs=["DEC", "REC"],
)  # fmt: skip
def change_without_reason(episodes, after):
    return (episodes["REC"] == "X1") & after["RNE"].isin(_MOVES) & episodes["REASON_PLACE_CHANGE"].isna()


@rule("EP20", "A code that every episode needs is missing", table="episodes", columns=_REQUIRED[1:])
def code_missing(episodes):
    return episodes[_REQUIRED[1:]].isna().any(axis=1)


@rule("EP21", "The placement's number does not have the right shape", table="episodes", columns=["URN"])
def placement_number_malformed(episodes_malformed):
    return episodes_malformed["URN"]


@rule(
    "EP22", "The category of need changes while the child stays looked after", table="episodes", columns=["CIN"],
    needs=["DECOM", "CIN"], family=INCONSISTENT,
)  # fmt: skip
def need_changes(episodes, before):
    return (before["REC"] == "X1") & before["CIN"].notna() & (episodes["CIN"] != before["CIN"])


@rule("EP23", "A code is not on the return's list for the year", table="episodes", columns=_CODED, family=INCORRECT)
def code_not_on_list(episodes, allowed):
    found = pd.Series(False, index=episodes.index)
    for column in _CODED:
        found |= outside(episodes[column], allowed[column])
    return found


@rule("EP24", "Row says of no child", table="episodes", columns=["CHILD"])
def no_child(episodes):
    return episodes["CHILD"].isna()
