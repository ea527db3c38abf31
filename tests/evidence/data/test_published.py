"""Published statistics: real files are counted once more with csv alone, and small ones have faults put in."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter

import pytest

from evidence.data import audit_published, load_tables, read_plain, read_published, symbols_published
from evidence.data.published import draft_published
from evidence.project import EvidenceError, open_project

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
    with pytest.raises(EvidenceError, match="line 5: children_count is neither.*1 more row is like that"):
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


# The folder of a project ---------------------------------------------------------------------------------------------


@pytest.fixture
def with_published(bake, shared_data):
    """A project that keeps the real files."""
    made = bake()
    for path in (shared_data / "published").glob("*.csv"):
        shutil.copyfile(path, made / "data" / "published" / path.name)
    return made


def test_the_loader_takes_published_files_as_they_are(with_published, shared_data):
    read = []
    tables = load_tables(open_project(with_published), "data/published", on_read=read.append)
    assert tables.source == "published" and len(tables) == len(read) == 5
    name = "cla_number_and_rate_per_10k_children"
    assert tables[name].equals(read_published(shared_data / "published" / f"{name}.csv", name))
    assert len(tables["sn_model_2025_wide"]) == 153 and len(tables.notes) == 2
    kinds = tables.variables(name).set_index("column")["treatment"]
    assert kinds["children_count"] == "number" and kinds["population_type"] == "code" and kinds["la_name"] == "keep"


def test_the_command_describes_published_files_once(with_published, run_evidence):
    said = run_evidence(with_published, "data", "describe", "data/published")
    assert said.returncode == 0, said.stderr
    line = next(line for line in said.stdout.split("\n") if line.startswith("la_cla_placement_stability.csv"))
    assert "5,010 rows, 2021 to 2025; Local authority 4,650, National 30, Regional 330" in line
    assert "groups: cla_group, placement_stability; numbers: children_count, children_percent." in line
    assert draft_published(open_project(with_published)).empty
    assert "Nothing was changed" in run_evidence(with_published, "data", "describe", "data/published").stdout


@pytest.mark.parametrize("what", ["describe", "audit"])
def test_published_files_elsewhere_are_not_taken_for_children(sample_project, tmp_path, run_evidence, what):
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    (folder / "stats.csv").write_text("\ufeff" + HEAD + ROW.format(1), encoding="utf-8")
    said = run_evidence(sample_project, "data", what, folder)
    assert said.returncode == 2 and "Traceback" not in said.stderr
    assert "stats.csv: these are published statistics" in said.stderr and "data/published" in said.stderr
    assert "E06000001" not in said.stderr + said.stdout


def test_the_audit_of_the_real_files_finds_what_csv_alone_finds(with_published, shared_data, run_evidence):
    project = open_project(with_published)
    name = "c1_children_in_need_referrals_and_rereferrals_2013_to_2025"
    with (shared_data / "published" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with project.path("reference", "authorities.csv").open(encoding="utf-8") as file:
        codes = {row["code"] for row in csv.DictReader(file)}
    former = [row for row in rows if row["new_la_code"] and row["new_la_code"] not in codes]
    audited = audit_published(project)
    found = audited[audited["table"] == name].set_index(["rule", "columns"])
    assert found.loc[("PB03", "new_la_code"), "failures"] == len(former) > 0
    others = found.drop(index=[("PB03", "new_la_code"), ("PB03", "old_la_code")])
    assert len(others) > 10 and not others["failures"].any()
    symbols = symbols_published(project).set_index(["table", "column"])
    for column in ("referral_count", "no_further_action_percent"):
        counted = Counter(row[column] for row in rows if row[column].isalpha())
        assert {symbol: symbols.loc[(name, column), symbol] for symbol in counted} == counted
    said = run_evidence(with_published, "data", "audit", "data/published")
    assert said.returncode == 1 and f"PB03  {name} new_la_code" in said.stdout, said.stderr


def test_the_audit_finds_every_fault_that_was_put_in_and_nothing_else(bake):
    project = open_project(bake())
    good = "2025,Reporting year,Local authority,E92000001,England,E09000007,202,Camden,{},{},{}\n"
    rows = [
        good.format("A", 5, 50), good.format("B", "c", "x"), good.format("A", 6, 60),  # a second A
        good.format("C", -1, 101), good.format("D", "n/a", ""),
        good.format("E", 5, 50).replace("2025,", "20-5,"),
        good.format("F", 5, 50).replace("E09000007,202", "E09999999,999"),
        "2025,Reporting year,Regional,E92000001,England,,,,A,7,70\n",
        "2025,Reporting year,National,E92000001,England,,,,A,8,80\n",
    ]  # fmt: skip
    head = f"{HEAD.split(',new_la_code')[0]},new_la_code,old_la_code,la_name,group,children_count,children_percent\n"
    project.path("data", "published", "stats.csv").write_text(head + "".join(rows), encoding="utf-8")
    audited = audit_published(project)
    found = {(row.rule, row.columns): row.failures for row in audited.itertuples() if row.failures}
    assert found == {
        ("PB01", ""): 1,
        ("PB02", "time_period"): 1,
        ("PB03", "new_la_code"): 1,
        ("PB03", "old_la_code"): 1,
        ("PB04", "region_code"): 1,
        ("PB05", "children_percent"): 1,
        ("PB06", "children_count"): 1,
        ("PB07", "children_count"): 1,
        ("PB07", "children_percent"): 1,
    }
    with pytest.raises(EvidenceError, match="data/published/stats.csv, line 7: time_period"):
        load_tables(project, "data/published")
