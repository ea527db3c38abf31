"""A PostgreSQL server that a test starts for itself and stops again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

OWNER, PASSWORD = "owner", "Sekret-0wner"
REQUIRED = "EVIDENCE_REQUIRE_POSTGRES"


@dataclass(frozen=True)
class Server:
    """A server on this machine; `owner` may do everything in it."""

    port: int

    def address(self, account: str = OWNER, database: str = "postgres") -> str:
        """The address without a password."""
        return f"postgresql+psycopg://{account}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str) -> None:
        """Statements as the owner, one after the other."""
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=OWNER, password=PASSWORD, dbname="postgres", autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement)


def program(name: str) -> str | None:
    """Where one of PostgreSQL's programs lies: on the path, or where Debian puts those of the newest version."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return shutil.which(name) or (str(installed[-1]) if installed else None)


@contextmanager
def started() -> Iterator[Server]:
    """A new server with one account, reachable with a password alone."""
    initdb, postgres = program("initdb"), program("postgres")
    if not initdb or not postgres:
        reason = "PostgreSQL is not installed (on Debian and Ubuntu: apt-get install postgresql)"
        if os.environ.get(REQUIRED):
            pytest.fail(f"{reason}, and {REQUIRED} is set")
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="evidence-postgres-"))
    account = _unprivileged(folder)
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data = folder / "data"
        options = ["--username", OWNER, "--pwfile", str(secret), "--auth", "scram-sha-256", "--no-sync", "-E", "UTF8"]
        subprocess.run([initdb, "-D", str(data), *options], check=True, capture_output=True, cwd=folder, **account)
        yield from _serving(postgres, data, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to be run by root: then by another account, to which the folder is given."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, found.pw_uid, found.pw_gid)
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.fail("PostgreSQL cannot be run by root, and there is no account postgres or nobody")


def _serving(postgres: str, data: Path, account: dict[str, object]) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with open(data.parent / "log", "wb") as log:
        process = subprocess.Popen([postgres, "-D", str(data), *options], stdout=log, stderr=log, **account)
        try:
            _wait(process, port)
            yield Server(port)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def _wait(process: subprocess.Popen, port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            Server(port).run("SELECT 1")
        except Exception:
            time.sleep(0.1)
        else:
            return
    pytest.fail("PostgreSQL did not start")
