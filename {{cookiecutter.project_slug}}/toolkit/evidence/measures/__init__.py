"""Figures and how sure they are: pure functions on frames that know nothing of notebooks or packs.

Tables have columns n, denominator (whole numbers), percent, low, high (0 to 100, 95% interval) and reliability
(`usable`, `few cases`, `not estimable`: then the numbers are missing). Tables over several characteristics have the
index (characteristic, group).

What the notebooks call, `tool` being the team's module, `frame` what its `prepare` gave and `output` what its `run`
gave:

| stage | call |
|---|---|
| 1, 5 | baseline(tool, frame, parameters), by_period(tool, frame, by=...) |
| 5 | representation_of(tool, frame) or representation(frame, groups, reference), proxies_of(tool, frame, seed) |
| 6 | minimisation(tool, tables, parameters), deidentification_cost(tool, tables, parameters), |
|   | explanations(tool, output, parameters) |
| 7 | test_plan(tool), test_tool(tool, output, parameters), test_by_group(...), against_baseline(...), |
|   | calibration_of(...), checks(...), reconciliation_of(tool, tables, frame, parameters), |
|   | alpha_beta(...), edge_cases(path); as_rows(table) for what is recorded |
| 8 | before_after(before, after), trial_design(rate, difference) |
| 9 | performance(tool, output, parameters), drift_of(tool, frame, seed) |
| 10 | triggers(performance, drift, usage, open_challenges, targets) |

`words` turns any of these tables into a headline that names no hidden figure.
"""

from evidence.measures import placements, words
from evidence.measures.accuracy import (
    against_rule,
    calibration,
    confusion,
    disparity,
    metrics,
    metrics_by_group,
    one_measure,
    over_thresholds,
)
from evidence.measures.baselines import definition_of, differences_of_definition, need_same_definition
from evidence.measures.drifting import drift, population_stability
from evidence.measures.estimating import (
    before_after,
    by_each,
    by_year,
    estimates,
    observed_expected,
    proportions,
    rate_ratio,
    representation,
)
from evidence.measures.least_data import deidentification_cost, minimisation
from evidence.measures.links import correlation_ratio, cramers_v, proxies
from evidence.measures.of_tool import (
    against_baseline,
    alpha_beta,
    baseline,
    by_period,
    calibration_of,
    checks,
    drift_of,
    explanations,
    headline_measures,
    in_words,
    kind,
    latest_period,
    main_measure,
    observed_expected_by_group,
    performance,
    proxies_of,
    reconciliation_of,
    representation_of,
    test_by_group,
    test_plan,
    test_tool,
    tested_rows,
)
from evidence.measures.review import edge_cases, trial_design, triggers
from evidence.measures.summaries import as_rows, output_counts, trial_sizes

__all__ = [
    "against_baseline",
    "against_rule",
    "alpha_beta",
    "as_rows",
    "baseline",
    "before_after",
    "by_each",
    "by_period",
    "by_year",
    "calibration",
    "calibration_of",
    "checks",
    "confusion",
    "correlation_ratio",
    "cramers_v",
    "definition_of",
    "deidentification_cost",
    "differences_of_definition",
    "disparity",
    "drift",
    "drift_of",
    "edge_cases",
    "estimates",
    "explanations",
    "headline_measures",
    "in_words",
    "kind",
    "latest_period",
    "main_measure",
    "metrics",
    "minimisation",
    "metrics_by_group",
    "need_same_definition",
    "observed_expected",
    "observed_expected_by_group",
    "one_measure",
    "output_counts",
    "over_thresholds",
    "performance",
    "placements",
    "population_stability",
    "proportions",
    "proxies",
    "proxies_of",
    "rate_ratio",
    "reconciliation_of",
    "representation",
    "representation_of",
    "test_by_group",
    "test_plan",
    "test_tool",
    "tested_rows",
    "trial_design",
    "trial_sizes",
    "triggers",
    "words",
]
