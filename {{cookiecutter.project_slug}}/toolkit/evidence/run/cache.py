"""Outputs of stages by content: a stage whose every input is what it was need not run again.

Each entry holds what a stage left (notebook, results, tables, the record of what it read), what the stage stood on
before it began (its cells, the toolkit, the environment, the files there are), the parameters that it looked at, and a
digest of every file. So runs share a stage that looks at nothing in which they differ. An entry that does not match, is
damaged or comes from another version is not used. Entries hold what a run's own folder holds, de-identified, and like
it are for their owner only.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from evidence.project import (
    EvidenceError,
    Project,
    StageInfo,
    as_cell,
    atomic_write,
    declared_parameters,
    parameters_named,
    read_text,
    sha256_of_file,
)
from evidence.project.folders import remove
from evidence.project.installed import installed_packages
from evidence.results import Results, parameter_digest
from evidence.run.fingerprints import cells_digest
from evidence.run.present import Present
from evidence.run.turns import LooksAt, Turns

FORMAT = 2
_ENTRY = "entry.json"
_MOST_BYTES = 2 * 1024**3
_SECONDS_TO_KEEP = 3600
_IN_DATA_FOLDER = "the files in the data folder"
_NEW = "it has not run before"
# Folders whose files a stage may look for: one that appears or goes away is a change though nobody has read it yet.
_LISTED = ("workbook", "reference", "src", "tests", "data/published")


def cache_folder(project: Project) -> Path:
    """Where the entries lie."""
    return project.path(".evidence", "cache")


@dataclass(frozen=True)
class Standing:
    """What all stages of a run stand on; the same for a whole run, so it is worked out once."""

    project: Project
    parameters: dict[str, object]
    common: dict[str, str]

    @classmethod
    def of(cls, project: Project, parameters: dict[str, object]) -> Standing:
        from evidence.privacy import key_fingerprint

        listed = {f"the files in {folder}": _names(project.path(folder)) for folder in _LISTED}
        data = project.data_folder(parameters)
        return cls(
            project,
            parameters,
            {
                "the format of the cache": str(FORMAT),
                "the toolkit": project.toolkit_digest(),
                # Results hold tokens: those of two keys never meet in one run.
                "the key for tokens": key_fingerprint(project),
                **{name: sha256_of_file(project.path(name)) for name in ("project.toml", "reference/stages.toml")},
                "Python": f"{platform.python_version()} {sys.platform} {platform.machine()}",
                "the installed packages": installed_packages(),
                _IN_DATA_FOLDER: _names(data) if data.is_dir() else str(data.is_file()),
                **listed,
            },
        )

    def of_stage(self, stage: StageInfo) -> dict[str, str]:
        """Name of a thing to its digest or value, for everything that is known before the stage begins."""
        return {**self.common, "the notebook's cells": cells_digest(self.project.notebook(stage))}

    def parameters_of(self, stage: StageInfo) -> dict[str, str]:
        """The digest of each parameter that the stage's notebook takes."""
        declared = declared_parameters(self.project.notebook(stage))
        return {name: parameter_digest(self.parameters[name]) for name in declared}


@dataclass(frozen=True)
class Found:
    """What the cache says of a stage: an entry to use, or why there is none."""

    entry: Path | None
    why: str


class Cache:
    """Finds, restores and keeps entries of one project for one run's parameters.

    turns: where several runs go on at the same time, what they share, so that none executes what another one is about
    to keep: `find` waits for it, and `over` ends the turn of whoever found nothing.
    """

    def __init__(self, project: Project, parameters: dict[str, object], turns: Turns | None = None) -> None:
        self._project, self._turns = project, turns
        self._mine: dict[int, LooksAt] = {}
        self._folder = cache_folder(project)
        self._standing = Standing.of(project, parameters)
        self._present = Present(project, parameters)
        self._used: list[Path] = []

    def find(self, stage: StageInfo, results: Results) -> Found:
        """The entry for a stage, given the results that earlier stages left in this run."""
        while True:
            ended = self._turns.ended(stage.number) if self._turns else 0
            found, looks_at = self._find(stage, results)
            if found.entry is not None or self._turns is None:
                return found
            if self._turns.take(stage.number, looks_at, ended):
                self._mine[stage.number] = looks_at
                return found

    def must_run(self, stage: StageInfo) -> str:
        """Why a stage has to run whatever earlier stages give; empty where that depends on what they give."""
        before, taken = self._standing.of_stage(stage), self._standing.parameters_of(stage)
        why = ""
        for entry in filter(None, map(_read_entry, self._of_stage(stage))):
            other = _other_parameter(entry, taken)
            change = f"the parameter {other} changed" if other else self._change(entry, before, None)
            if not change:
                return ""
            why = why or change
        return why or _NEW

    def over(self, stage: StageInfo) -> None:
        """The stage has been executed, and kept where it is done: whoever waits for it may look."""
        if stage.number in self._mine:
            self._turns.give_back(stage.number, self._mine.pop(stage.number))

    def _find(self, stage: StageInfo, results: Results) -> tuple[Found, LooksAt]:
        """What there is of a stage, and what it looks at, as far as the entries tell."""
        before, taken = self._standing.of_stage(stage), self._standing.parameters_of(stage)
        candidates = self._of_stage(stage)
        why = _NEW if not candidates else ""
        of_others, looks_at = "", None
        for candidate in candidates:
            entry = _read_entry(candidate)
            if entry is None:
                _forget(candidate)
                why = why or "what was kept of it is damaged or of another version"
                continue
            if looks_at is None:
                looks_at = self._looks_at(entry, taken, results)
            if other := _other_parameter(entry, taken):
                of_others = of_others or f"the parameter {other} changed"
                continue
            change = self._change(entry, before, results)
            if not change:
                _touch(candidate)
                self._used.append(candidate)
                return Found(candidate, ""), looks_at
            why = why or change
        return Found(None, why or of_others), looks_at

    def _looks_at(self, entry: dict, taken: dict[str, str], results: Results) -> dict[str, str]:
        """What an entry's stage looked at in which runs can differ, as it is in this run."""
        read = [one["name"] for one in entry["reads"] if one["kind"] == "result"]
        return {
            **{name: taken.get(name, "") for name in entry["parameters"]},
            **{name: self._present.digest("result", name, results) or "" for name in read},
        }

    def restore(self, entry: Path, folder: Path) -> bool:
        """Puts an entry's files into a run's folder; False, and nothing left, when one of them is damaged.

        The notebook names this run's parameters, also those that the stage never looked at.
        """
        read = _read_entry(entry)
        if read is None:
            return False
        files = read["files"]
        put: list[Path] = []
        for name, digest in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(entry / name, target)
            except OSError:
                digest = None
            put.append(target)
            if digest is None or sha256_of_file(target) != digest:
                for path in put:
                    path.unlink(missing_ok=True)
                _forget(entry)
                return False
        for path in put:
            if path.suffix == ".ipynb":
                _name_parameters(path, self._standing.parameters)
        return True

    def keep(self, stage: StageInfo, results: Results, notebook: str) -> None:
        """Keeps what a stage that is done has left in the run's folder. A disk that is full is no reason to stop."""
        part = self._folder / f".part-{os.getpid()}-{threading.get_ident()}-{stage.number:02d}"
        try:
            remove(part)
            part.mkdir(parents=True, mode=0o700)
            os.chmod(self._folder, 0o700)
            files = {}
            # What a kernel wrote to its standard error may quote data: it stays with its run.
            left = [name for name in left_by(stage.number, results.folder, notebook) if not name.startswith("logs/")]
            for name in left:
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(results.folder / name, part / name)
                files[name] = sha256_of_file(part / name)
            before = self._standing.of_stage(stage)
            reads = results.reads(stage.number)
            entry = {
                "format": FORMAT,
                "before": before,
                "parameters": self._looked_at(stage, reads),
                "reads": reads,
                "files": files,
            }
            text = json.dumps(entry, ensure_ascii=False, sort_keys=True)
            digest = hashlib.sha256(text.encode()).hexdigest()
            (part / _ENTRY).write_text(f"{digest}\n{text}", encoding="utf-8")
            final = self._folder / f"{stage.number:02d}-{digest[:24]}"
            if _read_entry(final) is None:
                _forget(final)
                part.rename(final)
        except OSError:
            pass
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def prune(self) -> None:
        """Removes the entries not used for longest, until all together take at most two gigabytes, and broken ones."""
        for part in self._folder.glob(".part-*"):
            # Whoever was killed while it kept a stage cannot remove it; keeping one takes moments.
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > _SECONDS_TO_KEEP:
                    _forget(part)
        # What several runs share is as new as what the last of them alone left.
        for entry in self._used:
            _touch(entry)
        total = 0
        for entry in _newest_first(self._folder.glob("[0-9]*-*")):
            total += _size(entry)
            if total > _MOST_BYTES:
                _forget(entry)

    # Comparing -------------------------------------------------------------------------------------------------

    def _of_stage(self, stage: StageInfo) -> list[Path]:
        return _newest_first(self._folder.glob(f"{stage.number:02d}-*"))

    def _looked_at(self, stage: StageInfo, reads: list[dict]) -> dict[str, str]:
        """The parameters that a stage named in its cells or asked its stage for, and the day, which is its clock."""
        named = {"as_of", *parameters_named(self._project.notebook(stage))}
        named |= {read["name"] for read in reads if read["kind"] == "parameter"}
        return {name: digest for name, digest in self._standing.parameters_of(stage).items() if name in named}

    def _change(self, entry: dict, before: dict[str, str], results: Results | None) -> str:
        """In words, the first thing that is not what it was when the entry was made; empty where nothing is.

        results: those of earlier stages, or None where these are not over yet and do not count.
        """
        for name in sorted({*before, *entry["before"]}):
            looked_at = name != _IN_DATA_FOLDER or "data_folder" in entry["parameters"]
            if looked_at and before.get(name) != entry["before"].get(name):
                return f"{name} changed"
        for read in entry["reads"]:
            if read["kind"] == "parameter" or read["name"] == "toolkit/evidence":
                continue
            if read["kind"] == "result" and results is None:
                continue
            now = self._present.digest(read["kind"], read["name"], results)
            if now is None or now != read["sha256"]:
                return f"{_in_words(read)} changed"
        return ""


def _other_parameter(entry: dict, taken: dict[str, str]) -> str:
    """The first parameter that the stage looked at and that is another now; empty where there is none."""
    return next((name for name, digest in sorted(entry["parameters"].items()) if taken.get(name) != digest), "")


def _name_parameters(notebook: Path, parameters: dict[str, object]) -> None:
    """Puts these values into the cell in which papermill named those of the run that the notebook comes from."""
    document = json.loads(notebook.read_text(encoding="utf-8"))
    changed = False
    for cell in document["cells"]:
        if "injected-parameters" in cell["metadata"].get("tags", []):
            lines = cell["source"].splitlines(keepends=True)
            now = [_line_with(line, parameters) for line in lines]
            changed = now != lines
            cell["source"] = "".join(now)
    if changed:
        atomic_write(notebook, json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def _line_with(line: str, parameters: dict[str, object]) -> str:
    name = line.split(" = ", 1)[0]
    end = "\n" if line.endswith("\n") else ""
    return as_cell(name, parameters[name]) + end if name in parameters else line


def clean(project: Project) -> int:
    """Removes every entry and returns how many there were."""
    folder = cache_folder(project)
    count = len(list(folder.glob("[0-9]*-*"))) if folder.is_dir() else 0
    remove(folder)
    return count


def _newest_first(entries: Iterable[Path]) -> list[Path]:
    """By when they were last used; one that another run has just removed is left out."""
    used = {}
    for entry in entries:
        with suppress(OSError):
            used[entry] = entry.stat().st_mtime_ns
    return sorted(used, key=lambda entry: (-used[entry], entry.name))


def _forget(entry: Path) -> None:
    """Removes an entry; another run may be at it too, or have it open."""
    shutil.rmtree(entry, ignore_errors=True)


def _touch(entry: Path) -> None:
    with suppress(OSError):
        os.utime(entry)


@lru_cache(maxsize=20_000)
def _size(entry: Path) -> int:
    """The bytes of an entry's files. Its name is made from what is in it, so they are counted once."""
    return sum(path.stat().st_size for path in entry.rglob("*") if path.is_file())


def _read_entry(folder: Path) -> dict | None:
    try:
        stat = (folder / _ENTRY).stat()
        return _entry_in(folder, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return None


@lru_cache(maxsize=5_000)
def _entry_in(folder: Path, changed_at: int, size: int) -> dict | None:
    """Read once: with many runs, each looks through the entries of the others."""
    try:
        digest, text = read_text(folder / _ENTRY).split("\n", 1)
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            return None
        entry = json.loads(text)
        return entry if entry["format"] == FORMAT else None
    except (EvidenceError, OSError, ValueError, KeyError, TypeError):
        return None


def left_by(number: int, folder: Path, notebook: str) -> list[str]:
    """The names of everything that one stage left in a run's folder."""
    found = [f"notebooks/{notebook}", f"reads/{number:02d}.json", f"finished/{number:02d}"]
    for pattern in (f"results/{number:02d}/*", f"tables/{number:02d}_*.csv", f"logs/{number:02d}.txt"):
        found += [path.relative_to(folder).as_posix() for path in folder.glob(pattern)]
    return sorted(name for name in found if (folder / name).is_file())


def _names(folder: Path) -> str:
    """A digest of the names of all files in a folder."""
    walk = os.walk(folder) if folder.is_dir() else ()
    names = sorted(
        os.path.relpath(os.path.join(place, name), folder)
        for place, _, files in walk
        for name in files
        if not name.startswith((".", "~$")) and "__pycache__" not in place
    )
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _in_words(read: dict) -> str:
    if read["kind"] != "result":
        return read["name"]
    stage, _, name = read["name"].partition("/")
    return f"the result {name} of stage {stage}"
