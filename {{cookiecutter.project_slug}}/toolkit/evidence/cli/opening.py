"""Opening the workbook for a command: with the results of the project's usual run, where there is one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.workbook import Workbook


def open_book(as_of: date | None = None, run: str | None = None) -> Workbook:
    """The workbook of the project that the current folder lies in, on a day.

    Raises EvidenceError where a run is named that was never made.
    """
    from evidence.project import EvidenceError, open_project
    from evidence.results import Results
    from evidence.workbook import Concluded, open_workbook

    project = open_project()
    name = run or ("sample" if project.facts.data_source == "sample" else "own")
    folder = project.path(".evidence", "runs", name)
    if run and not folder.is_dir():
        raise EvidenceError(
            f"there is no run called {run}.", where=".evidence/runs", remedy=f"Make it: evidence run {run}"
        )
    results = Results(folder) if folder.is_dir() else None
    return open_workbook(project, results, as_of or date.today(), Concluded(project, look_up=True))
