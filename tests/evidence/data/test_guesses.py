"""Drafting the catalogue: identifiers are recognised whatever they are called, and no value is shown."""

from __future__ import annotations

import re
import string
from collections import Counter
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.data import catalogue
from evidence.data.access import access_log_lines
from evidence.data.cataloguing.describing import draft, guess_table, known_lists
from evidence.data.cataloguing.forenames import FORENAMES
from evidence.data.cataloguing.guessing import guess, nhs_number_fits, uln_fits
from evidence.data.sources import open_sources
from evidence.project import EvidenceError
from tests.conftest import give_access

FEW = settings(max_examples=40, deadline=None)
# Names of columns that say nothing of what they hold.
NAMES = st.sampled_from(["x", "Column 7", "F12", "field_a", "Wert", "data"])


def texts(values) -> pd.Series:
    return pd.Series(list(values), dtype="str")


def columns_of(one, least: int = 30):
    """Columns of thirty and more values of one kind, some of them missing."""
    return st.lists(one, min_size=least, max_size=60)


digits = st.text(string.digits, min_size=9, max_size=9)


def with_check(nine: str, weights: range, remainder: int) -> str | None:
    for last in string.digits:
        number = nine + last
        total = sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True))
        if total % 11 == remainder:
            return number
    return None


# With the check digit counted once, a right NHS number is a multiple of 11, and a learner number leaves 10.
nhs_numbers = digits.map(lambda nine: with_check(nine, range(10, 0, -1), 0)).filter(
    lambda number: number and len(set(number)) > 1
)
ulns = digits.filter(lambda nine: nine[0] != "0").map(lambda nine: with_check(nine, range(10, 0, -1), 10)).filter(bool)
spaced = nhs_numbers.map(lambda number: f"{number[:3]} {number[3:6]} {number[6:]}")
upns = st.from_regex(r"[A-HJ-NP-RT-Z][0-9]{12}", fullmatch=True)
ninos = st.from_regex(r"(AB|CE|JW|PX|YA)[0-9]{6}[A-D]", fullmatch=True)
postcodes = st.from_regex(r"(LS|B|M|SW|NE)[1-9]{1,2} ?[0-9][ABD-HJLNP-UW-Z]{2}", fullmatch=True)
emails = st.from_regex(r"[a-z]{2,9}\.[a-z]{2,9}@[a-z]{3,9}\.(org|gov)\.uk", fullmatch=True)
phones = st.from_regex(r"(07[0-9]{3} ?[0-9]{6}|0113 [0-9]{3} [0-9]{4}|\+44 7[0-9]{9})", fullmatch=True)
surnames = st.sampled_from(["Okafor", "O'Neill", "Smith-Jones", "Ali", "Nowak", "McKay", "Patel", "Harris"])
people = st.tuples(st.sampled_from(sorted(FORENAMES)), surnames).map(lambda name: f"{name[0].title()} {name[1]}")
dates = st.dates(date(2005, 1, 1), date(2024, 12, 31)).map(lambda day: day.strftime("%d/%m/%Y"))


@pytest.mark.parametrize(
    ("made", "treatment", "what"),
    [
        (nhs_numbers, "token nhs", "an NHS number"),
        (spaced, "token nhs", "an NHS number"),
        (ulns, "token uln", "a learner number"),
        (upns, "token upn", "a pupil number"),
        (ninos, "token nino", "a National Insurance number"),
        (postcodes, "area", "a postcode"),
        (emails, "drop", "an e-mail address"),
        (phones, "drop", "a telephone number"),
        (people, "drop", "a person's name"),
    ],
)
def test_identifiers_are_recognised_under_any_name(made, treatment, what):
    missed = Counter()

    @FEW
    @given(name=NAMES, values=columns_of(made))
    def recognise(name, values):
        column = texts(values)
        column[::7] = pd.NA
        found = guess(name, column)
        missed[(found.role, found.treatment)] += 1
        assert found.role == "direct identifier"
        assert found.treatment == treatment and what in found.why
        assert not any(value in found.why for value in values)

    recognise()
    assert set(missed) == {("direct identifier", treatment)}


def test_the_checks_on_published_examples_and_on_chance():
    # The NHS data dictionary's own example, and numbers one digit away from it.
    assert nhs_number_fits("943 476 5919") and nhs_number_fits("943-476-5919")
    assert not [last for last in "012345678" if nhs_number_fits(f"943476591{last}")]
    assert not nhs_number_fits("0000000000") and not uln_fits("0000000000")
    # Of all numbers in a row one in eleven meets either check: alone it says little.
    numbers = [str(number) for number in range(4_000_000_000, 4_000_011_000)]
    assert 900 < sum(map(nhs_number_fits, numbers)) < 1100 and 900 < sum(map(uln_fits, numbers)) < 1100


def test_ten_digits_that_fail_the_check_are_still_taken_for_identifiers():
    found = guess("x", texts(str(4_000_000_001 + 13 * number) for number in range(60)))
    assert (found.role, found.treatment) == ("direct identifier", "token")


@FEW
@given(values=columns_of(postcodes, least=50))
def test_the_share_that_is_said_is_that_of_filled_rows(values):
    column = texts([*values, "not known", "not known"])
    said = int(re.search(r"in (\d+)% of filled rows", guess("x", column).why).group(1))
    assert said == min(99, round(100 * len(values) / (len(values) + 2)))


@FEW
@given(days=columns_of(dates, least=60))
def test_dates_years_before_all_others_of_their_row_are_taken_for_births(days):
    born = [pd.Timestamp(day[6:] + "-" + day[3:5] + "-" + day[:2]).date() for day in days]
    events = [day + timedelta(days=365 * (3 + place % 12)) for place, day in enumerate(born)]
    later = [day + timedelta(days=40) for day in events]
    frame = pd.DataFrame({"a": texts(days)})
    frame["b"], frame["c"] = (texts(f"{day:%d/%m/%Y}" for day in column) for column in (events, later))
    found = guess_table(frame)
    assert {name: one.treatment for name, one in found.items()} == {"a": "month", "b": "date", "c": "date"}
    assert found["a"].role == "direct identifier"


def test_an_end_that_comes_before_its_beginning_is_no_birth():
    frame = pd.DataFrame({"Start": texts(["01/02/2020"] * 80), "End": texts(["01/05/2020"] * 80)})
    assert {one.treatment for one in guess_table(frame).values()} == {"date"}


@pytest.mark.parametrize(
    ("column", "values", "role", "treatment"),
    [
        ("Worker", ["Foster carer", "Residential home", "Foster carer"] * 20, "direct identifier", "drop"),
        ("Placement", ["Foster Care", "Residential Home", "Secure Home"] * 20, "ordinary", "code"),
        ("School name", ["Hill Primary", "Dale Academy"] * 20, "quasi-identifier", "code"),
        ("Number of placements", ["1", "2", "3"] * 20, "ordinary", "number"),
        ("Gender Identity", ["Same as at birth", "Different"] * 20, "quasi-identifier", "code"),
        ("PersonBirthDate", ["2012-03-01"] * 20, "direct identifier", "month"),
        ("MosaicID", ["12", "13", "14"] * 20, "direct identifier", "token child"),
        ("NHSNo", ["x1", "x2"] * 20, "direct identifier", "token nhs"),
        ("Case notes", ["Seen."] * 20, "direct identifier", "drop"),
        ("House", ["12 Hill Road"] * 20, "direct identifier", "drop"),
        ("Contact number", ["n/a"] * 20, "direct identifier", "drop"),
        ("x", ["She said that she would rather stay with her aunt, visit " + str(n) for n in range(90)],
         "direct identifier", "drop"),
        ("x", [""] * 3, "ordinary", "code"),
    ],
)  # fmt: skip
def test_names_and_texts(column, values, role, treatment):
    found = guess(column, texts(value or None for value in values))
    assert (found.role, found.treatment) == (role, treatment)


@pytest.mark.parametrize(
    "column",
    [
        "Ethnicity", "ETHNIC", "Religion", "Has a disability?", "Mental health concern", "SEN status", "EHCP", "CAMHS",
        "Convicted", "Offence type", "YOT involvement", "Nationality", "UASC", "Sexual orientation", "Pregnant",
        "Substance misuse", "AssessmentFactors", "GenderIdentity", "SDQ_SCORE", "ImmunisationsUpToDate",
    ],
)  # fmt: skip
def test_special_category_data_is_guessed_from_names(column):
    assert guess(column, texts(["A", "B"] * 20)).special_category == "yes"


@pytest.mark.parametrize("column", ["Placement", "Start date", "Team", "Transport", "Sent by", "Transfer", "Category"])
def test_other_columns_are_not_called_special(column):
    assert guess(column, texts(["A", "B"] * 20)).special_category == ""


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([str(number % 41) for number in range(400)], "0-40"),
        ([str(number % 18) for number in range(400)], "0-20"),
        ([*(str(number % 30) for number in range(400)), "9731"], "0-30"),
        ([str(-12 + number % 25) for number in range(400)], "-15 to 15"),
        ([str(2015 + number % 9) for number in range(400)], "2010-2030"),
        ([str(number % 41) for number in range(30)], ""),
        (["1", "2"] * 200, ""),
    ],
)
def test_ranges_are_round_and_never_one_childs_value(values, said):
    found = guess("Amount", texts(values))
    assert found.valid_range == said and "9731" not in found.why


def test_code_lists_are_proposed_where_chance_is_unlikely(project):
    lists = known_lists(project)
    ethnic = guess(
        "Main heritage", texts(["WBRI", "wbri", "MOTH", "AIND", "BAFR", "REFU", "NOBT", "WIRI", "AOTH"] * 9), lists
    )
    assert ethnic.code_list.endswith(("ETHNIC", "Ethnicity")) and ethnic.special_category == "yes"
    legal = guess("LS", texts(["C1", "C2", "V2", "E1"] * 20), lists)
    assert (legal.code_list, legal.special_category) == ("ssda903/episodes/LS", "yes")
    # What a draft calls a column of known codes is what the returns' catalogue calls it.
    assert (ethnic.role, legal.role) == ("quasi-identifier", "sensitive")
    # Noughts and ones are the codes of half the lists.
    assert guess("Anything", texts(["0", "1"] * 40), lists).code_list == ""
    assert guess("Convicted", texts(["0", "1.0"] * 40), lists).code_list == "ssda903/oc2/CONVICTED"


# On data that nobody here made ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["ssda903", "cin"])
def test_no_identifier_of_the_returns_is_missed(project_of, shared_data, source):
    project = project_of(source)
    rows = catalogue(project)
    said = rows[rows["source"] == source].set_index(["table", "column"])
    missed, special, over, seen, lists = [], [], [], 0, known_lists(project)
    for name, raw in open_sources(project, shared_data / source, rows).tables.items():
        for column, found in guess_table(raw.frame, lists).items():
            seen += 1
            row = said.loc[(name, column)]
            identifies = row["role"] == "direct identifier"
            missed += [(name, column)] * (identifies and found.role != "direct identifier")
            over += [(name, column)] * (not identifies and found.role == "direct identifier")
            special += [(name, column)] * (row["special_category"] == "yes" and not found.special_category)
    assert seen == {"ssda903": 36, "cin": 64}[source]
    assert missed == [] and special == [] and over == []


def test_published_tables_hold_nobody(project, shared_data):
    files = sorted((shared_data / "published").glob("*.csv"))
    found = [guess_table(pd.read_csv(path, dtype="str")) for path in files]
    treated = Counter(one.treatment.split()[0] for table in found for one in table.values())
    assert len(files) == 5
    # Too careful in these: an identifier of the period, and a few columns of long labels.
    assert treated["token"] == 3 and treated["drop"] <= 5 and treated["month"] == treated["area"] == 0


# The command ---------------------------------------------------------------------------------------------------------


VISITS = "Person ID,Date of birth,Home postcode,Visit date,Religion,Score\n" + "".join(
    f"{70000 + i},0{1 + i % 9}/03/2012,ZB{i % 20} 8PR,{1 + i % 28:02d}/05/2025,{'ABC'[i % 3]},{i % 21}\n"
    for i in range(90)
)


def test_both_levels_are_drafted_unconfirmed_and_the_reading_is_logged(council, folder):
    project = council("own")
    data = folder(visits=VISITS)
    with pytest.raises(EvidenceError, match="not listed"):
        draft(project, data)
    give_access(project.root)
    drafted = draft(project, data).set_index("column")
    assert drafted.index.tolist() == [
        "",
        "Person ID",
        "Date of birth",
        "Home postcode",
        "Visit date",
        "Religion",
        "Score",
    ]
    assert set(drafted["confirmed"]) == {"no"}
    assert drafted.loc["", "period"] == "2025" and drafted.loc["", "owner"] == ""
    assert drafted.loc["Religion", ["role", "special_category"]].tolist() == ["sensitive", "yes"]
    assert drafted.loc["Score", "valid_range"] == "0-20"
    logged = access_log_lines(project)
    assert logged["what"].tolist() == ["refused", "read in clear"] and logged["rows"].tolist() == [0, 90]


def test_what_a_draft_says_goes_for_the_later_rows_of_a_long_file_too(council, folder):
    project = council("own")
    give_access(project.root)
    rows = (f"{70000 + i % 9000},{1 + i % 28:02d}/05/{2012 + i // 5000},{i // 100}\n" for i in range(50_000))
    drafted = draft(project, folder(visits="Person ID,Visit date,Miles\n" + "".join(rows))).set_index("column")
    assert drafted.loc["", "period"] == "2012 to 2021"
    assert drafted.loc["Miles", "valid_range"] == "0-500"


def test_the_terminal_says_why_and_shows_no_value(bake, run_evidence):
    made = give_access(bake(data_source="own"))
    (made / "data" / "raw" / "visits.csv").write_text(VISITS, encoding="utf-8")
    said = run_evidence(made, "data", "describe", "data/raw")
    assert said.returncode == 0, said.stderr
    assert (
        "visits, Home postcode: direct identifier, area\n    looks like a postcode in 100% of filled rows"
        in said.stdout
    )
    assert "visits, Religion: sensitive, code, special category data" in said.stdout
    assert "A quasi-identifier is what others see or know of a child" in said.stdout
    assert "who owns it" in said.stdout
    assert not re.search(r"70\d{3}|ZB\d|/2012", said.stdout)
