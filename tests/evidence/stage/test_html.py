"""Tables that a screen reader can follow, and figures that are said the same way everywhere."""

import math
import re
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from evidence.stage.html import cell_text, label, paragraphs, table_html
from evidence.stage.notebook import plain_text
from evidence.stage.stage import _hide_together


@pytest.mark.parametrize(
    ("value", "percent", "text"),
    [
        (2000, False, "2,000"),
        (np.int64(12345), False, "12,345"),
        (12.34, True, "12.3%"),
        (0.5, False, "0.50"),
        (3.0, False, "3"),
        (float("nan"), True, "not estimable"),
        (None, False, "not recorded"),
        (pd.NaT, False, "not recorded"),
        (True, False, "yes"),
        (date(2026, 3, 31), False, "31 March 2026"),
        (pd.Timestamp("2026-03-31"), False, "31 March 2026"),
        ("c", True, "c"),
    ],
)
def test_a_cell_says_its_value_in_words_and_figures(value, percent, text):
    assert cell_text(value, percent) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("age_band", "Age band"),
        ("SSDA903", "SSDA903"),
        (("sex", "Girls"), "Sex, Girls"),
        (None, "Not recorded"),
        (2026, "2026"),
    ],
)
def test_names_of_columns_are_read_as_words(name, text):
    assert label(name) == text


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_every_head_has_a_scope_and_the_table_a_caption():
    frame = pd.DataFrame(
        {"n": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", "x"), ("b", None)], names=["group", None])
    )
    reader = Cells()
    reader.feed(table_html(frame, "Children <by> group"))
    heads = [attributes for tag, attributes in reader.found if tag == "th"]
    assert len(heads) == 2 + 4 and all(head["scope"] in ("col", "row") for head in heads)
    assert "Children &lt;by&gt; group" in table_html(frame, "Children <by> group")


def test_text_from_people_is_never_taken_for_html():
    frame = pd.DataFrame({"what": ["<script>alert(1)</script>", "a\n\nb & c"]})
    html = table_html(frame, "x") + paragraphs("<b>1</b>\nnext\n\nlast")
    assert "<script>" not in html and "<b>" not in html
    assert "<p>a</p><p>b &amp; c</p>" in html and "<br>next" in html


def test_html_reads_as_text_a_row_a_line():
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="group"))
    assert plain_text(table_html(frame, "Cap")) == "Cap\nGroup\tNumber\nA\t1\nB\t2"


def cells_of(html: str) -> list[list[str]]:
    return [line.split("\t") for line in plain_text(html).splitlines()[1:]]


def test_both_ends_of_an_interval_stand_in_one_column():
    frame = pd.DataFrame(
        {"percent": [28.1, "c", math.nan], "low": [19.8, "c", math.nan], "high": [38.2, "c", math.nan]},
        index=pd.Index(["a", "b", "d"], name="group"),
    )
    html = table_html(frame, "x", percent=["percent", "low", "high"])
    assert cells_of(html) == [
        ["Group", "Per cent", "Interval"],
        ["A", "28.1%", "19.8% to 38.2%"],
        ["B", "c", "c"],
        ["D", "not estimable", "not estimable"],
    ]
    # A hidden figure stands below the numbers of its column.
    assert html.count('class="ev-hidden ev-number"') == 1


def test_a_percentage_of_what_was_expected_is_headed_so():
    frame = pd.DataFrame({"n": [3], "denominator": [20], "expected": [2.5], "percent": [120.0]}, index=["a"])
    heads = ["Children", "Expected", "Observed as % of expected"]
    assert cells_of(table_html(frame, "x", percent=["percent"]))[0][1:] == heads
    wider = frame.assign(low=[24.1], high=[350.7], difference=[2.5], reliability="few cases", more="", most="")
    assert cells_of(table_html(wider, "x", percent=["percent", "low", "high"]))[1][2:5] == [
        "20", "2.50", "120.0% (24.1% to 350.7%)",
    ]  # fmt: skip
    assert "Observed as % of expected (interval)" in table_html(wider, "x")


def wide(**more: object) -> pd.DataFrame:
    """A row that is shown and one that is hidden, with as many columns as a comparison has."""
    shown = {"n_before": 38, "denominator_before": 200, "percent_before": 19.0, "n": 27, "denominator": 64}
    shown |= {"percent": 42.2, "difference": 23.2, "low": 10.4, "high": 36.3, "reliability": "usable", **more}
    hidden = {name: "c" if isinstance(value, (int, float)) else value for name, value in shown.items()}
    return pd.DataFrame([shown, hidden | {"denominator": 64}], index=pd.Index(["a", "b"], name="figure"))


def test_a_wide_table_says_the_same_in_fewer_columns():
    percent = ["percent", "percent_before", "difference", "low", "high"]
    assert cells_of(table_html(wide(), "x", percent=percent)) == [
        ["Figure", "Number before", "Per cent before", "Number", "Per cent", "Difference", "Interval", "Reliability"],
        ["A", "38 of 200", "19.0%", "27 of 64", "42.2%", "23.2%", "10.4% to 36.3%", "usable"],
        ["B", "c", "c", "c of 64", "c", "c", "c", "usable"],
    ]
    wider = cells_of(table_html(wide(target="45%", found="better"), "x", percent=percent))
    assert wider[0][5:7] == ["Difference (interval)", "Reliability"] and wider[1][5] == "23.2% (10.4% to 36.3%)"


def test_in_a_wide_table_an_interval_goes_with_the_figure_to_its_left():
    names = ["link", "strength", "low", "high", *"abcdefg"]
    html = table_html(pd.DataFrame([[0.1, 0.5, 0.2, 0.8, *[0.9] * 7]], columns=names, index=["x"]), "x")
    assert cells_of(html)[1][1:4] == ["0.10", "0.50 (0.20 to 0.80)", "0.90"]


def test_the_interval_of_each_of_several_figures_stands_with_it():
    frame = pd.DataFrame({"recall": [28.1, math.nan], "recall_low": [19.8, math.nan], "recall_high": [38.2, math.nan]})
    html = table_html(frame, "x", percent=list(frame.columns), hide_index=True)
    assert cells_of(html) == [["Recall (interval)"], ["28.1% (19.8% to 38.2%)"], ["not estimable"]]


def test_what_an_earlier_pack_hid_is_marked_as_hidden_and_not_as_too_few_to_estimate():
    kept = pd.DataFrame(
        {
            "n": [float("nan"), 12.0], "denominator": [float("nan"), 39.0], "percent": [float("nan"), 30.8],
            "low": [float("nan"), 18.6], "high": [float("nan"), 46.4], "reliability": ["hidden", "usable"],
        },
        index=pd.MultiIndex.from_tuples(
            [("Sex", "Female", "2025"), ("Sex", "Female", "2026")], names=["characteristic", "group", "period"]
        ),
    )  # fmt: skip
    _hide_together(kept, "c")
    shown = table_html(kept, "Recall by period", percent=["percent", "low", "high"])
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", shown)]
    assert cells == ["c", "c", "c", "hidden", "12 of 39", "30.8%", "18.6% to 46.4%", "usable"]
