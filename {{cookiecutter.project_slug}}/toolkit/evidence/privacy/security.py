"""The part of a security test that a computer can do (guidance action 7.06): what lies in the project, and who may see.

Known faults of dependencies where advisories are given, secrets in the project's own files, who may open the folders of
data, and settings. No secret is ever shown: a finding names a file, a line and a kind.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project import EvidenceError, git_says, read_text

if TYPE_CHECKING:
    import pandas as pd

    from evidence.project import Project

PASS, FAIL, NOT_CHECKED = "pass", "fail", "not checked"
ADVISORIES = "reference/advisories"
# Made by machines, or not the project's own; the data is looked for elsewhere and never opened here.
_PASSED_OVER = {
    ".evidence", ".git", ".hypothesis", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", ".venv", "__pycache__",
    "build", "data", "logs", "packs", "toolkit", "advisories",
}  # fmt: skip
_LARGEST = 1_000_000
_SHOWN = 10

# By kind what must stand in the line, in small letters, and the shape: looking for plain text first is far quicker.
_SECRETS = {
    "a private key": (("private key",), re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    "an access key of Amazon": (("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    "a token of GitHub": (
        ("gh", "github_pat_"),
        re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{50,}\b"),
    ),
    "a token of Slack": (("xox",), re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}\b")),
    "a storage key of Azure": (
        ("accountkey=",),
        re.compile(r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}", re.IGNORECASE),
    ),
    "a password in an address": (
        ("://",),
        re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@]+:(?![{$<*])[^\s/@]{3,}@", re.IGNORECASE),
    ),
    "a password in a connection": (
        ("pwd=", "password="),
        re.compile(r"\b(?:pwd|password)=(?![{$<*\s;])[^\s;\"'{}]{3,};", re.IGNORECASE),
    ),
}
_NAMES = ("passw", "secret", "key", "token")
_NAMED = re.compile(
    r"(?i)\b[\w.-]*(?:passw(?:or)?d|secret|api_?key|access_?key|auth_?token|private_?key)[\w.-]*"
    r"""["']?\s*[:=]\s*["']([^"'\s]{6,})["']"""
)
_RANDOM = re.compile(r"[A-Za-z0-9]{20,}")
# A digest is random too, and public: SHA-1, SHA-256 and longer ones in hexadecimal digits.
_DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}", re.IGNORECASE)
_RANDOM_ENOUGH = 3.7
_PLACEHOLDERS = re.compile(r"(?i)change.?me|example|placeholder|your|xxx|\*\*\*|<.*>|\{.*\}|\$\w+")


@dataclass(frozen=True)
class Suspect:
    """Something that looks like a secret: where it is, and what kind. What it says is not kept."""

    file: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.kind}"


def security_checks(project: Project, data_folder: Path) -> pd.DataFrame:
    """What was checked by machine: index check; columns result (pass, fail, not checked), found, what_to_do.

    data_folder: where the run's data lies. The sample data is made up, so who may open it makes no difference.
    """
    import pandas as pd

    rows = {
        "dependencies without known faults": _dependencies(project),
        "no secret in the project's files": _no_secret(project),
        "folders of data closed to others": _closed_folders(project, data_folder),
        "data kept out of version control": _out_of_git(project),
        "no raw output saved in a notebook": _clean_notebooks(project),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["result", "found", "what_to_do"]).rename_axis("check")


def tree_digest(project: Project, data_folder: Path) -> str:
    """A digest of what these checks rest on besides what files say: which files there are, who may open the data."""
    names = [project.relative(path) for path in own_files(project.root)]
    return hashlib.sha256(json.dumps([names, _closed_folders(project, data_folder)]).encode()).hexdigest()


# Dependencies -----------------------------------------------------------------------------------------------------


def _dependencies(project: Project) -> tuple[str, str, str]:
    locked = locked_versions(read_text(project.path("requirements.lock")))
    advisories = list(read_advisories(project.path(*ADVISORIES.split("/"))))
    if not advisories:
        how = f"Put advisories (OSV files, or a CSV with id, package, introduced, fixed) in {ADVISORIES}."
        return NOT_CHECKED, f"{len(locked)} packages are locked; no advisory is given", how
    found = sorted({f"{package} {version}: {name}" for name, package, version in known_faults(locked, advisories)})
    looked = f"{len(locked)} packages against {len(advisories)} advisories"
    return _verdict(found, f"{looked}: none applies", "Lock a version in which it is mended, and test again.")


def locked_versions(text: str) -> list[tuple[str, str]]:
    """(package, version) of each line `name==version` of a lock file, names as the index compares them."""
    from packaging.utils import canonicalize_name

    pairs = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", text, flags=re.MULTILINE)
    return [(canonicalize_name(name), version) for name, version in pairs]


def read_advisories(folder: Path) -> Iterator[dict]:
    """Each advisory in the folder's JSON (OSV: one, or a list) and CSV files (id, package, introduced, fixed, summary).

    Raises EvidenceError, naming the file, for one that cannot be read.
    """
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        try:
            document = json.loads(read_text(path))
        except ValueError:
            raise EvidenceError("this is not valid JSON.", where=f"{ADVISORIES}/{path.name}") from None
        for one in document if isinstance(document, list) else [document]:
            if not isinstance(one, dict) or "affected" not in one:
                raise EvidenceError("this is not an advisory in the OSV format.", where=f"{ADVISORIES}/{path.name}")
            if not one.get("withdrawn"):
                yield one
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        for number, row in enumerate(csv.DictReader(io.StringIO(read_text(path))), 2):
            if not row.get("id") or not row.get("package"):
                raise EvidenceError(
                    "an advisory needs an id and a package.", where=f"{ADVISORIES}/{path.name}, row {number}"
                )
            events = [{"introduced": row.get("introduced") or "0"}]
            events += [{"fixed": row["fixed"]}] if row.get("fixed") else []
            package = {"name": row["package"], "ecosystem": "PyPI"}
            yield {"id": row["id"], "affected": [{"package": package, "ranges": [{"events": events}]}]}


def known_faults(locked: Iterable[tuple[str, str]], advisories: Iterable[dict]) -> Iterator[tuple[str, str, str]]:
    """(advisory, package, version) for each locked version that an advisory speaks of."""
    from packaging.utils import canonicalize_name

    locked = list(locked)
    for advisory in advisories:
        for affected in advisory["affected"]:
            package = affected.get("package", {})
            if package.get("ecosystem", "PyPI") != "PyPI":
                continue
            name = canonicalize_name(str(package.get("name", "")))
            for locked_name, version in locked:
                if locked_name == name and _is_affected(version, affected):
                    yield str(advisory["id"]), locked_name, version


def _is_affected(version: str, affected: dict) -> bool:
    """As https://ossf.github.io/osv-schema/ says: named among `versions`, or inside one of the ranges."""
    from packaging.version import InvalidVersion, Version

    if version in affected.get("versions", []):
        return True
    try:
        here = Version(version)
        for span in affected.get("ranges", []):
            if span.get("type", "ECOSYSTEM") == "GIT":
                continue
            inside = False
            for event in sorted(span.get("events", []), key=lambda one: _place(one)):
                kind, at = next(iter(event.items()))
                if kind == "introduced" and here >= _place(event):
                    inside = True
                elif kind == "fixed" and here >= Version(at):
                    inside = False
                elif kind == "last_affected" and here > Version(at):
                    inside = False
            if inside:
                return True
    except InvalidVersion:
        # A version that cannot be placed is better looked at than passed over.
        return True
    return False


def _place(event: dict):
    from packaging.version import Version

    at = str(next(iter(event.values())))
    return Version("0.dev0") if at == "0" else Version(at)


# Secrets ----------------------------------------------------------------------------------------------------------


def _no_secret(project: Project) -> tuple[str, str, str]:
    found = [one for path in own_files(project.root) for one in suspects(path, project.relative(path))]
    remedy = "Take it out, change it where it is used (whoever has the file has it), and keep it outside the project."
    return _verdict([str(one) for one in found], "none found in the project's own files", remedy)


def own_files(root: Path) -> list[Path]:
    """The text files that people write in a project: not the toolkit, the data, or what machines make."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix != ".lock" and not path.is_symlink() and path.stat().st_size <= _LARGEST:
                found.append(path)
    return [path for path in found if b"\0" not in _beginning(path)]


def _beginning(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(2000)


def suspects(path: Path, name: str) -> list[Suspect]:
    """What looks like a secret in a text file: known shapes, names such as `password`, random text."""
    found, text = [], read_text(path)
    small = text.lower()
    # What stands nowhere in the file need not be looked for in every line of it.
    secrets = {
        kind: (here, shape)
        for kind, (needed, shape) in _SECRETS.items()
        if (here := [one for one in needed if one in small])
    }
    names = [one for one in _NAMES if one in small]
    for number, line in enumerate(text.splitlines(), 1):
        kind = _kind_of_secret(line, secrets, names)
        if kind:
            found.append(Suspect(name, number, kind))
    return found


def _kind_of_secret(line: str, secrets: dict[str, tuple[list[str], re.Pattern]], names: list[str]) -> str:
    """The first kind of secret in a line: of `secrets`, by one of the `names`, or random; empty where there is none."""
    small = line.lower()
    for kind, (needed, shape) in secrets.items():
        if any(text in small for text in needed) and shape.search(line):
            return kind
    for said in _NAMED.findall(line) if any(text in small for text in names) else ():
        if not _PLACEHOLDERS.search(said):
            return "a password or key by its name"
    for word in _RANDOM.findall(line):
        # The last question takes longest.
        if _is_mixed(word) and not _DIGEST.fullmatch(word) and _entropy(word) >= _RANDOM_ENOUGH:
            return "text as random as a key"
    return ""


def _entropy(word: str) -> float:
    """Bits a character: 3 to 3.6 in words and names, above 3.8 in twenty random letters and digits."""
    counts = Counter(word)
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts.values())


def _is_mixed(word: str) -> bool:
    """A key has small letters, capitals and digits in several places; a long name ends in its digits."""
    return bool(re.search("[a-z]", word) and re.search("[A-Z]", word)) and len(re.findall("[0-9]+", word)) > 1


# Who may see, and settings ----------------------------------------------------------------------------------------


def _closed_folders(project: Project, data_folder: Path) -> tuple[str, str, str]:
    if os.name == "nt":
        return NOT_CHECKED, "Windows keeps who may open a folder elsewhere", "Look at the properties of data/raw."
    wanted = [data_folder, project.path("data", "raw"), project.path("logs")]
    sample = project.path("data", "sample")
    held = [path for path in dict.fromkeys(wanted) if path != sample and _holds_something(path)]
    # A full path names a person or a server, so a folder outside the project is not named.
    named = [
        (path, project.relative(path) if path.is_relative_to(project.root) else "the data's folder") for path in held
    ]
    open_ones = [name for path, name in named if _open_to_others(path)]
    return _verdict(
        [f"files of {name} can be read by everyone on this machine" for name in open_ones],
        "no file of the data or of the access log can be read by others on this machine",
        "Close it: chmod -R o-rwx and the folder's name.",
    )


def _open_to_others(folder: Path) -> bool:
    """Whether somebody who is neither the owner nor in the group may read a file in it."""
    if not folder.stat().st_mode & stat.S_IXOTH:
        return False
    return any(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH) for path in folder.rglob("*") if path.is_file())


def _holds_something(folder: Path) -> bool:
    names = (path.name for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else ()
    return any(name not in ("README.md", ".gitkeep") for name in names)


def _out_of_git(project: Project) -> tuple[str, str, str]:
    ignore = project.path(".gitignore")
    lines = read_text(ignore).splitlines() if ignore.is_file() else []
    found = [] if any(line.strip().strip("/") in ("data/raw/*", "data/raw", "data") for line in lines) else [
        ".gitignore does not name data/raw"
    ]  # fmt: skip
    kept = git_says(project.root, "ls-files", "--", "data/raw", "logs").splitlines()
    tracked = [name for name in kept if Path(name).name not in ("README.md", ".gitkeep")]
    found += [f"{len(tracked)} files of data/raw or logs are in version control"] if tracked else []
    return _verdict(found, "data/raw is ignored, and no file of it is kept", "Remove it from git, its history as well.")


def _clean_notebooks(project: Project) -> tuple[str, str, str]:
    found, looked = [], 0
    for path in sorted(project.path("notebooks").glob("*.ipynb")):
        looked += 1
        for number, cell in enumerate(json.loads(read_text(path))["cells"], 1):
            if any(_by_hand(output) for output in cell.get("outputs", [])):
                found.append(f"{path.name}, cell {number}")
    return _verdict(found, f"{looked} notebooks: none", "Clear that cell's output and save.")


def _by_hand(output: dict) -> bool:
    """Whether an output is a table or a picture that passed no disclosure control: a stage marks its own."""
    shown = {"text/html", "image/png", "image/svg+xml"} & set(output.get("data", {}))
    return bool(output.get("output_type") == "execute_result" or shown) and "evidence" not in output.get("metadata", {})


def _verdict(found: list[str], none: str, remedy: str) -> tuple[str, str, str]:
    if not found:
        return PASS, none, ""
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return FAIL, "; ".join(found[:_SHOWN]) + more, remedy
