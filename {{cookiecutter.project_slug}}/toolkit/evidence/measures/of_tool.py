"""The measures of a whole tool: one call a page, the same for descriptive, diagnostic and predictive tools.

A tool is the module with prepare, run and explain. It says what it is by its constants: SCORE names a column of
probabilities in a predictive tool and is None in the others; OUTPUT is `expected` (a probability) in a diagnostic
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.measures import (
    accuracy,
    disproportionality,
    drifting,
    estimating,
    group_gaps,
    links,
    probabilities,
    protected,
    stability,
)
from evidence.measures.estimating import ALL, by_each, proportions, truth
from evidence.project import EvidenceError

if TYPE_CHECKING:
    from evidence.privacy import Rules

OBSERVED_TO_EXPECTED = "observed to expected"
WITH_OUTCOME = "with the outcome"
ONE_HALF, OTHER_HALF = "one half of the children, drawn at random", "the other half"


def kind(tool: ModuleType) -> str:
    """`predictive`, `diagnostic` or `descriptive`, told by what the tool puts out."""
    if tool.SCORE is not None:
        return "predictive"
    return "diagnostic" if tool.OUTPUT == "expected" else "descriptive"


def main_measure(tool: ModuleType) -> str:
    """The measure that is shown by group when one has to be chosen."""
    return {"predictive": "recall", "diagnostic": OBSERVED_TO_EXPECTED, "descriptive": WITH_OUTCOME}[kind(tool)]


def headline_measures(tool: ModuleType) -> list[str]:
    """The measures that a reader of the first page should see."""
    return ["recall", "precision"] if kind(tool) == "predictive" else [WITH_OUTCOME]


def in_words(tool: ModuleType, measure: str, parameters: Mapping[str, object]) -> str:
    """A measure as a headline says it: with the tool's own `outcome_words(parameters)` where it has them."""
    said = tool.outcome_words(parameters) if hasattr(tool, "outcome_words") else "the outcome"
    return {
        WITH_OUTCOME: f"the share with {said}",
        OBSERVED_TO_EXPECTED: f"the number with {said} as a percentage of the number expected",
    }.get(measure, measure)


def tested_rows(tool: ModuleType, output: pd.DataFrame) -> pd.DataFrame:
    """The rows that a tool is judged on: outcome known and not learnt from.

    These are the rows whose column `used_for` says `testing`; without such a column, the latest period with a known
    outcome.
    """
    if "used_for" in output:
        return output[truth(output[tool.OUTCOME]).notna() & (output["used_for"] == "testing")]
    return latest_known(tool, output)


def baseline(tool: ModuleType, frame: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """How things stand today (guidance action 5.04): the outcome of all children and of each group, latest period.

    Index (characteristic, group), first row (`All`, `All children`); columns as `estimates`.
    """
    return by_each(latest_known(tool, frame), tool.OUTCOME, tool.GROUPS, overall=True)


def latest_known(tool: ModuleType, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last period whose outcome is known, so that each child is there once."""
    known, periods = truth(frame[tool.OUTCOME]).notna(), frame[tool.PERIOD]
    return frame[known & (periods == periods[known].max())]


def by_period(tool: ModuleType, frame: pd.DataFrame, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """The outcome in each period whose outcome is known, and in each group of `by`: columns as `estimates`."""
    known = frame[truth(frame[tool.OUTCOME]).notna()]
    columns = [by] if isinstance(by, str) else list(by)
    table = proportions(known, tool.OUTCOME, [*columns, tool.PERIOD])
    return _dated(table)


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    """Dates in the last level of the index as they are shown."""
    if isinstance(table.index, pd.MultiIndex):
        days = estimating.period_words(pd.Series(table.index.levels[-1]))
        table.index = table.index.set_levels(days, level=-1)
    else:
        table.index = pd.Index(estimating.period_words(pd.Series(table.index)), name=table.index.name)
    return table


def latest_period(tool: ModuleType, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last period, whether their outcome is known yet or not."""
    return frame[frame[tool.PERIOD] == frame[tool.PERIOD].max()]


def representation_of(tool: ModuleType, frame: pd.DataFrame) -> pd.DataFrame:
    """Each group's share of the children with the outcome beside its share of all children, latest period (5.09)."""
    rows = latest_known(tool, frame)
    return estimating.representation(rows[truth(rows[tool.OUTCOME]) == 1], tool.GROUPS, rows)


def characteristics(tool: ModuleType, frame: pd.DataFrame) -> list[str]:
    """What groups are compared by: the tool's GROUPS, then those of CHARACTERISTICS that only its frame has."""
    groups = list(tool.GROUPS)
    for kind in disproportionality.CHARACTERISTICS:
        there = [name for name in protected.columns_of(kind, frame) if name not in (tool.UNIT, tool.OUTPUT)]
        if there and not protected.columns_of(kind, groups):
            groups.append(there[0])
    return groups


def disproportionality_of(tool: ModuleType, frame: pd.DataFrame, rules: Rules | None = None) -> pd.DataFrame:
    """`disproportionality` within the data of the latest period whose outcome is known (5.09).

    A tool may name its own reference groups in REFERENCE, for example {"ethnic_group": "White"}.
    """
    rows, reference = latest_known(tool, frame), getattr(tool, "REFERENCE", disproportionality.REFERENCE)
    groups = characteristics(tool, frame)
    return disproportionality.disproportionality(rows, tool.OUTCOME, groups, reference, rules)


def against_population_of(
    tool: ModuleType, frame: pd.DataFrame, population: pd.DataFrame, rules: Rules | None = None
) -> pd.DataFrame:
    """`against_population` of the children of the latest period whose outcome is known (5.09)."""
    rows, reference = latest_known(tool, frame), getattr(tool, "REFERENCE", disproportionality.REFERENCE)
    return disproportionality.against_population(rows, tool.OUTCOME, population, reference, rules)


def proxies_of(
    tool: ModuleType, frame: pd.DataFrame, seed: int = 2026, tables: Mapping[str, pd.DataFrame] | None = None
) -> pd.DataFrame:
    """`proxies` for the tool's `protected_columns`, against its other columns (5.10).

    A tool may name its own in PROTECTED. tables: the loaded data, for what its catalogue calls special category data.
    The age itself is not called a stand-in for its band.
    """
    return links.proxies(latest_known(tool, frame), *_protected_and_others(tool, frame, tables), seed)


def given_away_of(
    tool: ModuleType, frame: pd.DataFrame, seed: int = 2026, tables: Mapping[str, pd.DataFrame] | None = None
) -> pd.DataFrame:
    """`given_away`: how far the tool's other columns together tell who belongs to a protected group (5.10)."""
    return links.given_away(latest_known(tool, frame), *_protected_and_others(tool, frame, tables), seed)


def _protected_and_others(
    tool: ModuleType, frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame] | None
) -> tuple[list[str], list[str]]:
    known = protected.protected_columns(tool, frame, tables)
    aside = {*known, tool.UNIT, tool.PERIOD, tool.OUTCOME, tool.OUTPUT, tool.SCORE, "used_for"}
    return known, [name for name in frame if name not in aside and not protected.is_age(name)]


def test_tool(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """The tool's results on rows with a known outcome (7.04): index measure, columns as `estimates`.

    Predictive: recall, precision, specificity, false discovery, false omission, accuracy, flagged, outcome, at the
    threshold. Descriptive: the outcome in the latest period, and in each half of the children drawn at random: a
    figure that holds in one half only is not stable. Diagnostic: besides these, observed as a percentage of
    expected.
    """
    rows = tested_rows(tool, output)
    if kind(tool) == "predictive":
        return accuracy.metrics(rows, tool.OUTCOME, tool.OUTPUT)
    drawn = np.random.default_rng(parameters["seed"]).permutation(len(rows)) % 2 == 0
    parts = {WITH_OUTCOME: rows, ONE_HALF: rows[drawn], OTHER_HALF: rows[~drawn]}
    tables = [proportions(part, tool.OUTCOME) for part in parts.values()]
    names = list(parts)
    if kind(tool) == "diagnostic":
        tables.append(_total_ratio(tool, rows))
        names.append(OBSERVED_TO_EXPECTED)
    table = pd.concat(tables)
    table.index = pd.Index(names, name="measure")
    return table


# pytest takes every function called test_* for a test of its own unless told otherwise.
test_tool.__test__ = False


def _total_ratio(tool: ModuleType, rows: pd.DataFrame) -> pd.DataFrame:
    table = estimating.observed_expected(rows.assign(_all=ALL), tool.OUTCOME, tool.OUTPUT, "_all")
    return table.drop(columns=["expected", "difference"])


def test_by_group(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """The tool's results in each group of GROUPS (7.05): index (characteristic, group, measure), as `estimates`.

    Predictive: every accuracy measure. Descriptive: the outcome. Diagnostic: observed as a percentage of expected.
    """
    rows = tested_rows(tool, output)
    if kind(tool) == "predictive":
        return accuracy.metrics_by_group(rows, tool.OUTCOME, tool.OUTPUT, tool.GROUPS)
    if kind(tool) == "descriptive":
        table = by_each(rows, tool.OUTCOME, tool.GROUPS)
    else:
        table = observed_expected_by_group(tool, output)
    return pd.concat({main_measure(tool): table}, names=["measure"]).reorder_levels(
        ["characteristic", "group", "measure"]
    )


test_by_group.__test__ = False


def every_measure_by_group(tool: ModuleType, output: pd.DataFrame, rules: Rules | None = None) -> pd.DataFrame:
    """Predictive tools: `side_by_side`, every measure of every group in words (7.05); an empty table for the others."""
    if kind(tool) != "predictive":
        return pd.DataFrame(index=pd.MultiIndex.from_tuples([], names=["characteristic", "group"]))
    rows = tested_rows(tool, output)
    table = accuracy.metrics_by_group(rows, tool.OUTCOME, tool.OUTPUT, tool.GROUPS)
    seen = accuracy.groups_in_sight(rows, tool.OUTCOME, tool.OUTPUT, tool.GROUPS, rules)
    return accuracy.side_by_side(table, seen, rules.shown_as if rules else "c")


def rates_by_group(tool: ModuleType, output: pd.DataFrame) -> pd.DataFrame:
    """The shares that groups are compared by: accuracy measures of a predictive tool, else the outcome.

    Index (characteristic, group, measure), columns as `estimates`.
    """
    rows = tested_rows(tool, output)
    if kind(tool) == "predictive":
        return accuracy.metrics_by_group(rows, tool.OUTCOME, tool.OUTPUT, tool.GROUPS)
    table = pd.concat({WITH_OUTCOME: by_each(rows, tool.OUTCOME, tool.GROUPS)}, names=["measure"])
    return table.reorder_levels(["characteristic", "group", "measure"])


def apart(tool: ModuleType, output: pd.DataFrame) -> pd.DataFrame:
    """`against_the_rest` of the measure that matters most (recall, or the outcome): index (characteristic, group)."""
    table = group_gaps.against_the_rest(rates_by_group(tool, output))
    return accuracy.one_measure(table, headline_measures(tool)[0])


def gaps(tool: ModuleType, output: pd.DataFrame, rules: Rules | None = None) -> pd.DataFrame:
    """`disparity` of every measure, from the groups that may be shown: index (characteristic, measure)."""
    table = rates_by_group(tool, output)
    if kind(tool) == "predictive":
        rows = tested_rows(tool, output)
        seen = accuracy.groups_in_sight(rows, tool.OUTCOME, tool.OUTPUT, tool.GROUPS, rules)
    else:
        from evidence.measures.words import shown

        seen = shown(accuracy.one_measure(table, WITH_OUTCOME), rules).index
    return group_gaps.disparity(table[table.index.droplevel("measure").isin(seen)])


def levels_of(
    tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object], rules: Rules | None = None
) -> pd.DataFrame:
    """Predictive tools: `levels` of the tested rows around `flag_at`; an empty table for the others."""
    if kind(tool) != "predictive":
        return pd.DataFrame(index=pd.Index([], name="level"))
    agreed = float(parameters["flag_at"])
    return probabilities.levels(tested_rows(tool, output), tool.OUTCOME, tool.SCORE, agreed, rules)


def how_calibrated_of(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """Predictive tools: `how_calibrated` of the tested rows; an empty table for the others."""
    if kind(tool) != "predictive":
        return pd.DataFrame(index=pd.Index([], name="figure"))
    rows = tested_rows(tool, output)
    return probabilities.how_calibrated(rows, tool.OUTCOME, tool.SCORE, parameters["seed"])


def resampled_of(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """Descriptive and diagnostic tools: `resampled` of the tested rows; an empty table for predictive ones."""
    if kind(tool) == "predictive":
        return estimating.estimates([], [], pd.MultiIndex.from_tuples([], names=["characteristic", "group"]))
    return stability.resampled(tested_rows(tool, output), tool.UNIT, tool.OUTCOME, tool.GROUPS, parameters["seed"])


def observed_expected_by_group(tool: ModuleType, output: pd.DataFrame) -> pd.DataFrame:
    """Diagnostic tools: `observed_expected` by each of GROUPS, latest period: index (characteristic, group).

    What was standardised for is left out of the groups: there observed and expected are equal by construction.
    """
    rows = tested_rows(tool, output)
    left_out = getattr(tool, "STANDARDISED_BY", ())
    tables = {
        column.replace("_", " "): estimating.observed_expected(rows, tool.OUTCOME, tool.OUTPUT, column).rename(
            index=str
        )
        for column in tool.GROUPS
        if column not in left_out
    }
    return pd.concat(tables, names=["characteristic", "group"])


def against_baseline(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """Is it better than today (7.02)?

    Predictive: `accuracy.against_rule` with the tool's own function `today(frame, parameters)`, the simple rule
    that practice could use now. Descriptive and diagnostic: for each group, the latest period against the one
    before: what a page that repeats last year's figure would get wrong (columns of `before_after`).
    """
    if kind(tool) == "predictive":
        rows = tested_rows(tool, output)
        if not hasattr(tool, "today"):
            raise EvidenceError(
                "the tool does not say what today's simple rule is.",
                where="the tool",
                remedy="Add a function today(frame, parameters) that flags children as practice could do now.",
            )
        rows = rows.assign(_today=tool.today(rows, parameters))
        return accuracy.against_rule(rows, tool.OUTCOME, tool.OUTPUT, "_today", seed=parameters["seed"])
    before, now = _last_two(tool, output)
    groups = tool.GROUPS
    return estimating.before_after(
        by_each(before, tool.OUTCOME, groups, True), by_each(now, tool.OUTCOME, groups, True)
    )


def _last_two(tool: ModuleType, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the last period but one and of the last; with one period, none and all."""
    periods = sorted(frame[tool.PERIOD].unique())
    if len(periods) < 2:
        return frame.iloc[:0], frame
    return frame[frame[tool.PERIOD] == periods[-2]], frame[frame[tool.PERIOD] == periods[-1]]


def calibration_of(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """Predictive tools: `accuracy.calibration` of the tested rows; an empty table for the others."""
    if kind(tool) != "predictive":
        return estimating.estimates([], [], pd.Index([], name="band")).assign(predicted=pd.Series(dtype="float64"))
    return accuracy.calibration(tested_rows(tool, output), tool.OUTCOME, tool.SCORE)


def checks(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """Does the tool behave (7.02, reliable)? Index check; columns n (rows where it holds), denominator, held (yes, no).

    Every row has an output; each child has one row a period; a second run says the same; rows in another order say
    the same.
    """
    frame = output[[column for column in output if column not in (tool.OUTPUT, tool.SCORE)]]
    again = tool.run(frame, parameters)
    turned = tool.run(frame.iloc[::-1].reset_index(drop=True), parameters)[tool.OUTPUT].iloc[::-1].to_numpy()
    key = [tool.UNIT, tool.PERIOD]
    held = {
        "every row has an output": output[tool.OUTPUT].notna(),
        "one row for each child and period": ~output.duplicated(key, keep=False),
        "a second run says the same": _same(output[tool.OUTPUT], again[tool.OUTPUT].to_numpy()),
        "the order of rows makes no difference": _same(output[tool.OUTPUT], turned),
    }
    table = pd.DataFrame({"n": {name: int(values.sum()) for name, values in held.items()}})
    table["denominator"] = len(output)
    table["held"] = np.where(table["n"] == table["denominator"], "yes", "no")
    return table.rename_axis("check")


def _same(first: pd.Series, second: np.ndarray) -> pd.Series:
    if pd.api.types.is_float_dtype(first):
        return pd.Series(np.isclose(first, second.astype(float), equal_nan=True), index=first.index)
    return (first == second) | (first.isna() & pd.isna(second))


def reconciliation_of(
    tool: ModuleType,
    tables: Mapping[str, pd.DataFrame],
    frame: pd.DataFrame,
    parameters: Mapping[str, object],
    most: int = 500,
) -> pd.DataFrame:
    """Counted twice (7.02, accurate): the tool's own `recount(tables, frame, parameters)` against the column it names.

    Index (period); columns n (children counted the same both ways), denominator (children recounted, at most `most` a
    period, drawn with the seed), percent, low, high, reliability. An empty table where the tool has no recount.
    """
    if not hasattr(tool, "recount"):
        return estimating.estimates([], [], pd.Index([], name="period"))
    rows = []
    for period, part in frame.groupby(tool.PERIOD):
        drawn = np.random.default_rng(parameters["seed"]).permutation(len(part))[:most]
        part = part.iloc[np.sort(drawn)]
        again = tool.recount(tables, part, parameters)
        rows.append((period, int((again == part["placements"]).sum()), len(part)))
    periods, same, of = zip(*rows, strict=True)
    index = pd.Index(estimating.period_words(pd.Series(periods)), name="period")
    return estimating.estimates(same, of, index)


def performance(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """The tool's results in each period whose outcome is known (9.02): index (period, measure), columns as `estimates`.

    In a predictive tool the period it learnt from looks better than the tool is; it is left out.
    """
    known = judged_rows(tool, output)
    tables = {}
    for period, rows in known.groupby(tool.PERIOD):
        tables[_day(period)] = test_tool(tool, rows.assign(used_for="testing"), parameters)
    return pd.concat(tables, names=["period"]) if tables else test_tool(tool, known, parameters)


def judged_rows(tool: ModuleType, output: pd.DataFrame) -> pd.DataFrame:
    """The rows of every period whose outcome is known, without those that a model learnt from."""
    known = output[truth(output[tool.OUTCOME]).notna()]
    return known[known["used_for"] != "training"] if "used_for" in known else known


def _day(period: object) -> str:
    return estimating.period_words(pd.Series([period]))[0]


def alpha_beta(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """The last period with a known outcome against the one before it (7.08): columns of `before_after`, index measure.

    With one such period there is nothing to compare, and every difference is missing.
    """
    before, now = _last_two(tool, judged_rows(tool, output))
    now_table = test_tool(tool, now.assign(used_for="testing"), parameters)
    old_table = test_tool(tool, before.assign(used_for="testing"), parameters) if len(before) else now_table.iloc[:0]
    keep = [name for name in now_table.index if name != OBSERVED_TO_EXPECTED]
    return estimating.before_after(old_table.reindex(keep), now_table.loc[keep])


def inputs(tool: ModuleType, frame: pd.DataFrame) -> list[str]:
    """The columns that go into the tool: all but who and when, the outcome, and what the tool says."""
    aside = {tool.UNIT, tool.PERIOD, tool.OUTCOME, tool.OUTPUT, tool.SCORE, "used_for", "change", "difference", "alike"}
    return [name for name in frame if name not in aside]


def drift_of(tool: ModuleType, frame: pd.DataFrame, seed: int = 2026) -> pd.DataFrame:
    """`drift` of what goes into the tool: the latest period against the one before (9.03)."""
    before, now = _last_two(tool, frame)
    return drifting.drift(before, now, inputs(tool, frame), seed)


def explanations(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """How the tool reaches its outputs, overall (6.07): the tool's own `weights(frame, parameters)`, largest first.

    Index factor; columns as the tool gives them. Cases are explained by `explain`, and a pack shows none of them.
    Raises EvidenceError where the tool has no such function.
    """
    if not hasattr(tool, "weights"):
        raise EvidenceError(
            "the tool does not say what weighs most overall.",
            where="the tool",
            remedy="Add a function weights(frame, parameters) that gives a table with one factor a row.",
        )
    return tool.weights(output, parameters)


def what_weighs(tool: ModuleType) -> str:
    """What the numbers of `explanations` count, in the words of the tool's own `weights`; empty where it has none."""
    return " ".join(line.strip() for line in (tool.weights.__doc__ or "").splitlines()).strip()


def test_plan(tool: ModuleType) -> pd.DataFrame:
    """What is tested, of the outputs and of how they are used (7.01): index test; columns of, why, where."""
    rows = [
        ("one row a child, nothing lost", "outputs", "a dropped child gets no support", "tests/test_tool.py"),
        ("edge cases", "outputs", "rare records are where counting goes wrong", "tests/test_edge_cases.py"),
        ("tables and columns are there", "outputs", "a changed return has to be seen", "tests/test_data_contract.py"),
        ("figures against the agreed thresholds", "outputs", "fixed first, results cannot move them", "stage 7"),
        ("figures in each group", "outputs", "a good average can hide a group it fails", "stage 7"),
        ("against today's way", "outputs", "a tool must be better than what it replaces", "stage 7"),
        ("the same figures again", "outputs", "what changes by itself cannot be checked", "tests/test_reproducible.py"),
        ("beside today's process", "use", "shows who would be treated differently", "stage 7, parallel run"),
        ("with people of all skill levels", "use", "what is not understood is misused", "stage 7, user tests"),
        ("challenging a result", "use", "people must be able to say it is wrong", "stage 6, challenge log"),
    ]  # fmt: skip
    if kind(tool) == "predictive":
        rows.insert(
            3,
            (
                "no look into the future",
                "outputs",
                "what is learnt after the event flatters the tool",
                "tests/test_tool.py",
            ),
        )
    return pd.DataFrame(rows, columns=["test", "of", "why", "where"]).set_index("test")


test_plan.__test__ = False
