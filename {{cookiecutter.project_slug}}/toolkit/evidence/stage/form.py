"""Answers in JupyterLab: what is there, what is open, and which file to open to write it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from evidence.stage.pages import answers_html

if TYPE_CHECKING:
    from evidence.stage.stage import Stage
    from evidence.workbook import Workbook


def show_form(stage: Stage, book: Workbook) -> None:
    """Shows the stage's answers, registers and documents, and names the folder they are written in."""
    folder = f"workbook/{stage.info.folder}"
    where = f"<p>You write in the files of {escape(folder)}. Save them, then run this cell again.</p>"
    stage._show("answers", "Answers so far", where + answers_html(book, stage.number))
