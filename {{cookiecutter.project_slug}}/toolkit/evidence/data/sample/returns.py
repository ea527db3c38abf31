"""Children's lives as the return's tables: header, episodes, reviews, OC2, all of them text."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.data.sample import lives, nobody
from evidence.data.sample.dice import Dice
from evidence.data.sample.lives import Children, Episodes, Periods

_YEAR = 365
_FOUR_YEARS = 1461
_PROVIDERS = ("PR0", "PR1", "PR2", "PR4", "PR5")
_FOSTERED, _RESIDENTIAL, _WITH_PARENTS, _ADOPTED = range(4)
_KIND_OF_PLACE = np.array(
    [
        _ADOPTED if code in ("A5", "A6") else _WITH_PARENTS if code == "P1" else
        _FOSTERED if code[0] == "U" else _RESIDENTIAL for code in lives.PLACE
    ]
)  # fmt: skip
_PROVIDER_SHARES = np.array([[0, 60, 2, 33, 5], [0, 14, 2, 76, 8], [1, 0, 0, 0, 0], [0, 70, 12, 0, 18]])
_TOOK_PART = np.array([[12, 34, 9, 4, 14, 9, 12, 6], [2, 55, 10, 2, 6, 9, 8, 8]])
_REVIEW_CODES = tuple(f"PN{i}" for i in range(8))
_SDQ_REASONS = ("SDQ2", "SDQ3", "SDQ4", "SDQ5")


class Calendar:
    """Days (counted from 1 January 1970) as the return writes them, dd/mm/yyyy; -1 is an empty cell."""

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        days = pd.DatetimeIndex(np.arange(first, last + 1).astype("datetime64[D]")).strftime("%d/%m/%Y")
        self._texts = np.array([*days, ""], dtype=object)

    def write(self, days: np.ndarray) -> np.ndarray:
        return self._texts[np.where(days == -1, len(self._texts) - 1, days - self._first)]


def days_of(texts: pd.Series) -> np.ndarray:
    """Days since 1 January 1970; -1 for a cell that is empty or holds no date."""
    dates = pd.to_datetime(texts, format="%d/%m/%Y", errors="coerce").to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(dates), -1, dates.astype(np.int64))


def _texts(codes: tuple[str, ...], positions: np.ndarray) -> np.ndarray:
    """Codes by position; an empty cell where the position is -1."""
    return np.array([*codes, ""], dtype=object)[positions]


def header(dice: Dice, children: Children, numbers: np.ndarray, calendar: Calendar, last_day: int) -> pd.DataFrame:
    count = len(children)
    age = last_day - children.born
    upn = nobody.upns(numbers).astype(object)
    upn[age < _FOUR_YEARS] = "UN1"
    upn[children.alone & dice.happens(350_000, count)] = "UN2"
    could_be = ~children.male & (age >= 13 * _YEAR)
    mother = could_be & dice.happens(20_000, count)
    oldest = np.minimum(age - 13 * _YEAR, 3 * _YEAR)
    babies = np.where(mother, last_day - dice.below(np.maximum(oldest, 1), count), -1)
    return pd.DataFrame(
        {
            "CHILD": nobody.child_ids(numbers),
            "SEX": np.where(children.male, "M", "F"),
            "DOB": calendar.write(children.born),
            "ETHNIC": _texts(lives.ETHNIC, children.ethnic),
            "UPN": upn,
            "MOTHER": np.where(mother, "1", np.where(could_be, "0", "")),
            "MC_DOB": calendar.write(babies),
        },
        dtype=object,
    )


def episodes(dice: Dice, children: Children, rows: Episodes, ids: np.ndarray, calendar: Calendar) -> pd.DataFrame:
    count = len(rows.child)
    kind = _KIND_OF_PLACE[rows.place]
    # Everything about a placement hangs on its carer, so that it stays the same while the carer does.
    draw = rows.carer % 1000
    bounds = np.cumsum(_PROVIDER_SHARES, axis=1)[kind]
    provider = (draw[:, None] * bounds[:, -1:] // 1000 >= bounds).sum(axis=1)
    numbered = (kind == _RESIDENTIAL) | ((kind == _FOSTERED) & (provider >= 3))
    urn = nobody.placement_numbers(rows.carer // 1000).astype(object)
    urn[~numbered] = "XXXXXXX"
    home = dice.below(1 << 30, len(children))
    next_began = np.append(rows.began[1:], 0)
    changes = (rows.ceased == -2) & np.isin(next_began, (lives.P, lives.T, lives.B))
    return pd.DataFrame(
        {
            "CHILD": ids[rows.child],
            "DECOM": calendar.write(rows.start),
            "RNE": _texts(lives.BEGAN, rows.began),
            "LS": _texts(lives.LEGAL, rows.legal),
            "CIN": _texts(lives.NEED, children.need[rows.child]),
            "PLACE": _texts(lives.PLACE, rows.place),
            "PLACE_PROVIDER": _texts(_PROVIDERS, provider),
            "DEC": calendar.write(rows.end),
            "REC": _texts(
                ("X1", *lives.CEASED), np.select([rows.ceased == -2, rows.ceased == -1], [0, -1], rows.ceased + 1)
            ),
            "REASON_PLACE_CHANGE": _texts(lives.CHANGE, np.where(changes, rows.change, -1)),
            "HOME_POST": nobody.postcodes(home)[rows.child],
            "PL_POST": nobody.postcodes(np.where(kind == _WITH_PARENTS, home[rows.child], rows.carer)),
            "URN": urn,
        },
        index=pd.RangeIndex(count),
        dtype=object,
    )


def reviews(
    dice: Dice, children: Children, periods: Periods, ids: np.ndarray, calendar: Calendar, days: tuple[int, int]
) -> pd.DataFrame:
    """A first review within twenty days, the next within three months, then one about every six months."""
    first_day, last_day = days
    found = []
    which = np.arange(len(periods.child))
    day = periods.start + 12 + dice.below(9, len(which))
    gap = 0
    while len(which):
        held = (day < periods.end[which]) & (day <= last_day)
        which, day = which[held], day[held]
        shown = day >= first_day
        found.append((which[shown], day[shown]))
        gap += 1
        day = day + (75 if gap == 1 else 165) + dice.below(20, len(which))
    period, day = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((day, periods.child[period]))
    child, day = periods.child[period][order], day[order]
    young = day - children.born[child] < _FOUR_YEARS
    teenage = (day - children.born[child] >= 11 * _YEAR).astype(int)
    code = np.where(young, 0, dice.choose_by(_TOOK_PART, teenage))
    code = np.where(~young & (code == 0), 1, code)
    return pd.DataFrame(
        {
            "CHILD": ids[child],
            "DOB": calendar.write(children.born)[child],
            "REVIEW": calendar.write(day),
            "REVIEW_CODE": _texts(_REVIEW_CODES, code),
        },
        dtype=object,
    )


def decisions(
    dice: Dice, rows: Episodes, periods: Periods, ids: np.ndarray, calendar: Calendar, last_day: int
) -> pd.DataFrame:
    """What a made-up team decided in the four weeks after the last day, for each child looked after then.

    It mostly picks out children who moved in the last year, as people without a tool would; now and then another one.
    """
    here = np.zeros(len(ids), dtype=bool)
    here[periods.child[(periods.end > last_day) & (periods.start <= last_day)]] = True
    moved = np.zeros(len(ids), dtype=bool)
    moved[rows.child[(rows.start > last_day - _YEAR) & np.isin(rows.began, (lives.P, lives.B))]] = True
    child = np.flatnonzero(here)
    count = len(child)
    picked = dice.happens(np.where(moved[child], 620_000, 50_000), count)
    return pd.DataFrame(
        {
            "CHILD": ids[child],
            "date": calendar.write(last_day + 1 + dice.below(28, count)),
            "decision": np.where(picked, "yes", "no"),
        },
        dtype=object,
    )


def oc2(
    dice: Dice, children: Children, periods: Periods, ids: np.ndarray, calendar: Calendar, last_day: int
) -> pd.DataFrame:
    """One row for each child looked after all through the last year, as the return of that year asks."""
    child = np.sort(periods.child[(periods.end > last_day) & (periods.start <= last_day - 366)])
    count = len(child)
    age = last_day - children.born[child]
    asked = (age >= 4 * _YEAR + 31) & (age < 17 * _YEAR)
    missing = dice.happens(_sdq_missing(children, child, age), count)
    temper = children.temper[child]
    score = 4 + 4 * temper + sum(dice.below(8, count) for _ in range(3))
    score = np.where(asked & ~missing, np.minimum(score, 40), -1)
    reason = np.where(asked, np.where(missing, 1 + dice.choose([30, 10, 40, 20], count), -1), 0)
    teenage = age >= 10 * _YEAR
    drugs = teenage & dice.happens(20_000 + 30_000 * temper, count)
    received = drugs & dice.happens(500_000, count)
    flag = {
        "CONVICTED": np.where(teenage, dice.happens(12_000 + 24_000 * temper, count).astype(int), -1),
        "HEALTH_CHECK": np.where(age < 5 * _YEAR, dice.happens(890_000, count).astype(int), -1),
        "IMMUNISATIONS": dice.happens(850_000, count).astype(int),
        "TEETH_CHECK": dice.happens(760_000, count).astype(int),
        "HEALTH_ASSESSMENT": dice.happens(900_000, count).astype(int),
        "SUBSTANCE_MISUSE": drugs.astype(int),
        "INTERVENTION_RECEIVED": np.where(drugs, received.astype(int), -1),
        "INTERVENTION_OFFERED": np.where(drugs & ~received, dice.happens(700_000, count).astype(int), -1),
    }
    return pd.DataFrame(
        {
            "CHILD": ids[child],
            "DOB": calendar.write(children.born)[child],
            "SDQ_SCORE": _texts(tuple(str(i) for i in range(41)), score),
            "SDQ_REASON": _texts(("SDQ1", *_SDQ_REASONS), reason),
            **{name: _texts(("0", "1"), values) for name, values in flag.items()},
        },
        dtype=object,
    )


def _sdq_missing(children: Children, child: np.ndarray, age: np.ndarray) -> np.ndarray:
    """The questionnaire is missing more often for older children, those who came alone, and some ethnic groups."""
    # Positions from 13 in ETHNIC: Black, Chinese and other groups, and those whose group is not known.
    less_heard = children.ethnic[child] >= 13
    return 110_000 + 90_000 * (age >= 14 * _YEAR) + 200_000 * children.alone[child] + 90_000 * less_heard
