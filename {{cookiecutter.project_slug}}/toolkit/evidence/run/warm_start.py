"""Starts the process that forks warm kernels, before anything of Jupyter is imported: that takes a while itself."""

from __future__ import annotations

import json
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path

from evidence.run.limits import kill
from evidence.run.warm_server import READY

_SECONDS_TO_GET_READY = 60
_SECONDS_TO_END = 1


def can_be_warm() -> bool:
    """Whether forking is safe here: on macOS its own frameworks may stop a forked Python, and Windows has no fork."""
    return sys.platform == "linux" and hasattr(os, "fork")


class Called:
    """Functions called one after the other in a process of their own."""

    def __init__(self, address: str, function: str, given: tuple[object, ...]) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(address)
        self._ask(function, given, cwd=os.getcwd(), errors=os.devnull, environment=dict(os.environ))

    def then(self, function: str, *given: object) -> None:
        """Has another function called with what the one before it gives, and these. Raises OSError where it cannot."""
        self._ask(function, given)

    def result(self) -> object:
        """What the last function gives. Raises EOFError where one has raised or been killed, or none was called."""
        with self._connection, self._connection.makefile("rb") as answer:
            self._connection.shutdown(socket.SHUT_WR)
            answer.readline()
            pickled = answer.read()
        try:
            return pickle.loads(pickled)
        except pickle.UnpicklingError:
            raise EOFError("The process ended before it had answered.") from None

    def _ask(self, function: str, given: tuple[object, ...], **where: object) -> None:
        self._connection.sendall(json.dumps({"function": function, "arguments": given, **where}).encode() + b"\n")


class WarmServer:
    """The server's process. It starts at once and gets ready while its owner does other things.

    Its socket and what it writes to its standard error lie in `folder`, whose name has to be short.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.address = str(folder / "warm")
        with open(folder / "warm.txt", "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "evidence.run.warm_server", self.address],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        self._ready: bool | None = None
        self._asking = threading.Lock()

    def ready(self) -> bool:
        """Waits until kernels can be had; False where the server has ended, or takes too long."""
        with self._asking:
            if self._ready is None:
                there, _, _ = select.select([self._process.stdout], [], [], _SECONDS_TO_GET_READY)
                self._ready = bool(there) and self._process.stdout.read(len(READY)) == READY
        return self._ready and self._process.poll() is None

    def call(self, function: str, *given: object) -> Called:
        """Has a function, "package.module:name", called in a process of its own, where what stages import is there.

        given: what JSON can say. Raises OSError where the server does not answer.
        """
        return Called(self.address, function, given)

    def close(self) -> None:
        """Ends the server and every kernel that it has made."""
        self._process.stdin.close()
        if self._ready is None:
            # Nothing was asked of it, and it notices no end while it imports.
            kill(self._process.pid)
        try:
            self._process.wait(timeout=_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            # It may be in the middle of an import, which is long on a slow drive.
            kill(self._process.pid)
            self._process.wait()
        self._process.stdout.close()
