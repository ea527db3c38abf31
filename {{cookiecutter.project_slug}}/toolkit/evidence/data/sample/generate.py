"""Writes the sample return: four tables, the decisions of a parallel run, and the manifest of the faults put in."""

from __future__ import annotations

import io
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.data.sample import lives, nobody, returns
from evidence.data.sample.dice import Dice
from evidence.data.sample.earlier import FOLDER, earlier_return
from evidence.data.sample.faults import plant_faults
from evidence.data.sources.folder import DECISIONS
from evidence.data.sources.ssda903 import MANIFEST
from evidence.project import EvidenceError

# Children are made this many at a time, so that memory does not grow with their number.
_AT_ONCE = 50_000
_MOST = 1_000_000
_NINETEEN_YEARS = 6_940
_MANIFEST_COLUMNS = ["table", "row", "columns", "rule", "kind"]


def generate_sample(
    folder: str | Path, children: int = 2000, seed: int = 2026, year_end: date = date(2026, 3, 31)
) -> dict[str, int]:
    """Writes header, episodes, reviews, oc2, parallel_run and faults as CSV into `folder`; returns rows by file.

    The folder `earlier` in it gets header.csv and episodes.csv as they were returned a year before.

    The layout and the code lists are those of the 2026 return. Header, episodes and reviews cover the three years up to
    `year_end`, a 31 March; OC2 has one row for each child looked after throughout the last of them, as in a return.
    parallel_run.csv holds what a made-up team decided for each child looked after on the last day (7.07).
    faults.csv lists every fault that was put in: table, row (the line in the file, the header being line 1), columns,
    rule (the audit's), kind. Every identifier is of a kind that belongs to nobody. The same seed gives the same bytes
    on every platform. Raises EvidenceError when the number of children is not from 1 to 1,000,000, or `year_end` is
    not a 31 March.
    """
    if not 1 <= children <= _MOST:
        raise EvidenceError("the number of children must be from 1 to 1,000,000.")
    if (year_end.month, year_end.day) != (3, 31):
        raise EvidenceError("the year must end on 31 March, as the return's years do.")
    folder = Path(folder)
    last_day = (year_end - date(1970, 1, 1)).days
    first_day = (date(year_end.year - 3, 4, 1) - date(1970, 1, 1)).days
    year_before = (date(year_end.year - 1, 3, 31) - date(1970, 1, 1)).days
    calendar = returns.Calendar(first_day - _NINETEEN_YEARS, last_day + 400)
    with ExitStack() as stack:
        writer = _Writer(folder, stack)
        for part, begin in enumerate(range(0, children, _AT_ONCE)):
            numbers = np.arange(begin + 1, min(begin + _AT_ONCE, children) + 1)
            dice = Dice(seed, part)
            tables, decisions = _tables(dice, Dice(seed, _MOST + part), numbers, calendar, first_day, last_day)
            tables, faults = plant_faults(tables, dice, calendar, last_day)
            earlier, changed = earlier_return(tables, dice, calendar, year_before)
            files = {**tables, **{f"{FOLDER}/{name}": frame for name, frame in earlier.items()}}
            writer.add(files, decisions, pd.concat([faults, changed], ignore_index=True))
    return writer.rows


def _tables(
    dice: Dice, others: Dice, numbers: np.ndarray, calendar: returns.Calendar, first_day: int, last_day: int
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The return's tables by name, and the decisions of the parallel run, which `others` draws."""
    children = lives.make_children(dice, len(numbers), first_day, last_day)
    rows, periods = lives.live(dice, children, first_day, last_day)
    ids = nobody.child_ids(numbers).astype(object)
    tables = {
        "header": returns.header(dice, children, numbers, calendar, last_day),
        "episodes": returns.episodes(dice, children, rows, ids, calendar),
        "reviews": returns.reviews(dice, children, periods, ids, calendar, (first_day, last_day)),
        "oc2": returns.oc2(dice, children, periods, ids, calendar, last_day),
    }
    return tables, returns.decisions(others, rows, periods, ids, calendar, last_day)


class _Writer:
    """Appends parts to the files, and numbers the manifest's rows as they stand in the files."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._files: dict[str, io.TextIOBase] = {}
        self.rows: dict[str, int] = {}
        try:
            (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EvidenceError(f"the folder cannot be made ({error.strerror}).", where=str(folder)) from None

    def add(self, tables: dict[str, pd.DataFrame], decisions: pd.DataFrame, faults: pd.DataFrame) -> None:
        before = {name: self.rows.get(name, 0) for name in tables}
        for name, frame in tables.items():
            self._write(f"{name}.csv", frame)
            self.rows[name] = before[name] + len(frame)
        name = DECISIONS.removesuffix(".csv")
        self._write(DECISIONS, decisions)
        self.rows[name] = self.rows.get(name, 0) + len(decisions)
        known_as = {name.replace("/", "_"): rows for name, rows in before.items()}
        faults = faults.assign(row=faults["row"] + faults["table"].map(known_as) + 2)
        self._write(MANIFEST, faults[_MANIFEST_COLUMNS])

    def _write(self, name: str, frame: pd.DataFrame) -> None:
        first = name not in self._files
        if first:
            try:
                file = open(self._folder / name, "w", encoding="utf-8", newline="\n")
            except OSError as error:
                raise EvidenceError(f"the file cannot be written ({error.strerror}).", where=name) from None
            self._files[name] = self._stack.enter_context(file)
        frame.to_csv(self._files[name], index=False, header=first, lineterminator="\n")
