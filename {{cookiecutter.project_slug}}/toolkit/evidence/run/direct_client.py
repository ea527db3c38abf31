"""Talks to a kernel of `direct_kernel` through its socket, in the words of jupyter_client, which nbclient speaks."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections import deque
from queue import Empty

from evidence.project.slow_imports import without_slow_imports

with without_slow_imports():
    from jupyter_client.asynchronous import AsyncKernelClient
    from jupyter_client.jsonutil import parse_date
    from jupyter_client.session import json_packer, json_unpacker

# So many bytes are read at one time.
AT_ONCE = 1024**2


class Lines:
    """Puts lines together from what is read, which ends in the midst of one."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    def of(self, said: bytes) -> list[bytes]:
        """The lines that end in what has been read."""
        *whole, rest = said.split(b"\n")
        if whole:
            whole[0] = b"".join([*self._begun, whole[0]])
            self._begun.clear()
        self._begun.append(rest)
        return whole


class DirectClient(AsyncKernelClient):
    """A client whose channels share one connected socket. It serves one thread, whose event loop reads for it."""

    def __init__(self, connection: socket.socket, **given: object) -> None:
        super().__init__(**given)
        self._wire = wire = _Wire(connection)
        self._shell_channel, self._iopub_channel = wire.channels["shell"], wire.channels["iopub"]
        # A run asks nothing through these.
        self._control_channel = self._stdin_channel = self._hb_channel = _Channel(wire)

    def start_channels(self, *_: bool, **__: bool) -> None:
        self._wire.open()

    def stop_channels(self) -> None:
        self._wire.close()

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Nothing to wait for: what is sent before the kernel is ready lies in the socket until it is."""


class _Channel:
    """What has come for one kind of message, and whoever waits for the next one: nobody, or one coroutine."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._come: deque[dict] = deque()
        self._waiting: asyncio.Future | None = None

    def is_alive(self) -> bool:
        return self._wire.is_open

    def send(self, message: dict) -> None:
        self._wire.send(message)

    def put(self, message: dict) -> None:
        self._come.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get_msg(self, timeout: float | None = None) -> dict:
        """The next message. Raises Empty where none comes within `timeout` seconds."""
        while not self._come:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._waiting
            except TimeoutError:
                raise Empty from None
        return self._come.popleft()


class _Wire:
    """Lines to the kernel, and those from it, laid down by channel as they come."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = Lines()
        self.channels = {name: _Channel(self) for name in ("shell", "iopub")}
        self.is_open = False

    def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._connection.fileno(), self._read)
        self.is_open = True

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._connection.fileno())
            self._connection.close()

    def send(self, message: dict) -> None:
        self._connection.sendall(json_packer(message) + b"\n")

    def _read(self) -> None:
        try:
            said = self._connection.recv(AT_ONCE)
        except ConnectionError:
            said = b""
        if not said:
            # The kernel has ended; whoever waits for it looks whether it is alive.
            self._loop.remove_reader(self._connection.fileno())
        for line in self._lines.of(said):
            told = json_unpacker(line)
            message = told["message"]
            message["header"]["date"] = parse_date(message["header"]["date"])
            message["buffers"] = [base64.b64decode(one) for one in message["buffers"]]
            self.channels[told["channel"]].put(message)
