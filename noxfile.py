"""What can be done with the template: `nox -l` lists it. The Makefile calls these sessions where make is at hand.

Without make (Windows): py -m pip install --user nox, then py -m nox -s demo, py -m nox -s tests and so on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
BUILD = ROOT / "build"
ANSWERED = ROOT / "tests" / "fixtures" / "answered"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
UV = "uv==0.13.9"

nox.options.envdir = str(BUILD / "nox")
nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"


@nox.session
def demo(session: nox.Session) -> None:
    """Make a project from the default answers and an evidence pack from its sample data, in build/demo."""
    session.install("--quiet", "--require-hashes", "-r", "requirements-tools.lock")
    project = bake(session, BUILD / "demo")
    make_pack(session, project)


@nox.session
def demo_answered(session: nox.Session) -> None:
    """The same for a fictional council that has answered everything people answer, in build/demo_answered."""
    session.install("--quiet", "--require-hashes", "-r", "requirements-tools.lock")
    answers = json.loads((ANSWERED / "answers.json").read_text(encoding="utf-8"))
    project = bake(session, BUILD / "demo_answered", *(f"{name}={answer}" for name, answer in answers.items()))
    session.run("python", str(project / "install.py"))
    session.run("python", str(ANSWERED / "example.py"), str(project), in_environment(project, "evidence"))
    session.log(f"The evidence pack: {project / 'packs' / 'sample' / 'index.html'}")


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests, or those named after `--`: nox -s tests -- tests/template -k council."""
    install_for_development(session)
    find_or_install_browser(session)
    find_or_install_postgres(session)
    # Shared by file, the rest of a run waits for ever when one worker ends before its time.
    session.run("pytest", "-n", "2", "--dist", "worksteal", "-ra", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of all Python, and that no notebook holds outputs."""
    install_for_development(session)
    session.run("ruff", "check", ".")
    notebooks = sorted(str(path.relative_to(ROOT)) for path in TEMPLATE.glob("notebooks/*.ipynb"))
    session.run("nbstripout", "--verify", "--keep-id", *notebooks)


@nox.session
def lab(session: nox.Session) -> None:
    """Open the template's own notebooks in JupyterLab, to work on them in place."""
    install_for_development(session)
    with session.chdir(TEMPLATE):
        session.run("jupyter", "lab", *session.posargs, env={"PYTHONPATH": str(TEMPLATE / "toolkit")})


@nox.session
def lock(session: nox.Session) -> None:
    """Make all lock files again, with the newest versions: for every platform, with hashes, without addresses."""
    session.install("--quiet", "--require-hashes", "-r", "requirements-tools.lock")
    session.install("--quiet", UV)
    without, predictive = TEMPLATE / "requirements.lock", TEMPLATE / "requirements-predictive.lock"
    plain_project = bake(session, BUILD / "lock")
    predictive_project = bake(session, BUILD / "lock_predictive", "analytics_type=predictive")
    # The larger lock is made first and holds the smaller one and the developers' to the same versions.
    compile_lock(session, predictive, predictive_project / "pyproject.toml", "--upgrade")
    compile_lock(session, without, plain_project / "pyproject.toml", "--constraints", str(predictive), "--upgrade")
    cluster = TEMPLATE / "requirements-cluster.lock"
    compile_lock(session, cluster, "requirements-cluster.in", "--constraints", str(predictive), "--upgrade")
    inputs = ("requirements-dev.in", "requirements-cluster.in")
    developers = (*inputs, "--constraints", str(predictive), "--constraints", str(cluster), "--upgrade")
    compile_lock(session, ROOT / "requirements-dev.lock", predictive_project / "pyproject.toml", *developers)
    compile_lock(session, ROOT / "requirements-tools.lock", ROOT / "requirements-tools.in", "--upgrade")


def compile_lock(session: nox.Session, lock: Path, *sources: Path | str) -> None:
    how = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header")
    arguments = [str(source) for source in sources]
    session.run("uv", "pip", "compile", "--quiet", *how, "--no-annotate", "--output-file", str(lock), *arguments)


def install_for_development(session: nox.Session) -> None:
    session.install("--quiet", "--require-hashes", "-r", "requirements-dev.lock")


def bake(session: nox.Session, folder: Path, *answers: str) -> Path:
    """Makes a fresh project in `folder` and returns its path. An environment that an earlier one had is kept."""
    fresh = folder / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    session.run(
        "cookiecutter", str(ROOT), "--no-input", "--default-config", "--output-dir", str(fresh), *answers, silent=True
    )
    made = next(fresh.iterdir())
    project = folder / made.name
    project.mkdir(parents=True, exist_ok=True)
    for old in project.iterdir():
        if old.is_dir() and old.name != ".venv":
            shutil.rmtree(old)
        elif old.is_file():
            old.unlink()
    for new in made.iterdir():
        shutil.move(new, project / new.name)
    shutil.rmtree(fresh)
    return project


def make_pack(session: nox.Session, project: Path) -> None:
    """Installs the project as its README says, runs the ten stages on the sample data and says where the pack is."""
    session.run("python", str(project / "install.py"))
    with session.chdir(project):
        session.run(in_environment(project, "evidence"), "run", "sample", external=True)
    session.log(f"The evidence pack: {project / 'packs' / 'sample' / 'index.html'}")


def in_environment(project: Path, command: str) -> str:
    scripts = "Scripts" if os.name == "nt" else "bin"
    return str(project / ".venv" / scripts / command)


def find_or_install_browser(session: nox.Session) -> None:
    """Says which browser the tests will use; installs Debian's where none is there and this user may."""
    found = _browser() or (_install_from_debian("chromium") and _browser())
    session.log(f"Browser tests use {found}." if found else "No browser was found: browser tests are skipped by name.")


def find_or_install_postgres(session: nox.Session) -> None:
    """The same for the database server that tests start for themselves."""
    found = _postgres() or (_install_from_debian("postgresql") and _postgres())
    session.log(f"Database tests use {found}." if found else "No PostgreSQL was found: its tests are skipped by name.")


def _browser() -> str | None:
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def _postgres() -> str | None:
    installed = sorted(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return shutil.which("initdb") or (installed[-1] if installed else None)


def _install_from_debian(package: str) -> bool:
    """Whether Debian's package was installed: where there is apt, and this user may."""
    if sys.platform != "linux" or not shutil.which("apt-get"):
        return False
    may_install = os.geteuid() == 0 or _succeeds("sudo", "-n", "true")
    install = ["apt-get"] if os.geteuid() == 0 else ["sudo", "-n", "apt-get"]
    return (
        may_install
        and _succeeds(*install, "update")
        and _succeeds(*install, "install", "--yes", "--no-install-recommends", package)
    )


def _succeeds(*command: str) -> bool:
    """Whether the command exists and ends well. What it prints is not shown."""
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True).returncode == 0
