"""Memory of this process: what nothing uses any more goes back to the system."""

from __future__ import annotations

import sys

# Tables of fewer rows leave little behind, and asking the system takes longer than they do.
_MANY = 100_000

# glibc's option for the size from which memory is taken from the system piece by piece, so that each goes back when it
# is let go. By itself that size grows with what a program lets go, up to 32 MiB, and smaller holes are kept.
_PIECES_FROM, _PIECE = -3, 1 << 20
# What Arrow took its memory from before it was told to take it from the system.
_earlier_pools: list = []


def give_back_memory(after: int | None = None) -> None:
    """Hands memory that nothing uses any more back to the system: allocators keep gigabytes of it in case.

    From then on large pieces go back by themselves. after: how many rows were worked with; after few rows nothing is
    done.
    """
    if after is not None and after <= _MANY:
        return
    if arrow := sys.modules.get("pyarrow"):
        if arrow.default_memory_pool().backend_name != "system":
            _earlier_pools.append(arrow.default_memory_pool())
            arrow.set_memory_pool(arrow.system_memory_pool())
        for pool in _earlier_pools:
            pool.release_unused()
    if sys.platform == "linux":
        import ctypes

        library = ctypes.CDLL(None)
        # Not every C library of Linux has these.
        getattr(library, "mallopt", lambda option, value: None)(_PIECES_FROM, _PIECE)
        getattr(library, "malloc_trim", lambda kept: None)(0)
