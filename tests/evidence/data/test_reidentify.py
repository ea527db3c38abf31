"""Finding out whom a token stands for: only for a role that may, only with a reason, logged before it is told."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import pytest

from evidence.data import access_log_lines, load_tables
from evidence.data.access import current_login, mark
from evidence.data.access.log import log_path
from evidence.data.reidentify import look_up
from evidence.privacy import lasting_key, rotate_key, token
from evidence.project import EvidenceError
from tests.conftest import give_access

HEADER = (
    "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
    "QX7731905,F,27/03/2008,WBRI,D051910639385,,\nQX0000002,M,09/09/2011,REFU,UN1,,\n"
)
WHY = "Checking a flag with the child's own team"


@pytest.fixture
def asked(council, folder):
    """A council's project whose login may look up, its data folder, and the token of the first child."""
    project = council()
    give_access(project.root, re_identify="yes")
    place = str(folder(header=HEADER))
    return project, place, load_tables(project, place)["header"]["CHILD"][0]


def logged(project) -> list[str]:
    return access_log_lines(project)["what"].tolist()[1:]


def test_a_role_that_may_is_told_and_the_log_says_who_and_why_and_never_whom(asked):
    project, place, child = asked
    found, flagged = look_up(project, place, child, WHY)
    assert (found.identifier, found.kind, found.found_in) == ("QX7731905", "child", ("header CHILD",))
    assert flagged == []
    line = access_log_lines(project).iloc[-1]
    assert (line["what"], line["data"], line["why"]) == ("look-up", project.relative(place), WHY)
    text = log_path(project).read_text(encoding="utf-8")
    assert "QX7731905" not in text and child not in text


def test_a_pupil_number_has_a_token_of_its_own_kind(asked):
    project, place, _ = asked
    pupil = load_tables(project, place)["header"]["UPN"][0]
    assert look_up(project, place, pupil, WHY)[0].kind == "upn"


def test_an_old_token_is_traced_after_a_new_key(asked):
    project, place, child = asked
    rotate_key(project, date(2026, 11, 23))
    found, _ = look_up(project, place, child, WHY)
    assert (found.identifier, found.key.version, found.key.until) == ("QX7731905", 1, "2026-11-23")


def test_a_role_that_may_not_is_refused_before_anything_is_looked_for(council, folder, monkeypatch):
    project = council()
    give_access(project.root, re_identify="no", ask="The data protection officer")
    place = str(folder(header=HEADER))
    child = load_tables(project, place)["header"]["CHILD"][0]
    monkeypatch.setattr("evidence.data.reidentify.behind", lambda *_: pytest.fail("it was looked for"))
    with pytest.raises(EvidenceError, match="The data protection officer"):
        look_up(project, place, child, WHY)
    assert logged(project) == ["refused"]


def test_without_a_reason_nothing_is_told(asked):
    project, place, child = asked
    for why in ("", " ", "needed"):
        with pytest.raises(EvidenceError, match="needs its reason"):
            look_up(project, place, child, why)
    assert logged(project) == []


def test_a_token_of_nobody_is_logged_too(asked):
    project, place, _ = asked
    with pytest.raises(EvidenceError, match="no identifier in the data"):
        look_up(project, place, "0" * 16, WHY)
    assert logged(project) == ["look-up"]


@pytest.mark.parametrize("rotated", [False, True])
def test_a_child_of_ones_own_is_logged_and_not_told(council, folder, rotated):
    project = council()
    key, (login, _) = lasting_key(project), current_login()
    own = mark(key, login, token("QX7731905", key, "child"))
    give_access(project.root, re_identify="yes", declared_interests=own)
    place = str(folder(header=HEADER))
    child = load_tables(project, place)["header"]["CHILD"][0]
    if rotated:
        rotate_key(project, date(2026, 11, 23))
        child = load_tables(project, place)["header"]["CHILD"][0]
    with pytest.raises(EvidenceError, match="declared an interest") as error:
        look_up(project, place, child, WHY)
    assert "QX7731905" not in str(error.value)
    assert logged(project)[-1] == "look-up"
    assert "declared an interest" in access_log_lines(project)["flags"].iloc[-1]


def ask_in_a_terminal(project, *arguments: str) -> tuple[int, str, str]:
    """What the command shows in a terminal, and what it says besides."""
    pty = pytest.importorskip("pty", reason="a terminal is made with the means of Linux and macOS")
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "evidence", "data", "re-identify", *arguments]
    said = subprocess.run(command, cwd=project.root, stdin=end, stdout=end, stderr=subprocess.PIPE, text=True)
    os.close(end)
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:
        pass
    os.close(terminal)
    return said.returncode, shown.decode(), said.stderr


def test_the_answer_is_shown_in_a_terminal_and_goes_into_no_file(asked, run_evidence):
    project, place, child = asked
    arguments = (child, "--why", WHY, "--folder", place)
    into_a_file = run_evidence(project.root, "data", "re-identify", *arguments)
    assert into_a_file.returncode == 2
    assert "in a terminal only" in into_a_file.stderr and "QX7731905" not in into_a_file.stdout
    assert logged(project) == []
    status, shown, errors = ask_in_a_terminal(project, *arguments)
    assert (status, errors) == (0, "")
    assert shown.split("\r\n")[0] == "QX7731905 (child), in: header CHILD"
    assert logged(project) == ["look-up"]
    assert not [path for path in project.root.rglob("*") if path.is_file() and b"QX7731905" in path.read_bytes()]
    status, shown, errors = ask_in_a_terminal(project, child, "--folder", place)
    assert status == 2 and "needs its reason" in errors and "QX7731905" not in shown
