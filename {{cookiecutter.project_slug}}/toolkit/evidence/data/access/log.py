"""The access log: one line a load or look-up, sealed to the line before it (guidance action 5.13).

It lies in `logs/access_log.jsonl`, or in the folder that `project.toml` names, one JSON object a line: who (login and
role), when (UTC), at which stage or command, which data, which tables and columns, how many rows, and why. It never
holds a value from the data.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.data.access.chain import (
    ACCEPTED,
    FROM_THE_TOP,
    NEW_STRETCH,
    Chain,
    Fault,
    Head,
    Start,
    read_chain,
    sealed_line,
)
from evidence.data.access.people import Access, access_to, current_login, mark
from evidence.privacy import lasting_key
from evidence.project import EvidenceError, Project, atomic_write
from evidence.project.folders import hold

if TYPE_CHECKING:
    import pandas as pd

NAME = "access_log.jsonl"
LOAD, LOOK_UP, IN_CLEAR, REFUSED = "load", "look-up", "read in clear", "refused"
COLUMNS = ("when", "login", "role", "stage", "what", "data", "tables", "columns", "rows", "why", "flags", "line")
# How long a line may wait for another process that is writing one.
_PATIENCE = 30.0


def log_path(project: Project) -> Path:
    """Where the log lies. Raises EvidenceError when `project.toml` names a folder that is not there."""
    named = project.facts.access_log
    folder = project.path(named) if named else project.path("logs")
    if named and not folder.is_dir():
        raise EvidenceError(
            "the folder for the access log is not there, so no data was opened.",
            where="project.toml, [data] access_log",
            remedy='Connect the drive it lies on, or write access_log = "" to keep the log in this project.',
        )
    return folder / NAME


def _head_path(project: Project) -> Path:
    return project.path(".evidence", "access_log_head")


def remembered_head(project: Project) -> tuple[Head, ...]:
    """The last line this project wrote, as it noted it outside the log; nothing where it never wrote one."""
    noted = _noted(project)
    return (Head(noted["n"], noted["hash"], ".evidence/access_log_head"),) if noted else ()


def _noted(project: Project) -> dict:
    try:
        noted = json.loads(_head_path(project).read_text(encoding="utf-8"))
        return {**noted, "n": int(noted["n"]), "hash": str(noted["hash"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def read_log(project: Project, more_heads: tuple[Head, ...] = ()) -> Chain:
    """The log as it stands, checked against itself and what is remembered of it elsewhere. A missing log is empty."""
    return read_chain(_bytes(log_path(project)), (*remembered_head(project), *more_heads))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _unusable(error) from None


def append(project: Project, entry: Mapping[str, object], now: datetime | None = None) -> None:
    """Adds one line, whoever else is adding one. After a fault it begins a new stretch, with a line that says why.

    Returns when the line is on disk. Raises EvidenceError when it cannot be written: then nothing is to be handed over.
    """
    if project.is_the_template:
        # The template is nobody's project, and what is left in its folder would be copied into every new one.
        return
    entry = {"when": _stamp(now), **entry}
    with _held(project) as data:
        chain = read_chain(data, remembered_head(project), _known(project, data))
        faults = _unannounced(chain)
        if not faults:
            number, previous = chain.head
            _add(project, data, b"", [(entry, number + 1, previous)])
            return
        why = "; ".join(str(fault) for fault in faults[:5])
        torn = chain.torn and len(faults) == 1
        _new_stretch(project, data, {"when": entry["when"], "what": NEW_STRETCH, "torn": torn, "why": why}, entry)


def accept_faults(project: Project, why: str, now: datetime | None = None) -> int:
    """Notes in the log that a person has looked into its faults, with what they found; returns how many there were.

    The faults stay listed; from then on they count as settled. Raises EvidenceError when no reason is given.
    """
    if len(why.split()) < 3:
        raise EvidenceError("say what was found, in a sentence.", remedy='For example: --accept "The disk was full."')
    login, really = current_login()
    with _held(project) as data:
        found = len(read_chain(data, remembered_head(project)).open_faults)
        if found:
            who = {"login": login, "really": really} if really else {"login": login}
            _new_stretch(project, data, {"when": _stamp(now), **who, "what": ACCEPTED, "faults": found, "why": why})
    return found


@contextmanager
def _held(project: Project) -> Iterator[bytes]:
    """The log as it stands, while nobody else can add to it."""
    path = log_path(project)
    try:
        with hold(path.with_name(f".{path.stem}.lock"), "Writing the access log", wait=_PATIENCE):
            yield _bytes(path)
    except OSError as error:
        raise _unusable(error) from None


def _known(project: Project, data: bytes) -> Start:
    """How far the log is byte for byte what it was when this project last wrote to it, so that is not read again."""
    noted = _noted(project)
    try:
        start = Start(int(noted["size"]), int(noted["line"]), int(noted["n"]), str(noted["hash"]))
        same = hashlib.sha256(data[: start.offset]).hexdigest() == noted["digest"]
    except (KeyError, TypeError, ValueError):
        return FROM_THE_TOP
    return start if same else FROM_THE_TOP


def _unannounced(chain: Chain) -> list[Fault]:
    """The faults that no line of the log speaks of yet."""
    announced = max((line for line, entry in chain.entries if entry.get("what") in (NEW_STRETCH, ACCEPTED)), default=0)
    return [fault for fault in chain.open_faults if fault.line > announced]


def _new_stretch(project: Project, data: bytes, first: dict, then: dict | None = None) -> None:
    """Adds a line that seals everything before it as it is, and after it perhaps another."""
    ends = b"" if data.endswith(b"\n") or not data else b"\n"
    number = max(head.number for head in (*remembered_head(project), Head(read_chain(data).head[0], "", ""))) + 1
    lines = [(first, number, hashlib.sha256(data + ends).hexdigest())]
    if then:
        lines.append((then, number + 1, ""))
    _add(project, data, ends, lines)


def _add(project: Project, data: bytes, before: bytes, lines: list[tuple[dict, int, str]]) -> None:
    """Writes lines (entry, number, hash of the line before; empty: the one just written), then notes the last one."""
    text, digest = before, ""
    for entry, number, previous in lines:
        line = sealed_line(entry, number, previous or digest)
        digest = json.loads(line)["hash"]
        text += line
    mode = 0o666 if project.facts.access_log else 0o600
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(log_path(project), flags, mode)
    try:
        if os.write(descriptor, text) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    data += text
    noted = {"n": number, "hash": digest, "line": data.count(b"\n"), "size": len(data)}
    noted["digest"] = hashlib.sha256(data).hexdigest()
    atomic_write(_head_path(project), json.dumps(noted) + "\n")


def _stamp(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")


def _unusable(error: OSError) -> EvidenceError:
    return EvidenceError(
        f"the access log cannot be read or written ({error.strerror}), so no data was opened.",
        where="the folder of the access log",
        remedy="Check that you may write there; [data] access_log in project.toml names it, else it is logs/.",
    )


# What is logged ----------------------------------------------------------------------------------------------------


def log_read(
    project: Project,
    access: Access,
    *,
    data: str,
    read: Mapping[str, tuple[list[str], int]],
    why: str,
    stage: int | None = None,
    what: str = LOAD,
    now: datetime | None = None,
) -> None:
    """One line for data that is about to be handed over. read: table -> (columns, number of rows)."""
    tables = {name: {"columns": list(columns), "rows": rows} for name, (columns, rows) in read.items()}
    append(project, {**_who(access), "what": what, "stage": stage, "data": data, "tables": tables, "why": why}, now)


def admitted(
    project: Project, data_folder: str | Path, *, stage: int | None = None, show_login: bool = False
) -> Access:
    """What whoever is at work may do with the data in a folder; one line for somebody who is not let in.

    Raises EvidenceError as `access_to` does, before any file of data is opened.
    """
    try:
        return access_to(project, data_folder, show_login=show_login)
    except EvidenceError as error:
        login, really = current_login()
        entry = {**_who(Access(login, really=really)), "what": REFUSED, "stage": stage}
        append(project, {**entry, "data": place_of(project, data_folder), "tables": {}, "why": error.what})
        raise


def place_of(project: Project, data_folder: str | Path) -> str:
    """How a data folder is named: from the project's folder; one outside it by its own name alone."""
    return project.relative(project.path(str(data_folder)))


def log_look_up(
    project: Project, token: str, why: str, *, data_folder: str | Path, now: datetime | None = None
) -> list[str]:
    """One line for finding out which child a token stands for; to be called before the answer is given.

    token: made under the project's lasting key, so that a child's marks stay the same when the key is changed.
    Returns what was flagged about it, in words. Raises EvidenceError, and logs the attempt, when whoever is at work may
    not re-identify, and when no reason is given. The log holds a mark of person and child, never token or identifier.
    """
    from evidence.data.access.flags import flags_of_look_up

    access = access_to(project, data_folder, day=now.date() if now else None)
    subject = mark(lasting_key(project), access.login, token)
    entry = {**_who(access), "stage": None, "data": place_of(project, data_folder), "tables": {}}
    entry |= {"subject": subject, "why": " ".join(why.split())}
    if not (access.re_identify or access.everything):
        append(project, {**entry, "what": REFUSED}, now)
        raise EvidenceError(
            f"the role {access.role} may not find out which child a token stands for.",
            where="reference/access.csv, column re_identify",
            remedy=f"Ask: {access.ask}. The attempt was logged.",
        )
    if len(why.split()) < 2:
        raise EvidenceError(
            "a look-up needs its reason, in a few words.", remedy='For example: --why "Checking a flag with the team".'
        )
    append(project, {**entry, "what": LOOK_UP}, now)
    return flags_of_look_up(project, entry)


def _who(access: Access) -> dict[str, str]:
    who = {"login": access.login, "role": access.role}
    return {**who, "really": access.really} if access.really else who


# Reading it -------------------------------------------------------------------------------------------------------


def access_log_lines(project: Project, until: date | None = None) -> pd.DataFrame:
    """One row a load, look-up, reading in clear or refusal, in the order of the log.

    Columns: when (UTC), login, role (empty for made-up data, which needs none, and for somebody without one), stage
    (missing for a command), what (load, look-up, read in clear, refused), data (the folder), tables, columns
    ("episodes: CHILD, DECOM; …"), rows, why, flags (words joined by "; ", empty where nothing is odd), line (in the
    file). `until` leaves out lines of that day (UTC) and later, so that what is said of a day stays the same
    afterwards. Lines that were altered are left out: `is_whole` tells. Source: action 5.13.
    """
    import pandas as pd

    from evidence.data.access.flags import flags

    rows = [_row(line, entry) for line, entry in read_log(project).entries if "tables" in entry]
    frame = pd.DataFrame(filter(None, rows), columns=[*COLUMNS[:-2], "line", "subject", "really"])
    frame["when"] = pd.to_datetime(frame["when"], utc=True)
    frame["stage"] = pd.to_numeric(frame["stage"]).astype("Int64")
    frame["rows"] = frame["rows"].astype("int64")
    if until is not None:
        frame = frame[frame["when"] < pd.Timestamp(until, tz="UTC")].reset_index(drop=True)
    frame["flags"] = flags(frame, project)
    return frame[list(COLUMNS)]


def _row(line: int, entry: dict) -> tuple | None:
    """One line as a row of the table; None for one that this toolkit cannot have written."""
    try:
        tables = entry["tables"]
        columns = "; ".join(f"{name}: {', '.join(one['columns'])}" for name, one in tables.items())
        rows = sum(int(one["rows"]) for one in tables.values())
        when, stage = datetime.fromisoformat(entry["when"]), entry.get("stage")
        said = [str(entry.get(name, "")) for name in ("login", "role", "what", "data", "why", "subject", "really")]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    login, role, what, data, why, subject, really = said
    stage = stage if isinstance(stage, int) else None
    return when, login, role, stage, what, data, ", ".join(tables), columns, rows, why, line, subject, really


def log_digest(project: Project, until: date) -> str:
    """A digest of what pages say of the log's lines before `until`: the same as long as they do not change.

    It needs no table; what is flagged follows from these lines and from files whose reading is noted.
    """
    entries = [_row(line, entry) for line, entry in read_log(project).entries if "tables" in entry]
    lines = [entry for entry in entries if entry is not None and entry[0].astimezone(UTC).date() < until]
    return hashlib.sha256(f"{is_whole(project, until)}\n{lines}".encode()).hexdigest()


def is_whole(project: Project, until: date | None = None) -> bool:
    """Whether the log's lines before `until` (all) hold no fault that nobody has settled.

    Without `until` also whether everything that is remembered of it elsewhere is still in it.
    """
    if until is None:
        return not read_log(project).open_faults
    chain = read_chain(_bytes(log_path(project)))
    later = [line for line, entry in chain.entries if str(entry.get("when"))[:10] >= until.isoformat()]
    # A line that was taken out shows at the line after it, which may be the first of a later day.
    seen = [fault for fault in chain.open_faults if fault.line <= min(later, default=chain.lines + 1)]
    return not [fault for fault in seen if fault.when[:10] < until.isoformat()]
