"""Memory of this process: what nothing uses any more goes back to the system."""

from __future__ import annotations

import sys

# Tables of fewer rows leave little behind, and asking the system takes longer than they do.
_MANY = 100_000


def give_back_memory(after: int | None = None) -> None:
    """Hands memory that nothing uses any more back to the system: allocators keep gigabytes of it in case.

    after: how many rows were worked with; after few rows nothing is done.
    """
    if after is not None and after <= _MANY:
        return
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        import ctypes

        # Not every C library of Linux has it.
        getattr(ctypes.CDLL(None), "malloc_trim", lambda kept: None)(0)
