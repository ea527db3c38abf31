"""The seal: what `sha256sum` says, what `verify` says, and that nothing can change unseen."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from evidence.pack.seal import MANIFEST, RECEIPT, manifest_text, read_manifest, write_manifest, zip_bytes
from evidence.pack.verifying import verify
from evidence.project import EvidenceError

FILES = {
    "index.html": b"<p>Summary</p>\n",
    "01 a.html": "<p>Caf\u00e9</p>\n".encode(),
    "tables/01_a.csv": b"a,b\n1,2\n",
    "notebooks/01.ipynb": b"{}\n",
}


HARD_LINK = "has a second name elsewhere (a hard link), where it can be altered"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    digest = write_manifest(folder)
    (folder / RECEIPT).write_text(json.dumps({"manifest_sha256": digest}))
    (folder / "signatures").mkdir()
    (folder / "signatures" / "director.sig").write_text("signed")
    (tmp_path / "sample.zip").write_bytes(zip_bytes(folder, "sample"))
    return folder


def said(pack: Path) -> list[str]:
    return [str(fault) for fault in verify(pack)]


def sha256sum(pack: Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("sha256sum"):
        pytest.skip("there is no sha256sum here")
    return subprocess.run(["sha256sum", "-c", MANIFEST], cwd=pack, capture_output=True, text=True, encoding="utf-8")


def test_a_sealed_pack_is_in_order(pack):
    assert said(pack) == []


def test_sha256sum_agrees_and_names_a_flipped_byte(pack):
    assert sha256sum(pack).returncode == 0
    (pack / "tables/01_a.csv").write_bytes(b"a,b\n1,3\n")
    checked = sha256sum(pack)
    assert checked.returncode == 1 and "tables/01_a.csv: FAILED" in checked.stdout
    assert said(pack) == ["tables/01_a.csv: was altered"]


def test_the_manifest_covers_all_but_itself_the_receipt_and_signatures(pack):
    assert set(read_manifest(pack)) == set(FILES)


def _remove(pack):
    (pack / "tables/01_a.csv").unlink()


def _rename(pack):
    (pack / "tables/01_a.csv").rename(pack / "tables/01_b.csv")


def _add(pack):
    (pack / "tables/02.csv").write_bytes(b"x")


def _add_hidden(pack):
    (pack / ".hidden").write_bytes(b"x")


def _add_folder(pack):
    (pack / "more").mkdir()


def _link(pack):
    content = (pack / "index.html").read_bytes()
    (pack.parent / "elsewhere.html").write_bytes(content)
    (pack / "index.html").unlink()
    (pack / "index.html").symlink_to(pack.parent / "elsewhere.html")


def _link_folder(pack):
    shutil.move(pack / "tables", pack.parent / "tables")
    (pack / "tables").symlink_to(pack.parent / "tables")


def _link_hard(pack):
    os.link(pack / "index.html", pack.parent / "elsewhere.html")


def _link_hard_inside(pack):
    (pack / "tables/01_a.csv").unlink()
    os.link(pack / "index.html", pack / "tables/01_a.csv")


def _link_manifest(pack):
    shutil.move(pack / MANIFEST, pack.parent / "manifest")
    (pack / MANIFEST).symlink_to(pack.parent / "manifest")


def _swap(pack):
    one, other = pack / "index.html", pack / "01 a.html"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def _pipe(pack):
    os.mkfifo(pack / "pipe")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps links and pipes from ordinary users")
@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (_remove, ["tables/01_a.csv: is missing"]),
        (_rename, ["tables/01_a.csv: was renamed to tables/01_b.csv"]),
        (_add, ["tables/02.csv: was added"]),
        (_add_hidden, [".hidden: was added"]),
        (_add_folder, ["more/: the folder was added"]),
        (_link, ["index.html: is a link to something outside the seal"]),
        (_link_folder, ["tables: is a link to something outside the seal", "tables/01_a.csv: is missing"]),
        (_link_hard, [f"index.html: {HARD_LINK}"]),
        (
            _link_hard_inside,
            [f"index.html: {HARD_LINK}", f"tables/01_a.csv: {HARD_LINK}", "tables/01_a.csv: was altered"],
        ),
        (_link_manifest, [f"{MANIFEST}: the pack has no manifest, so nothing in it can be checked."]),
        (_swap, ["01 a.html: was altered", "index.html: was altered"]),
        (_pipe, ["pipe: is not an ordinary file"]),
    ],
)
def test_tampering_is_found_and_named(pack, tamper, expected):
    tamper(pack)
    assert said(pack) == expected


def test_a_missing_receipt_or_a_new_signature_is_no_fault(pack):
    (pack / RECEIPT).unlink()
    (pack / "signatures" / "another.sig").write_text("signed too")
    assert said(pack) == []


def test_a_file_altered_together_with_the_manifest_does_not_fit_the_receipt(pack):
    (pack / "index.html").write_bytes(b"<p>All is well</p>")
    write_manifest(pack)
    assert said(pack) == [f"{MANIFEST}: is not the manifest that the receipt was written for"]


def test_another_zip_beside_the_pack_is_found(pack):
    beside = pack.with_name("sample.zip")
    with zipfile.ZipFile(beside, "a") as archive:
        archive.writestr("sample/more.txt", "more")
    assert said(pack) == ["../sample.zip: the zip beside the pack does not hold the same pack"]


@pytest.mark.parametrize(
    "line",
    [
        "not a line",
        f"{'0' * 63}  index.html",
        f"{'A' * 64}  index.html",
        f"{'0' * 64} *index.html",
        f"{'0' * 64}  ../outside",
        f"{'0' * 64}  /etc/passwd",
        f"{'0' * 64}  C:/outside",
        f"{'0' * 64}  a//b",
        f"{'0' * 64}  {RECEIPT}",
        "",
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(pack, line):
    (pack / MANIFEST).write_text((pack / MANIFEST).read_text() + line + "\n")
    with pytest.raises(EvidenceError, match=MANIFEST):
        read_manifest(pack)
    assert len(said(pack)) == 1


def test_an_empty_or_missing_manifest_is_a_fault_and_an_empty_folder_no_pack(pack, tmp_path):
    (pack / MANIFEST).unlink()
    assert said(pack) == [f"{MANIFEST}: the pack has no manifest, so nothing in it can be checked."]
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvidenceError, match="not a pack"):
        verify(tmp_path / "empty")


def test_every_flip_of_a_byte_is_found(pack):
    """Two thousand flips, in every sealed file, the manifest and the zip; seeded, so that a failure can be repeated."""
    random_numbers = random.Random(2026)
    targets = [pack / name for name in [*FILES, MANIFEST]] + [pack.with_name("sample.zip")]
    for _ in range(2000):
        target = random_numbers.choice(targets)
        content = target.read_bytes()
        place, bit = random_numbers.randrange(len(content)), 1 << random_numbers.randrange(8)
        target.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        assert verify(pack), f"byte {place} of {target.name}, bit {bit}"
        target.write_bytes(content)
    assert verify(pack) == []


def _tamper(pack: Path, chance: random.Random) -> str:
    """Does one thing to a pack that changes which files there are, what they hold or how they are listed."""
    names = [*FILES, MANIFEST]
    path, other = (pack / name for name in chance.sample(names, 2))
    content, listed = path.read_bytes(), (pack / MANIFEST).read_text().splitlines(keepends=True)
    row = chance.randrange(len(listed))
    digest, name = listed[row].split("  ", 1)
    ways = {
        "cut": lambda: path.write_bytes(content[: chance.randrange(len(content))]),
        "add to": lambda: path.write_bytes(content + chance.randbytes(chance.randint(1, 9))),
        "remove": path.unlink,
        "rename": lambda: path.rename(path.with_name(f"{path.name}{chance.randrange(10)}")),
        "rename to upper case": lambda: path.rename(path.with_name(path.name.upper())),
        "move": lambda: path.rename(pack / "notebooks" / f"moved {path.name}"),
        "copy over": lambda: shutil.copyfile(path, other),
        "copy": lambda: shutil.copyfile(path, path.with_name(f"{path.name}.copy")),
        "make a folder of": lambda: (path.unlink(), path.mkdir()),
        "add a folder beside": lambda: (path.parent / f"new {chance.randrange(10)}").mkdir(),
        "hide a file beside": lambda: (path.parent / ".DS_Store").write_bytes(b"x"),
        "drop a line of the manifest, not": lambda: _list(pack, listed[:row] + listed[row + 1 :]),
        "repeat a line of the manifest, not": lambda: _list(pack, listed[: row + 1] + listed[row:]),
        "turn round the manifest, not": lambda: _list(pack, listed[::-1]),
        "write capitals in the manifest, not": lambda: _list(pack, [*listed[:row], f"{digest.upper()}  {name}"]),
        "give Windows' line ends to": lambda: path.write_bytes(content.replace(b"\n", b"\r\n")),
        "put a mark before": lambda: path.write_bytes(b"\xef\xbb\xbf" + content),
    }
    way = chance.choice(list(ways))
    ways[way]()
    return f"{way} {path.name}"


def _list(pack: Path, lines: list[str]) -> None:
    (pack / MANIFEST).write_bytes("".join(lines).encode())


def test_whatever_is_done_to_files_is_found(pack, tmp_path):
    """Five hundred tamperings with whole files, one at a time, in a pack that has lost its zip and receipt; seeded."""
    pack.with_name("sample.zip").unlink()
    (pack / RECEIPT).unlink()
    chance, fresh, done = random.Random(2026), tmp_path / "fresh", set()
    shutil.copytree(pack, fresh)
    for _ in range(500):
        what = _tamper(pack, chance)
        assert verify(pack), what
        done.add(what)
        shutil.rmtree(pack)
        shutil.copytree(fresh, pack)
    assert verify(pack) == [] and len(done) > 60


def test_the_zip_depends_on_nothing_but_names_and_contents(pack, tmp_path):
    other = tmp_path / "copy" / "sample"
    for name in reversed(list(FILES)):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes(FILES[name])
        (other / name).chmod(0o600)
        os.utime(other / name, (0, 1_000_000_000))
    write_manifest(other)
    assert zip_bytes(other, "sample") == zip_bytes(pack, "sample")
    with zipfile.ZipFile(pack.with_name("sample.zip")) as archive:
        assert archive.namelist() == sorted(archive.namelist()) and archive.testzip() is None
        assert {entry.split("/")[0] for entry in archive.namelist()} == {"sample"}
        assert f"sample/{RECEIPT}" not in archive.namelist()


def test_the_manifest_is_written_as_sha256sum_does():
    digest = hashlib.sha256(b"").hexdigest()
    assert manifest_text({"b": digest, "a": digest, "B": digest}) == f"{digest}  B\n{digest}  a\n{digest}  b\n"
