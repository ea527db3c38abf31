"""Runs past one machine, with a real scheduler and workers as processes: the same bytes, and clear words when lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from evidence.project import EvidenceError, at_hand, open_project
from evidence.run import How, Limits, Progress, asked_runs, execute, execute_many, run_folder
from evidence.run.cluster import Cluster
from evidence.run.cluster.exchange import hand_over
from evidence.run.cluster.fitness import installed, locked, needs, why_unfit
from evidence.run.cluster.shipping import check_may_be_shipped, packed
from tests.evidence.run.machines import Machines, toy_with_toolkit
from tests.evidence.run.test_runs import kernels_of, wait_for
from tests.evidence.toy import notebook

COUNTS_ITSELF = """
import os, time
from pathlib import Path
tries = Path("..", "tries")
tries.mkdir(exist_ok=True)
(tries / str(os.getpid())).touch()
time.sleep(120 if len(list(tries.iterdir())) == 1 else 0)
""".strip()


def wait_long(condition) -> None:
    """Several processes have to start first, on a machine that may be busy with other tests."""
    wait_for(condition, 180)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """The folder of keys that this machine and the workers share, as on a network drive."""
    folder = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVIDENCE_KEY_FOLDER", str(folder))
        yield folder


@pytest.fixture(scope="module")
def machines(tmp_path_factory, keys):
    """One scheduler and two workers for all tests that do no harm to them."""
    with Machines(tmp_path_factory.mktemp("machines")) as started:
        yield started


@pytest.fixture
def toy(tmp_path, keys):
    return open_project(toy_with_toolkit(tmp_path / "toy"))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a run but how long it took."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "timings.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run_on(project, cluster, **how):
    return execute(project, "sample", project.parameters("sample"), how=How(cache=False, executor=cluster, **how))


class Notes(Progress):
    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []

    def started(self, stage, cells):
        self.heard.append(("started", stage.number))

    def cell_done(self, stage):
        self.heard.append(("cell", stage.number))


@pytest.mark.slow
@pytest.mark.parametrize("shipped", [False, True], ids=["folder that all see", "project sent along"])
def test_a_cluster_leaves_the_same_bytes_as_this_machine(machines, toy, shipped):
    notes, runs = [Notes(), Notes()], []
    with Cluster(machines.address, shipped=shipped) as cluster:
        for executor, heard in zip((None, cluster), notes, strict=True):
            how = How(cache=False, executor=executor)
            runs.append(execute(toy, "sample", toy.parameters("sample"), how=how, progress=heard))
            runs.append(contents(runs[-1].folder))
    assert [stage.state for stage in runs[2].stages] == ["done"] * 4
    assert runs[1] == runs[3]
    assert sorted(notes[0].heard) == sorted(notes[1].heard)
    assert not list(Path(machines.folder).rglob("evidence-*/run"))


@pytest.mark.slow
def test_a_table_of_runs_on_a_cluster_leaves_the_same_bytes_as_this_machine(machines, toy):
    (toy.root / "parameters" / "sets.csv").write_text("name,least\none,1\ntwo,2\nthree,3\n")
    asked = asked_runs(toy, ["parameters/sets.csv"], "sample")

    def made(how: How) -> list[dict[str, bytes]]:
        shutil.rmtree(toy.root / ".evidence", ignore_errors=True)
        ended = execute_many(toy, asked.runs, how=how)
        assert [(one.name, one.complete) for one in ended] == [("one", True), ("two", True), ("three", True)]
        return [contents(one.run.folder) for one in ended]

    here = made(How())
    with Cluster(machines.address) as cluster:
        there = made(How(executor=cluster))
    assert here == there and len({one["notebooks/04_toy.ipynb"] for one in here}) == 3


def worker_of(kernel: int, machines: Machines) -> subprocess.Popen:
    import psutil

    above = {process.pid for process in psutil.Process(kernel).parents()}
    return next(worker for worker in machines.workers if worker.pid in above)


@pytest.mark.slow
def test_a_stage_whose_worker_is_killed_is_executed_by_another(machines, tmp_path, keys):
    toy = open_project(toy_with_toolkit(tmp_path / "toy", {2: notebook(2, COUNTS_ITSELF, 'print("done")')}))
    command = [sys.executable, "-c", START, machines.address]
    running = subprocess.Popen(command, cwd=toy.root, stderr=subprocess.PIPE, text=True)
    tries = toy.path("tries")
    wait_long(lambda: tries.is_dir() and len(list(tries.iterdir())) == 1)
    kernel = int(next(tries.iterdir()).name)
    lost = worker_of(kernel, machines)
    lost.kill()
    assert running.wait(120) == 0, running.stderr.read()
    there = contents(run_folder(toy, "sample"))
    assert len(list(tries.iterdir())) == 2
    wait_long(lambda: not kernels_of(toy.root))
    machines.workers.remove(lost)
    machines.add_worker()
    assert there == contents(run_on(toy, None).folder)


START = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from evidence.project import EvidenceError, at_hand, open_project
from evidence.run import How, execute
from evidence.run.cluster import Cluster
project = open_project()
try:
    with Cluster(sys.argv[1]) as cluster:
        run = execute(project, "sample", project.parameters("sample"), how=How(executor=cluster))
except EvidenceError as error:
    sys.exit(f"said: {error}")
sys.exit(0 if run.complete else 1)
"""


@pytest.mark.slow
def test_without_its_scheduler_a_run_stops_and_the_next_one_does_what_is_left(tmp_path, keys):
    toy = open_project(toy_with_toolkit(tmp_path / "toy", {2: notebook(2, "import time; time.sleep(120)")}))
    with Machines(tmp_path / "machines", workers=2) as machines:
        command = [sys.executable, "-c", START, machines.address]
        running = subprocess.Popen(command, cwd=toy.root, stderr=subprocess.PIPE, text=True)
        kept = toy.path(".evidence", "cache")
        wait_long(lambda: list(kept.glob("01-*")) and kernels_of(toy.root))
        machines.scheduler.kill()
        said = running.communicate(timeout=60)[1]
        assert running.returncode == 1
        assert said.startswith(
            f"said: --scheduler {machines.address}: the scheduler was lost while stages were at work"
        )
        assert "Traceback" not in said and len(said.splitlines()) == 2
        # A worker that has lost its scheduler ends what it was doing for it.
        wait_long(lambda: not kernels_of(toy.root))
    assert not run_folder(toy, "sample").exists()
    toy.path("notebooks/02_toy.ipynb").write_text(notebook(2, 'print("quick")'))
    begun = Notes()
    resumed = execute(toy, "sample", toy.parameters("sample"), how=How(), progress=begun)
    assert resumed.complete
    assert ("started", 1) not in begun.heard and ("started", 2) in begun.heard


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_ctrl_c_stops_the_stages_on_the_workers_and_leaves_them_free(machines, tmp_path, keys):
    toy = open_project(
        toy_with_toolkit(tmp_path / "toy", {n: notebook(n, "import time; time.sleep(120)") for n in (1, 2)})
    )
    command = [sys.executable, "-c", START, machines.address]
    running = subprocess.Popen(command, cwd=toy.root, stderr=subprocess.PIPE, text=True)
    wait_long(lambda: len(kernels_of(toy.root)) == 2)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    wait_long(lambda: not kernels_of(toy.root))
    assert not list(run_folder(toy, "sample").parent.glob(".*.part"))
    for number in (1, 2):
        toy.notebook(toy.stage(number)).write_text(notebook(number, f'results.record({number}, "children", 1)'))
    with Cluster(machines.address) as cluster:
        assert run_on(toy, cluster).complete


def test_what_a_worker_gives_after_the_run_was_stopped_makes_no_folder_anew(tmp_path):
    left, run = tmp_path / "left", tmp_path / "runs" / ".sample.part"
    (left / "results" / "01").mkdir(parents=True)
    (left / "results" / "01" / "children.json").write_text("1")
    run.mkdir(parents=True)
    place = hand_over(["results/01/children.json"], left, run)
    assert (run / place / "results" / "01" / "children.json").read_text() == "1"
    shutil.rmtree(run)
    with pytest.raises(FileNotFoundError):
        hand_over(["results/01/children.json"], left, run)
    assert not run.exists()


@pytest.mark.slow
def test_limits_and_errors_are_those_of_this_machine(machines, tmp_path, keys):
    held = "import time\nheld = bytearray(10**9)\nheld[::4096] = b'x' * len(held[::4096])\ntime.sleep(60)"
    notebooks = {1: notebook(1, ("markdown", "## Look"), 'raise ValueError("child QX7731905")'), 2: notebook(2, held)}
    toy = open_project(toy_with_toolkit(tmp_path / "toy", notebooks))
    with Cluster(machines.address) as cluster:
        done = run_on(toy, cluster, limits=Limits(memory_gb=0.75))
    assert [(stage.state, stage.why) for stage in done.stages[:2]] == [
        ("failed", 'ValueError in cell 5 (under "Look").'),
        ("failed", "The stage needed more than 0.75 GB of memory and was stopped."),
    ]
    log = done.folder / "logs" / "01.txt"
    assert "child QX7731905" in log.read_text() and log.stat().st_mode & 0o777 == 0o600
    toy.notebook(toy.stage(2)).write_text(notebook(2, "import time; time.sleep(60)"))
    with Cluster(machines.address) as cluster:
        done = execute(
            toy, "sample", toy.parameters("sample"), [2], how=How(limits=Limits(cell_seconds=1), executor=cluster)
        )
    assert done.stages[1].why == 'Cell 4 (under "Stage 2: a toy") took longer than 1 seconds and was stopped.'


# Before anything runs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("tcp://127.0.0.1:9", "no Dask scheduler could be reached there within"),
        ("tls://127.0.0.1:9", "Dask does not know with which certificates to encrypt"),
        ("somewhere", "neither the address of a scheduler nor the file that one wrote"),
    ],
)
def test_a_wrong_address_is_said_in_one_message(sample_project, run_evidence, address, says):
    done = run_evidence(sample_project, "run", "sample", "--scheduler", address, timeout=120)
    assert done.returncode == 2
    said = done.stderr.splitlines()
    assert said[0].startswith(f"--scheduler {address}: ") and says in said[0] and len(said) == 2


def test_without_its_packages_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EvidenceError, match=r"not installed here\.\nInstall them: python install\.py --cluster"):
        Cluster("tcp://127.0.0.1:8786").__enter__()


def test_nothing_of_dask_is_imported_without_a_scheduler(sample_project, run_evidence):
    code = "import sys, evidence.run, evidence.cli.run; print(sorted({'dask', 'distributed'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(sample_project / "toolkit")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_to_ship_needs_somewhere_to_ship_to(sample_project, run_evidence):
    done = run_evidence(sample_project, "run", "sample", "--ship")
    assert done.returncode == 2 and "Add --scheduler ADDRESS." in done.stderr


# Fitness ------------------------------------------------------------------------------------------------------------


def test_a_worker_like_this_machine_is_fit(toy):
    needed = needs(toy, toy.parameters("sample"))
    assert len(needed["packages"]) > 100 and needed["packages"]["distributed"] == installed("distributed")
    assert why_unfit(toy, needed) == ""


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"python": "3.10.1 on linux x86_64"}, "the results are to come from 3.10.1 on linux x86_64"),
        ({"key": "0" * 16}, "has another key to de-identify the data"),
        ({"data": "/nowhere/raw"}, "does not see the data: for it there is no /nowhere/raw"),
    ],
)
def test_what_a_worker_has_otherwise_is_said_in_words(toy, other, says):
    assert says in why_unfit(toy, {**needs(toy, toy.parameters("sample")), **other})


def test_other_packages_and_other_files_are_named(toy):
    needed = needs(toy, toy.parameters("sample"))
    older = {**needed, "packages": {**needed["packages"], "pandas": "2.0.0"}}
    assert why_unfit(toy, older) == (
        f"has other packages than the lock names: pandas {installed('pandas')} instead of 2.0.0."
    )
    toy.path("src/toy/tool.py").write_text("def run(): return 2\n")
    assert why_unfit(toy, needed, found_fit=True).startswith("has another src/toy/tool.py in ")


def test_a_worker_without_the_key_makes_none(toy, monkeypatch, tmp_path):
    needed = needs(toy, toy.parameters("sample"))
    monkeypatch.setenv("EVIDENCE_KEY_FOLDER", str(tmp_path / "other"))
    assert "does not have the key that de-identifies the data. The key is never sent" in why_unfit(toy, needed)
    assert not (tmp_path / "other").exists()


def test_the_lock_is_read_for_this_python(toy):
    # The lock names two versions of numpy, one for Python 3.11 and one for later ones.
    assert locked(toy)["numpy"] == installed("numpy")


@pytest.mark.slow
def test_a_worker_that_is_not_fit_stops_the_run_with_its_address(toy, tmp_path, keys):
    with Machines(tmp_path / "machines", 1, EVIDENCE_KEY_FOLDER=str(tmp_path / "none")) as machines:
        with Cluster(machines.address) as cluster, pytest.raises(EvidenceError) as caught:
            run_on(toy, cluster)
    assert re.match(r"--scheduler: the worker at tcp://127\.0\.0\.1:\d+ does not have the key", str(caught.value))
    assert not run_folder(toy, "sample").exists()


# What may travel ----------------------------------------------------------------------------------------------------


def test_no_data_of_the_council_is_sent(toy, tmp_path):
    import io
    import tarfile

    (toy.path("data/raw")).mkdir()
    for name in ("data/raw/episodes.csv", "data/extra.csv", "packs/one/index.html", ".evidence/x", "logs/other.txt"):
        toy.path(name).parent.mkdir(parents=True, exist_ok=True)
        toy.path(name).write_text("QX7731905")
    with tarfile.open(fileobj=io.BytesIO(packed(toy))) as archive:
        names = archive.getnames()
    assert {"notebooks/01_toy.ipynb", "data/sample/header.csv", "toolkit/evidence/__init__.py"} <= set(names)
    assert not [name for name in names if re.match(r"data/(raw|extra)|packs|\.evidence|logs/other", name)]
    with pytest.raises(EvidenceError, match="Data is never sent"):
        check_may_be_shipped(toy, {"data_folder": "data/raw"}, "tls://10.0.0.5:8786")


def test_results_of_own_data_travel_encrypted_or_not_at_all(toy, tmp_path):
    outside = tmp_path / "share"
    outside.mkdir()
    parameters = {"data_folder": str(outside)}
    with pytest.raises(EvidenceError, match="cannot write its access log"):
        check_may_be_shipped(toy, parameters, "tls://10.0.0.5:8786")
    text = toy.path("project.toml").read_text()
    toy.path("project.toml").write_text(text.replace('source = "sample"', f'source = "own"\naccess_log = "{outside}"'))
    toy = open_project(toy.root)
    with pytest.raises(EvidenceError, match="would travel unencrypted"):
        check_may_be_shipped(toy, parameters, "tcp://10.0.0.5:8786")
    check_may_be_shipped(toy, parameters, "tls://10.0.0.5:8786")


READS_AN_ADDRESS = """
from evidence.project import open_project
folder = open_project().data_folder({"data_folder": data_folder})
results.record(1, "children", len((folder / "header.csv").read_text().splitlines()) - 1)
results.note_read(1, "data", "header.csv", hashlib.sha256((folder / "header.csv").read_bytes()).hexdigest())
""".strip()


@pytest.mark.slow
def test_data_at_an_address_is_read_by_the_worker_itself(machines, tmp_path, keys):
    toy = open_project(toy_with_toolkit(tmp_path / "toy", {1: notebook(1, READS_AN_ADDRESS)}))
    (tmp_path / "far" / "2026").mkdir(parents=True)
    (tmp_path / "far" / "2026" / "header.csv").write_text("CHILD,SEX\nQX7731905,F\nQX7731906,F\n")
    # fsspec's name for files of a machine's own, which nothing here takes for a path.
    parameters = {**toy.parameters("sample"), "data_folder": f"local://{tmp_path}/far/2026"}
    with at_hand([parameters["data_folder"]]), Cluster(machines.address) as cluster:
        found = [
            contents(execute(toy, "sample", parameters, [1], how=How(cache=False, executor=executor)).folder)
            for executor in (None, cluster)
        ]
    assert json.loads(found[0]["results/01/children.json"])["value"] == 2
    assert not list(machines.folder.rglob("evidence-*"))
    assert found[0] == found[1]


def made(project, run_evidence, *options) -> tuple[bytes, list[tuple]]:
    """The sealed pack of a run without a cache, and what it added to the access log, without times and hashes."""
    # A pack that is there already would be kept, and compared with itself.
    for folder in (project / "packs" / "sample", project / ".evidence" / "packs"):
        shutil.rmtree(folder, ignore_errors=True)
    (project / "packs" / "sample.zip").unlink(missing_ok=True)
    log = project / "logs" / "access_log.jsonl"
    before = len(log.read_text().splitlines()) if log.is_file() else 0
    done = run_evidence(project, "run", "sample", "--no-cache", "--quiet", *options)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in log.read_text().splitlines()[before:]]
    said = sorted((line["what"], str(line.get("stage")), str(line.get("tables"))) for line in lines)
    return (project / "packs" / "sample.zip").read_bytes(), said


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_packs_made_on_a_cluster_are_the_local_one_byte_for_byte(machines, bake, run_evidence):
    project = bake()
    pack, lines = made(project, run_evidence)
    assert len(lines) > 5
    for way in ((), ("--ship",)):
        there = made(project, run_evidence, "--scheduler", machines.address, *way)
        assert there[1] == lines, way
        assert there[0] == pack, way
    checked = run_evidence(project, "data", "log", "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
