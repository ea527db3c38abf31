"""`evidence check`: everything a reviewer would send back."""

from __future__ import annotations

import sys
import textwrap
from datetime import datetime

import click


@click.command("check")
@click.option("--stage", "stage", type=click.IntRange(1, 10), help="Only what belongs to this stage, or to none.")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Count overdue dates against this day; today if left out."
)
@click.option(
    "--run", "run", metavar="NAME", help="Take computed evidence from this run; the project's usual one if left out."
)
def command(stage: int | None, as_of: datetime | None, run: str | None) -> None:
    """List what is unanswered, contradictory, overdue, without an owner, expired, or leads nowhere.

    Exit status 0: nothing. 1: something, each in a line of its own.
    """
    from evidence.cli.opening import open_book
    from evidence.workbook import KINDS, review

    found = [one for one in review(open_book(as_of.date() if as_of else None, run)) if stage in (None, one.stage)]
    for kind in KINDS:
        of_kind = [one for one in found if one.kind == kind]
        if not of_kind:
            continue
        click.echo(f"{kind[0].upper()}{kind[1:]} ({len(of_kind)})")
        for one in of_kind:
            wrapped = textwrap.wrap(
                f"- {one}", 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
            click.echo("\n".join(wrapped))
        click.echo()
    if found:
        click.echo(f"{len(found)} to put right.")
        sys.exit(1)
    click.echo("Nothing to send back.")
