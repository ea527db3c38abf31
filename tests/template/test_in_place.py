"""The notebooks run where they lie in the template, unrendered, with the default answers."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT, TEMPLATE


@pytest.mark.slow
def test_the_ten_notebooks_pass_in_the_template_itself(tmp_path):
    # In a copy, because working in a folder leaves files there; nothing in it is rendered.
    place = tmp_path / TEMPLATE.name
    shutil.copytree(TEMPLATE, place, ignore=shutil.ignore_patterns(".evidence", "packs"))
    shutil.copy(ROOT / "cookiecutter.json", tmp_path)
    # The template's own pyproject.toml still asks for answers, so pytest is not to read it.
    options = ["-c", "/dev/null", "--rootdir", str(place), "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "notebooks"],
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout.strip().splitlines()[-1]
