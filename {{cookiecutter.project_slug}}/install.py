"""Makes the project's own Python environment in .venv and installs what the project needs. Safe to repeat.

    Windows            py install.py
    macOS and Linux    python3 install.py

With --cluster behind it, also what runs on a Dask cluster need (evidence run --scheduler).

Needs Python 3.11 or newer and a package index that pip reaches. No administrator rights; it changes this folder alone.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
ENVIRONMENT = PROJECT / ".venv"
SCRIPTS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
INSTALLED = ENVIRONMENT / "installed.txt"
LOCK, CLUSTER_LOCK = "requirements.lock", "requirements-cluster.lock"

IF_PIP_IS_BLOCKED = """
What pip said is above. If your network lets pip reach only an index of your own, or only through a proxy, your IT team
knows the addresses. Tell pip once, then repeat this command:

    {python} -m pip config set global.index-url ADDRESS_OF_THE_INDEX
    {python} -m pip config set global.proxy ADDRESS_OF_THE_PROXY
    {python} -m pip config set global.cert FILE_OF_YOUR_NETWORKS_CERTIFICATE
"""


class StepFailed(Exception):
    """A step did not work. Its text says which, and what to do."""


def main(options=()):
    if sys.version_info < (3, 11):
        print("This project needs Python 3.11 or newer, and this is Python %d.%d." % sys.version_info[:2])
        return 2
    if [option for option in options if option != "--cluster"]:
        print("install.py takes nothing, or --cluster for runs on a Dask cluster.")
        return 2
    locks = [LOCK, CLUSTER_LOCK] if options or has_cluster() else [LOCK]
    wanted = fingerprint(locks)
    if INSTALLED.is_file() and INSTALLED.read_text() == wanted and works():
        print("Everything is installed already.")
    else:
        try:
            install(locks)
        except StepFailed as failure:
            print(f"\n{failure}")
            return 1
        INSTALLED.write_text(wanted)
    print(f"Next: {shown(SCRIPTS / 'evidence')} run")
    return 0


def fingerprint(locks):
    """Changes when a lock, the project's own settings, its place or this Python change; its first line lists locks."""
    contents = [(PROJECT / name).read_bytes() for name in (*locks, "pyproject.toml")]
    whole = hashlib.sha256(b"\0".join([*contents, str(PROJECT).encode(), sys.version.encode()])).hexdigest()
    return f"{' '.join(locks)}\n{whole}"


def has_cluster():
    """What was asked for once stays, also when the locks are new."""
    return INSTALLED.is_file() and CLUSTER_LOCK in INSTALLED.read_text()


def works():
    return PYTHON.is_file() and succeeds([PYTHON, "-c", "import evidence.cli, pandas"])


def install(locks):
    print("Step 1 of 3: making an environment in the folder .venv")
    # A moved or half-made environment cannot be mended, so one that does not start is made afresh.
    clear = [] if PYTHON.is_file() and succeeds([PYTHON, "-m", "pip", "--version"]) else ["--clear"]
    if not succeeds([sys.executable, "-m", "venv", *clear, ENVIRONMENT], show=True):
        raise StepFailed(
            "Step 1 did not work: Python could not make an environment. What it said is above. On Debian and Ubuntu, "
            "install the package python3-venv first; elsewhere, check that you may write to this folder."
        )
    listed = " and ".join(locks)
    print(f"Step 2 of 3: installing the packages listed in {listed} (a few minutes the first time)", flush=True)
    for lock in locks:
        if not pip("--require-hashes", "--requirement", PROJECT / lock):
            raise StepFailed("Step 2 did not work: pip could not install the packages." + how_to_reach_an_index())
    print("Step 3 of 3: installing this project, so that its notebooks find it", flush=True)
    if not pip("--no-deps", "--no-build-isolation", "--editable", PROJECT):
        raise StepFailed("Step 3 did not work: pip could not install this project. What pip said is above.")


def how_to_reach_an_index():
    return "\n" + IF_PIP_IS_BLOCKED.format(python=shown(PYTHON)).rstrip()


def pip(*arguments):
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    return succeeds([PYTHON, "-m", "pip", "install", *options, *arguments], show=True)


def succeeds(command, show=False):
    output = None if show else subprocess.DEVNULL
    # A PYTHONPATH or PYTHONHOME of another installation would reach into this environment.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        return subprocess.call([str(part) for part in command], stdout=output, stderr=output, env=environment) == 0
    except OSError:
        return False


def shown(path):
    """The path as typed in the project's folder; the ending .exe is not needed."""
    return str(path.relative_to(PROJECT).with_suffix(""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
