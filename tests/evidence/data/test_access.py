"""Who may see what: named people, roles, special category data; and a catalogue in which every cell is checked."""

from __future__ import annotations

import csv
import getpass
from datetime import date

import pandas as pd
import pytest

from evidence.data import catalogue, catalogue_summary, identifying_values, load_tables
from evidence.data.access import access_log_lines, access_plan, access_to, current_login, people, role_access
from evidence.data.access.people import bare_login
from evidence.data.cataloguing.catalogues import COLUMNS
from evidence.project import EvidenceError, open_project
from tests.conftest import give_access

HEADER = (
    "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\nA0001,1,27/03/2008,WBRI,D051910639385,,\nA0002,2,09/09/2011,REFU,UN1,,\n"
)
OC2 = (
    "CHILD,DOB,SDQ_SCORE,SDQ_REASON,CONVICTED,HEALTH_CHECK,IMMUNISATIONS,TEETH_CHECK,HEALTH_ASSESSMENT,"
    "SUBSTANCE_MISUSE,INTERVENTION_RECEIVED,INTERVENTION_OFFERED\nA0001,27/03/2008,12,,0,1,1,1,1,0,,\n"
)
UASC = "CHILD,SEX,DOB,DUC\nA0001,1,27/03/2008,01/02/2026\n"


def set_cells(project, table: str, column: str, **cells: str):
    """Changes cells of one row of the project's catalogue and opens the project again."""
    path = project.root / "reference" / "catalogue.csv"
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    changed = [row for row in rows if (row["source"], row["table"], row["column"]) == ("ssda903", table, column)]
    assert len(changed) == 1
    changed[0].update(cells)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return open_project(project.root)


# Who is let in -------------------------------------------------------------------------------------------------------


def test_nobody_who_is_not_listed_opens_the_councils_data(council, folder):
    project = council()
    data = folder(header=HEADER)
    for opening in (load_tables, identifying_values):
        with pytest.raises(EvidenceError) as refused:
            opening(project, data)
        said = str(refused.value)
        assert "not listed" in said and "Ask whether you may: Head of service" in said
        assert "\nYour name,your login,analyst,no,no," in said
        # The text of an error may be printed on a page.
        assert current_login()[0] not in said.replace("analyst", "")
    assert access_log_lines(project)["what"].tolist() == ["refused", "refused"]


def test_the_row_that_the_message_gives_lets_in_once_it_is_complete(council, folder):
    project = council()
    data = folder(header=HEADER)
    with pytest.raises(EvidenceError) as refused:
        access_to(project, data, show_login=True)
    row = next(line for line in str(refused.value).split("\n") if line.startswith("Your name,"))
    path = project.root / "reference" / "access.csv"
    with open(path, "a", encoding="utf-8") as file:
        file.write(row + "\n")
    with pytest.raises(EvidenceError, match="your row does not say approved_by") as incomplete:
        load_tables(project, data)
    assert "reference/access.csv, row 3" in str(incomplete.value)
    path.write_text(path.read_text(encoding="utf-8").replace(row, row.replace(",,,", ",,Ann Owner,")), encoding="utf-8")
    assert len(load_tables(project, data)["header"]) == 2


def test_the_worked_line_is_nobody(council, folder, monkeypatch):
    monkeypatch.setenv("EVIDENCE_LOGIN", "a.analyst")
    project = council()
    assert people(project) == []
    with pytest.raises(EvidenceError, match="not listed"):
        load_tables(project, folder(header=HEADER))


def test_made_up_data_is_everybodys(council, template):
    project = council()
    import shutil

    shutil.copytree(template / "data" / "sample", project.root / "data" / "sample")
    tables = load_tables(project, "data/sample")
    assert "ETHNIC" in tables["header"] and tables.withheld.role == "" and tables.withheld.notes() == []
    assert access_log_lines(project)["role"].tolist() == [""]
    # Another folder with the same files is not the sample.
    shutil.copytree(project.root / "data" / "sample", project.root / "data" / "sample2")
    with pytest.raises(EvidenceError, match="not listed"):
        load_tables(project, "data/sample2")


@pytest.mark.parametrize(
    ("dates", "day", "says"),
    [
        (("2026-01-01", ""), date(2026, 1, 1), ""),
        (("2026-01-01", "2026-06-30"), date(2026, 6, 30), ""),
        (("01/01/2026", "30/06/2026"), date(2026, 6, 30), ""),
        (("2026-01-01", "2026-06-30"), date(2026, 7, 1), "your access ended on 30 June 2026"),
        (("2026-01-01", ""), date(2025, 12, 31), "your access has not begun yet"),
    ],
)
def test_access_has_dates(council, dates, day, says):
    project = council()
    give_access(project.root, **{"from": dates[0], "until": dates[1], "ask": "The data owner"})
    if not says:
        assert access_to(project, "data/raw", day=day).role == "analyst"
        return
    with pytest.raises(EvidenceError, match=says) as refused:
        access_to(project, "data/raw", day=day)
    assert "The data owner" in str(refused.value)


def test_a_new_role_after_an_old_one(council):
    project = council()
    give_access(project.root, until="2026-03-31", special_category="no")
    give_access(project.root, role="manager", **{"from": "2026-04-01"})
    said = [access_to(project, "data/raw", day=date(2026, month, 31)) for month in (3, 5)]
    assert [(one.role, one.special_category) for one in said] == [("analyst", False), ("manager", True)]


def test_logins_are_compared_without_domain_and_case(council, monkeypatch):
    assert [bare_login(text) for text in ("COUNCIL\\ASmith", "asmith@council.gov.uk", " asmith ")] == ["asmith"] * 3
    project = council()
    give_access(project.root, login="Council\\A.Tester")
    monkeypatch.setenv("EVIDENCE_LOGIN", "a.tester@council.gov.uk")
    access = access_to(project, "data/raw")
    # Whoever works under another login leaves their own in the log.
    assert access.login == "a.tester" and access.really == bare_login(getpass.getuser())


def test_the_login_is_the_systems_own(monkeypatch):
    before = current_login()
    for name in ("USER", "LOGNAME", "USERNAME", "LNAME"):
        monkeypatch.setenv(name, "somebody.else")
    assert current_login() == before


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"role": "wizard"}, "row 3, column role: that is no role"),
        ({"special_category": "perhaps"}, "row 3, column special_category: it must be yes or no"),
        ({"from": "soon"}, "row 3, column from: that is no date"),
        ({"until": "2025-01-01"}, "row 3, column until: it lies before"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_with_its_place(council, cells, says):
    project = council()
    give_access(project.root, **cells)
    with pytest.raises(EvidenceError) as refused:
        people(project)
    assert f"reference/access.csv, {says}" in str(refused.value)


def test_one_login_has_one_role_at_a_time(council):
    project = council()
    give_access(give_access(project.root), role="manager")
    with pytest.raises(EvidenceError, match="row 4, column login: row 3 gives the same login"):
        people(project)


@pytest.mark.parametrize(("separator", "encoding"), [(";", "utf-8-sig"), ("\t", "cp1252"), (",", "utf-16")])
def test_the_list_survives_excel(council, separator, encoding):
    project = council()
    give_access(project.root, person="Siân Môn", role=" Analyst ", special_category="YES")
    path = project.root / "reference" / "access.csv"
    text = path.read_text(encoding="utf-8").replace(",", separator).replace("\n", "\r\n")
    path.write_bytes((text + separator * 9 + "\r\n").encode(encoding))
    (person,) = people(project)
    assert (person.person, person.role, person.special_category) == ("Siân Môn", "analyst", True)


# What a role sees ----------------------------------------------------------------------------------------------------


def test_special_category_data_needs_its_own_permission(council, folder):
    project = council()
    give_access(project.root, special_category="no", ask="The data protection officer")
    tables = load_tables(project, folder(header=HEADER, oc2=OC2, uasc=UASC))
    assert list(tables["header"].columns) == ["CHILD", "SEX", "DOB", "UPN", "MOTHER", "MC_DOB"]
    assert list(tables["oc2"].columns) == ["CHILD", "DOB"]
    # The whole table of asylum-seeking children is special category data.
    assert "uasc" not in tables and tables.get("uasc") is None
    with pytest.raises(EvidenceError, match="the table uasc is not for the role analyst.*data protection officer"):
        tables["uasc"]
    notes = tables.withheld.notes()
    assert len(notes) == 2 and "uasc" in notes[0] and "ETHNIC of header" in notes[1] and "CONVICTED of oc2" in notes[1]
    assert not [note for note in notes if current_login()[0] in note.replace("analyst", "")]
    read = access_log_lines(project).iloc[-1]
    assert read["tables"] == "header, oc2" and "ETHNIC" not in read["columns"]


def test_with_the_permission_nothing_is_hidden(council, folder):
    project = council()
    give_access(project.root)
    tables = load_tables(project, folder(header=HEADER, oc2=OC2, uasc=UASC))
    assert list(tables) == ["header", "oc2", "uasc"] and "CONVICTED" in tables["oc2"] and not tables.withheld.notes()


def test_a_data_set_or_a_column_may_be_for_some_roles_only(council, folder):
    project = council()
    give_access(project.root, role="manager")
    project = set_cells(project, "oc2", "", access="analyst; data engineer", owner="Virtual school head")
    project = set_cells(project, "header", "UPN", access="Analyst")
    tables = load_tables(project, folder(header=HEADER, oc2=OC2))
    assert list(tables) == ["header"] and "UPN" not in tables["header"]
    assert "Ask: Virtual school head" in tables.withheld.notes()[0]
    assert ("oc2", "SDQ_SCORE") in tables.at_hand
    with pytest.raises(EvidenceError, match="no table in it is for the role manager.*\n.*Virtual school head"):
        load_tables(project, folder_of(folder, oc2=OC2))


def folder_of(folder, **files):
    place = folder(**files)
    (place / "header.csv").unlink()
    return place


def test_a_hidden_column_is_not_audited_and_not_missing(council, folder):
    from evidence.data import audit, missing

    project = council()
    give_access(project.root, special_category="no")
    tables = load_tables(project, folder(header=HEADER))
    assert "ETHNIC" not in set(missing(tables)["column"]) and "SEX" in set(missing(tables)["column"])
    assert len(audit(tables, "2026-03-31")) > 0


# Tables for pages ----------------------------------------------------------------------------------------------------


def test_the_plan_says_which_role_sees_what(council, folder):
    project = council()
    give_access(project.root)
    give_access(project.root, person="B", login="b", special_category="no")
    give_access(project.root, person="C", login="c", role="manager", special_category="no")
    give_access(project.root, person="D", login="d", role="evaluator", until="2026-02-01")
    project = set_cells(project, "oc2", "", access="analyst")
    tables = load_tables(project, folder(header=HEADER, oc2=OC2))
    plan = access_plan(project, tables.catalogue, tables.at_hand, date(2026, 4, 30))
    seen = plan.set_index(["role", "special_category", "data_set"])[["people", "seen", "hidden"]]
    assert {place: tuple(row) for place, row in seen.iterrows()} == {
        ("analyst", "no", "header"): (1, 6, 1),
        ("analyst", "no", "oc2"): (1, 2, 10),
        ("analyst", "yes", "header"): (1, 7, 0),
        ("analyst", "yes", "oc2"): (1, 12, 0),
        ("manager", "no", "header"): (1, 6, 1),
        ("manager", "no", "oc2"): (1, 0, 12),
    }
    why = plan.set_index(["role", "special_category", "data_set"])["why"]
    assert why["manager", "no", "oc2"] == "for other roles"
    assert why["analyst", "no", "header"].startswith("special category data")
    assert access_plan(council_without_people(project), tables.catalogue, tables.at_hand, date(2026, 4, 30)).empty


def council_without_people(project):
    path = project.root / "reference" / "access.csv"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:2]), encoding="utf-8")
    return project


def test_what_is_wrong_with_the_list_is_said_by_row(council):
    project = council()
    give_access(project.root, re_identify="no")
    give_access(project.root, person="B", login="b", role="manager", until="2026-03-31")
    give_access(project.root, person="", login="c", role="evaluator", approved_by="TBC")
    project = set_cells(project, "oc2", "", access="analyst; practitioner")
    table, problems = role_access(project, catalogue(project), date(2026, 4, 30))
    expected = pd.DataFrame(
        [("analyst", 1, 1, 1, 0), ("evaluator", 1, 1, 1, 1), ("manager", 1, 0, 0, 0)],
        columns=["role", "people", "in_force", "special_category", "re_identify"],
    )
    pd.testing.assert_frame_equal(table, expected)
    assert problems == [
        "Row 4 of reference/access.csv ended on 31 March 2026: renew it or take it out.",
        "Row 5 of reference/access.csv does not say person and approved_by, and gives no access until it does.",
        "The catalogue has data for the role practitioner, and nobody listed has it.",
    ]
    table, problems = role_access(council_without_people(project), catalogue(project), date(2026, 4, 30))
    assert table.empty and problems == []


def test_the_catalogue_summed_up(council, folder):
    project = council()
    give_access(project.root)
    project = set_cells(project, "header", "", owner="Head of performance", period="April 2025 to March 2026")
    project = set_cells(project, "header", "MOTHER", confirmed="no")
    tables = load_tables(project, folder(header=HEADER, uasc=UASC))
    summary = catalogue_summary(tables).set_index("table")
    header = summary.loc["header"]
    assert header["owner"] == "Head of performance" and "section 83" in header["legal_basis"]
    counts = ["variables", "direct_identifiers", "quasi_identifiers", "sensitive", "special_category", "unconfirmed"]
    assert header[counts].tolist() == [7, 4, 2, 1, 1, 1]
    assert summary.loc["uasc", counts].tolist() == [4, 2, 1, 0, 4, 0]
    assert summary.loc["uasc", "owner"] == "not said" and header["roles"] == "every role"


# The catalogue's cells -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"special_category": "maybe"}, "column special_category: it must be yes or no"),
        ({"confirmed": "ja"}, "column confirmed: it must be yes or no"),
        ({"valid_range": "low"}, "column valid_range: that is no range"),
        ({"valid_range": "40-0"}, "column valid_range: that is no range"),
        ({"code_list": "ssda903/header/NONE"}, "column code_list: there is no such code list"),
        ({"access": "analyst; wizard"}, 'column access: "wizard" is no role that people have'),
        ({"needed_by": "11"}, "column needed_by: these are no numbers of stages"),
        ({"owner": "Somebody"}, "column owner: this is said of a data set"),
        ({"legal_basis": "A law"}, "column legal_basis: this is said of a data set"),
        ({"role": "thing"}, 'column role: "thing" is not a role'),
    ],
)
def test_a_wrong_cell_is_named_with_row_column_and_remedy(council, cells, says):
    project = set_cells(council(), "header", "SEX", **cells)
    with pytest.raises(EvidenceError) as refused:
        catalogue(project)
    assert f"reference/catalogue.csv, row 4 (header SEX), {says}" in str(refused.value)
    assert "\n" in str(refused.value)


@pytest.mark.parametrize("again", ["ssda903,header,SEX", "ssda903,Header,Sex ", "SSDA903,header,"])
def test_two_rows_for_one_thing_are_refused(council, again):
    project = council()
    with open(project.root / "reference" / "catalogue.csv", "a", encoding="utf-8") as file:
        file.write(f"{again},ordinary,code\n")
    with pytest.raises(EvidenceError, match=r"row \d is about the same (variable|data set)"):
        catalogue(project)


def test_a_role_that_somebody_has_may_be_named(council):
    project = council()
    text = (project.root / "reference" / "access.toml").read_text(encoding="utf-8")
    (project.root / "reference" / "access.toml").write_text(
        text.replace('"analyst"', '"analyst", "school"'), encoding="utf-8"
    )
    project = set_cells(project, "oc2", "", access="School")
    assert (catalogue(project)["access"] == "school").sum() == 1


@pytest.mark.parametrize(
    "cell", ["QX7731905", "0123456789abcdef,fedcba9876543210", "0123456789abcdef QX7731905", "none"]
)
def test_an_interest_that_is_no_mark_is_refused_and_not_repeated(council, cell):
    project = council()
    give_access(project.root, declared_interests=cell)
    with pytest.raises(EvidenceError, match="no mark") as error:
        people(project)
    assert "reference/access.csv, row 3, column declared_interests" in str(error.value)
    assert "QX7731905" not in str(error.value) and "--declare" in str(error.value)
    assert all(part not in str(error.value) for part in ("0123456789abcdef", "fedcba9876543210"))


def test_marks_may_stand_with_a_blank_or_a_semicolon_between(council):
    project = council()
    give_access(project.root, declared_interests="0123456789ABCDEF; fedcba9876543210")
    assert people(project)[0].declared_interests == {"0123456789abcdef", "fedcba9876543210"}
