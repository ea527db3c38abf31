"""Children's time in care, simulated: who comes, how long a placement lasts, what ends it. All days are whole numbers.

The structure is that of a real return, on purpose: babies and teenagers move more than those between; residential and
first placements break sooner than long-term fostering; a fifth of the children are unsettled all along, so that earlier
moves say something, but not everything, about later ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.data.sample.dice import Dice

ETHNIC = (
    "WBRI", "WIRI", "WOTH", "WIRT", "WROM", "MWBC", "MWBA", "MWAS", "MOTH", "AIND", "APKN", "ABAN", "AOTH", "BCRB",
    "BAFR", "BOTH", "CHNE", "OOTH", "REFU", "NOBT",
)  # fmt: skip
_ETHNIC_SHARES = np.array(
    [
        [6700, 50, 380, 15, 40, 400, 120, 150, 300, 50, 180, 80, 160, 200, 330, 160, 10, 160, 15, 80],
        [0, 0, 500, 0, 0, 0, 0, 0, 100, 0, 200, 100, 2400, 0, 3200, 600, 10, 2800, 0, 90],
    ]
)
PLACE = ("U6", "U3", "U4", "U1", "U5", "P1", "R3", "K2", "K1", "K3", "S1", "A5", "A6", "Z1")
LEGAL = ("V2", "C1", "C2", "E1", "L1", "L2")
V2, C1, C2, E1, L1, L2 = range(len(LEGAL))
NEED = ("N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8")
CHANGE = ("CARPL", "CLOSE", "ALLEG", "STAND", "APPRR", "CREQB", "CREQO", "CHILD", "LAREQ", "PLACE", "CUSTOD", "OTHER")
PLACE_ONLY = CHANGE.index("PLACE")
CEASED = (
    "E4A",
    "E4B",
    "E13",
    "E41",
    "E45",
    "E46",
    "E47",
    "E3",
    "E8",
    "E9",
    "E11",
    "E12",
    "E17",
    "E5",
    "E6",
    "E7",
    "E16",
)
WENT_HOME = (CEASED.index("E4A"), CEASED.index("E4B"))
BEGAN = ("S", "P", "T", "L", "B")
S, P, T, L, B = range(len(BEGAN))

_YEAR = 365
GROWN_UP = 6574
_AGE_BOUNDS = np.array([_YEAR, 5 * _YEAR, 10 * _YEAR, 16 * _YEAR])
# Shares of ages at 1 April for those already in care, and at entry for those who come: under 1, 1-4, 5-9, 10-15, 16-17.
_AGES_THERE, _AGES_COMING = [5, 14, 20, 40, 21], [19, 18, 18, 28, 17]
_AGE_FROM = np.array([0, _YEAR, 5 * _YEAR, 10 * _YEAR, 16 * _YEAR])
_AGE_SPAN = np.array([_YEAR, 4 * _YEAR, 5 * _YEAR, 6 * _YEAR, 2 * _YEAR - 40])

# Rows: age band. Columns: PLACE.
_FIRST_PLACE = np.array(
    [
        [56, 14, 0, 0, 9, 6, 12, 0, 0, 0, 0, 0, 0, 3],
        [62, 22, 0, 0, 2, 9, 2, 0, 0, 0, 0, 0, 0, 3],
        [66, 22, 0, 0, 0, 6, 0, 4, 0, 0, 0, 0, 0, 2],
        [54, 12, 0, 0, 0, 7, 0, 22, 1, 0, 2, 0, 0, 2],
        [30, 6, 0, 0, 0, 5, 0, 19, 1, 36, 1, 0, 0, 2],
        [40, 1, 0, 0, 0, 0, 0, 6, 0, 52, 0, 0, 0, 1],
    ]
)
_NEXT_PLACE = np.array(
    [
        [55, 18, 4, 3, 6, 8, 4, 0, 0, 0, 0, 0, 0, 2],
        [52, 18, 12, 6, 1, 9, 0, 0, 0, 0, 0, 0, 0, 2],
        [50, 14, 18, 6, 0, 5, 0, 6, 0, 0, 0, 0, 0, 1],
        [38, 7, 13, 3, 0, 5, 0, 29, 2, 1, 2, 0, 0, 2],
        [18, 4, 6, 2, 0, 5, 0, 24, 2, 37, 1, 0, 0, 3],
    ]
)
_AGE_STAY = np.array([330, 520, 640, 330, 230])
_PLACE_STAY = np.array([90, 150, 330, 360, 220, 170, 45, 70, 30, 85, 160, 400, 400, 50])
_TEMPER_STAY = np.array([520, 230, 42])
_TEMPER_SHARES = [48, 36, 16]
_CHANGE_SHARES = np.array(
    [
        [58, 6, 3, 3, 2, 3, 14, 0, 4, 0, 0, 7],
        [28, 6, 4, 4, 2, 24, 12, 7, 6, 0, 1, 6],
    ]
)
_EXIT_MEAN = np.array([620, 900, 2600, 9000, 60, 60])
_LEGAL_MEAN = np.array([1500, 270, 5000, 60000, 6, 9])
_FOR_GOOD_SHARES = np.array(
    [
        [46, 5, 8, 9, 9, 4, 4, 2, 12, 0, 0, 0, 0, 0, 0, 0, 1],
        [44, 14, 6, 3, 3, 1, 1, 3, 14, 3, 0, 0, 0, 3, 3, 0, 2],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 45, 55, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 33, 37, 13, 7, 0],
    ]
)
_ADOPTIVE = (PLACE.index("A5"), PLACE.index("A6"))


@dataclass
class Children:
    """One entry a child: what does not change. Days count from 1 January 1970."""

    born: np.ndarray
    male: np.ndarray
    ethnic: np.ndarray
    alone: np.ndarray
    need: np.ndarray
    temper: np.ndarray
    came: np.ndarray

    def __len__(self) -> int:
        return len(self.born)


@dataclass
class Episodes:
    """One entry an episode, in order of child and time; `end` and `ceased` are -1 where it has not ended or goes on."""

    child: np.ndarray
    start: np.ndarray
    end: np.ndarray
    began: np.ndarray
    legal: np.ndarray
    place: np.ndarray
    carer: np.ndarray
    ceased: np.ndarray
    change: np.ndarray


@dataclass
class Periods:
    """One entry a period of care: first day, last day (or the day after the data ends)."""

    child: np.ndarray
    start: np.ndarray
    end: np.ndarray


def make_children(dice: Dice, count: int, first_day: int, last_day: int) -> Children:
    """Children of whom each is looked after at some time from `first_day` to `last_day`."""
    alone = dice.happens(70_000, count)
    there = dice.happens(np.where(alone, 300_000, 470_000), count)
    band = np.where(there, dice.choose(_AGES_THERE, count), dice.choose(_AGES_COMING, count))
    age = _AGE_FROM[band] + dice.below(_AGE_SPAN[band], count)
    age = np.where(alone, 14 * _YEAR + dice.below(4 * _YEAR - 60, count), age)
    been = np.minimum(dice.waiting(np.full(count, 850)), age)
    been = np.where(alone, dice.below(np.minimum(age - 13 * _YEAR, 700), count), been)
    came = np.where(there, first_day - been, first_day + dice.below(last_day - first_day, count))
    born = np.where(there, first_day - age, came - age)
    need = dice.choose_by(np.array([[62, 4, 3, 8, 15, 2, 0, 6], [1, 0, 0, 0, 0, 0, 0, 99]]), alone.astype(int))
    return Children(
        born=born,
        male=dice.happens(np.where(alone, 940_000, 535_000), count),
        ethnic=dice.choose_by(_ETHNIC_SHARES, alone.astype(int)),
        alone=alone,
        need=need,
        temper=dice.choose(_TEMPER_SHARES, count),
        came=came,
    )


class _Now:
    """Where each child stands while time goes on."""

    def __init__(self, dice: Dice, children: Children) -> None:
        count = len(children)
        self.start = children.came.copy()
        self.period = children.came.copy()
        self.began = np.full(count, S)
        self.legal = _first_legal(dice, children, np.arange(count))
        self.place = dice.choose_by(_FIRST_PLACE, _kind(children, np.arange(count), self.start))
        self.carer = dice.below(1 << 30, count)
        self.moves = np.zeros(count, dtype=np.int64)


def _band(age: np.ndarray) -> np.ndarray:
    return np.searchsorted(_AGE_BOUNDS, age, side="right")


def _kind(children: Children, who: np.ndarray, day: np.ndarray) -> np.ndarray:
    return np.where(children.alone[who], 5, _band(day - children.born[who]))


def _first_legal(dice: Dice, children: Children, who: np.ndarray) -> np.ndarray:
    return dice.choose_by(np.array([[48, 38, 4, 0, 6, 4], [96, 2, 2, 0, 0, 0]]), children.alone[who].astype(int))


def live(dice: Dice, children: Children, first_day: int, last_day: int) -> tuple[Episodes, Periods]:
    """The episodes that touch `first_day` to `last_day`, and all periods of care."""
    now = _Now(dice, children)
    rows: list[tuple[np.ndarray, ...]] = []
    periods: list[tuple[np.ndarray, ...]] = []
    who = np.arange(len(children))
    while len(who):
        length, event = _what_comes_next(dice, children, now, who, first_day)
        end = now.start[who] + length
        goes_on = end > last_day
        ceased, change = _how_it_ended(dice, children, now, who, end, event)
        shown = end >= first_day
        kept = who[shown]
        rows.append(
            (
                kept,
                now.start[kept],
                np.where(goes_on, -1, end)[shown],
                now.began[kept],
                now.legal[kept],
                now.place[kept],
                now.carer[kept],
                np.where(goes_on, -1, ceased)[shown],
                np.where(goes_on, -1, change)[shown],
            )
        )
        finished = goes_on | (event == "exit")
        done = who[finished]
        periods.append((done, now.period[done], np.where(goes_on, last_day + 1, end)[finished]))
        again = _comes_back(dice, children, now, who, end, ceased, goes_on, last_day)
        _move_on(dice, children, now, who[~finished], end[~finished], event[~finished])
        who = np.concatenate([who[~finished], again])
        who.sort()
    return _in_order(rows), Periods(*(np.concatenate(part) for part in zip(*periods, strict=True)))


# On a tie the first one counts: nobody moves on the day of leaving.
_EVENTS = np.array(["exit", "move", "legal", "settle"])


def _what_comes_next(
    dice: Dice, children: Children, now: _Now, who: np.ndarray, first_day: int
) -> tuple[np.ndarray, np.ndarray]:
    start, place, legal = now.start[who], now.place[who], now.legal[who]
    age = start - children.born[who]
    band, temper = _band(age), children.temper[who]
    stay = _AGE_STAY[band] * _PLACE_STAY[place] * _TEMPER_STAY[temper] // 10_000
    stay = np.where(now.moves[who] == 0, stay * 6 // 10, stay)
    move = dice.waiting(np.maximum(stay, 3))
    adoptive = np.isin(place, _ADOPTIVE)
    leave = dice.waiting(np.where(adoptive, 330, _EXIT_MEAN[legal]))
    # Those in care on the first day had not left before it.
    leave = np.where(start + leave < first_day, first_day - start + leave, leave)
    leave = np.minimum(leave, np.maximum(GROWN_UP - age, 1))
    law = dice.waiting(_LEGAL_MEAN[legal])
    settling = (place == PLACE.index("U6")) | (place == PLACE.index("U3"))
    settle = np.where(settling, dice.waiting(np.full(len(who), 900)) + 200, 99_999)
    settle = np.where(settling & (legal == E1), dice.waiting(np.full(len(who), 500)), settle)
    times = np.stack([leave, move, law, settle])
    return times.min(axis=0), _EVENTS[times.argmin(axis=0)]


def _how_it_ended(
    dice: Dice, children: Children, now: _Now, who: np.ndarray, end: np.ndarray, event: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Why the child left care (position in CEASED, -2 where an episode follows), and why the placement changed."""
    age = end - children.born[who]
    kind = np.where(age >= 12 * _YEAR, 1, 0)
    kind = np.where(np.isin(now.place[who], _ADOPTIVE), 2, kind)
    kind = np.where(age >= GROWN_UP, 3, kind)
    ceased = np.where(event == "exit", dice.choose_by(_FOR_GOOD_SHARES, kind), -2)
    change = dice.choose_by(_CHANGE_SHARES, (age >= 10 * _YEAR).astype(int))
    change = np.where(event == "settle", PLACE_ONLY, change)
    return ceased, np.where(event == "exit", -1, change)


def _comes_back(
    dice: Dice,
    children: Children,
    now: _Now,
    who: np.ndarray,
    end: np.ndarray,
    ceased: np.ndarray,
    stays: np.ndarray,
    last_day: int,
) -> np.ndarray:
    """Those who went home and start to be looked after again before the data ends."""
    home = np.isin(ceased, WENT_HOME) & ~stays
    again = end + 20 + dice.waiting(np.full(len(who), 260))
    back = home & dice.happens(280_000, len(who)) & (again < last_day)
    back &= again - children.born[who] < GROWN_UP - 90
    whom, day = who[back], again[back]
    now.start[whom], now.period[whom], now.began[whom] = day, day, S
    now.legal[whom] = _first_legal(dice, children, whom)
    now.place[whom] = dice.choose_by(_FIRST_PLACE, _kind(children, whom, day))
    now.carer[whom] = dice.below(1 << 30, len(whom))
    return whom


def _move_on(dice: Dice, children: Children, now: _Now, who: np.ndarray, day: np.ndarray, event: np.ndarray) -> None:
    band = _band(day - children.born[who])
    law = event == "legal"
    legal = np.where(law, _next_legal(dice, now.legal[who], band), now.legal[who])
    # Nobody stays placed for adoption without the order for it.
    both = law & (dice.happens(150_000, len(who)) | np.isin(now.place[who], _ADOPTIVE))
    moves = (event == "move") | both
    place = np.where(moves, _next_place(dice, band, legal), now.place[who])
    place = np.where(event == "settle", _settled(now.place[who], legal), place)
    now.carer[who] = np.where(moves, dice.below(1 << 30, len(who)), now.carer[who])
    now.began[who] = np.select([both, law, event == "settle"], [B, L, T], P)
    now.legal[who], now.place[who], now.start[who] = legal, place, day
    now.moves[who] += moves


def _next_legal(dice: Dice, legal: np.ndarray, band: np.ndarray) -> np.ndarray:
    adopted = (band <= 1) & dice.happens(480_000, len(legal))
    after = np.where(adopted, E1, C2)
    return np.select([legal == V2, legal == C1, legal == C2, legal == E1], [C1, after, V2, C2], C1)


def _next_place(dice: Dice, band: np.ndarray, legal: np.ndarray) -> np.ndarray:
    place = dice.choose_by(_NEXT_PLACE, band)
    return np.where((legal == E1) & dice.happens(850_000, len(legal)), PLACE.index("A6"), place)


def _settled(place: np.ndarray, legal: np.ndarray) -> np.ndarray:
    lasting = np.where(place == PLACE.index("U3"), PLACE.index("U1"), PLACE.index("U4"))
    return np.where(legal == E1, PLACE.index("A5"), lasting)


def _in_order(rows: list[tuple[np.ndarray, ...]]) -> Episodes:
    columns = [np.concatenate(part) for part in zip(*rows, strict=True)]
    # Within a child, rows were added in order of time, and a stable sort leaves them so.
    order = np.argsort(columns[0], kind="stable")
    return Episodes(*(column[order] for column in columns))
