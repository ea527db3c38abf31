"""A document shows what people wrote and what the project knows, and which is which."""

from __future__ import annotations

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from evidence.documents import open_documents
from evidence.measures import as_rows, estimates
from evidence.stage import document_html
from tests.evidence.workbook.helpers import open_book


@pytest.fixture
def shown(answered, computed):
    """`shown("dpia")` is the page of a document of the answered example after a run, as a browser reads it."""
    figure = {"name": "alpha.recall", "label": "Recall", "value": 28.1, "unit": "%"}
    computed.figures[7] = [{**figure, "rests_on": "25 of 89 children; interval 19.8% to 38.2%"}]
    groups = estimates([20, 30, 3, 2], [60, 60, 40, 9], pd.Index(["A", "B", "C", "D"], name="group"))
    by_group = pd.concat({("sex", "recall"): groups}, names=["characteristic", "measure"])
    computed.values[7, "metrics_by_group"] = as_rows(by_group)
    documents = {one.name: one for one in open_documents(open_book(answered, computed))}
    return lambda name: BeautifulSoup(document_html(documents[name], level=2, unfolded=True), "html.parser")


def known_of(page: BeautifulSoup) -> dict[str, str]:
    """What is marked as known, by its title."""
    parts = page.select("details.ev-known")
    return {part.summary.text.removeprefix("Known to the project: "): part.text for part in parts}


def under(page: BeautifulSoup, heading: str) -> list[str]:
    """The titles of what is known under one heading."""
    start = page.find("h2", string=heading)
    found = []
    for one in start.find_next_siblings():
        if one.name == "h2":
            break
        if one.name == "details":
            found.append(one.summary.text.removeprefix("Known to the project: ").partition(" (")[0])
    return found


def test_facts_stand_beside_what_people_wrote_and_are_marked(shown, answered):
    page = shown("tool_card")
    known = known_of(page)
    about = known["the tool (project.toml)"]
    for words in ("Placement stability", "Example council", "Director of children's services", "predictive"):
        assert words in about
    written = [part.text for part in page.select("div.ev-answer")]
    assert written == [field.text for field in open_book(answered).document("tool_card").fields]
    assert under(page, "How well it works") == ["Figures", "Figures that matter", "Results against the thresholds"]
    assert under(page, "Which data it uses") == ["The datasets"]
    assert not page.select("details.ev-known .ev-answer, .ev-answer .ev-known")


def test_figures_thresholds_and_their_limits_are_known(shown):
    known = known_of(shown("transparency_record"))
    figures = next(text for title, text in known.items() if title.startswith("Figures that matter"))
    assert "28.1%" in figures and "25 of 89 children; interval 19.8% to 38.2%" in figures
    thresholds = next(text for title, text in known.items() if title.startswith("Results against"))
    assert "TH4" in thresholds and "2 of 2 groups that can be judged reach it with their whole interval" in thresholds
    limits = next(text for title, text in known.items() if title.startswith("Groups too small"))
    assert "sex C and D" in limits
    assessments = next(text for title, text in known.items() if title.startswith("Impact assessments"))
    assert assessments.count("done") == 3


@pytest.mark.parametrize(
    ("name", "heading", "title"),
    [
        ("dpia", "Why an assessment is needed", "Outcome of the ethics triage"),
        ("dpia", "Risks to people", "Risk register"),
        ("dpia", "What is done about each risk", "Risk register"),
        ("business_case", "What it costs and where the money comes from", "What it costs"),
        ("evaluation_plan", "Criteria and baseline", "Results against the thresholds"),
        ("publication_record", "What has changed since the last version", "Change log"),
    ],
)
def test_what_is_known_stands_under_its_heading(shown, name, heading, title):
    assert any(one.startswith(title) for one in under(shown(name), heading)), under(shown(name), heading)


def test_before_anything_is_written_the_facts_are_there_and_the_gaps_are_said(blank):
    document = next(one for one in open_documents(open_book(blank())) if one.name == "dpia")
    page = BeautifulSoup(document_html(document, level=2), "html.parser")
    assert document.still_open == 7 and len(page.select("p.ev-open")) == 7
    assert not page.select(".ev-answer")
    assert "Placement stability" in known_of(page)["the tool (project.toml)"]


def test_a_document_that_does_not_apply_is_its_reason(answered):
    path = answered / "workbook/04_ethics_triage/eia.md"
    title, _, rest = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(f"{title}\n\nNot applicable: counts of areas only, no people\n{rest}", encoding="utf-8")
    document = next(one for one in open_documents(open_book(answered)) if one.name == "eia")
    assert BeautifulSoup(document_html(document, level=2), "html.parser").text == (
        "Does not apply: counts of areas only, no people"
    )
