"""Stores the notebooks' headline figures for the three kinds of tool in the template.

Run it from the repository's root after figures changed on purpose: python tests/evidence/tools/store_headlines.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "reference"
KINDS = ("descriptive", "diagnostic", "predictive")


def main() -> int:
    """Bakes a project of each kind, runs its notebooks, copies back what they printed. The exit status is pytest's."""
    sys.path.insert(0, str(ROOT / "tests"))
    from conftest import bake_into

    for kind in sys.argv[1:] or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            project = bake_into(Path(folder), analytics_type=kind)
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "notebooks",
                "--update-headlines",
            ]
            done = subprocess.run(command, cwd=project)
            if done.returncode:
                return done.returncode
            name = f"headlines_{kind}.json"
            shutil.copy(project / "tests" / "reference" / name, REFERENCE / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
