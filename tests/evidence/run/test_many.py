"""Many runs: what they share is executed once, none mixes with another, and all comes out as without the cache."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.project import EvidenceError, open_project
from evidence.run import How, execute, execute_many
from evidence.run import cache as cache_module
from evidence.run.cache import cache_folder
from evidence.run.progress_many import ManyLines
from tests.evidence.run.fake_executor import Does, FakeExecutor
from tests.evidence.toy import default_notebooks, make_project

# Stage 1 reads the data and the area, stage 2 only answers, 3 rests on 1, and 4 on what 3 found.
DOES = {
    1: Does(("area", "data_folder"), ("data/sample/header.csv",)),
    2: Does((), ("workbook/answer.md",), also=("least",)),
    3: Does(("least",), ("src/toy/tool.py",), ((1, "seen"),)),
    4: Does((), ("reference/limits.toml",), ((3, "seen"),)),
}
BASE = {"as_of": "2026-04-30", "data_folder": "data/sample", "least": 3, "area": ""}


def toy(folder: Path):
    books = {}
    for number, text in default_notebooks().items():
        book = json.loads(text)
        # Only the parameters cell counts here: the fake executor says what is looked at.
        book["cells"] = book["cells"][:2]
        book["cells"][1]["source"] += '\narea = ""'
        books[number] = json.dumps(book)
    make_project(folder, books)
    (folder / "workbook").mkdir()
    (folder / "workbook" / "answer.md").write_text("An answer")
    (folder / "reference" / "limits.toml").write_text("limit = 1\n")
    return open_project(folder)


def areas(count: int, **more: object) -> dict[str, dict]:
    return {f"area_{number}": {**BASE, "area": f"{number:03d}", **more} for number in range(count)}


def left(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "timings.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_ten_localities_share_the_stages_that_do_not_look_at_the_locality(tmp_path):
    full = threading.Event()

    def linger(*_):
        # A stage ends so soon here that three would hardly ever meet, unless each waits a while for the others.
        if executor.most_at_once == 3:
            full.set()
        full.wait(1)

    project, executor = toy(tmp_path / "toy"), FakeExecutor(DOES, before=linger)
    ended = execute_many(project, areas(10), how=How(executor=executor))
    assert all(one.complete for one in ended) and [one.name for one in ended] == list(areas(10))
    assert [executor.count(stage) for stage in (1, 2, 3, 4)] == [10, 1, 10, 10]
    assert executor.most_at_once == 3, "the room is used, and never more of it than there is"
    for one in ended:
        alone = execute(project, "alone", one.run.parameters, how=How(cache=False, executor=FakeExecutor(DOES)))
        kept, fresh = left(one.run.folder), left(alone.folder)
        assert {name: kept[name] for name in kept if name != "run.json"} == {
            name: fresh[name] for name in fresh if name != "run.json"
        }, "also the shared stage names this run's own locality"


def test_what_comes_out_the_same_is_shared_although_it_was_read_from_different_stages(tmp_path):
    project = toy(tmp_path / "toy")
    executor = FakeExecutor({**DOES, 3: Does(("least",))})
    execute_many(project, areas(6), how=How(executor=executor))
    assert [executor.count(stage) for stage in (1, 2, 3, 4)] == [6, 1, 1, 1]


def test_a_run_that_fails_stops_no_other_and_only_what_is_left_is_run_again(tmp_path):
    project = toy(tmp_path / "toy")

    def fails(parameters, stage):
        if parameters["area"] == "002" and stage == 3:
            raise RuntimeError("no placement in this area")

    ended = execute_many(project, areas(5), how=How(executor=FakeExecutor(DOES, before=fails)))
    assert [one.name for one in ended if not one.complete] == ["area_2"]
    assert {stage.number: stage.state for stage in ended[2].run.stages} == {
        1: "done", 2: "done", 3: "failed", 4: "not run",
    }  # fmt: skip
    again = FakeExecutor(DOES)
    assert all(one.complete for one in execute_many(project, areas(5), how=How(executor=again)))
    assert again.executed == [("002", 3), ("002", 4)]


def test_what_was_stopped_in_the_middle_leaves_the_runs_before_and_is_taken_up_where_it_was(tmp_path):
    project = toy(tmp_path / "toy")
    before = execute(project, "area_3", areas(4)["area_3"] | {"least": 9}, how=How(executor=FakeExecutor(DOES)))
    earlier = left(before.folder)

    def stops(parameters, stage):
        if parameters["area"] == "003" and stage == 3:
            raise KeyboardInterrupt

    first = FakeExecutor(DOES, before=stops)
    with pytest.raises(KeyboardInterrupt):
        execute_many(project, areas(4), how=How(executor=first))
    assert left(before.folder) == earlier
    assert not list(project.path(".evidence", "runs").glob(".*.part"))
    second = FakeExecutor(DOES)
    assert all(one.complete for one in execute_many(project, areas(4), how=How(executor=second)))
    done = set(first.executed) - {("003", 3)}
    assert set(second.executed) & done == set() and ("003", 3) in second.executed


def test_a_pack_that_cannot_be_made_is_said_and_stops_no_other(tmp_path):
    project, made = toy(tmp_path / "toy"), []

    def make(run):
        if run.name == "area_1":
            raise EvidenceError("the pack was not released.", remedy="Take it out.")
        made.append(run.name)
        return run.folder

    ended = execute_many(project, areas(3), how=How(executor=FakeExecutor(DOES)), make=make)
    assert sorted(made) == ["area_0", "area_2"]
    assert [one.made is None for one in ended] == [False, True, False]
    assert str(ended[1].error).startswith("the pack was not released.") and not ended[1].complete


def test_two_commands_at_once_do_not_mix(tmp_path):
    project, release, inside = toy(tmp_path / "toy"), threading.Event(), threading.Event()

    def waits(parameters, stage):
        inside.set()
        release.wait(20)

    def first_command():
        execute_many(project, areas(1), how=How(executor=FakeExecutor(DOES, before=waits)))

    first = threading.Thread(target=first_command)
    first.start()
    inside.wait(20)
    second = execute_many(project, areas(2), how=How(executor=FakeExecutor(DOES)))
    release.set()
    first.join()
    assert "A run called area_0 is already going" in str(second[0].error)
    assert second[1].complete


def test_lines_say_how_each_run_ended_why_stages_ran_and_what_was_slow(tmp_path):
    project, said = toy(tmp_path / "toy"), io.StringIO()
    lines = ManyLines(said, explain=True)

    def fails(parameters, stage):
        if parameters["area"] == "001" and stage == 1:
            raise RuntimeError("no such area")

    execute_many(project, areas(3), progress=lines, how=How(executor=FakeExecutor(DOES, before=fails)))
    lines.finished(["row 7"])
    text = said.getvalue()
    assert "area_0, stage 2 Toy 2: " in text and "area_1: failed after" in text
    assert "    stage 1: no such area" in text and "(3 of 3)" in text and " left)" in text
    assert "3 runs in " in text and "2 done, 1 failed, 1 not begun." in text
    assert "Failed: area_1, row 7." in text and "Slowest: area_" in text
    assert text.count("need not run") == 2, "the answers of one run serve the two others"


def test_the_cache_stays_within_its_size_and_a_shared_entry_outlives_those_of_single_runs(tmp_path, monkeypatch):
    project = toy(tmp_path / "toy")
    execute_many(project, areas(3), how=How(executor=FakeExecutor(DOES)))
    one = sum(path.stat().st_size for path in next(cache_folder(project).glob("01-*")).rglob("*") if path.is_file())
    monkeypatch.setattr(cache_module, "_MOST_BYTES", 12 * one)
    execute_many(project, areas(20), how=How(executor=FakeExecutor(DOES)))
    sizes = [path.stat().st_size for path in cache_folder(project).rglob("*") if path.is_file()]
    assert 0 < sum(sizes) <= 12 * one
    again = FakeExecutor(DOES)
    execute_many(project, areas(1), how=How(executor=again))
    assert ("000", 2) not in again.executed


FILES = ("workbook/answer.md", "data/sample/header.csv", "src/toy/tool.py", "reference/limits.toml", "project.toml")
EDITS = st.one_of(
    st.tuples(st.sampled_from(FILES), st.sampled_from(["one", "two", "more"])),
    st.tuples(st.sampled_from(["workbook/new.csv", "data/sample/new.csv"]), st.sampled_from(["", "there"])),
    st.tuples(st.just("damage"), st.integers(0, 50)),
)
SETS = st.lists(
    st.fixed_dictionaries({"area": st.sampled_from(["", "1", "2"]), "least": st.integers(1, 2)}), min_size=1, max_size=4
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.lists(EDITS, max_size=3), SETS), min_size=2, max_size=4))
def test_whatever_is_edited_and_run_together_kept_and_fresh_outputs_agree(rounds):
    """Answers, data, tool, reference, facts and parameters, several runs at once, and entries damaged on the way."""
    with tempfile.TemporaryDirectory() as place:
        project = toy(Path(place) / "toy")
        facts = project.path("project.toml").read_text()
        for edits, sets in rounds:
            for what, how in edits:
                _edit(project, what, how, facts)
            runs = {f"run_{number}": {**BASE, **given} for number, given in enumerate(sets)}
            kept = execute_many(project, runs, how=How(executor=FakeExecutor(DOES)))
            for one in kept:
                fresh = execute(
                    project, f"fresh_{one.name}", runs[one.name], how=How(cache=False, executor=FakeExecutor(DOES))
                )
                mine, theirs = left(one.run.folder), left(fresh.folder)
                mine.pop("run.json"), theirs.pop("run.json")
                assert mine == theirs


def _edit(project, what: str, how: object, facts: str) -> None:
    if what == "damage":
        files = sorted(path for path in cache_folder(project).rglob("*") if path.is_file())
        if files:
            path = files[how % len(files)]
            path.write_bytes(path.read_bytes()[:-3] + b"XXX")
    elif what == "project.toml":
        project.path(what).write_text(facts.replace("Data team", f"Data team {how}"))
    elif how == "":
        project.path(what).unlink(missing_ok=True)
    else:
        project.path(what).write_text(f"# {how}\n")


def test_a_stop_from_the_keyboard_reaches_what_is_made_of_a_run(tmp_path):
    """Python gives it to the thread that asked for the runs: in any other a pack half made would be waited for."""
    project = toy(tmp_path / "toy")
    made_in = []

    def make(run):
        made_in.append(threading.current_thread())
        if len(made_in) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute_many(project, areas(3), how=How(executor=FakeExecutor(DOES)), make=make)
    assert made_in == [threading.current_thread()] * 2


@pytest.mark.slow
def test_after_a_kill_the_next_call_does_only_what_is_left(tmp_path, run_evidence):
    """A real process with real kernels, killed while some of its runs are done and others are not."""
    import os
    import signal
    import subprocess
    import sys

    project = make_project(tmp_path / "toy")
    (project / "parameters" / "sets.csv").write_text("name,least\n" + "".join(f"set_{n},{n}\n" for n in range(1, 5)))
    shutil.copy(project / "notebooks/04_toy.ipynb", project / "kept.ipynb")
    book = json.loads((project / "notebooks/04_toy.ipynb").read_text())
    book["cells"].append({**book["cells"][-1], "id": "slow", "source": "import time; time.sleep(3); least"})
    (project / "notebooks/04_toy.ipynb").write_text(json.dumps(book))
    command = [sys.executable, "-m", "evidence", "run", "parameters/sets.csv", "--no-pack", "--workers", "1"]
    going = subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True, start_new_session=True)
    first = going.stderr.readline()
    os.killpg(going.pid, signal.SIGKILL)
    going.wait()
    assert "(1 of 4" in first
    done = run_evidence(project, "run", "parameters/sets.csv", "--no-pack", "--explain", "--workers", "1")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert sum("runs, because" in line for line in lines) in (3, 4), "stages 1 to 3 were shared and are kept"
    assert "Failed" not in done.stderr


def test_data_that_cannot_be_brought_here_stops_its_own_run_alone(tmp_path, run_evidence):
    project = make_project(tmp_path / "toy")
    (project / "parameters" / "sets.csv").write_text("name,data_folder\nthere,data/sample\nnot_there,memory://none\n")
    done = run_evidence(project, "run", "parameters/sets.csv", "--no-pack")
    assert done.returncode == 2, "a run that was refused is the fault of its row"
    assert "cannot be read from its address" in done.stderr
    made = [path.parent.name for path in project.glob(".evidence/runs/*/run.json")]
    assert made == ["there"]
