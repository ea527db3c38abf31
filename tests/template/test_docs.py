"""Every path and every command that a page names exists."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests.conftest import ROOT, TEMPLATE
from tests.template.documents import read_page

OURS = sorted(path for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")] if path.is_file())
PROJECTS = sorted(path.relative_to(TEMPLATE).as_posix() for path in TEMPLATE.rglob("README.md"))
SECTIONS_OF_A_COUNCILS_FILES = re.compile(r"^(header|episodes|reviews|oc2)\.csv$")
# What a project has once it is used, or once a team has put it there.
COMES_WITH_USE = {"logs/", "reference/areas.csv"}


def exists(name: str, *bases: Path) -> bool:
    return any(base.joinpath(name).exists() or ("*" in name and any(base.glob(name))) for base in bases)


def check_evidence(command: str) -> None:
    """The sub-command exists, and so does each option that is named with it."""
    from evidence.cli import commands

    name, *words = command.split()
    context = click.Context(commands)
    known = commands.get_command(context, name) if not name.startswith("-") else commands
    assert known, f"there is no command: evidence {command}"
    if isinstance(known, click.Group) and words and not words[0].startswith("-"):
        known = known.get_command(context, words[0]) or known
    options = {option for parameter in known.get_params(context) for option in parameter.opts}
    for word in [name, *words]:
        if word.startswith("-"):
            assert word.split("=")[0] in options, f"evidence {command}: there is no option {word}"


def check_page(path: Path, *bases: Path) -> None:
    page = read_page(path)
    named = {name for name in page.paths if not SECTIONS_OF_A_COUNCILS_FILES.match(name)} - COMES_WITH_USE
    missing = {name for name in named if not exists(name, *bases)}
    assert not missing, f"{path.name} names what is not there: {sorted(missing)}"
    for command in sorted(page.evidence):
        check_evidence(command)
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert page.make <= targets
    sessions = set(
        re.findall(r"^@nox\.session.*\ndef (\w+)", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert page.nox <= sessions


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_our_own_pages(path, sample_project):
    check_page(path, path.parent, ROOT, sample_project, TEMPLATE)


@pytest.mark.parametrize("name", PROJECTS)
def test_the_pages_of_a_project(name, sample_project):
    path = sample_project / name
    # A page may speak of a file "one folder up".
    check_page(path, *(folder for folder in path.parents if folder.is_relative_to(sample_project)))


def test_a_projects_page_lists_every_command(sample_project):
    from evidence.cli import commands

    text = (sample_project / "README.md").read_text(encoding="utf-8")
    for name in commands.list_commands(click.Context(commands)):
        assert f"`evidence {name}" in text, name


def test_the_checker_sees_paths_and_commands(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "See `docs/nowhere.md` and [this](gone.md).\n\n    make nothing\n\n"
        "```\npy -m nox -s nothing\nevidence fly --up\n```\n",
        encoding="utf-8",
    )
    found = read_page(page)
    assert found.paths == {"docs/nowhere.md", "gone.md"}
    assert (found.make, found.nox, found.evidence) == ({"nothing"}, {"nothing"}, {"fly --up"})


def test_the_noxfile_and_the_makefile_offer_the_same():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for session in set(re.findall(r"-s (\w+)$", makefile, re.MULTILINE)):
        assert f"def {session}(session: nox.Session)" in (ROOT / "noxfile.py").read_text(encoding="utf-8")
