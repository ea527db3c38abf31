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
