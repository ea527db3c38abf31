"""What a person sees when an answer cannot work: one line, exit status 1, no traceback, and nothing left behind."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


def cookiecutter(template: Path, folder: Path, *arguments: str, **settings) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(template), "--default-config", *arguments],
        cwd=folder,
        env={**os.environ, "HOME": str(folder.parent), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        **settings,
    )


REFUSED = {
    "council=Atlantis": '"Atlantis" is not one of the 153 councils of England',
    "council=Birmingam": "Nearest: Birmingham (330).",
    "council=Kingston": "Kingston upon Thames (314); Kingston upon Hull (810)",
    "council={{ 1 }}": '"{{ 1 }}" is not one of the 153 councils',
    "council={% if %}": '"{% if %}" is not one of the 153 councils',
    "tool_name=": "The tool needs a name",
    "tool_name=  \t ": "The tool needs a name",
    "tool_name=" + "a" * 201: "201 characters long: use 200 at most",
    "project_slug=con": '"con" cannot be the name of a folder: Windows keeps that name for a device. Try con-tool',
    "project_slug=a/b": "Try a-b",
    "project_slug=../elsewhere": "cannot be the name of a folder",
    "project_slug=": "it is empty",
}


@pytest.mark.parametrize(("answer", "said"), REFUSED.items(), ids=range(len(REFUSED)))
def test_a_refusal_is_one_line(answer, said, root, tmp_path):
    done = cookiecutter(root, tmp_path / "here", "--no-input", answer)
    assert done.returncode == 1
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert len(lines) == 1 and said in lines[0]
    assert not list((tmp_path / "here").iterdir())


def test_the_real_command_makes_a_project_from_jinja_in_an_answer(root, tmp_path):
    done = cookiecutter(root, tmp_path / "here", "--no-input", "tool_name={{ cookiecutter.nothing }} {% if %}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    (project,) = (tmp_path / "here").iterdir()
    assert 'title = "{{ cookiecutter.nothing }} {% if %}"' in (project / "project.toml").read_text(encoding="utf-8")


def committed_template(root: Path, folder: Path) -> Path:
    """A copy of the template as a clone or download would be: the files, and nothing that was made while working."""
    copy = folder / "evidence-template"
    shutil.copytree(
        root, copy, ignore=shutil.ignore_patterns(".git", "build", "tests", "docs", "__pycache__", ".*_cache")
    )
    return copy


def test_from_a_git_clone(root, tmp_path):
    if not shutil.which("git"):
        pytest.skip("git is not on this machine")
    copy = committed_template(root, tmp_path)
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "Template"]):
        subprocess.run(["git", *command], cwd=copy, check=True, capture_output=True)
    bare = tmp_path / "server" / "evidence-template.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(copy), str(bare)], check=True, capture_output=True)
    address = bare.as_uri()
    refused = cookiecutter(f"git+{address}", tmp_path / "here", "--no-input", "council=Atlantis")
    assert refused.returncode == 1 and "Traceback" not in refused.stdout + refused.stderr
    assert len([line for line in refused.stdout.splitlines() if "Atlantis" in line]) == 1
    done = cookiecutter(f"git+{address}", tmp_path / "here", "--no-input", "council=Kent")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "here" / "placement-stability" / "project.toml").is_file()


def test_from_a_zip_file(root, tmp_path):
    copy = committed_template(root, tmp_path)
    archive = tmp_path / "template.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(copy, "evidence-template-main/")
        for path in sorted(copy.rglob("*")):
            zipped.write(path, Path("evidence-template-main") / path.relative_to(copy))
    refused = cookiecutter(archive, tmp_path / "here", "--no-input", "council=Atlantis")
    assert refused.returncode == 1 and "Traceback" not in refused.stdout + refused.stderr
    done = cookiecutter(archive, tmp_path / "here", "--no-input")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "here" / "placement-stability" / "src" / "placement_stability" / "tool.py").is_file()


def test_without_hooks_a_project_still_knows_its_tool(root, tmp_path, run_evidence):
    done = cookiecutter(root, tmp_path / "here", "--no-input", "--accept-hooks", "no")
    assert done.returncode == 0
    project = tmp_path / "here" / "placement-stability"
    command = "from evidence.project import open_project; print(open_project().tool_path.name)"
    environment = {**os.environ, "PYTHONPATH": str(project / "toolkit")}
    found = subprocess.run(
        [sys.executable, "-c", command], cwd=project, env=environment, capture_output=True, text=True
    )
    assert found.stdout.strip() == "descriptive.py"


def typed(root: Path, folder: Path, *answers: str) -> tuple[int, str]:
    """Runs the questions in a terminal and types these answers, one when each question has been asked."""
    folder.mkdir()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(HOME=str(folder.parent), TERM="dumb", COLUMNS="200")
        os.execv(sys.executable, [sys.executable, "-m", "cookiecutter", str(root), "--default-config"])
    said, waiting = "", list(answers)
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        try:
            piece = os.read(terminal, 65536).decode("utf-8", "replace") if ready else ""
        except OSError:
            piece = ""
        if not piece:
            break
        said += piece
        if waiting and said.rstrip(" ").endswith(":"):
            os.write(terminal, (waiting.pop(0) + "\n").encode())
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_the_council_is_refused_right_after_the_first_question(root, tmp_path):
    status, said = typed(root, tmp_path / "here", "Atlantis")
    assert status == 1
    assert "Which council is this for?" in said and "[1/" in said
    assert "[2/" not in said and "Traceback" not in said
    assert said.strip().splitlines()[-1].startswith('"Atlantis" is not one of the 153 councils')


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_a_person_answers_every_question_at_the_terminal(root, tmp_path):
    answers = ["hull", 'O\'Brien & "co"', "To see {{ this }}", "3", "3", "2", "Data team", "Director", "2", ""]
    status, said = typed(root, tmp_path / "here", *answers)
    assert status == 0, said
    assert "[10/10]" in said and "Traceback" not in said
    assert "Predictive: says what may happen next" in said
    project = tmp_path / "here" / "o-brien-co"
    text = (project / "project.toml").read_text(encoding="utf-8")
    for line in (
        'title = "O\'Brien & \\"co\\""',
        'purpose = "To see {{ this }}"',
        'code = "E06000010"',
        'source = "ssda903"',
    ):
        assert line in text
    assert (project / ".github" / "workflows" / "evidence.yml").is_file()
    assert "evidence run sample" in said
