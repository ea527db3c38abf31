"""What a reviewer would send back, where a tool stands, and the registers that run through all stages."""

from __future__ import annotations

from datetime import date

import pytest

from evidence.workbook import KINDS, record_text, review
from tests.evidence.workbook.helpers import edit, open_book


def of_kind(book, kind: str) -> list[str]:
    return [str(one) for one in review(book) if one.kind == kind]


def test_nothing_is_sent_back_of_the_signed_example(signed, computed):
    assert [str(one) for one in review(open_book(signed, computed))] == []


def test_a_blank_project_is_only_unanswered_and_waiting(blank):
    kinds = {one.kind for one in review(open_book(blank()))}
    assert kinds == {"not settled", "waiting for a run"}


CASES = {
    "predictive on low maturity": (
        "workbook/02_capability_assessment/maturity.csv",
        "decisions and services,high",
        "decisions and services,low",
        "contradictory",
        "goes beyond",
    ),
    "an individual output called aggregate": (
        "workbook/ethics_triage.csv",
        "individual child or family",
        "area or service",
        "contradictory",
        "project.toml says an output is about individual child or family",
    ),
    "another type of analytics": (
        "workbook/01_problem_identification/answers.md",
        "Predictive, with",
        "Descriptive, with",
        "contradictory",
        "the answer is descriptive, project.toml says predictive",
    ),
    "a supplier nobody mentions": (
        "workbook/ethics_triage.csv",
        "T18,Supplier,in-house",
        "T18,Supplier,closed",
        "contradictory",
        "but answer 3.12 says in-house",
    ),
    "confidence that is not there": (
        "workbook/02_capability_assessment/predictive_preconditions.csv",
        "with confidence,yes",
        "with confidence,no",
        "contradictory",
        "but the preconditions in stage 2 say no",
    ),
    "another owner": (
        "workbook/04_ethics_triage/governance.csv",
        "Helen Marsh,Director of children's services",
        "Ann Other,Chief cook",
        "contradictory",
        "the accountable owner is Ann Other",
    ),
    "analyst and assurer": (
        "workbook/04_ethics_triage/governance.csv",
        "assurer,Mei Lin Chow",
        "assurer,Tom Bright",
        "contradictory",
        "Tom Bright is both analyst and assurer",
    ),
    "stopped and gone on": (
        "workbook/decisions.csv",
        "into a forecast,go on",
        "into a forecast,stop",
        "contradictory",
        "D1 says to stop, but stage 2 has been begun",
    ),
    "too high and accepted": (
        "workbook/risks.csv",
        "open,no,T12",
        "accepted,yes,T12",
        "contradictory",
        "too high to go on, and accepted all the same",
    ),
    "overdue risk": (
        "workbook/risks.csv",
        "31/07/2026,open,no,T12",
        "29/04/2026,open,no,T12",
        "overdue",
        "R1 was to be looked at again by 29 April 2026",
    ),
    "overdue review": (
        "workbook/09_deployment_and_monitoring/reviews.csv",
        'type",31/05/2026',
        'type",01/04/2026',
        "overdue",
        "RV3 (accuracy by group) was due on 1 April 2026",
    ),
    "overdue improvement": (
        "workbook/02_capability_assessment/improvement_plan.csv",
        "31/12/2026,under way",
        "31/12/2025,under way",
        "overdue",
        "I2 was due on 31 December 2025",
    ),
    "no owner": (
        "workbook/limitations.csv",
        "Sian Probert,30/06/2026",
        "TBC,30/06/2026",
        "without an owner",
        "L1 has no owner",
    ),
    "an id that leads nowhere": (
        "workbook/limitations.csv",
        "open,R3",
        "open,R33",
        "leads nowhere",
        "no register holds R33",
    ),
    "a file that leads nowhere": (
        "workbook/decisions.csv",
        "All three limits",
        "All (see workbook/minutes.md) limits",
        "leads nowhere",
        "there is no workbook/minutes.md",
    ),
    "a link that leads nowhere": (
        "workbook/03_choosing_a_solution/answers.md",
        "Two analysts know",
        "[Two analysts](team.md) know",
        "leads nowhere",
        "there is no team.md",
    ),
    "template text": (
        "workbook/01_problem_identification/answers.md",
        "The pressure sits",
        "Example: one.\n\nThe pressure sits",
        "template text left in",
        "delete the worked line",
    ),
    "a question left open": (
        "workbook/ethics_workbook.md",
        "No. Same area",
        "TBC. Same area",
        "not settled",
        "action 9.12",
    ),
    "a cell that cannot be read": (
        "workbook/risks.csv",
        "31/07/2026,open,no,T12",
        "July,open,no,T12",
        "cannot be read",
        "risks.csv, row 2",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_reviewer_would_send_back(case, signed, computed):
    file, old, new, kind, words = CASES[case]
    edit(signed, file, old, new)
    found = of_kind(open_book(signed, computed), kind)
    assert any(words in one for one in found), found
    assert kind in KINDS


def test_sign_offs_that_expired_changed_or_are_tied_to_nothing(signed, computed):
    edit(signed, "workbook/risks.csv", 'R1,4,"A child', 'R1,4,"Some child')
    said = of_kind(open_book(signed, computed, date(2026, 8, 1)), "sign-off that does not count")
    assert "it expired on 18 July 2026" in said[0]
    assert "changed since sign-off: workbook/risks.csv" in said[1]


def test_spreadsheets_and_files_under_other_names_are_named(signed, computed):
    folder = signed / "workbook/01_problem_identification"
    (folder / "stakeholders.xlsx").write_bytes(b"PK")
    (folder / "stakeholders (1).csv").write_text("id\n", encoding="utf-8")
    (folder / "~$stakeholders.xlsx").write_bytes(b"")
    assert len(of_kind(open_book(signed, computed), "cannot be read")) == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (',,analyst,no,no,2026-04-01,,"B. Head",,', "row 3: person and login must be filled in"),
        ('C. New,cnew,analyst,maybe,no,2026-04-01,,"B. Head",,', "row 3, column special_category: it must be"),
        ('C. New,cnew,pilot,no,no,2026-04-01,,"B. Head",,', "row 3, column role: that is no role."),
    ],
)
def test_a_row_that_would_not_let_anybody_in_is_named_beforehand(signed, computed, row, words):
    with (signed / "reference" / "access.csv").open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    (found,) = of_kind(open_book(signed, computed), "cannot be read")
    assert f"reference/access.csv, {words}" in found


def test_the_registers_of_all_stages_worst_first(answered):
    edit(answered, "workbook/risks.csv", "31/07/2026,open,no,T12", "29/04/2026,open,no,T12")
    edit(answered, "workbook/risks.csv", "open,no,T11", "open,yes,T11")
    entries = open_book(answered).risks()
    assert [entry.id for entry in entries[:3]] == ["R3", "R1", "R2"]
    assert entries[1].overdue and entries[0].too_high
    assert {entry.register for entry in entries} == {"risks", "decisions", "assumptions", "limitations", "changes"}
    assert not any(entry.overdue for entry in open_book(answered, as_of=date(2026, 4, 29)).risks())
    closed = [entry.open for entry in entries]
    assert closed == sorted(closed, reverse=True)


def test_an_unanswered_likelihood_counts_as_high(answered):
    edit(answered, "workbook/risks.csv", "low,medium,Recording", ",,Recording")
    assert next(entry for entry in open_book(answered).risks() if entry.id == "R5").score == 9


def test_a_risk_closed_is_neither_overdue_nor_too_high(answered):
    edit(answered, "workbook/risks.csv", "31/07/2026,open,no,T12", "29/04/2025,closed,yes,T12")
    entry = next(entry for entry in open_book(answered).risks() if entry.id == "R1")
    assert not (entry.open or entry.overdue or entry.too_high)
    assert open_book(answered).action("8.02").state == "done"


# Commands ----------------------------------------------------------------------------------------------------------


def evidence(folder, *arguments):
    import os
    import subprocess
    import sys

    return subprocess.run(
        [sys.executable, "-m", "evidence", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUTF8": "1"},
    )


@pytest.mark.parametrize("which", ["blank", "answered"])
def test_status_fits_eighty_columns_and_has_no_colours(which, blank, answered):
    done = evidence(blank() if which == "blank" else answered, "status", "--as-of", "2026-04-30")
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in done.stdout
    assert any(line.startswith(" 7 Testing") for line in lines)
    assert "30 April 2026: DRAFT" in done.stdout


def test_check_lists_and_exits_with_one(blank):
    folder = blank()
    done = evidence(folder, "check", "--as-of", "2026-04-30")
    assert done.returncode == 1 and "to put right" in done.stdout and "Traceback" not in done.stderr
    only = evidence(folder, "check", "--stage", "2")
    assert only.returncode == 1 and "action 1.01" not in only.stdout and "action 2.01" in only.stdout


def test_commands_outside_a_project_exit_with_two(tmp_path):
    for command in (
        ["status"],
        ["check"],
        ["sign-off", "4", "--role", "assurer", "--name", "X", "--decision", "refused"],
    ):
        done = evidence(tmp_path, *command)
        assert done.returncode == 2 and "not inside a project" in done.stderr


def test_sign_off_needs_a_pack_and_takes_its_digest(answered):
    given = ["sign-off", "4", "--role", "senior sponsor", "--name", "David Okafor", "--decision", "approved"]
    done = evidence(answered, *given)
    assert done.returncode == 2 and "evidence run sample" in done.stderr
    import hashlib

    page = b"<html>"
    pack = answered / "packs" / "sample"
    (pack / "records").mkdir(parents=True)
    (pack / "index.html").write_bytes(page)
    manifest = f"{hashlib.sha256(page).hexdigest()}  index.html\n".encode()
    (pack / "manifest-sha256.txt").write_bytes(manifest)
    (pack / "index.html").write_bytes(b"<other>")
    done = evidence(answered, *given)
    assert done.returncode == 2 and "altered" in done.stderr
    (pack / "index.html").write_bytes(page)
    record = open_book(answered).record(4)
    (pack / "records" / "stage_04.txt").write_text(record_text(record), encoding="utf-8")
    digests = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n"
        for name, path in (
            ("index.html", pack / "index.html"),
            ("records/stage_04.txt", pack / "records" / "stage_04.txt"),
        )
    ]
    (pack / "manifest-sha256.txt").write_bytes("".join(digests).encode())
    # What the pack shows is what is signed, even where the workbook has moved on since.
    edit(answered, "workbook/risks.csv", "R5,5,", "R5,4,")
    done = evidence(answered, *given, "--date", "2025-07-18", "--expires", "2099-07-18")
    assert "Recorded as S1" in done.stdout and "Traceback" not in done.stderr, done
    # The gate of stage 3 waits for a run, so the approval alone does not pass the fourth.
    assert done.returncode == 1 and "is not passed all the same" in done.stdout
    (sign_off,) = open_book(answered).sign_offs()
    assert sign_off.pack_digest == hashlib.sha256((pack / "manifest-sha256.txt").read_bytes()).hexdigest()
    assert sign_off.counts and sign_off.changed == ("workbook/risks.csv",)
