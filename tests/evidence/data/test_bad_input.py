"""Input that cannot be read: one message that says where and what to do, nothing loaded, exit status 2."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from evidence.data import audit, failing_rows, load_tables
from evidence.data.cataloguing.catalogues import catalogue
from evidence.data.cataloguing.describing import draft
from evidence.data.sources import open_sources
from evidence.data.sources.xml_files import records
from evidence.project import EvidenceError
from tests.conftest import ROOT, give_access
from tests.evidence.data.workbooks import write_workbook

SAVED = ROOT / "tests" / "fixtures" / "workbooks"
HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
ROW = "A0001,M,27/03/2008,WBRI,UN1,,\n"
EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
BOMB = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
CENSUS = (
    "<Message><Header><CollectionDetails><Collection>{kind}</Collection><Year>2026</Year></CollectionDetails></Header>"
    "<Children><Child><ChildIdentifiers><LAchildID>A0001</LAchildID></ChildIdentifiers></Child></Children></Message>"
)


def text(content: str, encoding: str = "utf-8"):
    return lambda path: path.write_bytes(content.encode(encoding))


def raw(content: bytes):
    return lambda path: path.write_bytes(content)


def workbook(rows: list[list], **more):
    return lambda path: write_workbook(path, {"Sheet1": rows}, **more)


def container(*streams: str) -> bytes:
    """A compound file, as Office makes one around a locked workbook: its header and a directory of these streams."""
    sector = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + (2 * len(name) + 2).to_bytes(2, "little") + bytes(62)
        for name in ("Root Entry", *streams)
    )
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + sector


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("referrals.csv", "a,b\n1,2\n")


def cut_workbook(path: Path) -> None:
    write_workbook(path, {"Sheet1": [["a", "b"], ["1", "2"]]})
    path.write_bytes(path.read_bytes()[:700])


def parquet(path: Path) -> None:
    pd.DataFrame({"a": range(99)}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-50])


def leads_out(path: Path) -> None:
    outside = path.parent.parent / "elsewhere.csv"
    outside.write_text(HEADER + ROW, encoding="utf-8")
    path.symlink_to(outside)


def days(*dates: str) -> str:
    return HEADER + "".join(f"A000{at},M,{day},WBRI,UN1,,\n" for at, day in enumerate(dates))


# What it is called, what the project's data is, the files, and what the message says.
CASES = {
    "mixed encodings": (
        "ssda903",
        {"header.csv": raw((HEADER + ROW + "Môn,,,,,,\n").encode() + "Môn,,,,,,\n".encode("cp1252"))},
        "header.csv, line 4: the text is not in one encoding",
    ),
    "an encoding of neither kind": (
        "ssda903",
        {"header.csv": raw((HEADER + ROW).encode() + b"\x81\x8d,,,,,,\n")},
        "header.csv, line 3: the text is not in one encoding",
    ),
    "half a UTF-16 file": (
        "ssda903",
        {"header.csv": raw((HEADER + ROW).encode("utf-16")[:-1])},
        "the file is cut short",
    ),
    "UTF-16 that does not say so": ("ssda903", {"header.csv": text(HEADER, "utf-16-le")}, "this is not a text file"),
    "ragged rows everywhere": (
        "ssda903",
        {"header.csv": text("CHILD\nA0001,M\nA0002,F\n")},
        "header.csv, line 2: the row has 2 cells where the header has 1",
    ),
    "ragged rows": (
        "ssda903",
        {"header.csv": text(HEADER + ROW + "A0002,M\n")},
        "header.csv, line 3: the row has 2 cells",
    ),
    "a cell too long for any table": (
        "ssda903",
        {"header.csv": text(HEADER + ROW + 'A0002,M,27/03/2008,WBRI,UN1,"' + "A0001 \n" * 500_000 + '",\n' + ROW)},
        "header.csv, line 3: the row is longer than 1 MB",
    ),
    "two tables of one name": (
        "ssda903",
        {"header.csv": text(HEADER + ROW), "Header (1).csv": text(HEADER + ROW)},
        "Header (1).csv and header.csv are both the table header",
    ),
    "two own tables of one name": (
        "own",
        {"visits.csv": text("a\n1\n"), "Visits.xlsx": workbook([["a", "b"], ["1", "2"]])},
        "visits.csv and Visits.xlsx, sheet Sheet1 would be the same table, visits",
    ),
    "a header only": ("ssda903", {"header.csv": text(HEADER)}, "header.csv: the file has a header and no rows"),
    "a header only on a sheet": (
        "own",
        {"a.xlsx": workbook([["a", "b"]])},
        "a.xlsx, sheet Sheet1: the sheet has a header",
    ),
    "an empty file": ("ssda903", {"header.csv": raw(b"")}, "header.csv: the file is empty"),
    "an empty workbook": ("own", {"a.xlsx": raw(b"")}, "a.xlsx: the file is empty"),
    "a record where the names of columns should be": (
        "ssda903",
        {"header.csv": text(ROW + ROW.replace("A0001", "A0002"))},
        "header.csv, line 1: this is no row of column names: column 3 holds in it what the rows below it hold",
    ),
    "a pupil number where the names of columns should be": (
        "own",
        {"a.csv": text("\nA123456789012;M\nB123456789012;F\n")},
        "a.csv, line 2: this is no row of column names: column 1 holds",
    ),
    "a line that is meant for Excel": (
        "own",
        {"a.csv": text("\ufeffsep=;\r\nchild;sex\r\nA0001;M\r\n")},
        "a.csv, line 1: this line tells Excel how cells are separated, and holds no column names",
    ),
    "a file without a name": ("own", {"---.csv": text("a,b\n1,2\n")}, "---.csv: its table has no name"),
    "no table": ("own", {"notes.docx": raw(b"x")}, "there is no table in it"),
    "impossible dates": (
        "ssda903",
        {"header.csv": text(days("31/02/2012", "30/02/2012", "31/04/2013", "01/04/2013"))},
        "header.csv, row 2: most of what is in the column DOB is no date",
    ),
    "the month before the day": (
        "ssda903",
        {"header.csv": text(days("02/28/2012", "12/31/2012", "04/15/2013", "01/04/2013"))},
        "header.csv, row 2: in the column DOB the month stands before the day",
    ),
    "day counts in a CSV file": (
        "ssda903",
        {"header.csv": text(days("40968", "41234", "41500"))},
        "header.csv, row 2: most of the column DOB are numbers as Excel counts days",
    ),
    "day counts in an old workbook": (
        "annex_a",
        {"annex.xls": lambda path: shutil.copy(SAVED / "day_counts.xls", path)},
        "annex.xls, sheet List 1, row 2: most of the column Date of Contact are numbers as Excel counts days",
    ),
    "thousands with points": (
        "ssda903",
        {"oc2.csv": text("CHILD,DOB,SDQ_SCORE\n" + "A1,01/02/2012,1.234.567\n" * 4)},
        "oc2.csv, row 2: most of what is in the column SDQ_SCORE is no number",
    ),
    "thousands with commas, unquoted": (
        "ssda903",
        {"oc2.csv": text("CHILD,DOB,SDQ_SCORE\nA1,01/02/2012,1,234\n")},
        "oc2.csv, line 2: the row has 4 cells where the header has 3",
    ),
    "years that do not go together": (
        "ssda903",
        {"header_2024.csv": text(HEADER + ROW), "episodes_2026.csv": text(EPISODES + "A0001" + "," * 12 + "\n")},
        "the table header is of 2024 and the table episodes of 2026",
    ),
    "a locked workbook": (
        "own",
        {"a.xlsx": raw(container("EncryptionInfo", "EncryptedPackage"))},
        "a.xlsx: the workbook is locked with a password",
    ),
    "a locked old workbook": (
        "own",
        {"a.xls": lambda path: shutil.copy(SAVED / "locked.xls", path)},
        "a.xls: the workbook is locked with a password",
    ),
    "a locked LibreOffice workbook": (
        "own",
        {"a.ods": lambda path: shutil.copy(SAVED / "locked.ods", path)},
        "a.ods: the workbook is locked with a password",
    ),
    "a truncated workbook": ("own", {"a.xlsx": cut_workbook}, "a.xlsx: the workbook is damaged, cut short"),
    "a zip file called workbook": ("own", {"a.xlsx": zipped}, "a.xlsx: the workbook is damaged, cut short"),
    "a page called workbook": ("own", {"a.xls": text("<html><table>")}, "a.xls: this is no workbook, though"),
    "a workbook called CSV": ("own", {"a.csv": zipped}, "a.csv: this is an Excel workbook that is named"),
    "a truncated Parquet file": ("own", {"a.parquet": parquet}, "a.parquet: the file is empty, cut short"),
    "a truncated census": (
        "cin",
        {"c.xml": text(CENSUS.format(kind="CIN")[:-20])},
        "c.xml, line 1: the file is cut short",
    ),
    "an XML bomb": (
        "cin",
        {"c.xml": text(BOMB + CENSUS.format(kind="&c;"))},
        "c.xml: the file declares a document type",
    ),
    "an XML bomb in another encoding": (
        "cin",
        {"c.xml": raw(b'<?xml version="1.0" encoding="cp037"?>' + (BOMB + "<Message/>").encode("cp037"))},
        "c.xml: the file is in an encoding that returns are not sent in",
    ),
    "another census": ("cin", {"c.xml": text(CENSUS.format(kind="SEN2"))}, "c.xml: this is another census (SEN2)"),
    "another return": ("cin", {"c.xml": text("<EXPSSDA903><CHILD/></EXPSSDA903>")}, "c.xml: this is an SSDA903 return"),
    "a truncated return": ("ssda903", {"r.xml": text("<EXPSSDA903><CHILD>")}, "r.xml, line 1: the file is cut short"),
    "a bomb as return": (
        "ssda903",
        {"r.xml": text(BOMB + "<EXPSSDA903/>")},
        "r.xml: the file declares a document type",
    ),
    "a link that leads out": ("ssda903", {"header.csv": leads_out}, "header.csv: this is a link to a file outside"),
}


def put(folder: Path, files: dict) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in files.items():
        write(folder / name)
    return folder


@pytest.mark.parametrize(("source", "files", "message"), CASES.values(), ids=CASES)
def test_each_is_refused_with_its_place(project_of, tmp_path, source, files, message):
    if sys.platform == "win32" and message.endswith("outside"):
        pytest.skip("making links needs a right on Windows")
    folder = put(tmp_path / "raw", files)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    project = project_of(source)
    said = []
    for attempt in (load_tables, draft, lambda *which: open_sources(*which, catalogue(project))):
        with pytest.raises(EvidenceError) as error:
            attempt(project, folder)
        said.append(str(error.value))
    assert message in said[0]
    assert len(set(said)) == 1
    # What is wrong, then what to do; and nothing of a child.
    assert len(said[0].split("\n")) == 2
    assert "A0001" not in said[0] and str(tmp_path) not in said[0]
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("path", ["../../elsewhere", "data/raw/../../..", ".."])
def test_a_path_that_goes_up_is_refused(project_of, path):
    with pytest.raises(EvidenceError, match="the path goes up and out of its folder"):
        load_tables(project_of("ssda903"), path)


def test_a_full_path_and_a_linked_data_folder_are_not_refused(project_of, tmp_path):
    share = put(tmp_path / "share", {"header.csv": text(HEADER + ROW)})
    assert len(load_tables(project_of("ssda903"), share)["header"]) == 1
    if sys.platform != "win32":
        (tmp_path / "linked").symlink_to(share)
        assert len(load_tables(project_of("ssda903"), tmp_path / "linked")["header"]) == 1


def test_a_link_inside_the_folder_is_read(project_of, tmp_path):
    if sys.platform == "win32":
        pytest.skip("making links needs a right on Windows")
    folder = put(tmp_path / "raw", {"all_data.txt": text(HEADER + ROW)})
    (folder / "header.csv").symlink_to("all_data.txt")
    assert len(load_tables(project_of("ssda903"), folder)["header"]) == 1


def test_what_excel_leaves_behind_is_passed_over(project_of, tmp_path):
    files = {"header.csv": text(HEADER + ROW), "~$header.csv": raw(b"\x05Name"), ".~lock.header.csv#": raw(b"x")}
    tables = load_tables(project_of("ssda903"), put(tmp_path / "raw", files))
    assert (list(tables), tables.notes) == (["header"], [])


def test_a_few_wrong_values_are_for_the_audit_to_find(project_of, tmp_path):
    some = days("31/02/2012", "40968", "01/04/2013", "02/04/2013", "03/04/2013")
    tables = load_tables(project_of("ssda903"), put(tmp_path / "raw", {"header.csv": text(some)}))
    assert tables["header"]["DOB"].isna().tolist() == [True, True, False, False, False]
    found = audit(tables).set_index("rule")
    shape = found[(found["table"] == "header") & (found["columns"] == "DOB") & (found["failures"] == 2)]
    assert len(shape) == 1
    rows = failing_rows(tables)
    assert rows.loc[rows["rule"] == shape.index[0], ["file", "row"]].values.tolist() == [
        ["header.csv", 2],
        ["header.csv", 3],
    ]


def test_lines_that_end_as_on_an_old_mac_are_lines(project_of, tmp_path):
    rows = (HEADER + ROW + ROW.replace("A0001", "A0002")).replace("\n", "\r")
    tables = load_tables(project_of("ssda903"), put(tmp_path / "raw", {"header.csv": text(rows)}))
    assert tables["header"]["SEX"].tolist() == ["M", "M"] and tables.loaded["header"].lines.tolist() == [2, 3]


def test_quoted_thousands_are_numbers(project_of, tmp_path):
    oc2 = 'CHILD,DOB,SDQ_SCORE\nA1,01/02/2012,"1,234"\nA2,01/02/2012,"12,345,678.5"\n'
    tables = load_tables(project_of("ssda903"), put(tmp_path / "raw", {"oc2.csv": text(oc2)}))
    assert tables["oc2"]["SDQ_SCORE"].tolist() == [1234, 12345678.5]


# Through the command line --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(bake_to_keep):
    """A project of each kind of data, made when it is first asked for."""
    made: dict[str, Path] = {}

    def of(source: str) -> Path:
        if source not in made:
            made[source] = give_access(bake_to_keep(data_source=source))
        return made[source]

    return of


@pytest.fixture
def type_in(monkeypatch, capsys):
    """`type_in(project, "data", "audit", folder)`: the command as the terminal starts it; (status, said, refused)."""
    from evidence.cli import main

    def run(project: Path, *arguments: object) -> tuple[int, str, str]:
        monkeypatch.chdir(project)
        monkeypatch.setattr(sys, "argv", ["evidence", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("command", ["describe", "audit"])
def test_commands_end_with_status_2(kept, type_in, tmp_path, case, command):
    source, files, message = CASES[case]
    if sys.platform == "win32" and message.endswith("outside"):
        pytest.skip("making links needs a right on Windows")
    project = kept(source)
    catalogue_before = (project / "reference" / "catalogue.csv").read_bytes()
    status, said, refused = type_in(project, "data", command, put(tmp_path / "raw", files))
    assert (status, said) == (2, "")
    assert message in refused and len(refused.rstrip("\n").split("\n")) == 2
    assert (project / "reference" / "catalogue.csv").read_bytes() == catalogue_before


@pytest.mark.parametrize("command", ["describe", "audit"])
def test_commands_refuse_a_path_that_goes_up(kept, type_in, command):
    status, said, refused = type_in(kept("own"), "data", command, "../../elsewhere")
    assert (status, said) == (2, "") and "goes up and out of its folder" in refused


@pytest.mark.parametrize("command", [("describe", "database", "Referrals"), ("audit", "data/raw")])
def test_a_database_that_drops_while_it_is_read_ends_a_command_with_status_2(
    kept, type_in, tmp_path, monkeypatch, command
):
    import sqlalchemy

    project = shutil.copytree(kept("own"), tmp_path / "project", symlinks=True)
    with sqlite3.connect(project / "records.db") as database:
        database.execute("CREATE TABLE Referrals (ChildID TEXT, Team TEXT)")
        database.executemany("INSERT INTO Referrals VALUES (?, ?)", [(f"A{i:04d}", "North") for i in range(900)])
    database.close()
    for name, old, new in (
        ("project.toml", 'address = ""', 'address = "sqlite:///records.db"'),
        ("reference/catalogue.csv", "", "own,referrals,,,,,,,,yes,database table Referrals,,,,,\n"
         "own,referrals,Team,ordinary,code,,,,,yes,,,,,,\n"),
    ):  # fmt: skip
        text = (project / name).read_text(encoding="utf-8")
        (project / name).write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
    read = []

    def dropped(value):
        read.append(value)
        if len(read) > 500:
            gone = Exception("server closed the connection: A0001")
            raise sqlalchemy.exc.OperationalError("SELECT", {}, gone, connection_invalidated=True)
        return str(value)

    monkeypatch.setattr("evidence.data.sources.database.as_text", dropped)
    status, said, refused = type_in(project, "data", *command)
    assert (status, said, len(read) > 500) == (2, "", True), refused
    assert "stopped answering while it was read" in refused and "A0001" not in refused


# What the return or the tables may hold that is wrong, one of each kind.
KINDS = (
    "mixed encodings", "ragged rows", "two tables of one name", "a header only", "an empty file", "impossible dates",
    "day counts in a CSV file", "thousands with points", "years that do not go together", "a locked workbook",
    "a truncated return", "an XML bomb", "a link that leads out",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", KINDS)
def test_a_run_ends_with_status_2_and_releases_nothing(kept, run_evidence, tmp_path, case):
    source, files, message = CASES[case]
    if sys.platform == "win32" and message.endswith("outside"):
        pytest.skip("making links needs a right on Windows")
    project = shutil.copytree(kept(source), tmp_path / "project", symlinks=True)
    put(project / "data" / "raw", files)
    done = run_evidence(project, "run", "own", "--stages", "1")
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr and "Traceback" not in done.stderr
    assert not (project / "packs" / "own").exists()


def test_a_run_on_a_path_that_goes_up_is_refused_before_it_begins(bake, run_evidence):
    project = bake(data_source="ssda903")
    file = project / "parameters" / "own.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('"data/raw"', '"../../drive"'), encoding="utf-8")
    done = run_evidence(project, "run", "own")
    assert done.returncode == 2 and "parameters/own.toml" in done.stderr
    assert "goes up and out of its folder" in done.stderr
    assert not os.path.exists(project / ".evidence" / "runs" / "own")


def test_an_xml_file_that_cannot_be_opened_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(EvidenceError, match=r"^r\.xml: the file cannot be opened") as refused:
        list(records(tmp_path, "r.xml", "EXPSSDA903", {}))
    assert "Close it in other programs and try again." in str(refused.value)
