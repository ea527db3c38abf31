"""The census file: namespaces, size, and files that are broken or mean harm."""

from __future__ import annotations

import pytest

from evidence.data import load_tables
from evidence.data.sources.cin_xml import read_tables
from evidence.project import EvidenceError

CHILD = (
    "<Child><ChildIdentifiers><LAchildID>{id}</LAchildID><PersonBirthDate>2015-03-27</PersonBirthDate><Sex>F</Sex>"
    "</ChildIdentifiers><ChildCharacteristics><Ethnicity>WBRI</Ethnicity></ChildCharacteristics>"
    "<CINdetails><CINreferralDate>2024-05-01</CINreferralDate></CINdetails></Child>"
)


def census(children: int = 1, attributes: str = "", before: str = "") -> str:
    inside = "".join(CHILD.format(id=f"C{i:05d}") for i in range(children))
    return f'<?xml version="1.0"?>{before}<Message{attributes}><Children>{inside}</Children></Message>'


def write(folder, text: str | bytes):
    return folder(**{"census.xml": text})


def test_namespaces_do_not_matter(project_of, folder):
    tables = load_tables(project_of("cin"), write(folder, census(3, ' xmlns="urn:census"')))
    assert len(tables["children"]) == len(tables["referrals"]) == 3
    assert tables["referrals"]["referral"].tolist() == [1, 2, 3]


def test_the_gender_of_older_censuses_is_the_sex_of_newer_ones(project_of, folder):
    old = census(2).replace("<Sex>F</Sex>", "<GenderCurrent>2</GenderCurrent>")
    tables = load_tables(project_of("cin"), write(folder, old))
    assert tables["children"]["Sex"].tolist() == ["F", "F"]


def test_elements_that_are_more_or_fewer_are_noted(project_of, folder):
    strange = census(3).replace("<Sex>F</Sex>", "<Hair>brown</Hair><Shoes><Size>3</Size></Shoes>")
    tables = load_tables(project_of("cin"), write(folder, strange))
    assert tables.notes == [
        "census.xml has elements that the census does not know, left out: Hair (3), Shoes (3), Size (3).",
        "census.xml has nothing in elements that the census asks for: Sex, ReferralSource, ReferralNFA.",
    ]


@pytest.mark.parametrize(("year", "noted"), [(2016, True), (2017, False), (2026, False), (2031, True)])
def test_a_year_whose_layout_is_not_known_is_noted(project_of, folder, year, noted):
    header = f"<Header><CollectionDetails><Collection>CIN</Collection><Year>{year}</Year></CollectionDetails></Header>"
    text = census(1).replace("<Children>", header + "<Children>")
    notes = load_tables(project_of("cin"), write(folder, text)).notes
    assert any(f"is of the year {year}" in note for note in notes) == noted


def test_a_large_census_is_read_in_pieces(tmp_path):
    path = tmp_path / "census.xml"
    path.write_text(census(20_000), encoding="utf-8")
    tables, _ = read_tables(path, "census.xml")
    assert len(tables["children"].frame) == 20_000
    assert tables["children"].frame["LAchildID"].iloc[-1] == "C19999"


BOMB = '<!DOCTYPE a [<!ENTITY x "aaaaaaaaaa"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (census(before=BOMB), "declares a document type"),
        (census(before=BOMB).encode("utf-16"), "declares a document type"),
        (census(before=f"<!--{' ' * 5000}-->{BOMB}"), "declares a document type"),
        (census()[:-40], "cut short"),
        (census().replace("<Sex>", "<Sex"), "cut short or is not well-formed"),
        ("not xml at all", "not well-formed"),
        ("", "cut short"),
        (census(0), "there is no child in the file"),
    ],
)
def test_broken_or_harmful(project_of, folder, text, message):
    with pytest.raises(EvidenceError) as error:
        load_tables(project_of("cin"), write(folder, text))
    assert message in str(error.value)
    assert "census.xml" in str(error.value)
    assert "C00000" not in str(error.value)


def test_none_or_several_files(project_of, folder):
    place = folder(notes="a\n1\n")
    with pytest.raises(EvidenceError, match="there are 0. There is: notes.csv"):
        load_tables(project_of("cin"), place)
    folder(**{"a.xml": census(), "b.xml": census()})
    with pytest.raises(EvidenceError, match="there are 2"):
        load_tables(project_of("cin"), place)
