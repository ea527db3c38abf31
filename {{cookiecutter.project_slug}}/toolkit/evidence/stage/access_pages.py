"""What pages say of the catalogue and of access: what is at hand, which role sees what, who has which permission, who
read what. Roles and numbers of people only: nobody is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.project import long_date

if TYPE_CHECKING:
    import pandas as pd

    from evidence.data import Tables
    from evidence.stage.stage import Stage

_REACH = (
    "This tool keeps honest people to what was agreed, and leaves a trace. Whoever can open the files or the database "
    "without it can read them: permissions of the operating system and of the database are the real lock."
)
_NOBODY = (
    "Nobody is listed yet as somebody who may see the council's own data. Write a line a person in "
    "reference/access.csv: who, login, role, which permissions, from when, and who agreed."
)


def show_catalogue(stage: Stage, tables: Tables) -> None:
    """Shows what the catalogue says of each data set at hand, and records it (3.01)."""
    from evidence.data import catalogue_summary
    from evidence.data.access import words

    summary = catalogue_summary(tables)
    stage.record("catalogue", summary)
    shown, about = summary.set_index("table"), ["owner", "period", "legal_basis", "roles"]
    stage.show(shown[about], words.catalogue(summary), name="catalogue", source=_source("catalogue"))
    held = shown.drop(columns=about)
    stage.show(held, words.held(summary), name="catalogue_variables", plain=list(held), source=_source("catalogue"))


def show_access_plan(stage: Stage, tables: Tables) -> None:
    """Shows which role sees which data sets, and what is done to identifying columns; records it (5.06).

    Recorded only where `reference/access.csv` lists somebody: without people there is no plan.
    """
    from evidence.data.access import access_plan, words

    stage.say(_REACH)
    plan = access_plan(stage.project, tables.catalogue, tables.at_hand, stage.as_of)
    if plan.empty:
        stage.say(_NOBODY)
    else:
        stage.record("access_plan", plan)
        shown = plan.set_index(["role", "special_category", "data_set"])
        stage.show(shown, words.plan(plan), name="access_plan", plain=_numbers(shown), source=_source("access"))
    changed = tables.treatments()
    stage.show(changed, words.restricted(changed), name="restrictions", hide_index=True, source=_source("catalogue"))


def show_role_access(stage: Stage, tables: Tables) -> None:
    """Shows how many people have which permission and what is wrong with the list; records it if nothing is (5.12)."""
    from evidence.data.access import role_access, words

    table, problems = role_access(stage.project, tables.catalogue, stage.as_of)
    if table.empty:
        stage.say(_NOBODY)
        return
    shown = table.set_index("role")
    stage.show(shown, words.roles(table), name="role_access", plain=_numbers(shown), source=_source("access"))
    stage.list("To put right before access follows roles", problems)
    if not problems:
        stage.record("role_access", table)


def show_access_log(stage: Stage) -> None:
    """Shows how the data was read up to the day before the run speaks, and what to look into (5.13).

    Recorded only where there are lines and every one of them is as it was written.
    """
    from evidence.data.access import access_log_lines, access_log_summary, flag_counts, is_whole, log_digest, words

    project, day = stage.project, stage.as_of
    stage.results.note_read(stage.number, "access log", day.isoformat(), log_digest(project, day))
    lines = access_log_lines(project, until=day)
    if not is_whole(project, until=day):
        stage.say(
            "The access log is not as it was written, so it is no evidence of how the data was used. "
            "`evidence data log --check` says which line it is about."
        )
    elif lines.empty:
        stage.say(
            f"The access log holds no reading of the data before {long_date(day)}. Every reading from now on is a line "
            "of it, and the pack of a later day shows them."
        )
    else:
        summary, odd = access_log_summary(lines), flag_counts(lines)
        stage.record("access_log", summary)
        shown = summary.set_index(["role", "what"])
        stage.show(shown, words.log(lines), name="access_log", plain=_numbers(shown), source=_log_source(lines))
        stage.show(odd.set_index("flag"), words.flagged(odd), name="access_flags", plain=["lines"])


def _numbers(frame: pd.DataFrame) -> list[str]:
    """Columns that count columns, rows or members of staff: no number here is one of children."""
    return [name for name in frame.columns if frame[name].dtype.kind in "iu"]


def _source(name: str) -> str:
    return f"reference/{name}.csv"


def _log_source(lines: pd.DataFrame) -> str:
    first, last = (long_date(lines["when"].iloc[place].date()) for place in (0, -1))
    return f"the access log, {first} to {last}"
