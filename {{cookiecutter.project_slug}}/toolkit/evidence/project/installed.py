"""Which packages lie beside this Python, as one digest."""

from __future__ import annotations

import hashlib
import os
import sys


def installed_packages() -> str:
    """A digest of the names of everything installed, which carry the versions; quicker than asking each package."""
    names = {
        entry.name
        for place in sys.path
        if place.endswith("site-packages") and os.path.isdir(place)
        for entry in os.scandir(place)
        if entry.name.endswith((".dist-info", ".egg-info"))
    }
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
