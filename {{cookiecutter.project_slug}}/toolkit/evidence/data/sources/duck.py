"""DuckDB as every part of the audit uses it: little memory, a private folder, and names and texts in its SQL."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.project.slow_imports import without

if TYPE_CHECKING:
    import duckdb


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that nobody else may look into, removed with all that is in it when the block ends."""
    with tempfile.TemporaryDirectory(prefix="evidence-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """What `connect` opens, while the block runs."""
    opened = connect(folder)
    try:
        yield opened
    finally:
        opened.close()


def connect(folder: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB that takes a quarter of the memory (2 GiB at most), spills into `folder` alone, and fetches nothing."""
    import duckdb

    limit = min(2 << 30, memory_of_machine() // 4)
    settings = {
        "memory_limit": f"{limit >> 20}MiB",
        "temp_directory": str(folder or ""),
        # What one query needed goes back before the next one asks for as much.
        "allocator_flush_threshold": "1MB",
        "allocator_bulk_deallocation_flush_threshold": "1MB",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    # In a notebook it draws a bar for what takes long where it finds widgets, which take a tenth of a second to import.
    with without("ipywidgets"):
        opened = duckdb.connect(config=settings)
    if "ipywidgets" in sys.modules:
        opened.execute("SET enable_progress_bar = false")
    return opened


def memory_of_machine() -> int:
    """In bytes; where the system does not say, that of a small laptop."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 << 30


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
