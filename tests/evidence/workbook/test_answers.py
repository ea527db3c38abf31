"""Answers in Markdown: what counts, what does not, and where a part ends."""

from __future__ import annotations

import pytest

from evidence.workbook.answers import judge
from evidence.workbook.markdown import read_parts
from tests.evidence.workbook.helpers import edit, open_book

ANSWERS = "workbook/01_problem_identification/answers.md"
ENOUGH = "Managers cannot see which children have moved twice."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        "TBC",
        "tbc - Jo to write this later on",
        "To do",
        "n/a",
        "Not applicable",
        "N/A.",
        "...",
        "Yes.",
        "[insert name here]",
        "We will write this when TBC has been settled by the group",
        "**To be confirmed**",
        "lorem ipsum dolor sit amet et al",
    ],
)
def test_what_is_not_an_answer(text):
    assert judge(text)[0] == "unanswered"


def test_what_is_an_answer():
    assert judge(ENOUGH)[0] == "answered"
    assert judge("> “Nobody asked us”, said three of the seven carers.")[0] == "answered"
    assert judge("Not applicable: the council has no such service")[:2] == (
        "not applicable",
        "the council has no such service",
    )


def test_choices():
    choices = ("in-house", "consultants", "off-the-shelf")
    assert judge("In-house. Two analysts know the data well enough.", choices=choices) == ("answered", "", "in-house")
    assert (
        judge(
            "**Choice:** off‑the‑shelf".replace("\u2011", "-") + "\n\nBecause nobody here could build it.",
            choices=choices,
        )[2]
        == "off-the-shelf"
    )
    assert judge("In-house", choices=choices)[:2] == ("unanswered", "say why, in a sentence or two")
    assert judge("We do not know, it depends on the money", choices=choices)[0] == "unanswered"


def test_template_text_left_in_does_not_count(blank):
    folder = blank()
    question = open_book(folder).reference.questions["1.04"]
    assert open_book(folder).answer("1.04").state == "unanswered"
    edit(folder, ANSWERS, f"Example: {question.worked}", f"Example: {question.worked}\n\n{ENOUGH}")
    answer = open_book(folder).answer("1.04")
    assert answer.state == "unanswered" and "template text" in answer.note
    edit(folder, ANSWERS, f"Example: {question.worked}\n\n{ENOUGH}", question.worked)
    assert "template text" in open_book(folder).answer("1.04").note
    edit(folder, ANSWERS, question.worked, ENOUGH)
    assert open_book(folder).answer("1.04").state == "answered"


def test_a_question_of_the_ethics_workbook_always_applies(answered):
    text = open_book(answered).answer("Q2").text
    edit(answered, "workbook/ethics_workbook.md", text, "Not applicable: nobody asked us about this")
    assert open_book(answered).answer("Q2").state == "unanswered"


def test_headings_inside_an_answer_code_and_comments_belong_to_it():
    page = (
        "# Page\n\n## 1.04 First?\n> guide\n> more\n\nOur answer.\n\n### Detail\n\n```\n## 1.07 not a heading\n```\n"
        "<!--\n## 1.07 neither\n-->\n> a quotation\n\n## 1.07 Second?\nTwo.\n\n# Another part\n\nNot an answer.\n"
    )
    first, second = read_parts(page, lambda heading: heading[:4] in ("1.04", "1.07"))
    assert first.guide == "guide more"
    assert first.text.startswith("Our answer.") and "> a quotation" in first.text and "### Detail" in first.text
    assert "neither" not in first.text
    assert second.text == "Two."


def test_headings_missing_doubled_or_unknown_are_named(answered):
    edit(answered, ANSWERS, "## 1.04 ", "## 1.99 ")
    edit(answered, ANSWERS, "## 1.09 ", "## 1.07 ")
    said = [str(problem) for problem in open_book(answered).page_problems()]
    assert any("the heading of question 1.04 is missing. Put it back: ## 1.04" in one for one in said)
    assert any("question 1.07 is there twice" in one for one in said)
    assert any('"1.99 ' in one and "is not a question here" in one for one in said)
    assert open_book(answered).answer("1.04").state == "unanswered"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_pages_saved_by_windows_programs(answered, encoding):
    before = open_book(answered).answer("Q4")
    path = answered / "workbook/ethics_workbook.md"
    path.write_bytes(path.read_text(encoding="utf-8").replace("\n", "\r\n").encode(encoding))
    assert open_book(answered).answer("Q4") == before


def test_the_questions_of_a_stage_are_its_own_and_then_the_ethics_workbooks(answered):
    assert [answer.id for answer in open_book(answered).questions(1)] == ["1.04", "1.07", "1.09", "Q1", "Q2"]
    assert len(open_book(answered).ethics_questions()) == 15
    assert {answer.phase for answer in open_book(answered).ethics_questions()} == {"Explore", "Develop", "Implement"}


# Documents ---------------------------------------------------------------------------------------------------------


def test_the_eight_documents_are_complete_in_the_example_and_blank_in_the_template(answered, blank):
    assert {document.name: document.state for document in open_book(answered).documents()} == dict.fromkeys(
        [
            "business_case",
            "dpia",
            "eia",
            "cria",
            "tool_card",
            "evaluation_plan",
            "transparency_record",
            "publication_record",
        ],
        "done",
    )
    assert {document.state for document in open_book(blank()).documents()} == {"not started"}


def test_an_assessment_can_be_left_out_with_a_reason_but_not_the_one_that_is_required(answered):
    for name in ("eia", "dpia"):
        path = answered / f"workbook/04_ethics_triage/{name}.md"
        title, _, rest = path.read_text(encoding="utf-8").partition("\n")
        path.write_text(f"{title}\n\nNot applicable: counts of areas only, no people\n{rest}", encoding="utf-8")
    book = open_book(answered)
    assert book.action("4.06").state == "not applicable"
    assert book.action("4.05").state == "in progress"


def test_documents_show_what_the_project_knows_and_no_figures(answered, computed):
    from evidence.documents import open_documents, to_markdown

    documents = {document.name: document for document in open_documents(open_book(answered, computed))}
    case = to_markdown(documents["business_case"])
    assert "## Red lines" in case and "£113,200" in case and "| Id |" in case
    assert "The figures are on the page of stage 6" in to_markdown(documents["dpia"])
    assert len(documents) == 8
    assert [document.name for document in open_documents(open_book(answered), 4)] == ["dpia", "eia", "cria"]


def test_a_blank_document_says_so(blank):
    from evidence.documents import open_documents, to_markdown

    text = to_markdown(open_documents(open_book(blank()))[0])
    assert "Not complete: 10 headings of 10 still to be written." in text
    assert text.count("Not answered yet.") == 10
    assert "Sixty placement requests" not in text
