"""The environment of the stages' kernels: this process's own, made the same everywhere where it matters."""

from __future__ import annotations

import calendar
import json
import os
import tempfile
from contextlib import ExitStack, suppress
from datetime import date
from pathlib import Path

from evidence.project import EvidenceError
from evidence.project.folders import discard, hold
from evidence.results import AT_ONCE

_SHORT = "ev-"
# In a folder, locked by the process whose folder it is.
_HELD = "held"

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
# Nobody asks a run for what was typed before, and keeping it means a database and a thread.
NO_HISTORY = "--HistoryManager.enabled=False"
_PERSONAL = ("MPLBACKEND", "PYTHONSTARTUP", "IPYTHONDIR", "MATPLOTLIBRC", "PYTHONWARNINGS", AT_ONCE)


class ShortFolder(tempfile.TemporaryDirectory):
    """A folder of our own, which only this user may look into, for sockets of kernels and what they write.

    It is held until its end. What kernels wrote may quote data, so the next one removes those of processes that were
    killed and could not do it themselves.
    """

    def __init__(self) -> None:
        # A socket's full name may have about a hundred letters, which some temporary folders nearly use up alone.
        short = "/tmp" if os.name == "posix" and os.access("/tmp", os.W_OK) else None
        super().__init__(prefix=_SHORT, dir=short, ignore_cleanup_errors=True)
        self._held = ExitStack()
        self._held.enter_context(hold(Path(self.name, _HELD), "A run"))
        _remove_abandoned(Path(self.name).parent)

    def cleanup(self) -> None:
        # Windows removes no file that is open.
        self._held.close()
        super().cleanup()


def _remove_abandoned(parent: Path) -> None:
    """Removes this user's folders of that kind which nobody holds any more."""
    with os.scandir(parent) as entries:
        found = [entry for entry in entries if entry.name.startswith(_SHORT)]
    for entry in found:
        held = Path(entry.path, _HELD)
        with suppress(OSError, EvidenceError, ValueError, KeyError):
            # In a folder of somebody else that file may lead anywhere.
            if os.name == "posix" and entry.stat(follow_symlinks=False).st_uid != os.getuid():
                continue
            if entry.is_dir(follow_symlinks=False) and held.is_file() and not _is_there(_holder_of(held)):
                with hold(held, "A run"):
                    pass
                discard(Path(entry.path))


def _holder_of(held: Path) -> int:
    return int(json.loads(held.read_text(encoding="utf-8"))["process"])


def _is_there(process: int) -> bool:
    """Looked for as well, because a few drives know no locks and let everybody hold everything."""
    import psutil

    return psutil.pid_exists(process)


def kernel_environment(run_folder: Path, parameters: dict[str, object], at_once: bool = False) -> dict[str, str]:
    """The variables, with the run's folder under EVIDENCE_RUN_FOLDER and its `as_of` as the only clock.

    at_once: stages wait for each other where they have to.
    """
    day = date.fromisoformat(str(parameters.get("as_of", "2020-01-01")))
    return {
        **environment_of_any_run(),
        **({AT_ONCE: "1"} if at_once else {}),
        "SOURCE_DATE_EPOCH": str(calendar.timegm(day.timetuple())),
        "EVIDENCE_RUN_FOLDER": str(run_folder.resolve()),
    }


def environment_of_any_run() -> dict[str, str]:
    """The variables that are the same for every run, with none of a run's own; that of its folder is empty."""
    environment = {name: value for name, value in os.environ.items() if name not in _PERSONAL}
    ours = str(Path(__file__).parents[2])
    others = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != ours]
    return {**environment, **_FIXED, "EVIDENCE_RUN_FOLDER": "", "PYTHONPATH": os.pathsep.join([ours, *others])}
