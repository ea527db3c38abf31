"""A quotation mark that is never closed is told where a later one closes it by chance, and rows are never lost so."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.data.sources import csv_files, csv_stream, large, quotation_marks
from evidence.data.sources.csv_files import RawTable, read_csv
from evidence.data.sources.quotation_marks import Marks, line_before_lost_rows
from evidence.project import EvidenceError

READERS = pytest.mark.parametrize("read", [read_csv, large.read_large], ids=["in full", "in a stream"])
EVERY_FILE = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
NOT_CLOSED = "the file cannot be read as a table: a quotation mark is probably not closed."


def saved(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def refusal(read, path: Path) -> str:
    """What the reader says against the file, without the remedy; nothing where it takes the file."""
    before = path.read_bytes()
    try:
        read(path, "t.csv")
        said = ""
    except EvidenceError as error:
        said = str(error).split("\n")[0]
    assert path.read_bytes() == before
    return said


FAULTS = {
    "one row": ('id,name,day\n1,"Smith,2020-01-01\n2,"Jones",2020-02-02\n', 2),
    "two rows": ('id,name,day\n1,"Smith,2020-01-01\n2,Lee,2020-01-02\n3,"Jones",2020-02-02\n', 2),
    "cells over lines before it": ('id,note\n1,"two\nlines"\n2,"say ""no""\nand"\n3,"open\n4,"shut"\n', 6),
    "marks in plain text before it": ('id,name,day\n1,5" pipe,"x"\n2,"Smith,2020\n3,"Jones",2020\n', 3),
    "text after a cell of one line before it": ('id,name\n1,"A" B\n2,"Smith\n3,"Jones"\n', 3),
    "a doubled mark in the open cell": ('id,name,day\n1,"Smith ""J"",2020\n2,"Jones",2020\n', 2),
    "blanks before the text": ('id,name\n1,"Smith\n2,"  Jones"\n', 2),
    "a mark as the text after it": ('id,name\n1,"Smith\n2," "\n', 2),
    "in the last row, without a line end": ('id,name\n1,x\n2,"Smith\n3,"Jones', 3),
    "rows of another length too": ('id,name,day\n1\n2,"Smith,2020\n3,"Jones",2020\n', 3),
    "an odd number of marks": ('id,name\n1,"Smith\n2,"Jones"\n', 2),
    "in the first cell of a row": ('id,name\n1,x\n"2,y\n"3",z\n', 3),
}


NEVER_CLOSED = {
    "in the middle": ('id,name,day\n1,x,2019\n2,"Smith,2020\n3,Lee,2021\n', 3),
    "cells over lines before it": ('id,note\n1,"two\nlines"\n2,"open\n3,x\n', 4),
}


@READERS
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize(("text", "line"), NEVER_CLOSED.values(), ids=NEVER_CLOSED)
def test_the_line_of_a_cell_that_never_ends_is_told(tmp_path, read, end, text, line):
    path = saved(tmp_path / "t.csv", text.replace("\n", end))
    assert refusal(read, path) == f"t.csv, line {line}: {NOT_CLOSED}"


@READERS
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize(("text", "line"), FAULTS.values(), ids=FAULTS)
def test_rows_lost_in_a_cell_are_refused_with_its_line(tmp_path, read, encoding, end, separator, text, line):
    text = (text + "9,Zoë,\n").replace("\n", end).replace(",", separator)
    path = saved(tmp_path / "t.csv", text, encoding)
    assert refusal(read, path) == f"t.csv, line {line}: {NOT_CLOSED}"


LEGAL = {
    "over lines": 'id,note\n1,"two\nlines"\n2,x\n',
    "over blank lines": 'id,note\n1,"two\n\n\nlines"\n2,x\n',
    "doubled marks": 'id,note\n1,"say ""no""\n""yes"""\n2,"""\n"""\n',
    "separators": 'id,note\n1,"a,b\n,"\n2,"\n,""\n"",\n"\n',
    "blanks after it": 'id,note\n1,"two\nlines"  \n2,"two\nlines" ',
    "at the end of the file": 'id,note\n1,x\n2,"two\nlines"',
    "text after a cell of one line": 'id,note\n1,"A" B\n2,"two\nlines"\n',
    "marks in plain text": 'id,note\n1,5" pipe\n2,"two\nlines"\n3,a "b\n4,x"\n',
    "in every cell": '"id","note"\n"1","a,"\n"2",","\n"","two\nlines"\n',
}


@READERS
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
def test_a_closed_cell_over_several_lines_is_read(tmp_path, read, encoding, end, text):
    assert refusal(read, saved(tmp_path / "t.csv", text.replace("\n", end), encoding)) == ""


def test_a_fault_far_down_a_file_of_many_pieces_is_refused_with_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "PIECE_OF_ROWS", 1 << 16)
    rows = "".join(f'{i},"a ""note""\r\nover lines","x"\r\n' for i in range(50_000))
    path = saved(tmp_path / "t.csv", "id,note,name\r\n" + rows + '7,"Smith,x\r\n8,"Jones",y\r\n' + rows)
    for read in (read_csv, large.read_large):
        assert refusal(read, path) == f"t.csv, line 100002: {NOT_CLOSED}"


CELLS = st.text(st.sampled_from([*'"",;\t\r\n aé']), max_size=6) | st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4
)
TABLES = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8)


def as_csv(rows: list[tuple[str, str]], separator: str, quoting: int, end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    numbered = [(str(i), *row) for i, row in enumerate(rows)]
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end).writerows([("id", "a", "b"), *numbered])
    return text.getvalue()


WRITTEN = {
    "rows": TABLES,
    "separator": st.sampled_from([",", ";", "\t"]),
    "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
}


@READERS
@settings(max_examples=150, **EVERY_FILE)
@given(**WRITTEN)
def test_no_file_that_a_program_wrote_is_refused(tmp_path, read, rows, separator, quoting):
    raw: RawTable = read(saved(tmp_path / "t.csv", as_csv(rows, separator, quoting)), "t.csv")
    assert raw.frame["id"].tolist() == [str(i) for i in range(len(rows))]


@settings(max_examples=300, **EVERY_FILE)
@given(**WRITTEN, taken=st.integers(min_value=0), size=st.integers(16, 60))
def test_without_one_closing_mark_no_row_is_lost_where_the_sign_is(tmp_path, rows, separator, quoting, taken, size):
    whole = as_csv(rows, separator, quoting)
    closing = closing_marks(whole, separator)
    if not closing:
        return
    place = closing[taken % len(closing)]
    text = whole[:place] + whole[place + 1 :]
    path, line = saved(tmp_path / "t.csv", text), line_with_the_sign(text, separator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_stream, "PIECE_OF_ROWS", size)
        said = [refusal(read, path) for read in (read_csv, large.read_large)]
    assert said[0] == said[1]
    if line:
        assert said[0] == f"t.csv, line {line}: {NOT_CLOSED}"


@settings(max_examples=500, **EVERY_FILE)
@given(
    text=st.text(st.sampled_from([*'"""",\t\r\n a']), max_size=40),
    separator=st.sampled_from([",", "\t"]),
    size=st.integers(1, 50),
)
def test_the_search_finds_what_a_reading_letter_by_letter_finds(monkeypatch, text, separator, size):
    monkeypatch.setattr(quotation_marks, "_SEARCHED_AT_ONCE", size)
    assert line_before_lost_rows(io.BytesIO(text.encode()), separator) == line_with_the_sign(text, separator)


def quoted_cells(text: str, separator: str):
    """(where it opens, where it is closed) of each quoted cell that is closed, letter by letter."""
    place, before = 0, "\n"
    while place < len(text):
        letter = text[place]
        if letter == '"' and before in f"{separator}\r\n":
            opened, place = place, place + 1
            while text[place : place + 1] != '"' or text[place : place + 2] == '""':
                if place >= len(text):
                    return
                place += 2 if text[place : place + 2] == '""' else 1
            yield opened, place
        before, place = letter, place + 1


def closing_marks(text: str, separator: str) -> list[int]:
    return [closed for _, closed in quoted_cells(text, separator)]


def line_with_the_sign(text: str, separator: str) -> int:
    """The line of the first quoted cell that goes over a line end and has text right after it; 0 where none has."""
    for opened, closed in quoted_cells(text, separator):
        after = text[closed + 1 :].lstrip(" ")[:1]
        if set(text[opened:closed]) & {"\r", "\n"} and after and after not in f"{separator}\r\n":
            return len((text[:opened] + "x").replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return 0


@READERS
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n\n", "\n \n"], ids=["no line end", "one", "three", "blanks"])
def test_a_file_without_cells_over_lines_is_not_searched(tmp_path, monkeypatch, read, end, last):
    searched = []
    monkeypatch.setattr(csv_files, "line_before_lost_rows", lambda *given: searched.append(given))
    monkeypatch.setattr(csv_stream, "PIECE_OF_ROWS", 64)
    monkeypatch.setattr(csv_stream, "_PIECE", 41)
    rows = "\n".join(f'{i},"a ""b""",5" pipe\n' for i in range(40))
    path = saved(tmp_path / "t.csv", f'\n\n"id",note,"size"\n{rows}{last}'.replace("\n", end))
    assert refusal(read, path) == "" and searched == []


@given(text=st.text(st.sampled_from([*'",\r\na']), max_size=30), cuts=st.lists(st.integers(0, 30), max_size=5))
def test_marks_are_counted_alike_in_any_pieces(text, cuts):
    marks, places = Marks(), [0, *sorted(cuts), len(text)]
    for begin, end in zip(places, places[1:], strict=False):
        marks.add(text[begin:end].encode())
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    assert (marks.quotes, marks.line_ends) == (text.count('"'), whole.count("\n"))
    assert not text or marks.lines == len(whole.removesuffix("\n").split("\n"))
