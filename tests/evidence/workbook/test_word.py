"""A document as a Word file: the same words as its page, followed by a screen reader, the same bytes every time."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile

import docx
import pytest
from docx.oxml.ns import qn

from evidence.documents import FilledDocument, Known, Section, open_documents, to_word
from evidence.privacy import Secrets, scan
from tests.evidence.workbook.helpers import open_book

TABLE = Known("The risks", "workbook/risks.csv", heads=("Id", "Risk"), rows=(("R1", "Wrong figures"),), more=3)
DOCUMENT = FilledDocument(
    "dpia",
    "Data protection impact assessment",
    4,
    "workbook/04_ethics_triage/dpia.md",
    "in progress",
    "",
    (("Tool", "Toy tool"), ("Council", "Ynys Môn")),
    (
        Section("The risks", "", "We asked.\n\n- One\n- Two", "answered", "", True, (TABLE,)),
        Section("The measures", "", "", "unanswered", "", True, (Known("Owner", "project.toml", "Ada Example"),)),
    ),
)


def opened(content: bytes):
    return docx.Document(io.BytesIO(content))


def styles_and_texts(word) -> list[tuple[str, str]]:
    return [(part.style.name, part.text) for part in word.paragraphs if part.text]


def test_headings_are_headings_and_what_people_wrote_stands_apart_from_what_is_known():
    found = styles_and_texts(opened(to_word(DOCUMENT, "DRAFT", "30 April 2026")))
    assert found[:2] == [("Title", "Data protection impact assessment"), ("Subtitle", "DRAFT. As of 30 April 2026.")]
    assert found[2][1].startswith("1 of 2 headings are filled in.")
    assert found[3:] == [
        ("Heading 1", "The risks"), ("Normal", "We asked."), ("List Bullet", "One"), ("List Bullet", "Two"),
        ("Heading 2", "Known to the project: The risks (workbook/risks.csv)"),
        ("Normal", "And 3 more in the register."), ("Heading 1", "The measures"), ("Normal", "Not answered."),
        ("Heading 2", "Known to the project: Owner (project.toml)"), ("Normal", "Ada Example"),
    ]  # fmt: skip


def test_tables_have_marked_heads_and_say_what_they_hold():
    tables = opened(to_word(DOCUMENT, "DRAFT", "30 April 2026")).tables
    assert [[cell.text for cell in row.cells] for row in tables[1].rows] == [["Id", "Risk"], ["R1", "Wrong figures"]]
    for table, says in zip(tables, ("The tool", "The risks, beside “The risks”"), strict=True):
        first, *others = table.rows
        assert first._tr.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:tblHeader")) is None for row in others)
        assert table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val")) == says


def test_its_title_and_language_are_said_and_nobody_is_named():
    content = to_word(DOCUMENT, "DRAFT", "30 April 2026")
    about = opened(content).core_properties
    assert (about.title, about.language) == ("Data protection impact assessment", "en-GB")
    assert (about.author, about.last_modified_by, about.created.year) == ("", "", 1980)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        styles, settings = (parts.read(f"word/{name}.xml").decode() for name in ("styles", "settings"))
        assert not [name for name in parts.namelist() if "thumbnail" in name or "custom" in name]
    assert set(re.findall(r'w:lang w:val="([^"]+)"', styles)) == {"en-GB"} and "rsid" not in settings


def test_the_same_document_gives_the_same_bytes_at_any_time(monkeypatch):
    first = to_word(DOCUMENT, "DRAFT", "30 April 2026")
    monkeypatch.setenv("TZ", "America/St_Johns")
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    assert to_word(DOCUMENT, "DRAFT", "30 April 2026") == first
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert parts.namelist()[0] == "[Content_Types].xml" and parts.testzip() is None


def test_what_no_file_of_word_may_hold_is_left_out_and_odd_text_stays():
    odd = dataclasses.replace(DOCUMENT.sections[0], text="A\x00B \x1b[0m <b>&\ud800 ' 𝒳", known=())
    word = opened(to_word(dataclasses.replace(DOCUMENT, sections=(odd,)), "DRAFT", "30 April 2026"))
    assert "AB [0m <b>& ' 𝒳" in [part.text for part in word.paragraphs]


def test_a_document_that_does_not_apply_is_its_reason_alone():
    found = styles_and_texts(
        opened(to_word(dataclasses.replace(DOCUMENT, not_applicable="No child is named."), "DRAFT", "1 May 2026"))
    )
    assert found[2:] == [("Normal", "Does not apply: No child is named.")]


def test_it_holds_all_that_people_wrote(answered, computed):
    for document in open_documents(open_book(answered, computed)):
        word = opened(to_word(document, "DRAFT", "30 April 2026"))
        text = " ".join(part.text for part in word.paragraphs)
        for section in document.sections:
            assert section.heading in text
            assert all(line.strip("-* ") in text for line in section.text.splitlines())
        shown = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
        assert {cell for one in document.sections for known in one.known for row in known.rows for cell in row} <= set(
            shown
        )


@pytest.mark.parametrize(("value", "found"), [("11906", False), ("16838", False), ("QX77319", True)])
def test_the_scan_finds_a_child_in_it_and_takes_no_size_of_a_page_for_one(tmp_path, value, found):
    section = dataclasses.replace(DOCUMENT.sections[0], text="It is about QX77319.")
    path = tmp_path / "dpia.docx"
    path.write_bytes(to_word(dataclasses.replace(DOCUMENT, sections=(section,)), "DRAFT", "30 April 2026"))
    secrets = Secrets()
    secrets.add("child identifier", [value])
    assert bool(scan(path, secrets)) == found


def test_no_number_in_an_empty_one_could_be_taken_for_a_childs(tmp_path):
    path = tmp_path / "empty.docx"
    path.write_bytes(to_word(dataclasses.replace(DOCUMENT, sections=(), about=()), "DRAFT", "1 May 2026"))
    secrets = Secrets()
    secrets.add("child identifier", [f"{number:05d}" for number in range(100_000)])
    assert scan(path, secrets) == []
