"""Notes every file of the project that a stage opens, as it opens it: what is not noted cannot be trusted later."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from evidence.project import Project, sha256_of_file

# Code and environment count as a whole, a run's own files are no inputs, and data is noted by its loader.
_NOT_INPUTS = {".evidence", ".git", ".ipynb_checkpoints", ".venv", "logs", "notebooks", "packs", "toolkit"}
# pandas leaves it to Arrow to open these, and of what Arrow opens Python says nothing.
_OPENED_BY_ARROW = ("read_parquet", "read_feather", "read_orc")


class Reading:
    """Collects, once `begin` is called, (name, digest) of the files that Python opens for reading in this process.

    A file that is looked for and is not there counts too, with an empty digest.
    """

    def __init__(self, project: Project) -> None:
        self._root = str(project.root) + os.sep
        self._seen: set[str] = set()
        self._new: list[tuple[str, str]] = []
        self._busy = threading.local()

    def begin(self) -> None:
        sys.addaudithook(self._hear)
        _tell_what_arrow_opens()

    def take(self) -> list[tuple[str, str]]:
        """What was opened since the last call, sorted."""
        new, self._new = sorted(self._new), []
        return new

    def _hear(self, event: str, arguments: tuple) -> None:
        if event != "open" or getattr(self._busy, "hashing", False):
            return
        name = self._name(*arguments)
        if name is None or name in self._seen:
            return
        self._seen.add(name)
        self._busy.hashing = True
        try:
            path = Path(self._root, name)
            self._new.append((name, sha256_of_file(path) if path.is_file() else ""))
        except OSError:
            self._new.append((name, ""))
        finally:
            self._busy.hashing = False

    def _name(self, path: object, mode: str | None, flags: int) -> str | None:
        """The file's name from the project's folder; None where it is no input."""
        if not isinstance(path, (str, os.PathLike)):
            return None
        writes = set(mode or "") & set("wax+") if mode else (flags or 0) & (os.O_WRONLY | os.O_RDWR)
        full = os.path.abspath(path)
        if writes or not full.startswith(self._root):
            return None
        name = full[len(self._root) :].replace(os.sep, "/")
        # Compiled code beside the source is not what was read.
        compiled = "__pycache__" in name or name.endswith(".pyc")
        return None if name.split("/", 1)[0] in _NOT_INPUTS or compiled or os.path.isdir(full) else name


def _tell_what_arrow_opens() -> None:
    """From here on Python says of these files too that they are opened, as it does of all others."""
    import pandas

    for name in _OPENED_BY_ARROW:
        read = getattr(pandas, name)
        if not hasattr(read, "tells"):
            setattr(pandas, name, _telling(read))


def _telling(read: Callable) -> Callable:
    @wraps(read)
    def told(path: object, *arguments: object, **options: object) -> object:
        sys.audit("open", path, "rb", 0)
        return read(path, *arguments, **options)

    told.tells = True
    return told
