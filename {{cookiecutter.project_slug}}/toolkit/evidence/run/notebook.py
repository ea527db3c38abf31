"""One notebook, executed by papermill in one kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.project.slow_imports import without_slow_imports

with without_slow_imports():
    import nbformat
    import papermill.execute
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines
    from papermill.execute import execute_notebook

from evidence.run.kernels import Kernel

ENGINE = "evidence"


class _Engine(Engine):
    """papermill's engine with a kernel that runs already; it keeps the notebook even when a cell raised."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, kept: list, client: dict, **_) -> None:
        kept.append(nb_man.nb)
        PapermillNotebookClient(nb_man, **client).execute(cleanup_kc=True)


papermill_engines.register(ENGINE, _Engine)
# The notebook is taken from the engine and written by whoever asked for it: papermill would encode it for nobody.
papermill.execute.write_ipynb = lambda notebook, path: None


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
    notebook: Path,
    parameters: dict[str, object],
    kernel: Kernel,
    cell_done: Callable[[], None],
    cell_timeout: float | None = None,
) -> Outcome:
    """Executes one notebook in `kernel`, which has ended afterwards. A cell may take `cell_timeout` seconds."""
    source = nbformat.read(notebook, as_version=4)
    kept: list[nbformat.NotebookNode] = []
    begun: list[nbformat.NotebookNode] = []

    def completed(cell: nbformat.NotebookNode, cell_index: int) -> None:
        # papermill puts a cell with the parameters in, which is none of those that are counted.
        if "injected-parameters" not in cell.metadata.get("tags", ()):
            cell_done()

    client: dict[str, Any] = {
        "km": kernel.manager,
        "on_cell_execute": lambda cell, cell_index: begun.append(cell),
        "on_cell_complete": completed,
        "startup_timeout": 120,
        # What a cell wrote may arrive long after its end where it is much, or the machine busy.
        "iopub_timeout": 120,
        "timeout": cell_timeout,
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
