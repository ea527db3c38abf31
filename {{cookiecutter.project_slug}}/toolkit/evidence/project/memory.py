"""Memory of this process: what nothing uses any more goes back to the system."""

from __future__ import annotations

import sys


def give_back_memory() -> None:
    """Hands memory that nothing uses any more back to the system: allocators keep gigabytes of it in case."""
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        import ctypes

        # Not every C library of Linux has it.
        getattr(ctypes.CDLL(None), "malloc_trim", lambda kept: None)(0)
