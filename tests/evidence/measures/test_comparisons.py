"""Comparisons with published statistics equal figures worked out here from the files themselves, line by line."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm, poisson
from scipy.stats.mstats import winsorize
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from evidence.data import read_plain, read_published
from evidence.measures import comparing_words, comparisons
from evidence.project import EvidenceError

STABILITY, LOOKED_AFTER, REFERRALS = range(3)
# Leicester; a county; City of London (hidden cells); Isles of Scilly; two that no longer exist; two made of one.
COUNCILS = ["856", "926", "201", "420", "909", "928", "942", "940"]


@pytest.fixture(scope="module")
def measures(template) -> list[comparisons.PublishedMeasure]:
    path = template / "reference" / "comparisons.csv"
    return comparisons.read_comparisons(path, "reference/comparisons.csv")


@pytest.fixture(scope="module")
def published(shared_data, measures):
    """For each measure its series, and the file's lines as a plain reading gives them."""

    def read(measure):
        path = shared_data / "published" / measure.file
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
        return comparisons.series_of(read_published(path, measure.file), measure), lines

    return [read(measure) for measure in measures]


@pytest.fixture(scope="module")
def neighbours(shared_data) -> dict[str, list[str]]:
    with (shared_data / "published" / "sn_model_2025_wide.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["old_la_code"].strip(): [row[f"SN_{n}"].strip() for n in range(1, 11)] for row in rows}


def figure(lines: list[dict], which: int, year: str, **place: str) -> tuple[str, str] | None:
    """Numerator and denominator as the file has them, found by reading line after line; None where no line has them."""
    found = {}
    for line in lines:
        if line["time_period"] != year or any(line[name] != value for name, value in place.items()):
            continue
        if which == STABILITY and line["cla_group"] == "CLA on 31 March":
            found[line["placement_stability"]] = line["children_count"]
        if which == LOOKED_AFTER and line["population_type"] == "Children looked after on 31 March each year":
            found |= {"n": line["children_count"], "of": line["population_estimate"]}
        if which == REFERRALS:
            found |= {"n": line["rereferral_count"], "of": line["referral_count"]}
    if not found:
        return None
    if which == STABILITY:
        return found["With 3 or more placements during the year"], found["Total children"]
    return found["n"], found["of"]


def expected(both: tuple[str, str] | None, per: int) -> float:
    if both is None or not all(text.isdigit() for text in both) or both[1] == "0":
        return np.nan
    n, of = map(int, both)
    return np.nan if per == 100 and of < 10 else per * n / of


@pytest.mark.parametrize("which", [STABILITY, LOOKED_AFTER, REFERRALS])
def test_every_figure_of_every_year_is_that_of_the_file(which, measures, published):
    series, lines = published[which]
    rows = series[series["level"] == "authority"]
    assert len(rows) > 700
    named = {(line["old_la_code"], line["time_period"]) for line in lines if line["old_la_code"]}
    assert set(zip(rows["code"], rows["year"].astype(str), strict=True)) == named
    for row in rows.sample(250, random_state=1).itertuples():
        both = figure(lines, which, str(row.year), old_la_code=row.code)
        assert row.value == pytest.approx(expected(both, measures[which].per), nan_ok=True)
        assert (row.symbol == "") == (not np.isnan(row.value))


@pytest.mark.parametrize("which", [STABILITY, LOOKED_AFTER, REFERRALS])
@pytest.mark.parametrize("council", COUNCILS)
def test_a_council_beside_others_in_the_latest_year(which, council, measures, published, neighbours):
    series, lines = published[which]
    per = measures[which].per
    table = comparisons.against_others(series, measures[which], council, neighbours.get(council, []), ["330"])
    own = figure(lines, which, "2025", old_la_code=council)
    assert table.iloc[0]["value"] == pytest.approx(expected(own, per), nan_ok=True)
    england = expected(figure(lines, which, "2025", geographic_level="National"), per)
    assert table[table["kind"] == "England"].iloc[0]["value"] == pytest.approx(england)
    beside = table[table["kind"] == "statistical neighbour"]
    wanted = [expected(figure(lines, which, "2025", old_la_code=code), per) for code in neighbours.get(council, [])]
    assert beside["value"].tolist() == pytest.approx(sorted(wanted), nan_ok=True)
    region = {line["region_code"] for line in lines if line["old_la_code"] == council}
    there = figure(lines, which, "2025", geographic_level="Regional", region_code=region.pop())
    assert table[table["kind"] == "region"].iloc[0]["value"] == pytest.approx(expected(there, per))
    assert table.loc["Birmingham", "kind"] in ("chosen", "statistical neighbour")


@pytest.mark.parametrize("which", [STABILITY, REFERRALS])
def test_ranks_are_places_in_a_sorted_list(which, measures, published, neighbours):
    series, lines = published[which]
    codes = {line["old_la_code"] for line in lines if line["old_la_code"]}
    values = {code: expected(figure(lines, which, "2025", old_la_code=code), 100) for code in codes}
    known = sorted(value for value in values.values() if not np.isnan(value))
    for council in ("856", "926", "942"):
        found = comparisons.rank_of(series, council)
        assert (found["rank"], found["of"]) == (known.index(values[council]) + 1, len(known))
        beside = sorted(values[code] for code in [council, *neighbours[council]] if not np.isnan(values[code]))
        found = comparisons.rank_of(series, council, neighbours[council])
        assert (found["rank"], found["of"]) == (beside.index(values[council]) + 1, len(beside))


def test_hidden_missing_and_gone_are_shown_as_such(measures, published):
    def said(which, council):
        return comparisons.against_others(published[which][0], measures[which], council).iloc[0]["published_as"]

    assert said(LOOKED_AFTER, "201") == "c: too small to publish"
    assert said(STABILITY, "201") == "c: too small to publish"
    assert said(STABILITY, "909") == "z: does not apply"
    assert said(REFERRALS, "928") == "no figure for this year"
    assert said(REFERRALS, "856") == ""
    assert comparisons.rank_of(published[LOOKED_AFTER][0], "201") is None
    headline = comparing_words.beside_others(
        comparisons.against_others(published[REFERRALS][0], measures[REFERRALS], "909"), measures[REFERRALS]
    )
    assert headline.endswith("Cumbria has no figure for 2025 (no figure for this year)")


def test_differences_and_intervals_are_those_of_statsmodels(measures, published):
    table = comparisons.against_others(published[STABILITY][0], measures[STABILITY], "856", ["380", "330"])
    here = table.iloc[0]
    for _, row in table.iloc[1:].iterrows():
        low, high = proportion_confint(row["n"], row["denominator"], method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((100 * low, 100 * high))
        counts = here["n"], here["denominator"], row["n"], row["denominator"]
        low, high = confint_proportions_2indep(*map(int, counts), method="newcomb", compare="diff")
        assert (row["difference_low"], row["difference_high"]) == pytest.approx((100 * low, 100 * high), abs=1e-4)


def test_a_trend_pools_the_neighbours_and_counts_them(measures, published, neighbours):
    series, lines = published[STABILITY]
    table = comparisons.trend_of(series, measures[STABILITY], "856", neighbours["856"])
    assert list(table.index) == ["2021", "2022", "2023", "2024", "2025"]
    for year, row in table.iterrows():
        assert row["Leicester"] == pytest.approx(expected(figure(lines, STABILITY, year, old_la_code="856"), 100))
        both = [figure(lines, STABILITY, year, old_la_code=code) for code in neighbours["856"]]
        pooled = 100 * sum(int(n) for n, _ in both) / sum(int(of) for _, of in both)
        assert row["Statistical neighbours"] == pytest.approx(pooled)
        assert row["neighbours_with_a_figure"] == 10


def test_a_council_made_anew_has_no_figure_before_it_was(measures, published):
    table = comparisons.trend_of(published[REFERRALS][0], measures[REFERRALS], "942")
    known = table["Cumberland"].dropna()
    assert known.index.min() == "2024"
    assert "from" in comparing_words.trend(table, measures[REFERRALS])


@pytest.mark.parametrize("binomial", [True, False])
def test_limits_leave_out_what_they_say(binomial):
    sizes = np.array([15, 40, 120, 600, 2300])
    for level in (0.95, 0.998):
        low, high = comparisons.control_limits(sizes, 0.11, level, binomial)
        spread = binom(sizes, 0.11) if binomial else poisson(sizes * 0.11)
        # Beyond each limit lies no more than half of what is left out; one case nearer lies more than that.
        tail = (1 - level) / 2
        assert (spread.sf(np.ceil(high * sizes)) <= tail + 1e-12).all()
        assert (spread.sf(np.floor(high * sizes) - 1) >= tail).all()
        assert (spread.cdf(np.floor(low * sizes) - 1) <= tail).all()
        assert ((0 <= low) & (low < 0.11) & (high > 0.11)).all()


def test_authorities_without_a_difference_lie_outside_as_rarely_as_said():
    random = np.random.default_rng(5)
    sizes = random.integers(80, 1500, 4000)
    table = pd.DataFrame({"level": "authority", "region": "r", "code": [str(n) for n in range(4000)], "year": 2025})
    table = table.assign(place=table["code"], n=random.binomial(sizes, 0.1).astype(float), denominator=sizes, symbol="")
    table["value"] = 100 * table["n"] / table["denominator"]
    measure = _measure()
    funnel = comparisons.funnel_of(table, measure, "0")
    found = funnel["standing"].value_counts()
    assert found.filter(like="99.8").sum() <= 0.002 * 4000 + 3 * np.sqrt(8)
    assert found.drop("within the limits").sum() == pytest.approx(0.05 * 4000, abs=3 * np.sqrt(200) + 40)
    # Drawing in the outer tenths leaves less than chance gives, so nothing is widened.
    assert funnel["dispersion"].iloc[0] < 1
    assert "those of chance alone" in comparing_words.how_limits_are_drawn(funnel)


@pytest.mark.parametrize("binomial", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_the_dispersion_is_that_of_statsmodels_and_scipy(binomial, seed):
    """Scores of statsmodels (or Pearson's), drawn in by scipy, which counts authorities where we take percentiles."""
    random = np.random.default_rng(seed)
    sizes = random.integers(50, 2000, 151)
    n = random.binomial(sizes, random.beta(8, 60, 151))
    rate = n.sum() / sizes.sum()
    if binomial:
        scores = [proportions_ztest(one, of, rate, prop_var=rate)[0] for one, of in zip(n, sizes, strict=True)]
    else:
        scores = (n - sizes * rate) / np.sqrt(sizes * rate)
    expected = np.mean(np.asarray(winsorize(np.asarray(scores), limits=(0.1, 0.1))) ** 2)
    found = comparisons.dispersion_of(n, sizes, rate, binomial)
    assert found == pytest.approx(expected) and found > 1
    low, high = comparisons.widened_limits(sizes, rate, 0.95, binomial, found)
    spread = np.sqrt(found) * norm.ppf(0.975) * np.sqrt(rate * (1 - rate if binomial else 1) / sizes)
    assert high == pytest.approx(rate + spread) and low == pytest.approx(np.maximum(rate - spread, 0))


def test_authorities_that_differ_in_more_than_chance_lie_outside_the_widened_limits_about_as_rarely_as_said():
    random = np.random.default_rng(8)
    sizes = np.full(4000, 400)
    table = pd.DataFrame({"level": "authority", "region": "r", "code": [str(n) for n in range(4000)], "year": 2025})
    n = random.binomial(sizes, np.clip(random.normal(0.2, 0.03, 4000), 0, 1)).astype(float)
    table = table.assign(place=table["code"], n=n, denominator=sizes, symbol="", value=100 * n / sizes)
    funnel = comparisons.funnel_of(table, _measure(), "0")
    # One by chance and 0.03 ** 2 / (0.2 * 0.8 / 400) between authorities, of which drawing in the tails leaves 0.68:
    # 2 * 0.1 * q ** 2 + 0.8 - 2 * q * norm.pdf(q) for the normal, q being its 90th percentile.
    q = norm.ppf(0.9)
    left = 2 * 0.1 * q**2 + 0.8 - 2 * q * norm.pdf(q)
    assert funnel["dispersion"].iloc[0] == pytest.approx(3.25 * left, rel=0.08)
    by_chance, widened = (funnel[name].str.contains("limit$") for name in ("standing_by_chance", "standing"))
    assert by_chance.mean() > 0.2
    assert widened.mean() == pytest.approx(2 * norm.sf(norm.ppf(0.975) * np.sqrt(left)), abs=0.015)
    assert funnel["standing"].str.contains("99.8").mean() == pytest.approx(0.0109, abs=0.006)
    assert "times as much as chance" in comparing_words.how_limits_are_drawn(funnel)


def test_without_authorities_there_is_no_dispersion():
    assert np.isnan(comparisons.dispersion_of(np.array([]), np.array([]), 0.1, True))
    assert comparing_words.how_limits_are_drawn(pd.DataFrame()) == ""


def test_the_funnel_of_the_file(measures, published):
    table = comparisons.funnel_of(published[STABILITY][0], measures[STABILITY], "856", ["380"], ["330"])
    assert table.loc["Leicester", "standing_by_chance"] == "below the 99.8% limit"
    assert table["dispersion"].iloc[0] > 1
    assert (table["low_998"] <= table["low_998_by_chance"]).all()
    assert table.loc["Leicester", "standing"] in ("below the 95% limit", "within the limits")
    assert table["kind"].value_counts()["this council"] == 1
    assert "City of London" not in table.index
    assert table["denominator"].is_monotonic_increasing
    assert "times as much as chance" in comparing_words.how_limits_are_drawn(table)


def _measure(**changes: object) -> comparisons.PublishedMeasure:
    plain = comparisons.PublishedMeasure("Moves", "f.csv", {}, "n", "of", {}, "", 100, "lower", 1, "", (), "line 2")
    return replace(plain, **changes)


def tidy(**changes: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "geographic_level": ["National", "Regional", "Local authority"],
            "region_code": [None, "E1", "E1"], "region_name": [None, "North", "North"],
            "old_la_code": [None, None, "300"], "la_name": [None, None, "Here"],
            "kind": ["a", "a", "a"], "year_ending": 2025,
            "n": [900.0, 90.0, 20.0], "n_symbol": "", "of": [9000.0, 900.0, 100.0], "of_symbol": "",
            "share": [11.0, 11.0, 22.0], "share_symbol": "",
        }
    ).astype({"region_code": "str", "old_la_code": "str", "la_name": "str", "kind": "str"})  # fmt: skip
    return frame.assign(**changes)


def test_a_file_with_shares_alone_is_compared_without_intervals():
    measure = _measure(numerator="", denominator="", value="share")
    series = comparisons.series_of(tidy(), measure)
    table = comparisons.against_others(series, measure, "300")
    assert table.loc["Here", "value"] == 22
    assert table[["low", "high"]].isna().all(axis=None)
    assert comparing_words.beside_others(table, measure) == "Moves: Here 22.0% in 2025, England (11.0%)"
    assert comparisons.funnel_of(series, measure, "300").empty
    assert comparing_words.funnel(comparisons.funnel_of(series, measure, "300")).startswith("The council has no figure")


@pytest.mark.parametrize(
    ("changes", "frame", "said"),
    [
        ({"filters": {"kinds": "a"}}, tidy(), "no column called kinds.*Did you mean kind"),
        ({"filters": {"kind": "b"}}, tidy(), 'no row of f.csv has "b" as kind'),
        ({"numerator": "nn"}, tidy(), "no column called nn"),
        ({"numerator": "kind"}, tidy(), "kind of f.csv holds no numbers"),
        ({}, pd.concat([tidy(), tidy(kind="b")]), "more than one row.*one value of kind"),
        ({}, tidy().drop(columns="la_name"), "no figures of authorities"),
    ],
)
def test_a_line_that_does_not_fit_the_file_is_named_with_what_to_do(changes, frame, said):
    with pytest.raises(EvidenceError, match=f"(?s)line 2.*{said}"):
        comparisons.series_of(frame, _measure(**changes))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,f.csv,kind,n,of,,,100,lower,1,,", "column=value"),
        ("a,f.csv,,n,,,,100,lower,1,,", "numerator and a denominator"),
        ("a,f.csv,,n,of,,,ten,lower,1,,", "whole number"),
        ("a,f.csv,,n,of,,,100,less,1,,", "better must be"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_by_its_row(line, said, tmp_path: Path):
    path = tmp_path / "comparisons.csv"
    path.write_text(",".join(comparisons.COLUMNS) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match=f"(?s)list, row 2.*{said}"):
        comparisons.read_comparisons(path, "list")


def test_chosen_authorities_may_be_named_or_coded(published):
    series = published[STABILITY][0]
    assert comparisons.codes_of(["Birmingham", "856", "kingston UPON hull, City of"], series, "x") == [
        "330",
        "856",
        "810",
    ]
    with pytest.raises(EvidenceError, match="Did you mean Birmingham"):
        comparisons.codes_of(["Birmingam"], series, "reference/comparisons.csv, row 2")


def test_a_wide_file_of_neighbours_is_known_by_its_columns(shared_data, neighbours):
    frame = read_plain(shared_data / "published" / "sn_model_2025_wide.csv", "sn")
    assert comparisons.neighbour_columns(frame)
    assert comparisons.statistical_neighbours(frame, "856") == neighbours["856"]
    assert comparisons.statistical_neighbours(frame, "909") == []
    population = read_plain(shared_data / "published" / "ons-ethnic-population-la.csv", "ons")
    assert comparisons.neighbour_columns(population) == []
