"""Loading: what comes out is de-identified, and what cannot be read is said with its place."""

from __future__ import annotations

import pandas as pd
import pytest

from evidence.data import audit, conformance, last_year_end, load_tables, missing, profile
from evidence.project import EvidenceError

HEADER = (
    "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
    "A0001,1,27/03/2008,wbri,D051910639385,,\n"
    "A0002,2,2011-09-09,REFU,UN1,1.0,\n"
)
EPISODES = (
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
    "A0001,15/02/2016,S,C2,N3,T2,PR0,14/08/2017,X1,CLOSE,SW1A 1AA,,4244474\n"
    "A0001,14/08/2017,P,C2,N3,H5,PR3,,,,not known,wv27 9fw,XXXXXXX\n"
    "A0002,31/02/2016,S,C2,N3,U6,PR1,,,,,,SC012345\n"
)


def test_identifiers_are_gone(project, folder):
    tables = load_tables(project, folder(header=HEADER, episodes=EPISODES))
    header, episodes = tables["header"], tables["episodes"]
    everything = pd.concat([header.astype("str").stack(), episodes.astype("str").stack()])
    for value in ("A0001", "D051910639385", "27/03/2008", "2008-03-27", "SW1A 1AA", "WV27", "4244474", "SC012345"):
        assert not everything.str.contains(value, case=False).any()
    assert header["CHILD"].tolist() == episodes["CHILD"].iloc[[0, 2]].tolist()
    assert header["DOB"].tolist() == [pd.Timestamp(2008, 3, 1), pd.Timestamp(2011, 9, 1)]
    assert header["SEX"].tolist() == ["M", "F"]
    assert header["ETHNIC"].tolist() == ["WBRI", "REFU"]
    assert header["MOTHER"].iloc[1] == "1"
    assert header["UPN"].iloc[1] == "UN1"
    assert episodes["HOME_POST"].iloc[0] == "SW" and pd.isna(episodes["HOME_POST"].iloc[1])
    assert episodes["PL_POST"].iloc[1] == "WV"
    assert episodes["URN"].iloc[1] == "XXXXXXX"
    assert "A0001" not in repr(tables)


def test_dates_that_do_not_exist_are_missing_and_counted(project, folder):
    tables = load_tables(project, folder(header=HEADER, episodes=EPISODES))
    assert tables["episodes"]["DECOM"].isna().tolist() == [False, False, True]
    found = audit(tables).set_index("rule")
    assert found.loc["EP06", "failures"] == 1
    assert found.loc["EP02", "failures"] == 0
    empty = missing(tables).set_index(["table", "column"])
    assert empty.loc[("episodes", "DECOM"), "missing"] == 0
    forms = conformance(tables).set_index(["table", "column"])
    assert forms.loc[("episodes", "DECOM"), ["filled", "failures"]].tolist() == [3, 1]
    assert forms.loc[("episodes", "HOME_POST"), ["filled", "failures"]].tolist() == [2, 1]


def test_codes_are_held_against_the_list_of_the_year(project, folder):
    tables = load_tables(project, folder(header=HEADER, episodes=EPISODES))

    def off_list(year_end: str) -> int:
        return audit(tables, year_end).set_index("rule").loc["EP23", "failures"]

    assert off_list("2024-03-31") == 0
    assert off_list("2026-03-31") == 1
    assert off_list("2009-03-31") == 0
    assert off_list("2040-03-31") == 1


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_separators_and_encodings(project, folder, separator, encoding):
    text = HEADER.replace(",", separator).replace("REFU", "Môn")
    tables = load_tables(project, folder(header=text.encode(encoding)))
    assert tables["header"]["ETHNIC"].tolist() == ["WBRI", "MÔN"]


def test_names_of_files_and_columns_vary(project, folder):
    text = HEADER.replace("MC_DOB", "Mc Dob").replace("CHILD", " child ").replace("\n", "\r\n")
    tables = load_tables(project, folder(**{"SSDA903_2026_Header (1).CSV": text, "Placed for Adoption.csv": PLACED}))
    assert list(tables) == ["header", "placed_adoption"]
    assert "MC_DOB" in tables["header"]


PLACED = "CHILD,DOB,DATE_PLACED,DATE_PLACED_CEASED,REASON_PLACED_CEASED\nA0001,27/03/2008,01/02/2016,,\n"


def test_more_and_fewer_columns_are_named(project, folder):
    text = HEADER.replace("ETHNIC", "Colour").replace("MOTHER,", "").replace(",,\n", ",\n").replace(",1.0,", ",")
    tables = load_tables(project, folder(header=text, notes="a,b\n1,2\n"))
    assert tables.notes == [
        "notes.csv is not one of the return's tables and was not read.",
        "header.csv has columns that the return does not know, left out: Colour.",
        "header.csv lacks columns of the return, taken as empty: ETHNIC, MOTHER.",
    ]
    assert tables["header"]["ETHNIC"].isna().all()
    assert ("header", "Colour") in tables.held and ("header", "Colour") not in tables.given
    assert ("header", "ETHNIC") not in tables.given


def test_rows_of_separators_only_are_left_out(project, folder):
    tables = load_tables(project, folder(header=HEADER.replace("\nA0002", "\n,,,,,,\n\nA0002") + ",,,,,,\n"))
    assert len(tables["header"]) == 2
    assert tables.loaded["header"].lines.tolist() == [2, 5]
    assert "rows with nothing in them, left out: 3" in tables.notes[0]


def test_every_file_is_reported(project, folder):
    read = []
    load_tables(project, folder(header=HEADER, episodes=EPISODES, other="x\n1\n"), on_read=read.append)
    assert [path.name for path in read] == ["header.csv", "episodes.csv"]


LONG = HEADER + "A0003,1,27/03/2008,WBRI,UN1,,,extra\n"
SHORT = HEADER + "A0003,1,27/03/2008\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"header": ""}, "header.csv: the file is empty"),
        ({"header": "\n \n"}, "header.csv: the file is empty"),
        ({"header": HEADER.split("\n")[0]}, "a header and no rows"),
        ({"header": HEADER.split("\n")[0] + "\n"}, "a header and no rows"),
        ({"header": LONG}, "header.csv, line 4: the row has 8 cells where the header has 7"),
        ({"header": SHORT}, "header.csv, line 4: the row has 3 cells where the header has 7"),
        ({"header": "a,b\n1,2\n"}, "the columns are not those of the table header"),
        ({"header": HEADER.replace("SEX", "CHILD")}, "two columns called CHILD"),
        ({"header": HEADER.replace(",MOTHER", ",")}, "column 6 has no name"),
        (
            {"header": HEADER + 'A0003,"1,27/03/2008,WBRI,UN1,,\nA0004,1\n'},
            "header.csv, line 4: the file cannot be read as a table: a quotation mark is probably not closed",
        ),
        ({"header": b"PK\x03\x04something"}, "this is an Excel workbook"),
        ({"header": b"a,b\n\x00\x00,1\n"}, "this is not a text file"),
        ({"header": HEADER, "Header 2026.csv": HEADER}, "are both the table header"),
        ({"notes": "a\n1\n"}, "none of the return's tables was found. There is: notes.csv."),
        ({}, "none of the return's tables was found. There is: no files."),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(project, folder, files, message):
    with pytest.raises(EvidenceError) as error:
        load_tables(project, folder(**files))
    assert message in str(error.value)
    assert "27/03/2008" not in str(error.value) and "A000" not in str(error.value)
    assert "Traceback" not in str(error.value)


def test_missing_folder(project):
    with pytest.raises(EvidenceError, match="data/raw/none: there is no such folder"):
        load_tables(project, "data/raw/none")


def test_last_year_end(project, folder):
    def after(day: str):
        text = EPISODES.replace("31/02/2016", "1/6/2015").replace("14/08/2017", day)
        return last_year_end(load_tables(project, folder(header=HEADER, episodes=text))).isoformat()

    assert after("31/03/2020") == "2020-03-31"
    assert after("05/03/2020") == "2020-03-31"
    assert after("10/02/2020") == "2019-03-31"
    assert after("01/04/2020") == "2020-03-31"


def test_profile(project, folder):
    row = profile(load_tables(project, folder(header=HEADER, episodes=EPISODES))).set_index("table").loc["episodes"]
    assert row[["rows", "columns", "given", "children"]].tolist() == [3, 13, 13, 2]


def test_only_what_a_stage_needs(project_of, folder, template, tmp_path):
    import shutil

    from evidence.project import open_project

    copy = shutil.copytree(template, tmp_path / "t", ignore=shutil.ignore_patterns("toolkit", "data", ".evidence"))
    shutil.copy(template.parent / "cookiecutter.json", tmp_path)
    path = copy / "reference" / "catalogue.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("header,ETHNIC,quasi-identifier,code,ssda903/header/ETHNIC,,yes,,yes",
                     "header,ETHNIC,quasi-identifier,code,ssda903/header/ETHNIC,,yes,5 7,yes"),
        encoding="utf-8",
    )  # fmt: skip
    data = folder(header=HEADER)
    assert "ETHNIC" in load_tables(open_project(copy), data, stage=7)["header"]
    assert "ETHNIC" not in load_tables(open_project(copy), data, stage=6)["header"]


def test_empty_lines_above_the_header_are_passed_over_and_counted(project_of, folder):
    loaded = load_tables(project_of("ssda903"), folder(header=b"\r\n\r\nCHILD,SEX,DOB\r\n1,2,01/02/2010\r\n"))
    assert loaded["header"]["SEX"].tolist() == ["F"]
    assert loaded.loaded["header"].lines.tolist() == [4]
