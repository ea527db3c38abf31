"""The exact set of files of a project, for each combination of choices, read from expected_files.txt.

After adding or removing files in the template, write the list again and read what changed:

    python tests/template/expected.py && git diff tests/template/expected_files.txt
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIST = HERE / "expected_files.txt"
ROOT = HERE.parent.parent
HEADING = """\
# Every file of a new project. <package> is the team's package; after two spaces stands the answer a file depends on.
# Written by: python tests/template/expected.py   Read what changed: git diff tests/template/expected_files.txt
"""


def expected_files(answers: dict[str, str], package: str) -> set[str]:
    """The files that a project made with these answers holds, besides what git keeps in .git."""
    files = set()
    for line in LIST.read_text(encoding="utf-8").splitlines():
        path, _, condition = line.partition("  ")
        question, _, choice = condition.partition("=")
        if path and not path.startswith("#") and (not condition or answers[question] == choice):
            files.add(path.replace("<package>", package))
    return files


def files_of(project: Path) -> set[str]:
    """The files a project holds, besides what git keeps in .git."""
    found = (path.relative_to(project) for path in project.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if path.parts[0] != ".git"}


def listed(made: Iterable[tuple[dict[str, str], set[str]]]) -> str:
    """The text of expected_files.txt for projects that differ in one choice each, the first having the defaults."""
    (defaults, always), *others = made
    conditions: dict[str, str] = {}
    for answers, files in others:
        question = next(name for name in answers if answers[name] != defaults[name])
        for path in files - always:
            conditions[path] = f"{question}={answers[question]}"
        for path in always - files:
            conditions[path] = f"{question}={defaults[question]}"
    lines = sorted(f"{path}  {conditions[path]}" if path in conditions else path for path in always | set(conditions))
    return HEADING + "\n".join(lines) + "\n"


def write() -> None:
    import tempfile

    sys.path.insert(0, str(ROOT))
    from tests.conftest import bake_into, questions

    defaults = {name: value[0] for name, value in questions().items() if isinstance(value, list)}
    choices = [{}] + [
        {name: choice} for name, value in questions().items() if isinstance(value, list) for choice in value[1:]
    ]
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for number, choice in enumerate(choices):
            project = bake_into(Path(folder) / str(number), **choice)
            package = next((project / "src").iterdir()).name
            files = {re.sub(f"^src/{package}/", "src/<package>/", path) for path in files_of(project)}
            made.append(({**defaults, **choice}, files))
    LIST.write_text(listed(made), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
