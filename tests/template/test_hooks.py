"""What the last step does with the new project, and the three commands that it ends with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hooks import post_gen_project as hook
from tests.conftest import bake_into

MACHINE = {"ProgramFiles": r"C:\Program Files", "SystemRoot": r"C:\Windows"}
MACHINES_MODULES = r"C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules"


@pytest.mark.parametrize(
    ("environment", "windows", "shell"),
    [
        ({"SHELL": "/bin/bash"}, False, "sh"),
        ({"SHELL": "/bin/zsh"}, False, "sh"),
        ({}, False, "sh"),
        ({**MACHINE, "PSModulePath": MACHINES_MODULES}, True, "cmd"),
        (
            {**MACHINE, "PSModulePath": r"C:\Users\Ana\Documents\WindowsPowerShell\Modules;" + MACHINES_MODULES},
            True,
            "powershell",
        ),
        ({**MACHINE, "PSModulePath": r"H:\PowerShell\Modules;" + MACHINES_MODULES}, True, "powershell"),
        ({**MACHINE, "PSModulePath": MACHINES_MODULES + r";C:\Program Files\Some Server\Tools"}, True, "cmd"),
        ({**MACHINE, "PSModulePath": MACHINES_MODULES, "MSYSTEM": "MINGW64"}, True, "sh"),
        ({}, True, "cmd"),
    ],
)
def test_the_shell_is_recognised(environment, windows, shell):
    assert hook.shell_of(environment, windows) == shell


@pytest.mark.parametrize(
    ("folder", "shell", "windows", "commands"),
    [
        ("stability", "sh", False, ["cd stability", "python3 install.py", ".venv/bin/evidence run"]),
        ("/home/o'brien/my tools/a b", "sh", False,
         ["cd '/home/o'\"'\"'brien/my tools/a b'", "python3 install.py", ".venv/bin/evidence run"]),
        (r"C:\Users\O'Brien\my tools", "powershell", True,
         [r"cd 'C:\Users\O''Brien\my tools'", "py install.py", r".venv\Scripts\evidence run"]),
        (r"D:\Users\O'Brien\R&D tools", "cmd", True,
         [r'''cd /d "D:\Users\O'Brien\R&D tools"''', "py install.py", r".venv\Scripts\evidence run"]),
        (r"C:\work\tool", "cmd", True, [r"cd /d C:\work\tool", "py install.py", r".venv\Scripts\evidence run"]),
        (r"C:\my tools\tool", "sh", True, ["cd 'C:/my tools/tool'", "py install.py", ".venv/Scripts/evidence run"]),
    ],
)  # fmt: skip
def test_the_next_three_commands(folder, shell, windows, commands):
    assert hook.next_commands(folder, shell, windows, "py" if windows else "python3") == commands


def test_with_data_of_the_teams_own_the_sample_is_run_by_name(tmp_path, capfd):
    bake_into(tmp_path, data_source="ssda903")
    assert "/evidence run sample" in capfd.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="these are the commands of bash and zsh")
@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
def test_the_printed_commands_work_in_a_folder_with_spaces_and_an_apostrophe(shell, tmp_path, capfd):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not on this machine")
    folder = tmp_path / "O'Brien's $HOME folder & more"
    project = bake_into(folder, project_slug="A tool (O'Brien)")
    change, install, run = (line.strip() for line in capfd.readouterr().out.splitlines() if line.startswith("    "))
    shown = subprocess.run(
        [shell, "-c", f"{change} && pwd && test -f {install.split()[1]}"], capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert Path(shown.stdout.strip()) == project
    assert run == ".venv/bin/evidence run"


def test_a_project_in_the_current_folder_is_entered_by_its_name(tmp_path):
    project = tmp_path / "tool"
    assert hook.folder_from_here(project, {"PWD": str(tmp_path)}) == "tool"
    assert hook.folder_from_here(project, {"PWD": "/elsewhere"}) == str(project)
    assert hook.folder_from_here(project, {}) == str(project)


def git(project: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def person_with_git(tmp_path, monkeypatch):
    if not shutil.which("git"):
        pytest.skip("git is not on this machine")
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "home" / ".gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n[commit]\ngpgsign = true\n")


def test_git_holds_a_first_version_of_everything_but_nothing_ignored(tmp_path, person_with_git, capfd):
    project = bake_into(tmp_path / "out")
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "log", "--format=%s") == "New project"
    assert "data/raw/README.md" in git(project, "ls-files")
    (project / "data" / "raw" / "header.csv").write_text("CHILD\n1\n")
    (project / "packs" / "sample.zip").write_text("x")
    assert git(project, "status", "--porcelain") == ""
    assert "first version is in git" in capfd.readouterr().out


def test_without_an_identity_the_project_is_still_made(tmp_path, person_with_git, capfd):
    (tmp_path / "home" / ".gitconfig").write_text("[user]\nuseConfigOnly = true\n")
    project = bake_into(tmp_path / "out")
    out, err = capfd.readouterr()
    assert (project / "project.toml").is_file() and "three commands" in out
    assert "first version is in git" not in out and err == ""


def test_without_git_the_project_is_still_made(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("PATH", "")
    project = bake_into(tmp_path)
    out, err = capfd.readouterr()
    assert not (project / ".git").exists() and "three commands" in out and err == ""


def test_git_that_fails_or_hangs_does_no_harm(tmp_path, monkeypatch, capfd):
    broken = tmp_path / "bin" / "git"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent))
    assert (bake_into(tmp_path / "out") / "project.toml").is_file()
    assert capfd.readouterr().err == ""


def test_inside_another_repository_none_is_made(tmp_path, person_with_git):
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    assert not (bake_into(outer) / ".git").exists()


def test_a_repository_whose_hook_calls_us_is_left_alone(tmp_path, person_with_git, monkeypatch):
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(outer / ".git"))
    project = bake_into(tmp_path / "elsewhere")
    monkeypatch.delenv("GIT_DIR")
    assert (project / ".git").is_dir()
    assert git(outer, "status", "--porcelain") == ""


def test_the_python_that_is_named_is_new_enough():
    if os.name == "nt":
        pytest.skip("py chooses the newest Python itself")
    named = hook.python_command(windows=False)
    version = subprocess.run(
        [named, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, text=True
    )
    assert version.stdout.strip() == "True"


def test_the_hook_runs_with_nothing_but_the_standard_library(root):
    code = f"import sys; sys.path.insert(0, {str(root)!r}); import hooks.post_gen_project"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code]).returncode == 0
