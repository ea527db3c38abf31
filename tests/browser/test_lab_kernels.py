"""Kernels in JupyterLab are forked where that is safe, and do what kernels do: draw, stop, begin again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence.run.warm_start import can_be_warm
from tests.browser.jupyter import Kernel

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_LOADED = "import sys; print({'pandas', 'evidence.stage.stage'} <= set(sys.modules))"
_PARENT = "import os, pathlib; print('warm_server' in pathlib.Path(f'/proc/{os.getppid()}/cmdline').read_text())"


@pytest.fixture
def kernel(lab: str) -> Iterator[Kernel]:
    kernel = Kernel(lab)
    yield kernel
    kernel.end()


def _said(outputs: list[dict]) -> str:
    return "".join(output.get("text", "") for output in outputs)


@pytest.mark.skipif(not can_be_warm(), reason="forking is not safe on this system")
def test_a_kernel_is_forked_with_what_stages_import(kernel):
    assert _said(kernel.run(_LOADED)) == "True\n"
    assert _said(kernel.run(_PARENT)) == "True\n"


def test_a_figure_appears(kernel):
    outputs = kernel.run("import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]); plt.show()")
    assert [output for output in outputs if "image/png" in output.get("data", {})], outputs


def test_a_kernel_can_be_stopped_and_begun_again(kernel):
    kernel.run("kept = 1")
    kernel.begin("import time; print('begun', flush=True)\nfor _ in range(600): time.sleep(0.1)")
    kernel.outputs(until="begun")
    kernel.interrupt()
    assert [output["ename"] for output in kernel.outputs() if "ename" in output] == ["KeyboardInterrupt"]
    assert _said(kernel.run("print(kept)")) == "1\n"
    kernel.restart()
    assert [output["ename"] for output in kernel.run("print(kept)")] == ["NameError"]


@pytest.mark.skipif(not can_be_warm(), reason="forking is not safe on this system")
def test_after_a_change_of_the_toolkit_kernels_start_anew(lab: str, lab_project: Path):
    changed = lab_project / "toolkit" / "evidence" / "project" / "dates.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\nCHANGED = True\n", encoding="utf-8")
    kernel = Kernel(lab)
    assert _said(kernel.run("from evidence.project.dates import CHANGED; print(CHANGED)")) == "True\n"
    kernel.end()
