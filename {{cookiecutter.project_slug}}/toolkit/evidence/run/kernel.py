"""One kernel for one stage: this Python, a fixed environment, and nothing of the person's own settings.

A kernel takes longer to start than most stages take to run, so the next one starts while a stage is at work. Importing
this module takes a while; it is imported when a run begins and not before.
"""

from __future__ import annotations

import calendar
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from evidence.project.slow_imports import without_slow_imports

with without_slow_imports():
    import nbformat
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines
    from papermill.execute import execute_notebook

ENGINE = "evidence"
# A pack must not depend on how many cores worked on a sum, on the place, the clock, or the order of a set.
_FIXED = {
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "LC_ALL": "C.UTF-8",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
# What every stage imports, done while the stage before is still at work. Nothing that draws: preloading that
# part of matplotlib loses figures.
_READY = ("pandas", "evidence.stage")
_PERSONAL = ("MPLBACKEND", "PYTHONSTARTUP", "IPYTHONDIR", "MATPLOTLIBRC", "PYTHONWARNINGS")


def kernel_environment(run_folder: Path, parameters: dict[str, object]) -> dict[str, str]:
    """The environment of the stages' kernels: this process's own, made the same everywhere where it matters."""
    environment = {name: value for name, value in os.environ.items() if name not in _PERSONAL}
    day = date.fromisoformat(str(parameters.get("as_of", "2020-01-01")))
    ours = str(Path(__file__).parents[2])
    others = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != ours]
    return {
        **environment,
        **_FIXED,
        "SOURCE_DATE_EPOCH": str(calendar.timegm(day.timetuple())),
        "EVIDENCE_RUN_FOLDER": str(run_folder.resolve()),
        "PYTHONPATH": os.pathsep.join([ours, *others]),
    }


class _Manager(AsyncKernelManager):
    """Starts the Python that this process runs on, whatever kernels the person has registered."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        command += [f"--IPKernelApp.exec_lines=__import__('{name}')" for name in _READY]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


class _Engine(Engine):
    """papermill's engine with a kernel that runs already; it keeps the notebook even when a cell raised."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, kept: list, client: dict, **_) -> None:
        kept.append(nb_man.nb)
        PapermillNotebookClient(nb_man, **client).execute(cleanup_kc=True)


papermill_engines.register(ENGINE, _Engine)


@dataclass(frozen=True)
class _Kernel:
    """A kernel that has been started, and the file that holds what it writes to its standard error."""

    manager: _Manager
    errors: Path


class Kernels:
    """The kernels of one run, one at a time and the next one on its way.

    cwd: the folder that they work in. count: how many the run will take at most. Used as a context: at its end no
    kernel is left, and nothing of theirs on disk.
    """

    def __init__(self, environment: dict[str, str], cwd: Path, count: int) -> None:
        self._environment, self._cwd, self._left = environment, cwd, count
        self._taken: _Kernel | None = None
        self._next: _Kernel | None = None
        self._started = 0

    def __enter__(self) -> Kernels:
        # A socket's full name may have about a hundred letters, which some temporary folders nearly use up alone.
        short = "/tmp" if os.name == "posix" and os.access("/tmp", os.W_OK) else None
        self._private = tempfile.TemporaryDirectory(prefix="ev-", dir=short, ignore_cleanup_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        for kernel in (self._taken, self._next):
            # One that was interrupted while it started is not ended by whoever was waiting for it.
            if kernel is not None and kernel.manager.has_kernel:
                run_sync(kernel.manager.shutdown_kernel)(now=True)
        self._private.cleanup()

    def take(self) -> _Kernel:
        """A kernel for the next stage; another one begins to start at once."""
        self._taken = self._next or self._start()
        self._left -= 1
        self._next = self._start() if self._left > 0 else None
        return self._taken

    def _start(self) -> _Kernel:
        self._started += 1
        folder = Path(self._private.name) / str(self._started)
        folder.mkdir()
        manager = _Manager(connection_file=str(folder / "kernel.json"), shutdown_wait_time=1.0)
        if os.name == "posix":
            manager.transport, manager.ip = "ipc", str(folder / "s")
        errors = folder / "errors.txt"
        environment = {**self._environment, "IPYTHONDIR": str(folder / "ipython")}
        with open(errors, "wb") as log:
            run_sync(manager.start_kernel)(cwd=str(self._cwd), env=environment, stdout=log, stderr=log)
        return _Kernel(manager, errors)


@dataclass(frozen=True)
class Outcome:
    """A notebook as far as it came; `error` is what stopped it, `cell` the code cell that was begun last.

    `said` is what the kernel wrote to its standard error.
    """

    notebook: nbformat.NotebookNode
    error: Exception | None
    cell: nbformat.NotebookNode | None
    said: str


def run_notebook(
    notebook: Path, parameters: dict[str, object], kernels: Kernels, cell_done: Callable[[], None]
) -> Outcome:
    """Executes one notebook in a kernel of its own, which is gone afterwards."""
    source = nbformat.read(notebook, as_version=4)
    kept: list[nbformat.NotebookNode] = []
    begun: list[nbformat.NotebookNode] = []
    kernel = kernels.take()
    client: dict[str, Any] = {
        "km": kernel.manager,
        "on_cell_execute": lambda cell, cell_index: begun.append(cell),
        "on_cell_complete": lambda cell, cell_index: cell_done(),
        "startup_timeout": 120,
        "timeout": None,
        "force_raise_errors": True,
        # Everything of worth is on disk when the last cell is done; a polite goodbye takes half a second.
        "shutdown_kernel": "immediate",
    }
    stopped: Exception | None = None
    try:
        execute_notebook(
            source, None, parameters, engine_name=ENGINE, kernel_name="python3", language="python",
            progress_bar=False, autosave_cell_every=0, kept=kept, client=client,
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - a kernel that dies may raise anything, and the run goes on
        stopped = error
    said = kernel.errors.read_text(encoding="utf-8", errors="replace")
    return Outcome(kept[-1] if kept else source, stopped, begun[-1] if begun else None, said)
