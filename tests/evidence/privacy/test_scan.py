"""The leak scan: finds what identifies a child however it is wrapped, says where, and never what."""

from __future__ import annotations

import base64
import html
import io
import json
import pickle
import time
import zipfile
from datetime import date

import pytest

from evidence.privacy import Scanner, Secrets, scan
from evidence.project import EvidenceError

CHILD, UPN, POSTCODE, NAME = "ZZ61803399", "V999061803399", "ZB18 8PR", "Alma Nobody-Here"


@pytest.fixture
def secrets() -> Secrets:
    secrets = Secrets()
    secrets.add("child identifier", [CHILD, "566910", "LA/2024-77", "child_one_two", "1234"])
    secrets.add("UPN", [UPN])
    secrets.add("postcode", [POSTCODE])
    secrets.add("name", [NAME])
    secrets.add_births([date(2015, 5, 2), date(2026, 3, 31)])
    return secrets


def kinds(folder, secrets, **options) -> list[tuple[int, str]]:
    return [(finding.line, finding.kind) for finding in scan(folder, secrets, **options)]


def png(text: bytes) -> bytes:
    chunk = len(text).to_bytes(4, "big") + b"tEXt" + text + b"\0\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


LEAK = f"see {CHILD} here"
WRAPPED = {
    "plain": LEAK.encode(),
    "lower case": LEAK.lower().encode(),
    "utf-8 with mark": b"\xef\xbb\xbf" + LEAK.encode(),
    "utf-16 with mark": LEAK.encode("utf-16"),
    "utf-16 without mark": LEAK.encode("utf-16-le"),
    "windows": f"Ynys Môn {CHILD}".encode("cp1252"),
    "json line ends": json.dumps({"source": ["a\n" + CHILD + "\n"]}).encode(),
    "json escapes": ('"' + "".join(f"\\u{ord(c):04x}" for c in CHILD) + '"').encode(),
    "html escapes": "".join(f"&#{ord(c)};" for c in CHILD).encode(),
    "address escapes": f"x?child=%5A%5A{CHILD[2:]}".encode(),
    "data address": b'<img src="data:text/plain;base64,' + base64.b64encode(LEAK.encode() * 3) + b'">',
    "base64 in a notebook": json.dumps({"image/png": base64.encodebytes(png(LEAK.encode())).decode()}).encode(),
    "base64 twice": base64.b64encode(base64.b64encode(LEAK.encode() * 4)),
    "base64 of utf-16": base64.b64encode((LEAK * 4).encode("utf-16")),
    "zip": zipped("inner.txt", LEAK.encode()),
    "name in a zip": zipped(f"{CHILD}.txt", b"nothing"),
    "zip in a zip": zipped("inner.zip", zipped("a.html", html.escape(LEAK).encode())),
    "image": png(LEAK.encode()),
}


@pytest.mark.parametrize("how", WRAPPED)
def test_found_however_it_is_wrapped(tmp_path, secrets, how):
    (tmp_path / "file.bin").write_bytes(WRAPPED[how])
    found = scan(tmp_path, secrets)
    assert [finding.kind for finding in found] == ["child identifier"]
    assert found[0].path == "file.bin"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("pupil V999061803399.", "UPN"),
        ("lives at ZB18 8PR", "postcode"),
        ("lives at zb188pr", "postcode"),
        ("case LA/2024-77 closed", "child identifier"),
        ("row child_one_two", "child identifier"),
        ("Case 566910, open", "child identifier"),
        ("met alma nobody-here today", "name"),
        ("02/05/2015", "date of birth"),
        ("2/5/2015", "date of birth"),
        ("2015-05-02T00:00:00", "date of birth"),
        ("born on 2 May 2015", "date of birth"),
        ("DOB: 2nd May 2015", "date of birth"),
    ],
)
def test_each_kind(tmp_path, secrets, text, kind):
    (tmp_path / "page.html").write_text(f"first line\n<p>{text}</p>\n", encoding="utf-8")
    assert kinds(tmp_path, secrets) == [(2, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "1234",
        f"X{CHILD}",
        f"{CHILD}9",
        "0.566910",
        "12.566910 566.910",
        'fill="#566910"',
        "color: #566910;",
        "meeting on 2 May 2015",
        "31/02/2015",
        "3 May 2015, born in winter",
        "UN1",
        "XXXXXXX",
        "ZB18 8PRX",
    ],
)
def test_not_mistaken(tmp_path, secrets, text):
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert kinds(tmp_path, secrets) == []


def test_a_colour_is_no_excuse_elsewhere(tmp_path, secrets):
    (tmp_path / "page.md").write_text("child #566910", encoding="utf-8")
    assert kinds(tmp_path, secrets) == [(1, "child identifier")]


def test_names_of_files_count(tmp_path, secrets):
    (tmp_path / f"{CHILD}.csv").write_text("nothing", encoding="utf-8")
    assert kinds(tmp_path, secrets) == [(0, "child identifier")]


def test_parameters_are_allowed_in_every_spelling(tmp_path, secrets):
    (tmp_path / "a.json").write_text('"2026-03-31" 31/03/2026 566910 2015-05-02', encoding="utf-8")
    assert kinds(tmp_path, secrets, allowed=["2026-03-31", "566910"]) == [(1, "date of birth")]


def test_says_what_was_not_looked_for(tmp_path, secrets):
    found = scan(tmp_path, secrets)
    assert found == []
    assert found.notes == [
        "1 values shorter than 5 characters were not looked for: they would be found in ordinary numbers and words."
    ]


def test_values_are_never_shown(tmp_path, secrets):
    (tmp_path / "a.txt").write_text(LEAK, encoding="utf-8")
    said = repr(scan(tmp_path, secrets)) + repr(secrets) + str(secrets)
    for value in (CHILD, UPN, POSTCODE, NAME.upper(), "2015"):
        assert value not in said
    assert not hasattr(secrets, "__dict__")


def test_a_folder_looked_through_in_two_goes_by_two_processes_gives_what_one_go_gives(tmp_path, secrets):
    """Also where what was clean in the first go comes again, and stands beside something that is not."""
    clean, found = f"<p>Nothing here, {'x' * 30}.</p>\n", f"<p>{CHILD}</p>\n{NAME} lives in {POSTCODE}\n"
    for name, text in {"a": clean, "b": clean + found, "c": found + clean, "d": clean * 3}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{UPN if name == 'd' else name}.html").write_text(text, encoding="utf-8")
    (tmp_path / "top.txt").write_text(clean + found, encoding="utf-8")
    whole = scan(tmp_path, secrets)
    scanner = Scanner(secrets)
    first = pickle.loads(pickle.dumps(scanner.scan(tmp_path, lambda name: name in ("a", "b"))))
    rest = pickle.loads(pickle.dumps(scanner)).scan(tmp_path, lambda name: name not in ("a", "b"))
    assert {one.path.split("/")[0] for one in whole} == {"b", "c", "d", "top.txt"}
    assert sorted([*first, *rest]) == list(whole) and first.files + rest.files == whole.files == 5


def test_missing_folder(tmp_path, secrets):
    with pytest.raises(EvidenceError, match="no such file"):
        scan(tmp_path / "none", secrets)


def test_broken_archives_and_odd_bytes_do_no_harm(tmp_path, secrets):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04broken")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xff")
    (tmp_path / "c.bin").write_bytes(bytes(range(256)) * 50)
    assert scan(tmp_path, secrets) == []


def test_a_hundred_thousand_children_take_no_longer(tmp_path):
    text = "\n".join(f"<td>{i:,}</td><td>{i / 7:.6f}</td> words between cells" for i in range(20_000))
    (tmp_path / "page.html").write_text(text + f"\n{CHILD}", encoding="utf-8")
    few, many = Secrets(), Secrets()
    few.add("child identifier", [CHILD])
    many.add("child identifier", [CHILD, *(f"ZZ7{i:07d}" for i in range(100_000))])
    took = []
    for secrets in (few, many):
        start = time.perf_counter()
        assert kinds(tmp_path, secrets) == [(20_001, "child identifier")]
        took.append(time.perf_counter() - start)
    assert took[1] < 3 * took[0] + 0.5
