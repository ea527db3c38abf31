"""Access as tables for pages: what each role sees, who has which permission, how the data was used. No one is named."""

from __future__ import annotations

from datetime import date

import pandas as pd

from evidence.data.access.flags import KINDS
from evidence.data.access.people import Person, people
from evidence.data.access.rules import reasons, roles_named
from evidence.data.access.settings import access_settings
from evidence.project import Project, long_date


def access_plan(project: Project, rows: pd.DataFrame, held: list[tuple[str, str]], day: date) -> pd.DataFrame:
    """What each role sees of the data at hand (guidance action 5.06): one row a role, permission and data set.

    rows: the catalogue's rows of the data's source; held: (table, column) in the files. Columns: role, special_category
    (yes or no), people (in force on `day`), data_set, seen and hidden (numbers of columns), why (for the hidden ones).
    Columns that nobody loads in any form (treatment drop, or not confirmed) count as neither. Empty where `access.csv`
    lists nobody.
    """
    rows = rows[(rows["column"] == "") | ((rows["confirmed"] == "yes") & (rows["treatment"] != "drop"))]
    there = [
        not column or (table, column) in set(held) for table, column in zip(rows["table"], rows["column"], strict=True)
    ]
    rows = rows[there]
    now = [person for person in people(project) if person.in_force(day) and not person.lacks]
    found = []
    for role, special in sorted({(person.role, person.special_category) for person in now}):
        why = reasons(rows, role, special)
        counted = sum((person.role, person.special_category) == (role, special) for person in now)
        for name in dict.fromkeys(table for table, _ in held):
            of_table = why[(rows["table"] == name) & (rows["column"] != "")]
            hidden = of_table[of_table != ""]
            said = "; ".join(dict.fromkeys(hidden))
            allowed = "yes" if special else "no"
            found.append((role, allowed, counted, name, len(of_table) - len(hidden), len(hidden), said))
    columns = ["role", "special_category", "people", "data_set", "seen", "hidden", "why"]
    return pd.DataFrame(found, columns=columns)


def role_access(project: Project, rows: pd.DataFrame, day: date) -> tuple[pd.DataFrame, list[str]]:
    """Who has which permission, by role, and what is wrong with the list (guidance action 5.12).

    The table has one row a role of `access.csv`: role, people (rows), in_force (on `day`), special_category and
    re_identify (of those in force). The problems are in words and name rows, never people: a row that does not say who,
    which role, from when or who agreed; a row that has ended; a role of the catalogue that nobody has.
    """
    listed = people(project)
    found = []
    for role in sorted({person.role for person in listed}):
        mine = [person for person in listed if person.role == role]
        now = [person for person in mine if person.in_force(day)]
        special = sum(person.special_category for person in now)
        found.append((role, len(mine), len(now), special, sum(person.re_identify for person in now)))
    columns = ["role", "people", "in_force", "special_category", "re_identify"]
    problems = [problem for person in listed for problem in _problems(person, day)]
    roles = {person.role for person in listed if person.in_force(day)}
    for role in sorted({role for cell in rows["access"] for role in roles_named(cell)} - roles):
        problems.append(f"The catalogue has data for the role {role}, and nobody listed has it.")
    return pd.DataFrame(found, columns=columns), problems if listed else []


def _problems(person: Person, day: date) -> list[str]:
    where = f"Row {person.line} of reference/access.csv"
    if person.lacks:
        return [f"{where} does not say {' and '.join(person.lacks)}, and gives no access until it does."]
    if person.ends and person.ends < day:
        return [f"{where} ended on {long_date(person.ends)}: renew it or take it out."]
    return []


def roles_known(project: Project) -> set[str]:
    """Every role that the catalogue may name: those of `access.toml`, and those that people have."""
    return set(access_settings(project).roles) | {person.role for person in people(project)}


def access_log_summary(lines: pd.DataFrame) -> pd.DataFrame:
    """How the data was used, by role: one row a role and kind of line, from `access_log_lines`.

    Columns: role ("made-up data" where none is needed, "not listed" of refusals), what, lines, people, days, rows (in
    all), flagged (lines).
    """
    day = lines["when"].dt.date
    without = lines["what"].map(lambda what: "not listed" if what == "refused" else "made-up data")
    role = lines["role"].where(lines["role"] != "", without)
    named = lines.assign(day=day, role=role, flagged=lines["flags"] != "")
    grouped = named.groupby(["role", "what"], sort=True)
    table = grouped.agg(
        lines=("line", "size"), people=("login", "nunique"), days=("day", "nunique"), rows=("rows", "sum"),
        flagged=("flagged", "sum"),
    )  # fmt: skip
    return table.reset_index()


def flag_counts(lines: pd.DataFrame) -> pd.DataFrame:
    """How often each kind of flag was raised: one row a kind, column `lines`; a line may carry several."""
    counts = [sum(kind in flags.split("; ") for flags in lines["flags"]) for kind in KINDS]
    return pd.DataFrame({"flag": list(KINDS), "lines": counts})


def usage(lines: pd.DataFrame) -> pd.DataFrame:
    """How much the data was used, month by month, from `access_log_lines`: one row a month, in order.

    Columns: month ("2026-04"), loads, look_ups, people (different logins that were let in), days (with any of these),
    flagged (lines). Months without a line are not there. Readings in clear for the leak scan count as neither.
    """
    used = lines[lines["what"].isin(["load", "look-up"])]
    month = used["when"].dt.strftime("%Y-%m").astype("str")
    named = used.assign(
        month=month, day=used["when"].dt.date, load=used["what"] == "load", look_up=used["what"] == "look-up",
        flag=used["flags"] != "",
    )  # fmt: skip
    table = named.groupby("month", sort=True).agg(
        loads=("load", "sum"), look_ups=("look_up", "sum"), people=("login", "nunique"), days=("day", "nunique"),
        flagged=("flag", "sum"),
    )  # fmt: skip
    return table.reset_index()
