"""The access log: every reading is a line, no line is lost, and nothing done to the file afterwards goes unseen."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.data import access_log_lines, identifying_values, load_tables, log_look_up, usage
from evidence.data.access import accept_faults, is_whole, mark, read_log
from evidence.data.access.chain import START, Head, read_chain, sealed_line
from evidence.data.access.flags import FAMILY_REASON, MANY_LOOK_UPS, MANY_ROWS, OUT_OF_HOURS, OWN_FAMILY
from evidence.data.access.log import append, log_path, log_read
from evidence.data.access.people import Access
from evidence.privacy import lasting_key
from evidence.project import EvidenceError
from tests.conftest import TOOLKIT, give_access

HEADER = (
    "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\nA0001,1,27/03/2008,WBRI,D051910639385,,\nA0002,2,09/09/2011,REFU,UN1,,\n"
)
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def lines_of(project) -> list[str]:
    return log_path(project).read_text(encoding="utf-8").splitlines(keepends=True)


def write(project, lines: list[str]) -> None:
    log_path(project).write_text("".join(lines), encoding="utf-8")


def ten_lines(project) -> list[str]:
    for number in range(10):
        append(project, {"login": "ann", "what": "load", "tables": {}, "why": f"Stage {number}"}, now=MONDAY)
    return lines_of(project)


# What is logged ----------------------------------------------------------------------------------------------------


def test_a_load_is_a_line_with_who_what_how_much_and_why_and_no_value(council, folder):
    project = council()
    give_access(project.root, role="analyst")
    load_tables(project, folder(header=HEADER), stage=3, why="Look at the data itself.")
    entry = json.loads(lines_of(project)[-1])
    assert entry["role"] == "analyst" and entry["stage"] == 3 and entry["why"] == "Look at the data itself."
    assert entry["tables"] == {
        "header": {"columns": ["CHILD", "SEX", "DOB", "ETHNIC", "UPN", "MOTHER", "MC_DOB"], "rows": 2}
    }
    assert abs(datetime.fromisoformat(entry["when"]) - datetime.now(UTC)) < timedelta(minutes=5)
    assert not [value for value in ("A0001", "27/03", "WBRI", "D0519") if value in lines_of(project)[-1]]


def test_reading_identifiers_for_the_leak_scan_is_a_line_too(council, folder):
    project = council()
    give_access(project.root)
    identifying_values(project, folder(header=HEADER))
    lines = access_log_lines(project)
    assert lines["what"].tolist() == ["read in clear"]
    assert lines["columns"].tolist() == ["header: CHILD, DOB, UPN, MC_DOB"] and lines["rows"].tolist() == [2]


def test_without_a_log_nothing_is_handed_over(council, folder):
    project = council()
    give_access(project.root)
    (project.root / "logs").write_text("a file where the folder should be")
    with pytest.raises(EvidenceError, match="access log cannot be"):
        load_tables(project, folder(header=HEADER))


def test_one_log_for_a_team_in_a_shared_folder(council, folder, tmp_path):
    shared = tmp_path / "shared"
    project = council(access_log=str(shared))
    give_access(project.root)
    with pytest.raises(EvidenceError, match="folder for the access log is not there"):
        load_tables(project, folder(header=HEADER))
    shared.mkdir()
    load_tables(project, folder(header=HEADER))
    assert len((shared / "access_log.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    assert is_whole(project)


# What is done to it afterwards -------------------------------------------------------------------------------------


def test_an_untouched_log_is_whole(council):
    project = council()
    ten_lines(project)
    assert is_whole(project) and read_log(project).faults == []
    assert len(read_log(project).entries) == 10


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines[:4] + [lines[4].replace("ann", "bob")] + lines[5:], "line 5: was altered"),
        (lambda lines: lines[:4] + lines[5:], "line 5: the line numbered 5 is missing before it"),
        (lambda lines: lines[:2] + lines[6:], "line 3: the lines numbered 3 to 6 are missing before it"),
        (lambda lines: lines[3:], "line 1: the lines numbered 1 to 3 are missing before it"),
        (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], "line 5: the line numbered 5 is missing"),
        (lambda lines: lines[:5] + [lines[2]] + lines[5:], "line 6: does not follow the line before it"),
        (lambda lines: lines[:9], "line 10: the line numbered 10, which .evidence/access_log_head remembers"),
        (lambda lines: [], "line 1: the line numbered 10, which .evidence/access_log_head remembers"),
        (lambda lines: [*lines[:9], lines[9][:40]], "line 10: was only half written"),
        (lambda lines: [*lines[:4], "something else\n", *lines[4:]], "line 5: cannot be read"),
    ],
)  # fmt: skip
def test_what_was_done_to_the_file_is_said_with_its_line(council, change, says):
    project = council()
    write(project, change(ten_lines(project)))
    assert not is_whole(project)
    assert any(str(fault).startswith(says) for fault in read_log(project).faults)
    # The next reading does not continue as if nothing had been: it begins a new stretch, and says why.
    append(project, {"login": "ann", "what": "load", "tables": {}, "why": "Later"}, now=MONDAY)
    stretch, added = (json.loads(line) for line in lines_of(project)[-2:])
    assert stretch["what"] == "new stretch" and added["why"] == "Later"
    assert added["previous"] == stretch["hash"]
    if not says.endswith("half written"):
        assert not is_whole(project)


def test_whole_lines_put_in_by_somebody_who_knows_how_lines_are_sealed_show(council):
    project = council()
    lines = ten_lines(project)
    forged = sealed_line({"when": "2026-03-02", "what": "load"}, 6, json.loads(lines[4])["hash"]).decode()
    write(project, [*lines[:5], forged, *lines[5:]])
    assert "line 7: does not follow" in str(read_log(project).faults[0])
    # Everything from there on sealed again: only what is remembered elsewhere gives it away.
    again, previous = [], START
    for number, line in enumerate(lines, start=1):
        entry = {name: value for name, value in json.loads(line).items() if name not in ("n", "previous", "hash")}
        again.append(sealed_line(entry | ({"login": "bob"} if number == 5 else {}), number, previous).decode())
        previous = json.loads(again[-1])["hash"]
    write(project, again)
    assert "which .evidence/access_log_head remembers" in str(read_log(project).faults[0])
    (project.root / ".evidence" / "access_log_head").unlink()
    assert is_whole(project)
    receipt = Head(10, json.loads(lines[-1])["hash"], "packs/own")
    assert "which packs/own remembers" in str(read_log(project, (receipt,)).faults[0])


CHANGES = st.sampled_from(["delete", "swap", "repeat", "edit", "cut", "insert"])


@given(count=st.integers(3, 9), change=CHANGES, where=st.integers(0, 200), letter=st.integers(0, 10_000))
def test_any_single_change_shows(count, change, where, letter):
    lines, previous = [], START
    for number in range(1, count + 1):
        lines.append(sealed_line({"when": f"2026-03-{number:02d}", "what": "load", "why": "é"}, number, previous))
        previous = json.loads(lines[-1])["hash"]
    head = (Head(count, previous, "elsewhere"),)
    assert read_chain(b"".join(lines), head).faults == []
    at = where % count
    changed = {
        "delete": lines[:at] + lines[at + 1 :],
        "swap": [*lines[:at], *reversed(lines[at : at + 2]), *lines[at + 2 :]],
        "repeat": [*lines[: at + 1], *lines[at:]],
        "insert": [*lines[:at], sealed_line({"what": "load"}, at + 1, START), *lines[at:]],
    }.get(change, lines)
    data = b"".join(changed)
    if change == "edit":
        place = letter % len(data)
        data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    if change == "cut":
        data = data[: letter % len(data)]
    if data == b"".join(lines):
        return
    assert read_chain(data, head).open_faults


def test_half_a_line_is_kept_set_aside_and_settled_by_itself(council):
    project = council()
    lines = ten_lines(project)
    log_path(project).write_bytes("".join(lines).encode() + lines[0].encode()[:50])
    assert not is_whole(project)
    append(project, {"login": "ann", "what": "load", "tables": {}, "why": "Later"}, now=MONDAY)
    assert is_whole(project)
    assert [str(fault) for fault in read_log(project).faults] == [
        "line 11: was only half written, when the machine stopped"
    ]
    assert lines_of(project)[10] == lines[0][:50] + "\n"
    # Half a line is no excuse for a whole one that is gone.
    write(project, [*lines[:8], lines[8][:50]])
    append(project, {"login": "ann", "what": "load", "tables": {}, "why": "Later"}, now=MONDAY)
    assert not is_whole(project)


def test_a_person_can_settle_faults_and_only_those_that_are_there(council):
    project = council()
    lines = ten_lines(project)
    assert accept_faults(project, "Nothing was wrong here") == 0 and lines_of(project) == lines
    write(project, lines[:4] + lines[5:])
    with pytest.raises(EvidenceError, match="say what was found"):
        accept_faults(project, "ok")
    assert accept_faults(project, "Restored from Sunday's backup", now=MONDAY) == 1
    assert is_whole(project) and [fault.settled for fault in read_log(project).faults] == [True]
    now = lines_of(project)
    write(project, [now[0].replace("ann", "bob"), *now[1:]])
    assert not is_whole(project)


def test_a_later_fault_does_not_change_what_was_said_of_an_earlier_day(council):
    project = council()
    for day in range(2, 7):
        append(project, {"login": "ann", "what": "load", "tables": {}, "why": "x"}, now=MONDAY.replace(day=day))
    lines = lines_of(project)
    write(project, [*lines[:4], lines[4].replace("ann", "bob")])
    assert is_whole(project, until=date(2026, 3, 6)) and not is_whole(project, until=date(2026, 3, 7))
    assert len(access_log_lines(project, until=date(2026, 3, 4))) == 2
    write(project, [*lines[:3], lines[4]])
    assert is_whole(project, until=date(2026, 3, 5)) is False


def test_a_line_that_nobody_can_have_written_is_a_fault_and_no_crash(council):
    project = council()
    lines = ten_lines(project)
    odd = [{"tables": "all"}, {"tables": {"a": 3}, "when": "2026-03-02"}, {"tables": {}, "when": "soon"}, {"what": []}]
    forged = [sealed_line(entry, 11 + place, START).decode() for place, entry in enumerate(odd)]
    write(project, [*lines, *forged])
    assert len(read_log(project).open_faults) == 4
    assert len(access_log_lines(project)) == 10 and not is_whole(project, until=date(2027, 1, 1))


# At the terminal -----------------------------------------------------------------------------------------------------


def test_the_log_at_the_terminal(council, run_evidence):
    project = council()
    lines = ten_lines(project)
    log_read(
        project,
        Access("bob", "analyst"),
        data="data/raw",
        read={"oc2": (["SEX"], 1234)},
        why="Looking",
        now=MONDAY.replace(hour=23),
    )
    said = run_evidence(project.root, "data", "log", "--last", 1)
    assert said.returncode == 0, said.stderr
    assert "2026-03-02 23:00 bob (analyst) load data/raw: oc2, 1,234 rows. Looking" in said.stdout
    assert (
        "to look into: outside usual hours" in said.stdout and "11 lines (times are UTC), 1 to look into" in said.stdout
    )
    assert run_evidence(project.root, "data", "log", "--last", -1).returncode == 2
    write(project, [lines[0].replace("ann", "eve"), *lines_of(project)[1:]])
    checked = run_evidence(project.root, "data", "log", "--check")
    assert checked.returncode == 1 and "line 1: was altered" in checked.stdout
    accepted = run_evidence(project.root, "data", "log", "--check", "--accept", "Restored from a backup by IT")
    assert accepted.returncode == 0 and "line 1: was altered (settled)" in accepted.stdout


def test_an_interest_is_declared_without_naming_the_child(council, monkeypatch):
    from click.testing import CliRunner

    from evidence.cli.access import access
    from evidence.data.access import current_login
    from evidence.privacy import token

    project = council()
    monkeypatch.chdir(project.root)
    said = CliRunner().invoke(access, ["--declare"], input="A0001\n")
    key = lasting_key(project)
    assert said.exit_code == 0 and "A0001" not in said.output
    assert said.output.strip().endswith(mark(key, current_login()[0], token("A0001", key, "child")))


def declared(project, monkeypatch, identifier: str) -> str:
    from click.testing import CliRunner

    from evidence.cli.access import access

    monkeypatch.chdir(project.root)
    said = CliRunner().invoke(access, ["--declare"], input=f"{identifier}\n")
    assert said.exit_code == 0 and identifier not in said.output
    return " ".join(said.output.split())


def test_a_declared_child_that_is_in_no_table_is_said_to_be_in_none(council, monkeypatch):
    from evidence.data.access import current_login
    from evidence.privacy import token

    project = council()
    (project.root / "data" / "raw").mkdir(parents=True)
    (project.root / "data" / "raw" / "header.csv").write_text(
        "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\nQX7731905,1,27/03/2008,WBRI,UN1,,\n", encoding="utf-8"
    )
    # Whoever may not find out who is in the data does not learn it this way either.
    assert "was not looked up" in declared(project, monkeypatch, "QX7731905")
    give_access(project.root, re_identify="yes")
    assert "is in the tables of data/raw" in declared(project, monkeypatch, "qx7731905")
    unknown = declared(project, monkeypatch, "QX7731906")
    key = lasting_key(project)
    assert "is in no table of data/raw" in unknown
    assert unknown.endswith(mark(key, current_login()[0], token("QX7731906", key, "child")))
    assert access_log_lines(project)["why"].tolist()[-2:] == ["Whether a declared child is in the data"] * 2


# Many at once ------------------------------------------------------------------------------------------------------


WRITER = textwrap.dedent("""
    import sys
    from evidence.data.access.log import append
    from evidence.project import open_project
    project = open_project(sys.argv[1])
    for number in range(int(sys.argv[3])):
        append(project, {"login": sys.argv[2], "what": "load", "tables": {}, "why": str(number) + "x" * 2000})
        print(number, flush=True)
""")


def start_writer(project, name: str, lines: int) -> subprocess.Popen:
    import os

    command = [sys.executable, "-c", WRITER, str(project.root), name, str(lines)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(TOOLKIT)}, text=True)


@pytest.mark.slow
def test_eight_processes_at_once_lose_no_line(council):
    project = council()
    writers = [start_writer(project, f"w{number}", 50) for number in range(8)]
    assert [writer.wait(timeout=300) for writer in writers] == [0] * 8
    chain = read_log(project)
    assert chain.faults == [] and [entry["n"] for _, entry in chain.entries] == list(range(1, 401))
    for number in range(8):
        mine = [int(entry["why"].rstrip("x")) for _, entry in chain.entries if entry["login"] == f"w{number}"]
        assert mine == list(range(50))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_process_that_is_killed_loses_no_line_that_it_had_finished(council):
    project = council()
    chance = random.Random(7)
    finished = 0
    for _ in range(3):
        writer = start_writer(project, "killed", 100_000)
        writer.stdout.readline()
        time.sleep(chance.random() / 5)
        writer.send_signal(signal.SIGKILL)
        said = 1 + len(writer.stdout.read().splitlines())
        writer.wait()
        finished += said
    append(project, {"login": "ann", "what": "load", "tables": {}, "why": "Later"})
    chain = read_log(project)
    assert not chain.open_faults
    killed = sum(entry.get("login") == "killed" for _, entry in chain.entries)
    # A line may be on disk when its writer had no time left to say so.
    assert finished <= killed <= finished + 3


# Flags -------------------------------------------------------------------------------------------------------------


def look_up(project, when: datetime, token: str = "aaaa", why: str = "Checking a flag with the team") -> list[str]:
    return log_look_up(project, token, why, data_folder="data/raw", now=when)


def test_looking_up_ones_own_family_is_flagged_at_once_and_no_child_is_named(council, monkeypatch):
    project = council()
    own = mark(lasting_key(project), "tester", "5f3a9c0d11223344")
    monkeypatch.setenv("EVIDENCE_LOGIN", "tester")
    give_access(project.root, login="COUNCIL\\Tester", declared_interests=f"{own} 0123456789abcdef")
    assert look_up(project, MONDAY, "5f3a9c0d11223344") == [OWN_FAMILY]
    assert look_up(project, MONDAY, "0011223344556677") == []
    assert look_up(project, MONDAY, "0011223344556677", "Is this my sister's daughter?") == [FAMILY_REASON]
    assert look_up(project, MONDAY, "0011223344556677", "Reviewing the family plan with my manager") == []
    flagged = access_log_lines(project)["flags"].str.replace("; worked under another login", "").tolist()
    assert flagged == [OWN_FAMILY, "worked under another login", FAMILY_REASON, "worked under another login"]
    assert "5f3a9c0d11223344" not in log_path(project).read_text(encoding="utf-8")
    # Another person's mark of the same child has nothing in common with it.
    assert mark(lasting_key(project), "other", "5f3a9c0d11223344") != own


def test_a_role_that_may_not_look_up_is_refused_and_the_attempt_logged(council):
    project = council()
    give_access(project.root, re_identify="no", ask="The data protection officer")
    with pytest.raises(EvidenceError, match="The data protection officer"):
        look_up(project, MONDAY)
    assert access_log_lines(project)["what"].tolist() == ["refused"]
    with pytest.raises(EvidenceError, match="needs its reason"):
        give_access(council_with_rights(project))
        look_up(project, MONDAY, why="why?")


def council_with_rights(project):
    path = project.root / "reference" / "access.csv"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    return project.root


@pytest.mark.parametrize(
    ("when", "flagged"),
    [
        (datetime(2026, 3, 2, 6, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 7, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 18, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 19, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 7, 11, 0, tzinfo=UTC), True),
        # In summer the council's clocks are an hour ahead.
        (datetime(2026, 7, 6, 6, 30, tzinfo=UTC), False),
        (datetime(2026, 7, 6, 18, 30, tzinfo=UTC), True),
    ],
)
def test_hours_are_those_of_the_council(council, when, flagged):
    project = council()
    log_read(project, Access("ann", "analyst"), data="data/raw", read={"header": (["SEX"], 5)}, why="x", now=when)
    # Nobody watches over made-up data.
    made_up = Access("ann", everything=True)
    log_read(project, made_up, data="data/sample", read={"header": (["SEX"], 5)}, why="x", now=when)
    assert [OUT_OF_HOURS in flags for flags in access_log_lines(project)["flags"]] == [flagged, False]


def weekdays(count: int) -> list[datetime]:
    return [MONDAY + timedelta(days=7 * (number // 5) + number % 5) for number in range(count)]


def test_many_look_ups_are_held_against_the_persons_own_days(council):
    project = council()
    give_access(project.root)
    # Seven to nine a day is usual here; then twelve, which is within three times as far, then forty.
    for day, count in zip(weekdays(9), [8, 7, 9, 8, 7, 9, 8, 12, 40], strict=True):
        for number in range(count):
            look_up(project, day + timedelta(minutes=number))
    lines = access_log_lines(project)
    odd = lines[lines["flags"].str.contains(MANY_LOOK_UPS)]["when"].dt.date.value_counts().to_dict()
    # Without five earlier days the first ones are held against the fixed number.
    first = {day.date(): count for day, count in zip(weekdays(5), [8, 7, 9, 8, 7], strict=True)}
    assert odd == {**first, weekdays(9)[8].date(): 40}


def test_many_rows_are_only_odd_beside_a_history(council):
    project = council()
    for day, rows in zip(weekdays(7), [2_000_000] * 6 + [9_000_000], strict=True):
        read = {"episodes": (["DECOM"], rows)}
        log_read(project, Access("ann", "analyst"), data="data/raw", read=read, why="x", now=day)
    assert [MANY_ROWS in flags for flags in access_log_lines(project)["flags"]] == [False] * 6 + [True]


def test_usage_by_month(council):
    project = council()
    give_access(project.root)
    read = {"header": (["SEX"], 5)}
    for when, login in ((MONDAY, "ann"), (MONDAY, "bob"), (MONDAY + timedelta(days=40), "ann")):
        log_read(project, Access(login, "analyst"), data="data/raw", read=read, why="x", now=when)
    look_up(project, MONDAY + timedelta(days=1))
    found = usage(access_log_lines(project))
    expected = pd.DataFrame(
        {"month": ["2026-03", "2026-04"], "loads": [2, 1], "look_ups": [1, 0], "people": [3, 1], "days": [2, 1],
         "flagged": [0, 1]}
    )  # fmt: skip
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert usage(access_log_lines(project, until=date(2026, 1, 1))).empty
