"""`evidence data rotate-key` and `evidence data re-identify`: what only whoever holds the key can do."""

from __future__ import annotations

import sys
from datetime import date

import click


@click.command("rotate-key")
def rotate() -> None:
    """Make a new key for tokens; the old one is kept, dated, for whoever must trace an old token.

    Do it when somebody who could read the key leaves, or the key may have been seen. Tokens change at the next load, so
    what stages have kept so far is removed and has to be run again. Packs hold no tokens and stay valid. To make old
    tokens untraceable for good, delete the old key's file as well.
    """
    from evidence.privacy import rotate_key
    from evidence.privacy.keys import key_folder
    from evidence.project import open_project
    from evidence.project.folders import remove

    project = open_project()
    version = rotate_key(project, date.today())
    for name in ("runs", "lab", "cache"):
        remove(project.path(".evidence", name))
    click.echo(f"Key {version} is in use from now on. The earlier one is kept in {key_folder()}, with its last day.")
    click.echo("What stages had kept under the old key was removed. Run again: evidence run")


@click.command("re-identify")
@click.argument("token")
@click.option("--why", default="", help="Why you need to know, in a sentence. It is kept in the access log.")
@click.option("--folder", default="data/raw", show_default=True, help="The data folder that the token comes from.")
def re_identify(token: str, why: str, folder: str) -> None:
    """Find out which record a TOKEN of the tool's output stands for, where your role may.

    The row in reference/access.csv must say yes under re_identify. Who asked, when and why is written to the access
    log before anything is shown. The answer is shown in a terminal only, never in a file.
    """
    from evidence.data.reidentify import look_up
    from evidence.project import EvidenceError, open_project

    if not sys.stdout.isatty():
        raise EvidenceError(
            "the answer is shown in a terminal only, so that it ends up in no file.",
            remedy="Run the command in a terminal, without > or | behind it.",
        )
    found, flagged = look_up(open_project(), folder, token, why)
    click.echo(f"{found.identifier} ({found.kind}), in: {', '.join(found.found_in)}")
    if found.key.until:
        click.echo(f"The token was made under key {found.key.version}, in use until {found.key.until}.")
    for flag in flagged:
        click.echo(f"Flagged in the access log: {flag}.")
