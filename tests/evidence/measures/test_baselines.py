"""A baseline is compared only with figures that count alike, and a refusal says what differs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from evidence.measures import definition_of, differences_of_definition, need_same_definition
from evidence.project import EvidenceError

PARAMETERS = {"as_of": "2026-04-30", "data_folder": "data/sample", "year_end": "", "seed": 1, "flag_at": 0.25}


def tool(**others: object) -> SimpleNamespace:
    facts = {"UNIT": "child", "GROUPS": ["sex"], "DEFINITION": "Placements are counted.", "SCORE": None, "OUTPUT": "x"}
    facts["outcome_words"] = lambda parameters: f"{parameters['placements_at_least']} or more placements"
    return SimpleNamespace(**{**facts, **others})


def defined(at_least: int = 3, changed: dict | None = None, **others: object) -> dict:
    return definition_of(tool(**others), {**PARAMETERS, "placements_at_least": at_least, **(changed or {})})


def test_another_day_folder_seed_or_level_of_flags_is_the_same_definition():
    other = {"as_of": "2027-01-01", "data_folder": "data/raw", "year_end": "2027-03-31", "seed": 9, "flag_at": 0.4}
    assert differences_of_definition(defined(), defined(changed=other)) == []
    need_same_definition(defined(), defined(changed=other), "stage 8")


def test_a_changed_parameter_is_refused_by_its_name_with_both_values():
    assert differences_of_definition(defined(3), defined(4)) == ["placements_at_least was 3 and is 4"]
    with pytest.raises(EvidenceError, match="placements_at_least was 3 and is 4"):
        need_same_definition(defined(3), defined(4), "stage 8")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"DEFINITION": "Episodes are counted."}, "how it is counted has changed"),
        ({"UNIT": "area"}, 'what one row is was "child" and is "area"'),
        ({"GROUPS": ["sex", "age"]}, "the groups compared was sex and is sex, age"),
        ({"outcome_words": lambda _: "an exclusion"}, "what is counted was"),
    ],
)
def test_every_other_part_of_the_definition_counts(others, said):
    assert len(found := differences_of_definition(defined(), defined(**others))) == 1
    assert said in found[0]


def test_a_definition_that_was_never_recorded_is_a_difference():
    assert differences_of_definition({}, defined())


def test_a_tool_may_name_what_its_outcome_rests_on():
    both = [defined(changed={"colour": colour}, DEFINED_BY=["placements_at_least"]) for colour in ("red", "blue")]
    assert differences_of_definition(*both) == []
    assert differences_of_definition(*(defined(changed={"colour": colour}) for colour in ("red", "blue")))
