"""Releases packs of a finished toy run again and again and kills each release at a moment of its own; run by a test.

`python -m tests.evidence.pack.killed PROJECT KILLS SEED` prints one JSON document: for each kill what lay there
afterwards and whether it was whole. Each release is a fork of this process, so that a hundred need no hundred starts of
Python. Half are killed as they touch the disk for the n-th time, which falls on every step however fast the machine is
just then; the other half after a while, which also falls within a step. In nine of ten the pages are those of the first
release under another stamp and are not scanned again: the kills then fall where files are written, sealed and put in
place.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from evidence.pack import releasing, verify
from evidence.privacy import Secrets
from evidence.project import folders, open_project
from tests.evidence.fake_book import FakeBook


def pages_of(first: Path):
    """In place of making all pages: those of the first release, with the stamp of this one."""

    def build(part, project, record, draft, previous, final, book, aside):
        shutil.copytree(first, part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("receipt.json", "manifest*"))
        page = (part / "index.html").read_text(encoding="utf-8")
        (part / "index.html").write_text(page.replace("PACK first", book.stamp), encoding="utf-8")

    return build


# How often the release in hand has touched the disk; seen by this process and by its forks.
touched = mmap.mmap(-1, 8)


def count_touches(fatal: int | None) -> None:
    """Counts what this process asks of the file system from now on, and ends it at the fatal one."""
    touched[:] = bytes(8)

    def count(event: str, _) -> None:
        if event == "open" or event.startswith(("os.", "shutil.")):
            number = int.from_bytes(touched[:], "big") + 1
            touched[:] = number.to_bytes(8, "big")
            if number == fatal:
                signal.raise_signal(signal.SIGKILL)

    sys.addaudithook(count)


def release_in_a_fork(project, stamp: str, exchange: bool, build=None, fatal: int | None = None) -> int:
    """Starts a release in a process of its own and returns its number; no exchange: as where the system has none."""
    child = os.fork()
    if child:
        return child
    count_touches(fatal)
    if build:
        releasing._build = build
        releasing._scan = lambda part, looked: {"findings": 0}
    if not exchange:
        folders._exchanged = lambda one, other: False
    try:
        run = project.path(".evidence", "runs", "sample")
        releasing.release(project, run, "sample", draft=False, previous=None, book=FakeBook(stamp))
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)


def there(project) -> dict[str, object]:
    """The stamp of the pack in place, what is wrong with it, and whether a zip lies beside it."""
    pack = project.path("packs", "sample")
    if not pack.is_dir():
        # Without an exchange there is a moment in which the previous folder waits under another name.
        pack = pack.with_name(".sample.previous")
    faults = [str(fault) for fault in verify(pack)]
    stamp = (pack / "index.html").read_text(encoding="utf-8").split('class="stamp">')[1].split("<")[0].strip()
    return {"stamp": stamp, "faults": faults, "zip": project.path("packs", "sample.zip").is_file()}


def main() -> None:
    project, kills, chance = open_project(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    releasing._identifying_values = lambda project, record: Secrets()
    first = project.path("packs", "first")
    assert os.waitpid(release_in_a_fork(project, "PACK first", True), 0)[1] == 0
    shutil.copytree(project.path("packs", "sample"), first)
    quick, whole = pages_of(first), None
    costs = {build: _cost(project, build) for build in (quick, whole)}
    seen, last = [], there(project)["stamp"]
    for number in range(1, kills + 1):
        stamp, build = f"PACK {number}", whole if number % 10 == 0 else quick
        moment, (seconds, touches) = chance.uniform(0, 1.1), costs[build]
        timed = number % 4 < 2
        child = release_in_a_fork(project, stamp, number % 2 == 0, build, None if timed else int(moment * touches) + 1)
        if timed:
            time.sleep(moment * seconds)
            os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)[1]
        found = there(project)
        seen.append({"killed": ended == signal.SIGKILL, "allowed": [last, stamp], **found})
        last = found["stamp"]
    assert os.waitpid(release_in_a_fork(project, "PACK last", True), 0)[1] == 0
    shutil.rmtree(first)
    left = sorted(path.name for path in project.path("packs").iterdir())
    print(json.dumps({"kills": seen, "last": there(project), "left": left}))


def _cost(project, build) -> tuple[float, int]:
    """The seconds a release takes that comes through, and how often it touches the disk."""
    begun = time.monotonic()
    assert os.waitpid(release_in_a_fork(project, "PACK timed", True, build), 0)[1] == 0
    return time.monotonic() - begun, int.from_bytes(touched[:], "big")


if __name__ == "__main__":
    main()
