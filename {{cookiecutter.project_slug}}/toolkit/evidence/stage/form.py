"""Answers in JupyterLab: a form to write them in, and what is there so far."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING

from evidence.stage.pages import answers_html

if TYPE_CHECKING:
    from evidence.stage.stage import Stage
    from evidence.workbook import Workbook

# Set by the Jupyter server in the kernels it starts for people; a test runner's kernel has nobody to fill in a form.
_FOR_A_PERSON = "JPY_SESSION_NAME"


def show_form(stage: Stage, book: Workbook) -> None:
    """Shows a form for the stage's answers and registers, and below it what the files hold."""
    if os.environ.get(_FOR_A_PERSON):
        from IPython.display import display

        from evidence.workbook.form import answer_form

        display(answer_form(book, stage.number))
    folder = f"workbook/{stage.info.folder}"
    where = f"<p>The files are in {escape(folder)}. Save, then run this cell again to see them here.</p>"
    stage._show("answers", "Answers so far", where + answers_html(book, stage.number))
