"""Faults put into the sample on purpose, at least one for each rule of the audit, and the list of where they are.

Each fault is one small function that spoils one row of one child; no child gets two. Where spoiling a row makes another
rule fail too (an episode of an unknown child leaves a child without episode), that row is in the list as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.data.sample import nobody
from evidence.data.sample.dice import Dice
from evidence.data.sample.lives import GROWN_UP
from evidence.data.sample.returns import Calendar, days_of

# One fault of each kind for so many children.
_CHILDREN_A_FAULT = 650
_YEAR = 365
_NO_DAY = "31/02/2025"
_FOLLOWS = "follows from another fault of the same child"


@dataclass(frozen=True)
class Fault:
    """A kind of fault: the rule it breaks, where it may be put, and how a row is spoilt."""

    rule: str
    kind: str
    table: str
    columns: str
    where: Callable[[Return], np.ndarray]
    spoil: Callable[[Return, int], None]


_FAULTS: list[Fault] = []


def _fault(rule: str, kind: str, table: str, columns: str, where: Callable[[Return], np.ndarray]):
    def keep(spoil: Callable[[Return, int], None]):
        _FAULTS.append(Fault(rule, kind, table, columns, where, spoil))
        return spoil

    return keep


class Return:
    """The four tables as they are being spoilt, and what the faults need to know of their rows."""

    def __init__(self, tables: dict[str, pd.DataFrame], dice: Dice, calendar: Calendar, last_day: int) -> None:
        self.tables = tables
        self.dice, self.calendar, self.last_day = dice, calendar, last_day
        self.inserted: dict[str, list[tuple[int, dict[str, str]]]] = {name: [] for name in tables}
        self.found: list[tuple[str, float, str, str, str]] = []
        position = {child: i for i, child in enumerate(tables["header"]["CHILD"])}
        self.child = {name: frame["CHILD"].map(position).to_numpy() for name, frame in tables.items()}
        self.born = days_of(tables["header"]["DOB"])
        episodes, child = tables["episodes"], self.child["episodes"]
        self.start, self.end = days_of(episodes["DECOM"]), days_of(episodes["DEC"])
        self.reviewed = days_of(tables["reviews"]["REVIEW"])
        self.first = np.append(True, child[1:] != child[:-1])
        self.last = np.append(child[1:] != child[:-1], True)
        self.single = self.first & self.last
        self.open = self.end == -1
        self.stays = (episodes["REC"] == "X1").to_numpy()
        self.continues = np.append(False, self.stays[:-1]) & ~self.first
        children = len(position)
        self.never_reviewed = np.bincount(self.child["reviews"], minlength=children) == 0
        self.in_oc2 = np.bincount(self.child["oc2"], minlength=children) > 0
        self.used = np.zeros(children, dtype=bool)

    def text(self, table: str, column: str) -> np.ndarray:
        return self.tables[table][column].to_numpy()

    def put(self, table: str, row: int, column: str, value: str) -> None:
        self.tables[table].iat[row, self.tables[table].columns.get_loc(column)] = value

    def put_day(self, table: str, row: int, column: str, day: int) -> None:
        self.put(table, row, column, str(self.calendar.write(np.array([day]))[0]))

    def repeat(self, table: str, row: int, **changed: str) -> None:
        """The row once more, right behind itself."""
        self.inserted[table].append((row, self.tables[table].iloc[row].to_dict() | changed))

    def also(self, table: str, rows: np.ndarray, columns: str, rule: str) -> None:
        self.found.extend((table, float(row), columns, rule, _FOLLOWS) for row in rows)

    def make_unknown(self, table: str, row: int) -> None:
        self.put(table, row, "CHILD", nobody.unknown_child_id(self.text(table, "CHILD")[row]))

    def age(self, table: str, days: np.ndarray | int) -> np.ndarray:
        return days - self.born[self.child[table]]

    def plant(self, fault: Fault, count: int) -> None:
        """Spoils up to `count` rows of children who have no fault yet."""
        child = self.child[fault.table]
        fitting = np.flatnonzero(fault.where(self) & ~self.used[child])
        for _ in range(count):
            fitting = fitting[~self.used[child[fitting]]]
            if not len(fitting):
                return
            row = int(fitting[self.dice.below(len(fitting), 1)[0]])
            self.used[child[row]] = True
            repeated = len(self.inserted[fault.table])
            fault.spoil(self, row)
            behind = 0.5 if len(self.inserted[fault.table]) > repeated and fault.rule != "EP16" else 0
            self.found.append((fault.table, row + behind, fault.columns, fault.rule, fault.kind))


def plant_faults(
    tables: dict[str, pd.DataFrame], dice: Dice, calendar: Calendar, last_day: int
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The tables with faults, and the list of them: table, row (from 0), columns, rule, kind."""
    spoilt = Return(tables, dice, calendar, last_day)
    for fault in _FAULTS:
        spoilt.plant(fault, max(1, len(tables["header"]) // _CHILDREN_A_FAULT))
    manifest = pd.DataFrame(spoilt.found, columns=["table", "row", "columns", "rule", "kind"])
    finished = {}
    for name, frame in tables.items():
        labels = frame.index.astype(float)
        if spoilt.inserted[name]:
            rows, values = zip(*spoilt.inserted[name], strict=True)
            more = pd.DataFrame(list(values), index=np.array(rows) + 0.5, columns=frame.columns, dtype=object)
            frame = pd.concat([frame.set_axis(labels), more]).sort_index(kind="stable")
            labels = frame.index
        finished[name] = frame.reset_index(drop=True)
        here = manifest["table"] == name
        manifest.loc[here, "row"] = np.searchsorted(labels, manifest.loc[here, "row"])
    manifest["row"] = manifest["row"].astype(np.int64)
    order = {name: i for i, name in enumerate(tables)}
    return finished, manifest.sort_values(
        ["table", "row", "rule"], key=lambda column: column.map(order) if column.name == "table" else column
    )


def _anywhere(table: str) -> Callable[[Return], np.ndarray]:
    return lambda r: np.ones(len(r.tables[table]), dtype=bool)


def _filled(table: str, column: str) -> Callable[[Return], np.ndarray]:
    return lambda r: r.text(table, column) != ""


def _numbered(r: Return) -> np.ndarray:
    return np.char.str_len(r.text("header", "UPN").astype(str)) == 13


def _only_episodes(r: Return) -> np.ndarray:
    """Header rows of children about whom there are episodes and nothing else."""
    return r.never_reviewed & ~r.in_oc2


def _quiet(r: Return) -> np.ndarray:
    """Episodes of children who were never reviewed."""
    return r.never_reviewed[r.child["episodes"]]


def _ended(r: Return) -> np.ndarray:
    """Last episodes that have ended."""
    return r.last & ~r.open


# Header ------------------------------------------------------------------------------------------------------------


@_fault("HD01", "row repeated", "header", "CHILD", _anywhere("header"))
def _(r, row):
    r.repeat("header", row)


@_fault("HD02", "date of birth left out", "header", "DOB", _anywhere("header"))
def _(r, row):
    r.put("header", row, "DOB", "")


@_fault("HD03", "date that does not exist", "header", "DOB", _anywhere("header"))
def _(r, row):
    r.put("header", row, "DOB", _NO_DAY)


@_fault("HD04", "code not on the list", "header", "SEX", _anywhere("header"))
def _(r, row):
    r.put("header", row, "SEX", "X")


@_fault("HD05", "code not on the list", "header", "ETHNIC", _anywhere("header"))
def _(r, row):
    r.put("header", row, "ETHNIC", "WBRT")


@_fault("HD06", "pupil number cut short", "header", "UPN", _numbered)
def _(r, row):
    r.put("header", row, "UPN", r.text("header", "UPN")[row][:9])


def _next_numbered(r: Return) -> np.ndarray:
    return _numbered(r) & np.append((_numbered(r) & ~r.used)[1:], False)


@_fault("HD07", "pupil number of the next child", "header", "UPN", _next_numbered)
def _(r, row):
    r.used[row + 1] = True
    r.put("header", row, "UPN", r.text("header", "UPN")[row + 1])
    r.also("header", [row + 1], "UPN", "HD07")


@_fault("HD08", "born after the year's end", "header", "DOB", _only_episodes)
def _(r, row):
    r.put_day("header", row, "DOB", r.last_day + 40)
    r.also("episodes", np.flatnonzero(r.child["episodes"] == row), "DECOM", "EP11")


@_fault(
    "HD09", "boy with a child's date of birth", "header", "MOTHER, MC_DOB", lambda r: r.text("header", "SEX") == "M"
)
def _(r, row):
    r.put_day("header", row, "MC_DOB", r.last_day - 200)


@_fault("HD10", "pupil number left out", "header", "UPN", _anywhere("header"))
def _(r, row):
    r.put("header", row, "UPN", "")


@_fault("HD11", "child left out", "header", "CHILD", _only_episodes)
def _(r, row):
    r.put("header", row, "CHILD", "")
    r.also("episodes", np.flatnonzero(r.child["episodes"] == row), "CHILD", "BT01")


# Episodes ----------------------------------------------------------------------------------------------------------


@_fault("EP01", "row repeated", "episodes", "CHILD, DECOM", _anywhere("episodes"))
def _(r, row):
    r.repeat("episodes", row)


@_fault("EP02", "start left out", "episodes", "DECOM", lambda r: r.first & _quiet(r))
def _(r, row):
    r.put("episodes", row, "DECOM", "")


@_fault("EP03", "end before the start", "episodes", "DECOM, DEC", lambda r: _ended(r) & _quiet(r))
def _(r, row):
    r.put_day("episodes", row, "DEC", r.start[row] - 5)


@_fault("EP04", "overlap", "episodes", "DECOM, DEC", lambda r: r.continues & (r.open | (r.end - r.start > 15)))
def _(r, row):
    r.put_day("episodes", row - 1, "DEC", r.start[row] + 10)


@_fault("EP05", "gap", "episodes", "DEC, REC", lambda r: r.stays & (r.end - r.start > 40) & _quiet(r))
def _(r, row):
    r.put_day("episodes", row, "DEC", r.end[row] - 20)


@_fault("EP05", "said to go on at the end", "episodes", "DEC, REC", _ended)
def _(r, row):
    r.put("episodes", row, "REC", "X1")


@_fault("EP06", "date that does not exist", "episodes", "DECOM, DEC", _ended)
def _(r, row):
    r.put("episodes", row, "DEC", _NO_DAY)


@_fault("EP06", "a number instead of a date", "episodes", "DECOM, DEC", lambda r: r.first)
def _(r, row):
    r.put("episodes", row, "DECOM", "45678")


@_fault("EP07", "reason for ending left out", "episodes", "DEC, REC", _ended)
def _(r, row):
    r.put("episodes", row, "REC", "")


@_fault("EP08", "reason for ending without an end", "episodes", "DEC, REC", lambda r: r.open)
def _(r, row):
    r.put("episodes", row, "REC", "E8")


@_fault("EP09", "start after the year's end", "episodes", "DECOM", lambda r: r.single & r.open & _quiet(r))
def _(r, row):
    r.put_day("episodes", row, "DECOM", r.last_day + 20)


@_fault("EP10", "postcode cut short", "episodes", "HOME_POST, PL_POST", _anywhere("episodes"))
def _(r, row):
    r.put("episodes", row, "PL_POST", r.text("episodes", "PL_POST")[row].split()[0])


@_fault("EP11", "start before birth", "episodes", "DECOM", lambda r: r.first)
def _(r, row):
    r.put_day("episodes", row, "DECOM", r.born[r.child["episodes"][row]] - 60)


@_fault(
    "EP12", "said to start anew", "episodes", "RNE, REC", lambda r: r.continues & (r.text("episodes", "RNE") == "P")
)
def _(r, row):
    r.put("episodes", row, "RNE", "S")


@_fault(
    "EP13", "move entered as legal change", "episodes", "RNE, LS, PLACE",
    lambda r: r.continues & (r.text("episodes", "RNE") == "P"),
)  # fmt: skip
def _(r, row):
    r.put("episodes", row, "RNE", "L")


@_fault(
    "EP14",
    "legal change entered as move",
    "episodes",
    "RNE, LS",
    lambda r: r.continues & (r.text("episodes", "RNE") == "B"),
)
def _(r, row):
    r.put("episodes", row, "RNE", "P")


@_fault(
    "EP15", "end long after eighteen", "episodes", "DECOM, DEC",
    lambda r: _ended(r) & (r.age("episodes", r.end) >= GROWN_UP) & (r.end + 120 <= r.last_day),
)  # fmt: skip
def _(r, row):
    r.put_day("episodes", row, "DEC", r.end[row] + 120)


@_fault("EP16", "end left out", "episodes", "CHILD, DEC", lambda r: r.open & (r.start + 60 < r.last_day))
def _(r, row):
    r.repeat("episodes", row, RNE="P", DECOM=str(r.calendar.write(np.array([r.start[row] + 30]))[0]))


@_fault(
    "EP17", "adoption without an order", "episodes", "PLACE, LS",
    lambda r: r.single & np.isin(r.text("episodes", "LS").astype(str), ["V2", "C2"]),
)  # fmt: skip
def _(r, row):
    r.put("episodes", row, "PLACE", "A6")


@_fault("EP18", "reason for a move that was none", "episodes", "REC, REASON_PLACE_CHANGE", _ended)
def _(r, row):
    r.put("episodes", row, "REASON_PLACE_CHANGE", "OTHER")


@_fault(
    "EP19",
    "reason for the move left out",
    "episodes",
    "REASON_PLACE_CHANGE",
    _filled("episodes", "REASON_PLACE_CHANGE"),
)
def _(r, row):
    r.put("episodes", row, "REASON_PLACE_CHANGE", "")


@_fault("EP20", "code left out", "episodes", "RNE, LS, CIN, PLACE", lambda r: r.single)
def _(r, row):
    r.put("episodes", row, "CIN", "")


@_fault("EP21", "placement's number misspelt", "episodes", "URN", lambda r: r.single)
def _(r, row):
    r.put("episodes", row, "URN", "99-A")


@_fault("EP22", "need changed on the way", "episodes", "CIN", lambda r: r.last & r.continues)
def _(r, row):
    r.put("episodes", row, "CIN", "N5" if r.text("episodes", "CIN")[row] == "N1" else "N1")


@_fault(
    "EP23", "code not on the list", "episodes", "RNE, LS, CIN, PLACE, PLACE_PROVIDER, REC, REASON_PLACE_CHANGE",
    _anywhere("episodes"),
)  # fmt: skip
def _(r, row):
    r.put("episodes", row, "PLACE_PROVIDER", "PR9")


@_fault("EP24", "child left out", "episodes", "CHILD", lambda r: r.single)
def _(r, row):
    r.put("episodes", row, "CHILD", "")
    r.also("header", [r.child["episodes"][row]], "CHILD", "BT06")


@_fault("BT01", "child nobody knows", "episodes", "CHILD", lambda r: r.single & _quiet(r))
def _(r, row):
    r.make_unknown("episodes", row)
    r.also("header", [r.child["episodes"][row]], "CHILD", "BT06")


# Reviews -----------------------------------------------------------------------------------------------------------


def _aged_four(r: Return) -> np.ndarray:
    return r.text("reviews", "REVIEW_CODE") != "PN0"


@_fault("RV01", "row repeated", "reviews", "CHILD, REVIEW", _anywhere("reviews"))
def _(r, row):
    r.repeat("reviews", row)


@_fault("RV02", "review before birth", "reviews", "REVIEW", _anywhere("reviews"))
def _(r, row):
    r.put_day("reviews", row, "REVIEW", r.born[r.child["reviews"][row]] - 60)


@_fault("RV03", "date that does not exist", "reviews", "REVIEW", _anywhere("reviews"))
def _(r, row):
    r.put("reviews", row, "REVIEW", _NO_DAY)


@_fault("RV04", "code not on the list", "reviews", "REVIEW_CODE", _aged_four)
def _(r, row):
    r.put("reviews", row, "REVIEW_CODE", "PN9")


@_fault("RV05", "review after the year's end", "reviews", "REVIEW", _aged_four)
def _(r, row):
    r.put_day("reviews", row, "REVIEW", r.last_day + 20)


@_fault(
    "RV06", "older child entered as under four", "reviews", "REVIEW, REVIEW_CODE",
    lambda r: r.age("reviews", r.reviewed) > 6 * _YEAR,
)  # fmt: skip
def _(r, row):
    r.put("reviews", row, "REVIEW_CODE", "PN0")


@_fault("RV07", "date left out", "reviews", "REVIEW", _anywhere("reviews"))
def _(r, row):
    r.put("reviews", row, "REVIEW", "")


@_fault("RV08", "child left out", "reviews", "CHILD", _anywhere("reviews"))
def _(r, row):
    r.put("reviews", row, "CHILD", "")


@_fault("BT02", "child nobody knows", "reviews", "CHILD", _anywhere("reviews"))
def _(r, row):
    r.make_unknown("reviews", row)


@_fault("BT04", "another date of birth", "reviews", "DOB", _anywhere("reviews"))
def _(r, row):
    r.put_day("reviews", row, "DOB", r.born[r.child["reviews"][row]] - 400)


def _came_aged_six(r: Return) -> np.ndarray:
    first = r.start[r.first][r.child["reviews"]]
    return r.age("reviews", first) > 6 * _YEAR


@_fault("BT07", "review before coming into care", "reviews", "CHILD, REVIEW", _came_aged_six)
def _(r, row):
    r.put_day("reviews", row, "REVIEW", r.start[r.first][r.child["reviews"][row]] - 40)


# Outcomes of children looked after for a year ----------------------------------------------------------------------


def _asked_and_missing(r: Return) -> np.ndarray:
    age = r.age("oc2", r.last_day)
    return (age > 6 * _YEAR) & (age < 15 * _YEAR) & (r.text("oc2", "SDQ_SCORE") == "")


@_fault("OC01", "score out of range", "oc2", "SDQ_SCORE", _filled("oc2", "SDQ_SCORE"))
def _(r, row):
    r.put("oc2", row, "SDQ_SCORE", "57")


@_fault("OC02", "score and reason for none", "oc2", "SDQ_SCORE, SDQ_REASON", _filled("oc2", "SDQ_SCORE"))
def _(r, row):
    r.put("oc2", row, "SDQ_REASON", "SDQ4")


@_fault("OC03", "reason for no score left out", "oc2", "SDQ_SCORE, SDQ_REASON", _asked_and_missing)
def _(r, row):
    r.put("oc2", row, "SDQ_REASON", "")


@_fault("OC04", "row repeated", "oc2", "CHILD", _anywhere("oc2"))
def _(r, row):
    r.repeat("oc2", row)


@_fault(
    "OC05", "code not on the list", "oc2",
    "SDQ_REASON, CONVICTED, HEALTH_CHECK, IMMUNISATIONS, TEETH_CHECK, HEALTH_ASSESSMENT, SUBSTANCE_MISUSE, "
    "INTERVENTION_RECEIVED, INTERVENTION_OFFERED",
    _anywhere("oc2"),
)  # fmt: skip
def _(r, row):
    r.put("oc2", row, "TEETH_CHECK", "7")


@_fault(
    "OC06", "help without misuse", "oc2", "SUBSTANCE_MISUSE, INTERVENTION_RECEIVED",
    lambda r: r.text("oc2", "SUBSTANCE_MISUSE") == "0",
)  # fmt: skip
def _(r, row):
    r.put("oc2", row, "INTERVENTION_RECEIVED", "1")


@_fault("OC07", "wrong reason for no score", "oc2", "SDQ_REASON", _asked_and_missing)
def _(r, row):
    r.put("oc2", row, "SDQ_REASON", "SDQ1")


@_fault("OC08", "child left out", "oc2", "CHILD", _anywhere("oc2"))
def _(r, row):
    r.put("oc2", row, "CHILD", "")


@_fault("BT03", "child nobody knows", "oc2", "CHILD", _anywhere("oc2"))
def _(r, row):
    r.make_unknown("oc2", row)


@_fault("BT05", "another date of birth", "oc2", "DOB", _anywhere("oc2"))
def _(r, row):
    r.put_day("oc2", row, "DOB", r.born[r.child["oc2"][row]] - 400)
