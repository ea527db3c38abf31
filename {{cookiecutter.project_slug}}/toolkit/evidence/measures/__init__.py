"""Figures and how sure they are: pure functions on frames that know nothing of notebooks or packs.

Tables have columns n, denominator (whole numbers), percent, low, high (0 to 100, 95% interval) and reliability
(`usable`, `few cases`, `not estimable`: then the numbers are missing). Tables over several characteristics have the
index (characteristic, group).

What the notebooks call, `tool` being the team's module, `frame` what its `prepare` gave and `output` what its `run`
gave:

| stage | call |
|---|---|
| 1, 5 | baseline(tool, frame, parameters), by_period(tool, frame, by=...), series_of(tool, tables, parameters) |
| 3 | completeness(counted), year_changes(recorded), representativeness(children, population) |
| 5 | definition_of(tool, parameters), representation_of(tool, frame), disproportionality_of(tool, frame), |
|   | with_characteristics(frame, tables, unit), |
|   | against_population_of(tool, frame, people), proxies_of(tool, frame, seed, tables), |
|   | given_away_of(tool, frame, seed, tables) |
| 6 | minimisation(tool, tables, parameters), deidentification_cost(tool, tables, parameters), |
|   | explanations(tool, output, parameters), explanation_stability(...), case_stability(tool, frame, parameters), |
|   | challenges(lines, as_of, limit_days), challenge_list(...) |
| 7 | test_plan(tool), test_tool(tool, output, parameters), test_by_group(...), every_measure_by_group(tool, output), |
|   | gaps(tool, output), apart(tool, output), levels_of(...), calibration_of(...), how_calibrated_of(...), |
|   | resampled_of(...), definition_tests(tool, tables, parameters), revisions(now, earlier), against_published(...), |
|   | against_baseline(...), checks(...), reconciliation_of(tool, tables, frame, parameters), alpha_beta(...), |
|   | edge_cases(tool, path, parameters); as_rows(table) for what is recorded |
|   | beside_today(tool, output, decisions), parallel_run(tool, lines, beside), differently_by_group(...), |
|   | alpha_to_beta(tool, output, parameters), drift_to_beta(...), rollout(lines, as_of), survey(answers), themes(...) |
| 8 | answers_before_after(before, since), minutes_before_after(before, since), outcomes(lines), trial_plan(plans), |
|   | own_outcome(tool, frame, began), interrupted(series, began), beside_trend(series, began) |
| 9 | period_figures(tool, output, parameters), over_periods(earlier, now, period), groups_over_periods(...), |
|   | drift_of(tool, frame, seed), usage_by_period(lines, as_of), period_signs(...), |
|   | retraining(series, measure, alarms), review_calendar(lines, as_of), outcomes(lines) |
| 10 | triggers(series=..., ...), dependencies(lines), retirement_plan(lines, as_of), disposal_schedule(lines, as_of) |

`words` and `findings` turn any of these tables into a headline that names no hidden figure. `lines` are the complete
lines of a register, as `stage.entries` gives them.
"""

from evidence.measures import comparing_words, comparisons, findings, placements, words
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
from evidence.measures.agreeing import AGREEMENT, DIFFERENTLY, agreement, cohens_kappa, treated_differently
from evidence.measures.asking import survey, sus_scores, themes
from evidence.measures.baselines import (
    BEFORE,
    answers_before_after,
    asked_alike,
    definition_of,
    differences_of_definition,
    minutes_before_after,
    need_same_definition,
    survey_answers,
    survey_minutes,
)
from evidence.measures.beta import (
    alpha_to_beta,
    beside_today,
    differently_by_group,
    drift_to_beta,
    known_from,
    parallel_run,
    says_yes_or_no,
)
from evidence.measures.cases import edge_cases, read_cases
from evidence.measures.challenging import challenge_list, challenges, shares
from evidence.measures.data_checks import completeness, representativeness, year_changes
from evidence.measures.disproportionality import (
    is_population,
    not_there,
    population_of,
    read_ethnic_groups,
    with_characteristics,
)
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
from evidence.measures.monitoring import (
    alarms_by_period,
    groups_over_periods,
    missing_kinds,
    outcomes,
    over_periods,
    own_outcome,
    period_figures,
    period_signs,
    periods_of,
    retraining,
    review_calendar,
    usage_by_period,
)
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
from evidence.measures.retiring import (
    dependencies,
    dependency_sentences,
    disposal_schedule,
    first_day_of_use,
    retirement_plan,
    rollout,
)
from evidence.measures.review import triggers
from evidence.measures.series import beside_trend, interrupted, series_of
from evidence.measures.stability import against_published, definition_tests, own_counts, resampled, revisions
from evidence.measures.steadiness import case_stability, explanation_stability
from evidence.measures.summaries import as_rows, output_counts, trial_sizes
from evidence.measures.trials import plan_problems, stepped_wedge_power, trial_design, trial_plan, trial_power
from evidence.measures.verdicts import against_thresholds

__all__ = [
    "AGREEMENT",
    "BEFORE",
    "DIFFERENTLY",
    "against_baseline",
    "against_population_of",
    "against_published",
    "against_rule",
    "against_the_rest",
    "against_thresholds",
    "agreement",
    "alarms_by_period",
    "alpha_beta",
    "alpha_to_beta",
    "answers_before_after",
    "apart",
    "as_rows",
    "asked_alike",
    "baseline",
    "before_after",
    "beside_today",
    "beside_trend",
    "by_each",
    "by_period",
    "by_year",
    "calibration",
    "calibration_of",
    "case_stability",
    "challenge_list",
    "challenges",
    "checks",
    "cohens_kappa",
    "comparing_words",
    "comparisons",
    "completeness",
    "confusion",
    "correlation_ratio",
    "cramers_v",
    "definition_of",
    "definition_tests",
    "deidentification_cost",
    "dependencies",
    "dependency_sentences",
    "differences_of_definition",
    "differently_by_group",
    "disparity",
    "disposal_schedule",
    "disproportionality_of",
    "drift",
    "drift_of",
    "drift_to_beta",
    "edge_cases",
    "estimates",
    "every_measure_by_group",
    "explanation_stability",
    "explanations",
    "findings",
    "first_day_of_use",
    "gaps",
    "given_away",
    "given_away_of",
    "groups_in_sight",
    "groups_over_periods",
    "headline_measures",
    "how_calibrated",
    "how_calibrated_of",
    "in_words",
    "interrupted",
    "is_population",
    "kind",
    "known_from",
    "latest_known",
    "levels",
    "levels_of",
    "main_measure",
    "metrics",
    "metrics_by_group",
    "minimisation",
    "minutes_before_after",
    "missing_kinds",
    "need_same_definition",
    "not_there",
    "observed_expected",
    "observed_expected_by_group",
    "one_measure",
    "outcomes",
    "output_counts",
    "over_periods",
    "over_thresholds",
    "own_counts",
    "own_outcome",
    "parallel_run",
    "performance",
    "period_figures",
    "period_signs",
    "periods_of",
    "placements",
    "plan_problems",
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
    "retirement_plan",
    "retraining",
    "review_calendar",
    "revisions",
    "rollout",
    "says_yes_or_no",
    "series_of",
    "shares",
    "side_by_side",
    "stepped_wedge_power",
    "survey",
    "survey_answers",
    "survey_minutes",
    "sus_scores",
    "test_by_group",
    "test_plan",
    "test_tool",
    "tested_rows",
    "themes",
    "treated_differently",
    "trial_design",
    "trial_plan",
    "trial_power",
    "trial_sizes",
    "triggers",
    "usage_by_period",
    "what_weighs",
    "with_characteristics",
    "words",
    "year_changes",
]
