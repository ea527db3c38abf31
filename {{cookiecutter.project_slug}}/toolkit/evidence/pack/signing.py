"""Signs statements with a person's SSH key, and checks whose key made a signature: both by OpenSSH's own `ssh-keygen`.

Nobody needs this toolkit to check one:

    ssh-keygen -Y verify -f reference/allowed_signers -I "Ada Example" -n evidence-pack -s FILE.txt.sig < FILE.txt

The format is OpenSSH's SSHSIG (PROTOCOL.sshsig); `man ssh-keygen` describes the list of people, ALLOWED SIGNERS.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evidence.pack.statements import SIGNATURES, Statement, read_statement
from evidence.project import EvidenceError, Project, atomic_write, long_date, read_text

NAMESPACE = "evidence-pack"
ALLOWED_SIGNERS = "reference/allowed_signers"
# What ssh-keygen says, what that means, and what to do about it.
_REFUSALS = (
    (
        "passphrase",
        "the passphrase of the key was not right, or there was no terminal to ask for it.",
        "Repeat the command in a terminal, or unlock the key first: ssh-add {key}",
    ),
    (
        "unprotected private key|too open",
        "other users of this computer may read the key, so it is refused.",
        "Close it to them: chmod 600 {key}. If anybody may have read it, make a new one.",
    ),
    (
        "no private key found",
        "the private part of this key lies neither beside it nor in ssh-agent.",
        "Name the private key, or add it to the agent: ssh-add",
    ),
    (
        "no such file|invalid format|couldn't load|error in libcrypto|load key",
        "this is no SSH key.",
        "Name the file of your private key, often ~/.ssh/id_ed25519. To make one: ssh-keygen -t ed25519",
    ),
)


@dataclass(frozen=True)
class Signature:
    """One signature beside a pack, and what came of checking it, in words.

    `stands` is True where somebody who may sign made it for what this pack holds, False where it must not be relied on,
    and None where it is genuine but no list says whose key made it.
    """

    name: str
    what: str
    stands: bool | None
    statement: Statement | None = None

    def __str__(self) -> str:
        return f"{SIGNATURES}/{self.name}: {self.what}"


def sign(statement: Statement, key: Path, signers: Path) -> bytes:
    """The signature under a statement, made with a private key (or a public one whose other half ssh-agent holds).

    A key with a passphrase is asked for in the terminal. Raises EvidenceError when there is no ssh-keygen, when the key
    cannot be used, and when `signers` does not list it for the person named: such a signature would convince nobody.
    """
    program = _program()
    with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
        text = Path(folder, statement.file_name)
        text.write_bytes(statement.text.encode())
        done = _run([program, "-Y", "sign", "-n", NAMESPACE, "-f", str(key), str(text)], None)
        signature = text.with_name(f"{text.name}.sig")
        if done.returncode or not signature.is_file():
            raise _refused(done.stderr, key)
        if why := _why_not(program, text, statement, signers):
            raise EvidenceError(
                f"{why}. Nothing was signed off.",
                where=ALLOWED_SIGNERS,
                remedy=f"Ask whoever keeps that list to add this line:\n{_line_for(program, statement, key)}",
            )
        return signature.read_bytes()


def put_signature(project: Project, pack: Path, statement: Statement, signature: bytes) -> Path:
    """Writes statement and signature beside the pack and, for the packs after it, into `workbook/signed/`."""
    for folder in (project.path("workbook", "signed"), pack / SIGNATURES):
        atomic_write(folder / statement.file_name, statement.text)
        atomic_write(folder / f"{statement.file_name}.sig", signature)
    return pack / SIGNATURES / statement.file_name


def signatures_of(pack: Path, signers: Path | None) -> list[Signature]:
    """Every signature beside a pack, checked. signers: the list of who may sign, None where there is none.

    The pack itself must be found unaltered first. Raises EvidenceError when there are signatures and no ssh-keygen.
    """
    folder = pack / SIGNATURES
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
    if not names:
        return []
    program = _program()
    texts = [name for name in names if name.endswith(".txt")]
    stray = [name for name in names if name not in texts and name.removesuffix(".sig") not in texts]
    return [_checked(program, pack, folder / name, signers) for name in texts] + [
        Signature(name, "belongs to no sign-off here", False) for name in stray
    ]


def _checked(program: str, pack: Path, text: Path, signers: Path | None) -> Signature:
    signature = text.with_name(f"{text.name}.sig")
    if any(path.is_symlink() or not path.is_file() for path in (text, signature)):
        return Signature(text.name, "the sign-off or its signature is missing, or is a link", False)
    try:
        statement = read_statement(text)
    except EvidenceError as error:
        return Signature(text.name, error.what, False)
    fingerprint = _fingerprint(program, text)
    why = "" if fingerprint else "the signature is broken, or text and signature do not belong together"
    if not why and not statement.is_about(pack):
        why = "it was signed for another pack and says nothing of this one"
    if not why and signers is not None and signers.is_file():
        why = _why_not(program, text, statement, signers)
    if why:
        return Signature(text.name, why, False, statement)
    seen = "" if statement.was_made_for(pack) else " (for an earlier pack, of which this one keeps all that it covers)"
    said = f"{statement.sentence}{seen}"
    if signers is None or not signers.is_file():
        return Signature(text.name, f"{said}; genuine, but no list says whose key {fingerprint} is", None, statement)
    return Signature(text.name, f"{said}; signed with the key {fingerprint}", True, statement)


def _fingerprint(program: str, text: Path) -> str:
    """The fingerprint of the key that signed the text; empty where the signature is not one of this text."""
    done = _run([program, "-Y", "check-novalidate", "-n", NAMESPACE, "-s", f"{text}.sig"], text)
    match = re.search(r"SHA256:\S+", done.stdout)
    return match[0] if match and done.returncode == 0 else ""


def _why_not(program: str, text: Path, statement: Statement, signers: Path) -> str:
    """In words, why a genuine signature does not stand for the person named on the day named; empty where it does."""
    # A signature carries no time of its own. As with commits in git, the key must have been allowed on the day stated.
    day = f"-Overify-time={statement.day:%Y%m%d}"
    who = ["-f", str(signers), "-s", f"{text}.sig", day]
    done = _run([program, "-Y", "verify", "-I", statement.name, "-n", NAMESPACE, *who], text)
    if done.returncode == 0:
        return ""
    for word, what in (("expired", "was no longer allowed"), ("not yet valid", "was not yet allowed")):
        if word in done.stderr:
            return f"the key of {statement.name} {what} on {long_date(statement.day)}"
    others = _run([program, "-Y", "find-principals", *who], text).stdout.split("\n")
    named = " or ".join(name for name in others if name)
    if named and statement.name not in others:
        return f"it is signed with the key of {named}, not of {statement.name}"
    return f"the key that signed it is not listed for {statement.name}"


def _refused(said: str, key: Path) -> EvidenceError:
    for words, what, remedy in _REFUSALS:
        if re.search(words, said, re.IGNORECASE):
            return EvidenceError(what, where=str(key), remedy=remedy.format(key=key))
    last = said.strip().splitlines()[-1:] or ["no reason given"]
    return EvidenceError(f"ssh-keygen could not sign with this key: {last[0]}.", where=str(key))


def _line_for(program: str, statement: Statement, key: Path) -> str:
    """The line of the list of signers that allows this person's key."""
    public = _run([program, "-y", "-P", "", "-f", str(key)], None).stdout.split()
    beside = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
    if not public and beside.is_file():
        public = read_text(beside).split()
    shown = " ".join(public[:2]) or "followed by the line of the public key"
    return f'"{statement.name}" namespaces="{NAMESPACE}" {shown}'


def _program() -> str:
    """The path of ssh-keygen. Raises EvidenceError, saying how to get it, where there is none."""
    found = shutil.which("ssh-keygen")
    git = shutil.which("git")
    # Git for Windows brings it along, off the path.
    beside_git = Path(git).parents[1] / "usr" / "bin" / "ssh-keygen.exe" if git else None
    if not found and beside_git and beside_git.is_file():
        found = str(beside_git)
    if not found:
        raise EvidenceError(
            "signatures are made and checked by ssh-keygen, and this computer has none.",
            remedy="Windows: Settings, Optional features, OpenSSH Client, or install Git. Linux: openssh-client.",
        )
    return found


def _run(command: list[str], message: Path | None) -> subprocess.CompletedProcess[str]:
    """Runs ssh-keygen with `message` as its input; it asks for a passphrase in the terminal itself."""
    with open(message or os.devnull, "rb") as given:
        return subprocess.run(
            command,
            stdin=given,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},
        )
