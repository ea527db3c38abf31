"""Which stages a run takes, and what stops with what."""

from __future__ import annotations

import pytest

from evidence.project import EvidenceError, StageInfo, stages_needed
from evidence.run.graph import asked_stages, blocked_by, waiting_for

READS = {1: (), 2: (), 3: (1,), 4: (3,), 5: (2, 3)}
STAGES = [StageInfo(number, "s", "S", "s.ipynb", reads, "", "") for number, reads in READS.items()]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1", [1]), ("1-3", [1, 2, 3]), ("1-2,5", [1, 2, 5]), (" 4 , 2 ", [2, 4]), ("3,3", [3])],
)
def test_lists_of_stages(text, numbers):
    assert asked_stages(text, STAGES) == numbers


@pytest.mark.parametrize("text", ["", "a", "1-", "1,,2", "0", "6", "3-1", "1-99"])
def test_what_is_no_list_of_stages_is_refused(text):
    with pytest.raises(EvidenceError, match="--stages"):
        asked_stages(text, STAGES)


def test_a_stage_brings_those_whose_results_it_needs():
    assert stages_needed([4], STAGES) == [1, 3, 4]
    assert stages_needed([5, 2], STAGES) == [1, 2, 3, 5]


def test_a_stopped_stage_stops_only_what_rests_on_it():
    assert blocked_by(STAGES[2], {1: "failed", 2: "done"}) == [1]
    assert blocked_by(STAGES[4], {1: "failed", 2: "done", 3: "not run"}) == [3]
    assert blocked_by(STAGES[1], {1: "failed"}) == []


def test_the_longest_chain_of_stages_that_wait_is_counted():
    assert waiting_for(STAGES) == {1: 2, 2: 1, 3: 1, 4: 0, 5: 0}
