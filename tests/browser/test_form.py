"""A person answers a question in JupyterLab with the keyboard only, and it stands in the file."""

from __future__ import annotations

import pytest

from tests.browser.test_lab import lab, project, tab  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WORDS = "Nobody sees a second move coming until it has happened."


def test_a_question_is_answered_by_keyboard_and_stands_in_the_file(tab, lab, project):  # noqa: F811
    tab.goto(
        f"{lab}/lab/workspaces/form/tree/01_problem_identification.ipynb?token=reader", wait_until="domcontentloaded"
    )
    tab.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    tab.wait_for_timeout(4000)
    # Where JupyterLab asks for a kernel, the one it proposes is right.
    if tab.locator(".jp-Dialog").count():
        tab.locator(".jp-Dialog .jp-mod-accept").click()
    tab.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=90_000)
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_text("Run All Cells", exact=True).click()
    answer = tab.get_by_label("Answer", exact=True)
    answer.wait_for(timeout=120_000)
    # JupyterLab moves the focus from cell to cell until the last one has run.
    tab.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=120_000)
    tab.wait_for_timeout(3000)
    answer.focus()
    tab.keyboard.type(WORDS)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.get_by_text("This is answered.").wait_for(timeout=30_000)
    page = project / "workbook" / "01_problem_identification" / "answers.md"
    assert WORDS in page.read_text(encoding="utf-8")
