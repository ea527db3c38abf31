"""What a reader is told of a stage that stopped: never a value, because an error's text may quote a child's record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


def why_it_stopped(
    cells: list[dict[str, Any]], error: Exception, last: object = None, cell_seconds: float | None = None
) -> str:
    """One to three plain lines.

    An EvidenceError gives its own text, which is written for people and holds no data. Any other exception gives its
    class, the cell's number and the heading above it, and nothing else. `last` is the cell that was begun last,
    `cell_seconds` how long a cell was allowed to take.
    """
    for number, cell in enumerate(cells, start=1):
        for output in cell.get("outputs", ()):
            if output.get("output_type") != "error":
                continue
            if output["ename"] == "EvidenceError":
                return output["evalue"]
            name = output["ename"] if re.fullmatch(r"\w{1,60}", output["ename"]) else "An error"
            return f"{name} in cell {number}{_under(cells[:number])}."
    number = next((number for number, cell in enumerate(cells, start=1) if cell is last), None)
    place = f" while cell {number}{_under(cells[:number])} was running" if number else ""
    if type(error).__name__ == "CellTimeoutError" and "waiting for IOPub" in str(error):
        return f"Cell {number}{_under(cells[:number])} wrote so much that it could not be read. Let it print less."
    if type(error).__name__ == "CellTimeoutError":
        took = "took longer than it may" if cell_seconds is None else f"took longer than {cell_seconds:g} seconds"
        return f"Cell {number}{_under(cells[:number])} {took} and was stopped."
    if type(error).__name__ == "DeadKernelError":
        return f"Python stopped by itself{place}. Most often the computer has run out of memory."
    return f"{type(error).__name__}{place}."


def traceback_text(cells: Iterable[dict[str, Any]], error: Exception) -> str:
    """The whole traceback without its colours, for the analyst's eyes only: it may quote data."""
    lines = [line for cell in cells for output in cell.get("outputs", ()) for line in output.get("traceback", ())]
    text = "\n".join(lines) or f"{type(error).__name__}: {error}"
    return re.sub(r"\x1b\[[0-9;]*m", "", text) + "\n"


def _under(cells: list[dict[str, Any]]) -> str:
    """The nearest heading above, as ` (under "Heading")`."""
    for cell in reversed(cells):
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#{1,6}\s+(.+?)\s*#*\s*$", cell["source"], flags=re.MULTILINE)
            if headings:
                return f' (under "{headings[-1]}")'
    return ""
