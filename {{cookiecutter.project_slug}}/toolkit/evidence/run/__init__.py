"""Executes the stages' notebooks in order and leaves a run: notebooks, results, tables, and what each stage read."""

from evidence.run.graph import asked_stages
from evidence.run.progress import Progress, progress_for
from evidence.run.runner import Run, StageRun, execute, execute_in, run_folder

__all__ = ["Progress", "Run", "StageRun", "asked_stages", "execute", "execute_in", "progress_for", "run_folder"]
