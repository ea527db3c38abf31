"""What testing has to reach, fixed in stage 5 before anyone tests, and whether stage 7 reached it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.workbook.threshold_history import objections
from evidence.workbook.words import count_of, listed, plain

if TYPE_CHECKING:
    import pandas as pd

    from evidence.privacy import Rules
    from evidence.workbook.book import Workbook

TOO_FEW = "on too few children to be shown"
EVERYONE, EACH_GROUP = "everyone", "each group"


@dataclass(frozen=True)
class Threshold:
    """`measure` (precision, recall, accuracy) must be at least `at_least` (0 to 1) for `group`.

    `group` is "everyone", "each group", or one group as `column: value`, for example `SEX: F`.
    """

    id: str
    measure: str
    group: str
    at_least: float
    worse_error: str

    @property
    def wanted(self) -> str:
        """`Recall for each group of at least 0.10`."""
        return f"{self.measure.capitalize()} for {self.group} of at least {self.at_least:.2f}"


@dataclass(frozen=True)
class ThresholdCheck:
    """A threshold beside what was measured. `met` is None where it was not measured or could not be judged.

    `limitation` names in words the groups that are too small to judge; empty where there is none. `waits` is True where
    stage 7 has not measured it yet.
    """

    threshold: Threshold | None
    met: bool | None
    text: str
    limitation: str = ""
    waits: bool = False

    @property
    def outcome(self) -> str:
        return {True: "met", False: "not met", None: "not known"}[self.met]


def read_thresholds(book: Workbook) -> list[Threshold]:
    """The complete lines of `thresholds.csv`, in their order."""
    return [
        Threshold(row.id, row["measure"], plain(row.text("group")), row["at_least"], row.text("worse_error"))
        for row in book.register("thresholds").complete_rows
    ]


def check_thresholds(book: Workbook) -> list[ThresholdCheck]:
    """Each threshold against the named results `metrics` and `metrics_by_group` of stage 7 (action 7.04).

    `metrics` has the columns `measure` and `value`; `metrics_by_group` has `group_by`, `group`, `measure` and `value`
    besides. A value that is missing was not estimable. With columns `n` and `denominator`, a figure that disclosure
    control hides on the page is not judged either: to say that it is met would tell something of it.

    A threshold for each group is met where every group that can be judged reaches it and at least one can be judged;
    the others are named as a limitation. For a tool that is not predictive, success criteria take the place of
    thresholds, and what is checked is that there are some and that stage 7 measured the tool.
    """
    if book.project.facts.analytics_type != "predictive":
        return [_measured(book)]
    thresholds = read_thresholds(book)
    if not thresholds:
        return [ThresholdCheck(None, None, "No thresholds have been set, so there is nothing to test against.")]
    changed = objections(book)
    return [_not_judged(one, changed[one.id]) if one.id in changed else _check(book, one) for one in thresholds]


def _not_judged(threshold: Threshold, why: str) -> ThresholdCheck:
    return ThresholdCheck(threshold, None, f"{threshold.wanted} {why}.")


def _measured(book: Workbook) -> ThresholdCheck:
    criteria = len(book.register("success_criteria").complete_rows)
    if not criteria:
        return ThresholdCheck(None, None, "No success criteria have been set, so there is nothing to test against.")
    if not book.has_result(7, "metrics"):
        return ThresholdCheck(None, None, "Waits for stage 7 to measure the tool.", waits=True)
    said = "criterion is" if criteria == 1 else "criteria are"
    return ThresholdCheck(
        None, True, f"Stage 7 has measured the tool. Whether the {criteria} success {said} met is for people to judge."
    )


def _check(book: Workbook, threshold: Threshold) -> ThresholdCheck:
    name = "metrics" if threshold.group == EVERYONE else "metrics_by_group"
    wanted = threshold.wanted
    if not book.has_result(7, name):
        return ThresholdCheck(threshold, None, f"{wanted}: waits for stage 7 to measure it.", waits=True)
    frame = book.result(7, name)
    if not hasattr(frame, "columns") or not {"measure", "value"} <= set(frame.columns):
        return ThresholdCheck(threshold, None, f"{wanted}: stage 7 recorded something that cannot be compared.")
    # Reading the rules loads pandas, which is here already once there is a table to judge.
    from evidence.privacy import load_rules

    rows = _with_what_is_hidden(frame, threshold, load_rules(book.project))
    if threshold.group == EACH_GROUP:
        return _check_each_group(threshold, rows)
    if threshold.group != EVERYONE and len(rows):
        labels = (rows["group_by"].astype(str) + ": " + rows["group"].astype(str)).map(plain)
        rows = rows[labels == threshold.group]
    return _check_one(threshold, rows)


def _with_what_is_hidden(frame: pd.DataFrame, threshold: Threshold, rules: Rules) -> pd.DataFrame:
    """The rows of the threshold's measure, with columns `hidden` and `nobody` (a shown denominator of nought).

    The rows are protected together with those they stand beside on the page of stage 7.
    """
    from evidence.privacy import protect

    is_measure = frame["measure"].map(lambda name: plain(str(name)) == threshold.measure).astype(bool)
    if not {"n", "denominator"} <= set(frame.columns):
        return frame[is_measure].assign(hidden=False, nobody=False)
    beside = frame if threshold.group == EVERYONE else frame[is_measure]
    index = ["measure"] if threshold.group == EVERYONE else ["group_by", "group"]
    counts = beside.set_index(index)[["n", "denominator"]].rename_axis(index={"group_by": "characteristic"})
    safe = protect(counts, counts=["denominator"], parts={"n": "denominator"}, rules=rules).table
    hidden = (safe == rules.shown_as).any(axis=1).to_numpy()
    nobody = (beside["denominator"] == 0).to_numpy() & ~hidden
    return beside.assign(hidden=hidden, nobody=nobody)[is_measure.loc[beside.index]]


def _check_one(threshold: Threshold, rows: pd.DataFrame) -> ThresholdCheck:
    wanted = threshold.wanted
    if rows.empty:
        return ThresholdCheck(threshold, None, f"{wanted}: not measured.")
    row = rows.iloc[0]
    if row["hidden"]:
        return ThresholdCheck(threshold, None, f"{wanted}: not judged, it rests {TOO_FEW}.")
    if row["value"] != row["value"] or row["value"] is None:
        return ThresholdCheck(threshold, None, f"{wanted}: not estimable, too few cases.")
    return ThresholdCheck(threshold, bool(row["value"] >= threshold.at_least), f"{wanted}: {row['value']:.2f}.")


def _check_each_group(threshold: Threshold, rows: pd.DataFrame) -> ThresholdCheck:
    wanted = threshold.wanted
    judged = rows[rows["value"].notna() & ~rows["hidden"]]
    small = rows[~rows.index.isin(judged.index) & ~rows["nobody"]]
    limitation = _limitation(threshold.measure, small)
    if judged.empty:
        said = "no group is large enough to be judged" if len(rows) else "not measured"
        return ThresholdCheck(threshold, None, f"{wanted}: {said}.", limitation)
    values = judged["value"].astype(float)
    below = values < threshold.at_least
    said = f"{len(values) - below.sum()} of {count_of(len(values), 'group')} that can be judged"
    said += " reaches it" if len(values) - below.sum() == 1 else " reach it"
    if below.any():
        lowest = judged.loc[values.idxmin()]
        said += f", the lowest is {lowest['group_by']} {lowest['group']} with {values.min():.2f}"
    if len(small):
        said += f"; {count_of(len(small), 'group is', 'groups are')} too small to judge"
    return ThresholdCheck(threshold, not below.any(), f"{wanted}: {said}.", limitation)


def _limitation(measure: str, small: pd.DataFrame) -> str:
    """`Recall is not estimable, with too few children, for sex Not known; age band 1 to 4 and 5 to 9.`"""
    if small.empty:
        return ""
    groups = [
        f"{name} {listed(list(part.astype(str)))}" for name, part in small.groupby("group_by", sort=False)["group"]
    ]
    return (
        f"{measure.capitalize()} is not estimable, with too few children, for {'; '.join(groups)}. "
        "Nothing is known of how well the tool works for them."
    )
