"""Charts in the house style, drawn from a table that disclosure control has already passed.

Each of the four colours passes 3:1 against white and against the one before it; the marks of lines differ in shape as
well. Values are labelled directly and intervals shown. The same table gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import math
import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.project import EvidenceError
from evidence.stage.html import cell_text, cell_text_of_key, label
from evidence.stage.slim import slim

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.figure import Figure

COLOURS = ("#12436D", "#28A197", "#801650", "#F46A25")
_INTERVAL = COLOURS[3]
_SHAPES = ("o", "s", "^", "D")
_STYLE = {
    "svg.hashsalt": "evidence",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#505A5F",
    "xtick.color": "#0B0C0C",
    "ytick.color": "#0B0C0C",
}

# A line that crosses a figure would make it hard to read.
_BEHIND_TEXT = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}


# The marks of a funnel differ in shape as well as in colour: colour, shape, area.
_HERE = "this council"
_MARKS = {
    "authority": ("#6F777B", "o", 16),
    "statistical neighbour": (COLOURS[1], "s", 34),
    "chosen": (COLOURS[2], "^", 40),
    _HERE: (COLOURS[0], "D", 70),
}


@dataclass(frozen=True)
class Chart:
    """What to draw: `kind` is bars, lines, funnel or series, `values` its columns, `low` and `high` an interval's ends.

    `size` names the column of a funnel that says how large a place is. In a series `target` is the place of the first
    point after something began, and `expected` the column of what was to be expected of it.
    """

    kind: str
    values: tuple[str, ...]
    low: str = ""
    high: str = ""
    percent: bool = False
    target: float | None = None
    target_label: str = ""
    size: str = ""
    expected: str = ""


def bars(
    value: str,
    low: str = "",
    high: str = "",
    percent: bool = False,
    target: float | None = None,
    target_label: str = "",
) -> Chart:
    """One horizontal bar a row, with its interval, and a line at `target` if there is one."""
    return Chart("bars", (value,), low, high, percent, target, target_label)


def lines(*values: str, percent: bool = False) -> Chart:
    """One line a column over the rows in order; four at most.

    Where the table has columns such as `recall_low` and `recall_high`, they are drawn as the interval of `recall`.
    """
    if len(values) > len(COLOURS):
        raise EvidenceError(f"a chart can show {len(COLOURS)} lines at most, and this one has {len(values)}.")
    return Chart("lines", values, percent=percent)


def series(
    value: str, low: str, high: str, began: int | None = None, began_label: str = "", expected: str = ""
) -> Chart:
    """Percentages over time with their intervals, a line where something began, and what was to be expected after."""
    return Chart("series", (value,), low, high, True, began, began_label, expected=expected)


def funnel(value: str, size: str, percent: bool = False, target: float | None = None, target_label: str = "") -> Chart:
    """One point a place: its figure against its size, between limits that chance alone keeps to, around `target`.

    The table has the columns that `measures.funnel_of` gives: kind, low_95, high_95, low_998, high_998, standing. Where
    its dispersion is above 1, the outer limits of chance alone are drawn as well.
    """
    return Chart("funnel", (value,), percent=percent, target=target, target_label=target_label, size=size)


def chart_html(chart: Chart, table: pd.DataFrame, headline: str) -> str:
    """The chart as an image with its text alternative; empty where the table leaves nothing to draw."""
    if not _drawable(chart, table):
        return ""
    image = base64.b64encode(_svg(chart, table)).decode("ascii")
    alt = alt_text(chart, table, headline).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return f'<img class="ev-chart" src="data:image/svg+xml;base64,{image}" alt="{alt}">'


def alt_text(chart: Chart, table: pd.DataFrame, headline: str) -> str:
    """What the chart shows, in a sentence or two, for someone who cannot see it."""
    if chart.kind == "funnel":
        return _funnel_in_words(chart, table, headline)
    kind = "Bar chart" if chart.kind == "bars" else "Line chart"
    sentences = [f"{kind}. {headline.rstrip('.')}."]
    for column in chart.values:
        known = [
            (name, number)
            for name, number in zip(_names(table), _numbers(table[column]), strict=True)
            if number is not None
        ]
        if not known:
            continue
        text = lambda pair: f"{pair[0]} {cell_text(pair[1], chart.percent)}"  # noqa: E731
        if chart.kind != "bars":
            sentences.append(f"{label(column)}: {text(known[0])}, then to {text(known[-1])}.")
        elif len(known) > 1:
            ordered = sorted(known, key=lambda pair: pair[1])
            sentences.append(f"Lowest: {text(ordered[0])}. Highest: {text(ordered[-1])}.")
        else:
            sentences.append(f"{text(known[0])}.")
    if chart.kind == "series" and chart.target is not None:
        sentences.append(f"A line marks where {chart.target_label}: before {_names(table)[int(chart.target)]}.")
    hidden = sum(number is None for column in chart.values for number in _numbers(table[column]))
    if hidden:
        sentences.append(f"{hidden} not shown.")
    return " ".join([*sentences, "The table holds the same numbers."])


def _funnel_in_words(chart: Chart, table: pd.DataFrame, headline: str) -> str:
    places = zip(table.index, table["kind"], _numbers(table[chart.values[0]]), table["standing"], strict=True)
    here = [
        f"{place} {cell_text(value, chart.percent)}, {said}" for place, kind, value, said in places if kind == _HERE
    ]
    outside, wide = int(table["standing"].str.contains("99.8").sum()), _widened(table)
    return " ".join(
        [
            f"Funnel plot of {len(table)} authorities. {headline.rstrip('.')}.",
            *(f"{one}." for one in here),
            f"{outside} lie outside the 99.8% limits{', which are widened for the spread of authorities' * wide}. "
            "The table holds the figures.",
        ]
    )


def _names(table: pd.DataFrame) -> list[str]:
    return [_name(key if isinstance(key, tuple) else (key,)) for key in table.index]


def _name(key: tuple) -> str:
    parts = [label(part) if isinstance(part, str) or part != part else cell_text_of_key(part) for part in key]
    # "All, All children" says it twice.
    return ", ".join(part for part, after in zip(parts, [*parts[1:], ""], strict=True) if not after.startswith(part))


def _numbers(column: pd.Series) -> list[float | None]:
    """The column's numbers; hidden and missing cells as nothing."""
    usable = (
        isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value) for value in column
    )
    return [float(value) if fine else None for value, fine in zip(column, usable, strict=True)]


def _drawable(chart: Chart, table: pd.DataFrame) -> bool:
    return any(number is not None for column in chart.values for number in _numbers(table[column]))


def _svg(chart: Chart, table: pd.DataFrame) -> bytes:
    # Without pyplot there is no global state, nothing to close, and half a second less to import.
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        height = {"bars": 1.1 + 0.42 * len(table), "lines": 3.6, "series": 3.8, "funnel": 4.4}[chart.kind]
        figure = Figure(figsize=(7.2, height), dpi=72)
        canvas = FigureCanvasSVG(figure)
        if chart.kind == "bars":
            _draw_bars(figure, chart, table)
        else:
            figure.set_layout_engine("constrained")
            draw = {"lines": _draw_lines, "series": _draw_series, "funnel": _draw_funnel}[chart.kind]
            draw(figure.add_subplot(), chart, table)
        target = io.BytesIO()
        # `savefig` would lay out and draw everything twice.
        canvas.print_svg(target, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return slim(target.getvalue())


def _draw_bars(figure: Figure, chart: Chart, table: pd.DataFrame) -> None:
    from evidence.stage.bar_chart import Bar, Look, draw_bars

    values = _numbers(table[chart.values[0]])
    lows = _numbers(table[chart.low]) if chart.low else [None] * len(values)
    highs = _numbers(table[chart.high]) if chart.high else [None] * len(values)
    bars = [
        Bar(
            name,
            value,
            "not shown" if value is None else cell_text(value, chart.percent),
            None if low is None or high is None else (low, high),
        )
        for name, value, low, high in zip(_names(table), values, lows, highs, strict=True)
    ]
    look = Look(COLOURS[0], _INTERVAL, COLOURS[2])
    draw_bars(figure, bars, look, _number_in_words(chart.percent), chart.target, chart.target_label or "target")


def _draw_lines(axes, chart: Chart, table: pd.DataFrame) -> None:
    top, ends = 0.0, []
    for colour, shape, column in zip(COLOURS, _SHAPES, chart.values, strict=False):
        values = _numbers(table[column])
        known = [number for number in values if number is not None]
        if not known:
            continue
        reached = [number for _, *pair in _intervals(table, f"{column}_low", f"{column}_high") for number in pair]
        top = max(top, *known, *reached)
        gaps = [math.nan if value is None else value for value in values]
        axes.plot(range(len(values)), gaps, color=colour, marker=shape, linewidth=2.2, clip_on=False)
        _draw_upright(axes, _intervals(table, f"{column}_low", f"{column}_high"), colour, 1.2, zorder=2)
        last = max(place for place, value in enumerate(values) if value is not None)
        ends.append((values[last], last, f"{label(column)} {cell_text(values[last], chart.percent)}"))
    above = -math.inf
    for value, last, text in sorted(ends):
        # Two lines that end near each other would have their names written over each other.
        above = max(value, above + (top or 1) * 0.08)
        axes.text(last + len(table) * 0.03, above, text, color="#0B0C0C", va="center", bbox=_BEHIND_TEXT)
    axes.set_xticks(range(len(table)), _names(table))
    axes.set_xlim(-0.25, len(table) - 1 + max(0.9, len(table) * 0.28))
    axes.set_ylim(0, (top or 1) * 1.2)
    _number_axis(axes.yaxis, chart)


def _intervals(table: pd.DataFrame, low: str, high: str) -> list[tuple[int, float, float]]:
    """(place, low, high) of each row whose interval the table shows."""
    if not {low, high} <= set(table.columns):
        return []
    pairs = zip(_numbers(table[low]), _numbers(table[high]), strict=True)
    return [(place, low, high) for place, (low, high) in enumerate(pairs) if low is not None and high is not None]


def _draw_upright(axes, intervals: list[tuple[int, float, float]], colour: str, width: float, zorder: float) -> None:
    if intervals:
        # What lies within the axes is not asked how much room it needs.
        style = {"colors": colour, "linewidths": width, "capstyle": "butt", "clip_on": False, "in_layout": False}
        axes.vlines(*zip(*intervals, strict=True), zorder=zorder, **style)


def _draw_series(axes, chart: Chart, table: pd.DataFrame) -> None:
    values, highs = (_numbers(table[name]) for name in (chart.values[0], chart.high))
    places = range(len(values))
    _draw_upright(axes, _intervals(table, chart.low, chart.high), _INTERVAL, 2.5, zorder=1)
    shown = [math.nan if value is None else value for value in values]
    axes.plot(places, shown, color=COLOURS[0], marker="o", markersize=4, linewidth=2, label=label(chart.values[0]))
    axes.plot([], [], color=_INTERVAL, linewidth=2.5, label="interval")
    expected = _numbers(table[chart.expected]) if chart.expected in table else []
    if any(number is not None for number in expected):
        drawn = [math.nan if value is None else value for value in expected]
        axes.plot(places, drawn, color=COLOURS[2], linestyle=(0, (4, 2)), linewidth=2, label="expected from trend")
    top = max(number for number in [*values, *highs, *expected] if number is not None)
    if chart.target is not None:
        axes.axvline(chart.target - 0.5, color="#0B0C0C", linestyle=(0, (1, 1.5)), linewidth=1.6)
        axes.text(chart.target - 0.6, top * 1.16, chart.target_label, ha="right", va="top", bbox=_BEHIND_TEXT)
    names, step = _names(table), max(1, math.ceil(len(table) / 6))
    axes.set_xticks(list(places)[::step], names[::step], fontsize=9)
    axes.set_ylim(0, (top or 1) * 1.2)
    axes.legend(loc="lower left", frameon=False, fontsize=9)
    _number_axis(axes.yaxis, chart)


def _draw_funnel(axes, chart: Chart, table: pd.DataFrame) -> None:
    size, value = (_numbers(table[name]) for name in (chart.size, chart.values[0]))
    limits = [("95", (0, (1, 1.5)), "95% limits"), ("998", (0, (5, 2)), "99.8% limits")]
    if _widened(table):
        limits = [(end, style, f"{said}, widened") for end, style, said in limits]
        limits.append(("998_by_chance", (0, (8, 2, 1, 2)), "99.8% limits, chance alone"))
    for end, style, said in limits:
        for side in ("low", "high"):
            axes.plot(size, _numbers(table[f"{side}_{end}"]), color="#505A5F", linestyle=style, linewidth=1.2)
        axes.plot([], [], color="#505A5F", linestyle=style, linewidth=1.2, label=said)
    if chart.target is not None:
        axes.axhline(chart.target, color="#505A5F", linewidth=1.4, label=chart.target_label)
    for kind, (colour, marker, area) in _MARKS.items():
        here = [place for place, one in enumerate(table["kind"]) if one == kind]
        if here:
            points = [size[place] for place in here], [value[place] for place in here]
            filled = "none" if kind == "authority" else colour
            axes.scatter(*points, s=area, marker=marker, facecolors=filled, edgecolors=colour, label=kind, zorder=3)
    for place in (place for place, one in enumerate(table["kind"]) if one == _HERE):
        axes.annotate(
            str(table.index[place]), (size[place], value[place]), xytext=(9, 9), textcoords="offset points",
            bbox=_BEHIND_TEXT, zorder=4,
        )  # fmt: skip
    axes.set_xlabel(label(chart.size))
    axes.set_xlim(0, max(size) * 1.04)
    axes.set_ylim(0, max(number for number in [*value, chart.target] if number is not None) * 1.12)
    axes.legend(loc="upper right", frameon=False, fontsize=9)
    _number_axis(axes.yaxis, chart)
    _number_axis(axes.xaxis, Chart("funnel", ()))


def _widened(table: pd.DataFrame) -> bool:
    return "dispersion" in table and bool((table["dispersion"] > 1).any())


def _number_axis(axis, chart: Chart) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    said = _number_in_words(chart.percent)
    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda number, _: said(number)))


def _number_in_words(percent: bool) -> Callable[[float], str]:
    return lambda number: f"{number:g}%" if percent else f"{number:,g}"
