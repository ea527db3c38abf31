"""`evidence compare`: what differs between two packs, in the terminal or as a page."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evidence.pack import Comparison, Section

# A terminal shows the beginning; the page has it whole.
_MOST_LETTERS, _MOST_ROWS = 160, 20


@click.command("compare")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), help="Write it as one page to this file.")
def command(before: Path, after: Path, page: Path | None) -> None:
    """Say what differs between the packs BEFORE and AFTER: names, folders or zips.

    Exit status 0: compared. 1: compared, but one of them is not as it was sealed. 2: one of them is no pack.
    """
    from evidence.pack import compare, open_pack

    comparison = compare(open_pack(place_of(before)), open_pack(place_of(after)))
    for line in _in_words(comparison):
        click.echo(line)
    if page:
        _write(page, comparison)
    sys.exit(1 if comparison.warnings else 0)


def place_of(given: Path) -> Path:
    """A pack's folder or zip; a name alone is looked for among the project's packs."""
    from evidence.project import EvidenceError, open_project

    if given.exists() or len(given.parts) > 1:
        return given.resolve() if given.exists() else given
    try:
        packs = open_project().path("packs")
    except EvidenceError:
        return given
    return next((one for one in (packs / given.name, packs / f"{given.name}.zip") if one.exists()), given)


def _write(page: Path, comparison: Comparison) -> None:
    from evidence.pack.pages import comparison_page
    from evidence.project import atomic_write

    atomic_write(page, comparison_page(comparison))
    click.echo(f"\nThe page: {page}")


def _in_words(comparison: Comparison) -> list[str]:
    lines = [f"WARNING: {warning}" for warning in comparison.warnings]
    lines += [f"before: {comparison.before}", f"after:  {comparison.after}"]
    for section in comparison.sections:
        lines += ["", f"{section.title}: {section.says}", *(_row(section, row) for row in section.rows[:_MOST_ROWS])]
        if len(section.rows) > _MOST_ROWS:
            lines.append(f"  and {len(section.rows) - _MOST_ROWS} more: the page (--page FILE) has them all.")
        lines += [textwrap.fill(note, 118, initial_indent="  ", subsequent_indent="  ") for note in section.notes]
    return lines


def _row(section: Section, row: tuple[str, ...]) -> str:
    """`Recall, Stage 7: 28.1% -> 30.0%; +1.9 points (-3.0 to +6.8); within noise`."""
    cells = [textwrap.shorten(" ".join(cell.split()), _MOST_LETTERS, placeholder=" ...") for cell in row]
    if "Before" not in section.heads:
        return f"  {cells[0]}: {'; '.join(cells[1:])}"
    place = section.heads.index("Before")
    rest = "; ".join(filter(None, [f"{cells[place]} -> {cells[place + 1]}", *cells[place + 2 :]]))
    return f"  {', '.join(cells[:place])}: {rest}"
