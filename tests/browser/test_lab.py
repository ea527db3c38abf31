"""A person opens a project in JupyterLab and presses Run All: the page appears, and no cell fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.jupyter import TOKEN, open_notebook, run_all

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("notebook", ["01_problem_identification", "03_choosing_a_solution", "07_testing"])
def test_run_all_shows_the_page_and_no_error(tab, lab, lab_project, notebook):
    path = lab_project / "notebooks" / f"{notebook}.ipynb"
    open_notebook(tab, lab, path)
    outputs = [output for cell in run_all(tab, path) for output in cell["outputs"]]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    shown = [output["metadata"]["evidence"]["kind"] for output in outputs if "evidence" in output.get("metadata", {})]
    assert shown[0] == "header" and shown[-1] == "gate" and {"guidance", "answers"} <= set(shown)
    assert tab.locator(".jp-NotebookPanel table").count() > 0
    folder = os.environ.get("EVIDENCE_SCREENSHOTS")
    if folder:
        tab.screenshot(path=str(Path(folder) / f"lab_{notebook}.png"))


def test_no_question_about_news_is_asked(tab, lab):
    tab.goto(f"{lab}/lab?token={TOKEN}", wait_until="domcontentloaded")
    tab.wait_for_selector(".jp-DirListing-content", timeout=90_000)
    assert tab.locator(".jp-toast, .Toastify__toast").count() == 0
    names = tab.locator(".jp-DirListing-itemText").all_inner_texts()
    notebooks = [name for name in names if name.endswith(".ipynb")]
    assert notebooks == sorted(notebooks) and notebooks[-1].startswith("10_")
