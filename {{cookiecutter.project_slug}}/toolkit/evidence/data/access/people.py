"""Who may see the council's own data (`reference/access.csv`), and who is at work now.

Reach: this keeps honest people to what was agreed, and leaves a trace. Whoever can open the files without this tool can
read them: permissions of the operating system and the database are the real lock. Source: guidance action 5.12.
"""

from __future__ import annotations

import getpass
import hmac
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evidence.data.access.settings import access_settings
from evidence.data.reference_rows import is_answered, reference_rows
from evidence.project import EvidenceError, Project, long_date, read_text

WHERE = "reference/access.csv"
COLUMNS = (
    "person", "login", "role", "special_category", "re_identify", "from", "until", "approved_by", "ask",
    "declared_interests",
)  # fmt: skip
# Only for the project's tests, which play several people: the log then names the real login too.
LOGIN_VARIABLE = "EVIDENCE_LOGIN"
_EXAMPLE = "example"
_MARK_LENGTH = 16


@dataclass(frozen=True)
class Person:
    """One row of `access.csv` that people wrote. `line` is its row there; a missing date leaves that end open.

    `declared_interests` are marks (see `mark`), not identifiers, of children this person must not look up.
    """

    line: int
    person: str
    login: str
    role: str
    special_category: bool
    re_identify: bool
    begins: date | None
    ends: date | None
    approved_by: str
    ask: str
    declared_interests: frozenset[str]

    def in_force(self, day: date) -> bool:
        return (not self.begins or self.begins <= day) and (not self.ends or day <= self.ends)

    @property
    def lacks(self) -> list[str]:
        """What must be said of a person and is not: person, login, role, from, approved_by."""
        said = {"person": self.person, "login": self.login, "role": self.role, "approved_by": self.approved_by}
        found = [name for name, cell in said.items() if not is_answered(cell)]
        return found + ([] if self.begins else ["from"])


@dataclass(frozen=True)
class Access:
    """Under which role somebody works now, and what that permits.

    `everything` is true where the data is made up. `really` names the system's login where another one was given.
    """

    login: str
    role: str = ""
    special_category: bool = False
    re_identify: bool = False
    ask: str = ""
    everything: bool = False
    really: str = ""

    @property
    def standing(self) -> str:
        """The role and its permission in words, the same for everybody who sees the same; empty for made-up data."""
        return "" if self.everything else f"{self.role}, {'with' if self.special_category else 'without'} special data"


def people(project: Project) -> list[Person]:
    """Everybody in `reference/access.csv`, in its order; the worked line is not a person, a missing file is nobody.

    Raises EvidenceError, naming row and column, for a role that does not exist, anything but yes and no where one of
    the two is due, a date that is none, an end before its beginning, a declared interest that is no mark, and two rows
    of one login for the same time.
    """
    path = project.path(*WHERE.split("/"))
    if not path.is_file():
        return []
    roles = access_settings(project).roles
    found = [
        _person(line, cells, roles)
        for line, cells in reference_rows(read_text(path), WHERE, COLUMNS)
        if not cells["person"].lower().startswith(_EXAMPLE)
    ]
    _check_one_role_at_a_time(found)
    return found


def _person(line: int, cells: dict[str, str], roles: tuple[str, ...]) -> Person:
    role = cells["role"].lower()
    if is_answered(role) and role not in roles:
        raise _wrong(line, "role", "that is no role.", f"Use one of: {', '.join(roles)}; or add it to access.toml.")
    begins, ends = (_day(line, name, cells[name]) for name in ("from", "until"))
    if begins and ends and ends < begins:
        raise _wrong(line, "until", "it lies before the day in `from`.", "Put right whichever is wrong.")
    return Person(
        line=line,
        person=cells["person"],
        login=bare_login(cells["login"]),
        role=role,
        special_category=_yes(line, "special_category", cells),
        re_identify=_yes(line, "re_identify", cells),
        begins=begins,
        ends=ends,
        approved_by=cells["approved_by"],
        ask=cells["ask"],
        declared_interests=_marks(line, cells["declared_interests"]),
    )


def _marks(line: int, text: str) -> frozenset[str]:
    found = frozenset(text.replace(";", " ").lower().split())
    if not all(re.fullmatch(f"[0-9a-f]{{{_MARK_LENGTH}}}", one) for one in found):
        # What stands there may be a child's identifier, so it is not repeated.
        raise _wrong(
            line,
            "declared_interests",
            f"it holds something that is no mark: one has {_MARK_LENGTH} characters, 0 to 9 and a to f.",
            "Take it out, never write an identifier there, and put in what `evidence data access --declare` gives.\n"
            "Between two marks stands a blank or a semicolon.",
        )
    return found


def _yes(line: int, name: str, cells: dict[str, str]) -> bool:
    said = cells[name].lower()
    if said not in ("yes", "no", ""):
        raise _wrong(line, name, "it must be yes or no.", "Write yes only where it was approved.")
    return said == "yes"


def _day(line: int, name: str, text: str) -> date | None:
    if not text:
        return None
    if re.fullmatch(r"20\d\d-\d\d-\d\d", text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    # pandas is needed for what a spreadsheet made of a date, and for nothing else here.
    import pandas as pd

    from evidence.data.shapes import as_dates

    found = as_dates(pd.Series([text], dtype="str")).iloc[0]
    if pd.isna(found):
        raise _wrong(line, name, "that is no date.", "Write it as 2026-04-30 or 30/04/2026.")
    return found.date()


def _check_one_role_at_a_time(found: list[Person]) -> None:
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            apart = (one.ends and other.begins and one.ends < other.begins) or (
                other.ends and one.begins and other.ends < one.begins
            )
            if one.login and one.login == other.login and not apart:
                raise _wrong(
                    other.line,
                    "login",
                    f"row {one.line} gives the same login a role for the same time.",
                    "Keep one of them, or end one before the other begins.",
                )


def _wrong(line: int, column: str, what: str, remedy: str) -> EvidenceError:
    return EvidenceError(what, where=f"{WHERE}, row {line}, column {column}", remedy=remedy)


# Who is at work --------------------------------------------------------------------------------------------------


def bare_login(text: str) -> str:
    """A login without its domain, in lower case: `COUNCIL\\ASmith` and `asmith@council.gov.uk` are `asmith`."""
    return text.strip().rsplit("\\", 1)[-1].split("@", 1)[0].strip().lower()


def current_login() -> tuple[str, str]:
    """The login of whoever is at work, and the system's own where EVIDENCE_LOGIN gives another (else empty)."""
    real = bare_login(_login_of_the_system())
    given = bare_login(os.environ.get(LOGIN_VARIABLE, ""))
    return (given, real) if given and given != real else (real, "")


def _login_of_the_system() -> str:
    # Asked of the system itself where that is possible: variables such as USER are anybody's to set.
    try:
        if os.name == "nt":
            return os.getlogin()
        import pwd

        return pwd.getpwuid(os.geteuid()).pw_name
    except (OSError, KeyError, ImportError):
        pass
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def is_made_up(project: Project, data_folder: str | Path) -> bool:
    """Whether a folder is the shipped sample, or the project is still the template: nobody's data, so no rules."""
    if project.is_the_template:
        return True
    return project.path(str(data_folder)).resolve().is_relative_to(project.path("data", "sample").resolve())


def access_to(
    project: Project, data_folder: str | Path, *, day: date | None = None, show_login: bool = False
) -> Access:
    """What whoever is at work may do with the data in a folder, on a day (today).

    Made-up data is everybody's. For any other, raises EvidenceError when the login has no row in `reference/access.csv`
    that is complete and in force: it says whom to ask and which row to add. The login itself is only in the text with
    `show_login`, because the text of an error may be printed on a page.
    """
    login, really = current_login()
    if is_made_up(project, data_folder):
        return Access(login, everything=True, special_category=True, really=really)
    day = day or date.today()
    mine = [person for person in people(project) if person.login == login]
    for person in mine:
        if person.in_force(day) and not person.lacks:
            ask = person.ask or project.facts.accountable_owner
            return Access(login, person.role, person.special_category, person.re_identify, ask, really=really)
    raise _no_access(project, mine, day, login if show_login else "")


def _no_access(project: Project, mine: list[Person], day: date, login: str) -> EvidenceError:
    ask = next((person.ask for person in mine if is_answered(person.ask)), project.facts.accountable_owner)
    for person in mine:
        if person.in_force(day):
            lacking = " and ".join(person.lacks)
            return EvidenceError(
                f"your row does not say {lacking}, so the council's data was not opened.",
                where=f"{WHERE}, row {person.line}",
                remedy=f"Fill that in, with the agreement of: {ask}.",
            )
    if mine:
        last = max(mine, key=lambda person: person.ends or date.max)
        when = f"ended on {long_date(last.ends)}" if last.ends and last.ends < day else "has not begun yet"
        return EvidenceError(
            f"your access {when}, so the council's data was not opened.",
            where=f"{WHERE}, row {last.line}",
            remedy=f"Ask whether it is to be renewed: {ask}. Then change the dates in that row.",
        )
    return EvidenceError(
        "you are not listed as somebody who may read the council's own data, so it was not opened.",
        where=WHERE,
        remedy=f"Ask whether you may: {ask}. When it is agreed, add this row{_command(login)}:\n"
        f"{row_to_add(login or 'your login', day, ask)}\n"
        "Put your name, your role and, under approved_by, who agreed to it. Write yes under special_category only\n"
        "where ethnicity, health, disability and offending were agreed too: without it those columns stay hidden.",
    )


def _command(login: str) -> str:
    return "" if login else " (`evidence data access` gives it with your login)"


def row_to_add(login: str, day: date, ask: str) -> str:
    """The row of `access.csv` that a person without one needs, for somebody to complete and approve."""
    cells = ["Your name", login, "analyst", "no", "no", day.isoformat(), "", "", ask, ""]
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)


# Interests -------------------------------------------------------------------------------------------------------


def mark(key: bytes, login: str, token: str) -> str:
    """A person and a child as one mark, sixteen hexadecimal digits: neither can be read from it without the key.

    The same mark stands in `declared_interests` and in the log's line of a look-up, so the two can be compared, and
    two people's marks of one child have nothing in common.
    """
    return hmac.digest(key, f"interest:{bare_login(login)}:{token}".encode(), "sha256").hex()[:_MARK_LENGTH]
