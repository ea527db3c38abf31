"""Published statistics: real files are counted once more with csv alone, and small ones have faults put in."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest

from evidence.data import read_plain, read_published
from evidence.project import EvidenceError

TIDY = {
    "c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv": 10,
    "cla_number_and_rate_per_10k_children.csv": 3,
    "la_cla_placement_stability.csv": 2,
}
HEAD = "time_period,time_identifier,geographic_level,country_code,country_name,new_la_code,age,children_count\n"
ROW = "202425,Financial year,Local authority,E92000001,England,E06000001,5,{}\n"


def read(tmp_path, text: str | bytes, meta: str = ""):
    path = tmp_path / "stats.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if meta:
        (tmp_path / "stats.meta.csv").write_text(meta)
    return read_published(path, "data/published/stats.csv")


@pytest.mark.parametrize("name", TIDY)
def test_numbers_and_symbols_of_real_files_are_those_that_csv_alone_finds(name, shared_data):
    path = shared_data / "published" / name
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    frame = read_published(path, name)
    indicators = [column.removesuffix("_symbol") for column in frame if column.endswith("_symbol")]
    assert len(frame) == len(rows) and len(indicators) == TIDY[name]
    for column in indicators:
        cells = [row[column] for row in rows]
        numbers = [float(cell) for cell in cells if re.fullmatch(r"-?\d+(\.\d+)?", cell)]
        assert frame[column].dropna().tolist() == numbers
        symbols = Counter(cell for cell in cells if cell.isalpha())
        assert Counter(frame[f"{column}_symbol"]) == symbols | Counter({"": len(numbers)})
    for column in set(rows[0]) - set(indicators):
        assert frame[column].fillna("").tolist() == [row[column] for row in rows], column
    assert frame["year_ending"].tolist() == [int(row["time_period"]) for row in rows]


def test_a_whole_row_of_symbols_is_no_reason_to_take_its_columns_for_groups(shared_data):
    name = "c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv"
    frame = read_published(shared_data / "published" / name, name)
    hackney = frame[(frame["la_name"] == "Hackney") & (frame["year_ending"] == 2021)].iloc[0]
    assert set(hackney[[f"{column}_symbol" for column in ("referral_count", "not_in_need_percent")]]) <= {"x", "u"}
    assert frame["referral_count"].dtype == float


def test_each_symbol_is_kept_apart_from_numbers_and_from_the_others(tmp_path):
    cells = ["c", "z", "x", "k", "low", "u", ":", "C ", "0", '"1,234"', "-2.5", ""]
    frame = read(tmp_path, HEAD + "".join(ROW.format(cell) for cell in cells))
    assert frame["children_count_symbol"].tolist() == ["c", "z", "x", "k", "low", "u", ":", "c", "", "", "", ""]
    assert frame["children_count"].dropna().tolist() == [0, 1234, -2.5]
    assert frame["children_count"].isna().tolist() == [True] * 8 + [False] * 3 + [True]


def test_numbered_groups_are_groups(tmp_path):
    frame = read(tmp_path, HEAD + ROW.format(3))
    assert frame.loc[0, "age"] == "5" and "age_symbol" not in frame


def test_a_column_of_symbols_alone_holds_numbers_that_are_all_hidden(tmp_path):
    frame = read(tmp_path, HEAD.replace("children_count", "children") + ROW.format("c") * 2)
    assert frame["children"].isna().all() and set(frame["children_symbol"]) == {"c"}


@pytest.mark.parametrize(("period", "year"), [("2025", 2025), ("202425", 2025), ("199900", 2000), ("200910", 2010)])
def test_four_and_six_digit_periods(tmp_path, period, year):
    frame = read(tmp_path, (HEAD + ROW.format(1)).replace("202425", period))
    assert frame["year_ending"].tolist() == [year]
    assert frame["time_period"].tolist() == [period]


@pytest.mark.parametrize("period", ["202426", "2024/25", "25", "202411", "Total"])
def test_a_period_that_is_none_is_refused_with_its_line(tmp_path, period):
    text = HEAD + ROW.format(1) + ROW.format(1).replace("202425", period)
    with pytest.raises(EvidenceError, match=r"data/published/stats.csv, line 3: time_period is neither"):
        read(tmp_path, text)


def test_a_cell_that_is_neither_number_nor_symbol_is_refused_with_its_line(tmp_path):
    text = HEAD + ROW.format(1) * 3 + ROW.format("n/a") * 2
    with pytest.raises(EvidenceError, match="line 5: children_count is neither.*1 more rows"):
        read(tmp_path, text)


def test_a_byte_order_mark_blank_ends_and_other_encodings_change_nothing(tmp_path):
    plain = HEAD + ROW.format("12")
    expected = read(tmp_path, plain)
    for text in (b"\xef\xbb\xbf" + plain.encode(), plain.encode("utf-16"), plain.replace(",", " , ").encode()):
        assert read(tmp_path, text).equals(expected)


def test_the_file_s_own_description_says_which_columns_hold_numbers(tmp_path):
    text = HEAD + ROW.format(7)
    swapped = "col_name,col_type,label\nage,Indicator,Age\nchildren_count,Filter,Count\n"
    frame = read(tmp_path, text, meta=swapped)
    assert frame.loc[0, "age"] == 5.0 and frame.loc[0, "children_count"] == "7"
    with pytest.raises(EvidenceError, match="stats.meta.csv: children is not a column of stats.csv"):
        read(tmp_path, text, meta="col_name,col_type\nchildren,Indicator\n")


@pytest.mark.parametrize("column", ["time_period", "time_identifier", "geographic_level", "country_code"])
def test_what_is_not_in_the_layout_is_refused_by_the_name_of_what_is_missing(tmp_path, column):
    with pytest.raises(EvidenceError, match=f"line 1: .*it lacks {column}[.]"):
        read(tmp_path, (HEAD + ROW.format(1)).replace(column, "another"))


@pytest.mark.parametrize(("name", "rows"), [("ons-ethnic-population-la.csv", 3500), ("sn_model_2025_wide.csv", 153)])
def test_files_in_other_layouts_are_refused_as_such_and_load_as_plain_tables(shared_data, name, rows):
    path = shared_data / "published" / name
    with pytest.raises(EvidenceError, match="not in the layout of published statistics"):
        read_published(path, name)
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next(csv.DictReader(file))
    frame = read_plain(path, name)
    assert len(frame) == rows and list(frame.columns) == list(first)
    assert frame.iloc[0].tolist() == [cell.strip() for cell in first.values()]
