"""Stages that take too much are stopped and say so; what they rest on does not stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell

from evidence.project import open_project
from evidence.run import How, Limits, execute
from evidence.run.failure import why_it_stopped
from tests.evidence.run.test_runs import kernels_of, wait_for
from tests.evidence.toy import make_project, notebook


@pytest.mark.parametrize(
    ("limits", "cell", "says"),
    [
        (
            Limits(cell_seconds=1),
            "import time; time.sleep(60)",
            'Cell 5 (under "Stage 3: a toy") took longer than 1 seconds and was stopped.',
        ),
        (
            Limits(stage_seconds=12),
            "import time; time.sleep(60)",
            "The stage took longer than 12 seconds and was stopped.",
        ),
        (
            Limits(memory_gb=0.75),
            "import time\nheld = bytearray(10**9)\nheld[::4096] = b'x' * len(held[::4096])\ntime.sleep(60)",
            "The stage needed more than 0.75 GB of memory and was stopped.",
        ),
    ],
    ids=["cell", "stage", "memory"],
)  # fmt: skip
@pytest.mark.parametrize("warm", [True, False])
def test_a_stage_that_takes_too_much_is_stopped(tmp_path, limits, cell, says, warm):
    folder = make_project(tmp_path, {3: notebook(3, "first = 1", cell)})
    project = open_project(folder)
    how = How(limits=limits, warm=warm, cache=False)
    done = execute(project, "sample", project.parameters("sample"), how=how)
    assert [stage.state for stage in done.stages] == ["done", "done", "failed", "not run"]
    assert done.stages[2].why == says
    assert not kernels_of(folder)


def test_a_cell_that_wrote_too_much_is_told_from_one_that_took_too_long():
    cell = new_code_cell("print('x' * 10**9)")
    late = CellTimeoutError.error_from_timeout_and_cell("Timeout waiting for IOPub output", 120, cell)
    slow = CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", 5, cell)
    assert why_it_stopped([cell], late, cell) == "Cell 1 wrote so much that it could not be read. Let it print less."
    assert why_it_stopped([cell], slow, cell, 5) == "Cell 1 took longer than 5 seconds and was stopped."


def test_where_a_kernel_has_gone_nothing_else_is_stopped():
    """In a process of its own, as it was this very process that was stopped."""
    code = (
        "import time; from types import SimpleNamespace; from evidence.run import Limits\n"
        "from evidence.run.limits import Watch\n"
        "with Watch(SimpleNamespace(process=None), Limits(stage_seconds=0.1, memory_gb=0.001)) as watch:\n"
        "    time.sleep(1)\n"
        "print('still there', repr(watch.why))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("still there ''\n", 0), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_ctrl_c_stops_every_kernel_at_once(tmp_path):
    folder = make_project(tmp_path, {n: notebook(n, "import time; time.sleep(120)") for n in (1, 2)})
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from evidence.project import open_project; from evidence.run import How, execute\n"
        "p = open_project(); execute(p, 'sample', p.parameters('sample'), how=How(workers=2))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: len(kernels_of(folder)) >= 2)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    assert "KeyboardInterrupt" in process.stderr.read()
    assert not kernels_of(folder)
    assert sorted(path.name for path in Path(folder, ".evidence", "runs").iterdir()) == [".sample.lock"]
