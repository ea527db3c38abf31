"""Every new project passes its own tests: those in its tests/ and its ten notebooks, on its sample data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Each analytics type with each source of data, and each other choice at least once. The notebooks take most time:
# they run for each type and each source once.
PAIRS = [
    ("descriptive", "sample", "area", "none", "with notebooks"),
    ("descriptive", "ssda903", "cohort", "github", "tests alone"),
    ("descriptive", "cin", "individual", "azure", "tests alone"),
    ("descriptive", "own", "area", "github", "with notebooks"),
    ("descriptive", "annex_a", "individual", "none", "tests alone"),
    ("diagnostic", "sample", "cohort", "azure", "tests alone"),
    ("diagnostic", "ssda903", "individual", "none", "with notebooks"),
    ("diagnostic", "cin", "area", "github", "tests alone"),
    ("diagnostic", "annex_a", "cohort", "github", "tests alone"),
    ("diagnostic", "own", "individual", "azure", "tests alone"),
    ("predictive", "sample", "individual", "github", "tests alone"),
    ("predictive", "ssda903", "area", "azure", "tests alone"),
    ("predictive", "cin", "cohort", "none", "with notebooks"),
    ("predictive", "annex_a", "area", "azure", "tests alone"),
    ("predictive", "own", "cohort", "none", "tests alone"),
]


def own_tests(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the project's own tests as its README says, with this environment in place of the project's."""
    ours = {"PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *arguments],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.slow
@pytest.mark.parametrize(("analytics_type", "data_source", "output_about", "continuous_integration", "which"), PAIRS)
def test_a_new_project_passes_its_own_tests(
    analytics_type, data_source, output_about, continuous_integration, which, bake
):
    project = bake(
        analytics_type=analytics_type,
        data_source=data_source,
        output_about=output_about,
        continuous_integration=continuous_integration,
        council="E08000025",
        tool_name="O'Brien's tool & \"more\"",
    )
    done = own_tests(project, *(["tests"] if which == "tests alone" else []))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout.strip().splitlines()[-1]
