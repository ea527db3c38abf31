"""Saving from the form: one answer or line changes, nobody's words are lost, and the file stays readable."""

from __future__ import annotations

import csv
import io

import pytest

from evidence.project import EvidenceError
from evidence.workbook import save_answer, save_field, save_row
from tests.evidence.workbook.helpers import edit, open_book

PAGE = "workbook/01_problem_identification/answers.md"
ETHICS = "workbook/ethics_workbook.md"


def test_an_answer_replaces_the_worked_line_and_nothing_else(blank):
    folder = blank()
    before = (folder / PAGE).read_text(encoding="utf-8")
    question = open_book(folder).reference.questions["1.04"]
    save_answer(folder / PAGE, PAGE, "1.04", "Nobody sees the second move coming.", "")
    after = (folder / PAGE).read_text(encoding="utf-8")
    assert after == before.replace(f"Example: {question.worked}", "Nobody sees the second move coming.")
    assert open_book(folder).answer("1.04").state == "answered"


def test_saving_the_same_again_and_emptying(blank):
    folder = blank()
    save_answer(folder / ETHICS, ETHICS, "Q5", "Two risks, both with an owner.", "")
    once = (folder / ETHICS).read_bytes()
    assert not save_answer(folder / ETHICS, ETHICS, "Q5", "Two risks, both with an owner.\n", "").changed
    assert (folder / ETHICS).read_bytes() == once
    assert b"\n# Develop\n" in once
    save_answer(folder / ETHICS, ETHICS, "Q5", "", "Two risks, both with an owner.")
    assert open_book(folder).answer("Q5").text == ""
    assert b"\n# Develop\n" in (folder / ETHICS).read_bytes()


def test_what_somebody_else_wrote_meanwhile_is_kept(answered):
    seen = open_book(answered).answer("1.04").text
    edit(answered, PAGE, seen, "Their own words about the problem.")
    saved = save_answer(answered / PAGE, PAGE, "1.04", "My own words about it.", seen)
    assert saved.kept_both
    assert open_book(answered).answer("1.04").text == "Their own words about the problem.\n\nMy own words about it."


def test_another_answer_changed_meanwhile_is_no_clash(answered):
    seen = open_book(answered).answer("1.04").text
    edit(answered, PAGE, open_book(answered).answer("1.07").text, "Changed by somebody else just now.")
    assert not save_answer(answered / PAGE, PAGE, "1.04", "My own words about it.", seen).kept_both
    assert open_book(answered).answer("1.07").text == "Changed by somebody else just now."


@pytest.mark.parametrize("answer", ["# Big\n\ntext of an answer here now", "## 1.07 Mine\n\nand more words to it here"])
def test_an_answer_cannot_break_out_of_its_heading(answered, answer):
    other = open_book(answered).answer("1.07")
    save_answer(answered / PAGE, PAGE, "1.04", answer, open_book(answered).answer("1.04").text)
    book = open_book(answered)
    assert book.answer("1.07") == other and book.page_problems() == []
    assert "Mine" in book.answer("1.04").text or "Big" in book.answer("1.04").text


def test_a_heading_that_is_gone_saves_nothing(answered):
    edit(answered, PAGE, "## 1.04", "## 1.88")
    before = (answered / PAGE).read_bytes()
    with pytest.raises(EvidenceError, match="nothing was saved"):
        save_answer(answered / PAGE, PAGE, "1.04", "words", "")
    assert (answered / PAGE).read_bytes() == before


def test_a_field_of_a_document(blank):
    folder = blank()
    file = "workbook/04_ethics_triage/dpia.md"
    save_field(folder / file, file, "Risks to people", "Being recognised from a small table.", "")
    fields = {one.heading: one for one in open_book(folder).document("dpia").fields}
    assert fields["Risks to people"].state == "answered"
    assert fields["Who was asked"].text == ""


def test_a_line_is_added_and_changed_and_the_rest_stays(answered):
    book = open_book(answered)
    info = book.reference.registers["risks"]
    path = answered / info.file
    before = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    save_row(path, info, "R10", {"risk": "The list is printed", "stage": "6"}, {})
    save_row(path, info, "R1", {"owner": "Helen Marsh"}, {"owner": "David Okafor, assistant director"})
    after = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert len(after) == len(before) + 1
    assert after[2:-1] == before[2:]
    assert open_book(answered).register("risks").by_id("R1")["owner"] == "Helen Marsh"


def test_a_cell_somebody_else_changed_keeps_both(answered):
    info = open_book(answered).reference.registers["risks"]
    saved = save_row(answered / info.file, info, "R1", {"owner": "Helen Marsh"}, {"owner": "somebody long gone"})
    assert saved.kept_both
    owner = open_book(answered).register("risks").by_id("R1")["owner"]
    assert owner == "David Okafor, assistant director / Helen Marsh"


def test_a_file_from_excel_keeps_its_separator_and_opens_in_excel_again(answered):
    info = open_book(answered).reference.registers["limitations"]
    path = answered / info.file
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(rows)
    path.write_bytes(out.getvalue().encode("cp1252"))
    save_row(path, info, "L9", {"limitation": "Zoë’s list is not in it"}, {})
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid;stage;")
    assert open_book(answered).register("limitations").by_id("L9")["limitation"] == "Zoë’s list is not in it"


def test_an_unknown_column_saves_nothing(answered):
    info = open_book(answered).reference.registers["risks"]
    with pytest.raises(EvidenceError, match="no column ownr"):
        save_row(answered / info.file, info, "R1", {"ownr": "x"}, {})


# The form itself, without a browser ----------------------------------------------------------------------------------


def test_the_form_saves_what_is_typed_and_says_how_it_stands(blank):
    from evidence.workbook.form import answer_form

    folder = blank()
    words, lines = answer_form(open_book(folder), 1).children
    choice, about, text, save, said = words.children
    assert choice.value == "1.04" and "Not answered yet" in said.value
    text.value = "Nobody sees the second move coming."
    assert (folder / ".evidence/drafts/01_1_04.md").is_file()
    save.click()
    assert "This is answered" in said.value
    assert not list((folder / ".evidence/drafts").iterdir())
    assert open_book(folder).answer("1.04").text == "Nobody sees the second move coming."


def test_what_is_typed_and_not_saved_is_there_again(blank):
    from evidence.workbook.form import answer_form

    folder = blank()
    words, _ = answer_form(open_book(folder), 1).children
    words.children[2].value = "Half a sentence"
    words.children[0].value = "1.07"
    assert words.children[2].value == ""
    again, _ = answer_form(open_book(folder), 1).children
    assert again.children[2].value == "Half a sentence" and "draft" in again.children[-1].value


def test_the_form_adds_a_line_and_answers_the_triage(blank):
    from evidence.workbook.form import answer_form

    folder = blank()
    _, lines = answer_form(open_book(folder), 4).children
    choice, _, line, cells, save, said = lines.children
    choice.value = "ethics_triage"
    line.value = "T5"
    answer = cells.children[0]
    assert [label for label, _ in answer.options] == ["", "high", "mixed", "low on every component"]
    answer.value = "mixed"
    save.click()
    assert "Saved as T5" in said.value and "answered by" in said.value
    assert open_book(folder).triage_answer("T5") == "mixed"
    choice.value = "risks"
    line.value = "a new line"
    cells.children[1].value = "A child is missed"
    save.click()
    assert [row.id for row in open_book(folder).register("risks").rows] == ["R1"]


@pytest.mark.parametrize("stage", range(1, 11))
def test_every_stage_has_a_form(answered, stage):
    from evidence.workbook.form import answer_form

    assert len(answer_form(open_book(answered), stage).children) == 2
