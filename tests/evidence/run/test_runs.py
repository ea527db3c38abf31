"""Runs of a small project: what they leave, what stops them, and what they never say."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from evidence.project import EvidenceError, open_project
from evidence.run import How, Progress, execute, run_folder
from tests.evidence.toy import default_notebooks, make_project, notebook

CHILD = "QX7731905"
RAISES = f'raise ValueError("child {CHILD} has no date")'


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run in which every stage is done."""
    project = open_project(make_project(tmp_path_factory.mktemp("toy")))
    return project, execute(project, "sample", project.parameters("sample"))


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """A run in which stage 1 raises with a child's number in the message, so that 3 and 4 cannot run."""
    notebooks = {1: notebook(1, ("markdown", "## Look at the data"), RAISES)}
    project = open_project(make_project(tmp_path_factory.mktemp("toy"), notebooks))
    return project, execute(project, "sample", project.parameters("sample"))


def start(folder: Path) -> subprocess.Popen:
    code = (
        # A shell that starts tests in the background has them ignore Ctrl-C, as a terminal never does.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from evidence.project import open_project; from evidence.run import execute\n"
        "p = open_project(); execute(p, 'sample', p.parameters('sample'))"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=folder, stderr=subprocess.PIPE, text=True)


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def kernels_of(folder: Path) -> list[int]:
    """The processes that work in the folder's notebooks."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) == folder / "notebooks":
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_every_stage_is_done_and_hands_its_results_on(finished):
    project, run = finished
    assert [stage.state for stage in run.stages] == ["done"] * 4 and run.complete
    assert json.loads((run.folder / "results/03/twice.json").read_text())["value"] == 40


def test_a_run_leaves_nothing_beside_itself(finished):
    project, run = finished
    assert sorted(path.name for path in run.folder.parent.iterdir()) == [".sample.lock", "sample"]
    assert not (run.folder / "logs").exists() or not list((run.folder / "logs").iterdir())


def test_a_run_is_for_its_owner_only(finished):
    assert stat.S_IMODE(finished[1].folder.stat().st_mode) == 0o700


def test_executed_notebooks_hold_what_was_chosen_and_no_time(finished):
    text = (finished[1].folder / "notebooks" / "02_toy.ipynb").read_text()
    assert "As of 2026-04-30" in text and "this is left out\\n" not in text
    assert "papermill" not in text and "start_time" not in text and str(finished[0].root) not in text
    assert '"left_out": 1' in text


def test_the_same_run_elsewhere_is_the_same(finished, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("PYTHONHASHSEED", "77")
    monkeypatch.setenv("LC_ALL", "C")
    previous = os.umask(0o077)
    try:
        project = open_project(make_project(tmp_path / "another place"))
        again = execute(project, "sample", project.parameters("sample"))
    finally:
        os.umask(previous)
    for path in sorted(finished[1].folder.rglob("*")):
        if path.is_file() and path.name != "timings.json":
            assert (again.folder / path.relative_to(finished[1].folder)).read_bytes() == path.read_bytes(), path.name


def test_a_failure_stops_what_rests_on_it_and_nothing_else(failed):
    states = {stage.number: (stage.state, stage.why) for stage in failed[1].stages}
    assert states[1] == ("failed", 'ValueError in cell 5 (under "Look at the data").')
    assert states[2][0] == "done"
    assert states[3] == ("not run", "It needs the results of stage 1, which did not finish.")
    assert states[4] == ("not run", "It needs the results of stage 3, which did not finish.")


def test_only_the_private_log_quotes_the_error(failed):
    folder = failed[1].folder
    quoting = [path for path in folder.rglob("*") if path.is_file() and f"child {CHILD} has" in path.read_text()]
    assert folder / "logs/01.txt" in quoting
    # The author's own source holds it in this test; what ran does not add it anywhere else.
    assert set(quoting) <= {folder / "logs/01.txt", folder / "notebooks/01_toy.ipynb"}
    assert stat.S_IMODE((folder / "logs/01.txt").stat().st_mode) == 0o600


def test_an_evidence_error_speaks_for_itself(tmp_path):
    source = (
        "from evidence.project import EvidenceError\n"
        'raise EvidenceError("it is not one of the answers.", where="workbook/a.csv, row 6", remedy="Use one of: high, low.")'  # noqa: E501
    )
    project = open_project(make_project(tmp_path, {2: notebook(2, source)}))
    run = execute(project, "sample", project.parameters("sample"), stages=[2])
    assert run.stages[1].why == "workbook/a.csv, row 6: it is not one of the answers.\nUse one of: high, low."


def test_a_kernel_that_dies_is_told_from_an_error(tmp_path):
    source = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    project = open_project(make_project(tmp_path, {2: notebook(2, ("markdown", "## Big table"), source)}))
    run = execute(project, "sample", project.parameters("sample"), stages=[2])
    assert run.stages[1].state == "failed"
    assert "Python stopped by itself" in run.stages[1].why and "Big table" in run.stages[1].why


def test_as_many_cells_are_said_to_be_done_as_there_are(tmp_path):
    class Counts(Progress):
        def __init__(self) -> None:
            self.cells, self.done = {}, Counter()

        def started(self, stage, cells):
            self.cells[stage.number] = cells

        def cell_done(self, stage):
            self.done[stage.number] += 1

    project, counts = open_project(make_project(tmp_path)), Counts()
    execute(project, "sample", project.parameters("sample"), [1, 2], progress=counts, how=How(cache=False))
    assert counts.done == counts.cells and len(counts.cells) == 2


def test_what_goes_wrong_while_a_pack_is_made_ready_for_is_left_to_the_pack_to_say(tmp_path, monkeypatch):
    said, seen = [], []
    monkeypatch.setattr(threading, "excepthook", said.append)

    def get_ready(notebook, left, aside):
        seen.append(notebook)
        raise ImportError("a file of it is damaged")

    project = open_project(make_project(tmp_path))
    how = How(cache=False, meanwhile=get_ready)
    assert execute(project, "sample", project.parameters("sample"), [1], how=how).complete
    wait_for(lambda: seen and not any(thread.name == "meanwhile" for thread in threading.enumerate()))
    assert not said


def test_only_the_stages_asked_for_and_what_they_need(tmp_path):
    project = open_project(make_project(tmp_path))
    run = execute(project, "sample", project.parameters("sample"), stages=[3])
    assert [stage.state for stage in run.stages] == ["done", "not asked", "done", "not asked"]


@pytest.mark.parametrize(
    ("given", "says"),
    [({"lest": 4}, "Did you mean least?"), ({"least": "4"}, "whole number"), ({"as_of": "soon"}, "date")],
)
def test_wrong_parameters_are_refused_before_anything_runs(tmp_path, given, says):
    project = open_project(make_project(tmp_path))
    with pytest.raises(EvidenceError, match=says.replace("?", r"\?")):
        execute(project, "sample", given)
    assert not run_folder(project, "sample").parent.exists()


def test_an_input_that_changes_meanwhile_is_named_and_the_last_run_stays(tmp_path):
    project = open_project(make_project(tmp_path))
    execute(project, "sample", project.parameters("sample"), stages=[1])
    before = (run_folder(project, "sample") / "run.json").read_text()

    class Meddles(Progress):
        def ended(self, stage, state, why, seconds):
            if stage.number == 2:
                project.path("data/sample/header.csv").write_text("CHILD,SEX\n")

    with pytest.raises(EvidenceError, match=r"data/sample/header\.csv: the file changed while the run was going"):
        execute(project, "sample", project.parameters("sample"), progress=Meddles())
    assert (run_folder(project, "sample") / "run.json").read_text() == before
    assert not list(run_folder(project, "sample").parent.glob(".*.part"))


def test_the_second_of_two_runs_of_one_name_says_so(tmp_path):
    project = open_project(make_project(tmp_path, {1: notebook(1, "import time; time.sleep(60)")}))
    first = start(project.root)
    try:
        wait_for(lambda: kernels_of(project.root))
        with pytest.raises(EvidenceError, match=f"already going, in the process with number {first.pid}"):
            execute(project, "sample", project.parameters("sample"))
    finally:
        first.kill()
        first.wait(60)
        wait_for(lambda: not kernels_of(project.root))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_the_last_one_and_no_kernel(tmp_path, how):
    project = open_project(make_project(tmp_path))
    execute(project, "sample", project.parameters("sample"), stages=[2])
    before = (run_folder(project, "sample") / "run.json").read_text()
    project.path("notebooks/01_toy.ipynb").write_text(notebook(1, "import time; time.sleep(60)"))
    process = start(project.root)
    wait_for(lambda: kernels_of(project.root))
    time.sleep(1.5)
    process.send_signal(how)
    process.wait(60)
    wait_for(lambda: not kernels_of(project.root))
    if how == signal.SIGINT:
        assert not list(run_folder(project, "sample").parent.glob(".*.part"))
    assert (run_folder(project, "sample") / "run.json").read_text() == before
    project.path("notebooks/01_toy.ipynb").write_text(default_notebooks()[1])
    assert execute(project, "sample", project.parameters("sample"), stages=[1]).stages[0].state == "done"
