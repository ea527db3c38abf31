"""A chart says what its table says, hides what its table hides, and comes out the same twice."""

import base64
import re

import pandas as pd
import pytest

from evidence.project import EvidenceError
from evidence.stage import charts

TABLE = pd.DataFrame(
    {"percent": [12.5, "c", 30.0, None], "low": [8.0, "c", 20.0, None], "high": [18.0, "c", 42.0, None]},
    index=pd.Index(["Girls", "Boys", "Age 16 to 17", "Unknown"], name="group"),
)


def svg_of(html: str) -> str:
    return base64.b64decode(re.search(r"base64,([^\"]+)", html).group(1)).decode("utf-8")


@pytest.mark.parametrize(
    "chart", [charts.bars("percent", "low", "high", percent=True, target=25.0), charts.lines("percent", percent=True)]
)
def test_the_same_table_gives_the_same_bytes(chart):
    assert charts.chart_html(chart, TABLE, "A") == charts.chart_html(chart, TABLE, "A")


def test_a_hidden_figure_is_nowhere_in_the_picture():
    shown = svg_of(charts.chart_html(charts.bars("percent", "low", "high", percent=True), TABLE, "Moves"))
    assert "12.5%" in shown and "30.0%" in shown and shown.count("not shown") == 2


def test_a_picture_holds_no_comment_no_metadata_and_no_date():
    shown = svg_of(charts.chart_html(charts.bars("percent"), TABLE, "Moves"))
    assert "<!--" not in shown and "metadata" not in shown and "matplotlib.org" not in shown
    assert not re.search(r"20\d\d-\d\d-\d\d", shown)


def test_the_text_alternative_says_lowest_highest_and_how_many_are_hidden():
    text = charts.alt_text(charts.bars("percent", percent=True), TABLE, "Older children move most.")
    assert text == (
        "Bar chart. Older children move most. Lowest: Girls 12.5%. Highest: Age 16 to 17 30.0%. "
        "2 not shown. The table holds the same numbers."
    )


def test_quotes_in_a_headline_do_not_end_the_attribute():
    html = charts.chart_html(charts.bars("percent"), TABLE, 'They call it "stable" & <fine>')
    assert "&quot;stable&quot; &amp; &lt;fine>" in html


def test_nothing_to_draw_gives_no_picture():
    assert charts.chart_html(charts.bars("percent"), TABLE.iloc[[1, 3]], "A") == ""


def test_five_lines_are_refused():
    with pytest.raises(EvidenceError, match="4 lines at most"):
        charts.lines("a", "b", "c", "d", "e")


def funnel_table() -> pd.DataFrame:
    limits = {"low_95": [2, 5, 7], "high_95": [18, 15, 13], "low_998": [0, 3, 6], "high_998": [22, 18, 14]}
    rows = {
        "kind": ["authority", "this council", "statistical neighbour"],
        "denominator": [100, 300, 900],
        "percent": [10.0, 21.5, 9.0],
        **limits,
        "standing": ["within the limits", "above the 99.8% limit", "within the limits"],
    }
    return pd.DataFrame(rows, index=pd.Index(["Here & there", "Ours", "Next door"], name="place"))


def test_a_funnel_says_where_the_council_lies_and_marks_differ_in_more_than_colour():
    chart = charts.funnel("percent", "denominator", percent=True, target=10.0, target_label="England")
    html = charts.chart_html(chart, funnel_table(), "Ours lies above")
    assert "Funnel plot of 3 authorities" in html
    assert "Ours 21.5%, above the 99.8% limit." in html
    assert "1 lie outside the 99.8% limits" in html
    shown = svg_of(html)
    assert "Ours" in shown and "99.8% limits" in shown and "Here" not in shown
    assert shown.count("<use") >= 3
    assert html == charts.chart_html(chart, funnel_table(), "Ours lies above")
    assert "widened" not in html


def test_lines_show_the_intervals_of_their_table_and_differ_in_shape():
    table = pd.DataFrame(
        {"recall": [40.0, 20.0], "recall_low": [30.0, 10.0], "recall_high": [50.0, 35.0], "precision": [60.0, 21.0]},
        index=pd.Index(["0.2", "0.3"], name="level"),
    )
    shown = svg_of(charts.chart_html(charts.lines("recall", "precision", percent=True), table, "Levels"))
    # Two upright strokes beside the two lines, and four marks of two shapes.
    assert len(re.findall(r'<path d="M[\d.]+ [\d.]+L[\d.]+ [\d.]+" style="[^"]*stroke:#12436d', shown)) == 3
    assert len(set(re.findall(r'xlink:href="#(m\w+)"', shown))) >= 4
    ends = [float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)"[^>]*>(?:Recall|Precision)', shown)]
    assert len(ends) == 2 and abs(ends[0] - ends[1]) > 11


def test_a_picture_is_the_same_to_the_eye_without_what_nobody_sees():
    from xml.etree import ElementTree

    from evidence.stage.slim import slim

    svg = (
        b'<?xml version="1.0"?><!-- made by --><svg xmlns="http://www.w3.org/2000/svg" '
        b'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10"><metadata>who</metadata>'
        b"<defs><style>*{a: b}</style></defs><g id='figure_1'><g id='kept'>"
        b"<path d='M 1.23456 2 \nL 3.0 -0.001 \nz\n' style='fill: #12436d; stroke: none'/></g>"
        b"<use xlink:href='#kept' x='1.999999' style='fill: #000000; stroke-width: 2'/>"
        b"<text style=\"font-size: 11px; font-family: 'DejaVu Sans'; fill: #0b0c0c; text-anchor: end\" "
        b"transform='rotate(-0 1 2)'>Girls &amp; boys</text></g></svg>"
    )
    root = ElementTree.fromstring(slim(svg))
    name = "{http://www.w3.org/2000/svg}"
    assert [part.tag.removeprefix(name) for part in root] == ["defs", "g", "use", "text"]
    assert root[1].get("id") == "kept" and dict(root[1][0].attrib) == {
        "d": "M1.23 2L3 0z", "style": "fill:#12436d;stroke:none",
    }  # fmt: skip
    # The original has no style of its own, so that of the copy counts.
    assert root[2].get("x") == "2" and root[2].get("style") == "fill:#000000;stroke-width:2"
    assert dict(root[3].attrib) == {"style": "text-anchor:end"} and root[3].text == "Girls & boys"
    assert slim(svg) == slim(svg)


def test_a_funnel_of_authorities_that_differ_in_more_than_chance_says_so_and_keeps_the_limits_of_chance():
    chart = charts.funnel("percent", "denominator", percent=True, target=10.0, target_label="England")
    table = funnel_table().assign(low_998_by_chance=[1, 4, 7], high_998_by_chance=[20, 17, 13], dispersion=2.4)
    html = charts.chart_html(chart, table, "Ours lies above")
    assert "99.8% limits, which are widened for the spread of authorities" in html
    assert "99.8% limits, widened" in svg_of(html) and "99.8% limits, chance alone" in svg_of(html)


def test_a_series_marks_where_the_tool_began_and_what_was_to_be_expected():
    ends = ["May 2025", "June 2025", "July 2025", "August 2025"]
    table = pd.DataFrame(
        {"percent": [5.0, 5.5, "c", 4.0], "low": [4.0, 4.5, "c", 3.0], "high": [6.0, 6.5, "c", 5.0],
         "expected": [None, None, 6.0, 6.5]},
        index=pd.Index(ends, name="until the end of"),
    )  # fmt: skip
    chart = charts.series("percent", "low", "high", began=2, began_label="the tool began", expected="expected")
    html = charts.chart_html(chart, table, "The share fell")
    assert "A line marks where the tool began: before July 2025." in html
    assert "May 2025 5.0%, then to August 2025 4.0%." in html and "1 not shown." in html
    assert "expected from trend" in svg_of(html) and "the tool began" in svg_of(html)
    plain = charts.chart_html(charts.series("percent", "low", "high"), table, "The share fell")
    assert "A line marks" not in plain and "expected" not in svg_of(plain)


AWKWARD = {
    "a target far to the right": (
        charts.bars("percent", "low", "high", percent=True, target=90.0, target_label="England, all authorities"),
        TABLE,
    ),
    "large figures beside long names": (
        charts.bars("cost"),
        pd.DataFrame({"cost": [-1234567.5, 3456789.25]}, index=["W" * 45, "A move with the same carer counts too"]),
    ),
    "nothing above nought": (charts.bars("change"), pd.DataFrame({"change": [-12.5, -20.0]}, index=["A", "B"])),
    "nothing but noughts": (charts.bars("percent", percent=True), pd.DataFrame({"percent": [0.0]}, index=["A"])),
}


@pytest.mark.parametrize("case", AWKWARD)
def test_no_text_of_a_bar_chart_is_cut_off_or_runs_into_a_bar(case):
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    letters = FontProperties(family="DejaVu Sans", size=11)
    svg = svg_of(charts.chart_html(*AWKWARD[case], "A"))
    width, height = (float(size) for size in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
    corners = [[float(part) for part in re.findall(r"-?[\d.]+", path)] for path in _paths(svg, "fill:#12436d")]
    bars = [(min(places[::2]), max(places[::2]), min(places[1::2]), max(places[1::2])) for places in corners]
    texts = re.findall(r'<text x="([\d.-]+)" y="([\d.-]+)" style="([^"]*)">([^<]*)<', svg)
    assert len(texts) == svg.count("<text") and bars
    for x, y, style, text in texts:
        long = text_to_path.get_text_width_height_descent(text, letters, False)[0]
        anchor = re.search(r"text-anchor:(\w+)", style).group(1)
        left = float(x) - long * {"start": 0, "middle": 0.5, "end": 1}[anchor]
        assert left >= 0 and left + long <= width and 8 <= float(y) <= height - 2, text
        for start, end, top, bottom in bars:
            beside = left >= end or left + long <= start
            assert beside or not top < float(y) < bottom, text


def test_bars_are_as_long_as_their_figures():
    svg = svg_of(charts.chart_html(charts.bars("percent", "low", "high", percent=True, target=25.0), TABLE, "Moves"))
    ends = [[float(part) for part in re.findall(r"[\d.]+", path)][::2] for path in _paths(svg, "fill:#12436d")]
    start = min(ends[0])
    point = (max(ends[0]) - start) / 12.5
    assert [round((max(end) - start) / point, 1) for end in ends] == [12.5, 30.0]
    intervals = [re.findall(r"[\d.]+", path)[::2] for path in _paths(svg, '[^"]*stroke:#f46a25')]
    drawn = [[round((float(end) - start) / point, 1) for end in pair] for pair in intervals]
    assert drawn == [[8.0, 18.0], [20.0, 42.0]]
    (line,) = (re.findall(r"[\d.]+", path)[::2] for path in _paths(svg, '[^"]*stroke:#801650'))
    assert {round((float(end) - start) / point, 1) for end in line} == {25.0}


def test_each_line_of_a_long_name_ends_beside_its_bar():
    table = pd.DataFrame({"percent": [10.0]}, index=["Placement type, Foster care, relative or friend"])
    svg = svg_of(charts.chart_html(charts.bars("percent", percent=True), table, "Moves"))
    lines = re.findall(r'<text x="([\d.]+)" y="[\d.]+" style="text-anchor:end">([^<]+)<', svg)
    assert [text for _, text in lines] == ["Placement type, Foster care,", "relative or friend"]
    assert lines[0][0] == lines[1][0]


def _paths(svg: str, style: str) -> list[str]:
    return re.findall(f'<path d="([^"]+)" style="{style}', svg)
