"""The same pack, byte for byte, whatever varies around it: fifteen things, in four runs beside the first one.

Each variation is on in its own set of the four runs, and no two in the same set: the runs that come out different name
the variation that did it.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import pytest

from evidence.pack import verify
from tests.evidence.crate_validator import validate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="users, hosts and masks are set as on Linux"),
]

# Which of the runs 1 to 4 have it. The cache of one user is of no use to another, whose key for tokens differs.
VARIATIONS = {
    "cold kernels": {1},
    "the user, their home and their key": {2},
    "the number of workers": {3},
    "what an earlier run left in the cache": {4},
    "the folder": {1, 2, 3, 4},
    "the host": {1, 2},
    "the time": {1, 3},
    "the order of files on disk": {2, 3},
    "the time zone": {1, 4},
    "the locale": {2, 4},
    "the hash seed": {3, 4},
    "the umask": {1, 2, 3},
    "the number of cores": {1, 2, 4},
    "the terminal": {1, 3, 4},
    "the encoding": {2, 3, 4},
}
# Beside the project on Python's path: folders are listed in another order than the disk's.
ANOTHER_ORDER = """
import os, random
class Shuffled:
    def __init__(self, entries):
        with entries: found = list(entries)
        random.Random(7).shuffle(found)
        self.entries = iter(found)
    def __iter__(self): return self.entries
    def __next__(self): return next(self.entries)
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def close(self): pass
scandir, listdir = os.scandir, os.listdir
os.scandir = lambda *path: Shuffled(scandir(*path))
def shuffled(*path):
    names = listdir(*path)
    random.Random(7).shuffle(names)
    return names
os.listdir = shuffled
"""
# Four hundred days on for every program that asks the system for the date.
ANOTHER_TIME = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
static const long ON = 400L * 86400;
int clock_gettime(clockid_t id, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int done = real(id, now);
  if (id == CLOCK_REALTIME) now->tv_sec += ON;
  return done;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval *at, void *zone) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}
"""


class Setting:
    """How one run is started: its command, its environment, and the project that it works on."""

    def __init__(self, number: int, base: Path, folder: Path) -> None:
        self.folder, self.on = folder, {name for name, runs in VARIATIONS.items() if number in runs}
        self.project = folder / ("élsewhere, with spaces" if "the folder" in self.on else "project")
        kept = () if "what an earlier run left in the cache" in self.on else (".evidence",)
        shutil.copytree(base, self.project, ignore=shutil.ignore_patterns("packs", "runs", *kept))
        # Half of the cache is gone, so that what is kept and what is made anew have to fit together.
        for entry in sorted(self.project.glob(".evidence/cache/*-*"))[::2]:
            shutil.rmtree(entry)
        self.path = [str(self.project / "toolkit"), str(self.project / "src")]
        self.environment = {**os.environ, **self._variables()}
        self.command = [*self._before(), sys.executable, "-m", "evidence", "run", "sample", "--quiet", *self._options()]

    def _variables(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir()
        given = {
            "the user, their home and their key": {
                "USER": "somebody", "LOGNAME": "somebody", "USERNAME": "somebody", "HOME": str(home),
                "EVIDENCE_KEY_FOLDER": str(home / "keys"),
            },
            "the time zone": {"TZ": "Pacific/Kiritimati"},
            "the locale": {"LANG": "C", "LC_ALL": "POSIX", "LANGUAGE": "cy"},
            "the hash seed": {"PYTHONHASHSEED": "4711"},
            "the terminal": {"TERM": "dumb", "COLUMNS": "33", "LINES": "5", "NO_COLOR": "1"},
            "the encoding": {"PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"},
            "the host": {"HOSTNAME": "another-host"},
        }  # fmt: skip
        found = {key: value for name, variables in given.items() if name in self.on for key, value in variables.items()}
        if "the order of files on disk" in self.on:
            (self.folder / "order").mkdir()
            (self.folder / "order" / "sitecustomize.py").write_text(ANOTHER_ORDER)
            self.path.append(str(self.folder / "order"))
        if "the time" in self.on and (library := self._another_time()):
            found["LD_PRELOAD"] = str(library)
        return {**found, "PYTHONPATH": os.pathsep.join(self.path)}

    def _another_time(self) -> Path | None:
        """A library that puts the clock forward; without a compiler the run is just later than the first one."""
        compiler = shutil.which("cc")
        if compiler is None or sys.platform != "linux":
            return None
        source, library = self.folder / "clock.c", self.folder / "clock.so"
        source.write_text(ANOTHER_TIME)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        return library

    def _before(self) -> list[str]:
        words = []
        if "the host" in self.on and _can("unshare", "--uts", "hostname", "another-host"):
            words = ["unshare", "--uts", "sh", "-c", 'hostname another-host && exec "$@"', "sh"]
        if "the number of cores" in self.on and _can("taskset", "-c", "0", "true"):
            words = [*words, "taskset", "-c", "0"]
        return words

    def _options(self) -> list[str]:
        options = ["--workers", "1" if "the number of workers" in self.on else "3"]
        return [*options, "--no-warm"] if "cold kernels" in self.on else options

    def run(self) -> Path:
        mask = 0o077 if "the umask" in self.on else 0o002
        done = subprocess.run(
            self.command, cwd=self.project, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            encoding="utf-8", errors="replace", umask=mask,
        )  # fmt: skip
        assert done.returncode == 0, f"{sorted(self.on)}: {done.stderr}"
        return self.project / "packs/sample"


def _can(*command: str) -> bool:
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True).returncode == 0


def contents(pack: Path) -> dict[str, bytes]:
    """Every file of a pack but its receipt, and the zip beside it."""
    files = {path.relative_to(pack).as_posix(): path.read_bytes() for path in pack.rglob("*") if path.is_file()}
    del files["receipt.json"]
    return files | {"the zip": pack.with_name(f"{pack.name}.zip").read_bytes()}


@pytest.fixture(scope="module")
def first(finished_run) -> Path:
    """A project with the pack that the others are compared with."""
    return finished_run()


def test_no_two_variations_are_on_in_the_same_runs():
    assert len(VARIATIONS) >= 12
    assert all(one and one != other for one, other in combinations(VARIATIONS.values(), 2))


def test_whatever_varies_the_pack_is_the_same_byte_for_byte(first, tmp_path):
    expected = contents(first / "packs/sample")
    kinds = {Path(name).suffix for name in expected}
    assert {".html", ".ipynb", ".csv", ".json", ".txt"} <= kinds and len(expected) > 60
    different: dict[int, list[str]] = {}
    for number in (1, 2, 3, 4):
        pack = Setting(number, first, tmp_path / str(number)).run()
        assert verify(pack) == []
        found = contents(pack)
        different[number] = sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))
    runs = {number for number, names in different.items() if names}
    cause = [name for name, numbers in VARIATIONS.items() if numbers == runs]
    assert not runs, f"it depends on {cause or 'more than one thing'}: {different}"


def test_a_run_killed_again_and_again_leaves_a_whole_pack_and_the_next_one_continues(first, tmp_path):
    """Killed after some stages and while the pack is made, the last pack stays; at last the run comes to its end."""
    project = tmp_path / "project"
    shutil.copytree(first, project)
    page = project / "workbook/ethics_workbook.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nOne more line.\n", encoding="utf-8")
    command = [sys.executable, "-m", "evidence", "run", "sample"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(project / "toolkit"), str(project / "src")])}
    before = contents(project / "packs/sample")
    chance = random.Random(2026)
    for stages in (1, 4, 10, 10):
        run = subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE, text=True)
        ended = 0
        while ended < stages and (line := run.stderr.readline()):
            ended += bool(re.match(r"\s*\d+ \D", line))
        assert ended == stages
        time.sleep(chance.random())
        run.kill()
        run.communicate()
        assert verify(project / "packs/sample") == []
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    after = contents(project / "packs/sample")
    assert verify(project / "packs/sample") == [] and after.keys() == before.keys() and after != before
    assert not [path for place in ("packs", ".evidence/runs") for path in (project / place).glob(".*.p*")]


def test_the_pack_of_the_sample_is_a_valid_crate(first, monkeypatch):
    assert validate(first / "packs/sample", monkeypatch) == []
