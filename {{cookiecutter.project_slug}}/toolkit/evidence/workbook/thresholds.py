"""What testing has to reach, fixed in stage 5 before anyone tests, and whether stage 7 reached it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from evidence.workbook.threshold_history import objections
from evidence.workbook.words import count_of, listed, plain

if TYPE_CHECKING:
    import pandas as pd

    from evidence.privacy import Rules
    from evidence.workbook.book import Workbook

PASS, FAIL, INSUFFICIENT = "pass", "fail", "insufficient evidence"
WAITS, NOT_JUDGED, NOT_KNOWN = "waiting", "not judged", "not known"
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
    """A threshold beside what was measured.

    `outcome`: pass where the whole interval reaches the threshold, fail where none of it does, insufficient evidence
    where the interval holds the threshold or there are too few children; not judged where it was changed after results
    were seen, waiting where stage 7 has not measured it yet, not known where there is nothing to judge. `limitation`
    names in words the groups that are too small to judge; empty where there is none.
    """

    threshold: Threshold | None
    outcome: str
    text: str
    limitation: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it passes or fails; None for anything else, which is neither."""
        return {PASS: True, FAIL: False}.get(self.outcome)

    @property
    def waits(self) -> bool:
        return self.outcome == WAITS


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

    The interval decides: low and high where they are recorded, else Wilson's of n and denominator. A threshold for each
    group passes where every group that can be judged passes and at least one can be judged, and fails where one fails;
    groups with too few children are named as a limitation. For a tool that is not predictive, success criteria take the
    place of thresholds, and what is checked is that there are some and that stage 7 measured the tool.
    """
    if book.project.facts.analytics_type != "predictive":
        return [_measured(book)]
    thresholds = read_thresholds(book)
    if not thresholds:
        return [ThresholdCheck(None, NOT_KNOWN, "No thresholds have been set, so there is nothing to test against.")]
    changed = objections(book)
    return [_not_judged(one, changed[one.id]) if one.id in changed else _judged(book, one) for one in thresholds]


def _not_judged(threshold: Threshold, why: str) -> ThresholdCheck:
    return ThresholdCheck(threshold, NOT_JUDGED, f"{threshold.wanted} {why}.")


def _measured(book: Workbook) -> ThresholdCheck:
    criteria = len(book.register("success_criteria").complete_rows)
    if not criteria:
        words = "No success criteria have been set, so there is nothing to test against."
        return ThresholdCheck(None, NOT_KNOWN, words)
    if not book.has_result(7, "metrics"):
        return ThresholdCheck(None, WAITS, "Waits for stage 7 to measure the tool.")
    said = "criterion is" if criteria == 1 else "criteria are"
    return ThresholdCheck(
        None, PASS, f"Stage 7 has measured the tool. Whether the {criteria} success {said} met is for people to judge."
    )


def _judged(book: Workbook, threshold: Threshold) -> ThresholdCheck:
    """The check, or what was kept of it for the same table, threshold and rules."""
    name = "metrics" if threshold.group == EVERYONE else "metrics_by_group"
    if not book.has_result(7, name):
        return _check(book, threshold)
    from evidence.privacy import load_rules

    question = f"{threshold} under {load_rules(book.project)}"
    return ThresholdCheck(threshold, *book.concluded(7, name, question, lambda _: astuple(_check(book, threshold))[1:]))


def _check(book: Workbook, threshold: Threshold) -> ThresholdCheck:
    name = "metrics" if threshold.group == EVERYONE else "metrics_by_group"
    wanted = threshold.wanted
    if not book.has_result(7, name):
        return ThresholdCheck(threshold, WAITS, f"{wanted}: waits for stage 7 to measure it.")
    frame = book.result(7, name)
    if not hasattr(frame, "columns") or not {"measure", "value"} <= set(frame.columns):
        return ThresholdCheck(threshold, NOT_KNOWN, f"{wanted}: stage 7 recorded something that cannot be compared.")
    from evidence.privacy import load_rules

    rows = _with_what_is_hidden(_with_intervals(frame), threshold, load_rules(book.project))
    if threshold.group == EACH_GROUP:
        return _check_each_group(threshold, rows)
    if threshold.group != EVERYONE and len(rows):
        labels = (rows["group_by"].astype(str) + ": " + rows["group"].astype(str)).map(plain)
        rows = rows[labels == threshold.group]
    return _check_one(threshold, rows)


def _with_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with low and high (0 to 100): as recorded, else from n and denominator, else missing."""
    from evidence.measures import intervals

    if {"low", "high"} <= set(frame.columns):
        return frame
    if not {"n", "denominator"} <= set(frame.columns):
        return frame.assign(low=float("nan"), high=float("nan"))
    low, high = intervals.wilson(frame["n"], frame["denominator"])
    return frame.assign(low=100 * low, high=100 * high)


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
        return ThresholdCheck(threshold, NOT_KNOWN, f"{wanted}: not measured.")
    row = rows.iloc[0]
    if row["hidden"]:
        return ThresholdCheck(threshold, INSUFFICIENT, f"{wanted}: not judged, it rests {TOO_FEW}.")
    if _missing(row["value"]):
        return ThresholdCheck(threshold, INSUFFICIENT, f"{wanted}: not estimable, too few cases.")
    outcome = _by_interval(row, threshold.at_least)
    why = {
        PASS: "The whole interval reaches it",
        FAIL: "The whole interval lies below it",
        INSUFFICIENT: "The interval holds the threshold, so it may be reached or missed: not enough evidence",
    }
    said = f"{row['value']:.2f} ({row['low'] / 100:.2f} to {row['high'] / 100:.2f}). {why[outcome]}"
    if _missing(row["low"]):
        said = f"{row['value']:.2f}, recorded without the numbers it rests on: not enough evidence"
    return ThresholdCheck(threshold, outcome, f"{wanted}: {said}.")


def _by_interval(row: pd.Series, at_least: float) -> str:
    if _missing(row["low"]) or _missing(row["high"]):
        return INSUFFICIENT
    from evidence.measures.verdicts import verdict

    return verdict({"percent": row["value"], "low": row["low"], "high": row["high"]}, 100 * at_least)


def _missing(value: object) -> bool:
    return value is None or value != value


def _check_each_group(threshold: Threshold, rows: pd.DataFrame) -> ThresholdCheck:
    wanted = threshold.wanted
    judged = rows[rows["value"].notna() & ~rows["hidden"]]
    small = rows[~rows.index.isin(judged.index) & ~rows["nobody"]]
    limitation = _limitation(threshold.measure, small)
    if judged.empty:
        said = "no group is large enough to be judged" if len(rows) else "not measured"
        return ThresholdCheck(threshold, INSUFFICIENT if len(rows) else NOT_KNOWN, f"{wanted}: {said}.", limitation)
    outcomes = judged.apply(_by_interval, axis="columns", at_least=threshold.at_least)
    passed, failed, unsure = (judged[outcomes == one] for one in (PASS, FAIL, INSUFFICIENT))
    said = f"{len(passed)} of {count_of(len(judged), 'group')} that can be judged"
    said += " reaches it with the whole interval" if len(passed) == 1 else " reach it with their whole interval"
    if len(failed):
        said += f"; below it with the whole interval: {_named(failed)}"
    if len(unsure):
        said += f"; not enough evidence, as the interval holds the threshold: {_named(unsure)}"
    if len(small):
        said += f"; {count_of(len(small), 'group is', 'groups are')} too small to judge"
    outcome = FAIL if len(failed) else INSUFFICIENT if len(unsure) else PASS
    return ThresholdCheck(threshold, outcome, f"{wanted}: {said}.", limitation)


def _named(rows: pd.DataFrame) -> str:
    """`sex F 0.06; age band 1 to 4 0.12 and 5 to 9 0.14`: groups with their figure, kind by kind."""
    with_figure = rows["group"].astype(str) + " (" + rows["value"].map("{:.2f}".format) + ")"
    kinds = with_figure.groupby(rows["group_by"], sort=False)
    return "; ".join(f"{name} {listed(list(part))}" for name, part in kinds)


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
