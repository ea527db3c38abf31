"""Were the thresholds fixed before results were seen? What the access log and git tell (guidance actions 5.03, 7.04).

When stage 7 first shows results on a council's own data, the access log gets a line with the thresholds of that moment.
A threshold that is another one later, or was not there, is not judged on that data: goalposts that move once the ball
is in sight prove nothing. The made-up sample data is exempt.

A released pack is a second witness: it holds the thresholds that stood beside the results it shows. Where it is older
than the log's first line about that data, or the log has none, it says when results were seen.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import EvidenceError, git_says, long_date, read_text
from evidence.workbook.registers import read_register
from evidence.workbook.words import plain

if TYPE_CHECKING:
    from evidence.project import Project
    from evidence.workbook.book import Workbook
    from evidence.workbook.thresholds import Threshold

RESULTS_SEEN = "results seen"
# What stage 7 records of the data that it was tested on: {"data": folder, "period": last period tested}.
TESTED_ON = "tested_on"
# What stage 7 shows of the thresholds in force, as a pack keeps it.
IN_FORCE = "thresholds_in_force"
# The kind under which a stage notes what it read of the history, so that a later run sees when it has changed.
READ_AS = "threshold history"


@dataclass(frozen=True)
class History:
    """When results on one set of data were first seen, with which thresholds, and when each threshold changed later.

    `at_first` and the values of `changes` are keyed by (measure, group); `changes` holds (day, level from then on),
    oldest first, from git and from later lines of the log. `seen_on` is None where nobody has seen results yet.
    """

    seen_on: date | None = None
    at_first: dict[tuple[str, str], float] = field(default_factory=dict)
    changes: dict[tuple[str, str], list[tuple[date, float]]] = field(default_factory=dict)

    def objection(self, threshold: Threshold, set_on: date | None = None) -> str:
        """Why the threshold is not judged, in words; empty where it stands as it did when results were first seen."""
        if self.seen_on is None:
            return ""
        key = (threshold.measure, threshold.group)
        before = self.at_first.get(key)
        if before is not None and abs(before - threshold.at_least) < 1e-9:
            return ""
        later = [day for day, level in self.changes.get(key, []) if abs(level - threshold.at_least) < 1e-9]
        day = later[0] if later else set_on if set_on and set_on >= self.seen_on else None
        what = "was set" if before is None else f"was changed from {before:.2f}"
        when = f" on {long_date(day)}" if day else ""
        return f"{what}{when}, after results were seen on {long_date(self.seen_on)}; it is not judged"

    @property
    def digest(self) -> str:
        """A digest of all that is said here: equal as long as pages say the same of it."""
        keys = sorted({*self.at_first, *self.changes})
        rows = [[*key, self.at_first.get(key), [[str(day), level] for day, level in self.changes.get(key, [])]]
                for key in keys]  # fmt: skip
        return hashlib.sha256(json.dumps([str(self.seen_on), rows]).encode()).hexdigest()


def history_of(project: Project, tested_on: object) -> History:
    """The history on the data that stage 7 recorded as `tested_on`; empty for sample data and without a record."""
    if not isinstance(tested_on, dict) or tested_on.get("data") == "data/sample":
        return History()
    seen = [entry for entry in _seen(project) if entry["data"] == tested_on["data"]]
    seen = [(_day(one["when"]), _levels(one)) for one in seen if one["period"] == tested_on["period"]]
    # Of one day the log comes first: a pack is released after its results were seen.
    witnesses = sorted([*seen, *_released(project, tested_on)], key=lambda one: one[0])
    if not witnesses:
        return History()
    first, at_first = witnesses[0]
    changes: dict[tuple[str, str], list[tuple[date, float]]] = {}
    for day, levels in sorted([*witnesses[1:], *_committed(project, first)], key=lambda one: one[0]):
        for key, level in levels.items():
            changes.setdefault(key, []).append((day, level))
    return History(first, at_first, changes)


def _released(project: Project, tested_on: dict[str, str]) -> list[tuple[date, dict[tuple[str, str], float]]]:
    """(day, levels) of each pack here that shows results on this data; one that cannot be read tells nothing."""
    from evidence.data.access.log import place_of

    found = []
    for table in sorted(project.path("packs").glob(f"*/tables/07_{IN_FORCE}.csv")):
        try:
            receipt = json.loads(read_text(table.parents[1] / "receipt.json"))
            day, folder = _day(receipt["made_at"]), place_of(project, receipt["data_folder"])
            rows = [row for row in csv.DictReader(io.StringIO(read_text(table)))
                    if row["tested_until"] == tested_on["period"]]  # fmt: skip
            levels = {(row["measure"], row["group"]): float(row["at_least"]) / 100 for row in rows}
        except (OSError, ValueError, KeyError, EvidenceError):
            continue
        if levels and folder == tested_on["data"]:
            found.append((day, levels))
    return found


def note_results_seen(project: Project, tested_on: dict[str, str], thresholds: Iterable[Threshold]) -> None:
    """Adds a line to the access log where results on this data are seen for the first time, or with other thresholds.

    Nothing is noted for the sample data. Raises EvidenceError where the log cannot be written.
    """
    from evidence.data.access.log import append

    if tested_on["data"] == "data/sample":
        return
    now = [[one.measure, one.group, one.at_least] for one in thresholds]
    last = [entry for entry in _seen(project) if all(entry[name] == tested_on[name] for name in ("data", "period"))]
    if not last or last[-1]["thresholds"] != now:
        append(project, {"what": RESULTS_SEEN, "stage": 7, **tested_on, "thresholds": now})


def _seen(project: Project) -> list[dict]:
    from evidence.data.access.log import read_log

    return [entry for _, entry in read_log(project).entries if entry.get("what") == RESULTS_SEEN]


def _day(when: str) -> date:
    return datetime.fromisoformat(when).date()


def _levels(entry: dict) -> dict[tuple[str, str], float]:
    return {(measure, group): float(level) for measure, group, level in entry["thresholds"]}


def _committed(project: Project, since: date) -> list[tuple[date, dict[tuple[str, str], float]]]:
    """The register as git has it, (day, levels) for each commit from that day on; empty where there is no git."""
    from evidence.workbook.reference import Reference

    info = Reference(project).registers["thresholds"]
    log = git_says(project.root, "log", "--format=%H %cs", "--", info.file)
    found = []
    for line in log.splitlines():
        commit, _, day = line.partition(" ")
        if date.fromisoformat(day) < since:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "thresholds.csv")
            path.write_text(git_says(project.root, "show", f"{commit}:./{info.file}"), encoding="utf-8")
            rows = read_register(path, info).complete_rows
        found.append(
            (date.fromisoformat(day), {(row["measure"], plain(row.text("group"))): row["at_least"] for row in rows})
        )
    return found[::-1]


def objections(book: Workbook) -> dict[str, str]:
    """For each threshold (by its id) why it is not judged; those that may be judged are left out."""
    tested_on = book.result(7, TESTED_ON) if book.has_result(7, TESTED_ON) else None
    history = history_of(book.project, tested_on)
    number = getattr(book.results, "number", None)
    if number is not None:
        name = json.dumps(tested_on, sort_keys=True)
        book.results.note_read(number, READ_AS, name, history.digest)
    rows = {row.id: row for row in book.register("thresholds").complete_rows}
    said = {one.id: history.objection(one, rows[one.id]["set_on"]) for one in book.thresholds()}
    return {name: words for name, words in said.items() if words}
