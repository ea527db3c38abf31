"""The headlines of beta testing, evaluation, monitoring and retirement: what a table says, or what it still needs.

As in `words`, no sentence names a figure that small-number rules would hide.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from evidence.measures import agreeing, asking, challenging
from evidence.measures.estimating import NOT_ESTIMABLE, is_known
from evidence.measures.words import group_words, shown
from evidence.privacy import Rules, protect


def parallel_run(table: pd.DataFrame, rules: Rules | None = None) -> str:
    """How often tool and today's process agree, and whether beyond chance."""
    if table.empty:
        return (
            "No parallel run is recorded yet: enter it in workbook/07_testing/parallel_run.csv, and put each child's "
            "decision by today's process into parallel_run.csv in the data folder, without names"
        )
    safe = protect(table, rules=rules or Rules(), **agreeing.AGREEMENT).table
    last = safe.iloc[-1]
    if not isinstance(last["percent"], float) or pd.isna(last["percent"]):
        return "Too few children to say how often the tool and today's process agree"
    said = (
        f"The tool and today's process say the same of {last['percent']:.0f}% of {int(last['denominator']):,} children "
        f"({last['low']:.0f}% to {last['high']:.0f}%)"
    )
    if pd.isna(last["kappa"]):
        return said
    return f"{said}; beyond chance, that is {_strength(last['kappa_low'], last['kappa'])} (kappa {last['kappa']:.2f})"


def _strength(low: float, kappa: float) -> str:
    if low <= 0:
        return "no agreement that could not be chance"
    return "weak agreement" if kappa < 0.4 else "moderate agreement" if kappa < 0.7 else "strong agreement"


def differently(table: pd.DataFrame, rules: Rules | None = None) -> str:
    """In which group most children would be treated differently, among the groups that may be named."""
    if table.empty:
        return "Who would be treated differently can be told once the parallel run names the decision for each child"
    safe = protect(table, rules=rules or Rules(), **agreeing.DIFFERENTLY).table
    rows = safe[pd.to_numeric(safe["percent"], errors="coerce").notna() & is_known(safe.index)]
    if rows.empty:
        return "Too few children in every group to say who would be treated differently"
    name = rows["percent"].astype(float).idxmax()
    row = rows.loc[name]
    among = "" if len(rows) == is_known(table.index).sum() else "Of the groups that can be shown, "
    return (
        f"{among}{group_words(name)} has the largest share treated differently, {row['percent']:.0f}% "
        f"({row['low']:.0f}% to {row['high']:.0f}%) of {int(row['denominator']):,} children"
    )


def alpha_to_beta(table: pd.DataFrame, known_from: pd.Timestamp | None) -> str:
    """Which figures moved from historic to new data, and when the others will be known."""
    from evidence.project import long_date

    if table.empty:
        return "There is no period later than the alpha test's, so there are no new children to compare with"
    known = table[table["difference"].notna()]
    moved = list(known.index[(known["low"] > 0) | (known["high"] < 0)])
    said = (
        f"From historic to new children, changed by more than chance: {', '.join(moved)}"
        if moved
        else f"{len(known)} of {len(table)} figures can be compared with those of the alpha test, and none changed by "
        "more than chance"
    )
    if len(known) < len(table) and known_from is not None:
        said += f"; what rests on the outcome will be known from {long_date(known_from.date())}"
    return said


def user_survey(table: pd.DataFrame) -> str:
    """The usability score, and the question with the lowest mean."""
    if table.empty:
        return "Nobody has answered the survey yet: one line a person in workbook/07_testing/user_survey.csv, no names"
    everyone = table.xs(asking.EVERYONE, level="skill")
    people = int(everyone["denominator"].iloc[0])
    if everyone["mean"].isna().all():
        return f"{people} answered; {asking.FEWEST} answers to a question are needed before a mean says anything"
    parts = []
    scale = everyone.loc[asking.SCALE]
    if pd.notna(scale["mean"]):
        parts.append(f"Usability is {scale['mean']:.0f} of 100{_within(scale)}; about 68 is usual")
    questions = everyone.drop(index=asking.SCALE)["mean"].dropna()
    if len(questions):
        parts.append(f'lowest of 5 is "{questions.idxmin()}", {questions.min():.1f}')
    return f"{'; '.join(parts)} ({people} people asked)"


def _within(row: pd.Series) -> str:
    return "" if pd.isna(row["low"]) else f" ({row['low']:.0f} to {row['high']:.0f})"


def themes(table: pd.DataFrame) -> str:
    """The theme named most often, of what people like and of what they would improve."""
    if table.empty:
        return "Nothing that people like or would improve is coded into themes yet"
    firsts = [f"{about}: {part['n'].droplevel(0).idxmax()}" for about, part in table.groupby(level=0, sort=False)]
    return f"Named most often, {'; '.join(firsts)}"


def feedback_actions(actions: pd.DataFrame) -> str:
    """How many things were changed because of what users said."""
    if actions.empty:
        return "Nothing is recorded yet that was changed because of what users said: workbook/07_testing/log.csv"
    return f"{_number(len(actions), 'thing')} changed because of what users said"


def explanation_stability(table: pd.DataFrame) -> str:
    """Whether the reasons that weigh most stay the same when the children are drawn again."""
    steady = list(table.index[table["percent"] >= 90])
    if len(steady) == len(table):
        said = f"The {len(table)} reasons that weigh most come out again in at least 9 of 10 draws of other children"
        return said + _of_how_many(table)
    shaky = ", ".join(name for name in table.index if name not in steady)
    said = f"Not steady, out of the first {len(table)} in more than 1 of 10 draws of other children"
    return f"{said}{_of_how_many(table)}: {shaky}"


def _of_how_many(table: pd.DataFrame) -> str:
    children = table.attrs.get("children")
    return f" ({children:,} children, taken at random, stand for all)" if children else ""


def case_stability(table: pd.DataFrame) -> str:
    """How often a child keeps output and reasons when the tool learns from other children."""
    if table.empty:
        return "This tool learns from no other children, so a child's output and its reasons cannot change with them"
    parts = [f"{name} in {row['percent']:.0f}" for name, row in table.iterrows()]
    how = f"When the tool learns from other children{_of_how_many(table)}, a child keeps"
    return f"{how}, of 100 times, {', '.join(parts)}"


def challenges(table: pd.DataFrame, limit_days: int) -> str:
    """How many challenges there were, how fast they were answered, and what is overdue."""
    if table.empty:
        return "No challenge is recorded; that is evidence only where people know how to make one"
    raised, overdue = int(table.at[challenging.RAISED, "n"]), int(table.at[challenging.OVERDUE, "n"])
    answered, in_time = int(table.at[challenging.ANSWERED, "n"]), int(table.at[challenging.IN_TIME, "n"])
    days = table.at[challenging.MEDIAN, "days"]
    speed = "" if pd.isna(days) else f", half of them within {days:.0f} days"
    said = (
        f"{_number(raised, 'challenge')}, {answered} answered{speed}, {in_time} within the limit of {limit_days} days"
    )
    return f"{said}; {overdue or 'none'} overdue"


def days_to_an_answer(table: pd.DataFrame) -> str:
    """The median wait with its interval and its n, as a note below the table of `challenges`."""
    if table.empty:
        return ""
    row = table.loc[challenging.MEDIAN]
    said = f"Median days from raising to answer, of {int(row['n'])} answered: "
    if pd.isna(row["days"]):
        return f"{said}not estimable."
    if pd.isna(row["days_from"]):
        return f"{said}{row['days']:g}; too few for an interval."
    return f"{said}{row['days']:g} ({row['days_from']:g} to {row['days_to']:g})."


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def outcomes(table: pd.DataFrame, where: str) -> str:
    """How many of the outcomes are better, worse, or cannot be told from chance."""
    if table.empty:
        return f"Nothing is set beside the baseline yet: enter it in {where}"
    parts = [
        f"{count} {found}"
        for found in ("better than before", "worse than before", "no clear difference", NOT_ESTIMABLE, "not comparable")
        if (count := int((table["found"] == found).sum()))
    ]
    return f"Of {_number(len(table), 'outcome')}: {', '.join(parts)}"


def own_outcome(table: pd.DataFrame, began: date | None, rules: Rules | None = None) -> str:
    """The tool's outcome before and after it went live; or why it cannot be said yet."""
    from evidence.project import long_date

    if began is None:
        return "No first day of use is recorded in workbook/07_testing/rollout.csv, so there is no after"
    if table.empty:
        return f"No whole year has passed since the first day of use, {long_date(began)}, so there is no after yet"
    wholes = ["denominator_before", "denominator"]
    parts = {"n_before": "denominator_before", "n": "denominator"}
    safe = protect(table, counts=wholes, parts=parts, rules=rules or Rules()).table
    row = pd.to_numeric(safe[["percent_before", "percent", "difference", "low", "high"]].iloc[0], errors="coerce")
    if row.isna().any():
        return "Too few children to say what changed after the tool began"
    sure = "by more than chance explains" if row["low"] > 0 or row["high"] < 0 else "which may be chance"
    return (
        f"The share with the outcome went from {row['percent_before']:.0f}% to {row['percent']:.0f}% after the tool "
        f"began, {sure}; what else changed in that time is not ruled out"
    )


def trial_plan(table: pd.DataFrame, problems: Sequence[str] = ()) -> str:
    """How many children are needed to notice the change that is hoped for, and whether they are there."""
    if table.empty:
        needed = "No trial is planned yet: enter one in workbook/08_pre_deployment/trial_design.csv"
        return f"{needed} ({problems[0].rstrip('.')})" if problems else needed
    row = table.iloc[0]
    if pd.isna(row["needed"]):
        return f"Planned: {row['kind']}. It needs months, not numbers of children in groups"
    change = "fall" if row["percent_then"] < row["percent_today"] else "rise"
    per = "children in all" if row["kind"] == "stepped wedge" else "children in each group"
    said = (
        f"To notice a {change} from {row['percent_today']:.3g}% to {row['percent_then']:.3g}% you need about "
        f"{row['needed']:,.0f} {per}"
    )
    if pd.isna(row["power_percent"]):
        return said
    enough = "which there are" if row["enough"] == "yes" else "which there are not"
    return f"{said}, {enough}: those there would notice it in {row['power_percent']:.0f} of 100 such trials"


def interrupted(table: pd.DataFrame, began: date | None, points: int) -> str:
    """The step at the beginning of the tool, beside what the trend led to expect."""
    from evidence.measures.series import FEWEST_AFTER, FEWEST_BEFORE, STEP

    if not points:
        return "There is no series by month or quarter yet; it is kept in workbook/08_pre_deployment/outcome_series.csv"
    if began is None:
        return (
            "No first day of use is recorded in workbook/07_testing/rollout.csv, so the series has no before and after"
        )
    unit = "month" if "months_before" in table else "quarter"
    before, after = (int(table[f"{unit}s_{when}"].iloc[0]) for when in ("before", "after"))
    if pd.isna(table.at[STEP, "estimate"]):
        return (
            f"The series has {_number(before, unit)} before the tool began and {after} after; it needs "
            f"{FEWEST_BEFORE} and {FEWEST_AFTER} before a step can be told from chance"
        )
    row = table.loc[STEP]
    sure = "more than chance explains" if row["low"] > 0 or row["high"] < 0 else "which may be chance"
    way = "rose" if row["estimate"] > 0 else "fell"
    return (
        f"When the tool began the share {way} by {abs(row['estimate']):.1f} percentage points beside its trend "
        f"({row['low']:.1f} to {row['high']:.1f}), {sure}"
    )


def periods(series: pd.DataFrame, measure: str, rules: Rules | None = None) -> str:
    """From the first period recorded to the latest; or how a period is added."""
    names = list(dict.fromkeys(series.index.get_level_values("period"))) if len(series) else []
    if len(names) < 2:
        return "No earlier period is recorded: evidence period add 2026-06-30 (the period's last day) adds one"
    rows = shown(series, rules)
    here = rows[[name[1] == measure for name in rows.index]]
    if len(here) < 2:
        return f"{len(names)} periods are recorded; too few children, or hidden, in all but {len(here)} of them"
    first, last = here.iloc[0], here.iloc[-1]
    move = "which may be chance" if _overlap(first, last) else "more than chance explains"
    return (
        f"Over {len(names)} periods {measure} went from {first['percent']:.0f}% ({here.index[0][0]}) to "
        f"{last['percent']:.0f}% ({here.index[-1][0]}), {move}"
    )


def groups_over_periods(table: pd.DataFrame, measure: str) -> str:
    """What the table of groups and periods is, or what it waits for."""
    if table.empty:
        return "How groups change over time can be seen once an earlier period is recorded"
    return f"{measure.capitalize()} in each group, period by period"


def _overlap(first: pd.Series, last: pd.Series) -> bool:
    from evidence.measures import intervals

    _, low, high = intervals.difference(last["n"], last["denominator"], first["n"], first["denominator"])
    return bool(low <= 0 <= high)


def signs(table: pd.DataFrame) -> str:
    """What else is watched, in one line."""
    from evidence.measures import monitoring

    if table.empty:
        return "Nothing else could be counted in this period"
    parts = []
    if monitoring.RULES in table.index:
        parts.append(f"{table.at[monitoring.RULES, 'percent']:.1f}% of the checks of the data failed")
    if monitoring.DRIFTED in table.index:
        n, of = (int(table.at[monitoring.DRIFTED, name]) for name in ("n", "denominator"))
        parts.append(f"{n} of {of} variables rang an alarm")
    if monitoring.USERS in table.index:
        n, of = (int(table.at[monitoring.USERS, name]) for name in ("n", "denominator"))
        parts.append(f"{n} of {of} users used it")
    return "; ".join(parts) or "Only challenges could be counted in this period"


def retraining(table: pd.DataFrame) -> str:
    """Whether the rule asks for retraining."""
    if (table["met"] == "yes").any():
        return f"Retrain: {'; '.join(table.index[table['met'] == 'yes'])}"
    if (table["met"] == "no").all():
        return "Neither sign that the tool needs retraining is there"
    return "Whether the tool needs retraining cannot be judged yet; that is not the same as no need"


def usage(table: pd.DataFrame) -> str:
    """How many of those who may use it did, in the latest period."""
    if table.empty:
        return "Nobody has recorded how much the tool is used: workbook/09_deployment_and_monitoring/usage.csv"
    row = table.iloc[-1]
    return (
        f"In the period to {table.index[-1]}, {int(row['n'])} of {int(row['denominator'])} users used the tool, "
        f"{int(row['times_used']):,} times"
    )


def data_use(table: pd.DataFrame) -> str:
    """How many people opened the data in the last month that the access log knows."""
    if table.empty:
        return "The access log holds no reading of data before this run's day"
    row = table.iloc[-1]
    people = "1 person" if row["people"] == 1 else f"{row['people']} people"
    return f"In {table.index[-1]}, {people} opened the data on {_number(int(row['days']), 'day')}"


def calendar(table: pd.DataFrame) -> str:
    """How many reviews are overdue, and when the next is due."""
    from evidence.project import long_date

    if table.empty:
        return "No review is planned yet: workbook/09_deployment_and_monitoring/reviews.csv"
    late = table[table["stands"].str.startswith("overdue")]
    coming = table[table["stands"].isin(["planned", "due within 30 days"])]
    said = f"{_number(len(late), 'review')} overdue" if len(late) else "No review is overdue"
    return (
        f"{said}; the next is due on {long_date(coming['due'].iloc[0].date())}"
        if len(coming)
        else f"{said}; no other is planned"
    )


def rollout(table: pd.DataFrame) -> str:
    """How far the roll-out has come."""
    if table.empty:
        return "No roll-out is planned yet: workbook/07_testing/rollout.csv"
    parts = [
        f"{count} {'is running' if stands == 'running' and count == 1 else stands}"
        for stands in ("ended", "running", "stopped", "waits for a decision", "planned")
        if (count := int((table["stands"] == stands).sum()))
    ]
    return f"Of {_number(len(table), 'phase')} of the roll-out: {', '.join(parts)}"


def evaluation(table: pd.DataFrame, missing: Sequence[str]) -> str:
    """What the live evaluation found so far, and what it does not look at yet."""
    said = outcomes(table, "workbook/09_deployment_and_monitoring/evaluation.csv")
    return f"{said}; nothing yet on {', '.join(missing)}" if missing and len(table) else said


def triggers(table: pd.DataFrame) -> str:
    """Which triggers are met, and how many cannot be judged."""
    met = list(table.index[table["met"] == "met"])
    unknown = int(table["met"].isin(["not known", NOT_ESTIMABLE]).sum())
    said = f"Speaks for retiring it: {'; '.join(met)}" if met else "Nothing known speaks for retiring the tool"
    return f"{said}; {unknown} of {len(table)} triggers cannot be judged yet" if unknown else said


def dependencies(table: pd.DataFrame) -> str:
    """How many things rest on the tool, and whether each has something in its place."""
    if table.empty:
        return "Nothing that depends on the tool is recorded yet: workbook/10_retirement/dependencies.csv"
    open_ends = int((table["instead"] == "").sum())
    said = f"{_number(len(table), 'thing')} would notice if the tool stopped"
    return (
        f"{said}; {open_ends} without anything in its place"
        if open_ends
        else f"{said}; each has something in its place"
    )


def schedule(table: pd.DataFrame, what: str, where: str) -> str:
    """How many lines of a dated plan are overdue, and when the next falls due."""
    from evidence.project import long_date

    if table.empty:
        return f"No {what} is planned yet: {where}"
    late = int((table["stands"] == "overdue").sum())
    coming = table[table["stands"].isin(["planned", "running"])]
    said = f"{late} of {len(table)} steps overdue" if late else "Nothing is overdue"
    return f"{said}; the next is due by {long_date(coming['due'].iloc[0].date())}" if len(coming) else said


def checklist(table: pd.DataFrame) -> str:
    """How much of what an independent evaluator needs is there."""
    met = int((table["state"] == "met").sum())
    return f"{met} of {len(table)} things that an independent evaluator needs are there"
