"""The answered example, made as `make demo-answered` makes it: everything settled, every gate met, by whom and when."""

from __future__ import annotations

import os
import re
import sys
from html import unescape
from pathlib import Path

import pytest

from evidence.pack import compare, open_pack
from evidence.pack.pages import comparison_page
from tests.browser.looks import LOOKS_A_PAGE, faults_of
from tests.fixtures.answered.example import answers, make_example

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def example(bake_to_keep) -> Path:
    project = bake_to_keep(**answers())
    places = os.pathsep.join([str(project / "toolkit"), str(project / "src")])
    make_example(project, [sys.executable, "-m", "evidence"], {**os.environ, "PYTHONPATH": places})
    return project


def words(page: Path) -> str:
    text = re.sub(r"<style.*?</style>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_all_actions_are_settled_and_the_pack_says_who_approved_what(example):
    page = example / "packs" / "sample" / "index.html"
    assert re.findall(r'class="stamp">([^<]+)<', page.read_text(encoding="utf-8")) == ["STAGE 8 APPROVED"]
    index = words(page)
    assert "Stage 8 (Pre-deployment) was approved by Helen Marsh, accountable owner, on 26 February 2026" in index
    tracker = index[index.index("The ten stages") : index.index("Risks, worst first")]
    stages = {1: 11, 2: 10, 3: 14, 4: 11, 5: 16, 6: 12, 7: 14, 8: 10, 9: 12, 10: 5}
    assert sum(stages.values()) == 115
    for stage, actions in stages.items():
        gate = "met" if stage in (1, 2, 3, 4, 7, 8) else "no gate"
        assert re.search(rf" {stage}\. [A-Z][a-z -]+ {actions} of {actions} {gate} ", tracker), stage
    assert "Helen Marsh, accountable owner 26 February 2026 none" in tracker


@pytest.mark.browser
def test_every_page_of_the_answered_pack_is_accessible_in_every_look(browser, example):
    looked, faults = faults_of(browser, example / "packs" / "sample")
    assert looked == 19 * LOOKS_A_PAGE and faults == []


def test_the_packs_of_both_demos_can_be_compared(example, finished_run):
    packs = [open_pack(project / "packs" / "sample") for project in (finished_run(), example)]
    both = compare(*packs)
    assert both.warnings == () and all(section.says for section in both.sections)
    (gates,) = (section for section in both.sections if section.title == "Gates and sign-offs")
    assert ("Stamp", "DRAFT", "STAGE 8 APPROVED") in gates.rows
    assert [row[1] for row in gates.rows if row[0] == "Gate of stage 4"][0].endswith(" more.")
    assert "Stage 8 (Pre-deployment) was approved by Helen Marsh" in comparison_page(both)
