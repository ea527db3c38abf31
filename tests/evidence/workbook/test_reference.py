"""The reference files, the template and its guides agree with one another, and their words are our own."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from evidence.project import Project
from evidence.workbook.actions import read_needs
from evidence.workbook.reference import Reference
from tests.evidence.workbook.helpers import open_book


@pytest.fixture(scope="module")
def reference(template: Path) -> Reference:
    return Reference(Project(template))


def test_every_register_has_its_headings_its_worked_line_and_its_guide(reference, template):
    for info in reference.registers.values():
        with (template / info.file).open(encoding="utf-8", newline="") as handle:
            rows = list(csv.reader(handle))
        assert rows[0] == info.column_names, info.file
        assert rows[1] == [column.worked for column in info.columns], info.file
        assert rows[1][0] == "EXAMPLE"
        assert tuple(row[0] for row in rows[2:]) == info.fixed_rows, info.file
        guide = ((template / info.file).parent / "README.md").read_text(encoding="utf-8")
        assert info.guide in guide, info.file
        assert all(f"| {name} |" in guide for name in info.column_names[1:]), info.file


def test_a_worked_line_would_be_a_good_line(reference, template):
    from evidence.workbook.registers import read_cell

    for info in reference.registers.values():
        for column in info.columns[1:]:
            value, problem = read_cell(column, column.worked)
            assert problem is None, (info.name, column.name)
            assert value is not None or not column.required, (info.name, column.name)


def test_every_page_has_its_headings_and_worked_lines(reference, template):
    for question in reference.questions.values():
        page = (template / question.file).read_text(encoding="utf-8")
        assert f" {question.question}\n" in page
        assert f"Example: {question.worked}\n" in page
    for document in reference.documents.values():
        page = (template / document.file).read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [one.heading for one in document.fields]
        assert page.count("Example: ") == 1


def test_the_needs_of_actions_name_columns_and_answers_that_exist(reference):
    by_file = {info.file: info for info in reference.registers.values()}
    for info in reference.actions.values():
        needs = read_needs(info.needs)
        for found in filter(None, (needs.only, needs.covers)):
            register = by_file[info.evidence[0]]
            values = [found[1]] if needs.only == found else found[1]
            assert set(values) <= {*register.column(found[0]).allowed, "as the triage asks"}, info.id


def test_documents_are_filled_from_what_exists(reference, template):
    for document in reference.documents.values():
        for one in document.fields:
            for source in one.filled_from:
                kind, _, name = source.partition(":")
                name, _, columns = name.partition("=")
                known = {"answer": reference.questions, "register": reference.registers}.get(kind, {name})
                assert name in known, source
                if columns:
                    assert set(columns.split(",")) <= set(reference.registers[name].column_names), source


def test_it_says_whose_the_workbook_and_the_triage_are(template):
    for file in (
        "workbook/ethics_workbook.md",
        "workbook/README.md",
        "workbook/04_ethics_triage/README.md",
        "reference/triage_rules.toml",
    ):
        text = " ".join((template / file).read_text(encoding="utf-8").replace("> ", "").replace("# ", "").split())
        assert re.search(r"this project's own.{0,60}not the Department's", text), file


def test_no_sentence_is_taken_from_the_guidance(template, root, shared_data):
    guidance = shared_data.parent / "guidance" / "dfe_guidance_april_2024.txt"
    if not guidance.is_file():
        pytest.skip("the text of the guidance is not beside the repository")
    theirs = grams(guidance.read_text(encoding="utf-8"))
    files = [
        *(template / "workbook").rglob("*"),
        *(template / "reference").rglob("*"),
        *(root / "tests/fixtures/answered").rglob("*"),
    ]
    for path in files:
        # The actions are named in the words that were agreed for them, which are kept as they are.
        if path.suffix in (".md", ".csv", ".toml") and path.name != "guidance.csv":
            shared = grams(path.read_text(encoding="utf-8")) & theirs
            assert not shared, (path.name, sorted(shared)[:3])


def grams(text: str, size: int = 9) -> set[str]:
    words = re.findall(r"[a-z]+", text.lower())
    return {" ".join(words[start : start + size]) for start in range(len(words) - size + 1)}


def test_the_template_has_only_what_its_registers_and_pages_name(reference, template):
    known = {info.file for info in reference.registers.values()} | {info.file for info in reference.questions.values()}
    known |= {info.file for info in reference.documents.values()}
    here = {path.relative_to(template).as_posix() for path in (template / "workbook").rglob("*") if path.is_file()}
    assert here - known == {name for name in here if name.endswith("README.md")}
    assert known <= here


def test_what_was_read_is_recorded(answered):
    book = open_book(answered)
    assert book.files_read == []
    book.questions(1)
    names = {book.project.relative(path) for path in book.files_read}
    assert names == {
        "reference/questions.csv",
        "workbook/01_problem_identification/answers.md",
        "workbook/ethics_workbook.md",
    }
