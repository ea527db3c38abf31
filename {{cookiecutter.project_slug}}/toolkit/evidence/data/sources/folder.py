"""The files of a data folder: which of them are data, and which are not opened."""

from __future__ import annotations

import re
from pathlib import Path

from evidence.project import EvidenceError

# What today's process decided while the tool ran beside it: not one of the data's own tables.
DECISIONS = "parallel_run.csv"
# Where the return of the year before lies.
EARLIER = "earlier"
_TWO_YEARS = re.compile(r"(?<!\d)(20\d\d)[-_ /]?(?:20)?(\d\d)(?!\d)")
_ONE_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


def data_files(folder: Path, where: str, endings: tuple[str, ...]) -> list[Path]:
    """The files in `folder` with one of these endings, by name.

    Files that Excel or the system keep for themselves (`~$…`, `.…`) and DECISIONS are passed over. Raises EvidenceError
    for a link that leads out of the folder: what a link points at today may be another file tomorrow.
    """
    found = sorted(
        (path for path in folder.iterdir() if path.is_file() and not path.name.startswith(("~$", "."))),
        key=lambda path: path.name.lower(),
    )
    found = [path for path in found if path.name.lower().endswith(endings) and path.name.lower() != DECISIONS]
    for path in found:
        inside(path, folder, f"{where}/{path.name}")
    return found


def inside(path: Path, folder: Path, where: str) -> Path:
    """`path` itself. Raises EvidenceError when it leads out of `folder`."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise EvidenceError(
            "this is a link to a file outside the data folder.",
            where=where,
            remedy="Put the file itself there, or name the folder it lies in as data_folder.",
        )
    return path


def listing(folder: Path) -> str:
    """What lies in a folder, for a message: up to ten names."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith(("~$", ".")))
    return ", ".join(names[:10]) + (" and more" if len(names) > 10 else "") or "no files"


def year_in(name: str) -> int | None:
    """The year that the name of a file or folder says it is about, as the year it ends in: 2023-24 is 2024."""
    for first, second in _TWO_YEARS.findall(name):
        if (int(first) + 1) % 100 == int(second):
            return int(first) + 1
    years = set(_ONE_YEAR.findall(name))
    return int(years.pop()) if len(years) == 1 else None
