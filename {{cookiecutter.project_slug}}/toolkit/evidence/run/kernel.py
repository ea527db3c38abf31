"""One kernel for one stage: this Python, a fixed environment, and nothing of the person's own settings.

Importing this module takes a while; it is imported when a run begins and not before.
"""

from __future__ import annotations

import calendar
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from evidence.project.slow_imports import without_slow_imports

with without_slow_imports():
    import nbformat
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
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
        return KernelSpec(argv=command, display_name="Python 3", language="python")


class _Engine(Engine):
    """papermill's engine with a kernel manager of ours; it keeps the notebook even when a cell raised."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man, kernel_name, *, kept: list, manager: _Manager, start: dict, client: dict, **_
    ):
        kept.append(nb_man.nb)
        PapermillNotebookClient(nb_man, km=manager, **client).execute(cleanup_kc=True, **start)


papermill_engines.register(ENGINE, _Engine)


@contextmanager
def _manager() -> Iterator[tuple[_Manager, Path]]:
    """A manager whose files lie in a short private folder, removed afterwards with everything in it."""
    # A socket's full name may have about a hundred letters, which some temporary folders nearly use up alone.
    short = "/tmp" if os.name == "posix" and os.access("/tmp", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ev-", dir=short, ignore_cleanup_errors=True) as folder:
        manager = _Manager(connection_file=os.path.join(folder, "kernel.json"), shutdown_wait_time=1.5)
        if os.name == "posix":
            manager.transport, manager.ip = "ipc", os.path.join(folder, "s")
        yield manager, Path(folder)


@dataclass(frozen=True)
class Outcome:
    """A notebook as far as it came; `error` is what stopped it, `cell` the code cell that was begun last."""

    notebook: nbformat.NotebookNode
    error: Exception | None
    cell: nbformat.NotebookNode | None


def run_notebook(
    notebook: Path,
    parameters: dict[str, object],
    environment: dict[str, str],
    cell_done: Callable[[], None],
    errors: Path,
) -> Outcome:
    """Executes one notebook in a kernel of its own, in the notebook's folder.

    What the kernel writes to its standard error goes to the file `errors`.
    """
    source = nbformat.read(notebook, as_version=4)
    kept: list[nbformat.NotebookNode] = []
    begun: list[nbformat.NotebookNode] = []
    with _manager() as (manager, private), open(errors, "ab") as log:
        client: dict[str, Any] = {
            "on_cell_execute": lambda cell, cell_index: begun.append(cell),
            "on_cell_complete": lambda cell, cell_index: cell_done(),
            "startup_timeout": 120,
            "timeout": None,
            "allow_errors": False,
            "force_raise_errors": True,
        }
        environment = {**environment, "IPYTHONDIR": str(private / "ipython")}
        start = {"cwd": str(notebook.parent), "env": environment, "stdout": log, "stderr": log}
        stopped: Exception | None = None
        try:
            execute_notebook(
                source, None, parameters, engine_name=ENGINE, kernel_name="python3", language="python",
                progress_bar=False, autosave_cell_every=0, kept=kept, manager=manager, start=start, client=client,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - a kernel that dies may raise anything, and the run goes on
            stopped = error
    return Outcome(kept[-1] if kept else source, stopped, begun[-1] if begun else None)
