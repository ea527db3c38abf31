"""Memory of this process: what nothing uses any more goes back to the system."""

from __future__ import annotations

import os
import sys

# Tables of fewer rows leave little behind, and asking the system takes longer than they do.
_MANY = 100_000

# glibc's option for the size from which memory is taken from the system piece by piece, so that each goes back when it
# is let go. By itself that size grows with what a program lets go, up to 32 MiB, and smaller holes are kept.
_PIECES_FROM, _PIECE = -3, 1 << 20
# Its option for how much free room at the end of what it holds it keeps, and what that is by itself.
_ROOM, _USUAL_ROOM = -1, 128 << 10
# Its option for how many stores threads take memory from: by itself eight a processor, each with holes of its own.
_STORES = -8
# What Arrow took its memory from before it was told to take it from the system.
_earlier_pools: list = []


def give_back_memory(after: int | None = None, but_for: int = 0) -> None:
    """Hands memory that nothing uses any more back to the system: allocators keep gigabytes of it in case.

    From then on large pieces go back by themselves. after: how many rows were worked with; after few rows nothing is
    done. but_for: pieces of no more bytes stay, for work that lets go as much as it takes again at once, until this is
    called without it.
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
        set_to = getattr(library, "mallopt", lambda option, value: None)
        set_to(_PIECES_FROM, max(_PIECE, but_for))
        set_to(_ROOM, max(_USUAL_ROOM, 2 * but_for))
        set_to(_STORES, os.cpu_count() or 1)
        getattr(library, "malloc_trim", lambda kept: None)(0)
