"""A council beside England, its region, its statistical neighbours and others, from published statistics.

Works on any file in the Department's tidy layout: a line of reference/comparisons.csv names its file, which rows and
which columns. Figures are published ones, so what is hidden in them is hidden already and stays as it is published.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.measures import chances, intervals
from evidence.measures.estimating import NOT_ESTIMABLE_BELOW
from evidence.project import EvidenceError, read_text

COLUMNS = (
    "name", "file", "filters", "numerator", "denominator", "denominator_filters", "value", "per", "better",
    "rounded_to", "tool_figure", "others",
)  # fmt: skip
BETTER = ("lower", "higher", "")
COUNCIL, ENGLAND, REGION = "this council", "England", "region"
NEIGHBOUR, CHOSEN, AUTHORITY = "statistical neighbour", "chosen", "authority"
PLACES = ["level", "code", "place", "region", "year"]
# Two limits of a funnel: an authority outside the outer one is there by chance in 2 of 1,000 cases.
INNER, OUTER = 0.95, 0.998
_LEVELS = {"National": ENGLAND, "Regional": REGION, "Local authority": AUTHORITY}
_SYMBOLS = {
    "c": "c: too small to publish",
    "z": "z: does not apply",
    "x": "x: not available",
    "k": "k: rounds to 0",
    "low": "low: rounds to 0",
    "u": "u: too unreliable to publish",
    ":": "not available",
}
NO_ROW, NO_NUMBER = "no figure for this year", "empty in the file"
NOBODY = "nobody to take a share of"
TOO_FEW = f"fewer than {NOT_ESTIMABLE_BELOW}: not estimable"


@dataclass(frozen=True)
class PublishedMeasure:
    """One line of reference/comparisons.csv: which figure of which published file.

    numerator over denominator times `per` is the figure (100: a percentage); where the file gives no counts, `value`
    names the published figure itself. `denominator_filters` replace some of `filters` where the denominator stands in
    other rows. `others` are authorities, by name or code, that were chosen to compare with.
    """

    name: str
    file: str
    filters: Mapping[str, str]
    numerator: str
    denominator: str
    denominator_filters: Mapping[str, str]
    value: str
    per: int
    better: str
    rounded_to: int
    tool_figure: str
    others: tuple[str, ...]
    where: str

    def is_of_tool(self, parameters: Mapping[str, object]) -> bool:
        """Whether the tool's own figure is this one: `yes`, or a parameter that must have that value for it to be."""
        name, _, value = self.tool_figure.partition("=")
        return name == "yes" or (bool(value) and str(parameters.get(name)) == value)

    @property
    def unit(self) -> str:
        """The name of the column that holds the figure: percent, or per_10000."""
        return "percent" if self.per == 100 else f"per_{self.per}"


def read_comparisons(path: Path, where: str) -> list[PublishedMeasure]:
    """The measures named in reference/comparisons.csv, in its order.

    Raises EvidenceError, with the row, for a missing column or a value that cannot be used.
    """
    rows = list(csv.DictReader(io.StringIO(read_text(path))))
    missing = [name for name in COLUMNS if rows and name not in rows[0]]
    if missing:
        raise EvidenceError(f"there is no column called {missing[0]}.", where=f"{where}, row 1")
    return [
        _measure({name: (row[name] or "").strip() for name in COLUMNS}, f"{where}, row {number}")
        for number, row in enumerate(rows, 2)
        if (row["name"] or "").strip()
    ]


def _measure(row: dict[str, str], where: str) -> PublishedMeasure:
    for name in ("per", "rounded_to"):
        if not (row[name] or "1").isdigit() or int(row[name] or 1) < 1:
            raise EvidenceError(f'{name} must be a whole number, not "{row[name]}".', where=where)
    if row["better"] not in BETTER:
        raise EvidenceError("better must be lower, higher or empty.", where=where)
    if bool(row["numerator"]) != bool(row["denominator"]) or not (row["numerator"] or row["value"]):
        raise EvidenceError(
            "a figure needs a numerator and a denominator, or a value.",
            where=where,
            remedy="Name the file's own columns, as its first line has them.",
        )
    return PublishedMeasure(
        row["name"], row["file"], _filters(row["filters"], where), row["numerator"], row["denominator"],
        _filters(row["denominator_filters"], where), row["value"], int(row["per"] or 100), row["better"],
        int(row["rounded_to"] or 1), row["tool_figure"],
        tuple(one.strip() for one in row["others"].split(";") if one.strip()), where,
    )  # fmt: skip


def _filters(text: str, where: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    if any(not sign for _, sign, _ in pairs):
        raise EvidenceError("a filter is written column=value, several with a semicolon between them.", where=where)
    return {column.strip(): value.strip() for column, _, value in pairs}


def series_of(frame: pd.DataFrame, measure: PublishedMeasure) -> pd.DataFrame:
    """The measure's figures: one row a place and year, columns level, code (three digits), place, region, year, n,
    denominator, value (per `measure.per`), symbol (empty where there is a figure; else what stands there, in words).

    frame: as `read_published` gives it. Raises EvidenceError, naming the line of comparisons.csv, for a column or a
    value that the file does not have, and where more than one row of a place and year is left.
    """
    lacking = [column for column in ("region_code", "region_name", "old_la_code", "la_name") if column not in frame]
    if lacking:
        raise EvidenceError(f"{measure.file} has no figures of authorities.", where=measure.where)
    rows = _picked(frame, measure.filters, measure)
    table = _placed(rows)
    for name, column in (("n", measure.numerator), ("denominator", measure.denominator)):
        source = rows
        if name == "denominator" and measure.denominator_filters:
            source = _picked(frame, {**measure.filters, **measure.denominator_filters}, measure)
        table = table.join(_numbers(source, column, name, measure))
    table = table.join(_numbers(rows, measure.value, "published", measure))
    counts = table["n_symbol"].where(table["n_symbol"] != "", table["denominator_symbol"])
    table["value"] = measure.per * table["n"] / table["denominator"].where(table["denominator"] > 0)
    if measure.numerator:
        # Where a count is withheld, a share that is published all the same rests on too few to be one.
        table["symbol"] = counts
    else:
        table["value"], table["symbol"] = table["published"], table["published_symbol"]
    table["symbol"] = table["symbol"].map(lambda one: _SYMBOLS.get(one, NO_NUMBER)).where(table["value"].isna(), "")
    table.loc[table["denominator"] == 0, "symbol"] = NOBODY
    few = (measure.per == 100) & (table["denominator"] < NOT_ESTIMABLE_BELOW) & table["value"].notna()
    table.loc[few, ["value", "symbol"]] = [np.nan, TOO_FEW]
    return table.reset_index()[[*PLACES, "n", "denominator", "value", "symbol"]]


def _picked(frame: pd.DataFrame, filters: Mapping[str, str], measure: PublishedMeasure) -> pd.DataFrame:
    rows = frame[frame["geographic_level"].isin(_LEVELS)]
    for column, value in filters.items():
        _need_column(frame, column, measure)
        there = rows[column].astype("str")
        if not (there == value).any():
            near = difflib.get_close_matches(value, sorted(set(there)), n=1, cutoff=0.3)
            raise EvidenceError(
                f'no row of {measure.file} has "{value}" as {column}.',
                where=measure.where,
                remedy=f'Did you mean "{near[0]}"?' if near else "Use a value as the file has it.",
            )
        rows = rows[there == value]
    doubled = rows.duplicated(["geographic_level", "region_code", "old_la_code", "year_ending"], keep=False)
    if doubled.any():
        several = [
            column
            for column in rows
            if column not in filters
            and not column.endswith("_symbol")
            and rows[doubled][column].dtype == "str"
            and rows.loc[doubled]
            .groupby(["region_code", "old_la_code", "year_ending"], dropna=False)[column]
            .nunique()
            .max()
            > 1
        ]
        raise EvidenceError(
            f"more than one row of {measure.file} is left for one place and year.",
            where=measure.where,
            remedy=f"Name one value of {several[0]} under filters." if several else "The file holds rows twice.",
        )
    return rows


def _need_column(frame: pd.DataFrame, column: str, measure: PublishedMeasure) -> None:
    if column not in frame:
        near = difflib.get_close_matches(column, list(frame), n=1)
        raise EvidenceError(
            f"{measure.file} has no column called {column}.",
            where=measure.where,
            remedy=f"Did you mean {near[0]}?" if near else f"It has: {', '.join(_own_columns(frame))}.",
        )


def _own_columns(frame: pd.DataFrame) -> list[str]:
    return [column for column in frame if not column.endswith("_symbol") and column != "year_ending"]


def _place_keys(rows: pd.DataFrame) -> pd.DataFrame:
    """Level, code and year of each row: authorities by their three digits, which outlive a change of boundaries."""
    level = rows["geographic_level"].map(_LEVELS)
    code = rows["old_la_code"].astype("str").where(level == AUTHORITY, rows["region_code"].astype("str"))
    return pd.DataFrame({"level": level, "code": code.where(level != ENGLAND, "England"), "year": rows["year_ending"]})


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    keys = _place_keys(rows)
    place = (
        rows["la_name"].where(keys["level"] == AUTHORITY, rows["region_name"]).where(keys["level"] != ENGLAND, ENGLAND)
    )
    table = keys.assign(place=place, region=rows["region_code"])
    return table.set_index(PLACES[:2] + ["year"])


def _numbers(rows: pd.DataFrame, column: str, name: str, measure: PublishedMeasure) -> pd.DataFrame:
    keys = _place_keys(rows)
    if not column:
        table = keys.assign(**{name: np.nan, f"{name}_symbol": ""})
    else:
        _need_column(rows, column, measure)
        if f"{column}_symbol" not in rows:
            raise EvidenceError(f"{column} of {measure.file} holds no numbers.", where=measure.where)
        table = keys.assign(**{name: rows[column], f"{name}_symbol": rows[f"{column}_symbol"]})
    return table.set_index(["level", "code", "year"])


def statistical_neighbours(frame: pd.DataFrame, council: str) -> list[str]:
    """The codes of the ten neighbours of a council in a wide table (old_la_code, SN_1 to SN_10); empty where it is not
    in it. `frame` is text, as `read_plain` gives it."""
    row = frame[frame["old_la_code"].astype("str").str.strip() == council]
    names = neighbour_columns(frame)
    return [str(code).strip() for code in row.iloc[0][names].dropna()] if len(row) else []


def neighbour_columns(frame: pd.DataFrame) -> list[str]:
    """SN_1 to SN_10 where the table has them: how a file of statistical neighbours is recognised."""
    names = [f"SN_{number}" for number in range(1, 11)]
    return names if {"old_la_code", *names} <= set(frame) else []


def codes_of(authorities: Sequence[str], series: pd.DataFrame, where: str) -> list[str]:
    """Three-digit codes of authorities named or coded in any way. Raises EvidenceError for one that is not there."""
    rows = series[series["level"] == AUTHORITY]
    names = {str(name).lower(): code for name, code in zip(rows["place"], rows["code"], strict=True)}
    known, codes = set(rows["code"]), []
    for one in authorities:
        code = one if one in known else names.get(one.lower())
        if code is None:
            near = difflib.get_close_matches(one.lower(), list(names), n=1)
            raise EvidenceError(
                f'there is no authority called "{one}" in the file.',
                where=where,
                remedy=f"Did you mean {near[0].title()}?" if near else "Write its name or its three digits.",
            )
        codes.append(code)
    return codes


def against_others(
    series: pd.DataFrame,
    measure: PublishedMeasure,
    council: str,
    neighbours: Sequence[str] = (),
    chosen: Sequence[str] = (),
) -> pd.DataFrame:
    """The council beside others in the latest year: index place; first the council, then England, its region, its
    neighbours from the lowest figure up, and the chosen.

    Columns kind, year, n, denominator, value with low and high (Wilson for percentages, Byar for rates; missing where
    no counts are published), difference (council less place) with difference_low and difference_high, published_as
    (what stands there instead of a figure). England and the region hold the council itself.
    """
    latest = series[series["year"] == series["year"].max()]
    wanted = [(COUNCIL, council), (ENGLAND, ENGLAND), (REGION, _region_of(series, council))]
    rows = [_row(latest, kind, code, series) for kind, code in wanted]
    others = [_row(latest, NEIGHBOUR, code, series) for code in dict.fromkeys(neighbours)]
    rows += sorted(others, key=lambda row: (np.isnan(row["value"]), row["value"]))
    rows += [_row(latest, CHOSEN, code, series) for code in dict.fromkeys(chosen) if code not in (*neighbours, council)]
    table = pd.DataFrame(rows).set_index("place")
    low, high = _interval(table["n"], table["denominator"], measure.per)
    table.insert(table.columns.get_loc("value") + 1, "low", low)
    table.insert(table.columns.get_loc("low") + 1, "high", high)
    gap = _difference(table, measure.per)
    for place, name in enumerate(("difference", "difference_low", "difference_high")):
        table.insert(table.columns.get_loc("high") + 1 + place, name, gap[place])
    return table


def _region_of(series: pd.DataFrame, council: str) -> str:
    rows = series[(series["level"] == AUTHORITY) & (series["code"] == council)].sort_values("year")
    return str(rows["region"].iloc[-1]) if len(rows) else ""


def _row(latest: pd.DataFrame, kind: str, code: str, series: pd.DataFrame) -> dict[str, object]:
    found = latest[(latest["code"] == code)]
    if len(found):
        row = found.iloc[0]
        return {"kind": kind, **row[["place", "year", "n", "denominator", "value"]], "published_as": row["symbol"]}
    named = series.loc[series["code"] == code, "place"]
    nothing = dict.fromkeys(("n", "denominator", "value"), np.nan)
    place = named.iloc[-1] if len(named) else code or kind
    return {"kind": kind, "place": place, "year": latest["year"].max(), **nothing, "published_as": NO_ROW}


def _interval(n: pd.Series, denominator: pd.Series, per: int) -> tuple[np.ndarray, np.ndarray]:
    n, denominator = n.to_numpy(float), denominator.to_numpy(float)
    if per == 100:
        low, high = intervals.wilson(n, denominator)
    else:
        low, high = (end / denominator for end in intervals.poisson(n))
    known = ~(np.isnan(n) | np.isnan(denominator))
    return np.where(known, per * low, np.nan), np.where(known, per * high, np.nan)


def _difference(table: pd.DataFrame, per: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first row less each row; the two intervals are joined as Newcombe does (MOVER)."""
    value, low, high = (table[name].to_numpy(float) for name in ("value", "low", "high"))
    gap = value[0] - value
    down = np.sqrt((value[0] - low[0]) ** 2 + (high - value) ** 2)
    up = np.sqrt((high[0] - value[0]) ** 2 + (value - low) ** 2)
    itself = np.arange(len(table)) == 0
    return tuple(np.where(itself & ~np.isnan(value), 0.0, one) for one in (gap, gap - down, gap + up))


def rank_of(series: pd.DataFrame, council: str, among: Sequence[str] | None = None) -> dict[str, int] | None:
    """The council's place in the latest year, 1 the lowest figure: rank, of (authorities with a figure), without (those
    with none). among: these authorities only. None where the council has no figure. Equal figures share a rank.
    """
    rows = series[(series["year"] == series["year"].max()) & (series["level"] == AUTHORITY)]
    rows = rows if among is None else rows[rows["code"].isin([council, *among])]
    here = rows.loc[rows["code"] == council, "value"].dropna()
    if here.empty:
        return None
    known = rows["value"].dropna()
    # An authority that no longer exists stands in the file with no figure: that is not one withheld.
    without = int((rows["value"].isna() & ~rows["symbol"].str.startswith(("x", "z"))).sum())
    return {"rank": int((known < here.iloc[0]).sum()) + 1, "of": len(known), "without": without}


def trend_of(
    series: pd.DataFrame, measure: PublishedMeasure, council: str, neighbours: Sequence[str] = ()
) -> pd.DataFrame:
    """The figure year by year: index year (text), columns the council, England, the region and the neighbours together.

    The neighbours together are their counts added up where all counts are published, else the mean of those that are;
    `neighbours_with_a_figure` says how many that is.
    """
    years = sorted(series["year"].unique())
    named = {code: _name_of(series, code) for code in (council, ENGLAND, _region_of(series, council)) if code}
    table = pd.DataFrame(index=pd.Index([str(year) for year in years], name="year"))
    for code, name in named.items():
        values = series[series["code"] == code].set_index("year")["value"]
        table[name] = values.reindex(years).to_numpy()
    if neighbours:
        rows = series[series["code"].isin(neighbours) & series["value"].notna()].groupby("year")
        pooled = measure.per * rows["n"].sum(min_count=1) / rows["denominator"].sum(min_count=1)
        whole = rows["n"].count() == rows["value"].count()
        table["Statistical neighbours"] = pooled.where(whole, rows["value"].mean()).reindex(years).to_numpy()
        table["neighbours_with_a_figure"] = rows["value"].count().reindex(years, fill_value=0).to_numpy()
    return table


def _name_of(series: pd.DataFrame, code: str) -> str:
    names = series.loc[series["code"] == code, "place"]
    return str(names.iloc[-1]) if len(names) else code


def funnel_of(
    series: pd.DataFrame,
    measure: PublishedMeasure,
    council: str,
    neighbours: Sequence[str] = (),
    chosen: Sequence[str] = (),
) -> pd.DataFrame:
    """Every authority with counts in the latest year against what chance alone would give it: index place.

    Columns kind, n, denominator, value, low_95, high_95, low_998, high_998 (limits around England's figure for an
    authority of that size), low_998_by_chance and high_998_by_chance (those that chance alone keeps to), standing
    (`within the limits`, `above the 95% limit`, ...), standing_by_chance, dispersion; from the smallest denominator up.
    By chance alone the limits are exact, binomial for percentages and Poisson for rates, smoothed between whole numbers
    (Spiegelhalter 2005). Where `dispersion_of` is above 1 the others are widened by it; elsewhere they are the same.
    Empty where no counts are published.
    """
    latest = series[series["year"] == series["year"].max()]
    rows = latest[(latest["level"] == AUTHORITY) & (latest["denominator"] > 0) & latest["n"].notna()]
    middle = latest[(latest["level"] == ENGLAND)]
    share = (middle["n"] / middle["denominator"]).dropna()
    rate = float(share.iloc[0]) if len(share) else float(rows["n"].sum() / max(rows["denominator"].sum(), 1))
    kinds = {**dict.fromkeys(chosen, CHOSEN), **dict.fromkeys(neighbours, NEIGHBOUR), council: COUNCIL}
    table = rows.assign(kind=rows["code"].map(kinds).fillna(AUTHORITY)).sort_values(["denominator", "code"])
    table = table.set_index("place")[["kind", "n", "denominator", "value"]]
    size, binomial = table["denominator"].to_numpy(), measure.per == 100
    dispersion = dispersion_of(table["n"].to_numpy(), size, rate, binomial)
    chance = pd.DataFrame({"value": table["value"]})
    for level, end in ((INNER, "95"), (OUTER, "998")):
        low, high = control_limits(size, rate, level, binomial)
        chance[f"low_{end}"], chance[f"high_{end}"] = measure.per * low, measure.per * high
        if dispersion > 1:
            wide = widened_limits(size, rate, level, binomial, dispersion)
            # In a small authority normal limits may lie within the exact ones.
            low, high = np.minimum(low, wide[0]), np.maximum(high, wide[1])
        table[f"low_{end}"], table[f"high_{end}"] = measure.per * low, measure.per * high
    for side in ("low", "high"):
        table[f"{side}_998_by_chance"] = chance[f"{side}_998"]
    return table.assign(standing=_standing(table), standing_by_chance=_standing(chance), dispersion=dispersion)


def dispersion_of(n: np.ndarray, denominator: np.ndarray, rate: float, binomial: bool) -> float:
    """How many times as much as chance alone authorities differ: 1 is chance; missing without an authority.

    The mean of the squared standard scores around `rate`, of which the lowest and the highest tenth are first drawn in
    to the 10th and 90th percentile, so that a few outlying authorities do not decide (Spiegelhalter 2005, Statistics in
    Medicine 24, 1185-1202, doi 10.1002/sim.1970, the multiplicative adjustment for over-dispersion). Drawing in makes
    it 0.68 where there is nothing but chance, so what is above 1 is more than chance.
    """
    n, size = np.asarray(n, float), np.asarray(denominator, float)
    if not len(size) or not 0 < rate < (1 if binomial else np.inf):
        return np.nan
    scores = (n / size - rate) / _standard_error(size, rate, binomial)
    return float(np.mean(np.clip(scores, *np.quantile(scores, [0.1, 0.9])) ** 2))


def widened_limits(
    denominator: np.ndarray, rate: float, level: float, binomial: bool, dispersion: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limits for authorities that differ `dispersion` times as much as by chance: (low, high), as shares.

    The normal limits of Spiegelhalter (2005) with the variance times the dispersion, cut off at 0 (and at 1 for a
    percentage).
    """
    reach = intervals.normal(level) * np.sqrt(dispersion) * _standard_error(denominator, rate, binomial)
    return np.clip(rate - reach, 0, None), np.clip(rate + reach, None, 1 if binomial else None)


def _standard_error(denominator: np.ndarray, rate: float, binomial: bool) -> np.ndarray:
    return np.sqrt(rate * (1 - rate if binomial else 1) / np.asarray(denominator, float))


def control_limits(denominator: np.ndarray, rate: float, level: float, binomial: bool) -> tuple[np.ndarray, np.ndarray]:
    """Between which shares chance keeps `level` of authorities of these sizes whose true rate is `rate`: (low, high).

    Exact binomial (or Poisson) limits, smoothed as in Spiegelhalter (2005), Statistics in Medicine 24, appendix A.1.1.
    """
    size = np.round(np.asarray(denominator, float))
    of = (size, rate) if binomial else (size * rate,)
    limit, at_most = (
        (chances.binomial_limit, chances.binomial_at_most)
        if binomial
        else (chances.poisson_limit, chances.poisson_at_most)
    )
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        number = limit(tail, *of)
        above, below = at_most(number, *of), at_most(number - 1, *of)
        ends.append(np.clip((number - (above - tail) / (above - below)) / size, 0, 1 if binomial else None))
    return ends[0], ends[1]


def _standing(table: pd.DataFrame) -> np.ndarray:
    words = np.full(len(table), "within the limits", dtype=object)
    # The outer limits last, so that they have the last word.
    for end, level in (("95", "95%"), ("998", "99.8%")):
        words[table["value"] > table[f"high_{end}"]] = f"above the {level} limit"
        words[table["value"] < table[f"low_{end}"]] = f"below the {level} limit"
    return words
