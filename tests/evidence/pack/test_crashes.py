"""Killed, out of room, locked out or met by another: the project holds the previous pack or the new one, whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.pack import releasing, replacing, verify
from evidence.pack.releasing import release
from evidence.privacy import Secrets
from evidence.project import EvidenceError, folders, open_project
from evidence.project.folders import hold
from evidence.run import execute
from tests.evidence.fake_book import FakeBook
from tests.evidence.toy import make_project

ROOT = Path(__file__).parents[3]
linux = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9 and no fork")


@pytest.fixture(autouse=True)
def no_catalogue(monkeypatch):
    monkeypatch.setattr(releasing, "_identifying_values", lambda project, record: Secrets())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project with a finished run of its first two stages."""
    project = open_project(make_project(tmp_path_factory.mktemp("toy")))
    execute(project, "sample", project.parameters("sample"), [1, 2])
    return project


@pytest.fixture
def project(finished, tmp_path):
    shutil.copytree(finished.root, tmp_path / "project")
    return open_project(tmp_path / "project")


def pack_of(project, stamp: str = "DRAFT", **options) -> Path:
    run = project.path(".evidence", "runs", "sample")
    return release(project, run, "sample", previous=None, book=FakeBook(stamp), **options)


def stamp_of(pack: Path) -> str:
    return (pack / "index.html").read_text(encoding="utf-8").split('class="stamp">')[1].split("<")[0].strip()


def everything(project) -> dict[str, bytes]:
    packs = project.path("packs")
    return {str(path.relative_to(packs)): path.read_bytes() for path in packs.rglob("*") if path.is_file()}


@linux
def test_a_hundred_kills_lose_nothing(project):
    command = [sys.executable, "-m", "tests.evidence.pack.killed", str(project.root), "100", "2026"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    kills = said["kills"]
    assert len(kills) == 100 and sum(kill["killed"] for kill in kills) >= 40
    for number, kill in enumerate(kills, start=1):
        assert kill["faults"] == [] and kill["stamp"] in kill["allowed"], f"kill {number}: {kill}"
        # One that came through to its end left everything in place.
        assert kill["killed"] or (kill["stamp"] == kill["allowed"][1] and kill["zip"])
    # Both happened: some were killed before the new pack was there, and some came after.
    # The kills at a touch of the disk see to that on a machine of any speed.
    assert {kill["stamp"] == kill["allowed"][1] for kill in kills} == {True, False}
    assert said["last"] == {"stamp": "PACK last", "faults": [], "zip": True}
    assert said["left"] == [".sample.lock", "sample", "sample.zip"]


POINTS = {
    "before the scan": ("releasing", "_scan", "DRAFT"),
    "before the seal": ("releasing", "write_manifest", "DRAFT"),
    "before the zip": ("replacing", "zip_bytes", "DRAFT"),
    "before the folders change places": ("replacing", "put_in_place", "DRAFT"),
    "between the two renames": ("folders", "_exchanged", "DRAFT"),
    "before the old folder is removed": ("folders", "discard", "NEW"),
    "before it is noted": ("releasing", "note", "NEW"),
}


@linux
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_step_there_is_the_last_pack_or_the_new_one(project, point):
    pack = pack_of(project)
    room, name, expected = POINTS[point]
    code = f"""
import os, signal
from pathlib import Path
from evidence.pack import releasing, replacing
from evidence.privacy import Secrets
from evidence.project import folders, open_project
from tests.evidence.fake_book import FakeBook
releasing._identifying_values = lambda project, record: Secrets()
releasing._open_workbook = lambda *_: FakeBook("NEW")
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if {name!r} == "_exchanged":
    folders._exchanged = lambda one, other: False
    rename = Path.rename
    Path.rename = lambda self, target: die() if self.name.endswith(".part") else rename(self, target)
else:
    {room}.{name} = die
project = open_project({str(project.root)!r})
releasing.release(project, project.path(".evidence", "runs", "sample"), "sample")
"""
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    there = pack if pack.is_dir() else pack.with_name(".sample.previous")
    assert stamp_of(there) == expected and verify(there) == []
    zipped = pack.with_name("sample.zip")
    assert zipped.is_file() or point not in ("before the scan", "before the seal", "before the zip")
    pack_of(project, "AFTER")
    assert stamp_of(pack) == "AFTER" and verify(pack) == []
    assert sorted(path.name for path in pack.parent.iterdir()) == [".sample.lock", "sample", "sample.zip"]


def test_a_lost_zip_is_made_again_from_the_pack_even_if_the_next_one_fails(project, monkeypatch):
    pack = pack_of(project)
    before = everything(project)
    pack.with_name("sample.zip").unlink()
    monkeypatch.setattr(releasing, "_scan", lambda *_: (_ for _ in ()).throw(EvidenceError("no")))
    with pytest.raises(EvidenceError):
        pack_of(project, "NEW")
    assert everything(project) == before


@pytest.mark.parametrize(
    ("number", "step", "says"),
    [
        (errno.ENOSPC, "_write_json", "No space left on device"),
        (errno.ENOSPC, "_copy", "full"),
        (errno.EROFS, "_write_records", "Read-only file system"),
        (errno.EACCES, "write_manifest", "you may write to the folder"),
        (errno.EACCES, "put_in_place", "open in Excel"),
        (errno.EDQUOT, "bring_along", "your share of it is full"),
    ],
)
def test_what_the_system_refuses_is_one_clear_message_and_the_last_pack_stays(project, monkeypatch, number, step, says):
    pack_of(project)
    before = everything(project)

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number), str(project.path("packs", ".sample.part", "index.html")))

    monkeypatch.setattr(replacing if step == "put_in_place" else releasing, step, refuse)
    with pytest.raises(EvidenceError) as refused:
        pack_of(project, "NEW")
    assert says in str(refused.value) and "The previous one is as it was" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 2
    assert everything(project) == before


def test_a_disk_that_is_full_keeps_no_half_of_a_zip(project, monkeypatch):
    pack_of(project)
    before, whole = everything(project), Path.write_bytes

    def fills_the_disk(path, content):
        if path.name == ".sample.zip.part":
            whole(path, content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return whole(path, content)

    monkeypatch.setattr(Path, "write_bytes", fills_the_disk)
    with pytest.raises(EvidenceError, match="No space left on device"):
        pack_of(project, "NEW")
    assert everything(project) == before
    assert not project.path("packs", ".sample.zip.part").exists()


@pytest.mark.parametrize("held", ["sample", "sample.zip"])
def test_a_file_that_is_open_in_excel_on_windows_leaves_the_last_pack(project, monkeypatch, held):
    """Windows refuses to rename a folder or remove a file while a program has it, or something in it, open."""
    pack_of(project)
    before = everything(project)
    rename, unlink = Path.rename, Path.unlink

    def refuse(path: Path):
        raise PermissionError(errno.EACCES, "The process cannot access the file", str(path))

    monkeypatch.setattr(folders, "_exchanged", lambda one, other: False)
    monkeypatch.setattr(Path, "rename", lambda self, to: refuse(self) if self.name == held else rename(self, to))
    monkeypatch.setattr(
        Path, "unlink", lambda self, missing_ok=False: refuse(self) if self.name == held else unlink(self, missing_ok)
    )
    with pytest.raises(EvidenceError, match="The process cannot access the file") as refused:
        pack_of(project, "NEW")
    assert "another program" in str(refused.value)
    assert everything(project) == before


def test_two_releases_at_once_do_not_mix(project):
    pack = pack_of(project)
    before = everything(project)
    with hold(pack.with_name(".sample.lock"), "a release"):
        with pytest.raises(EvidenceError, match=f"already going, in the process with number {os.getpid()}"):
            pack_of(project, "NEW")
        assert {name: text for name, text in everything(project).items() if ".lock" not in name} == {
            name: text for name, text in before.items() if ".lock" not in name
        }
    assert stamp_of(pack_of(project, "NEW")) == "NEW"


def _in_a_small_disk(project: Path, kilobytes: int, read_only: bool = False) -> subprocess.CompletedProcess[str]:
    """`evidence run` in a copy of the project on a disk of that size, which is gone afterwards."""
    code = """
import sys
from evidence.cli import main
from evidence.pack import releasing
from evidence.privacy import Secrets
from tests.evidence.fake_book import FakeBook
releasing._identifying_values = lambda project, record: Secrets()
releasing._open_workbook = lambda *_: FakeBook("NEW")
sys.argv = ["evidence", "run", "sample", "--stages", "1,2", "--quiet"]
main()
"""
    remount = "mount -o remount,ro DISK && " if read_only else ""
    script = (
        f"mount -t tmpfs -o size={kilobytes}k tmpfs DISK && cp -r PROJECT/. DISK && {remount}cd DISK && "
        'exec "$0" -c "$1"'
    )
    disk = project.with_name("disk")
    disk.mkdir()
    script = script.replace("DISK", str(disk)).replace("PROJECT", str(project))
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, sys.executable, code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(ROOT)])},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def _may_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    return (
        subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode
        == 0
    )


@pytest.mark.parametrize(("spare", "read_only"), [(4, False), (60, False), (1000, True)])
def test_a_disk_that_is_full_or_closed_is_one_clear_line(project, spare, read_only):
    if not _may_mount():
        pytest.skip("only root may make a small disk: the same is simulated above")
    pack_of(project)
    size = sum(-(-path.stat().st_size // 4096) * 4 for path in project.root.rglob("*") if path.is_file())
    folders_ = sum(4 for path in project.root.rglob("*") if path.is_dir())
    done = _in_a_small_disk(project.root, size + folders_ + spare, read_only)
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert ("Read-only file system" if read_only else "No space left on device") in done.stderr, done.stderr
