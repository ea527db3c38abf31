"""The SSDA903 return of several years, as CSV files and as XML: joined by year, layouts told apart, mixtures noted."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from evidence.data import audit, failing_rows, identifying_values, load_tables
from evidence.project import EvidenceError
from tests.conftest import give_access

NAMES = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
OLD = NAMES + "A0001,1,27/03/2008,WBRI,UN1,,\nA0002,2,09/09/2011,REFU,UN1,,\n"
NEW = NAMES + "A0001,M,27/03/2008,WBRI,UN1,,\nA0003,F,01/02/2015,REFU,UN1,,\n"
EPISODE_NAMES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
CLOSED = "A0001,15/02/2023,S,C2,N3,U6,PR0,14/08/2023,X1,CLOSE,,,\n"
OPEN = "A0001,14/08/2023,P,C2,N3,H5,PR3,,,,,,\n"
ENDED = "A0001,14/08/2023,P,C2,N3,H5,PR3,01/05/2024,E8,,,,\n"
LATER = "A0003,14/08/2025,S,C2,N3,K3,PR3,,,,,,\n"


@pytest.fixture
def years(tmp_path):
    """`years({"2024/header.csv": …})` writes files into a data folder and its folders."""

    def write(files: dict[str, str]):
        for name, text in files.items():
            path = tmp_path / "returns" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "returns"

    return write


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("header_2024.csv", "header_2025.csv"),
        ("SSDA903 2023-24 Header.csv", "SSDA903 2024-25 Header.csv"),
        ("Header 202324 final.csv", "Header 202425.csv"),
        ("2024/header.csv", "2025/Header.csv"),
        ("Return 2023-24/header.csv", "Return 2024-25/header.csv"),
    ],
)
def test_a_file_a_year_makes_one_table(project_of, years, old, new):
    tables = load_tables(project_of("ssda903"), years({old: OLD, new: NEW}))
    header = tables["header"]
    assert header["SEX"].tolist() == ["F", "M", "F"]
    assert header["CHILD"].nunique() == 3
    assert tables.loaded["header"].lines.tolist() == [3, 2, 3]
    assert tables.loaded["header"].files.tolist() == [old, new, new]
    assert any(note.startswith(f"The table header was put together from {old}, {new}.") for note in tables.notes)


def test_a_later_year_tells_how_what_an_earlier_one_left_open_went_on(project_of, years):
    once = EPISODE_NAMES + CLOSED + OPEN + CLOSED
    tables = load_tables(
        project_of("ssda903"), years({"episodes_2024.csv": once, "episodes_2025.csv": EPISODE_NAMES + CLOSED + ENDED})
    )
    assert tables["episodes"]["DECOM"].dt.strftime("%d/%m/%Y").tolist() == ["15/02/2023", "14/08/2023"]
    assert tables["episodes"]["DEC"].dt.strftime("%d/%m/%Y").tolist() == ["14/08/2023", "01/05/2024"]
    assert tables.loaded["episodes"].files.tolist() == ["episodes_2025.csv"] * 2
    assert tables.loaded["episodes"].lines.tolist() == [2, 3]
    assert any(note.endswith("were taken from there alone: 3.") for note in tables.notes)


def test_a_day_that_two_years_write_in_two_ways_is_one(project_of, years):
    iso = ENDED.replace("14/08/2023", "2023-08-14").replace("01/05/2024", "2024-05-01")
    files = {"episodes_2024.csv": EPISODE_NAMES + OPEN, "episodes_2025.csv": EPISODE_NAMES + iso}
    episodes = load_tables(project_of("ssda903"), years(files))["episodes"]
    assert episodes["DEC"].dt.strftime("%d/%m/%Y").tolist() == ["01/05/2024"]


def test_what_no_later_year_tells_of_stays_and_is_noted(project_of, years):
    files = {"episodes_2024.csv": EPISODE_NAMES + CLOSED + OPEN, "episodes_2025.csv": EPISODE_NAMES + LATER}
    tables = load_tables(project_of("ssda903"), years(files))
    assert len(tables["episodes"]) == 3
    assert any(note.endswith("no later year tells, so they count as open still: 1.") for note in tables.notes)


def test_a_child_of_two_years_is_one_child_though_the_codes_have_changed(project_of, years):
    tables = load_tables(project_of("ssda903"), years({"header_2024.csv": OLD, "header_2025.csv": NEW}))
    assert tables["header"]["SEX"].tolist() == ["F", "M", "F"]
    found = audit(tables, "2025-03-31").set_index("rule")
    assert found.loc["HD01", "failures"] == 0


def test_each_year_has_its_own_row_where_a_table_is_about_the_year(project_of, years):
    names = "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,"
    names += "SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED\n"
    one, other = "A0001,27/03/2008,12,,0,1,1,1,1,0,0,0\n", "A0001,27/03/2008,15,,0,1,1,1,1,0,0,0\n"
    tables = load_tables(project_of("ssda903"), years({"oc2_2024.csv": names + one, "oc2_2025.csv": names + other}))
    assert tables["oc2"]["SDQ_SCORE"].tolist() == [12, 15]


def test_a_row_twice_in_one_file_stays_twice(project_of, years):
    files = {"episodes_2024.csv": EPISODE_NAMES + CLOSED + CLOSED, "episodes_2025.csv": EPISODE_NAMES + LATER}
    assert len(load_tables(project_of("ssda903"), years(files))["episodes"]) == 3


def test_failing_rows_name_their_file(project_of, years):
    wrong = "A0001,14/08/2023,P,C2,N3,U6,PR3,01/05/2020,E8,,,,\n"
    files = {"episodes_2024.csv": EPISODE_NAMES + CLOSED, "episodes_2025.csv": EPISODE_NAMES + LATER + wrong}
    found = failing_rows(load_tables(project_of("ssda903"), years(files)), "2026-03-31")
    before = found[found["rule"] == "EP03"]
    assert before[["file", "row"]].values.tolist() == [["episodes_2025.csv", 3]]


def test_codes_are_held_against_the_lists_of_all_years_there(project_of, years):
    old, new = EPISODE_NAMES + OPEN, EPISODE_NAMES + LATER
    both = load_tables(project_of("ssda903"), years({"2024/episodes.csv": old, "2025/episodes.csv": new}))
    assert audit(both, "2025-03-31").set_index("rule").loc["EP23", "failures"] == 0
    one = load_tables(project_of("ssda903"), years({"one/episodes.csv": old}) / "one")
    assert audit(one, "2025-03-31").set_index("rule").loc["EP23", "failures"] == 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"header.csv": OLD, "header_2024.csv": NEW}, "header.csv and header_2024.csv are both the table header"),
        (
            {"header_2024.csv": OLD, "2024/header.csv": NEW},
            "header_2024.csv and 2024/header.csv are both the table header",
        ),
        ({"header 20240401.csv": OLD, "header 20240402.csv": OLD}, "are both the table header"),
        (
            {"header_2024.csv": OLD, "episodes_2025.csv": EPISODE_NAMES + CLOSED},
            "the table header is of 2024 and the table episodes of 2025",
        ),
        ({"ssda903.xml": "<EXPSSDA903/>", "header.csv": OLD}, "as XML (ssda903.xml) and as CSV files (header.csv)"),
        (
            {"a.xml": "<EXPSSDA903/>", "b.xml": "<EXPSSDA903/>"},
            "2 XML files, and their names do not say of which years",
        ),
    ],
)
def test_years_that_do_not_go_together_are_refused(project_of, years, files, message):
    with pytest.raises(EvidenceError) as error:
        load_tables(project_of("ssda903"), years(files))
    assert message in str(error.value)


def test_tables_of_some_years_only_are_noted(project_of, years):
    files = {
        "header_2025.csv": NEW,
        "episodes_2024.csv": EPISODE_NAMES + OPEN,
        "episodes_2025.csv": EPISODE_NAMES + LATER,
    }
    notes = load_tables(project_of("ssda903"), years(files)).notes
    assert any("different years (header: 2025; episodes: 2024, 2025)" in note for note in notes)


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("header.csv", OLD + "A0009,F,01/02/2015,REFU,UN1,,\n", "mixes the layouts of different years: SEX 1, SEX 2"),
        ("header_2023.csv", NEW, "is of 2023 by its name and has the layout from 2025 (SEX F, SEX M)"),
        ("header_2025.csv", OLD, "is of 2025 by its name and has the layout until 2024 (SEX 1, SEX 2)"),
        (
            "episodes.csv",
            EPISODE_NAMES + OPEN + LATER,
            "mixes the layouts of different years: PLACE H5 (until 2024) and PLACE K3 (from 2025)",
        ),
        (
            "sw_episodes_2023.csv",
            "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON\nA0001,27/03/2008,XX1234567890,01/04/2023,,\n",
            "is of 2023 by its name and has the layout from 2024 (the table)",
        ),
    ],
)
def test_layouts_that_do_not_fit_are_noted_and_read(project_of, years, name, text, note):
    tables = load_tables(project_of("ssda903"), years({name: text}))
    assert any(said.startswith(f"{name} {note}") for said in tables.notes), tables.notes
    assert sum(len(frame) for frame in tables.values()) == text.count("\n") - 1


@pytest.mark.parametrize(("name", "text"), [("header_2024.csv", OLD), ("header_2026.csv", NEW), ("header.csv", OLD)])
def test_a_layout_that_fits_needs_no_note(project_of, years, name, text):
    assert load_tables(project_of("ssda903"), years({name: text})).notes == []


@pytest.mark.slow
def test_a_run_on_folders_of_years_outside_the_project(bake, run_evidence, tmp_path):
    project = give_access(bake(data_source="ssda903"))
    place = tmp_path / "drive"
    for year in ("2024-25", "2025-26"):
        shutil.copytree(project / "data" / "sample", place / year)
    (place / "2024-25" / "header.csv").write_text(NEW, encoding="utf-8")
    file = project / "parameters" / "own.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"data/raw"', json.dumps(str(place))), encoding="utf-8")
    done = run_evidence(project, "run", "own", "--stages", "3")
    assert done.returncode == 0, done.stderr
    pack = (project / "packs" / "own" / "03_choosing_a_solution.html").read_text(encoding="utf-8")
    assert "The table header was put together from 2024-25/header.csv, 2025-26/header.csv." in pack
    reads = json.loads((project / ".evidence" / "runs" / "own" / "reads" / "03.json").read_text(encoding="utf-8"))
    assert {"2024-25/header.csv", "2025-26/header.csv"} <= {entry["name"] for entry in reads}


# XML -------------------------------------------------------------------------------------------------------------

CHILD = """<CHILD><HEADER><CHILDID>{id}</CHILDID><UPN>UN1</UPN><SEX>1</SEX><DOB>27/03/2008</DOB><ETHNIC>WBRI</ETHNIC>
<UASC>{uasc}</UASC><DUC/><AREVIEW><REVIEW>28/01/2016</REVIEW><REVIEW_CODE>PN3</REVIEW_CODE></AREVIEW>
<AREVIEW><REVIEW>14/04/2016</REVIEW><REVIEW_CODE>PN1</REVIEW_CODE></AREVIEW><MOTHER/><MC_DOB/>
<OC2><SDQ_SCORE>18</SDQ_SCORE><CONVICTED>0</CONVICTED></OC2>
<AMISSING><MISSING>M</MISSING><MIS_START>01/02/2016</MIS_START><MIS_END/></AMISSING>{more}</HEADER>
<EPISODE><DECOM>11/11/2015</DECOM><RNE>S</RNE><LS>V2</LS><CIN>N1</CIN><PL>U6</PL><PL_POST>SW1A 1AA</PL_POST>
<HOME_POST/><URN>1594525</URN><PLACE_PROVIDER>PR4</PLACE_PROVIDER><DEC>26/04/2016</DEC><REC>X1</REC></EPISODE>
<EPISODE><DECOM>26/04/2016</DECOM><RNE>P</RNE><LS>V2</LS><CIN>N1</CIN><PL>K2</PL><DEC/><REC/></EPISODE></CHILD>"""


def returned(*children: str) -> str:
    return f'<?xml version="1.0"?><EXPSSDA903>{"".join(children)}</EXPSSDA903>'


def child(id: str, uasc: str = "", more: str = "") -> str:
    return CHILD.format(id=id, uasc=uasc, more=more)


def test_xml_gives_the_tables_of_the_csv_files(project_of, years):
    leaver = "<IN_TOUCH>YES</IN_TOUCH><ACTIV>F1</ACTIV><ACCOM>B1</ACCOM>"
    text = returned(child("A0001", "1", leaver), child("A0002", "0"))
    place = years({"ssda903.xml": text})
    for path in (place, place / "ssda903.xml"):
        tables = load_tables(project_of("ssda903"), path)
        sizes = {name: len(frame) for name, frame in tables.items()}
        assert sizes == {"header": 2, "episodes": 4, "reviews": 4, "oc2": 2, "oc3": 1, "uasc": 1, "missing": 2}
        assert tables["episodes"]["PLACE"].tolist() == ["U6", "K2"] * 2
        assert tables["episodes"]["PL_POST"].iloc[0] == "SW"
        assert tables["reviews"]["REVIEW"].iloc[1] == pd.Timestamp(2016, 4, 14)
        assert (
            tables["episodes"]["CHILD"].iloc[0] == tables["header"]["CHILD"].iloc[0] == tables["oc3"]["CHILD"].iloc[0]
        )
        assert tables["missing"]["DOB"].notna().all()
        assert tables["oc2"]["SDQ_SCORE"].tolist() == [18, 18]
        assert tables.loaded["episodes"].lines.tolist() == [1, 1, 2, 2]
        assert tables.notes == []
    assert identifying_values(project_of("ssda903"), place).kind_of("1594525") == "placement number"


@pytest.mark.parametrize("around", ["{}", "<SWEPISODES>{}</SWEPISODES>"])
def test_xml_tables_that_came_later_are_known_by_their_columns(project_of, years, around):
    worker = "<ASW><SW_ID>XX1234567890</SW_ID><SW_DECOM>01/04/2023</SW_DECOM><SW_REASON>MANAGE</SW_REASON></ASW>"
    order = "<ORDER><DOLO_START>02/05/2026</DOLO_START></ORDER>"
    more = around.format(worker) + around.format(order)
    tables = load_tables(project_of("ssda903"), years({"r.xml": returned(child("A0001", more=more))}))
    assert tables["sw_episodes"]["SW_REASON"].tolist() == ["MANAGE"] and len(tables["dolo"]) == 1
    said = [
        f"r.xml: the elements {element} were taken for the table {name} by what is in them, as no published layout of "
        "the XML names that table. Check them."
        for name, element in (("dolo", "ORDER"), ("sw_episodes", "ASW"))
    ]
    assert tables.notes[:2] == said and "left out" not in " ".join(tables.notes)


def test_xml_elements_that_nobody_knows_are_counted(project_of, years):
    strange = "<HAIR>brown</HAIR><HAIR/><EXTRA><EYES>blue</EYES></EXTRA>"
    tables = load_tables(project_of("ssda903"), years({"r.xml": returned(child("A0001", more=strange))}))
    assert tables.notes == [
        "r.xml has elements that the return does not know, left out: EXTRA (1), EYES (1), HAIR (2)."
    ]


def test_xml_of_several_years_is_joined(project_of, years):
    place = years({"903_2016.xml": returned(child("A0001")), "903_2017.xml": returned(child("A0001"), child("A0002"))})
    tables = load_tables(project_of("ssda903"), place)
    assert len(tables["header"]) == 2
    assert set(tables.loaded["header"].files) == {"903_2017.xml"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (returned(), "there is no child in the file"),
        (returned(child("A0001"))[:-30], "cut short or is not well-formed"),
        ("<Message><Children/></Message>", "this is a census of the Department for Education, not an SSDA903 return"),
        ("<html/>", "this is another kind of document, not an SSDA903 return"),
        ('<!DOCTYPE a [<!ENTITY x "aaaa">]>' + returned(child("&x;")), "declares a document type"),
        ('<?xml version="1.0" encoding="cp037"?><EXPSSDA903/>', "in an encoding that returns are not sent in, cp037"),
    ],
)
def test_xml_that_cannot_be_read_is_refused(project_of, years, text, message):
    with pytest.raises(EvidenceError) as error:
        load_tables(project_of("ssda903"), years({"ssda903.xml": text}))
    assert message in str(error.value)
    assert "A0001" not in str(error.value)
