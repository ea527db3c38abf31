"""`evidence data rotate-key` and `evidence data re-identify`: what only whoever holds the key can do."""

from __future__ import annotations

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
