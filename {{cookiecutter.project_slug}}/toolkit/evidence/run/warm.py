"""Warm kernels: a kernel provisioner that asks a server of ours to fork, where Jupyter would start Python anew."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import Unicode

PROVISIONER = "evidence-warm"
ADDRESS = "EVIDENCE_WARM_KERNELS"
_SECONDS_TO_CONNECT = 60


class _Forked:
    """A forked kernel as jupyter_client knows processes. Its end is the end of the connection that it holds open."""

    stdin = stdout = stderr = None

    def __init__(self, address: str, request: dict[str, Any]) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(address)
        with socket.socket(socket.AF_UNIX) as listener:
            if request["messages"]:
                listener.bind(request["messages"])
                listener.listen(1)
                listener.settimeout(_SECONDS_TO_CONNECT)
            self._connection.sendall(json.dumps(request).encode() + b"\n")
            self.pid = int(self._connection.makefile("rb").readline())
            self.messages = listener.accept()[0] if request["messages"] else None
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

    address: the server's socket; without it, the environment variable EVIDENCE_WARM_KERNELS names it. messages: the
    name of a socket for a kernel that is asked through it alone, as `direct_kernel` has it; without it, through
    ZeroMQ as any other.
    """

    address = Unicode("").tag(config=True)
    errors = Unicode(os.devnull).tag(config=True)
    messages = Unicode("").tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        address = self.address or os.environ.get(ADDRESS, "")
        if cmd[1:3] != ["-m", "ipykernel_launcher"] or not _is_this_python(cmd[0]):
            return await super().launch_kernel(cmd, **kwargs)
        request = {
            "arguments": cmd[3:],
            "cwd": str(kwargs.get("cwd") or os.getcwd()),
            "environment": kwargs.get("env") or dict(os.environ),
            "errors": self.errors,
            "messages": self.messages,
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

    @property
    def connection(self) -> socket.socket | None:
        """The socket of a kernel that is asked through it; None for one that is asked through ZeroMQ."""
        return self.process.messages if isinstance(self.process, _Forked) else None

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
