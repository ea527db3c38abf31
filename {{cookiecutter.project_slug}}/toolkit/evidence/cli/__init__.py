"""The commands, and nothing else: each is one file here, read only when it is called."""

from __future__ import annotations

import gc
import importlib
import sys

import click

from evidence.project.errors import EvidenceError

_COMMANDS = {
    "status": "Where the tool stands: actions, questions, gates, what is overdue, what next.",
    "run": "Run the stages and release an evidence pack.",
    "period": "Add a period of the live tool: run it, release its pack, keep its figures.",
    "verify": "Check that a pack is whole and unaltered.",
    "compare": "Say what differs between two packs.",
    "pdf": "Print the pages of a pack to PDFs.",
    "check": "List everything a reviewer would send back.",
    "scan": "Look for anything that identifies a child in a folder or file.",
    "sign-off": "Record an approval of a stage against a pack.",
    "data": "Make sample data, describe your own, audit it.",
    "lab": "Open the notebooks in JupyterLab.",
    "clean": "Forget what was kept of earlier runs to save time.",
}


class _Commands(click.Group):
    """Reads a command's file when it is needed: `evidence --help` loads none of them."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        return importlib.import_module(f"evidence.cli.{name.replace('-', '_')}").command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=None, version=importlib.import_module("evidence").__version__, prog_name="evidence")
def commands() -> None:
    """Take a data analytics tool through its ten stages, and show the evidence."""


_CUT_SHORT = (
    "A file that is needed ends too early: perhaps the disk was full when it was written.\n"
    "Make room, remove the folders called __pycache__ in toolkit and src, and try again."
)


def main() -> None:
    """Runs a command. Exit status: 0 done, 1 a check did not hold, 2 the command or an input is wrong, 130 stopped."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A Windows console may not know every character of a council's name; a question mark beats a crash.
            stream.reconfigure(errors="replace")
    # Imports leave hardly anything to collect, and looking for it as often as usual takes a tenth of a run's time.
    gc.set_threshold(50_000, 20, 20)
    try:
        # Left to itself, click ends with 1 for a stop from the keyboard, as if a check did not hold.
        commands(prog_name="evidence", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort as stopped:
        if isinstance(stopped.__cause__, EOFError):
            # click takes it for the end of what a person types, and it is the end of a file.
            click.echo(_CUT_SHORT, err=True)
            sys.exit(2)
        click.echo("Stopped. What was there before is as it was.", err=True)
        sys.exit(130)
    except EvidenceError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except OSError as error:
        # A full disk or a closed folder can be met anywhere, and nothing is ever half written.
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"{place}the system refused it ({error.strerror or error}). What was there is as it was.", err=True)
        sys.exit(2)
    finally:
        # All memory goes back in a moment: there is no use in looking for what could be given back one by one, which
        # takes a third of a second after a run. DuckDB alone complains of what it does not get back.
        if "duckdb" not in sys.modules:
            gc.freeze()
