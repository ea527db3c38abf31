"""`evidence data access` and `evidence data log`: who may see the data, and who read what."""

from __future__ import annotations

from datetime import date

import click


@click.command("access")
@click.option("--declare", is_flag=True, help="Declare an interest: a child you are related to or know.")
def access(declare: bool) -> None:
    """Say who may see the council's own data: your login, your role, and everybody who is listed.

    Who is listed stands in reference/access.csv. Whoever can open the files without this tool can read them:
    permissions of the operating system and of the database are the real lock.
    """
    from evidence.data.access import current_login, people, row_to_add
    from evidence.project import open_project

    project = open_project()
    login, _ = current_login()
    if declare:
        _declare(project, login)
        return
    listed, today = people(project), date.today()
    mine = [person for person in listed if person.login == login]
    click.echo(f"Your login is {login}.")
    for person in mine:
        click.echo(f"Row {person.line} of reference/access.csv: {_standing(person, today)}.")
    if not mine:
        owner = project.facts.accountable_owner
        click.echo(
            f"You are not listed. When {owner} has agreed, add this row to reference/access.csv, with your name,\n"
            f"your role and who agreed:\n{row_to_add(login, today, owner)}"
        )
    for person in (one for one in listed if one.login != login):
        click.echo(f"Row {person.line}: {_standing(person, today)}")


def _standing(person, today: date) -> str:
    """A person's role and permissions in words, or why they have none."""
    if person.lacks:
        return f"no access, because it does not say {' and '.join(person.lacks)}"
    if not person.in_force(today):
        return f"{person.role}, not in force today"
    more = ["special category data"] * person.special_category + ["re-identification"] * person.re_identify
    return f"{person.role}{', with ' + ' and '.join(more) if more else ''}"


def _declare(project, login: str) -> None:
    """Asks for a child's identifier unseen, and gives the mark that stands for person and child in `access.csv`."""
    from evidence.data.access import mark
    from evidence.privacy import lasting_key, token

    child = click.prompt("The child's identifier in your data (it is not shown and not kept)", hide_input=True)
    key = lasting_key(project)
    kinds, said = _in_the_data(project, child)
    click.echo(said)
    marks = [mark(key, login, token(child, key, kind)) for kind in kinds or ["child"]]
    click.echo(
        "Add this to the cell declared_interests of your row in reference/access.csv. It names nobody, and a look-up\n"
        f"of this child by you is flagged from then on:\n{' '.join(marks)}"
    )


def _in_the_data(project, child: str) -> tuple[list[str], str]:
    """As which kinds of identifier data/raw holds the child's, and what to say of that."""
    from evidence.data.reidentify import kinds_of
    from evidence.project import EvidenceError

    try:
        kinds = kinds_of(project, "data/raw", child)
    except EvidenceError as error:
        return [], f"It was not looked up whether this identifier is in data/raw: {error.what}"
    if kinds:
        return kinds, "This identifier is in the tables of data/raw."
    return [], (
        "This identifier is in no table of data/raw. Was it mistyped? If so, run the command again. If the child may\n"
        "come into the data later, the mark is right."
    )


@click.command("log")
@click.option("--check", is_flag=True, help="Check that no line was altered, removed, moved or put in.")
@click.option("--accept", metavar="WHY", default="", help="Note what a person found out about the faults.")
@click.option("--last", type=click.IntRange(min=0), default=20, show_default=True, help="How many lines to show.")
def log(check: bool, accept: str, last: int) -> None:
    """Show the access log: who read which data, when and why, and what is odd about it.

    A flag is a question to a person, never a finding against one. With --check, exit status 1 where a line is not as
    it was written.
    """
    import sys

    from evidence.data.access import accept_faults, access_log_lines, log_path, read_log
    from evidence.project import open_project

    project = open_project()
    if accept:
        click.echo(f"{accept_faults(project, accept)} faults are noted as looked into.")
    chain = read_log(project, _heads_in_packs(project))
    if check:
        for fault in chain.faults:
            click.echo(f"{fault}{' (settled)' if fault.settled else ''}")
        faults = len(chain.open_faults)
        told = f"{faults} fault{'' if faults == 1 else 's'} to settle"
        click.echo(f"{len(chain.entries)} lines, {told}, in {log_path(project)}.")
        sys.exit(1 if chain.open_faults else 0)
    lines = access_log_lines(project)
    for row in lines.tail(last).to_dict("records"):
        stage = "" if row["stage"] is None or row["stage"] != row["stage"] else f", stage {row['stage']}"
        odd = f"\n    to look into: {row['flags']}" if row["flags"] else ""
        read = "one identifier" if row["what"] == "look-up" else f"{row['tables'] or 'nothing'}, {row['rows']:,} rows"
        click.echo(
            f"{row['when']:%Y-%m-%d %H:%M} {row['login']} ({row['role'] or 'no role'}{stage}) {row['what']} "
            f"{row['data']}: {read}. {row['why']}{odd}"
        )
    flagged = int((lines["flags"] != "").sum())
    click.echo(
        f"{len(lines)} lines (times are UTC), {flagged} to look into. Check the log itself: evidence data log --check"
    )


def _heads_in_packs(project) -> tuple:
    """What released packs remember of the log: it lies outside this computer once they were handed over."""
    import json

    from evidence.data.access import Head

    heads = []
    for receipt in sorted(project.path("packs").glob("*/receipt.json")):
        try:
            noted = json.loads(receipt.read_text(encoding="utf-8")).get("access_log", [])
            heads += [Head(int(one["line"]), str(one["hash"]), f"packs/{receipt.parent.name}") for one in noted]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            click.echo(f"packs/{receipt.parent.name}/receipt.json cannot be read.", err=True)
    return tuple(heads)
