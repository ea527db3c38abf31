"""What every benchmark needs: a new project, the environment of its commands, and a place for what was found."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE.parent
RESULTS = HERE / "results"


def new_project(folder: Path, **answers: str) -> Path:
    """A project made from the template in `folder`, whatever the person has set as defaults of their own."""
    from cookiecutter.main import cookiecutter

    made = cookiecutter(
        str(TEMPLATE), no_input=True, default_config=True, output_dir=str(folder), extra_context=answers
    )
    return Path(made)


def environment(project: Path, **more: str) -> dict[str, str]:
    """As a person's own: with the project's toolkit, and with what Python compiles kept for the next command."""
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**usual, "PYTHONPATH": str(project / "toolkit"), **more}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> float:
    """How many processes wanted a core in the last minute; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def keep(name: str, text: str) -> None:
    """Puts a table where the documents point to."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(text, encoding="utf-8")
