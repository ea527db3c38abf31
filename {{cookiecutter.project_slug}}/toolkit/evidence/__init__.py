"""Evidence packs for data analytics tools in children's social care.

The rooms, ground floor first: project, privacy, data, results, measures, workbook, documents, stage, run, pack, cli.
A room imports only from rooms before it in that list. A notebook needs one name from here: `open_stage`.
"""

from __future__ import annotations

import os

# What it uses otherwise keeps a fifth more memory, and cannot be changed once it is imported. Whoever sets it decides.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

__version__ = "0.1.0"
__all__ = ["__version__", "measures", "open_stage"]


def __getattr__(name: str):
    """Loads what a notebook uses only when it is asked for, so that the commands start quickly."""
    import importlib

    if name == "open_stage":
        return importlib.import_module("evidence.stage").open_stage
    if name == "measures":
        return importlib.import_module("evidence.measures")
    raise AttributeError(f"module 'evidence' has no attribute {name!r}")
