"""Figures and how sure they are: pure functions on frames that know nothing of notebooks or packs.

Tables have columns n, denominator (whole numbers), percent, low, high (0 to 100, 95% interval) and reliability
(`usable`, `few cases`, `not estimable`: then the numbers are missing). Tables over several characteristics have the
index (characteristic, group).

What the notebooks call, `tool` being the team's module, `frame` what its `prepare` gave and `output` what its `run`
gave:

| stage | call |
|---|---|
| 1, 5 | baseline(tool, frame, parameters), by_period(tool, frame, by=...) |
| 3 | completeness(counted), year_changes(recorded), representativeness(children, population) |
| 5 | definition_of(tool, parameters), representation_of(tool, frame), disproportionality_of(tool, frame), |
|   | against_population_of(tool, frame, people), proxies_of(tool, frame, seed), |
|   | given_away_of(tool, frame, seed) |
| 6 | minimisation(tool, tables, parameters), deidentification_cost(tool, tables, parameters), |
|   | explanations(tool, output, parameters) |
| 7 | test_plan(tool), test_tool(tool, output, parameters), test_by_group(...), every_measure_by_group(tool, output), |
|   | gaps(tool, output), apart(tool, output), levels_of(...), calibration_of(...), how_calibrated_of(...), |
|   | resampled_of(...), definition_tests(tool, tables, parameters), revisions(now, earlier), against_published(...), |
|   | against_baseline(...), checks(...), reconciliation_of(tool, tables, frame, parameters), alpha_beta(...), |
|   | edge_cases(tool, path, parameters); as_rows(table) for what is recorded |
| 8 | before_after(before, after), trial_design(rate, difference) |
| 9 | performance(tool, output, parameters), drift_of(tool, frame, seed) |
| 10 | triggers(performance, drift, usage, open_challenges, targets) |

`words` turns any of these tables into a headline that names no hidden figure.
"""

from evidence.measures import comparing_words, comparisons, placements, words
from evidence.measures.accuracy import (
    against_rule,
    calibration,
    confusion,
    groups_in_sight,
    metrics,
    metrics_by_group,
    one_measure,
    over_thresholds,
    side_by_side,
)
from evidence.measures.baselines import (
    definition_of,
    differences_of_definition,
    need_same_definition,
    survey_answers,
    survey_minutes,
)
from evidence.measures.cases import edge_cases, read_cases
from evidence.measures.data_checks import completeness, representativeness, year_changes
from evidence.measures.disproportionality import is_population, population_of, read_ethnic_groups
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
from evidence.measures.group_gaps import against_the_rest, disparity
from evidence.measures.least_data import deidentification_cost, minimisation
from evidence.measures.links import correlation_ratio, cramers_v, given_away, proxies
from evidence.measures.of_tool import (
    against_baseline,
    against_population_of,
    alpha_beta,
    apart,
    baseline,
    by_period,
    calibration_of,
    checks,
    disproportionality_of,
    drift_of,
    every_measure_by_group,
    explanations,
    gaps,
    given_away_of,
    headline_measures,
    how_calibrated_of,
    in_words,
    kind,
    latest_known,
    levels_of,
    main_measure,
    observed_expected_by_group,
    performance,
    proxies_of,
    rates_by_group,
    reconciliation_of,
    representation_of,
    resampled_of,
    test_by_group,
    test_plan,
    test_tool,
    tested_rows,
    what_weighs,
)
from evidence.measures.probabilities import how_calibrated, levels
from evidence.measures.review import trial_design, triggers
from evidence.measures.stability import against_published, definition_tests, own_counts, resampled, revisions
from evidence.measures.summaries import as_rows, output_counts, trial_sizes

__all__ = [
    "against_baseline",
    "against_population_of",
    "against_published",
    "against_rule",
    "against_the_rest",
    "alpha_beta",
    "apart",
    "as_rows",
    "baseline",
    "before_after",
    "by_each",
    "by_period",
    "by_year",
    "calibration",
    "calibration_of",
    "checks",
    "comparing_words",
    "comparisons",
    "completeness",
    "confusion",
    "correlation_ratio",
    "cramers_v",
    "definition_of",
    "definition_tests",
    "deidentification_cost",
    "differences_of_definition",
    "disparity",
    "disproportionality_of",
    "drift",
    "drift_of",
    "edge_cases",
    "estimates",
    "every_measure_by_group",
    "explanations",
    "gaps",
    "given_away",
    "given_away_of",
    "groups_in_sight",
    "headline_measures",
    "how_calibrated",
    "how_calibrated_of",
    "in_words",
    "is_population",
    "kind",
    "latest_known",
    "levels",
    "levels_of",
    "main_measure",
    "metrics",
    "metrics_by_group",
    "minimisation",
    "need_same_definition",
    "observed_expected",
    "observed_expected_by_group",
    "one_measure",
    "output_counts",
    "over_thresholds",
    "own_counts",
    "performance",
    "placements",
    "population_of",
    "population_stability",
    "proportions",
    "proxies",
    "proxies_of",
    "rate_ratio",
    "rates_by_group",
    "read_cases",
    "read_ethnic_groups",
    "reconciliation_of",
    "representation",
    "representation_of",
    "representativeness",
    "resampled",
    "resampled_of",
    "revisions",
    "side_by_side",
    "survey_answers",
    "survey_minutes",
    "test_by_group",
    "test_plan",
    "test_tool",
    "tested_rows",
    "trial_design",
    "trial_sizes",
    "triggers",
    "what_weighs",
    "words",
    "year_changes",
]
