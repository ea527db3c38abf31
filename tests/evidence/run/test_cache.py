"""What need not run again, what must, and that both give the same."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from evidence.project import open_project
from evidence.run import How, Progress, clean, execute
from evidence.run.cache import cache_folder
from tests.evidence.toy import default_notebooks, make_project, notebook

USUAL, COLD = How(), How(cache=False)
READS_ANSWER = """
from evidence.project import open_project
from evidence.stage.reading import Reading
reading = Reading(open_project())
reading.begin()
text = Path("..", "workbook", "answer.md").read_text()
for name, digest in reading.take():
    results.note_read(2, "file", name, digest)
show("<p>" + text + "</p>")
""".strip()


class Told(Progress):
    """Keeps which stages were executed, and why."""

    def __init__(self) -> None:
        self.ran: list[int] = []
        self.why: dict[int, str] = {}

    def explained(self, stage, why):
        self.why[stage.number] = why

    def ended(self, stage, state, why, seconds):
        if seconds is not None:
            self.ran.append(stage.number)


def run(project, how: How = USUAL) -> tuple[Told, dict[str, bytes]]:
    told = Told()
    done = execute(project, "sample", project.parameters("sample"), progress=told, how=how)
    assert done.complete
    files = (path for path in sorted(done.folder.rglob("*")) if path.is_file() and path.name != "timings.json")
    return told, {path.relative_to(done.folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def toy(tmp_path: Path):
    folder = make_project(tmp_path / "toy", {2: notebook(2, READS_ANSWER)})
    (folder / "workbook").mkdir()
    (folder / "workbook" / "answer.md").write_text("Before")
    return open_project(folder)


def test_an_unchanged_project_runs_nothing_and_gives_the_same_bytes(toy):
    first, cold = run(toy)
    again, kept = run(toy)
    assert first.ran and sorted(first.ran) == [1, 2, 3, 4]
    assert again.ran == []
    assert kept == cold == run(toy, COLD)[1]


def test_one_changed_answer_reruns_just_the_stage_that_read_it(toy):
    run(toy)
    toy.path("workbook", "answer.md").write_text("After")
    told, kept = run(toy)
    assert told.ran == [2]
    assert told.why[2] == "workbook/answer.md changed"
    assert b"After" in kept["notebooks/02_toy.ipynb"]
    toy.path("workbook", "answer.md").write_text("Before")
    assert run(toy)[0].ran == [], "what was true before is still kept"


def test_a_result_that_comes_out_the_same_reruns_nothing_after_it(toy):
    run(toy)
    book = notebook(1, 'results.record(1, "children", 20, label="Children", headline=True)', "# another cell")
    toy.path("notebooks", "01_toy.ipynb").write_text(book)
    told, _ = run(toy)
    assert told.ran == [1]
    book = notebook(1, 'results.record(1, "children", 21, label="Children", headline=True)')
    toy.path("notebooks", "01_toy.ipynb").write_text(book)
    told, _ = run(toy)
    assert told.ran == [1, 3]
    assert told.why[3] == "the result children of stage 1 changed"


@pytest.mark.parametrize(
    ("change", "reruns", "says"),
    [
        (lambda p: p.path("parameters", "sample.toml").write_text(
            'as_of = "2026-05-31"\ndata_folder = "data/sample"\nleast = 3\n'), [1, 2, 3, 4], "the parameter as_of"),
        (lambda p: p.path("parameters", "sample.toml").write_text(
            'as_of = "2026-04-30"\ndata_folder = "data/sample"\nleast = 4\n'), [], ""),
        (lambda p: p.path("workbook", "new.csv").write_text("a\n"), [1, 2, 3, 4], "the files in workbook"),
        (lambda p: p.path("data/sample/header.csv").write_text("CHILD,SEX\nQX7731905,M\n"), [1], "header.csv"),
    ],
    ids=["a parameter", "a parameter that no stage looks at", "a file that appears", "data"],
)  # fmt: skip
def test_what_makes_stages_run_again(toy, change, reruns, says):
    run(toy)
    change(toy)
    told, _ = run(toy)
    assert sorted(told.ran) == reruns
    assert all(says in told.why[number] for number in reruns[:1])


@pytest.mark.parametrize("damage", ["flip", "cut", "entry", "version"])
def test_a_damaged_entry_is_never_trusted(toy, damage):
    _, cold = run(toy)
    for entry in cache_folder(toy).glob("01-*"):
        target = entry / ("entry.json" if damage in ("entry", "version") else "notebooks/01_toy.ipynb")
        content = target.read_bytes()
        if damage == "version":
            target.write_bytes(content.replace(b'"format": 2', b'"format": 1'))
        else:
            target.write_bytes(content[:-9] if damage == "cut" else content[:-9] + b"X" + content[-8:])
    told, again = run(toy)
    assert told.ran == [1]
    assert again == cold


def test_it_is_for_its_owner_and_goes_when_told(toy):
    run(toy, COLD)
    assert not cache_folder(toy).exists()
    run(toy)
    assert os.name == "nt" or stat.S_IMODE(cache_folder(toy).stat().st_mode) == 0o700
    assert clean(toy) == 4
    assert not cache_folder(toy).exists()
    assert sorted(run(toy)[0].ran) == [1, 2, 3, 4]


def test_what_a_kernel_wrote_to_its_standard_error_is_not_kept(toy):
    says = "os.write(2, b'child ' + str(1234).encode())"
    toy.path("notebooks", "02_toy.ipynb").write_text(notebook(2, says))
    _, left = run(toy)
    assert b"child 1234" in left["logs/02.txt"]
    kept = [path for path in cache_folder(toy).rglob("*") if path.is_file()]
    assert kept and not any(b"child 1234" in path.read_bytes() for path in kept)


def test_what_was_half_kept_by_a_killed_run_goes_and_what_is_being_kept_stays(toy):
    run(toy)
    old, new = cache_folder(toy) / ".part-1-1-01", cache_folder(toy) / ".part-2-2-01"
    for part in (old, new):
        part.mkdir()
        (part / "entry.json").write_text("{")
    os.utime(old, (0, 0))
    toy.path("workbook", "answer.md").write_text("After")
    run(toy)
    assert new.is_dir() and not old.exists()


def test_after_a_failure_only_what_is_left_is_run(toy):
    toy.path("notebooks", "03_toy.ipynb").write_text(notebook(3, "raise ValueError('no')"))
    told = Told()
    failed = execute(toy, "sample", toy.parameters("sample"), progress=told)
    assert [stage.state for stage in failed.stages] == ["done", "done", "failed", "not run"]
    toy.path("notebooks", "03_toy.ipynb").write_text(default_notebooks()[3])
    assert run(toy)[0].ran == [3, 4]


@pytest.mark.slow
def test_random_edits_never_make_kept_and_fresh_outputs_differ(tmp_path):
    """Whatever is edited in whatever order, a run that keeps gives what a run that keeps nothing gives."""
    import random

    draw = random.Random(2026)
    folder = make_project(tmp_path / "toy", {2: notebook(2, READS_ANSWER)})
    (folder / "workbook").mkdir()
    (folder / "workbook" / "answer.md").write_text("0")
    project = open_project(folder)
    figure = 'results.record(1, "children", {}, label="Children", headline=True)'
    edits = {
        "workbook/answer.md": lambda number: str(number),
        "data/sample/header.csv": lambda number: f"CHILD,SEX\nQX7731905,{'MF'[number]}\n",
        "notebooks/01_toy.ipynb": lambda number: notebook(1, figure.format(20 + number)),
        "notebooks/04_toy.ipynb": lambda number: notebook(4, f'show("<p>{number}</p>")'),
    }
    kept_some = 0
    for _ in range(8):
        for name in draw.sample(sorted(edits), draw.randint(1, 2)):
            project.path(name).write_text(edits[name](draw.randint(0, 1)))
        told, kept = run(project)
        kept_some += len(told.ran) < 4
        assert kept == run(project, COLD)[1]
    assert kept_some


@pytest.mark.slow
def test_warm_and_cold_kernels_give_the_same_on_all_ten_notebooks(sample_project, tmp_path):
    from evidence.run.warm_start import can_be_warm

    if not can_be_warm():
        pytest.skip("kernels are forked on Linux only")
    place = tmp_path / "project"
    shutil.copytree(sample_project, place)
    project = open_project(place)
    warm, cold = (run(project, How(cache=False, warm=warm, workers=2))[1] for warm in (True, False))
    charts = [
        name for name, content in warm.items() if name.startswith("notebooks/") and b"data:image/svg+xml" in content
    ]
    assert len([name for name in warm if name.startswith("notebooks/")]) == 10
    assert charts, "a forked kernel that has lost its figures must not pass"
    assert warm == cold
