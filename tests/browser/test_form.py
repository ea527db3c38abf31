"""A person answers a question in JupyterLab with the keyboard only: it stands in the file, the form and the pack."""

from __future__ import annotations

import pytest

from tests.browser.jupyter import open_notebook, run_all

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WORDS = "Nobody sees a second move coming until it has happened."


def answer_box(tab):
    """The form's box, once the cells that move the focus have all run."""
    box = tab.get_by_label("Answer", exact=True)
    box.scroll_into_view_if_needed(timeout=60_000)
    return box


def test_a_question_is_answered_by_keyboard_and_stands_in_file_form_and_pack(tab, lab, lab_project, run_evidence):
    path = lab_project / "notebooks" / "01_problem_identification.ipynb"
    open_notebook(tab, lab, path)
    run_all(tab, path)
    tab.locator(".jp-Notebook").first.evaluate("notebook => notebook.scrollTo(0, 0)")
    answer_box(tab).focus()
    tab.keyboard.type(WORDS)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.get_by_text("This is answered.").wait_for(timeout=30_000)
    file = lab_project / "workbook" / "01_problem_identification" / "answers.md"
    assert WORDS in file.read_text(encoding="utf-8")

    tab.reload(wait_until="domcontentloaded")
    tab.get_by_text("(ipykernel) | Idle").wait_for(timeout=90_000)
    shown = [output for cell in run_all(tab, path, until=WORDS) for output in cell["outputs"]]
    assert [output for output in shown if output["output_type"] == "error"] == []

    done = run_evidence(lab_project, "run", "sample", "--stages", "1")
    assert done.returncode == 0, done.stderr
    assert WORDS in (lab_project / "packs" / "sample" / "01_problem_identification.html").read_text(encoding="utf-8")
