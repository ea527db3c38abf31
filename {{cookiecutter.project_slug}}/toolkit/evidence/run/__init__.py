"""Executes the stages' notebooks and leaves a run: notebooks, results, tables, and what each stage read."""

from evidence.run.cache import clean
from evidence.run.executor import Executor, Job, Session
from evidence.run.graph import asked_stages
from evidence.run.here import Here
from evidence.run.limits import Limits
from evidence.run.many import Ended, execute_many
from evidence.run.progress import Progress, progress_for
from evidence.run.progress_many import ManyProgress, progress_for_many
from evidence.run.runner import How, execute, execute_in, run_folder
from evidence.run.sets import Asked, asked_runs
from evidence.run.states import Run, StageRun

__all__ = [
    "Asked",
    "Ended",
    "Executor",
    "Here",
    "How",
    "Job",
    "Limits",
    "ManyProgress",
    "Progress",
    "Run",
    "Session",
    "StageRun",
    "asked_runs",
    "asked_stages",
    "clean",
    "execute",
    "execute_in",
    "execute_many",
    "progress_for",
    "progress_for_many",
    "run_folder",
]
