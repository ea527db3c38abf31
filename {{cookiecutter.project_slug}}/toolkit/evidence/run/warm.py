"""Warm kernels: a kernel provisioner that asks a server of ours to fork, where Jupyter would start Python anew."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import Unicode

from evidence.run.warm_server import READY

PROVISIONER = "evidence-warm"
ADDRESS = "EVIDENCE_WARM_KERNELS"
_SECONDS_TO_GET_READY = 60


def can_be_warm() -> bool:
    """Whether forking is safe here: on macOS its own frameworks may stop a forked Python, and Windows has no fork."""
    return sys.platform == "linux" and hasattr(os, "fork")


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

    def close(self) -> None:
        """Ends the server and every kernel that it has made."""
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class _Forked:
    """A forked kernel as jupyter_client knows processes. Its end is the end of the connection that it holds open."""

    stdin = stdout = stderr = None

    def __init__(self, address: str, request: dict[str, Any]) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(address)
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        self.pid = int(self._connection.makefile("rb").readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            ended, _, _ = select.select([self._connection], [], [], 0)
            if ended:
                self._end()
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            select.select([self._connection], [], [])
            self._end()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _end(self) -> None:
        self.returncode = 1
        self._connection.close()


class WarmProvisioner(LocalProvisioner):
    """Launches a kernel by forking `warm_server`; where there is no such server, as Jupyter always does.

    address: the server's socket; without it, the environment variable EVIDENCE_WARM_KERNELS names it.
    """

    address = Unicode("").tag(config=True)
    errors = Unicode(os.devnull).tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        address = self.address or os.environ.get(ADDRESS, "")
        if cmd[1:3] != ["-m", "ipykernel_launcher"] or not _is_this_python(cmd[0]):
            return await super().launch_kernel(cmd, **kwargs)
        request = {
            "arguments": cmd[3:],
            "cwd": str(kwargs.get("cwd") or os.getcwd()),
            "environment": kwargs.get("env") or dict(os.environ),
            "errors": self.errors,
        }
        while os.environ.get(ADDRESS) == address and not os.path.exists(address):
            # JupyterLab's server is still getting ready; where it fails, the variable goes.
            await asyncio.sleep(0.02)
        try:
            self.process = await asyncio.to_thread(_Forked, address, request)
        except (OSError, ValueError):
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        return self.connection_info

    async def wait(self) -> int | None:
        """Notices the end of a kernel at once, where the usual way looks ten times a second."""
        if not isinstance(self.process, _Forked):
            return await super().wait()
        while self.process.poll() is None:
            await asyncio.sleep(0.005)
        self.process = None
        return 0


def _is_this_python(program: str) -> bool:
    """Whether a program is the Python that this process, and so the fork server, runs on."""
    return os.path.abspath(program) == os.path.abspath(sys.executable)


def register() -> None:
    """Makes the provisioner known to Jupyter in this process, installed as an entry point or not."""
    from importlib.metadata import EntryPoint

    place = f"{WarmProvisioner.__module__}:{WarmProvisioner.__name__}"
    entry = EntryPoint(PROVISIONER, place, KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners[PROVISIONER] = entry
