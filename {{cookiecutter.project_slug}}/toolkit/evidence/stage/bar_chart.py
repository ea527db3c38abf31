"""A bar a row with its interval, its name and its figure, drawn in points on the bare figure.

Axes that lay themselves out, and a tick and a laid-out text for each row, would take nine tenths of a chart's time.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import IdentityTransform

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure

# All in points. A text stands on its baseline, which lies that far below the middle of what it names.
_EDGE, _TICK, _GAP, _LINE, _BASELINE, _AXIS = 3, 3.5, 5, 13.2, 4.2, 21
_LETTERS = FontProperties(family="DejaVu Sans", size=11)
_BAR = 0.62
_INK, _GREY = "#0B0C0C", "#505A5F"


@dataclass(frozen=True)
class Bar:
    """One row: its figure, None where it is not shown, the same in words, and the ends of its interval, if any."""

    name: str
    value: float | None
    said: str
    interval: tuple[float, float] | None = None

    @property
    def end(self) -> float:
        """How far the row reaches to the right of nought."""
        return max(0, self.value or 0, *(self.interval or ()))


@dataclass(frozen=True)
class Look:
    """The colours of bars, intervals and the target."""

    bar: str
    interval: str
    target: str


def draw_bars(
    figure: Figure,
    bars: Sequence[Bar],
    look: Look,
    number: Callable[[float], str],
    target: float | None = None,
    target_label: str = "",
) -> None:
    """Draws one bar a row from the top down, a scale below them, and a line at `target`.

    figure: empty, 72 dots an inch, so that its pixels are points. number: a figure of the scale in words.
    """
    place = _Places(figure, bars, number, target, target_label)
    _draw_shapes(figure, bars, look, place)
    if target is not None:
        at = place.x(target)
        _add_lines(figure, [[(at, _AXIS), (at, place.top)]], look.target, 1.8, (0, (4, 2)))
        _add_text(figure, at + _GAP, place.top + _BASELINE, target_label, look.target)
        # The line would make a figure that it crosses hard to read.
        _add_boxes(figure, [place.of_figure(row, bar) for row, bar in enumerate(bars)], "white", zorder=2)
    _draw_texts(figure, bars, place, number)


class _Places:
    """Where everything goes: rows from the top down, figures to the right, with room for every text."""

    def __init__(
        self, figure: Figure, bars: Sequence[Bar], number: Callable[[float], str], target: float | None, label: str
    ) -> None:
        width, height = figure.bbox.size
        shown = [bar for bar in bars if bar.value is not None]
        ends = [bar.end for bar in shown] + ([] if target is None else [target])
        starts = [bar.value for bar in shown] + [bar.interval[0] for bar in shown if bar.interval]
        self.first, self.last = min(0, *starts), (max(0, *ends) or 1) * 1.16
        steps = MaxNLocator(5).tick_values(self.first, self.last)
        self.ticks = [step for step in steps if self.first <= step <= self.last]

        self.names = [textwrap.wrap(bar.name, 30) or [bar.name] for bar in bars]
        beside = max(_width(line) for lines in self.names for line in lines) + 2 * _TICK
        self.left = _EDGE + max(beside, _width(number(self.ticks[0])) / 2)
        room = width - _EDGE - self.left
        needed = [(step, _width(number(step)) / 2) for step in self.ticks]
        needed += [(bar.end, _GAP + _width(bar.said)) for bar in shown]
        if target is not None:
            needed.append((target, _GAP + _width(label)))
        scales = [(room - text) / (end - self.first) for end, text in needed if end > self.first]
        self.scale = min(room / (self.last - self.first), *scales)

        self.top = height - _EDGE - (0 if target is None else _LINE)
        self.row = (self.top - _AXIS) / (len(bars) + 0.2)

    def x(self, value: float) -> float:
        return self.left + (value - self.first) * self.scale

    def y(self, row: int) -> float:
        return self.top - (row + 0.6) * self.row

    def x_of_figure(self, bar: Bar) -> float:
        return self.x(bar.end) + _GAP

    def of_figure(self, row: int, bar: Bar) -> list[tuple[float, float]]:
        """The corners of the room that a row's figure takes."""
        left, right = self.x_of_figure(bar) - 1, self.x_of_figure(bar) + _width(bar.said) + 1
        return _corners(left, right, self.y(row), _LINE / 2)


def _draw_shapes(figure: Figure, bars: Sequence[Bar], look: Look, place: _Places) -> None:
    half = _BAR / 2 * place.row
    boxes, intervals = [], []
    ticks = [[(place.x(step), _AXIS), (place.x(step), _AXIS - _TICK)] for step in place.ticks]
    for row, bar in enumerate(bars):
        y = place.y(row)
        ticks.append([(place.left, y), (place.left - _TICK, y)])
        if bar.value is not None:
            boxes.append(_corners(place.x(0), place.x(bar.value), y, half))
            if bar.interval:
                intervals.append([(place.x(end), y) for end in bar.interval])
    _add_boxes(figure, boxes, look.bar)
    _add_lines(figure, intervals, look.interval, 2.5)
    _add_lines(figure, ticks, _INK, 0.8)
    corner = (place.left, _AXIS)
    _add_lines(figure, [[(place.left, place.top), corner], [corner, (place.x(place.last), _AXIS)]], _GREY, 0.8)


def _draw_texts(figure: Figure, bars: Sequence[Bar], place: _Places, number: Callable[[float], str]) -> None:
    for step in place.ticks:
        _add_text(figure, place.x(step), _AXIS - 2 * _TICK - 2 * _BASELINE, number(step), ha="center")
    for row, (bar, lines) in enumerate(zip(bars, place.names, strict=True)):
        y = place.y(row) - _BASELINE
        for line, text in enumerate(lines):
            _add_text(figure, place.left - 2 * _TICK, y + ((len(lines) - 1) / 2 - line) * _LINE, text, ha="right")
        _add_text(figure, place.x_of_figure(bar), y, bar.said, _GREY if bar.value is None else _INK)


def _corners(left: float, right: float, middle: float, half: float) -> list[tuple[float, float]]:
    low, high = middle - half, middle + half
    return [(left, low), (left, high), (right, high), (right, low)]


def _add_boxes(figure: Figure, boxes: list, colour: str, zorder: float = 1) -> None:
    figure.add_artist(PolyCollection(boxes, facecolors=colour, transform=IdentityTransform(), zorder=zorder))


def _add_lines(figure: Figure, lines: list, colour: str, width: float, style: object = "solid") -> None:
    style = {"colors": colour, "linewidths": width, "linestyles": style, "capstyle": "butt"}
    figure.add_artist(LineCollection(lines, transform=IdentityTransform(), **style))


def _add_text(figure: Figure, x: float, y: float, text: str, colour: str = _INK, ha: str = "left") -> None:
    style = {"color": colour, "ha": ha, "fontproperties": _LETTERS, "transform": IdentityTransform()}
    figure.add_artist(_OnItsBaseline(x, y, text, **style))


class _OnItsBaseline(Text):
    """One line of text that needs no layout: it stands on its baseline, and whoever shows the picture aligns it."""

    def draw(self, renderer: RendererBase) -> None:
        gc = renderer.new_gc()
        gc.set_foreground(self.get_color())
        x, y = self.get_position()
        _, height = renderer.get_canvas_width_height()
        renderer.draw_text(gc, x, height - y, self.get_text(), self.get_fontproperties(), 0, mtext=self)
        gc.restore()


def _width(text: str) -> float:
    """How wide a line of text is, in points."""
    return sum(_width_of_letter(letter) for letter in text)


@functools.cache
def _width_of_letter(letter: str) -> float:
    font = get_font(findfont(_LETTERS))
    font.set_size(_LETTERS.get_size_in_points(), 72)
    if not font.get_char_index(ord(letter)):
        # Another font draws it, and few letters are wider than they are high.
        return _LETTERS.get_size_in_points()
    return font.load_char(ord(letter)).linearHoriAdvance / 65536
