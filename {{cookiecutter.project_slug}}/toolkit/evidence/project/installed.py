"""Which packages lie beside this Python."""

from __future__ import annotations

import hashlib
import os
import sys


def installed_packages() -> str:
    """A digest of the names and versions of everything installed; quicker than asking each package."""
    return hashlib.sha256("\n".join(sorted(_found())).encode()).hexdigest()


def installed_versions() -> dict[str, str]:
    """The version of each installed package by its name, as the folders beside Python's packages say."""
    named = (entry.removesuffix(".dist-info").removesuffix(".egg-info").rpartition("-") for entry in _found())
    return {name: version for name, _, version in named if name}


def _found() -> set[str]:
    return {
        entry.name
        for place in sys.path
        if place.endswith("site-packages") and os.path.isdir(place)
        for entry in os.scandir(place)
        if entry.name.endswith((".dist-info", ".egg-info"))
    }
