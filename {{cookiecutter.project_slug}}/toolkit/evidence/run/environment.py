"""The environment of the stages' kernels: this process's own, made the same everywhere where it matters."""

from __future__ import annotations

import calendar
import os
import tempfile
from datetime import date
from pathlib import Path

from evidence.results import AT_ONCE

# A process with two threads cannot be forked, and Arrow's memory pool would start one too.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
# A pack must not depend on how many cores worked on a sum, on the place, the clock, or the order of a set.
_FIXED = {
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "LC_ALL": "C.UTF-8",
    "PYTHONUTF8": "1",
    **ONE_THREAD,
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
_PERSONAL = ("MPLBACKEND", "PYTHONSTARTUP", "IPYTHONDIR", "MATPLOTLIBRC", "PYTHONWARNINGS", AT_ONCE)


def short_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder of our own, which only this user may look into, for sockets of kernels and what they write."""
    # A socket's full name may have about a hundred letters, which some temporary folders nearly use up alone.
    short = "/tmp" if os.name == "posix" and os.access("/tmp", os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="ev-", dir=short, ignore_cleanup_errors=True)


def kernel_environment(run_folder: Path, parameters: dict[str, object], at_once: bool = False) -> dict[str, str]:
    """The variables, with the run's folder under EVIDENCE_RUN_FOLDER and its `as_of` as the only clock.

    at_once: stages wait for each other where they have to.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _PERSONAL}
    if at_once:
        environment[AT_ONCE] = "1"
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
