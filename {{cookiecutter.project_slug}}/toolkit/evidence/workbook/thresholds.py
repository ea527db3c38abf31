"""What testing has to reach, fixed in stage 5 before anyone tests, and whether stage 7 reached it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.workbook.words import plain

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


@dataclass(frozen=True)
class ThresholdCheck:
    """A threshold beside what was measured. `met` is None where it was not measured or could not be estimated."""

    threshold: Threshold | None
    met: bool | None
    text: str


def read_thresholds(book: Workbook) -> list[Threshold]:
    """The complete lines of `thresholds.csv`, in their order."""
    return [
        Threshold(row.id, row["measure"], plain(row.text("group")), row["at_least"], row.text("worse_error"))
        for row in book.register("thresholds").complete_rows
    ]


def check_thresholds(book: Workbook) -> list[ThresholdCheck]:
    """Each threshold against the named results `metrics` and `metrics_by_group` of stage 7.

    `metrics` has the columns `measure` and `value`; `metrics_by_group` has `group_by`, `group`, `measure` and `value`
    besides. A value that is missing was not estimable. For a tool that is not predictive, success criteria take the
    place of thresholds, and what is checked is that there are some and that stage 7 measured the tool.
    """
    if book.project.facts.analytics_type != "predictive":
        return [_measured(book)]
    thresholds = read_thresholds(book)
    if not thresholds:
        return [ThresholdCheck(None, None, "No thresholds have been set, so there is nothing to test against.")]
    return [_check(book, one) for one in thresholds]


def _measured(book: Workbook) -> ThresholdCheck:
    criteria = len(book.register("success_criteria").complete_rows)
    if not criteria:
        return ThresholdCheck(None, None, "No success criteria have been set, so there is nothing to test against.")
    if not book.has_result(7, "metrics"):
        return ThresholdCheck(None, None, "Waits for stage 7 to measure the tool.")
    said = "criterion is" if criteria == 1 else "criteria are"
    return ThresholdCheck(
        None, True, f"Stage 7 has measured the tool. Whether the {criteria} success {said} met is for people to judge."
    )


def _check(book: Workbook, threshold: Threshold) -> ThresholdCheck:
    name = "metrics" if threshold.group == EVERYONE else "metrics_by_group"
    wanted = f"{threshold.measure.capitalize()} for {threshold.group} of at least {threshold.at_least:.2f}"
    if not book.has_result(7, name):
        return ThresholdCheck(threshold, None, f"{wanted}: waits for stage 7 to measure it.")
    frame = book.result(7, name)
    if not hasattr(frame, "columns") or not {"measure", "value"} <= set(frame.columns):
        return ThresholdCheck(threshold, None, f"{wanted}: stage 7 recorded something that cannot be compared.")
    # Reading the rules loads pandas, which is here already once there is a table to judge.
    from evidence.privacy import load_rules

    measured = frame["measure"].map(lambda measure: plain(str(measure)) == threshold.measure).astype(bool)
    return _compare(threshold, wanted, _rows_of(frame[measured], threshold), load_rules(book.project))


def _rows_of(frame: pd.DataFrame, threshold: Threshold) -> pd.DataFrame:
    if threshold.group in (EVERYONE, EACH_GROUP) or frame.empty:
        return frame
    labels = (frame["group_by"].astype(str) + ": " + frame["group"].astype(str)).map(plain)
    return frame[labels == threshold.group]


def _compare(threshold: Threshold, wanted: str, rows: pd.DataFrame, rules: Rules) -> ThresholdCheck:
    if rows.empty:
        return ThresholdCheck(threshold, None, f"{wanted}: not measured.")
    values = rows["value"].dropna().astype(float)
    if threshold.group != EACH_GROUP:
        if values.empty:
            return ThresholdCheck(threshold, None, f"{wanted}: not estimable, too few cases.")
        met = bool(values.iloc[0] >= threshold.at_least)
        return ThresholdCheck(threshold, met, f"{wanted}: {_in_words(rows.loc[values.index[0]], rules)}.")
    below = rows[rows["value"].astype(float) < threshold.at_least]
    unknown = int(rows["value"].isna().sum())
    if values.empty:
        return ThresholdCheck(threshold, None, f"{wanted}: not estimable in any group.")
    said = f"{wanted}: {len(values) - len(below)} of {len(values)} groups reach it"
    if len(below):
        lowest = below.sort_values("value").iloc[0]
        words = _in_words(lowest, rules)
        # A group is named with its figure or not at all.
        said += f", the lowest is {words}" + ("" if words == TOO_FEW else f" ({lowest['group_by']}: {lowest['group']})")
    if unknown:
        said += f"; {unknown} not estimable, too few cases"
    # A group that nobody could judge is not one that passed.
    met = False if len(below) else None if unknown else True
    return ThresholdCheck(threshold, met, said + ".")


def _in_words(row: pd.Series, rules: Rules) -> str:
    """The value, unless it rests on so few children that disclosure control hides it on the page as well."""
    n, of = row.get("n"), row.get("denominator")
    numbers = [] if n is None or of is None else [n, of - n, of]
    if any(rules.hide_from <= number <= rules.hide_to for number in numbers):
        return TOO_FEW
    return f"{float(row['value']):.2f}"
