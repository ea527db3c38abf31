"""The outcome month by month before and after the tool began, where there is no group to compare with (8.06)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.project import long_date

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from evidence.stage.stage import Stage

_SERIES, _TREND = (5, "by_month"), "expected_from_trend"


def show_outcome_series(stage: Stage, began: date | None) -> None:
    """Shows and records `interrupted` and the series it rests on: of the register, of the data, or of monitoring."""
    from evidence import measures
    from evidence.measures import findings

    series, source = find_series(stage)
    figures = measures.interrupted(series, began)
    said = findings.interrupted(figures, began, len(series))
    points = measures.beside_trend(series, began)
    if points.empty:
        stage.say(f"{said}.")
        return
    since = list(points["since"] == "after")
    chart = stage.series(
        "percent", "low", "high",
        began=since.index(True) if began and True in since else None,
        began_label=f"the tool began, {long_date(began)}" if began else "",
        expected=_TREND,
    )  # fmt: skip
    stage.record("outcome_series", points)
    stage.show(
        points.dropna(axis="columns", how="all"),
        said,
        name="outcome_series",
        source=source,
        note="What else changed at that time is not ruled out.",
        counts=["denominator"],
        parts={"n": "denominator"},
        percent=["percent", "low", "high", _TREND],
        chart=chart,
    )
    if len(figures) and figures["estimate"].notna().any():
        stage.record("interrupted", figures)
        stage.show(
            figures,
            "The step and the trends, in percentage points",
            name="interrupted",
            source=source,
            plain=list(figures.columns),
        )


def find_series(stage: Stage) -> tuple[pd.DataFrame, str]:
    """(columns month_ending, n, of, and where it comes from): what people entered comes before what the tool counts."""
    register = stage.workbook.register("outcome_series")
    entered = stage.entries("outcome_series")
    if len(entered):
        return entered, f"{register.where}: {'; '.join(dict.fromkeys(entered['source']))}."
    if stage.results.has(*_SERIES):
        counted = " ".join((stage.tool.series.__doc__ or "").split())
        return stage.result(*_SERIES), f"{stage.source} {counted}".strip()
    return _of_monitoring(stage), "workbook/periods, the figures kept from each period."


def _of_monitoring(stage: Stage) -> pd.DataFrame:
    """The share with the outcome in each period that was kept; empty for a predictive tool, whose periods hold none."""
    import pandas as pd

    from evidence.measures.estimating import ALL
    from evidence.measures.of_tool import WITH_OUTCOME

    kept = stage.earlier_periods()
    if kept.empty:
        return pd.DataFrame(columns=["month_ending", "n", "of"])
    rows = kept[(kept["group"] == ALL) & (kept["measure"] == WITH_OUTCOME)].dropna(subset=["n", "denominator"])
    ends = pd.to_datetime(rows["period"], format="%d %B %Y")
    return pd.DataFrame({"month_ending": ends, "n": rows["n"], "of": rows["denominator"]})
