"""Workbooks: where the table is on a sheet, what a cell becomes, and what cannot be read is said with its place."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.data.sources.excel import Workbook
from evidence.project import EvidenceError
from tests.evidence.data.workbooks import Shown, write_workbook

SAVED = Path(__file__).parents[2] / "fixtures" / "workbooks"
NAMES = ["Child ID", "Born", "Referred", "Score", "Open"]
ROWS = [
    ["007", date(2012, 3, 4), datetime(2025, 5, 6, 14, 30), 5, True],
    ["8", date(2013, 12, 31), None, 5.25, False],
]


def read(path: Path, sheet: str = "Referrals", **how):
    return Workbook(path, path.name).read(sheet, **how)


@pytest.fixture
def book(tmp_path):
    """`book(rows, …)` writes a workbook whose only sheet, Referrals, holds these rows."""
    return lambda rows, **more: write_workbook(tmp_path / "extract.xlsx", {"Referrals": rows}, **more)


def test_cells_become_text_as_they_are_meant(book):
    raw, notes = read(book([NAMES, *ROWS]))
    assert raw.frame.astype(object).where(raw.frame.notna(), None).to_numpy().tolist() == [
        ["007", "2012-03-04", "2025-05-06 14:30:00", "5", "TRUE"],
        ["8", "2013-12-31", None, "5.25", "FALSE"],
    ]
    assert list(raw.frame.columns) == NAMES
    assert raw.lines.tolist() == [2, 3]
    assert (raw.blank, notes) == (0, [])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567890.0, "1234567890"),
        (0.1 + 0.2, "0.3"),
        (1e20, "100000000000000000000"),
        (0.00001, "0.00001"),
        (-3.0, "-3"),
        ("  blanks  ", "blanks"),
        ("01", "01"),
    ],
)
def test_numbers_and_texts(book, value, text):
    raw, _ = read(book([["a", "b"], [value, "x"]]))
    assert raw.frame["a"].tolist() == [text]


def test_titles_above_and_footnotes_below_are_left_out(book):
    above = [["Referrals, 1 April 2025 to 31 March 2026"], [], ["Child", None, "Referral"]]
    below = [[], ["Source: case-management system"], ["* a date of birth may be estimated"]]
    raw, notes = read(book([*above, NAMES, ROWS[0], [], ROWS[1], *below]))
    assert raw.frame["Child ID"].tolist() == ["007", "8"]
    assert raw.lines.tolist() == [5, 7]
    assert notes == [
        "extract.xlsx, sheet Referrals: the column names are in row 4; rows left out: 3 above and 2 below the table.",
        "extract.xlsx, sheet Referrals has rows with nothing in them, left out: 1.",
    ]


def test_a_row_with_one_cell_is_no_footnote_unless_it_stands_apart(book):
    raw, _ = read(book([NAMES, *ROWS, ["9"]]))
    assert raw.frame["Child ID"].tolist() == ["007", "8", "9"]


def test_the_header_may_be_told(book):
    rows = [["A", "B"], ["really", "data"], ["Child", "Team"], ["1", "North"]]
    raw, notes = read(book(rows), header_row=3)
    assert raw.frame.to_dict("list") == {"Child": ["1"], "Team": ["North"]}
    assert "the column names are in row 3; rows left out: 2 above" in notes[0]


def test_a_header_over_two_lines_and_a_column_without_anything(book):
    raw, _ = read(book([["Child\nID", None, " Team  name "], ["1", None, "North"]]))
    assert list(raw.frame.columns) == ["Child ID", "Team name"]


def test_errors_are_named_and_empty(book):
    raw, notes = read(book([NAMES, ["007", Shown(), None, Shown("#DIV/0!"), True]]))
    assert raw.frame.loc[0, ["Born", "Score"]].isna().all()
    assert notes == [
        "extract.xlsx, sheet Referrals: cells that show an error such as #N/A were read as empty: 2 (B2, D2)."
    ]


def test_errors_of_an_old_workbook_are_named(tmp_path):
    raw, notes = read(SAVED / "errors.xls")
    assert raw.frame.isna().to_numpy().tolist() == [[False, True, False], [False, False, True], [False, True, False]]
    assert notes == [
        "errors.xls, sheet Referrals: cells that show an error such as #N/A were read as empty: 2 (B2, C3)."
    ]
    assert read(SAVED / "errors.xls", "Visits")[1] == []


def record(kind: int, body: bytes = b"") -> bytes:
    """A record of a binary workbook: its kind and size seven bits a byte, then what it holds."""

    def number(value: int) -> bytes:
        return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + number(value >> 7)

    return number(kind) + number(len(body)) + body


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary_workbook(path: Path, cells: bytes) -> Path:
    names = "http://schemas.openxmlformats.org/package/2006/relationships"
    sheet = record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Referrals"))
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("xl/workbook.bin", record(131) + record(143) + sheet + record(144) + record(132))
        package.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{names}"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/'
            'officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        size = record(148, struct.pack("<IIII", 0, 2, 0, 1))
        package.writestr(
            "xl/worksheets/sheet1.bin", record(129) + size + record(145) + cells + record(146) + record(130)
        )
    return path


def test_errors_of_a_binary_workbook_are_named(tmp_path):
    def cell(kind: int, column: int, body: bytes) -> bytes:
        return record(kind, struct.pack("<II", column, 0) + body)

    def row(number: int) -> bytes:
        return record(0, struct.pack("<IIHHBI", number, 0, 300, 0, 0, 0))

    cells = row(0) + cell(6, 0, wide("Child")) + cell(6, 1, wide("Score"))
    cells += row(1) + cell(6, 0, wide("C1")) + cell(3, 1, b"\x2a")
    cells += row(2) + cell(6, 0, wide("C2")) + cell(5, 1, struct.pack("<d", 4.0))
    raw, notes = read(binary_workbook(tmp_path / "extract.xlsb", cells))
    assert raw.frame["Child"].tolist() == ["C1", "C2"] and raw.frame["Score"].isna().tolist() == [True, False]
    assert notes == ["extract.xlsb, sheet Referrals: cells that show an error such as #N/A were read as empty: 1 (B2)."]


@pytest.mark.parametrize(("from_1904", "day"), [(False, "2012-04-01"), (True, "2016-04-02")])
def test_day_counts_are_dates_only_where_the_catalogue_says_date(book, from_1904, day):
    # 41000 days after 30 December 1899, and after 1 January 1904.
    path = book([NAMES, ["007", 41000, None, 41000, None], ["8", date(2012, 3, 4), None, 1, None]], from_1904=from_1904)
    raw, notes = read(path, dates={"BORN"})
    assert raw.frame["Born"].tolist() == [day, "2012-03-04"]
    assert raw.frame["Score"].tolist() == ["41000", "1"]
    assert notes == [
        "extract.xlsx, sheet Referrals: numbers in date columns were read as the days they count: Born (1)."
    ]
    untold, notes = read(path)
    assert untold.frame["Born"].tolist() == ["41000", "2012-03-04"]
    assert notes == []


@pytest.mark.parametrize("value", [2024, 20240131, 9999, 99999, "41000"])
def test_a_number_that_may_be_no_day_count_stays(book, value):
    raw, notes = read(book([["Born", "b"], [value, "x"]]), dates={"BORN"})
    assert raw.frame["Born"].tolist() == [str(value)]
    assert notes == []


def test_merged_cells_hold_their_value_in_each_row(book):
    rows = [["Child", "Visit"], ["007", "a"], [None, "b"], ["8", "c"]]
    raw, notes = read(book(rows, merged={"Referrals": ["A2:A3"]}))
    assert raw.frame["Child"].tolist() == ["007", "007", "8"]
    assert notes == ["extract.xlsx, sheet Referrals: merged cells were read as if each row held their value: 1."]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "sheet Referrals: the sheet is empty"),
        ([NAMES], "sheet Referrals: the sheet has a header and no rows"),
        ([[1, 2, 3], [4, 5, 6]], "sheet Referrals: no row of column names was found"),
        (
            [["a", None, "c", "d", "e"], ["v", "w", "x", "y", "z"]],
            "row 1: column 2 has no name, and has something in it",
        ),
        ([["a", "A "], ["1", "2"]], "row 1: there are two columns called A"),
        ([["a", "b"], ["1", "2"], [], ["a", "b"], ["3", "4"]], "row 4: the column names stand there a second time"),
    ],
)
def test_what_is_wrong_with_a_sheet_is_said(book, rows, message):
    with pytest.raises(EvidenceError) as error:
        read(book(rows))
    assert message in str(error.value)
    assert str(error.value).startswith("extract.xlsx")


def test_a_sheet_or_header_that_is_not_there(book):
    path = book([NAMES, *ROWS])
    with pytest.raises(EvidenceError, match="there is no sheet Visits") as error:
        read(path, "Visits")
    assert "The sheets are: Referrals." in str(error.value)
    with pytest.raises(EvidenceError, match="row 9 is empty, and the catalogue says"):
        read(path, header_row=9)
    assert len(read(path, " referrals")[0].frame) == 2


texts = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(
    above=st.lists(st.sampled_from([[], ["A title"], [None, "a note"]]), max_size=3),
    names=st.lists(texts, min_size=4, max_size=6, unique=True),
    data=st.data(),
)
def test_the_table_comes_back_whatever_stands_above(tmp_path_factory, above, names, data):
    cell = st.one_of(st.none(), texts.map("x ".__add__))
    # The first cell of each row is filled, as a child's identifier is, and the last one tells a row from a footnote.
    row = st.tuples(texts.map("id ".__add__), *[cell] * (len(names) - 2), texts.map("z ".__add__)).map(list)
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    path = write_workbook(tmp_path_factory.mktemp("book") / "extract.xlsx", {"Referrals": [*above, names, *rows]})
    raw, _ = read(path)
    assert list(raw.frame.columns) == names
    assert raw.frame.astype(object).where(raw.frame.notna(), None).to_numpy().tolist() == rows
    assert raw.lines.tolist() == [len(above) + 2 + at for at in range(len(rows))]


@pytest.mark.slow
def test_what_libreoffice_saves_reads_the_same(book, tmp_path):
    program = shutil.which("soffice")
    if not program:
        pytest.skip("LibreOffice was not found")
    path = book([["Referrals to 31 March"], [], NAMES, *ROWS, ["9", Shown(), None, 41000, None]])
    expected, _ = read(path, dates={"SCORE"})
    # LibreOffice keeps a truth value without a format of its own as a number.
    as_numbers = {"TRUE": "1", "FALSE": "0"}
    for ending in ("xlsx", "ods", "xls"):
        folder = tmp_path / ending
        profile = (tmp_path / "profile").as_uri()
        subprocess.run(
            [
                program,
                f"-env:UserInstallation={profile}",
                "--headless",
                "--convert-to",
                ending,
                "--outdir",
                folder,
                path,
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )
        raw, notes = read(folder / f"extract.{ending}", dates={"SCORE"})
        same = expected.frame.columns if ending != "xls" else expected.frame.columns.drop("Score")
        assert raw.frame[same].replace(as_numbers).equals(expected.frame[same].replace(as_numbers)), ending
        assert raw.lines.tolist() == expected.lines.tolist()
        said = " ".join(notes)
        if ending == "xls":
            # The old format does not tell us from which day it counts.
            assert raw.frame["Score"].tolist()[-1] == "41000"
        else:
            assert "Score (1)" in said
        assert "were read as empty: 1" in said
