"""Registers that LibreOffice saved, in whatever encoding, read back as the registers they were.

The saved files and how they were made are in tests/fixtures/libreoffice.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from evidence.project import Project
from evidence.workbook.reference import Reference
from evidence.workbook.registers import Register, read_register
from evidence.workbook.values import is_month_first
from tests.conftest import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "libreoffice"
ANSWERED = ROOT / "tests" / "fixtures" / "answered" / "workbook"
ORIGINALS = {
    "limitations": FIXTURES / "written" / "limitations.csv",
    "costs": FIXTURES / "written" / "costs.csv",
    "thresholds": FIXTURES / "written" / "thresholds.csv",
    "decisions": ANSWERED / "decisions.csv",
    "risks": ANSWERED / "risks.csv",
    "reviews": ANSWERED / "09_deployment_and_monitoring" / "reviews.csv",
}
SAVED = ("utf8_comma", "utf8_semicolon", "windows1252_tab", "utf16_comma", "through_xlsx")
CSV = "Text - txt - csv (StarCalc)"
OPEN_AS_BRITISH = f"--infilter={CSV}:44,34,76,1,,2057,false,true"


@pytest.fixture(scope="module")
def read(template):
    """`read(name, path)` reads the file as that register."""
    registers = Reference(Project(template)).registers
    return lambda name, path: read_register(path, registers[name])


def unchanged(value: object) -> object:
    return value


def in_windows_1252(value: object) -> object:
    """Words as Windows-1252 can hold them: it has no ŵ and no ŷ."""
    return value.encode("cp1252", "replace").decode("cp1252") if isinstance(value, str) else value


def meaning(register: Register, words=unchanged) -> dict[str, list]:
    """All that the rest of the toolkit takes from a register, except how a cell was typed."""
    rows = [
        (row.number, row.id, {name: words(value) for name, value in row.values.items()}, row.complete, row.missing)
        for row in register.rows
    ]
    return {"rows": rows, "problems": [words(str(problem)) for problem in register.problems]}


def test_the_registers_to_save_hold_what_is_hard_to_save(read):
    text = "".join(path.read_text(encoding="utf-8") for path in ORIGINALS.values())
    assert set("ŵŷâîë£€“”’–—…\t;|") <= set(text)
    limitations = read("limitations", ORIGINALS["limitations"])
    assert [row.id for row in limitations.rows] == ["L1", "L2", "L3", "L4", "L5"]
    first, second, third = limitations.rows[:3]
    assert "comma\nsecond" in first["what_we_do"] and '"other", then' in second["limitation"]
    assert third["limitation"] == '"Quoted from end to end"' and first.text("review_on") == "2026-04-03"
    assert [(one.row, one.column) for one in limitations.problems] == [(5, "status"), (6, "review_on")]
    assert [row["pounds"] for row in read("costs", ORIGINALS["costs"]).rows] == [12500.5, 12500, 900, 0, 1900.75, None]
    assert [row["at_least"] for row in read("thresholds", ORIGINALS["thresholds"]).rows] == [0.4, 0.65, 0.125, 0.1]
    for name in ("decisions", "risks", "reviews"):
        assert len(read(name, ORIGINALS[name]).rows) >= 6 and read(name, ORIGINALS[name]).problems == []


@pytest.mark.parametrize("folder", SAVED)
@pytest.mark.parametrize("name", ORIGINALS)
def test_what_libreoffice_saved_reads_as_it_was_written(read, name, folder):
    words = in_windows_1252 if folder == "windows1252_tab" else unchanged
    assert meaning(read(name, FIXTURES / folder / f"{name}.csv")) == meaning(read(name, ORIGINALS[name]), words)


@pytest.mark.parametrize("folder", ["utf8_comma", "utf8_semicolon", "through_xlsx"])
@pytest.mark.parametrize("name", ORIGINALS)
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(read, tmp_path, name, folder):
    path = tmp_path / f"{name}.csv"
    raw = (FIXTURES / folder / f"{name}.csv").read_bytes()
    assert b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf")
    path.write_bytes(b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"))
    assert meaning(read(name, path)) == meaning(read(name, ORIGINALS[name]))


def test_the_saved_files_are_in_the_encodings_their_folders_name():
    name = "limitations.csv"
    assert (FIXTURES / "utf16_comma" / name).read_bytes().startswith(b"\xff\xfe")
    old = (FIXTURES / "windows1252_tab" / name).read_bytes()
    assert old.startswith(b"id\tstage\t") and "Siân".encode("cp1252") in old and b"\x93both\x94" in old
    assert (FIXTURES / "utf8_semicolon" / name).read_bytes().startswith(b'"id";"stage";')
    assert b",30/06/26," in (FIXTURES / "utf8_comma" / name).read_bytes()
    assert b",30/06/2026," in (FIXTURES / "through_xlsx" / name).read_bytes()


def test_dates_with_the_month_first_are_named_and_cast_doubt_on_the_others(read, tmp_path):
    """As American settings save: one date cannot be a day first, the next could be either."""
    path = tmp_path / "limitations.csv"
    raw = (FIXTURES / "utf8_comma" / "limitations.csv").read_bytes()
    path.write_bytes(raw.replace(b",30/06/26,", b",06/30/26,").replace(b",03/04/26,", b",04/03/26,"))
    problems = read("limitations", path).problems
    assert [(one.row, one.column) for one in problems] == [(3, "review_on"), (5, "status"), (6, "review_on")]
    assert [one.row for one in problems if "other dates of this column" in one.remedy] == [3]


@pytest.mark.parametrize(
    ("written", "first"),
    [("04/23/2026", True), ("6/30/26", True), ("12-31-2026", True)]
    + [(text, False) for text in ("23/04/2026", "03/04/2026", "31/02/2026", "13/13/2026", "2026-04-23", "soon", "")],
)
def test_when_the_month_must_be_first(written, first):
    assert is_month_first(written) is first


@pytest.fixture(scope="module")
def saved_now(tmp_path_factory) -> Path:
    """The originals as the LibreOffice of this machine saves them: Windows-1252, and UTF-16 through a workbook."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if not program:
        pytest.skip("LibreOffice is not on this machine: install it to save registers with it afresh")
    folder = tmp_path_factory.mktemp("libreoffice")
    shutil.copytree(FIXTURES / "profile", folder / "profile")
    start = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]

    def save(kind: str, to: str, files: list[Path], *options: str) -> list[Path]:
        command = [*start, *options, "--convert-to", kind, "--outdir", str(folder / to), *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        made = sorted((folder / to).glob(f"*.{kind.partition(':')[0]}"))
        assert len(made) == len(ORIGINALS), done.stdout + done.stderr
        return made

    files = list(ORIGINALS.values())
    save(f"csv:{CSV}:9,34,1,1,,2057", "windows1252", files, OPEN_AS_BRITISH)
    workbooks = save("xlsx", "xlsx", files, OPEN_AS_BRITISH)
    save(f"csv:{CSV}:59,34,65535,1,,2057", "utf16", workbooks)
    return folder


def test_what_libreoffice_saves_now_reads_as_it_was_written(read, saved_now):
    for name, path in ORIGINALS.items():
        original = read(name, path)
        old, new = (read(name, saved_now / to / f"{name}.csv") for to in ("windows1252", "utf16"))
        assert meaning(old) == meaning(original, in_windows_1252), name
        assert meaning(new) == meaning(original), name
