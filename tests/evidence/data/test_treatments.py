"""What becomes of identifiers at load: kinds of tokens, ages, areas, and free text that needs a stated reason."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from evidence.data import identifying_values, load_tables
from evidence.data.cataloguing.catalogues import COLUMNS
from evidence.data.deidentify import _ages
from evidence.data.treatments import free_text
from evidence.privacy import scan
from evidence.project import EvidenceError, Project, open_project
from evidence.results import Results
from evidence.stage.stage import Stage
from tests.conftest import give_access

NOTES = [
    f"Visit {i}: {who} told the worker that school is going better, and asked about {what} at the end of the visit."
    for i in range(40)
    for who, what in [(("the girl", "the boy", "the carer")[i % 3], ("contact", "a club", "a phone")[i % 3])]
]


@pytest.fixture(scope="module")
def baked(bake_to_keep) -> Path:
    return give_access(bake_to_keep(data_source="own"))


@pytest.fixture
def own(baked, tmp_path) -> Project:
    """A project whose own data are visits to children and a list of children; each test writes the catalogue."""
    folder = tmp_path / "raw"
    folder.mkdir()
    visits = pd.DataFrame(
        {
            "ChildRef": [f"C{70000 + i % 8}" for i in range(40)],
            "Born": ["29/02/2012", "01/04/2010", "31/03/2010", "15/06/2025"] * 10,
            "Visited": ["28/02/2025", "31/03/2025", "", "01/01/2025"] * 10,
            "Home": ["LS1 4AP", "LS1 5XX", "ZB9 9ZZ", "no fixed abode"] * 10,
            "Note": NOTES,
        }
    )
    visits.to_csv(folder / "visits.csv", index=False)
    pd.DataFrame({"Person": [f"c{70000 + i} " for i in range(8)]}).to_csv(folder / "children.csv", index=False)
    return open_project(baked)


@pytest.fixture
def load(own, tmp_path):
    """`load({"visits Note": ("ordinary", "drop", "6")}, stage=6)` confirms these variables and loads the folder."""

    def with_catalogue(said: dict[str, tuple[str, ...]], **options: object):
        path = own.path("reference", "catalogue.csv")
        rows = [dict.fromkeys(COLUMNS, "") | {"source": "own"} for _ in said]
        for row, (name, (role, treatment, *needed_by)) in zip(rows, said.items(), strict=True):
            row["table"], row["column"] = name.split(" ")
            row |= {"role": role, "treatment": treatment, "needed_by": "".join(needed_by), "confirmed": "yes"}
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return load_tables(own, str(tmp_path / "raw"), **options)

    return with_catalogue


def test_one_kind_of_identifier_is_one_token_whatever_its_column_is_called(load):
    said = {"visits ChildRef": ("direct identifier", "token child"), "children Person": ("direct identifier", "token")}
    apart = load(said)
    assert not set(apart["visits"]["ChildRef"]) & set(apart["children"]["Person"])
    said["children Person"] = ("direct identifier", "Token  child")
    same = load(said)
    assert set(same["visits"]["ChildRef"]) == set(same["children"]["Person"])
    assert len(set(same["children"]["Person"])) == 8


def test_a_child_has_one_token_in_the_return_and_in_the_census(project, project_of, folder):
    looked_after = folder(header="CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\nK4711,F,01/02/2012,WBRI,UN1,0,\n")
    header = load_tables(project_of("ssda903"), str(looked_after))["header"]
    (census := looked_after.parent / "census.xml").write_text(
        "<Message><Children><Child><ChildIdentifiers><LAchildID>k4711</LAchildID></ChildIdentifiers></Child></Children>"
        "</Message>"
    )
    children = load_tables(project_of("cin"), str(census))["children"]
    assert header["CHILD"].tolist() == children["LAchildID"].tolist()


def test_age_on_the_last_day_of_the_year_and_at_an_event(load):
    at_year_end = load({"visits Born": ("direct identifier", "age")}, year_end="2025-03-31")["visits"]["Born"]
    assert at_year_end.head(4).tolist()[:3] == [13, 14, 15]
    assert pd.isna(at_year_end[3])
    at_event = load({"visits Born": ("direct identifier", "age at Visited")})["visits"]["Born"]
    # Born on 29 February: twelve on 28 February 2025, and thirteen on 1 March. Without an event there is no age.
    assert at_event[0] == 12
    assert at_event[1] == 14
    assert at_event[2:4].isna().all()


@pytest.mark.parametrize(
    ("event", "said"), [("Begun", "the table has no such column"), ("Home", "no date is in that column")]
)
def test_an_age_at_what_is_no_date_is_refused(load, event, said):
    with pytest.raises(EvidenceError, match=f"visits Born: the age is to be told at {event}, and {said}"):
        load({"visits Born": ("direct identifier", f"age at {event}")})


def test_the_year_of_ages_comes_from_the_data_where_none_is_stated(load):
    said = {"visits Born": ("direct identifier", "age"), "visits Visited": ("ordinary", "date")}
    assert load(said)["visits"]["Born"].head(3).tolist() == [13, 14, 15]


@given(st.dates(date(1990, 1, 1), date(2026, 12, 31)), st.dates(date(1990, 1, 1), date(2026, 12, 31)))
def test_ages_are_those_of_the_calendar(born, day):
    age = _ages(pd.Series([pd.Timestamp(born)]), pd.Series([pd.Timestamp(day)]))[0]
    # The library lets those born on 29 February have their birthday on the 28th; in law it is 1 March.
    leap = (born.month, born.day) == (2, 29) and (day.month, day.day) == (2, 28)
    expected = relativedelta(day, born).years - (leap and day.year % 4 != 0)
    assert pd.isna(age) if born > day else age == expected


def test_areas_by_letters_district_and_lookup(load, own):
    home = ("direct identifier", "area")
    assert load({"visits Home": home})["visits"]["Home"].head(3).tolist() == ["LS", "LS", "ZB"]
    district = load({"visits Home": ("direct identifier", "area district")})["visits"]
    assert district["Home"].head(3).tolist() == ["LS1", "LS1", "ZB9"]
    with pytest.raises(EvidenceError, match=r"reference/areas\.csv"):
        load({"visits Home": ("direct identifier", "area lookup")})
    own.path("reference", "areas.csv").write_text("Area;Postcode\nCity;LS1\nStation;ls1 4\n", encoding="utf-8")
    read: list[Path] = []
    found = load({"visits Home": ("direct identifier", "area lookup")}, on_read=read.append)
    own.path("reference", "areas.csv").unlink()
    assert found["visits"]["Home"].head(3).tolist() == ["Station", "City", "Elsewhere"]
    assert pd.isna(found["visits"]["Home"][3])
    assert "areas.csv" in [path.name for path in read]
    assert found.treatments()["done"].tolist() == ["replaced by an area of the lookup"]


@pytest.mark.parametrize("treatment", ["keep", "code"])
def test_free_text_is_refused_where_no_stage_has_said_why(load, treatment):
    with pytest.raises(EvidenceError, match="holds names or free text") as error:
        load({"visits Note": ("ordinary", treatment)})
    assert "reference/catalogue.csv, visits Note" in str(error.value)
    assert not any(note[:12] in str(error.value) for note in NOTES)


@pytest.mark.parametrize(
    ("role", "treatment", "needed_by", "message"),
    [
        ("direct identifier", "keep", "6", "cannot be loaded in clear"),
        ("direct identifier", "keep because needed", "6", "cannot be understood"),
        ("direct identifier", "keep because the tool counts words", "", "no stage is named"),
        ("direct identifier", "token two words", "", "cannot be understood"),
        ("direct identifier", "area ward", "", "cannot be understood"),
        ("ordinary", "date at Visited", "", "cannot be understood"),
    ],
)
def test_what_the_catalogue_may_not_say(load, role, treatment, needed_by, message):
    with pytest.raises(EvidenceError, match=message):
        load({"visits Note": (role, treatment, needed_by)})


def test_the_returns_keep_the_month_of_birth(project):
    from evidence.data.cataloguing import catalogues

    text = project.path("reference", "catalogue.csv").read_text(encoding="utf-8")
    assert "header,DOB,direct identifier,month" in text
    changed = text.replace("header,DOB,direct identifier,month", "header,DOB,direct identifier,age")
    with pytest.raises(EvidenceError, match="need the month of birth"):
        catalogues._read(changed, frozenset(), frozenset())


REASON = "keep because the tool counts mentions of school"


def test_text_kept_for_a_reason_goes_to_the_stage_that_said_so_and_no_further(load, own, tmp_path):
    said = {"visits ChildRef": ("direct identifier", "token child"), "visits Note": ("direct identifier", REASON, "6")}
    for stage in (5, None):
        assert list(load(said, stage=stage)["visits"]) == ["ChildRef"]
    tables = load(said, stage=6)
    assert tables["visits"]["Note"].tolist() == NOTES
    assert tables.treatments()["done"].iloc[1].startswith("kept in clear for stage 6, because the tool counts")

    stage = Stage(own, own.stage(6), {})
    stage.results = Results(tmp_path / "results")
    stage._in_clear = tables.in_clear()
    schools = tables["visits"].assign(mentions=tables["visits"]["Note"].str.count("school"))
    for value in (schools, NOTES[3], [NOTES[4].upper()], {"a": {"b": "He said: " + NOTES[5]}}):
        with pytest.raises(EvidenceError, match="neither shown nor recorded") as error:
            stage.record("words", value)
        assert not any(note in str(error.value) for note in NOTES)
    with pytest.raises(EvidenceError, match="neither shown nor recorded"):
        stage.say(f"For example: {NOTES[7]}")
    stage.record("words", schools.drop(columns="Note"))
    assert stage.results.read(6, "words")["mentions"].sum() == 40


def test_a_sentence_of_a_note_is_found_in_a_pack_whatever_its_marks(load, own, tmp_path):
    load({"visits Note": ("direct identifier", "drop"), "visits ChildRef": ("direct identifier", "token")})
    secrets = identifying_values(own, str(tmp_path / "raw"))
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "clean.html").write_text("<p>The visits went well, and the school is going better than before.</p>")
    (pack / "quoted.html").write_text(f"<p>{NOTES[2][:-20].replace(',', ' - ')}</p>")
    assert {finding.path for finding in scan(pack, secrets)} == {"quoted.html"}
    assert {finding.kind for finding in scan(pack, secrets)} == {"name"}


@pytest.mark.parametrize(
    ("column", "values", "is_free"),
    [
        ("x", NOTES, True),
        ("Worker name", [f"Ann{chr(97 + i % 26)} Lee{i}" for i in range(80)], True),
        ("Team name", ["North team", "South team"] * 40, False),
        ("Reason", ["Abuse or neglect of the child by a parent", "Absent parenting in the family home"] * 40, False),
        ("Score", [str(i) for i in range(100)], False),
        ("Ward", [f"Ward {i}" for i in range(100)], False),
        ("x", [None] * 50, False),
        # What stood for a code in the old system holds notes in the new one.
        ("x", ["A1", "B2"] * 10_000 + [f"{note} {i}" for i in range(500) for note in NOTES], True),
    ],
)
def test_what_counts_as_free_text(column, values, is_free):
    assert free_text(column, pd.Series(values, dtype="str")) is is_free
