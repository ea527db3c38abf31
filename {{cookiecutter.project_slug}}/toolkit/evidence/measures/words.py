"""Sentences made from tables of measures: the headlines of pages.

A sentence never names a figure that small-number rules would hide. Each function takes the table as `measures`
gives it, applies the same protection as the page does, and speaks only of rows that stay in sight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from evidence.measures.accuracy import MEANING
from evidence.measures.estimating import ALL, FEW_BELOW, NOT_ESTIMABLE, is_known

if TYPE_CHECKING:
    from types import ModuleType

    from evidence.privacy import Rules

# A table of `representation` is protected by the numbers that the tables by group show, so that the same are hidden.
REPRESENTATION = {"counts": ["in_group"], "parts": {"n": "in_group"}, "plain": ["denominator"]}
NOTHING = "Too few children to say"
_WHO = "who is over- or under-represented"


def lowest(table: pd.DataFrame, what: str, rules: Rules | None = None) -> str:
    """`Recall is lowest for ethnic group Mixed, 31% (12% to 58%), of 14 children`, from the rows that may be shown."""
    return _extreme(table, what, "lowest", rules)


def highest(table: pd.DataFrame, what: str, rules: Rules | None = None) -> str:
    """The same for the highest row."""
    return _extreme(table, what, "highest", rules)


def worst(table: pd.DataFrame, what: str, measure: str, rules: Rules | None = None) -> str:
    """The group that a reader should look at first: with the lowest recall, or the highest share with the outcome."""
    return _extreme(table, what, "lowest" if measure == "recall" else "highest", rules)


def _extreme(table: pd.DataFrame, what: str, which: str, rules: Rules | None) -> str:
    rows = shown(table, rules)
    rows, table = rows[is_known(rows.index)], table[is_known(table.index)]
    if rows.empty:
        return f"{NOTHING} how {_small(what)} differs between groups"
    if len(rows) == 1:
        return _one(rows, rows.index[0], what)
    values = rows["percent"].astype(float)
    if values.max() == values.min():
        return f"{_large(what)} is the same in every group that can be shown, {_percent(values.iloc[0])}"
    name = values.idxmin() if which == "lowest" else values.idxmax()
    row = rows.loc[name]
    # Where some groups are hidden or too small, the sentence speaks of the others and says so.
    whose = f"{_large(what)} is" if len(rows) == len(table) else f"Of the groups that can be shown, {_small(what)} is"
    text = f"{whose} {which} for {group_words(name)}, {_percent(row['percent'])} ({_interval(row)})"
    return f"{text}, of {_children(row)}" + (": too few to be sure" if row["denominator"] < FEW_BELOW else "")


def overall(table: pd.DataFrame, row: object, what: str, rules: Rules | None = None) -> str:
    """One row in words: `Recall: 54% (46% to 62%), of 143 children`."""
    rows = shown(table, rules)
    if row not in rows.index:
        return f"{NOTHING} what {_small(what)} is"
    return _one(rows, row, what)


def _one(rows: pd.DataFrame, row: object, what: str) -> str:
    found = rows.loc[row]
    return f"{_large(what)}: {_percent(found['percent'])} ({_interval(found)}), of {_children(found)}"


def trend(table: pd.DataFrame, what: str, rules: Rules | None = None) -> str:
    """From the first period to the last: `rose from 11% to 14%`, or that the change may be chance."""
    rows = shown(table, rules)
    if len(rows) < 2 or len(rows) < len(table):
        return (
            f"{NOTHING} how {_small(what)} changes"
            if len(rows) < 2
            else f"{_large(what)}: not every period can be shown"
        )
    first, last = rows.iloc[0], rows.iloc[-1]
    words = f"from {_percent(first['percent'])} ({rows.index[0]}) to {_percent(last['percent'])} ({rows.index[-1]})"
    if first["low"] <= last["percent"] <= first["high"] or last["low"] <= first["percent"] <= last["high"]:
        return f"{_large(what)} went {words}, which may be chance"
    return f"{_large(what)} {'rose' if last['percent'] > first['percent'] else 'fell'} {words}"


def base_rate(metrics: pd.DataFrame, rules: Rules | None = None) -> str:
    """What the flags mean in numbers of children: `Of 100 children flagged, about 26 ...`, from `metrics`."""
    rows = shown(metrics, rules)
    parts = []
    if "precision" in rows.index:
        number = rows.at["precision", "percent"]
        parts.append(
            f"Of 100 children flagged, about {number:.0f} had the outcome and about {100 - round(number)} did not."
        )
    if "recall" in rows.index:
        number = rows.at["recall", "percent"]
        parts.append(
            f"Of 100 children who had the outcome, about {number:.0f} were flagged "
            f"and about {100 - round(number)} were missed."
        )
    if "outcome" in rows.index:
        parts.append(
            f"Of 100 children drawn without the tool, about {rows.at['outcome', 'percent']:.0f} would have had it."
        )
    return " ".join(parts) or f"{NOTHING} what a flag means."


def base_rate_of(tool: ModuleType, metrics: pd.DataFrame, rules: Rules | None = None) -> str:
    """`base_rate` of a tool that flags; for the others, that they flag nobody."""
    if tool.SCORE is None:
        return "This tool flags nobody: what is tested is the figure itself, for all children and for each group."
    return base_rate(metrics, rules)


def meaning(measure: str) -> str:
    """What an accuracy measure counts, in words."""
    return MEANING.get(measure, measure)


def strongest_proxy(table: pd.DataFrame) -> str:
    """Which variable is most closely linked with which protected characteristic, and how many links are strong."""
    known = table.dropna(subset="strength")
    if known.empty:
        return f"{NOTHING} which variables stand in for protected characteristics"
    if (known["link"] == "within chance").all():
        return f"None of the {len(known)} pairs of variable and characteristic is linked by more than chance explains"
    (protected, variable), row = known["strength"].idxmax(), known.loc[known["strength"].idxmax()]
    words = f"{_large(variable)} is the variable most closely linked with {protected}"
    return f"{words}: a {row['link']} link, {row['strength']:.2f} ({row['low']:.2f} to {row['high']:.2f}) of 1"


def given_away(table: pd.DataFrame) -> str:
    """Which group all variables together tell apart best, and how many beyond chance."""
    rows = table.dropna(subset="percent")
    if rows.empty:
        return f"{NOTHING} what all variables together give away"
    beyond, named = rows[rows["low"] > 50], rows[is_known(rows.index)]
    if beyond.empty or named.empty:
        return "All variables together tell no protected group apart better than a toss of a coin"
    best = named["percent"].idxmax()
    words = f"All variables together tell {group_words(best)} from other children in {_pairs(rows.loc[best])}"
    return f"{words}; {len(beyond)} of {len(rows)} groups can be told apart beyond chance"


def told_apart(table: pd.DataFrame) -> pd.DataFrame:
    """`given_away` as it is shown: index (characteristic, group); texts pairs_told_apart, beyond_chance, reliability.

    Without numbers of children: those of each group stand in the tables of the outcome, where some are hidden, and
    hiding others here would give them away.
    """
    known = table["percent"].notna()
    return pd.DataFrame(
        {
            "pairs_told_apart": [
                _pairs(row) if here else NOT_ESTIMABLE for here, (_, row) in zip(known, table.iterrows(), strict=True)
            ],
            "beyond_chance": (table["low"] > 50).map({True: "yes", False: "no"}).where(known, NOT_ESTIMABLE),
            "reliability": table["reliability"],
        }
    )


def _pairs(row: pd.Series) -> str:
    return f"{row['percent']:.0f} of 100 pairs ({row['low']:.0f} to {row['high']:.0f})"


HOW_DRIFT_READS = (
    "PSI is the population stability index: 0 where nothing has changed. An alarm rings above what chance alone "
    "reaches, which depends on the number of children and so is worked out anew each time."
)


def drift(table: pd.DataFrame) -> str:
    """Which variables drifted, and how often such an alarm is false."""
    if table.empty or (table["alarm"] == NOT_ESTIMABLE).all():
        return "One period alone shows no drift"
    ringing, rate = list(table.index[table["alarm"] == "yes"]), table["false_alarm_percent"].iloc[0]
    false = f"without any drift an alarm rings in at most {rate:.0f} of 100 periods"
    return f"Drift in {_listed(ringing)}; {false}" if ringing else f"No drift beyond chance; {false}"


def against_baseline(table: pd.DataFrame) -> str:
    """On which measures the tool is better than today's way, and on which worse; for years, which groups changed."""
    if "better" in table:
        better, worse = (list(table.index[table["better"] == who]) for who in ("tool", "today"))
        parts = [f"Better than today's rule on {_listed(better)}"] if better else []
        parts += (
            [f"{'worse' if better else 'Worse than today' + chr(8217) + 's rule'} on {_listed(worse)}"] if worse else []
        )
        return "; ".join(parts) or "No clear difference from today's rule"
    known = table[table["difference"].notna()].drop(index=[("All", ALL)], errors="ignore")
    if known.empty:
        return "There is no earlier year to compare with"
    sure = int(((known["low"] > 0) | (known["high"] < 0)).sum())
    return f"{sure} of {len(known)} groups that can be compared changed by more than chance since the year before"


def shown(table: pd.DataFrame, rules: Rules | None = None) -> pd.DataFrame:
    """The rows of a table of estimates that may be named: nothing is hidden in them, and the percentage is estimable.

    Takes a table before or after protection; columns n, denominator, percent, low, high.
    """
    from evidence.privacy import Rules, protect

    safe = protect(table, counts=["denominator"], parts={"n": "denominator"}, rules=rules or Rules()).table
    numbers = safe[["n", "denominator", "percent", "low", "high"]].apply(pd.to_numeric, errors="coerce")
    return numbers.dropna()


def rests_on(row: pd.Series) -> str:
    """What a percentage rests on, from a row of estimates: `25 of 89 children; interval 20% to 38%`."""
    said = f"{int(row['n']):,} of {_children(row)}; interval {row['low']:.1f}% to {row['high']:.1f}%"
    return f"{said}; too few to be sure" if row["denominator"] < FEW_BELOW else said


def estimate_of(row: pd.Series) -> dict[str, object]:
    """The same as numbers, rounded as the words are: n, denominator, low and high (per cent), few."""
    low, high = (round(float(row[end]), 1) for end in ("low", "high"))
    n, denominator = int(row["n"]), int(row["denominator"])
    return {"n": n, "denominator": denominator, "low": low, "high": high, "few": denominator < FEW_BELOW}


def group_words(name: object) -> str:
    """The label of a row in words: `ethnic group Mixed`."""
    return " ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)


def definition(parameters: Mapping[str, object]) -> str:
    """How placements are counted, with this run's threshold."""
    from evidence.measures import placements

    return placements.definition(parameters)


def _children(row: pd.Series) -> str:
    number = int(row["denominator"])
    return "1 child" if number == 1 else f"{number:,} children"


def _interval(row: pd.Series) -> str:
    return f"{_percent(row['low'])} to {_percent(row['high'])}"


def _percent(value: float) -> str:
    return f"{value:.0f}%"


def _large(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def representation(table: pd.DataFrame, rules: Rules | None = None) -> str:
    """Which groups have more or fewer children than their share, beyond chance, among the rows that may be named."""
    from evidence.privacy import Rules, protect

    if table.empty:
        return f"There is nothing to compare with, so nothing can be said of {_WHO}"
    safe = protect(table, rules=rules or Rules(), **REPRESENTATION).table
    rows = table[pd.to_numeric(safe["ratio"], errors="coerce").notna()]
    over = [group_words(name) for name in rows.index[rows["ratio_low"] > 1]]
    under = [group_words(name) for name in rows.index[rows["ratio_high"] < 1]]
    if rows.empty:
        return f"{NOTHING} {_WHO}"
    if not over and not under:
        return "No group is over- or under-represented by more than chance explains"
    parts = [f"Over-represented: {_listed(over)}"] if over else []
    return "; ".join(parts + ([f"{'u' if over else 'U'}nder-represented: {_listed(under)}"] if under else []))


def output_counts(table: pd.DataFrame) -> str:
    """What the table of outputs holds."""
    return f"How many children the tool gave each output, {_listed([str(one) for one in table.columns])}"


def minimisation(table: pd.DataFrame) -> str:
    """How many of the variables held are loaded, and how many of those the tool uses."""
    loaded, used, spare = table["loaded"] == "yes", table["used"] == "yes", table["used"] == "no"
    words = f"The tool uses {int(used.sum())} of the {int(loaded.sum())} loaded variables"
    return f"{words}; {int(spare.sum())} could be left out" if spare.any() else words


def left_out(table: pd.DataFrame) -> str:
    """Which loaded variables could be left out, table by table, and how; and which are read without effect."""
    spare, idle = (_by_table(table[table["used"] == used]) for used in ("no", "read, but makes no difference"))
    parts = []
    if spare:
        parts.append(
            f"Could be left out: {spare}. Where only the audit needs one, write 3 under needed_by in "
            "reference/catalogue.csv; where nobody does, write drop as its treatment."
        )
    if idle:
        parts.append(f"Read by the tool, and in this data without effect: {idle}.")
    return " ".join(parts)


def _by_table(rows: pd.DataFrame) -> str:
    rows = rows.reset_index()
    return "; ".join(f"{name}: {', '.join(part['column'])}" for name, part in rows.groupby("table", sort=False))


def recognised(risk: pd.DataFrame) -> pd.DataFrame:
    """`reidentification_risk` as it is shown: index figure; what is not a number of children stands as text."""
    table = risk.set_index("measure").rename_axis("figure")
    about_children = table.index.str.startswith("in groups under") | (table.index == "unique records")
    table["value"] = table["value"].map("{:g}".format).mask(about_children, "")
    return table


def coarser_data(table: pd.DataFrame, rules: Rules | None = None) -> pd.DataFrame:
    """`deidentification_cost` as it is shown: index step; k, unique, in_small_groups, children, and the rest as text.

    The tool's figure and its change are written out with their intervals, or `c` where the numbers they rest on are
    too small to show.
    """
    seen = shown(table, rules).index
    rows = table[["k", "unique", "in_small_groups", "children"]].copy()
    rows["figure"] = [
        f"{_percent(row['percent'])} ({_interval(row)}) of {_children(row)}" if name in seen else "c"
        for name, row in table.iterrows()
    ]
    rows["change"] = [_changed(row) if name in seen else "c" for name, row in table.iterrows()]
    rows["chance"] = table["chance"].where(table.index.isin(seen), "c")
    rows["same_output"] = [f"{value:.0f}%" for value in table["same_output"]]
    return rows


def _changed(row: pd.Series) -> str:
    if row["chance"] == "no change":
        return "none"
    return f"{row['change']:+.1f} ({row['change_low']:+.1f} to {row['change_high']:+.1f})".replace("-", "\u2212")


def cost(table: pd.DataFrame, fewest_alike: int = 5) -> str:
    """Which step makes children alike enough, or comes nearest, at least cost to the tool."""
    if table["k"].iloc[0] >= fewest_alike:
        return f"Every child has at least {fewest_alike} alike in the data as it is loaded"
    order = {"no change": 0, "within chance": 1, "beyond chance": 2, "not estimable": 3}
    steps = table.iloc[1:].assign(order=lambda rows: rows["chance"].map(order), size=lambda rows: rows["change"].abs())
    if steps.empty:
        return "Nothing in the data can be made coarser by itself"
    enough = steps[steps["k"] >= fewest_alike].sort_values(["order", "size"], kind="stable")
    if len(enough):
        step = enough.iloc[0]
        return f"Enough for every child to have {fewest_alike} alike: {step.name}; the main figure: {_moved(step)}"
    step = steps.sort_values(["in_small_groups", "order"], kind="stable").iloc[0]
    left = 100 * step["in_small_groups"] / step["children"]
    share = "under 1%" if left < 1 else f"{left:.0f}%"
    return (
        f"No step gives every child {fewest_alike} alike. Nearest comes: {step.name}, which leaves {share} of children "
        f"in smaller groups; the main figure: {_moved(step)}"
    )


def _moved(step: pd.Series) -> str:
    return step["chance"] if step["chance"] != "beyond chance" else "changes beyond chance"


def checks(table: pd.DataFrame) -> str:
    """Whether every check held, and which did not."""
    failed = list(table.index[table["held"] != "yes"])
    return f"Did not hold: {_listed(failed)}" if failed else f"All {len(table)} checks held"


def year_to_year(table: pd.DataFrame) -> str:
    """On how many measures the latest year differs from the one before by more than chance."""
    known = table["difference"].notna()
    if not known.any():
        return "There is no earlier year to compare with"
    sure = int(((table["low"] > 0) | (table["high"] < 0)).sum())
    return f"{sure} of {int(known.sum())} measures differ from the year before by more than chance explains"


def trial_sizes(table: pd.DataFrame) -> str:
    """How many children would show the middle size of change."""
    if table.empty:
        return "Today's share is not estimable, so the size of a trial cannot be worked out"
    row, name = table.iloc[len(table) // 2], table.index[len(table) // 2]
    needed, there = int(row["in_all"]), int(row["children_now"])
    return f"A trial would need {needed:,} children in all to show {name}; there are {there:,} now"


def performance(table: pd.DataFrame, rules: Rules | None = None) -> str:
    """How many periods can be judged, and the latest figure of the first measure."""
    rows = shown(table, rules)
    if rows.empty:
        return f"{NOTHING} how the tool did"
    period, measure = rows.index[-1][0], table.index[0][1]
    latest = rows[[name == (period, measure) for name in rows.index]]
    count = len({name[0] for name in rows.index})
    said = f"{count} {'year' if count == 1 else 'years'} can be judged"
    if latest.empty:
        return said
    row = latest.iloc[0]
    return f"{said}; in {period}, {_small(measure)} was {_percent(row['percent'])} ({_interval(row)})"


def reidentification(table: pd.DataFrame) -> str:
    """How small the smallest group of children who look alike is, and what that means."""
    if table.empty:
        return f"{NOTHING} whether a child could be recognised"
    smallest = int(table.loc[table["measure"] == "k-anonymity", "value"].iloc[0])
    if smallest == 1:
        return "Some children are the only one of their kind in the data: it must not be passed on as it is"
    return f"The smallest group of children who look alike has {smallest}"


def calibration(table: pd.DataFrame, rules: Rules | None = None) -> str:
    """How far predicted and observed shares lie apart at most, among the bands that may be named."""
    if table.empty:
        return "This tool gives no probabilities, so there is nothing to compare with what happened"
    rows = shown(table, rules)
    if rows.empty:
        return f"{NOTHING} whether the probabilities are right"
    gap = (rows["percent"] - table.loc[rows.index, "predicted"]).abs()
    return f"Where it can be judged, predicted and actual shares lie {gap.max():.0f} percentage points apart at most"


def levels(table: pd.DataFrame) -> str:
    """What a lower and a higher level of flags would do, among the levels that may be shown."""
    if table.empty:
        return "This tool flags nobody, so there is no level of flags to choose"
    agreed = table[table["agreed"] == "yes"]
    if agreed.empty or agreed["precision"].isna().any() or agreed["recall"].isna().any():
        return f"{NOTHING} what the agreed level does; other levels are shown"
    here = agreed.iloc[0]
    said = (
        f"At the agreed level of {agreed.index[0]} the tool finds {_percent(here['recall'])} of those with the outcome"
    )
    return f"{said}, and {_percent(here['precision'])} of its flags are right; a lower level finds more and errs more"


def gaps(table: pd.DataFrame) -> str:
    """Between which groups the gap is beyond chance, or that none is."""
    if table.empty:
        return f"{NOTHING} how far apart the groups are"
    sure = table[table["beyond_chance"] == "yes"]
    if sure.empty:
        return "No gap between groups is wider than chance explains; with so few children, wide ones may go unseen"
    (characteristic, measure), row = sure["gap"].idxmax(), sure.loc[sure["gap"].idxmax()]
    said = f"{_large(measure)} differs by {row['gap']:.0f} percentage points ({row['low']:.0f} to {row['high']:.0f})"
    return f"{said} between {row['lowest']} and {row['highest']} ({characteristic}), beyond chance"


def group_not_known(table: pd.DataFrame, rules: Rules | None = None) -> str:
    """How many children a comparison of groups leaves out, from the table by group; hidden as the table hides them."""
    from evidence.privacy import Rules, protect

    safe = protect(table, counts=["denominator"], parts={"n": "denominator"}, rules=rules or Rules()).table
    rows = safe[~is_known(safe.index) & (table["denominator"] > 0).to_numpy()]
    parts = [f"{name[0]} {row['denominator']}" for name, row in rows.iterrows()]
    return f"Of the children counted by group, left out because theirs is not known: {_listed(parts)}." if parts else ""


def apart(table: pd.DataFrame, what: str, rules: Rules | None = None) -> str:
    """Which groups differ from all other children by more than chance, among those that may be named."""
    rows = table.loc[shown(table, rules).index]
    sure = rows[(rows["difference_low"] > 0) | (rows["difference_high"] < 0)]
    if rows.empty:
        return f"{NOTHING} which groups differ from the others"
    if sure.empty:
        return f"In no group that can be shown does {_small(what)} differ from all other children beyond chance"
    higher = [group_words(name) for name in sure.index[sure["difference"] > 0]]
    lower = [group_words(name) for name in sure.index[sure["difference"] < 0]]
    parts = [f"higher for {_listed(higher)}"] if higher else []
    return f"{_large(what)} is {', '.join(parts + ([f'lower for {_listed(lower)}'] if lower else []))}, beyond chance"


def how_calibrated(table: pd.DataFrame) -> str:
    """Whether the probabilities as a whole are right, too far apart or too close together."""
    from evidence.measures.probabilities import CALIBRATION_ERROR, CALIBRATION_ERROR_BY_CHANCE, SLOPE

    if table.empty:
        return "This tool gives no probabilities"
    if table["value"].isna().all():
        return f"{NOTHING} whether the probabilities are right"
    error, chance, slope = table.loc[CALIBRATION_ERROR], table.loc[CALIBRATION_ERROR_BY_CHANCE], table.loc[SLOPE]
    right = error["value"] <= chance["high"] and not (slope["high"] < 1 or slope["low"] > 1)
    said = f"On average the probabilities are {error['value']:.1f} percentage points from what happened"
    return f"{said}, {'as chance alone would have it' if right else 'more than chance explains'}"


def edge_cases(table: pd.DataFrame) -> str:
    """How many of the cases the tool gets right, and which not."""
    from evidence.measures.cases import NOT_RUN

    if (table["ok"] == NOT_RUN).all():
        return "These cases have not been run: the tool does not say how they are answered"
    failed = list(table.index[table["ok"] != "yes"])
    return f"Wrong: {_listed(failed)}" if failed else f"The tool gets all {len(table)} cases right"


def resampled(table: pd.DataFrame, what: str, rules: Rules | None = None) -> str:
    """How far the figure would move with other children, and whether the highest group would stay the highest."""
    rows = table.loc[shown(table, rules).index]
    if ("All", ALL) not in rows.index:
        return f"{NOTHING} how stable the figure is" if len(table) else "This tool is tested on its flags instead"
    row = rows.loc[("All", ALL)]
    said = (
        f"With other children {_small(what)} could lie anywhere from {_percent(row['low'])} to {_percent(row['high'])}"
    )
    firm = rows[(rows["highest_in"] >= 95) & is_known(rows.index)]
    return f"{said}; {group_words(firm.index[0])} stays the highest" if len(firm) else said


def definitions(table: pd.DataFrame) -> str:
    """How far other definitions move the figure at most, among those that may be shown."""
    if table.empty:
        return "The tool names no other way in which its outcome could be counted"
    moved = pd.to_numeric(table["difference"].iloc[1:], errors="coerce").abs()
    if moved.isna().all():
        return f"{NOTHING} what other definitions would change"
    said = f"by {moved.max():.1f} percentage points at most ({moved.idxmax()})"
    among = ", among the ways that can be shown" if moved.isna().any() else ""
    return f"Counted another way, the figure would move {said}{among}"


def revisions(table: pd.DataFrame) -> str:
    """In how many periods the earlier extract said something else."""
    if table.empty:
        return "No period is in both extracts"
    changed = int((table["said"] != "unchanged").sum())
    return f"{changed} of {len(table)} periods have changed since the earlier extract"


def against_published(table: pd.DataFrame) -> str:
    """In how many years the own count is the published one."""
    compared = table[table["agrees"].isin(["yes", "within rounding", "no"])]
    if compared.empty:
        return "No year has a published count to compare with"
    same = int((compared["agrees"] != "no").sum())
    return f"In {same} of {len(compared)} years the own count is the published one"


def disproportionality(table: pd.DataFrame, rules: Rules | None = None) -> str:
    """The group furthest above those it is compared with, beyond chance, among those that may be named."""
    rows = table.loc[shown(table, rules).index]
    sure = rows[(rows["ratio_low"] > 1) & is_known(rows.index)]
    if rows.empty:
        return f"{NOTHING} which groups have the outcome more often"
    if sure.empty:
        return "No group has the outcome more often than those it is compared with, beyond chance"
    return _times(sure.loc[sure["ratio"].idxmax()], sure["ratio"].idxmax(), "has the outcome")


def against_population(table: pd.DataFrame, rules: Rules | None = None) -> str:
    """The group furthest above its share of the population, beyond chance, among those that may be named."""
    from evidence.measures.disproportionality import PROTECTION
    from evidence.privacy import Rules, protect

    safe = protect(table, rules=rules or Rules(), **PROTECTION).table
    rows = table[pd.to_numeric(safe["ratio"], errors="coerce").notna()]
    sure = rows[(rows["ratio_low"] > 1) & is_known(rows.index)]
    if rows.empty:
        return f"{NOTHING} who is there more often than in the population"
    if sure.empty:
        return "No group is in the data more often than those it is compared with, beyond chance"
    return _times(sure.loc[sure["ratio"].idxmax()], sure["ratio"].idxmax(), "is in the data")


def _times(row: pd.Series, name: object, verb: str) -> str:
    ends = f"{row['ratio_low']:.1f} to {row['ratio_high']:.1f}"
    return f"{_large(group_words(name))} {verb} {row['ratio']:.1f} times as often ({ends}) as {row['compared_with']}"


def security(table: pd.DataFrame) -> str:
    """Which checks failed, and which could not be made."""
    failed, unmade = (list(table.index[table["result"] == one]) for one in ("fail", "not checked"))
    said = f"Did not hold: {_listed(failed)}" if failed else "No check by machine found a fault"
    return f"{said}; not checked: {_listed(unmade)}" if unmade else said


def baseline_survey(minutes: pd.DataFrame) -> str:
    """How long a decision takes today, of how many people who were asked."""
    row = minutes.loc["everyone"]
    people = "1 person says" if row["people"] == 1 else f"{int(row['people'])} people say"
    if pd.isna(row["mean"]):
        return f"{people} how long a decision takes: too few for a figure"
    return f"A decision takes {row['mean']:.0f} minutes ({row['low']:.0f} to {row['high']:.0f}), {people}"


def baseline_answers(answers: pd.DataFrame) -> str:
    """How decisions are made most often today, and how many are confident in them."""
    how = answers.xs("how the decision is made", level="question")
    sure = answers.loc["is confident in the decision"].iloc[0]
    if how["percent"].isna().all() or pd.isna(sure["percent"]):
        return "How decisions are made today: too few people were asked for a figure"
    first = how["percent"].idxmax()
    return (
        f"Today decisions are made most often by {first} ({how.at[first, 'percent']:.0f}% of "
        f"{int(sure['denominator'])} people asked); {sure['percent']:.0f}% are confident in them"
    )


def minutes_before_after(table: pd.DataFrame) -> str:
    """How much longer or shorter a decision takes than before the tool, and whether chance could explain it."""
    row = table.iloc[0]
    people = f"{int(row['people_before'])} people asked before the tool and {int(row['people'])} since"
    if pd.isna(row["difference"]):
        return f"Too few of the {people} to compare how long a decision takes"
    sure = "more than chance explains" if row["low"] > 0 or row["high"] < 0 else "which may be chance"
    return (
        f"A decision took {row['mean_before']:.0f} minutes before the tool and takes {row['mean']:.0f} since: a change "
        f"of {row['difference']:+.0f} ({row['low']:+.0f} to {row['high']:+.0f}), {sure}; {people}"
    )


def answers_before_after(table: pd.DataFrame) -> str:
    """Which answers those who decide give more often, or less often, than before the tool."""
    judged = table[table["difference"].notna()]
    if judged.empty:
        return "Too few people were asked to compare how decisions are made"
    moved = judged[(judged["low"] > 0) | (judged["high"] < 0)]
    if moved.empty:
        return "No answer about how decisions are made has changed by more than chance"
    said = [
        f"{question}: {answer} ({row['percent_before']:.0f}% before, {row['percent']:.0f}% since)"
        for (question, answer), row in moved.iterrows()
    ]
    more = f"; and {len(said) - 2} more" if len(said) > 2 else ""
    return f"Changed by more than chance: {'; '.join(said[:2])}{more}"


def software_practice(table: pd.DataFrame) -> str:
    """What of good practice is shown, and what is still needed."""
    missing = list(table.index[table["shown"] != "yes"])
    return f"Still to be shown: {_listed(missing)}" if missing else f"All {len(table)} practices are shown"


def verdicts(table: pd.DataFrame) -> str:
    """How many agreed thresholds the evidence lets pass and fail, and for how many it is not enough."""
    if table.empty:
        return "No agreed threshold can be held against a figure that may be shown"
    counts = table["verdict"].value_counts()
    said = [f"{counts[name]} {name}" for name in ("pass", "fail") if name in counts]
    unsure = int(counts.get("insufficient evidence", 0))
    said += [f"for {unsure} the interval holds the threshold, so there is not enough evidence"] if unsure else []
    return f"Of {len(table)} figures held against a threshold, {', '.join(said)}"
