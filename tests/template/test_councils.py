"""All 153 councils are known by name and by both codes; an answer that is unclear is refused with the right names."""

from __future__ import annotations

import csv
import re
import tomllib

import pytest
from cookiecutter.exceptions import FailedHookException

import evidence_template_answers as answers
from tests.conftest import TEMPLATE, bake_into

with (TEMPLATE / "reference" / "authorities.csv").open(encoding="utf-8") as file:
    AUTHORITIES = list(csv.DictReader(file))
NEIGHBOURS = [f"neighbour_{place}" for place in range(1, 11)]


def test_the_table_holds_each_of_the_153_councils_once():
    assert len(AUTHORITIES) == 153
    for column in ("three_digit_code", "code", "name"):
        assert len({row[column] for row in AUTHORITIES}) == 153
    assert all(re.fullmatch(r"\d{3}", row["three_digit_code"]) for row in AUTHORITIES)
    assert all(re.fullmatch(r"E(06|08|09|10)\d{6}", row["code"]) for row in AUTHORITIES)
    assert len({row["region"] for row in AUTHORITIES}) == 9
    counts = {kind: sum(row["code"].startswith(kind) for row in AUTHORITIES) for kind in ("E06", "E08", "E09", "E10")}
    assert counts == {"E06": 63, "E08": 36, "E09": 33, "E10": 21}


def test_each_council_has_ten_neighbours_that_are_other_councils():
    codes = {row["three_digit_code"] for row in AUTHORITIES}
    for row in AUTHORITIES:
        neighbours = {row[column] for column in NEIGHBOURS}
        assert len(neighbours) == 10 and neighbours <= codes - {row["three_digit_code"]}, row["name"]


def test_the_table_agrees_with_the_published_ones(shared_data):
    def rows(name):
        with (shared_data / "published" / name).open(encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))

    published = {row["old_la_code"]: row for row in rows("sn_model_2025_wide.csv")}
    latest = {
        row["old_la_code"]: row["new_la_code"]
        for row in rows("cla_number_and_rate_per_10k_children.csv")
        if row["time_period"] == "2025" and row["geographic_level"] == "Local authority"
    }
    assert set(published) == {row["three_digit_code"] for row in AUTHORITIES}
    for row in AUTHORITIES:
        source = published[row["three_digit_code"]]
        assert [source[f"SN_{place}"].strip() for place in range(1, 11)] == [row[column] for column in NEIGHBOURS]
        assert (row["code"], row["region"]) == (latest[row["three_digit_code"]], source["region_name"])


@pytest.mark.parametrize("row", AUTHORITIES, ids=lambda row: row["three_digit_code"])
def test_every_council_is_known_by_name_and_codes(row):
    name = row["name"]
    spoken = name.split(", City of")[0].split(", County of")[0]
    ways = {name, spoken, name.upper(), f"  {name.lower()} ", row["three_digit_code"], row["code"], row["code"].lower()}
    ways |= {name.replace(" and ", " & "), name.replace(".", ""), name.replace("-", " "), f"{spoken} Council"}
    if name != "City of London":
        ways |= {f"{spoken} {kind} Council" for kind in ("County", "City", "Borough", "Metropolitan Borough")}
        ways |= {f"{kind} of {spoken}" for kind in ("London Borough", "Royal Borough", "City", "Council")}
    for way in ways:
        expected = (spoken, row["code"], row["three_digit_code"])
        found = (answers.council_name(way), answers.council_code(way), answers.council_three_digit_code(way))
        assert found == expected, way


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("Bristol", "Bristol"),
        ("Bristol City Council", "Bristol"),
        ("Hull", "Kingston upon Hull"),
        ("Hull City Council", "Kingston upon Hull"),
        ("Kingston-upon-Thames", "Kingston upon Thames"),
        ("Royal Borough of Kensington & Chelsea", "Kensington and Chelsea"),
        ("RBKC", "Kensington and Chelsea"),
        ("The London Borough of Barnet", "Barnet"),
        ("City of York Council", "York"),
        ("Saint Helens", "St. Helens"),
        ("St Helens MBC", "St. Helens"),
        ("Durham County Council", "County Durham"),
        ("City of Bradford Metropolitan District Council", "Bradford"),
        ("BCP Council", "Bournemouth, Christchurch and Poole"),
        ("Herefordshire", "Herefordshire"),
        ("Southend", "Southend-on-Sea"),
        ("Stoke", "Stoke-on-Trent"),
        ("Newcastle", "Newcastle upon Tyne"),
        ("City of London Corporation", "City of London"),
        ("Council of the Isles of Scilly", "Isles of Scilly"),
        ("RICHMOND", "Richmond upon Thames"),
        ("example COUNCIL", "Example council"),
    ],
)
def test_common_forms(answer, name):
    assert answers.council_name(answer) == name


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("Kingston", ["Kingston upon Thames (314)", "Kingston upon Hull (810)"]),
        ("Northamptonshire", ["North Northamptonshire (940)", "West Northamptonshire (941)"]),
        ("Cumbria County Council", ["Cumberland (942)", "Westmorland and Furness (943)"]),
        ("909", ["Cumberland (942)", "Westmorland and Furness (943)"]),
        ("Cheshire", ["Cheshire East (895)", "Cheshire West and Chester (896)"]),
        ("Bedfordshire", ["Bedford (822)", "Central Bedfordshire (823)", "Luton (821)"]),
        ("Sussex", ["East Sussex (845)", "West Sussex (938)"]),
        ("Poole", ["Bournemouth, Christchurch and Poole (839)"]),
        ("Birmingam", ["Birmingham (330)"]),
        ("Leister", ["Leicester (856)"]),
        ("Yorkshire", ["North Yorkshire (815)", "East Riding of Yorkshire (811)"]),
        ("Cardiff", []),
        ("Glasgow", []),
        ("999", []),
        ("E92000001", []),
        ("London", []),
        ("👩‍👧", []),
        ("", []),
        ("   ", []),
        ("council", []),
        ("x" * 500, []),
        ("line\nbreak", []),
    ],
)
def test_what_is_unclear_or_unknown_is_refused_with_the_nearest_names(answer, named):
    with pytest.raises(FailedHookException) as refused:
        answers.council_name(answer)
    said = str(refused.value)
    assert "\n" not in said and len(said) < 400
    for name in named:
        assert name in said


def test_the_fictional_council_has_no_codes(sample_project, tmp_path):
    council = tomllib.loads((sample_project / "project.toml").read_text(encoding="utf-8"))["council"]
    assert council == {"name": "Example council", "code": "", "three_digit_code": ""}
    council = tomllib.loads((bake_into(tmp_path, council="801") / "project.toml").read_text(encoding="utf-8"))[
        "council"
    ]
    assert council == {"name": "Bristol", "code": "E06000023", "three_digit_code": "801"}
