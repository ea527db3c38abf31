"""Stages that begin before those they rest on are over: all comes out as if each had waited for its turn."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.results import AtOnce, StageResults
from evidence.run import Here, How, ahead, execute
from tests.evidence.run.fake_executor import Does, FakeExecutor
from tests.evidence.run.test_many import BASE, DOES, left, toy

# A chain, so that in turn never more than two stages would be at work.
CHAIN = {1: Does(), 2: Does(), 3: Does((), (), ((1, "seen"),)), 4: Does((), ("workbook/answer.md",), ((3, "seen"),))}


def in_turn(project, does=DOES, **more):
    return execute(project, "in_turn", BASE, how=How(cache=False, executor=FakeExecutor(does, **more)))


def at_once(project, does=DOES, cache=False, **more):
    executor = FakeExecutor(does, at_once=True, **more)
    return execute(project, "in_turn", BASE, how=How(cache=cache, executor=executor)), executor


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=4, max_size=4), st.sets(st.integers(1, 4)))
def test_whatever_the_stages_take_and_whatever_they_record_twice_the_run_is_the_same(takes, twice):
    def before(_, stage):
        time.sleep(takes[stage - 1] / 1000)

    with tempfile.TemporaryDirectory() as folder:
        project = toy(Path(folder) / "toy")
        expected = left(in_turn(project).folder)
        run, _ = at_once(project, before=before, second_thoughts=tuple(twice))
        assert run.complete and left(run.folder) == expected


def test_all_stages_are_at_work_at_one_time_and_wait_where_they_look(tmp_path):
    together = threading.Barrier(4, timeout=30)
    run, executor = at_once(toy(tmp_path / "toy"), CHAIN, before=lambda *_: together.wait())
    assert run.complete and [executor.count(stage) for stage in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert not (run.folder / ".at_once").exists()


def test_nobody_waits_for_a_result_that_a_stage_at_work_says_it_will_not_record(tmp_path):
    first, third = (StageResults(tmp_path, number, [1], at_once=True) for number in (1, 3))
    first.will_not_record("earlier")
    assert not third.has(1, "earlier") and not third.reads(1)
    # The look is noted, so it does not count any more where the stage records such a result after all.
    (look,) = third.reads(3)
    first.record(1, "earlier", 7)
    assert look["name"] == "1/earlier" and look["sha256"] == "" != first.digest(1, "earlier")
    # Of a stage that is executed anew nothing is known.
    other = threading.Thread(target=StageResults(tmp_path, 4, [1], at_once=True).has, args=(1, "later"), daemon=True)
    first.will_not_record("later")
    AtOnce(tmp_path).forget(1)
    other.start()
    other.join(0.2)
    assert other.is_alive()
    first.finish(1)
    other.join(30)
    assert not other.is_alive()


def test_a_stage_that_saw_what_did_not_last_is_executed_again(tmp_path):
    read, calls = threading.Event(), []

    def before(_, stage):
        calls.append(stage)
        if calls.count(1) == 2 and stage == 1:
            # Its second thoughts come when stage 3 has read the first ones and is over.
            assert read.wait(30)

    class Tells(FakeExecutor):
        def session(self, job):
            session = super().session(job)
            execute_one = session.execute

            def telling(stage, *rest):
                done = execute_one(stage, *rest)
                if stage.number == 3:
                    read.set()
                return done

            session.execute = telling
            return session

    project = toy(tmp_path / "toy")
    expected = left(in_turn(project, CHAIN).folder)
    executor = Tells(CHAIN, at_once=True, before=before, second_thoughts=(1,))
    run = execute(project, "in_turn", BASE, how=How(cache=False, executor=executor))
    assert executor.count(3) == 2 and executor.count(1) == 1
    assert left(run.folder) == expected


def test_a_stage_that_stops_takes_along_those_that_began_ahead_and_nothing_of_them_stays(tmp_path):
    def fails(_, stage):
        if stage == 1:
            raise RuntimeError("the cell under Look at the data stopped")

    run, _ = at_once(toy(tmp_path / "toy"), CHAIN, before=fails)
    assert [stage.state for stage in run.stages] == ["failed", "done", "not run", "not run"]
    assert run.stages[2].why == "It needs the results of stage 1, which did not finish."
    there = {name.split("/")[1][:2] for name in left(run.folder) if name.count("/")}
    assert there == {"02"}, "stage 1 was cleared when it began, 3 and 4 are as if they had never begun"


def test_a_failure_counts_only_if_it_comes_again_in_turn(tmp_path):
    tries: list[int] = []

    def once(_, stage):
        tries.append(stage)
        if stage == 3 and tries.count(3) == 1:
            raise RuntimeError("it waited longer than a cell may take")

    run, executor = at_once(toy(tmp_path / "toy"), CHAIN, before=once)
    assert run.complete and executor.count(3) == 2


def test_with_the_cache_only_what_has_to_run_whatever_comes_begins_ahead(tmp_path):
    project = toy(tmp_path / "toy")
    run, _ = at_once(project, CHAIN, cache=True)
    _, again = at_once(project, CHAIN, cache=True)
    assert again.executed == []
    (project.root / "workbook" / "answer.md").write_text("Another answer")
    changed, executor = at_once(project, CHAIN, cache=True)
    assert [stage for _, stage in executor.executed] == [4]
    assert left(changed.folder) == left(in_turn(project, CHAIN).folder)
    # Its outcome was kept, although it may have begun ahead.
    assert at_once(project, CHAIN, cache=True)[1].executed == []


def test_what_the_last_stage_reads_changes_and_the_first_is_new_so_both_begin(tmp_path):
    project = toy(tmp_path / "toy")
    at_once(project, CHAIN, cache=True)
    for number in (1, 4):
        path = project.path("notebooks", project.stage(number).notebook)
        book = json.loads(path.read_text())
        book["cells"][0]["source"] += " with another title"
        path.write_text(json.dumps(book))
    _, executor = at_once(project, CHAIN, cache=True)
    # What stage 1 gives is the same as before, so stage 3 need not run, though both before and after it do.
    assert sorted(stage for _, stage in executor.executed) == [1, 4]


def test_large_data_is_held_by_few_stages_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(ahead, "_MOST_BYTES", 0)
    project = toy(tmp_path / "toy")
    (project.path("data", "sample") / "more.csv").write_text("a\n1\n")
    run, executor = at_once(project, CHAIN)
    assert run.complete and executor.most_at_once <= 2


def test_whoever_says_how_many_stages_may_be_at_work_gets_no_more():
    assert not Here(workers=2).at_once and not Here(warm=False).at_once
