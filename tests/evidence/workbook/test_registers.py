"""Registers read the same however a spreadsheet program saved them, and what is wrong is named by row and column."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.workbook.reference import Reference
from evidence.workbook.registers import Register, read_register
from evidence.workbook.values import read_date, read_number
from tests.evidence.workbook.helpers import edit, open_book

HEADINGS = ["id", "step", "component", "owner", "due", "status"]
ROWS = [
    ["I1", "Talk about figures, monthly", "M2", "Zoë Lindqvist", "30/06/2026", "planned"],
    ["I2", "A field “reason” – required", "M3", "O’Hara", "01/05/2026", "done"],
]


@pytest.fixture
def read(tmp_path, template):
    """`read(bytes)` reads them as the improvement plan."""
    from evidence.project import Project

    info = Reference(Project(template)).registers["improvement_plan"]

    def read_bytes(raw: bytes) -> Register:
        path = tmp_path / "improvement_plan.csv"
        path.write_bytes(raw)
        return read_register(path, info)

    return read_bytes


def as_csv(rows: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    def cell(text: str) -> str:
        return f'"{text}"' if separator in text or '"' in text else text

    return "".join(separator.join(map(cell, row)) + end for row in rows)


def meaning(register: Register) -> list[tuple]:
    return [tuple(row[name] for name in HEADINGS) for row in register.rows]


EXPECTED = [
    ("I1", "Talk about figures, monthly", "M2", "Zoë Lindqvist", date(2026, 6, 30), "planned"),
    ("I2", "A field “reason” – required", "M3", "O’Hara", date(2026, 5, 1), "done"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_encodings_and_line_ends(read, encoding, separator, end):
    register = read(as_csv([HEADINGS, *ROWS], separator, end).encode(encoding))
    assert meaning(register) == EXPECTED
    assert register.problems == []


@pytest.mark.parametrize(
    "rows",
    [
        [HEADINGS[::-1], *(row[::-1] for row in ROWS)],
        [[], ["", "", ""], HEADINGS, [], ROWS[0], ["", ""], ROWS[1], ["", "", ""]],
        [["", *HEADINGS, ""], *(["", *row, ""] for row in ROWS)],
        [[f" {name.upper()} " for name in HEADINGS], *([f"  {cell} " for cell in row] for row in ROWS)],
        [[name.replace("id", "\u00a0Id") for name in HEADINGS], *([f"{cell}\u00a0" for cell in row] for row in ROWS)],
        [[*HEADINGS, "our own notes"], *([*row, "mine"] for row in ROWS)],
        [HEADINGS, ["EXAMPLE", "Say why", "M1", "Me", "tomorrow", "maybe"], *ROWS],
        [["sep=,"], HEADINGS, *ROWS],
    ],
    ids=[
        "reordered",
        "blank rows",
        "blank columns",
        "capitals and spaces",
        "hard spaces",
        "own column",
        "worked line",
        "sep",
    ],
)
def test_what_people_and_spreadsheets_do_to_a_table(read, rows):
    register = read(as_csv(rows).encode())
    assert meaning(register) == EXPECTED
    assert register.problems == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("30/04/2026", date(2026, 4, 30)),
        ("30/4/26", date(2026, 4, 30)),
        ("30-Apr-26", date(2026, 4, 30)),
        ("30 April 2026", date(2026, 4, 30)),
        ("1st May 2026", date(2026, 5, 1)),
        ("2026-04-30", date(2026, 4, 30)),
        ("2026-04-30 00:00:00", date(2026, 4, 30)),
        ("30.04.2026", date(2026, 4, 30)),
        ("46142", date(2026, 4, 30)),
        ("46142.0", date(2026, 4, 30)),
        ("03/04/2026", date(2026, 4, 3)),
        ("04/23/2026", None),
        ("31/02/2026", None),
        ("soon", None),
        ("12", None),
        ("Apr-26", None),
    ],
)
def test_dates(written, meant):
    assert read_date(written) == meant


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_date_reads_the_same_in_every_way_it_is_written(day):
    ways = ["%d/%m/%Y", "%d-%b-%y", "%d %B %Y", "%Y-%m-%d", "%d/%m/%y"]
    assert {read_date(day.strftime(way)) for way in ways} == {day}
    assert read_date(str((day - date(1899, 12, 30)).days)) == day


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12500", 12500),
        ("£12,500.50", 12500.5),
        ("0,25", 0.25),
        ("65%", 0.65),
        ("1 250", 1250),
        ("1e3", 1000),
        ("about 3", None),
        ("", None),
    ],
)
def test_numbers(written, meant):
    assert read_number(written) == meant


@pytest.mark.parametrize(
    ("cell", "column", "words"),
    [
        ("04/23/2026", "due", "Write the day first"),
        ("nearly", "status", "Use one of: planned, under way, done."),
        ("plannd", "status", "Did you mean planned?"),
        ("#REF!", "owner", "Type the value itself"),
        ("########", "due", "Type the value itself"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(read, cell, column, words):
    row = [cell if name == column else text for name, text in zip(HEADINGS, ROWS[0], strict=True)]
    register = read(as_csv([[], HEADINGS, row]).encode())
    (problem,) = register.problems
    assert (problem.row, problem.column) == (3, column)
    assert words in problem.remedy
    assert str(problem).startswith(f"workbook/02_capability_assessment/improvement_plan.csv, row 3, column {column}: ")
    assert register.rows[0].missing == (column,)


def test_headings_that_are_missing_or_doubled_and_cells_too_many(read):
    register = read(as_csv([["id", "step", "step", "owner", "due", "status"], [*ROWS[0], "and more"]]).encode())
    said = " ".join(map(str, register.problems))
    assert "the column component is missing" in said
    assert "the column step is there twice" in said
    assert "a column that has no heading" in said


def test_no_headings_no_file_and_an_empty_file(read, tmp_path):
    assert "row of headings" in str(read(b"some words\nand more\n").problems[0])
    assert read(b"").rows == [] and read(b"").problems == []
    missing = read_register(tmp_path / "nothing.csv", read(b"").info)
    assert not missing.exists and "missing" in missing.problems[0].what


def test_ids_twice_and_worked_lines_under_another_id(read):
    register = read(as_csv([HEADINGS, ROWS[0], ROWS[0]]).encode())
    assert "the id I1 is in row 2 already" in register.problems[0].what
    worked = [column.worked for column in register.info.columns]
    register = read(as_csv([HEADINGS, ["I9", *worked[1:]]]).encode())
    assert register.rows == [] and "worked line" in register.problems[0].what


@pytest.mark.parametrize(
    "blank", ["", "TBC", "tbc.", "To do", "n/a", "N/A", "-", "?", "to be confirmed by Jo", "Don’t know"]
)
def test_placeholders_are_unanswered_and_not_wrong(read, blank):
    register = read(as_csv([HEADINGS, ["I1", blank, "M1", blank, blank, blank]]).encode())
    assert register.problems == []
    assert not register.complete_rows
    assert all(row.missing for row in register.rows)


def test_a_file_left_open_and_a_reading_that_changes_nothing(answered):
    folder = answered / "workbook" / "01_problem_identification"
    for name in ("~$stakeholders.csv", ".~lock.stakeholders.csv#"):
        (folder / name).write_bytes(b"\x00\x01locked")
    before = {path: path.read_bytes() for path in answered.rglob("*") if path.is_file()}
    book = open_book(answered)
    assert len(book.register("stakeholders").complete_rows) == 8
    from evidence.workbook import review

    assert not [one for one in review(book) if one.kind == "cannot be read"]
    assert {path: path.read_bytes() for path in answered.rglob("*") if path.is_file()} == before


def test_every_register_of_the_answered_example_survives_a_spreadsheet(answered):
    """As LibreOffice and Excel save: semicolons, cp1252, Windows line ends, dates in another form, blank rows."""
    import csv
    import io

    book = open_book(answered)
    before = {name: [row.values for row in book.register(name).rows] for name in book.reference.registers}
    for info in book.reference.registers.values():
        path = answered / info.file
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        rows = [
            [(cell if read_date(cell) is None or "/" not in cell else f"{read_date(cell):%d-%b-%y}") for cell in row]
            for row in rows
        ]
        out = io.StringIO()
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([*rows, [], [""] * len(rows[0])])
        path.write_bytes(out.getvalue().encode("cp1252"))
    again = open_book(answered)
    for name in before:
        assert [row.values for row in again.register(name).rows] == before[name], name
        assert again.register(name).problems == [], name


def test_frames_have_dates_numbers_and_text(answered):
    frame = open_book(answered).register("costs").frame
    assert frame["pounds"].dtype == "float64" and frame["pounds"].sum() == 113_200
    assert str(frame["heading"].dtype) == "str"
    due = open_book(answered).register("reviews").frame["due"]
    assert str(due.dtype) == "datetime64[ns]" and due.notna().all()


def test_opening_the_workbook_takes_no_pandas(answered):
    import os
    import subprocess
    import sys

    code = (
        "import sys; from evidence.project import open_project; from evidence.workbook import open_workbook\n"
        "book = open_workbook(open_project()); book.counts(); book.verdict()\n"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=answered, capture_output=True, text=True, env=os.environ)
    assert done.stdout.strip() == "False", done


def test_what_is_named_is_in_the_project(answered):
    edit(answered, "workbook/risks.csv", ",A2 L2 D4", ",A2 L99 D4")
    entry = next(one for one in open_book(answered).risks() if one.id == "R1")
    assert entry.leads_nowhere == ("L99",)
