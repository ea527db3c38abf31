"""`evidence verify`: is a pack what it was when it was sealed, and does it come out the same again?"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click


@click.command("verify")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--rerun", is_flag=True, help="Make the pack again from its recorded parameters and compare byte for byte."
)
@click.option(
    "--signers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who may sign; reference/allowed_signers of this project if left out.",
)
def command(pack: Path, rerun: bool, signers: Path | None) -> None:
    """Check that PACK is complete and was not altered since it was sealed, and who signed it.

    The seal shows that nothing was altered; only a signature shows who agreed. Exit status 0: all of it holds. 1: it
    does not, and each file is named. 2: PACK is no pack, or something is missing to check it with.
    """
    from evidence.pack import verify

    pack = _pack_called(pack)
    faults = verify(pack)
    for fault in faults:
        click.echo(str(fault))
    if faults:
        click.echo(f"{_count(len(faults), 'fault')} in {pack.name}. It is not what was sealed: do not rely on it.")
        sys.exit(1)
    click.echo(f"{pack.name} is complete and unaltered.")
    _check_signatures(pack, signers)
    if rerun:
        _rerun(pack)


def _check_signatures(pack: Path, given: Path | None) -> None:
    from evidence.pack import signatures_of

    found = signatures_of(pack, _list_of_signers(given))
    for signature in found:
        click.echo(str(signature))
    if not found:
        click.echo("Nobody has signed it. The seal shows that nothing was altered; it does not show who approved.")
    if bad := [one for one in found if one.stands is False]:
        verb = "does" if len(bad) == 1 else "do"
        click.echo(f"{_count(len(bad), 'signature')} {verb} not hold: do not rely on what is signed there.")
        sys.exit(1)


def _list_of_signers(given: Path | None) -> Path | None:
    """The file that says who may sign: the one given, or that of the project that the current folder lies in.

    Never one that came with the pack: whoever forges a pack would bring a list along.
    """
    from evidence.pack import ALLOWED_SIGNERS
    from evidence.project import EvidenceError, open_project

    if given is None:
        try:
            return open_project().path(ALLOWED_SIGNERS)
        except EvidenceError:
            return None
    if not given.is_file():
        raise EvidenceError("there is no such list of signers.", where=str(given))
    return given


def _pack_called(given: Path) -> Path:
    """A pack's folder, or a pack's name as `evidence run` takes it."""
    from evidence.project import EvidenceError, open_project

    if given.exists() or len(given.parts) > 1:
        return given.resolve() if given.exists() else given
    try:
        named = open_project().path("packs", given.name)
    except EvidenceError:
        return given
    return named if named.exists() else given


def _recorded(pack: Path, inputs: dict) -> dict:
    """The parameters; where the data lay outside the project, its place is in the receipt, outside the seal."""
    from evidence.project import OUTSIDE, EvidenceError

    parameters = dict(inputs["parameters"])
    if str(parameters.get("data_folder", "")).startswith(OUTSIDE):
        try:
            receipt = json.loads((pack / "receipt.json").read_text(encoding="utf-8"))
            parameters["data_folder"] = receipt["data_folder"]
        except (OSError, ValueError, KeyError):
            raise EvidenceError(
                "its data lay outside the project, and the receipt that says where is missing or damaged.",
                where=pack.name,
                remedy="Put receipt.json back from where the pack was made.",
            ) from None
    return parameters


def _rerun(pack: Path) -> None:
    from evidence.pack import differences, release
    from evidence.project import at_hand, open_project
    from evidence.run import How, execute, progress_for

    project = open_project()
    inputs = json.loads((pack / "inputs.json").read_text(encoding="utf-8"))
    previous = json.loads((pack / "previous.json").read_text(encoding="utf-8"))
    parameters = project.check_parameters(_recorded(pack, inputs), "the pack's recorded parameters")
    asked = inputs["stages"]
    click.echo("Running it again.", err=True)
    project.path(".evidence").mkdir(exist_ok=True)
    with (
        at_hand([parameters["data_folder"]]),
        tempfile.TemporaryDirectory(prefix="rerun-", dir=project.path(".evidence")) as folder,
    ):
        # Nothing is taken from earlier runs: what was kept of them would prove nothing.
        how = How(cache=False)
        run = execute(project, inputs["name"], parameters, asked, Path(folder) / "run", progress_for(), how)
        again = release(
            project,
            run.folder,
            inputs["name"],
            draft=inputs["draft"],
            folder=Path(folder) / pack.name,
            previous=previous,
        )
        found = differences(pack, again)
    if not found:
        click.echo("Made again from the same inputs, it is the same byte for byte.")
        return
    causes = [item for item in found if item.cause]
    for item in causes:
        click.echo(f"why: {item.name} {item.what}")
    if not causes:
        click.echo(
            "why: nothing that is recorded differs, so a stage uses something else: the clock, a random number "
            "without a seed, or something outside the project. Look at the first notebook below."
        )
    for item in found:
        if not item.cause:
            click.echo(f"{item.name}: {item.what}")
    sys.exit(1)


def _count(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
