"""Files are read as Windows wrote them and written whole or not at all."""

import hashlib
import os

import pytest

from evidence.project import EvidenceError, atomic_write, long_date, read_text, sha256_of_file
from evidence.project.files import source_files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_reads_the_same_whatever_program_saved_it(tmp_path, encoding):
    path = tmp_path / "a.md"
    path.write_bytes("Ynys Môn – “café”\r\nline two\r\n".encode(encoding))
    assert read_text(path) == "Ynys Môn – “café”\nline two\n"


def test_a_missing_file_is_said_in_words(tmp_path):
    with pytest.raises(EvidenceError, match="there is no such file"):
        read_text(tmp_path / "none.md")


def test_writing_makes_the_folder_and_keeps_plain_line_ends(tmp_path):
    path = tmp_path / "new" / "a.csv"
    atomic_write(path, "a,b\nâ,2\n")
    assert path.read_bytes() == "a,b\nâ,2\n".encode()
    assert sha256_of_file(path) == hashlib.sha256("a,b\nâ,2\n".encode()).hexdigest()


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "a.md"
    atomic_write(path, "old")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(EvidenceError, match="open in Excel"):
        atomic_write(path, "new")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["a.md"]


def test_a_rewritten_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("old")
    path.chmod(0o600)
    atomic_write(path, "new")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("day", "words"), [("2026-04-30", "30 April 2026"), ("2024-02-29", "29 February 2024")])
def test_dates_are_said_with_the_month_in_words(day, words):
    assert long_date(day) == words


def test_source_files_are_all_but_the_compiled_in_one_order(tmp_path):
    for name in ("b.py", "a/z.css", "a/B.py", "a.py", "a/__pycache__/z.pyc", "__pycache__/b.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = source_files(tmp_path)
    assert list(found) == ["a.py", "a/B.py", "a/z.css", "b.py"]
    assert all(open(path).read() == name for name, path in found.items())
