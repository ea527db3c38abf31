"""What tests do in JupyterLab as a person would: start it, open a notebook, run all its cells."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

TOKEN = "reader"


@contextlib.contextmanager
def started_lab(project: Path, settings: Path) -> Iterator[str]:
    """`evidence lab` on the project, with an empty folder of settings of its own; gives its address."""
    # Tests may run as root, which JupyterLab refuses unless it is told otherwise.
    (settings / "jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}')
    port = _free_port()
    toolkit = str(project / "toolkit")
    # The tests themselves draw into nothing; a person's JupyterLab shows figures.
    usual = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    process = subprocess.Popen(
        [sys.executable, "-m", "evidence", "lab", "--no-browser", "--port", str(port)],
        cwd=project,
        env={**usual, "PYTHONPATH": toolkit, "JUPYTER_TOKEN": TOKEN, "JUPYTER_CONFIG_DIR": str(settings)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_for(address: str, process: subprocess.Popen) -> None:
    for _ in range(120):
        assert process.poll() is None, "JupyterLab ended before it answered"
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("JupyterLab did not answer within a minute")


def open_notebook(tab, address: str, path: Path) -> None:
    """Opens a notebook alone in its workspace and waits until its kernel is ready."""
    tab.goto(f"{address}/lab/workspaces/{path.stem}/tree/{path.name}?token={TOKEN}", wait_until="domcontentloaded")
    tab.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    tab.get_by_text("(ipykernel) | Idle").wait_for(timeout=90_000)


def run_all(tab, path: Path, until: str = "") -> list[dict]:
    """Chooses Run All Cells from the menu and saves until all have run, or one failed; returns the code cells.

    `until` are words that the outputs must hold, where the saved file has outputs from before.
    """
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_text("Run All Cells", exact=True).click()
    # Only cells in sight are in the page, so the saved file tells how far it is.
    for _ in range(60):
        tab.wait_for_timeout(2000)
        tab.keyboard.press("Control+s")
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            # It is just being written.
            continue
        cells = [cell for cell in saved["cells"] if cell["cell_type"] == "code"]
        failed = [cell for cell in cells if any(one["output_type"] == "error" for one in cell["outputs"])]
        if failed or (
            all(cell["execution_count"] for cell in cells) and until in str([cell["outputs"] for cell in cells])
        ):
            return cells
    raise AssertionError("the notebook did not finish within two minutes")


class Kernel:
    """A kernel of a running JupyterLab, used through the server's own interface."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._id = self._ask("/api/kernels", {"name": "python3"})["id"]
        self._connect()

    def _ask(self, path: str, given: dict | None = None, method: str = "POST") -> dict:
        request = urllib.request.Request(
            f"{self._address}{path}",
            data=json.dumps(given or {}).encode(),
            method=method,
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")

    def _connect(self) -> None:
        import websocket

        address = self._address.replace("http", "ws", 1)
        self._socket = websocket.create_connection(
            f"{address}/api/kernels/{self._id}/channels?token={TOKEN}", timeout=60
        )

    def run(self, code: str) -> list[dict]:
        """What the kernel sends back while it runs a cell: outputs and errors, in order."""
        self.begin(code)
        return self.outputs()

    def begin(self, code: str) -> None:
        """Sends a cell and does not wait for it."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "user_expressions": {}}
        header = {"msg_id": f"cell-{time.monotonic_ns()}", "msg_type": "execute_request", "session": "test"}
        header |= {"username": "", "version": "5.3", "date": "2026-01-01T00:00:00Z"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self._socket.send(json.dumps(message))
        self._asked = header["msg_id"]

    def outputs(self, until: str = "") -> list[dict]:
        """What the cell sends back up to its end, or up to the words `until`."""
        found = []
        while True:
            message = json.loads(self._socket.recv())
            if message["parent_header"].get("msg_id") != self._asked:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return found
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                found.append(message["content"])
                if until and until in message["content"].get("text", ""):
                    return found

    def interrupt(self) -> None:
        self._ask(f"/api/kernels/{self._id}/interrupt")

    def restart(self) -> None:
        self._socket.close()
        self._ask(f"/api/kernels/{self._id}/restart")
        self._connect()

    def end(self) -> None:
        self._socket.close()
        self._ask(f"/api/kernels/{self._id}", method="DELETE")
