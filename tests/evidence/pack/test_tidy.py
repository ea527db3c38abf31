"""HTML as it reaches a page: nothing that acts or asks, and everything a screen reader needs."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as some

from evidence.pack.fragments import read_fragment, write_fragment
from evidence.pack.tidy import Page
from evidence.project import EvidenceError

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def tidy(html: str, shown: bool = False) -> str:
    return Page("p").tidy(html, "notebooks/01.ipynb, cell 4", shown)


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<p onclick='x()' style='color:red'>a</p>",
        "<iframe src='https://example.org'></iframe>",
        "<link rel=stylesheet href=https://example.org/a.css>",
        "<form action=/><button>Send</button></form>",
        "<a href='javascript:alert(1)'>a</a>",
        "<a href='data:text/html,x'>a</a>",
        "<svg onload=alert(1)><script>1</script></svg>",
        "<meta http-equiv=refresh content='0;url=https://example.org'>",
        "<style>@import 'https://example.org'</style>",
        "<!-- a --!><b onclick=alert(1)>b</b> -->",
        "<!--[if IE]><script>1</script><![endif]-->",
        "<?xml-stylesheet href='https://example.org'?>",
        "<form><button><form></button><script>1</form>",
        "<select><button>a</button></select><title><meta></title>",
    ],
)
def test_nothing_acts_or_asks(html):
    cleaned = tidy(html).lower()
    for word in (
        "script",
        "onclick",
        "onload",
        "iframe",
        "<link",
        "<form",
        "<button",
        "data:text",
        "<meta",
        "@import",
        "style=",
        "<!",
        "<?",
        "<select",
    ):
        assert word not in cleaned


MARKUP = (
    "<p>", "</p>", "<b class='x y'>", "</b>", "<br>", "<br/>", "</br>", "<hr>", "<table>", "</table>", "<tr>", "<td>",
    "<td colspan=2>", "</td>", "<li>", "<pre>", "</pre>", "<a title='1 &lt; 2'>", "</a>", "<p/>", "<details open>",
    "a", "a &amp; b", "1 < 2", "&nbsp;", " ", "\n   ", "&eacute;", "&#163;",
)  # fmt: skip


@given(some.lists(some.sampled_from(MARKUP), max_size=30).map("".join))
def test_what_nobody_closed_is_read_as_a_library_reads_it(html):
    assert write_fragment(read_fragment(html)) == str(BeautifulSoup(html, "html.parser"))


def test_thousands_of_elements_within_each_other_are_written_too():
    assert tidy("<li>a" * 5000).count("</li>") == 5000


def test_ticks_are_said_in_words():
    assert tidy("<ul><li><input type=checkbox checked> a</li><li><input type=checkbox> b</li></ul>") == (
        "<ul><li>[done]  a</li><li>[open]  b</li></ul>"
    )


def test_headings_follow_on_and_make_the_contents():
    page = Page("p")
    html = page.tidy("<h1>A</h1><h4>B</h4>", "x") + page.tidy("<h2>C</h2><h6>D</h6><h3>E</h3>", "x")
    assert [(tag.name, tag.text) for tag in BeautifulSoup(html, "html.parser").find_all(True)] == [
        ("h2", "A"), ("h3", "B"), ("h2", "C"), ("h3", "D"), ("h3", "E"),
    ]  # fmt: skip
    assert page.contents == [("part-1", "A"), ("part-3", "C")]


def test_table_heads_say_what_they_are_the_head_of():
    soup = BeautifulSoup(
        tidy(
            "<table><caption>C</caption><thead><tr><th></th><th>N</th></tr></thead>"
            "<tbody><tr><th>a</th><td class='ev-number'>1</td></tr></tbody></table>",
            shown=True,
        ),
        "html.parser",
    )
    assert [(cell.name, cell.get("scope"), cell.get("class")) for cell in soup.find_all(["th", "td"])] == [
        ("td", None, None), ("th", "col", ["ev-number"]), ("th", "row", None), ("td", None, ["ev-number"]),
    ]  # fmt: skip


def test_a_wide_table_can_be_reached_and_is_named():
    html = "<table><caption>Children</caption><tr><th>a</th><th>b</th><th>c</th></tr></table>"
    page = Page("p")
    regions = BeautifulSoup(page.tidy(html, "x") + page.tidy(html, "x"), "html.parser").select("div.wide")
    assert [(region["role"], region["tabindex"], region["aria-labelledby"]) for region in regions] == [
        ("region", "0", "table-1"),
        ("region", "0", "table-2"),
    ]


def test_a_chart_can_be_reached_and_is_named():
    chart = f"<div><img class='ev-chart' src='{PIXEL}' alt='Bar chart.'></div>"
    page = Page("p")
    regions = BeautifulSoup(page.tidy(chart, "x") + page.tidy(chart, "x"), "html.parser").select("div.pan")
    assert [(one["role"], one["tabindex"], one["aria-label"]) for one in regions] == [
        ("region", "0", "Chart 1"),
        ("region", "0", "Chart 2"),
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("10.3% to 14.8%", "10.3%_to_14.8%"),
        ("-0.15 to 1.31", "-0.15_to_1.31"),
        ("1,360 of 1,624", "1,360_of_1,624"),
        ("c of 89", "c_of_89"),
        ("on 31 March 2026, then", "on 31_March 2026, then"),
        ("3.4% (-1.1% to 7.9%)", "3.4% (-1.1% to 7.9%)"),
        ("one of many", "one of many"),
    ],
)
def test_a_line_of_a_table_does_not_end_within_a_figure_or_a_day(text, kept):
    row = f"<tr><th>a</th><td>b</td><td>{text}</td></tr>"
    html = tidy(f"<p>{text}</p><table><caption>C</caption>{row}</table>", shown=True)
    assert f"<td>{kept.replace('_', chr(160))}</td>" in html and f"<p>{text}</p>" in html


def test_columns_of_long_texts_are_given_their_width_and_others_left_alone():
    row = "<tr><th>a</th><td>{}</td><td>{}</td></tr>"
    wide = tidy(f"<table><caption>C</caption>{row.format('word ' * 30, 'b')}</table>", shown=True)
    cols = BeautifulSoup(wide, "html.parser").select("caption + colgroup > col")
    widths = [int(re.fullmatch(r"width:(\d+)%", col["style"])[1]) for col in cols]
    assert len(widths) == 3 and widths[1] > 80 and abs(sum(widths) - 100) <= 2
    assert "colgroup" not in tidy(f"<table><caption>C</caption>{row.format('word', 'b')}</table>", shown=True)


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("<table><tr><td>1</td></tr></table>", "no caption"),
        (f"<img src='{PIXEL}'>", "no text alternative"),
        (f"<img src='{PIXEL}' alt='  '>", "no text alternative"),
        (f"<img src='{PIXEL}' alt='No description has been provided for this image'>", "no text alternative"),
        ("<img src='https://example.org/a.png' alt='A chart'>", "outside the pack"),
        ("<img src='a.png' alt='A chart'>", "outside the pack"),
    ],
)
def test_what_a_reader_could_not_follow_stops_the_pack_and_names_the_cell(html, says):
    with pytest.raises(EvidenceError, match=f"notebooks/01.ipynb, cell 4: .*{says}"):
        tidy(html, shown=True)


def test_a_caption_that_repeats_the_headline_is_for_the_ear_only():
    table = "<table><caption>{}</caption><tr><td>1</td></tr></table>"
    same, other = (
        BeautifulSoup(
            tidy(f"<figure><p class='ev-headline'>All stayed</p>{table.format(text)}</figure>"), "html.parser"
        )
        for text in ("All stayed", "Children by year")
    )
    assert same.caption.get("class") == ["out-of-sight"] and other.caption.get("class") is None
