"""The return of the year before: what could be known a year earlier, and what has changed since on purpose."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.data.sample.dice import Dice
from evidence.data.sample.returns import Calendar, days_of

FOLDER = "earlier"
# One child in so many of whom something else was returned a year before.
_CHILDREN_A_FAULT = 450
_MANIFEST = ["table", "row", "columns", "rule", "kind"]
_COLUMNS = {"YR01": "SEX", "YR02": "DOB", "YR03": "ETHNIC"}


def earlier_return(
    tables: dict[str, pd.DataFrame], dice: Dice, calendar: Calendar, then: int
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Header and episodes as they were on the day `then`, and the list of what differs in this year's return.

    Taken from the tables with their faults: what is wrong this year was wrong last year too. A child is changed in the
    earlier files alone, so that no other rule of the audit sees it.
    """
    header, episodes = tables["header"], tables["episodes"]
    began, ended = days_of(episodes["DECOM"]), days_of(episodes["DEC"])
    rows = np.flatnonzero(began <= then)
    known = episodes.iloc[rows].reset_index(drop=True)
    goes_on = ended[rows] > then
    known.loc[goes_on, ["DEC", "REC", "REASON_PLACE_CHANGE"]] = ""
    there = np.flatnonzero(header["CHILD"].isin(known.loc[known["CHILD"] != "", "CHILD"]))
    people = header.iloc[there].reset_index(drop=True)

    once = ~header["CHILD"].duplicated(keep=False).to_numpy()[there]
    filled = once & (people[["SEX", "DOB", "ETHNIC"]] != "").all(axis=1).to_numpy() & (days_of(people["DOB"]) > 0)
    count = max(1, len(people) // _CHILDREN_A_FAULT)
    found = []
    for rule, row in zip(np.repeat(list(_COLUMNS), count), _some(dice, filled, 3 * count), strict=False):
        people.at[row, _COLUMNS[rule]] = _otherwise(people.loc[row], rule, calendar)
        found.append(("header", there[row], _COLUMNS[rule], rule, "returned otherwise a year before"))
    still_open = (known["DEC"] == "").to_numpy() & (known["CHILD"] != "").to_numpy() & (began[rows] >= 0)
    still_open &= ~known["CHILD"].duplicated(keep=False).to_numpy()
    for row in _some(dice, still_open, count):
        known.at[row, "DECOM"] = _written(calendar, began[rows[row]] - 400)
        found.append(("earlier_episodes", row, "CHILD, DECOM, DEC", "YR04", "another start a year before"))
    return {"header": people, "episodes": known}, pd.DataFrame(found, columns=_MANIFEST)


def _some(dice: Dice, fitting: np.ndarray, count: int) -> np.ndarray:
    """Up to `count` different rows of those that fit."""
    places = np.flatnonzero(fitting)
    if not len(places):
        return places
    return places[np.unique(dice.below(len(places), count))]


def _otherwise(person: pd.Series, rule: str, calendar: Calendar) -> str:
    if rule == "YR01":
        return "F" if person["SEX"] == "M" else "M"
    if rule == "YR02":
        return _written(calendar, int(days_of(pd.Series([person["DOB"]]))[0]) - 61)
    return "MOTH" if person["ETHNIC"] == "WBRI" else "WBRI"


def _written(calendar: Calendar, day: int) -> str:
    return str(calendar.write(np.array([day]))[0])
