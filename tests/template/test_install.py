"""install.py says in plain words what it does and what went wrong, and can be repeated."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE


@pytest.fixture
def install(tmp_path):
    """install.py as a module, at home in a small folder that looks like a project."""
    for name in ("requirements.lock", "requirements-cluster.lock", "pyproject.toml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "install.py").write_text((TEMPLATE / "install.py").read_text(encoding="utf-8"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("install_under_test", tmp_path / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Commands:
    """Stands in for the commands that install.py starts: notes them, and lets those fail that hold a certain word."""

    def __init__(self, install, failing: str = "") -> None:
        self.started: list[str] = []
        self.install, self.failing = install, failing

    def __call__(self, command, show=False) -> bool:
        words = " ".join(str(part) for part in command)
        self.started.append(words)
        if " venv " in words and not self.failing:
            self.install.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            self.install.PYTHON.touch()
        return not (self.failing and self.failing in words)


def test_it_takes_three_steps_and_then_knows_that_nothing_is_left_to_do(install, monkeypatch, capsys):
    commands = Commands(install)
    monkeypatch.setattr(install, "succeeds", commands)
    assert install.main() == 0
    assert [word for word in ("-m venv", "--require-hashes", "--editable") for c in commands.started if word in c] == [
        "-m venv", "--require-hashes", "--editable",
    ]  # fmt: skip
    out = capsys.readouterr().out
    assert [line[:11] for line in out.splitlines()[:3]] == ["Step 1 of 3", "Step 2 of 3", "Step 3 of 3"]
    assert out.splitlines()[-1].startswith("Next: .venv") and out.rstrip().endswith("evidence run")
    commands.started.clear()
    assert install.main() == 0
    assert "Everything is installed already." in capsys.readouterr().out
    assert not any("install" in started for started in commands.started)


def test_a_new_lock_is_installed(install, monkeypatch, capsys):
    monkeypatch.setattr(install, "succeeds", Commands(install))
    install.main()
    (install.PROJECT / "requirements.lock").write_text("numpy==2.4.6\n", encoding="utf-8")
    capsys.readouterr()
    assert install.main() == 0
    assert "Step 2 of 3" in capsys.readouterr().out


def locks_installed(commands: Commands) -> list[str]:
    return [Path(started.split()[-1]).name for started in commands.started if "--require-hashes" in started]


def test_what_a_cluster_needs_is_installed_only_when_asked_for_and_then_stays(install, monkeypatch, capsys):
    commands = Commands(install)
    monkeypatch.setattr(install, "succeeds", commands)
    assert install.main() == 0
    assert locks_installed(commands) == ["requirements.lock"]
    assert install.main(["--cluster"]) == 0
    assert locks_installed(commands)[1:] == ["requirements.lock", "requirements-cluster.lock"]
    assert "requirements.lock and requirements-cluster.lock" in capsys.readouterr().out
    commands.started.clear()
    assert install.main() == install.main(["--cluster"]) == 0
    assert not locks_installed(commands)
    (install.PROJECT / "requirements.lock").write_text("numpy==2.4.6\n", encoding="utf-8")
    assert install.main() == 0
    assert locks_installed(commands) == ["requirements.lock", "requirements-cluster.lock"]


def test_any_other_option_is_refused_before_anything_happens(install, monkeypatch, capsys):
    commands = Commands(install)
    monkeypatch.setattr(install, "succeeds", commands)
    assert install.main(["--clusters"]) == 2
    assert capsys.readouterr().out == "install.py takes nothing, or --cluster for runs on a Dask cluster.\n"
    assert not commands.started


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        ("venv", "Step 1 did not work"),
        ("--require-hashes", "Step 2 did not work"),
        ("--editable", "Step 3 did not work"),
    ],
)
def test_the_step_that_failed_is_named(failing, said, install, monkeypatch, capsys):
    monkeypatch.setattr(install, "succeeds", Commands(install, failing))
    assert install.main() == 1
    out = capsys.readouterr().out
    assert said in out and "Traceback" not in out
    assert ("global.proxy" in out) == (failing == "--require-hashes")
    assert not install.INSTALLED.exists()


def test_an_old_python_is_refused_in_one_line(install, monkeypatch, capsys):
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 2))
    assert install.main() == 2
    assert capsys.readouterr().out == "This project needs Python 3.11 or newer, and this is Python 3.9.\n"


def test_an_old_python_can_read_it():
    ast.parse((TEMPLATE / "install.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_it_uses_the_standard_library_alone():
    tree = ast.parse((TEMPLATE / "install.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names


@pytest.mark.slow
def test_without_a_network_it_says_what_to_ask_for(bake):
    project: Path = bake()
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")} | nowhere
    done = subprocess.run([sys.executable, "install.py"], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Step 2 did not work" in done.stdout and "global.index-url" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
