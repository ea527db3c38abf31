"""What all tests share: the template, projects made from it, the real inputs beside the repository, and a browser."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
TOOLKIT = TEMPLATE / "toolkit"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]

# The toolkit is tested where it lies, in this process and in the kernels and commands that tests start.
sys.path.insert(0, str(TOOLKIT))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TOOLKIT), os.environ.get("PYTHONPATH")]))
# A test runner that works in many projects at once must not leave compiled files in the template it bakes from.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
os.environ.setdefault("MPLBACKEND", "agg")
# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: the quick ones, shared out last, then let the workers end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def questions() -> dict[str, object]:
    """The questions of cookiecutter.json with their defaults, without the private lines."""
    every = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    return {name: default for name, default in every.items() if not name.startswith("_")}


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def template() -> Path:
    """The template's folder, with the names of its placeholders unrendered."""
    return TEMPLATE


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real and third-party inputs that are not part of the repository."""
    folder = Path(os.environ.get("EVIDENCE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the folder of real inputs is missing: set EVIDENCE_SHARED_DATA to it")
    return folder


def bake_into(folder: Path, **answers: str) -> Path:
    """Makes a project in `folder` with these answers and the defaults for the others; returns the project's path."""
    from cookiecutter.main import cookiecutter

    unknown = set(answers) - set(questions())
    assert not unknown, f"no such question: {', '.join(sorted(unknown))}"
    made = cookiecutter(str(ROOT), no_input=True, default_config=True, output_dir=str(folder), extra_context=answers)
    return Path(made)


def give_access(project: Path, **said: str) -> Path:
    """Lists whoever runs the tests in the project's `reference/access.csv`, and returns the project's path.

    Without it, own data of a project that a test made is refused. said: columns of that row, over an analyst's who may
    see everything: `give_access(made, role="manager", special_category="no")`.
    """
    from evidence.data.access import current_login

    row = {
        "person": "A. Tester", "login": current_login()[0], "role": "analyst", "special_category": "yes",
        "re_identify": "yes", "from": "2026-01-01", "until": "", "approved_by": "Head of performance",
        "ask": "Information governance team", "declared_interests": "",
    }  # fmt: skip
    assert not set(said) - set(row), said
    with open(project / "reference" / "access.csv", "a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow((row | said).values())
    return project


def text_of(path: Path) -> str:
    """What a file of a pack says: text as it is, of a Word file every part in it."""
    if path.suffix != ".docx":
        return path.read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as parts:
        return "\n".join(parts.read(name).decode("utf-8") for name in parts.namelist())


@pytest.fixture
def bake(tmp_path: Path) -> Callable[..., Path]:
    """`bake(analytics_type="predictive")` makes a project in a folder of its own and returns its path."""
    count = iter(range(1_000_000))

    def bake_one(**answers: str) -> Path:
        return bake_into(tmp_path / f"bake{next(count)}", **answers)

    return bake_one


@pytest.fixture(scope="session")
def bake_to_keep(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """As `bake`, for a project that the tests of a module share."""

    def bake_one(**answers: str) -> Path:
        return bake_into(tmp_path_factory.mktemp("kept"), **answers)

    return bake_one


@pytest.fixture(scope="session")
def sample_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project made from the default answers. Tests only read it: copy it to change something."""
    return bake_into(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def run_evidence() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`run_evidence(project, "run", "sample")` runs the project's own `evidence` in the project's folder."""

    def run(
        project: Path, *arguments: object, timeout: float = 540, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        # A small project that a test wrote itself has no toolkit of its own.
        toolkit = project / "toolkit" if (project / "toolkit").is_dir() else TOOLKIT
        places = os.pathsep.join([str(toolkit), str(project / "src")])
        return subprocess.run(
            [sys.executable, "-m", "evidence", *map(str, arguments)],
            cwd=project,
            env={**os.environ, "PYTHONPATH": places, "PYTHONUTF8": "1", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
        )

    return run


@pytest.fixture(scope="session")
def finished_run(run_evidence, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`finished_run(analytics_type="diagnostic")` is a project with the pack of its run on the sample data.

    It is made once for all processes that run tests, and tests only read it: copy it to change something.
    """
    from evidence.project.folders import hold

    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent

    def finished(**answers: str) -> Path:
        name = hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:12]
        folder = place / f"finished-{name}"
        made = folder / "made"
        with hold(folder.with_suffix(".lock"), "Making a pack to test", wait=540):
            if not made.is_file():
                shutil.rmtree(folder, ignore_errors=True)
                project = bake_into(folder, **answers)
                done = run_evidence(project, "run", "sample", "--quiet")
                assert done.returncode == 0, done.stderr
                made.write_text(project.name, encoding="utf-8")
        return folder / made.read_text(encoding="utf-8")

    return finished


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser of the Chromium family; skipped by name, or failed where one is required."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found:
        return found
    if os.environ.get("EVIDENCE_REQUIRE_BROWSER"):
        pytest.fail("no browser of the Chromium family was found, and EVIDENCE_REQUIRE_BROWSER is set")
    pytest.skip("no browser of the Chromium family was found")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[object]:
    """A headless browser (Playwright's Browser), shared by the tests of a session."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield started
        started.close()


@pytest.fixture
def page(browser) -> Iterator[object]:
    """A fresh page with the network off, as a reviewer's may be; 1280 pixels wide."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    yield context.new_page()
    context.close()
