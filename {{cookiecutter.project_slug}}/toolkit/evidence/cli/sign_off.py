"""`evidence sign-off`: an approval of a stage, tied to the pack the person saw."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evidence.pack import Statement
    from evidence.workbook import Workbook

_DAY = click.DateTime(["%Y-%m-%d"])
_ROLES = ("senior sponsor", "accountable owner", "assurer", "data protection officer", "oversight group chair")
_DECISIONS = ("approved", "approved with condition", "refused", "withdrawn")
_A_YEAR = 365


@click.command("sign-off")
@click.argument("stage", type=click.IntRange(1, 10))
@click.option("--pack", "pack", metavar="NAME", help="The pack that was seen; the project's usual one if left out.")
@click.option("--role", type=click.Choice(_ROLES), prompt="In which role", help="In which role the person decides.")
@click.option("--name", prompt="Name", help="Who decides. An analyst of the tool cannot.")
@click.option("--decision", type=click.Choice(_DECISIONS), prompt="Decision", help="What was decided.")
@click.option("--condition", default="", help="On which condition; needed for: approved with condition.")
@click.option("--date", "day", type=_DAY, help="The day of the decision; today if left out.")
@click.option("--expires", type=_DAY, help="Until when it holds; a year if left out.")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="Sign it with this SSH key of the person.")
def command(
    stage: int,
    pack: str | None,
    role: str,
    name: str,
    decision: str,
    condition: str,
    day: datetime | None,
    expires: datetime | None,
    key: Path | None,
) -> None:
    """Record what a person decided about STAGE, having seen a pack.

    It is written to workbook/sign_offs.csv with the pack's digest. The next pack shows it, and says so if anything it
    covers is changed afterwards. With --key the person's SSH key signs it too, which anyone can check with
    evidence verify or ssh-keygen; reference/allowed_signers says whose keys count. Exit status 1: the decision is
    recorded, but the gate of the stage is not passed.
    """
    from evidence.cli.opening import open_book
    from evidence.pack import put_signature
    from evidence.workbook import record_sign_off

    book = open_book()
    folder = _pack(book, pack)
    decided = day.date() if day else date.today()
    ends = expires.date() if expires else decided + timedelta(days=_A_YEAR)
    statement = _statement(folder, stage, role, name.strip(), decision, condition.strip(), decided, ends)
    signature = _signature(book, statement, key) if key else None
    identifier = record_sign_off(
        book,
        stage,
        role=role,
        name=name,
        decision=decision,
        condition=condition,
        day=decided,
        expires=ends,
        pack_digest=statement.manifest,
        signed=_signed(folder, stage),
    )
    click.echo(f"Recorded as {identifier} in workbook/sign_offs.csv, against the pack {folder.name}.")
    if signature:
        place = put_signature(book.project, folder, statement, signature)
        click.echo(
            f"Signed: {book.project.relative(place)}, and .sig beside it. The zip does not hold them: hand both over."
        )
    still = [reason.text for reason in open_book(_day_of(folder)).gate(stage).reasons if not reason.met]
    if still and decision.startswith("approved"):
        click.echo(f"The gate of stage {stage} is not passed all the same:")
        click.echo("\n".join(f"- {text}" for text in still))
        sys.exit(1)


def _statement(
    folder: Path, stage: int, role: str, name: str, decision: str, condition: str, day: date, expires: date
) -> Statement:
    from evidence.pack import MANIFEST, Statement, record_file
    from evidence.project import sha256_of_file

    record = folder / record_file(stage)
    covered = sha256_of_file(record) if record.is_file() else ""
    seen = sha256_of_file(folder / MANIFEST)
    return Statement(stage, role, name, decision, condition, day, expires, seen, covered)


def _signature(book: Workbook, statement: Statement, key: Path) -> bytes:
    from evidence.pack import ALLOWED_SIGNERS, sign

    return sign(statement, key.expanduser(), book.project.path(ALLOWED_SIGNERS))


def _pack(book: Workbook, name: str | None) -> Path:
    """The folder of the pack, once it is known to be unaltered."""
    from evidence.pack import MANIFEST, verify
    from evidence.project import EvidenceError

    usual = "sample" if book.project.facts.data_source == "sample" else "own"
    folder = book.project.path("packs", Path(name or usual).name)
    if not (folder / MANIFEST).is_file():
        raise EvidenceError(
            f"there is no pack called {folder.name}.",
            where="packs/",
            remedy=f"Make it first: evidence run {folder.name}",
        )
    if faults := verify(folder):
        raise EvidenceError(
            "the pack was altered since it was sealed, so it cannot be signed off.",
            where=f"packs/{folder.name}",
            remedy=f"See evidence verify packs/{folder.name}. First: {faults[0]}",
        )
    return folder


def _day_of(folder: Path) -> date | None:
    """The day the pack speaks from; None, which stands for today, for a pack that does not say."""
    inputs = folder / "inputs.json"
    given = json.loads(inputs.read_text(encoding="utf-8")).get("parameters", {}) if inputs.is_file() else {}
    return date.fromisoformat(given["as_of"]) if given.get("as_of") else None


def _signed(folder: Path, stage: int) -> str | None:
    """What the pack says is signed with it; None for a pack that does not say."""
    from evidence.pack import record_file

    record = folder / record_file(stage)
    return record.read_text(encoding="utf-8") if record.is_file() else None
