"""Trial sizes equal those of statsmodels; triggers say what is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import zt_ind_solve_power
from statsmodels.stats.proportion import power_proportions_2indep

from evidence.measures import estimates, trial_design, triggers
from evidence.project import EvidenceError


@pytest.mark.parametrize(("rate", "difference"), [(0.12, 0.03), (0.3, 0.1), (0.08, 0.02), (0.5, 0.05)])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_a_trial_of_that_size_has_the_power_it_should(rate, difference, power):
    children = trial_design(rate, difference, power=power).at["each arm", "children"]
    reached = power_proportions_2indep(-difference, rate, children, ratio=1, alpha=0.05, return_results=False)
    assert reached == pytest.approx(power, abs=0.01)


def test_a_trial_of_whole_homes_needs_more_children():
    plain, homes = trial_design(0.12, 0.03), trial_design(0.12, 0.03, per_cluster=8, icc=0.05)
    assert homes.at["each arm", "design_effect"] == pytest.approx(1.35)
    assert homes.at["each arm", "children"] == pytest.approx(1.35 * plain.at["each arm", "children"], abs=2)
    assert homes.at["each arm", "clusters"] * 8 >= homes.at["each arm", "children"]


def test_trial_sizes_agree_with_the_effect_size_that_statsmodels_uses():
    effect = 2 * np.arcsin(np.sqrt(0.3)) - 2 * np.arcsin(np.sqrt(0.2))
    theirs = zt_ind_solve_power(effect_size=effect, alpha=0.05, power=0.8)
    assert trial_design(0.3, 0.1).at["each arm", "children"] == pytest.approx(theirs, rel=0.02)


@pytest.mark.parametrize(("rate", "difference"), [(0, 0.1), (1, 0.1), (0.2, 0), (0.5, 0.6)])
def test_a_trial_that_cannot_be_is_refused_in_words(rate, difference):
    with pytest.raises(EvidenceError, match="between 0 and 1"):
        trial_design(rate, difference)


def performance(n: int, total: int) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples([("31 March 2026", "recall")], names=["period", "measure"])
    return estimates([n], [total], index)


@pytest.mark.parametrize(
    ("n", "total", "met"), [(20, 100, "yes"), (38, 100, "no"), (60, 100, "no"), (2, 5, "not known")]
)
def test_a_figure_counts_as_below_only_when_its_whole_interval_is(n, total, met):
    table = triggers(performance(n, total), targets={"recall": 40})
    assert table.at["figures below what was agreed", "met"] == met


def test_use_and_challenges():
    table = triggers(usage=0, open_challenges=2)
    assert table.at["nobody uses it", "met"] == "yes"
    assert table.at["upheld challenges are not put right", "met"] == "yes"
    assert triggers(usage=12, open_challenges=0)["met"].tolist()[2:] == ["no", "no"]
