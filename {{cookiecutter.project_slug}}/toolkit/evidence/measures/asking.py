"""What users say of the tool: the System Usability Scale and the guidance's questions (guidance action 7.10)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.measures.chances import t_limit

# The ten statements of the System Usability Scale (Brooke 1996), as short labels of our own; the even ones are the
# other way round, so that agreeing with them speaks against the tool.
SUS = {
    "sus1": "would like to use it often",
    "sus2": "more complicated than it need be",
    "sus3": "easy to use",
    "sus4": "would need help to use it",
    "sus5": "its parts fit together well",
    "sus6": "too many things in it do not match",
    "sus7": "most people would learn it quickly",
    "sus8": "awkward to use",
    "sus9": "felt sure of oneself",
    "sus10": "a lot to learn before it could be used",
}
QUESTIONS = {
    "easy": "it is easy to use",
    "helps_decisions": "it helps me decide",
    "fits_in": "it fits into how I work",
    "trust": "I trust what it says",
    "can_challenge": "I would feel able to say that it is wrong",
}
SCALE, EVERYONE = "System Usability Scale (0 to 100)", "everyone"
THEMES = {"likes_theme": "likes", "improve_theme": "would improve"}

# A mean of fewer answers than this says nothing. Staff surveys are small, so the limit is lower than for children.
FEWEST = 5
FEW_BELOW = 15
_SUS_LEAST_ANSWERED = 8
_LEVELS = ("low", "medium", "high")
_COLUMNS = ["n", "denominator", "mean", "low", "high", "reliability"]


def sus_scores(answers: pd.DataFrame) -> pd.Series:
    """The System Usability Scale of each person, 0 to 100, from columns sus1 to sus10 (1 to 5).

    Odd statements count answer - 1, even ones 5 - answer; the sum times 2.5. With one or two statements left out they
    count as the mean of that person's others; with more, or none of the ten, there is no score. Source: Brooke, J.
    (1996), SUS: a quick and dirty usability scale.
    """
    items = answers.reindex(columns=list(SUS)).astype("float64")
    points = pd.DataFrame(
        {name: items[name] - 1 if int(name[3:]) % 2 else 5 - items[name] for name in SUS}, index=answers.index
    )
    return (points.mean(axis="columns") * 25).round(6).where(points.notna().sum(axis="columns") >= _SUS_LEAST_ANSWERED)


def survey(answers: pd.DataFrame, seed: int = 2026) -> pd.DataFrame:
    """The survey's scores, for everyone and by skill (7.10): index (question, skill); the questions as in QUESTIONS.

    answers: one row a person, columns skill, those of SUS and those of QUESTIONS (1 to 5, missing where not answered).
    Columns: n (answered), denominator (persons asked), mean (0 to 100 for the scale, 1 to 5 for the others), low and
    high (95%, Student's t, kept within the scale; missing where all answered the same), reliability. With fewer than
    FEWEST answers it is `not estimable`. An empty table without answers.
    """
    if answers.empty:
        return pd.DataFrame(columns=_COLUMNS)
    scored = answers.assign(**{SCALE: sus_scores(answers)}).rename(columns=QUESTIONS)
    rows = {}
    for question in (SCALE, *QUESTIONS.values()):
        bounds = (0.0, 100.0) if question == SCALE else (1.0, 5.0)
        rows[question, EVERYONE] = _one(scored[question], bounds)
        for skill in _LEVELS:
            rows[question, f"{skill} skill"] = _one(scored.loc[scored["skill"] == skill, question], bounds)
    index = pd.MultiIndex.from_tuples(rows, names=["question", "skill"])
    return pd.DataFrame(list(rows.values()), index=index, columns=_COLUMNS)


def _one(asked: pd.Series, bounds: tuple[float, float]) -> dict[str, object]:
    values = asked.dropna().astype("float64").to_numpy()
    row = {"n": len(values), "denominator": len(asked), "mean": np.nan, "low": np.nan, "high": np.nan}
    if len(values) < FEWEST:
        return {**row, "reliability": "not estimable"}
    row["mean"] = float(values.mean())
    if np.ptp(values) > 0:
        low, high = mean_interval(values)
        row |= {"low": max(low, bounds[0]), "high": min(high, bounds[1])}
    return {**row, "reliability": "few answers" if len(values) < FEW_BELOW else "usable"}


def themes(answers: pd.DataFrame) -> pd.DataFrame:
    """What people like and would improve, as counts of themes that their words were coded into: index (about, theme).

    Columns n (persons), denominator (persons who said something). Nobody's own words are in it.
    """
    rows = {}
    for column, about in THEMES.items():
        said = answers[column][answers[column].fillna("") != ""] if column in answers else pd.Series(dtype="str")
        for theme, count in said.value_counts().sort_index().sort_values(ascending=False, kind="stable").items():
            rows[about, theme] = {"n": int(count), "denominator": len(said)}
    index = pd.MultiIndex.from_tuples(rows, names=["about", "theme"]) if rows else None
    return pd.DataFrame(list(rows.values()), index=index, columns=["n", "denominator"])


def mean_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Student's interval of a mean."""
    middle, count = float(np.mean(values)), len(values)
    half = float(t_limit(count - 1, level) * np.std(values, ddof=1) / np.sqrt(count))
    return middle - half, middle + half
