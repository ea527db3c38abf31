"""What pages show of what people wrote."""

from __future__ import annotations

import re
import shutil

from evidence.project import open_project
from evidence.stage.pages import answers_html
from evidence.workbook import Workbook


def test_no_answer_of_one_colleague_is_shown(tmp_path, sample_project, root):
    folder = tmp_path / "project"
    shutil.copytree(sample_project, folder)
    shutil.copytree(root / "tests" / "fixtures" / "answered" / "workbook", folder / "workbook", dirs_exist_ok=True)
    book = Workbook(open_project(folder))
    asked = [(7, "user_survey"), (5, "baseline_survey")]
    assert {name for name, info in book.reference.registers.items() if info.one_person_a_line} == {
        name for _, name in asked
    }
    shown = answers_html(book, 7)
    assert "15 people have answered. " in shown and "US1" not in shown
    assert not re.search(r"sus ?\d", shown, re.IGNORECASE)
    # A register about the work and not about one person is still shown whole.
    assert "Ran the tool on her own council" in shown
