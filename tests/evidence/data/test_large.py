"""Files read in a stream give what files read in full give: rows, lines, refusals. DuckDB sees the same."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.data import audit, conformance, load_tables, missing, profile
from evidence.data.cataloguing.catalogues import catalogue
from evidence.data.sources import compact, copying, csv_stream, duck, large, large_tables, parquet_stream
from evidence.data.sources.csv_files import read_csv
from evidence.data.sources.parquet import read_parquet
from evidence.project import EvidenceError

CELLS = st.one_of(
    st.sampled_from(["", " ", "A1", "Ynys Môn", "1,234", 'say "no"', "two\nlines", "  x ", "NULL", "\t"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=6),
)


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("str")


def written(path: Path, rows: list[list[str]], encoding: str = "utf-8", separator: str = ",") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    separator=st.sampled_from([",", ";", "\t"]),
)
def test_a_file_read_in_a_stream_is_the_file_read_in_full(tmp_path, rows, encoding, separator):
    path = written(tmp_path / "t.csv", [["CHILD", "Date of birth", "note"], *map(list, rows)], encoding, separator)
    try:
        whole = read_csv(path, "t.csv")
    except EvidenceError as error:
        with pytest.raises(EvidenceError) as refused:
            large.read_large(path, "t.csv")
        assert str(refused.value) == str(error)
        return
    read = large.read_large(path, "t.csv")
    pd.testing.assert_frame_equal(as_text(read.frame), whole.frame)
    assert read.lines.tolist() == whole.lines.tolist() and read.blank == whole.blank
    assert read.held == whole.held


@pytest.mark.parametrize("read", [read_csv, large.read_large], ids=["in full", "in a stream"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"Born, if known";Sex\n1;2\n3;4\n', ["Born, if known", "Sex"]),
        ('"Name, first";"a, b, or c"\n1;2\n3;4\n', ["Name, first", "a, b, or c"]),
        ('"Child\nID",Sex\n1,2\n3,4\n', ["Child ID", "Sex"]),
        ('Sex,"Child\n""ID"""\n1,2\n3,4\n', ["Sex", 'Child "ID"']),
        ('Size 5",Sex "x"\n1,2\n3,4\n', ['Size 5"', 'Sex "x"']),
        ("Area,01/04/2026\n1,2\n3,4\n", ["Area", "01/04/2026"]),
        ("Child ID|Sex\n1|2\n3|4\n", ["Child ID", "Sex"]),
    ],
)
def test_names_of_columns_may_hold_separators_and_go_over_lines(tmp_path, read, end, text, names):
    path = tmp_path / "t.csv"
    path.write_bytes(text.replace("\n", end).encode())
    raw = read(path, "t.csv")
    assert list(raw.frame.columns) == names
    assert raw.frame.astype("str").to_numpy().tolist() == [["1", "2"], ["3", "4"]]


# What a parser of pieces could stumble over: marks that open nothing, cells that run over lines, rows of other lengths.
ODD_LINES = st.one_of(
    st.sampled_from(
        [
            b"a,b,c",
            b"1,2,3",
            b',"two\nlines",x',
            b'5" pipe,,',
            b',a "b" c,',
            b'"say ""no""",2,"',
            b"1,2",
            b"1,2,3,4",
            b",,",
        ]
    ),
    st.sampled_from([b"", b" ", b'"', b'x,"', b'",",","\n,","', b"\xef\xbb\xbf1,2,3", b"\x1f,,,", b'"\x1f",,']),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(ODD_LINES, min_size=1, max_size=30),
    ending=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    size=st.integers(8, 90),
    closed=st.booleans(),
)
def test_a_file_parsed_in_pieces_is_the_file_parsed_in_one(tmp_path, lines, ending, size, closed):
    path = tmp_path / "t.csv"
    path.write_bytes(ending.join([b"CHILD,Date,note", *lines]) + ending * closed)
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_stream, "PIECE_OF_ROWS", size)
        for read in (read_csv, large.read_large):
            try:
                raw = read(path, "t.csv")
                said.append((as_text(raw.frame).to_dict("list"), raw.lines.tolist(), raw.blank, raw.held))
            except EvidenceError as error:
                said.append(str(error))
    assert repr(said[0]) == repr(said[1])


def test_pieces_end_with_rows_and_a_cell_over_a_cut_is_kept_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "PIECE_OF_ROWS", 64)
    rows = [[str(i), 'over "two"\nlines' if i % 7 == 0 else "x", "5"] for i in range(400)]
    path = written(tmp_path / "t.csv", [["a", "b", "c"], *rows])
    with open(path, "rb") as file:
        pieces = list(csv_stream._cut(file, b"|"))
    assert len(pieces) > 50 and all(piece.endswith(b"\n|") for *_, piece in pieces)
    assert [quotes for _, quotes, _ in pieces] == [piece.count(b'"') for *_, piece in pieces]
    read, whole = large.read_large(path, "t.csv"), read_csv(path, "t.csv")
    pd.testing.assert_frame_equal(as_text(read.frame), whole.frame)
    assert read.lines.tolist() == whole.lines.tolist()


@pytest.mark.parametrize("most", [2, 100_000])
def test_different_texts_are_counted_while_a_file_is_copied(tmp_path, monkeypatch, most):
    monkeypatch.setattr(csv_stream, "PIECE_OF_ROWS", 1000)
    monkeypatch.setattr(copying, "_TOGETHER", 2000)
    monkeypatch.setattr(copying, "_GROUP", 2000)
    monkeypatch.setattr(copying, "_MOST_DIFFERENT", most)
    rows = [["x " if i % 3 else " x", "" if i % 5 else f"y{i % 4}", str(i)] for i in range(900)]
    path = written(tmp_path / "t.csv", [["a", "b", "c"], *rows, ["", " ", ""]])
    whole = read_csv(path, "t.csv").frame
    with large.open_large(path, "t.csv") as table:
        found = {name: one.to_pydict() for name, one in table.different.items()}
    expected = ["a"] if most == 2 else ["a", "b", "c"]
    assert sorted(found) == expected
    for name in expected:
        counts = {text: rows for text, rows in zip(*found[name].values(), strict=True) if rows}
        assert (
            counts == whole[name].astype(object).where(whole[name].notna(), None).value_counts(dropna=False).to_dict()
        )


def test_texts_of_which_no_row_is_copied_are_counted_over_many_lots_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "PIECE_OF_ROWS", 1000)
    monkeypatch.setattr(copying, "_TOGETHER", 2000)
    monkeypatch.setattr(copying, "_GROUP", 2000)
    monkeypatch.setattr(copying, "_ADDED_UP", 50)
    monkeypatch.setattr(copying, "_FEW", 1000)
    rows = [[str(i), "" if i % 5 else f"y{i % 40}", "", str(i if i > 300 else 0)] for i in range(4000)]
    path = written(tmp_path / "t.csv", [["by row", "few", "none", "few at first"], *rows])
    whole = read_csv(path, "t.csv").frame
    kept = copying.Kept(frozenset(["by row"]), {name: {name: copying.ITS_TEXT} for name in whole})
    with large.open_large(path, "t.csv", kept=kept) as table:
        assert table.by_row == ("by row",) and set(table.different) == {"few", "none"}
        for name, one in table.different.items():
            counts = whole[name].astype(object).where(whole[name].notna(), None).value_counts(dropna=False).to_dict()
            found = one.to_pydict()
            assert {text: n for text, n in zip(*found.values(), strict=True) if n} == counts
        every = table.every_row()
        with duck.private_folder() as folder, duck.connection(folder) as connection:
            found = connection.execute(f'SELECT {table.line}, "few at first" FROM {every.sql} ORDER BY 1').fetchall()
    assert found == [(i + 2, row[-1]) for i, row in enumerate(rows)]


BAD = {
    "empty": b"",
    "header only": b"a,b\n",
    "blank rows only": b"a,b\n,\n \n",
    "too many cells": b"a,b\n1,2\n\n1,2,3\n1\n",
    "open quotation mark": b'a,b\n1,"2\n3,4\n5,6\n',
    "open at the end": b'a,b\n1,2\n3,"4\n',
    "column twice": b"a,b,A\n1,2,3\n",
    "nameless column": b"a,,b\n1,,3\n1,2,3\n",
    "no names": b",,\n1,2,3\n",
    "not text": b"a,b\n1,\x00\n",
    "workbook": b"PK\x03\x04rest",
    "two encodings": "a,b\n1,é\n".encode() + b"2,\xe9\n",
    "no encoding": b"a,b\n1,2\n2,\x81\n",
    "cut short": "a,b\n1,2\n".encode("utf-16")[:-1],
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_refused_in_full_is_refused_in_a_stream_in_the_same_words(tmp_path, content):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    assert _refusal_of_both(path).startswith("data/raw/bad.csv")


def _refusal_of_both(path: Path) -> str:
    """What a file is refused with, read in full and in a stream: the same words."""
    said = []
    for read in (read_csv, large.read_large):
        with pytest.raises(EvidenceError) as error:
            read(path, "data/raw/bad.csv")
        said.append(str(error.value))
    assert said[0] == said[1]
    return said[0]


@pytest.mark.parametrize(
    "rows", [b"a,b,A\n1,2,3\n", b"a,,b\n1,2,3\n", b"a,b\n1,2,3\n", b'a,b\n1,"2\n3,4\n', b",,\n1,2,3\n"]
)
@pytest.mark.parametrize("end", [b"1,\x00\n", "1,é\n".encode() + b"2,\xe9\n", b"2,\x81\n"])
def test_what_is_wrong_with_the_letters_is_said_before_what_is_wrong_with_the_rows(tmp_path, monkeypatch, rows, end):
    monkeypatch.setattr(csv_stream, "PIECE_OF_ROWS", 64)
    path = tmp_path / "bad.csv"
    path.write_bytes(rows + b"1,2\n" * 200 + end + b"1,2\n" * 200)
    assert _refusal_of_both(path)


@pytest.mark.parametrize("mark", ["", '"'])
def test_a_row_too_long_for_a_stream_is_refused_with_its_line_and_without_its_text(tmp_path, mark):
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 1_000_000 + f"\n3,{mark}" + "Secret " * 1_500_000 + f"{mark}\n4,5\n")
    said = "data/raw/long.csv, line 1000003: the row is longer than 4 MB"
    for read in (lambda: large.read_large(path, "data/raw/long.csv"), lambda: opened(path)):
        with pytest.raises(EvidenceError, match=said) as error:
            read()
        assert "Secret" not in str(error.value)


def opened(path: Path) -> None:
    with large.open_large(path, "data/raw/long.csv"):
        pass


def test_lines_are_right_over_many_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "_PIECE", 1 << 16)
    rows = [["a", "b"], *([str(i), "x" * 200] for i in range(200_000))]
    path = written(tmp_path / "t.csv", rows)
    text = path.read_bytes().replace(b"\n70000,", b"\n\n70000,").replace(b"\n150000,", b"\n \n,\n150000,")
    path.write_bytes(text)
    read, whole = large.read_large(path, "t.csv"), read_csv(path, "t.csv")
    assert len(text) > 2 * (1 << 24), "the parser takes 16 MiB at once"
    assert read.lines.tolist() == whole.lines.tolist()
    assert read.lines[[0, 69_999, 70_000, 199_999]].tolist() == [2, 70_001, 70_003, 200_004]
    assert isinstance(read.frame["b"].dtype, pd.CategoricalDtype) and read.frame["a"].dtype == "str"


def test_a_text_that_is_rare_in_a_batch_and_repeats_in_the_file_is_a_category(tmp_path):
    rows = [[f"child {i % 30_000}", f"only {i}"] for i in range(200_000)]
    read = large.read_large(written(tmp_path / "t.csv", [["repeats", "different"], *rows]), "t.csv")
    assert len(read.frame["repeats"].cat.categories) == 30_000 and read.frame["different"].dtype == "str"
    assert as_text(read.frame).to_numpy().tolist() == rows


def test_windows_text_is_read_as_such_when_a_late_row_shows_it(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"name,b\n" + b"Smith,1\n" * 5000 + "Zoë,2\n".encode("cp1252"))
    assert large.read_large(path, "t.csv").frame["name"].iloc[-1] == "Zoë"


def test_only_the_columns_asked_for_are_read_and_the_others_are_known(tmp_path):
    path = written(tmp_path / "t.csv", [["child_id", "Name", "Code"], ["1", "A B", "x"], ["", "C D", ""], ["", "", ""]])
    read = large.read_large(path, "t.csv", known=["ChildID", "CODE"], only=True)
    assert read.frame.columns.tolist() == ["ChildID", "CODE"] and read.held == ("ChildID", "Name", "CODE")
    assert read.lines.tolist() == [2, 3] and read.blank == 1, "a row is empty only if all its columns are"


def test_the_copy_is_for_this_person_alone_and_is_removed(tmp_path):
    path = written(tmp_path / "t[1].csv", [["a", "b"], ["1", "x"], ["2", "x"], [" ", ""]])
    with (
        large.open_large(path, "t.csv") as table,
        duck.private_folder() as folder,
        duck.connection(folder) as connection,
    ):
        copy = Path(table.sql.split("'")[1])
        assert copy.is_file() and copy.parent.stat().st_mode & 0o777 == 0o700
        found = connection.execute(f"SELECT {table.line}, a, b FROM {table.sql} ORDER BY 1").fetchall()
        assert (table.rows, table.blank) == (2, 1)
    assert found == [(2, "1", "x"), (3, "2", "x")]
    assert not copy.parent.exists() and not folder.exists()


def parquet(tmp_path, **columns) -> Path:
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_values_of_a_parquet_file_become_text_as_people_write_them(tmp_path):
    path = parquet(
        tmp_path,
        day=pyarrow.array([date(2024, 2, 29), None]),
        moment=pyarrow.array([datetime(2024, 2, 29), datetime(2024, 2, 29, 9, 30)]),
        whole=pyarrow.array([12.0, -3e15]),
        part=pyarrow.array([0.1, 0.00001]),
        short=pyarrow.array([0.1, float("nan")], pyarrow.float32()),
        money=pyarrow.array([Decimal("10.50"), None]),
        number=pyarrow.array([9007199254740993, None]),
        said=pyarrow.array([True, False]),
        text=pyarrow.array([" \u00a0x\n", "  "]),
    )
    read = large.read_large(path, "t.parquet")
    assert {name: values.astype("str").fillna("").tolist() for name, values in read.frame.items()} == {
        "day": ["2024-02-29", ""],
        "moment": ["2024-02-29", "2024-02-29 09:30:00"],
        "whole": ["12", "-3000000000000000"],
        "part": ["0.1", "0.00001"],
        "short": ["0.1", ""],
        "money": ["10.50", ""],
        "number": ["9007199254740993", ""],
        "said": ["true", "false"],
        "text": ["x", ""],
    }


def test_rows_of_a_parquet_file_keep_their_number_and_empty_ones_are_counted(tmp_path):
    path = parquet(tmp_path, a=pyarrow.array(["1", None, "3"]), b=pyarrow.array([None, " ", None], pyarrow.string()))
    read = large.read_large(path, "t.parquet")
    assert read.lines.tolist() == [1, 3] and read.blank == 1


def test_different_texts_of_a_parquet_file_are_counted_as_its_rows_are_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "_FEW", 600)
    monkeypatch.setattr(parquet_stream, "_ROWS_AT_ONCE", 500)
    columns = {
        "plain": pyarrow.array([f"x{i % 3}" if i % 10 else None for i in range(2000)]),
        "blanks": pyarrow.array(["", " ", "y ", "y", *[None] * 1996], pyarrow.large_string()),
        "encoded": pyarrow.array(["a" if i % 10 else "" for i in range(2000)]).dictionary_encode(),
        "own": pyarrow.array([None if i in (10, 20) else f"only {i}" for i in range(2000)]),
        "day": pyarrow.array([None if i % 10 == 0 else date(2024, 1, 1) for i in range(2000)]),
    }
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=300)
    with (
        large.open_large(path, "t.parquet") as table,
        duck.private_folder() as folder,
        duck.connection(folder) as connection,
    ):
        assert set(table.different) == {"plain", "blanks", "encoded", "day"} and table.blank == 2
        seen = table.seen_by(connection)
        for name, one in table.different.items():
            rows = connection.execute(f'SELECT "{name}", count(*) FROM {seen} GROUP BY ALL').fetchall()
            assert {text: n for text, n in zip(*one.to_pydict().values(), strict=True) if n} == dict(rows)


@pytest.mark.parametrize("whole", [True, False], ids=["a number in every row", "no column that is full"])
def test_a_row_with_something_in_a_column_that_is_left_out_is_a_row(tmp_path, whole):
    columns = {"wanted": ["1", None, " ", "4"], "other": ["a", "b", None, None]}
    columns |= {"number": [1, 2, 3, 4]} if whole else {}
    path = parquet(tmp_path, **{name: pyarrow.array(values) for name, values in columns.items()})
    read = large.read_large(path, "t.parquet", known=["WANTED"], only=True)
    assert read.frame.columns.tolist() == ["WANTED"] and set(read.columns) == {"WANTED", *list(columns)[1:]}
    assert read.lines.tolist() == ([1, 2, 3, 4] if whole else [1, 2, 4])
    assert read.blank == (0 if whole else 1)
    assert read.frame["WANTED"].isna().tolist() == ([False, True, True, False] if whole else [False, True, False])


@pytest.mark.parametrize("number", [0, 1], ids=["in the first", "in a later one"])
def test_columns_of_a_parquet_file_without_a_name_have_to_be_empty(tmp_path, number):
    empty, filled = pyarrow.nulls(3, pyarrow.string()), pyarrow.array([None, None, "x"])
    path = tmp_path / "t.parquet"

    def written(*nameless):
        columns = [pyarrow.array(["1", "2", "3"]), *nameless]
        pyarrow.parquet.write_table(pyarrow.Table.from_arrays(columns, ["a", *[" "] * len(nameless)]), path)

    written(empty, empty)
    for read in (read_parquet, large.read_large):
        assert read(path, "t.parquet").frame.columns.tolist() == ["a"]
    written(*(filled if place == number else empty for place in range(2)))
    for read in (read_parquet, large.read_large):
        with pytest.raises(EvidenceError, match=r"t.parquet: column \d has no name, and has something in it"):
            read(path, "t.parquet")


@pytest.mark.parametrize("fault", ["cut short", "lists", "no rows", "encrypted", "column twice"])
def test_a_parquet_file_that_is_no_table_is_refused_as_a_small_one_is(tmp_path, fault):
    columns = {"lists": {"a": [[1], [2]]}, "no rows": {"a": pyarrow.array([], pyarrow.string())}}
    path = parquet(tmp_path, **columns.get(fault, {"a": ["x"], "A " if fault == "column twice" else "b": ["y"]}))
    if fault == "cut short":
        path.write_bytes(path.read_bytes()[:-20])
    if fault == "encrypted":
        path.write_bytes(b"PARE" + path.read_bytes())
    said = []
    for read in (read_parquet, large.read_large):
        with pytest.raises(EvidenceError) as error:
            read(path, "data/raw/t.parquet")
        said.append(str(error.value))
    assert said[0] == said[1] and said[0].startswith("data/raw/t.parquet: ")


@pytest.mark.parametrize("together", [2, 64])
def test_groups_of_rows_may_differ_in_how_many_texts_they_have(tmp_path, monkeypatch, together):
    monkeypatch.setattr(parquet_stream, "_ROWS_AT_ONCE", 1)
    monkeypatch.setattr(compact, "_TOGETHER", together)
    # In one byte, in two and in four there is room for the numbers of the texts of a group.
    numbers = np.concatenate([np.arange(40_000) % different for different in (100, 300, 36_000, 5)])
    path = tmp_path / "t.parquet"
    table = pyarrow.table({"number": numbers, "text": [f"text {number}" for number in numbers]})
    pyarrow.parquet.write_table(table, path, row_group_size=40_000)
    read = large.read_large(path, "t.parquet")
    assert read.frame["number"].astype("int64").tolist() == numbers.tolist()
    assert read.frame["text"].astype("str").tolist() == table["text"].to_pylist()
    with (
        large.open_large(path, "t.parquet") as opened,
        duck.private_folder() as folder,
        duck.connection(folder) as connection,
    ):
        seen = opened.seen_by(connection)
        asked = f"SELECT count(*), sum(number::INTEGER) FROM {seen} WHERE text = 'text ' || number"
        assert connection.execute(asked).fetchone() == (160_000, numbers.sum())


KINDS = {
    pyarrow.string(): CELLS,
    pyarrow.date32(): st.dates(),
    pyarrow.timestamp("us"): st.datetimes(date_min := datetime(1900, 1, 1), datetime(2100, 1, 1)) | st.just(date_min),
    pyarrow.float64(): st.floats(-1e15, 1e15) | st.just(float("nan")) | st.just(float("inf")),
    pyarrow.float32(): st.floats(-1048576, 1048576, width=32) | st.just(float("nan")),
    pyarrow.timestamp("ns", "UTC"): st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    pyarrow.large_string(): CELLS,
    pyarrow.dictionary(pyarrow.int8(), pyarrow.string()): CELLS,
    pyarrow.decimal128(12, 2): st.decimals(-999999, 999999, places=2),
    pyarrow.int64(): st.integers(-(2**63), 2**63 - 1),
    pyarrow.bool_(): st.booleans(),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    kinds=st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4),
    rows=st.integers(1, 8),
    group=st.integers(1, 8),
    at_once=st.integers(1, 8),
)
def test_a_large_parquet_file_reads_as_a_small_one(tmp_path, data, kinds, rows, group, at_once):
    columns = {
        f"column {i}": pyarrow.array(
            data.draw(st.lists(st.none() | KINDS[kind], min_size=rows, max_size=rows)), kind, from_pandas=False
        )
        for i, kind in enumerate(kinds)
    }
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=group)
    small = read_parquet(path, "t.parquet")
    if small.frame.empty:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_stream, "_ROWS_AT_ONCE", at_once)
        read = large.read_large(path, "t.parquet")
    pd.testing.assert_frame_equal(as_text(read.frame), small.frame)
    assert read.lines.tolist() == small.lines.tolist() and read.blank == small.blank


def test_everything_after_the_loader_finds_the_same_in_a_large_file(project, monkeypatch):
    small = load_tables(project, "data/sample")
    monkeypatch.setattr(large, "LARGE", 0)
    loaded = load_tables(project, "data/sample")
    assert isinstance(loaded["episodes"]["PLACE"].dtype, pd.CategoricalDtype)
    for name, frame in small.items():
        pd.testing.assert_frame_equal(loaded[name].astype(frame.dtypes.to_dict()), frame)
        assert np.array_equal(loaded.loaded[name].lines, small.loaded[name].lines)
    for finding in (audit, profile, missing, conformance):
        pd.testing.assert_frame_equal(finding(loaded), finding(small))


def test_duckdb_counts_the_tables_of_a_folder(project):
    with large_tables(project, "data/sample", catalogue(project)) as tables, duck.private_folder() as folder:
        with duck.connection(folder) as connection:
            query = 'SELECT count(*), count(DISTINCT "CHILD") FROM ' + tables["episodes"].sql
            assert tables["episodes"].columns[:2] == ("CHILD", "DECOM")
            found = connection.execute(query).fetchone()
    loaded = load_tables(project, "data/sample")["episodes"]
    assert found == (len(loaded), loaded["CHILD"].nunique())
