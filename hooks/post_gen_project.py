"""Leaves in the new project what was chosen, makes its first commit where git is there, and says what to type next.

Nothing here needs the network, git or administrator rights, and nothing fails for the lack of them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

# The only answer that the project itself does not hold, as JSON.
CONTINUOUS_INTEGRATION = r""" {{ cookiecutter.continuous_integration|tojson }} """
CI_FILES = {"github": ".github", "azure": "azure-pipelines.yml"}
# What working in the template's own folder leaves there; none of it belongs to a new project, least of all data.
LEFT_BY_WORK = (
    "**/__pycache__", "**/.ipynb_checkpoints", "**/*.egg-info", ".evidence", ".pytest_cache", ".venv", "build",
    "data/raw/*", "logs", "packs/*",
)  # fmt: skip


def keep_what_was_chosen(project: Path, analytics_type: str, continuous_integration: str) -> None:
    """Keeps one worked tool, its lock and its reference figures, and the files of one service; removes the others."""
    for worked in project.glob("src/*/worked"):
        shutil.copyfile(worked / f"{analytics_type}.py", worked.parent / "tool.py")
        shutil.rmtree(worked)
    lock_with_scikit_learn = project / "requirements-predictive.lock"
    if analytics_type == "predictive":
        lock_with_scikit_learn.replace(project / "requirements.lock")
    else:
        lock_with_scikit_learn.unlink()
    for headlines in project.glob("tests/reference/headlines_*.json"):
        if headlines.stem != f"headlines_{analytics_type}":
            headlines.unlink()
    for service, name in CI_FILES.items():
        if service != continuous_integration:
            remove(project / name)


def remove_what_work_left(project: Path) -> None:
    for pattern in LEFT_BY_WORK:
        for path in list(project.glob(pattern)):
            if path.name != "README.md":
                remove(path)


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def commit(project: Path) -> bool:
    """Makes a repository with one commit, where git is there and works. True when the commit was made."""
    # Variables of a repository around us (set while its hooks run) would send these commands to that repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_TERMINAL_PROMPT": "0"}

    def git(*arguments: str) -> bool:
        command = ["git", "-c", "commit.gpgsign=false", "-c", "core.safecrlf=false", *arguments]
        try:
            done = subprocess.run(
                command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    if not git("--version") or git("rev-parse", "--is-inside-work-tree"):
        return False
    return (
        git("init", "--quiet") and git("add", "--all") and git("commit", "--quiet", "--no-verify", "-m", "New project")
    )


def shell_of(environment: Mapping[str, str], windows: bool) -> str:
    """The kind of shell the person types in: "sh" (bash, zsh and their like), "powershell" or "cmd"."""
    if not windows or environment.get("MSYSTEM") or environment.get("SHELL"):
        return "sh"
    # This variable always names the machine's module folders; PowerShell itself adds the person's.
    machine = tuple(
        environment.get(name, "").lower()
        for name in ("ProgramFiles", "ProgramFiles(x86)", "ProgramW6432", "SystemRoot")
    )
    machine = tuple(folder for folder in machine if folder)
    modules = environment.get("PSModulePath", "").lower().split(";")
    own = [
        folder for folder in modules if re.search(r"powershell\\modules\\?$", folder) and not folder.startswith(machine)
    ]
    return "powershell" if own else "cmd"


def quoted(path: str, shell: str) -> str:
    """The path as one word in that shell."""
    if shell == "sh":
        return shlex.quote(path)
    if re.fullmatch(r"[\w.:\\/-]+", path):
        return path
    if shell == "powershell":
        return "'" + path.replace("'", "''") + "'"
    return f'"{path}"'


def next_commands(folder: str, shell: str, windows: bool, python: str, run: str = "run") -> list[str]:
    """The three commands that lead from here to the first evidence pack.

    None activates the environment: where running scripts is locked, as in many councils, activating fails.
    """
    change, evidence = "cd", ".venv/bin/evidence"
    if windows and shell == "sh":
        folder, evidence = folder.replace("\\", "/"), ".venv/Scripts/evidence"
    elif windows:
        change, evidence = ("cd /d" if shell == "cmd" else "cd"), r".venv\Scripts\evidence"
    return [f"{change} {quoted(folder, shell)}", f"{python} install.py", f"{evidence} {run}"]


def python_command(windows: bool) -> str:
    """How this machine starts a Python that is new enough."""
    usual = ("py", "python") if windows else ("python3",)
    own = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if not windows and shutil.which(own):
        # The plain command may start an older Python than the one that runs this.
        plain = shutil.which("python3")
        return "python3" if plain and os.path.realpath(plain) == os.path.realpath(shutil.which(own)) else own
    return next((name for name in usual if shutil.which(name)), usual[-1])


def folder_from_here(project: Path, environment: Mapping[str, str]) -> str:
    """The project's folder as the person would type it: by name when it lies in the folder where they are."""
    return project.name if environment.get("PWD") == str(project.parent) else str(project)


def main() -> None:
    project = Path.cwd()
    facts = tomllib.loads((project / "project.toml").read_text(encoding="utf-8"))
    keep_what_was_chosen(project, facts["tool"]["analytics_type"], json.loads(CONTINUOUS_INTEGRATION))
    remove_what_work_left(project)
    committed = commit(project)
    windows = os.name == "nt"
    folder = folder_from_here(project, os.environ)
    # Without a name, `run` takes the team's own data, and there is none yet.
    run = "run" if facts["data"]["source"] == "sample" else "run sample"
    commands = next_commands(folder, shell_of(os.environ, windows), windows, python_command(windows), run)
    said = ["", "Your project is ready." + (" Its first version is in git." if committed else "")]
    said += [
        "Next, type these three commands, one after the other:",
        "",
        *(f"    {command}" for command in commands),
        "",
    ]
    said += ["The last one makes an evidence pack from the sample data and prints where it is."]
    sys.stdout.reconfigure(errors="replace")
    print("\n".join(said))


if __name__ == "__main__":
    main()
