"""Outputs of stages by content: a stage whose every input is what it was need not run again.

Each entry holds what a stage left (notebook, results, tables, the record of what it read), what the stage stood on
before it began (its cells, parameters, the toolkit, the environment, the files there are), and a digest of every file.
An entry that does not match, is damaged or comes from another version is not used. Entries hold what a run's own folder
holds, de-identified, and like it are for their owner only.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evidence.project import (
    EvidenceError,
    Project,
    StageInfo,
    declared_parameters,
    git_digest,
    read_text,
    sha256_of_file,
)
from evidence.project.folders import remove
from evidence.project.installed import installed_packages
from evidence.results import Results
from evidence.run.fingerprints import FILES, cells_digest, where_it_lies

FORMAT = 1
_ENTRY = "entry.json"
_MOST_BYTES = 2 * 1024**3
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
                "the files in the data folder": _names(data) if data.is_dir() else str(data.is_file()),
                **listed,
            },
        )

    def of_stage(self, stage: StageInfo) -> dict[str, str]:
        """Name of a thing to its digest or value, for everything that is known before the stage begins."""
        source = self.project.notebook(stage)
        taken = {f"the parameter {name}": repr(self.parameters[name]) for name in declared_parameters(source)}
        return {**self.common, "the notebook's cells": cells_digest(source), **taken}


@dataclass(frozen=True)
class Found:
    """What the cache says of a stage: an entry to use, or why there is none."""

    entry: Path | None
    why: str


class Cache:
    """Finds, restores and keeps entries of one project for one run's parameters."""

    def __init__(self, project: Project, parameters: dict[str, object]) -> None:
        self._project = project
        self._folder = cache_folder(project)
        self._standing = Standing.of(project, parameters)
        self._data = project.data_folder(parameters)
        self._digests: dict[Path, str] = {}

    def find(self, stage: StageInfo, results: Results) -> Found:
        """The entry for a stage, given the results that earlier stages left in this run."""
        before = self._standing.of_stage(stage)
        candidates = sorted(self._of_stage(stage), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        why = "it has not run before" if not candidates else ""
        for candidate in candidates:
            entry = _read_entry(candidate)
            if entry is None:
                remove(candidate)
                why = why or "what was kept of it is damaged or of another version"
                continue
            change = self._change(entry, before, results)
            if not change:
                os.utime(candidate)
                return Found(candidate, "")
            why = why or change
        return Found(None, why)

    def restore(self, entry: Path, folder: Path) -> bool:
        """Puts an entry's files into a run's folder; False, and nothing left, when one of them is damaged."""
        files = _read_entry(entry)["files"]
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
                remove(entry)
                return False
        return True

    def keep(self, stage: StageInfo, results: Results, notebook: str) -> None:
        """Keeps what a stage that is done has left in the run's folder. A disk that is full is no reason to stop."""
        part = self._folder / f".part-{os.getpid()}-{stage.number:02d}"
        try:
            remove(part)
            part.mkdir(parents=True, mode=0o700)
            os.chmod(self._folder, 0o700)
            files = {}
            for name in left_by(stage.number, results.folder, notebook):
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(results.folder / name, part / name)
                files[name] = sha256_of_file(part / name)
            before = self._standing.of_stage(stage)
            entry = {"format": FORMAT, "before": before, "reads": results.reads(stage.number), "files": files}
            text = json.dumps(entry, ensure_ascii=False, sort_keys=True)
            digest = hashlib.sha256(text.encode()).hexdigest()
            (part / _ENTRY).write_text(f"{digest}\n{text}", encoding="utf-8")
            final = self._folder / f"{stage.number:02d}-{digest[:24]}"
            remove(final)
            part.rename(final)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)

    def prune(self) -> None:
        """Removes the entries not used for longest, until all together take at most two gigabytes."""
        entries = sorted(self._folder.glob("[0-9]*-*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        total = 0
        for entry in entries:
            total += sum(path.stat().st_size for path in entry.rglob("*") if path.is_file())
            if total > _MOST_BYTES:
                remove(entry)

    # Comparing -------------------------------------------------------------------------------------------------

    def _of_stage(self, stage: StageInfo) -> Iterator[Path]:
        return self._folder.glob(f"{stage.number:02d}-*")

    def _change(self, entry: dict, before: dict[str, str], results: Results) -> str:
        """In words, the first thing that is not what it was when the entry was made; empty where nothing is."""
        for name in sorted({*before, *entry["before"]}):
            if before.get(name) != entry["before"].get(name):
                return f"{name} changed"
        for read in entry["reads"]:
            if read["kind"] == "parameter" or read["name"] == "toolkit/evidence":
                continue
            now = self._now(read["kind"], read["name"], results)
            if now is None or now != read["sha256"]:
                return f"{_in_words(read)} changed"
        return ""

    def _now(self, kind: str, name: str, results: Results) -> str | None:
        """The digest of a thing as it is now; None for a kind whose present state cannot be looked up."""
        if kind == "result":
            stage, _, rest = name.partition("/")
            return results.digest(int(stage), rest)
        if kind in (*FILES, "code"):
            path = where_it_lies(self._project, name, self._data)
            if not path.is_file():
                return ""
            if path not in self._digests:
                self._digests[path] = sha256_of_file(path)
            return self._digests[path]
        if kind == "role":
            return _role_now(self._project, self._data)
        if kind == "access log":
            from evidence.data.access import log_digest

            return log_digest(self._project, date.fromisoformat(name))
        if kind == "version control":
            return git_digest(self._project.root)
        if kind == "project tree":
            from evidence.privacy import tree_digest

            return tree_digest(self._project, self._data)
        if kind == "threshold history":
            from evidence.workbook import history_of

            return history_of(self._project, json.loads(name)).digest
        return None


def _role_now(project: Project, data: Path) -> str:
    """What whoever is at work may see of the data: two people with the same role and permission see the same."""
    from evidence.data.access import access_to

    try:
        return access_to(project, data).standing
    except EvidenceError:
        return ""


def clean(project: Project) -> int:
    """Removes every entry and returns how many there were."""
    folder = cache_folder(project)
    count = len(list(folder.glob("[0-9]*-*"))) if folder.is_dir() else 0
    remove(folder)
    return count


def _read_entry(folder: Path) -> dict | None:
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
