"""Are a tool's probabilities right, and what would another level of flags do? (guidance action 7.04)"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.measures import intervals
from evidence.measures.accuracy import calibration, confusion
from evidence.measures.estimating import NOT_ESTIMABLE_BELOW, estimates, truth

if TYPE_CHECKING:
    from evidence.privacy import Rules

# Levels of flags that are tried, besides the one that was agreed.
LEVELS = tuple(round(step / 20, 2) for step in range(1, 20))
_SHOWN = {"recall": ("f1", "with_outcome"), "precision": ("f1", "flagged"), "specificity": ("n0", "without")}

# Outcomes that are held at a time when chance is simulated: 500 draws for a million children are 4 GB.
_DRAWN_AT_ONCE = 1 << 21

BRIER, BRIER_OF_ALL_ALIKE = "Brier score, times 100", "Brier score of one probability for everyone, times 100"
CALIBRATION_ERROR = "expected calibration error"
CALIBRATION_ERROR_BY_CHANCE = "calibration error of a tool whose probabilities are right"
SLOPE, IN_THE_LARGE = "calibration slope", "calibration in the large"
_READS = {
    BRIER: "mean squared distance of probability and outcome: 0 is perfect, lower is better",
    BRIER_OF_ALL_ALIKE: "what giving every child the average would score: the tool should lie below it",
    CALIBRATION_ERROR: "how far predicted and actual shares lie apart, on average over ten bands, in percentage points",
    CALIBRATION_ERROR_BY_CHANCE: "as much is chance: the mean, and where 95 of 100 such tools lie",
    SLOPE: "1 is right; below 1 high probabilities are too high and low ones too low",
    IN_THE_LARGE: "0 is right; below 0 the probabilities are too high on the whole (log odds)",
}


def levels(
    frame: pd.DataFrame,
    outcome: str,
    score: str,
    agreed: float,
    rules: Rules | None = None,
    tried: tuple[float, ...] = LEVELS,
) -> pd.DataFrame:
    """What the tool would do at other levels of flags: index `level`, lowest first; the agreed level among them.

    Columns flagged, rightly (flagged children with the outcome), children, with_outcome, then recall, precision and
    specificity with _low and _high (percentages, Wilson), and agreed (`yes` for the level in use).

    Two rows side by side show how many children lie between two levels. A level is therefore left out where between
    it and the next one, or beyond it, there would be a number of children small enough to be hidden.
    """
    from evidence.privacy import Rules

    rules = rules or Rules()
    known = frame[truth(frame[outcome]).notna() & frame[score].notna()]
    cells = {level: _cells(known, outcome, score, level) for level in sorted({*tried, agreed})}
    kept = _safe_levels(cells, agreed, rules)
    table = pd.DataFrame([_level(cells[level]) for level in kept], columns=_level_columns())
    table.index = pd.Index([f"{level:.2f}" for level in kept], name="level")
    table["agreed"] = ["yes" if level == agreed else "no" for level in kept]
    return table


def _cells(known: pd.DataFrame, outcome: str, score: str, level: float) -> dict[str, int]:
    return confusion(known.assign(_flagged=known[score] >= level), outcome, "_flagged")


def _safe_levels(cells: dict[float, dict[str, int]], agreed: float, rules: Rules) -> list[float]:
    """The agreed level, then outwards from it each that leaves no small number between it and the one before."""

    def fits(level: float, beside: float | None) -> bool:
        numbers = list(cells[level].values())
        if beside is not None:
            numbers += [abs(cells[level][cell] - cells[beside][cell]) for cell in ("f1", "f0")]
        return not any(rules.hide_from <= number <= rules.hide_to for number in numbers)

    # Where the agreed level itself has a small number, its figures are hidden, and the others are tried from below.
    kept = [agreed] if fits(agreed, None) else []
    upwards = [level for level in sorted(cells) if not kept or level > agreed]
    downwards = [level for level in sorted(cells, reverse=True) if kept and level < agreed]
    for side in (upwards, downwards):
        last = agreed if agreed in kept else None
        for level in side:
            # A level that flags the same children as the one before says nothing more.
            if level != agreed and fits(level, last) and (last is None or cells[level] != cells[last]):
                kept.append(level)
                last = level
    return sorted(kept)


def _level_columns() -> list[str]:
    parts = [f"{name}{end}" for name in _SHOWN for end in ("", "_low", "_high")]
    return ["flagged", "rightly", "children", "with_outcome", *parts]


def _level(cells: dict[str, int]) -> dict[str, float]:
    f1, f0, n1, n0 = (cells[name] for name in ("f1", "f0", "n1", "n0"))
    counts = {"f1": f1, "n0": n0, "flagged": f1 + f0, "with_outcome": f1 + n1, "without": f0 + n0}
    row = {"flagged": f1 + f0, "rightly": f1, "children": sum(cells.values()), "with_outcome": f1 + n1}
    for name, (part, whole) in _SHOWN.items():
        figure = estimates([counts[part]], [counts[whole]]).iloc[0]
        row |= {name: figure["percent"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}
    return row


def how_calibrated(
    frame: pd.DataFrame, outcome: str, score: str, seed: int = 2026, times: int = 500, bands: int = 10
) -> pd.DataFrame:
    """Whether the probabilities are right, in a few figures: index figure; columns with_outcome, children, value, low,
    high, reads (what the figure says).

    Brier score with an interval from the spread of its parts, beside that of one probability for everyone; expected
    calibration error over `bands` of equal size, beside what chance alone gives a tool whose probabilities are right
    (seeded simulation); slope and intercept of the outcome on the log odds (Cox 1958) with Wald intervals. With fewer
    than NOT_ESTIMABLE_BELOW children with or without the outcome every value is missing.
    """
    known = frame[truth(frame[outcome]).notna() & frame[score].notna()]
    happened = truth(known[outcome]).to_numpy()
    said = known[score].to_numpy("float64")
    figures = dict.fromkeys(_READS, (np.nan, np.nan, np.nan))
    if min(happened.sum(), len(happened) - happened.sum()) >= NOT_ESTIMABLE_BELOW:
        share = happened.mean()
        figures[BRIER] = _mean_with_interval(100 * (said - happened) ** 2)
        figures[BRIER_OF_ALL_ALIKE] = (100 * share * (1 - share), np.nan, np.nan)
        figures[CALIBRATION_ERROR] = (_calibration_error(known, outcome, score, bands), np.nan, np.nan)
        figures[CALIBRATION_ERROR_BY_CHANCE] = _error_by_chance(said, seed, times, bands)
        figures[SLOPE], figures[IN_THE_LARGE] = _slope(happened, said), _in_the_large(happened, said)
    table = pd.DataFrame.from_dict(figures, orient="index", columns=["value", "low", "high"]).rename_axis("figure")
    table.insert(0, "with_outcome", int(happened.sum()))
    table.insert(1, "children", len(happened))
    return table.assign(reads=list(_READS.values()))


def _mean_with_interval(values: np.ndarray) -> tuple[float, float, float]:
    half = intervals.normal(intervals.LEVEL) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(max(values.mean() - half, 0)), float(values.mean() + half)


def _calibration_error(frame: pd.DataFrame, outcome: str, score: str, bands: int) -> float:
    table = calibration(frame, outcome, score, bands)
    gap = (100 * table["n"] / table["denominator"] - table["predicted"]).abs()
    return float((gap * table["denominator"]).sum() / table["denominator"].sum())


def _error_by_chance(said: np.ndarray, seed: int, times: int, bands: int) -> tuple[float, float, float]:
    random = np.random.default_rng(seed)
    # In order of probability, as the bands are cut, so that each band is a slice.
    ordered = np.sort(said)
    band = np.ceil(pd.Series(ordered).rank(pct=True, method="max").to_numpy() * bands).astype(int)
    starts = np.flatnonzero(np.r_[True, band[1:] != band[:-1]])
    at_once = max(1, _DRAWN_AT_ONCE // len(ordered))
    gaps = []
    for begun in range(0, times, at_once):
        outcomes = random.random((min(at_once, times - begun), len(ordered))) < ordered
        gaps.append(np.abs(np.add.reduceat(outcomes - ordered, starts, axis=1)).sum(axis=1))
    errors = 100 * np.concatenate(gaps) / len(ordered)
    low, high = np.percentile(errors, [2.5, 97.5])
    return float(errors.mean()), float(low), float(high)


def _log_odds(said: np.ndarray) -> np.ndarray:
    # A probability of 0 or 1 has no log odds; one in a million is near enough.
    kept = np.clip(said, 1e-6, 1 - 1e-6)
    return np.log(kept / (1 - kept))


def _slope(happened: np.ndarray, said: np.ndarray) -> tuple[float, float, float]:
    odds = _log_odds(said)
    if np.ptp(odds) == 0:
        return np.nan, np.nan, np.nan
    return _logistic(happened, np.column_stack([np.ones(len(odds)), odds]), np.zeros(len(odds)))


def _in_the_large(happened: np.ndarray, said: np.ndarray) -> tuple[float, float, float]:
    return _logistic(happened, np.ones((len(said), 1)), _log_odds(said))


def _logistic(happened: np.ndarray, features: np.ndarray, offset: np.ndarray) -> tuple[float, float, float]:
    """The last coefficient of a logistic regression and its Wald interval; missing where it does not settle."""
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        expected = 1 / (1 + np.exp(-(features @ weights + offset)))
        curvature = (features * (expected * (1 - expected))[:, None]).T @ features
        try:
            step = np.linalg.solve(curvature, features.T @ (happened - expected))
        except np.linalg.LinAlgError:
            return np.nan, np.nan, np.nan
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            half = intervals.normal(intervals.LEVEL) * np.sqrt(np.linalg.inv(curvature)[-1, -1])
            return float(weights[-1]), float(weights[-1] - half), float(weights[-1] + half)
    return np.nan, np.nan, np.nan
