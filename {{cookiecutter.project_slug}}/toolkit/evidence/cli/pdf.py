"""`evidence pdf`: the pages of a pack as tagged PDFs, by a browser that is there already."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("pdf")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Path(path_type=Path), help="The folder to write to; usually PACK-pdf.")
def command(pack: Path, target: Path | None) -> None:
    """Print every page of PACK to a PDF with page numbers that a screen reader can follow.

    It needs Chromium, Chrome or Edge. The PDFs are copies for reading: they are outside the seal, and `evidence verify`
    does not speak for them.

    Exit status 0: printed. 1: PACK is not as it was sealed, so nothing was printed. 2: PACK is no pack, or there is no
    browser.
    """
    from evidence.cli.compare import place_of
    from evidence.pack import verify
    from evidence.pack.printing import print_pack

    pack = place_of(pack)
    if faults := verify(pack):
        for fault in faults:
            click.echo(str(fault))
        click.echo(f"{pack.name} is not what was sealed, so it was not printed.")
        sys.exit(1)
    files = print_pack(pack, (target or pack.with_name(f"{pack.name}-pdf")).resolve())
    click.echo(f"{len(files)} PDFs in {files[0].parent}")
