"""The server that forks kernels ends those that it has made, and nothing else."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from evidence.project import open_project
from evidence.run import Here, Job, Limits
from evidence.run.environment import ShortFolder, kernel_environment
from evidence.run.kernels import Kernels
from evidence.run.warm_server import _forget_ended
from evidence.run.warm_start import WarmServer
from tests.evidence.run.test_runs import wait_for
from tests.evidence.toy import make_project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")


def test_the_number_of_a_kernel_that_has_ended_is_forgotten():
    """The system gives numbers out again, and what has the number by then must not be stopped."""
    gone, going = os.pipe(), os.pipe()
    os.close(gone[1])
    kernels = {4_000_001: gone[0], 4_000_002: going[0]}
    _forget_ended(kernels)
    assert kernels == {4_000_002: going[0]}
    with pytest.raises(OSError):
        os.fstat(gone[0])
    for end in going:
        os.close(end)


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
def test_a_server_that_does_not_listen_is_ended_with_its_kernels(tmp_path):
    """Both are held, as a long import holds the server: neither can notice by itself that its owner wants no more."""
    environment = kernel_environment(tmp_path, {})
    private = ShortFolder()
    server = WarmServer(Path(private.name), environment)
    with private, Kernels(environment, tmp_path, 1, server=server) as kernels:
        kernel = psutil.Process(kernels.take().process)
        for process in (kernel, kernel.parent()):
            process.send_signal(signal.SIGSTOP)
        server.close()
        wait_for(lambda: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE, seconds=5)


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
def test_later_kernels_are_forked_as_the_first_one_is(tmp_path):
    """After the first the server imports more, and must not take that for a toolkit that was replaced."""
    environment = kernel_environment(tmp_path, {})
    private = ShortFolder()
    server = WarmServer(Path(private.name), environment)
    with private, Kernels(environment, tmp_path, 3, server=server) as kernels:
        parents = [psutil.Process(kernels.take().process).parent().cmdline() for _ in range(3)]
        server.close()
    assert all("evidence.run.warm_server" in command for command in parents)


def test_a_kernel_that_is_ended_before_it_answers_keeps_nobody_waiting(tmp_path):
    """Jupyter watches a heartbeat from a thread of its own, which waits on for a process that has gone."""
    with Kernels(kernel_environment(tmp_path, {}), tmp_path, 1) as kernels:
        client = kernels.take().manager.client()
        client.start_channels()
        assert not client.hb_channel.is_alive()
        client.stop_channels()


def test_what_a_killed_process_left_goes_with_the_next_run_and_nothing_else_does():
    code = (
        "import os, time; from evidence.run.environment import ShortFolder\n"
        "folder = ShortFolder(); print(folder.name, flush=True); time.sleep(600)"
    )
    with ShortFolder() as mine:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        left = Path(process.stdout.readline().strip())
        ShortFolder().cleanup()
        assert left.is_dir() and Path(mine).is_dir()
        process.kill()
        process.communicate()
        (left / "errors.txt").write_text("what a kernel said")
        ShortFolder().cleanup()
        assert not left.exists() and Path(mine).is_dir()
    assert not Path(mine).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_function_called_aside_gives_what_it_gives_and_errors_reach_whoever_asked(tmp_path):
    environment = kernel_environment(tmp_path, {})
    job = Job(open_project(make_project(tmp_path)), tmp_path, {}, Limits(), count=2)
    with Here(several=True) as here, here.session(job) as session:
        assert session._ready().warm
        assert here.aside(os.getenv, "TZ")() == os.environ.get("TZ") != environment["TZ"]
        assert here.aside(os.getpid)() != os.getpid()
        # What goes wrong there is done again here: the error is the function's own.
        with pytest.raises(FileNotFoundError, match="nowhere"):
            here.aside(os.listdir, "nowhere")()
        with pytest.raises(EOFError):
            here._server.call("os:_exit", 0).result()
        # Functions one after the other have what the one before them gave, in one process.
        assert here.aside(divmod, 17, 5).then(list).then(zip, "ab").then(dict)() == {3: "a", 2: "b"}
        called = here._server.call("os:getpid")
        called.then("builtins:divmod", 1)
        assert called.result()[0] != os.getpid()
        with pytest.raises(TypeError, match="'int' object is not iterable"):
            here.aside(len, "ab").then(list).then(len)()
    assert here.aside(os.getpid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_the_command_leaves_pandas_to_the_processes_that_have_it(sample_project, tmp_path):
    """Also what the front page says of recorded tables, and the search for identifiers."""
    project = shutil.copytree(sample_project, tmp_path / "project")
    code = """
import sys
from evidence.cli import commands
try:
    commands(["run", "--no-cache", "--quiet"], standalone_mode=False)
except SystemExit as end:
    print(end.code, "pandas" in sys.modules)
"""
    places = os.pathsep.join([str(project / "toolkit"), str(project / "src")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env={**os.environ, "PYTHONPATH": places},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[1:] == ["0 False"], done.stderr
    receipt = json.loads((project / "packs" / "sample" / "receipt.json").read_text(encoding="utf-8"))
    assert receipt["leak_scan"]["values_looked_for"] > 1000
    files = [path for path in (project / "packs" / "sample").rglob("*") if path.is_file()]
    # The manifest and the receipt are written after it.
    assert receipt["leak_scan"]["files"] == len(files) - 2


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_child_in_a_notebook_and_one_in_an_answer_are_found_by_whichever_process_looks(
    sample_project, tmp_path, run_evidence
):
    """One process looks through the run's notebooks while another makes the pages and looks through those."""
    project = shutil.copytree(sample_project, tmp_path / "project")
    with open(project / "data" / "sample" / "header.csv", encoding="utf-8") as file:
        one, other, *_ = (row["CHILD"] for row in csv.DictReader(file))
    notebook = project / "notebooks" / "05_design.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    next(cell for cell in content["cells"] if cell["cell_type"] == "markdown")["source"].append(f"\n\nAs for {one}.")
    notebook.write_text(json.dumps(content), encoding="utf-8")
    answers = project / "workbook" / "05_design" / "answers.md"
    answers.write_text(
        answers.read_text(encoding="utf-8").replace("\n\n", f"\n\nAs for {other}.\n\n"), encoding="utf-8"
    )
    done = run_evidence(project, "run", "--no-cache")
    assert done.returncode == 2 and not (project / "packs" / "sample").exists()
    assert one not in done.stderr and other not in done.stderr
    found = {line.split(",")[0] for line in done.stderr.splitlines() if line.endswith("child identifier")}
    assert found >= {"notebooks/05_design.ipynb", "05_design.html", "standing.json"}
