"""The live tool, period by period: is it still right, on data of the same kind, used, and does it need retraining?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import ModuleType

import numpy as np
import pandas as pd

from evidence.measures import accuracy, of_tool
from evidence.measures.estimating import ALL, NOT_ESTIMABLE, before_after, estimates

# The columns of one period's figures, as they are kept from period to period.
FIGURES = ["n", "denominator", "percent", "low", "high", "reliability"]
LEVELS = ["characteristic", "group", "measure"]
RULES, DRIFTED, USED, USERS = (
    "checks of the data that failed",
    "variables with an alarm",
    "times used",
    "users who used it",
)
RAISED, OVERDUE = "challenges raised", "challenges overdue"
EVALUATED = ("changed behaviour", "users' views", "changed decisions", "better outcomes")


def period_figures(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """The tool's figures of the latest period whose outcome is known, for all and by group (9.02).

    Index (characteristic, group, measure), first rows (`All`, `All children`); columns as `estimates`. Predictive:
    recall, precision, accuracy and flagged, by group recall and precision. The others: the outcome. Empty where no
    outcome is known of rows that the tool has not learnt from.
    """
    known = of_tool.judged_rows(tool, output)
    if known.empty:
        return pd.DataFrame(columns=FIGURES)
    rows = of_tool.latest_period(tool, known)
    if of_tool.kind(tool) == "predictive":
        overall = accuracy.metrics(rows, tool.OUTCOME, tool.OUTPUT, ["recall", "precision", "accuracy", "flagged"])
        groups = accuracy.metrics_by_group(rows, tool.OUTCOME, tool.OUTPUT, tool.GROUPS, ["recall", "precision"])
    else:
        overall = of_tool.proportions(rows, tool.OUTCOME).rename({ALL: of_tool.WITH_OUTCOME})
        groups = of_tool.by_each(rows, tool.OUTCOME, tool.GROUPS)
        groups = pd.concat({of_tool.WITH_OUTCOME: groups}, names=["measure"]).reorder_levels(LEVELS)
    overall = pd.concat({("All", ALL): overall}, names=LEVELS)
    return pd.concat([overall, groups])


def period_signs(
    audited: pd.DataFrame, drift: pd.DataFrame, usage: pd.DataFrame, challenges: pd.DataFrame
) -> pd.DataFrame:
    """What else is watched each period (9.03, 9.06): index figure; columns n, denominator, percent, low, high.

    audited: columns failures and checked; drift: as `drift` returns it; usage: as `usage_by_period` returns it, of
    which the last line counts; challenges: as `challenges` returns it. A figure without evidence has no row: it is not
    nought. These are numbers of checks, variables, users and challenges; of no child.
    """
    rows: dict[str, tuple[float, float]] = {}
    if len(audited):
        rows[RULES] = float(audited["failures"].sum()), float(audited["checked"].sum())
    judged = drift[drift["alarm"] != NOT_ESTIMABLE] if len(drift) else drift
    if len(judged):
        rows[DRIFTED] = float((judged["alarm"] == "yes").sum()), float(len(judged))
    if len(usage):
        last = usage.iloc[-1]
        rows[USERS] = float(last["n"]), float(last["denominator"])
        rows[USED] = float(last["times_used"]), float(last["times_used"])
    if len(challenges):
        raised = int(challenges.at["raised", "n"])
        rows[RAISED] = raised, raised
        rows[OVERDUE] = float(challenges.at["open and overdue", "n"]), raised
    table = (
        estimates(*zip(*rows.values(), strict=True), pd.Index(list(rows), name="figure")) if rows else pd.DataFrame()
    )
    # These are counts of things, not rates among children: a total has no percentage.
    for name in (USED, RAISED):
        if name in table.index:
            table.loc[name, ["percent", "low", "high"]] = np.nan
    return table


def over_periods(
    earlier: pd.DataFrame, now: pd.DataFrame, period: str, group: tuple[str, str] = ("All", ALL)
) -> pd.DataFrame:
    """The figures of one group in each period: index (period, measure), columns FIGURES; earlier periods come first.

    earlier: columns period, LEVELS and FIGURES, as kept from earlier periods; now: as `period_figures` gives it, for
    `period`.
    """
    rows = [earlier[(earlier["characteristic"] == group[0]) & (earlier["group"] == group[1])]] if len(earlier) else []
    if len(now):
        here = now.reset_index()
        here = here[(here["characteristic"] == group[0]) & (here["group"] == group[1])]
        rows.append(here.assign(period=period))
    if not rows:
        return pd.DataFrame(columns=FIGURES)
    table = pd.concat(rows, ignore_index=True)
    # Period below period, measure by measure, as a series is read.
    order = {name: place for place, name in enumerate(dict.fromkeys(table["measure"]))}
    table = table.iloc[np.argsort(table["measure"].map(order), kind="stable")]
    return table.set_index(["period", "measure"])[FIGURES]


def groups_over_periods(earlier: pd.DataFrame, now: pd.DataFrame, period: str, measure: str) -> pd.DataFrame:
    """One measure of each group in each period: index (characteristic, group, period), columns FIGURES.

    Empty without an earlier period.
    """
    if earlier.empty or now.empty:
        return pd.DataFrame(columns=FIGURES)
    this_one = now.xs(measure, level="measure").reset_index().assign(period=period)
    rows = pd.concat([earlier[earlier["measure"] == measure], this_one], ignore_index=True)
    rows = rows[rows["characteristic"] != "All"].set_index(["characteristic", "group", "period"])[FIGURES]
    order = {name: place for place, name in enumerate(dict.fromkeys(rows.index.droplevel("period")))}
    return rows.iloc[np.argsort([order[key[:2]] for key in rows.index], kind="stable")]


def periods_of(series: pd.DataFrame) -> list[str]:
    """The periods of a table of `over_periods`, in order."""
    return list(dict.fromkeys(series.index.get_level_values("period")))


def usage_by_period(register: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Who used the tool, period by period (9.06): index period (its last day in words); empty without a line.

    register: columns starts, ends, users_with_access, users_who_used_it, times_used, source. Columns n (users who used
    it), denominator (users who may), percent, low, high, times_used, reliability. Periods that end after `as_of` are
    left out.
    """
    from evidence.measures.estimating import period_words

    rows = register[register["ends"] <= pd.Timestamp(as_of)].sort_values("ends")
    if rows.empty:
        return pd.DataFrame()
    index = pd.Index(period_words(rows["ends"]), name="period")
    table = estimates(rows["users_who_used_it"], rows["users_with_access"], index)
    # With a handful of users the share is exact for those there are; the interval says how few they are.
    table.insert(5, "times_used", rows["times_used"].astype("int64").to_numpy())
    return table


def retraining(series: pd.DataFrame, measure: str, alarms: Mapping[str, float]) -> pd.DataFrame:
    """Whether the tool needs retraining, by a rule fixed beforehand (9.04): index sign; columns met, evidence.

    Retrain when (1) in the last two periods running `measure` lies below the first period's by more than chance (the
    whole 95% interval of the difference is below nought), or (2) a drift alarm rang in the last two periods running.
    Met is yes, no, not known or not estimable; a period that cannot be judged never counts as no. series: as
    `over_periods`; alarms: number of variables with an alarm by period.
    """
    rows = {
        f"{measure} below the first period's, two periods running": _two_declines(series, measure),
        "drift alarms, two periods running": _two_alarms(alarms),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["met", "evidence"]).rename_axis("sign")


def _two_declines(series: pd.DataFrame, measure: str) -> tuple[str, str]:
    here = (
        series.xs(measure, level="measure") if measure in series.index.get_level_values("measure") else series.iloc[:0]
    )
    if len(here) < 3:
        return "not known", f"{_count(len(here))} recorded; three are needed, the first to compare with"
    gaps = [
        before_after(here.iloc[[0]].reset_index(drop=True), here.iloc[[at]].reset_index(drop=True)) for at in (-2, -1)
    ]
    highs = [gap["high"].iloc[0] for gap in gaps]
    if any(pd.isna(high) for high in highs):
        return NOT_ESTIMABLE, "one of the last two periods, or the first, has too few children or is hidden"
    if all(high < 0 for high in highs):
        return "yes", "in each of the last two periods it lies below the first by more than chance explains"
    return "no", "not in each of the last two periods does it lie below the first by more than chance explains"


def _two_alarms(alarms: Mapping[str, float]) -> tuple[str, str]:
    last = list(alarms.values())[-2:]
    if len(last) < 2:
        return "not known", f"{_count(len(last))} recorded; two are needed"
    if all(number > 0 for number in last):
        return "yes", "an alarm rang in each of the last two periods; by chance that happens in 1 of 400"
    return "no", "no alarm in at least one of the last two periods"


def _count(number: int) -> str:
    return "1 period is" if number == 1 else f"{number} periods are"


def alarms_by_period(earlier: pd.DataFrame, signs: pd.DataFrame, period: str) -> dict[str, float]:
    """How many variables rang a drift alarm in each period in which any could be judged, this one last."""
    found = {}
    if len(earlier):
        here = earlier[earlier["measure"] == DRIFTED]
        found = dict(zip(here["period"], here["n"].astype(float), strict=True))
    if DRIFTED in signs.index:
        found[period] = float(signs.at[DRIFTED, "n"])
    return found


def missing_kinds(lines: pd.DataFrame) -> list[str]:
    """Which of the four questions of the live evaluation no complete line answers yet (9.07)."""
    return [kind for kind in EVALUATED if kind not in set(lines["kind"])]


def review_calendar(reviews: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The calendar of reviews in order of their day: index review; columns kind, due, owner, stands (9.01).

    stands: done, overdue (by so many days), due within 30 days, planned. One done after `as_of` is not done yet.
    """
    today = pd.Timestamp(as_of)
    rows = reviews[reviews["due"].notna()].sort_values(["due", "id"]).set_index("id")
    done = rows["done_on"].notna() & (rows["done_on"] <= today)
    days = (today - rows["due"]).dt.days
    late = "overdue by " + days.astype("str") + np.where(days == 1, " day", " days")
    stands = np.select([done, days > 0, days >= -30], ["done", late, "due within 30 days"], "planned")
    table = pd.DataFrame({"kind": rows["kind"], "due": rows["due"], "owner": rows["owner"], "stands": stands})
    return table.rename_axis("review")


def outcomes(lines: pd.DataFrame) -> pd.DataFrame:
    """What changed, before and now, beside what was hoped for (8.06 and 9.07): index figure, the line's id and measure.

    lines: columns id, measure, before_n, before_of, now_n, now_of (numbers of cases), better (lower or higher), target
    (a share, missing where none is set), same_definition (yes or no) and, where there is one, kind. Columns kind, then
    those of `before_after` but for reliability, target_percent, and found: `better than before`, `worse than before`,
    `no clear difference`, `not estimable`, or `not comparable` where the two do not count alike. Lines without all four
    numbers, or with more cases than the whole, are left out.
    """
    numbers = lines[["before_n", "before_of", "now_n", "now_of"]]
    fits = numbers.notna().all(axis="columns") & (numbers >= 0).all(axis="columns")
    rows = lines[fits & (lines["before_n"] <= lines["before_of"]) & (lines["now_n"] <= lines["now_of"])]
    if rows.empty:
        return pd.DataFrame()
    # Called figure, because different outcomes add up to nothing (see disclosure control).
    index = pd.Index(rows["id"] + ": " + rows["measure"], name="figure")
    table = before_after(
        estimates(rows["before_n"], rows["before_of"], index), estimates(rows["now_n"], rows["now_of"], index)
    ).drop(columns="reliability")
    comparable = (rows["same_definition"] == "yes").to_numpy()
    table.loc[~comparable, ["difference", "low", "high"]] = np.nan
    if "kind" in rows:
        table.insert(0, "kind", rows["kind"].to_numpy())
    table["target_percent"] = 100 * rows["target"].to_numpy(dtype=float)
    lower = (rows["better"] == "lower").to_numpy()
    better = np.where(lower, table["high"] < 0, table["low"] > 0)
    worse = np.where(lower, table["low"] > 0, table["high"] < 0)
    table["found"] = np.select(
        [~comparable, table["difference"].isna(), better, worse],
        ["not comparable", NOT_ESTIMABLE, "better than before", "worse than before"],
        "no clear difference",
    )
    return table


def own_outcome(tool: ModuleType, frame: pd.DataFrame, began: date | None) -> pd.DataFrame:
    """The tool's own outcome before it went live and after (8.06): as `before_after`, index (characteristic, group).

    began: the first day of use. Before is the last period that ended by then; after is the last one that began on or
    after it, when there is one; periods are as long as the time between two of them. Empty where one is missing.
    """
    known = frame[of_tool.truth(frame[tool.OUTCOME]).notna()]
    ends = _outcome_ends(tool, known)
    if began is None or len(ends) < 2:
        return pd.DataFrame()
    day = pd.Timestamp(began)
    starts = {period: end - pd.DateOffset(years=1) for period, end in ends.items()}
    before = [period for period, end in ends.items() if end <= day]
    after = [period for period, start in starts.items() if start >= day - pd.Timedelta(days=1)]
    if not before or not after:
        return pd.DataFrame()
    old, new = (known[known[tool.PERIOD] == period] for period in (max(before), max(after)))
    return before_after(
        of_tool.by_each(old, tool.OUTCOME, tool.GROUPS, True), of_tool.by_each(new, tool.OUTCOME, tool.GROUPS, True)
    )


def _outcome_ends(tool: ModuleType, known: pd.DataFrame) -> dict[pd.Timestamp, pd.Timestamp]:
    """Each period with the last day of the year its outcome looks at: a prediction looks at the year after."""
    later = pd.DateOffset(years=1 if of_tool.kind(tool) == "predictive" else 0)
    return {period: period + later for period in sorted(known[tool.PERIOD].unique())}
