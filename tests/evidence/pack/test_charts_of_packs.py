"""Every chart in the packs of all three kinds of tool: one style, contrast, direct labels, and nothing hidden in it."""

from __future__ import annotations

import base64
import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup, Tag

from evidence.stage.charts import COLOURS

GREYS = {"#505a5f", "#6f777b", "#0b0c0c", "#ffffff"}
SVG = "{http://www.w3.org/2000/svg}"
KINDS = {
    "descriptive": {},
    "diagnostic": {"analytics_type": "diagnostic", "output_about": "cohort"},
    "predictive": {"analytics_type": "predictive", "output_about": "individual"},
}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2.2 defines it: 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_colours_pass_contrast():
    assert len(COLOURS) == 4
    assert all(contrast(colour, "#ffffff") >= 3 for colour in COLOURS)
    assert all(contrast(*pair) >= 3 for pair in itertools.pairwise(COLOURS))
    assert all(contrast(grey, "#ffffff") >= 4.5 for grey in GREYS - {"#ffffff"})


@pytest.fixture(scope="module", params=KINDS)
def charts(request, finished_run) -> list[Tag]:
    """The charts of one kind's pack on the sample data, each still in its figure."""
    project: Path = finished_run(**KINDS[request.param])
    pages = sorted((project / "packs" / "sample").glob("*.html"))
    found = [
        image for page in pages for image in BeautifulSoup(page.read_bytes(), "html.parser").select("img.ev-chart")
    ]
    assert len(found) >= 6
    return found


def drawn(image: Tag) -> ElementTree.Element:
    return ElementTree.fromstring(base64.b64decode(image["src"].partition("base64,")[2]))


def texts(image: Tag) -> list[str]:
    return ["".join(one.itertext()).strip() for one in drawn(image).iter(f"{SVG}text")]


@pytest.mark.slow
def test_every_chart_keeps_to_the_house_style_and_holds_nothing_that_is_not_seen(charts):
    for image in charts:
        svg = drawn(image)
        colours = {one.lower() for one in re.findall(r"#[0-9A-Fa-f]{6}", ElementTree.tostring(svg, encoding="unicode"))}
        assert colours <= GREYS | {one.lower() for one in COLOURS}, image["alt"]
        tags = {part.tag.removeprefix(SVG) for part in svg.iter()}
        assert tags <= {"svg", "g", "defs", "style", "path", "use", "text", "clipPath", "rect"}, image["alt"]
        for part in svg.iter():
            # Only the style sheet and what is drawn hold text; nothing is named, dated or linked from elsewhere.
            assert not (part.text or "").strip() or part.tag in (f"{SVG}style", f"{SVG}text")
            assert not any("://" in value for value in part.attrib.values())
            assert part.get("opacity", "1") != "0" and "display:none" not in part.get("style", "")
        # What has no colour of its own would be drawn black.
        styles = {f"#{part.get('id')}": part.get("style", "") for part in svg.iter()}
        for part in svg.iter(f"{SVG}use"):
            own = part.get("style", "") + styles[part.get("{http://www.w3.org/1999/xlink}href")]
            assert "fill:" in own, image["alt"]


@pytest.mark.slow
def test_every_chart_says_only_what_its_table_says_and_in_words_as_well(charts):
    for image in charts:
        figure = image.find_parent("figure")
        table = re.sub(r"\s+", " ", figure.find("table").get_text(" ")).lower()
        assert figure.select_one(".ev-headline").text.rstrip(".") in image["alt"] and len(image["alt"]) > 60
        # Axes have round numbers of their own; everything else stands in the table.
        labels = [one for one in texts(image) if not re.fullmatch(r"[-−]?[\d,.]+%?", one)]
        words = {word.strip(",").lower() for one in labels for word in one.split()}
        assert words - set(re.findall(r"[^\s,]+", table)) <= {"not", "shown", "target", "limits"}, image["alt"]


@pytest.mark.slow
def test_a_row_that_the_table_hides_has_no_bar(charts):
    for image in (one for one in charts if one["alt"].startswith("Bar chart")):
        rows = [
            [cell.get_text(strip=True) for cell in row.find_all(["th", "td"])]
            for row in image.find_parent("figure").find("tbody").find_all("tr")
        ]
        without = sum("c" in row or row[-1] == "hidden" or "not estimable" in row for row in rows)
        said = texts(image)
        assert said.count("not shown") <= without
        assert len([one for one in said if one == "not shown"]) + len(
            [part for part in drawn(image).iter(f"{SVG}path") if part.get("style") == "fill:#12436d"]
        ) == len(rows), image["alt"]
