"""What a person sees while stages are at work, on terminals of all sorts."""

from __future__ import annotations

import os
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from evidence.run import How, Progress, execute, execute_many, progress_for, progress_for_many
from evidence.run.progress import Bars, Clock, Lines
from evidence.run.progress_many import ManyBars, ManyLines, ManyProgress
from tests.evidence.run.fake_executor import FakeExecutor
from tests.evidence.run.test_many import DOES, areas, toy

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
STAGES = [
    SimpleNamespace(number=9, title="Deployment and monitoring"),
    SimpleNamespace(number=10, title="Retirement"),
]


@pytest.fixture
def terminal():
    """`terminal(40)` is a stream to a terminal of so many columns, and a function that says what is on its screen."""
    import fcntl
    import termios

    opened = []

    def open_one(columns: int):
        outer, inner = os.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        stream = open(inner, "w", encoding="utf-8")
        opened.append((outer, stream))
        os.set_blocking(outer, False)

        def on_screen() -> list[str]:
            stream.flush()
            return screen(read_all(outer), columns)

        return stream, on_screen

    yield open_one
    for outer, stream in opened:
        stream.close()
        os.close(outer)


def read_all(descriptor: int) -> str:
    pieces = []
    while True:
        try:
            pieces.append(os.read(descriptor, 65536))
        except BlockingIOError:
            return b"".join(pieces).decode()


def screen(written: str, columns: int) -> list[str]:
    """The rows that a terminal shows in the end, without empty ones; a text that is too long goes on in the next."""
    rows, row, column = {}, 0, 0
    for one in written.replace("\x1b[A", "\x1b"):
        if one in "\r\n\x1b":
            row, column = row + {"\n": 1, "\x1b": -1, "\r": 0}[one], 0 if one == "\r" else column
            continue
        if column == columns:
            row, column = row + 1, 0
        rows.setdefault(row, {})[column] = one
        column += 1
    texts = ["".join(cells.get(place, " ") for place in range(columns)) for _, cells in sorted(rows.items())]
    return [text.rstrip() for text in texts if text.strip()]


@pytest.mark.parametrize("columns", [24, 40, 80, 200])
def test_each_bar_has_a_row_of_its_own(terminal, columns):
    stream, on_screen = terminal(columns)
    bars = Bars(stream)
    for stage in STAGES:
        bars.started(stage, 3)
    for stage in STAGES:
        for _ in range(2):
            bars.cell_done(stage)
    drawn = on_screen()
    assert [row.split()[0] for row in drawn] == ["9", "10"]
    bars.stopped()


def test_nothing_that_moves_stays_when_a_run_is_broken_off(terminal):
    stream, on_screen = terminal(40)
    bars, many = Bars(stream), ManyBars(stream)
    for stage in STAGES:
        bars.started(stage, 3)
    bars.stopped()
    many.began(["one", "two"], SimpleNamespace(stages=STAGES))
    many.stage_ended("one", STAGES[0], executed=True)
    many.stopped()
    assert on_screen() == []


@pytest.mark.parametrize("many", [False, True])
def test_a_run_that_is_broken_off_says_so_to_whoever_draws(tmp_path, many):
    class Breaks(FakeExecutor):
        def session(self, job):
            raise KeyboardInterrupt

    project, told = toy(tmp_path), []
    how = How(executor=Breaks(DOES))
    progress = ManyProgress() if many else Progress()
    progress.stopped = lambda: told.append(True)
    with pytest.raises(KeyboardInterrupt):
        if many:
            execute_many(project, areas(2), progress=progress, how=how)
        else:
            execute(project, "area", areas(1)["area_0"], progress=progress, how=how)
    assert told


def test_the_line_of_the_last_stage_begins_its_row(terminal):
    stream, on_screen = terminal(80)
    bars = Bars(stream)
    for stage in STAGES:
        bars.started(stage, 3)
    for stage in STAGES:
        bars.ended(stage, "done", "", 1.0)
    assert on_screen() == [" 9 Deployment and monitoring: done in 1.0 s", "10 Retirement: done in 1.0 s"]


def test_the_names_of_many_runs_stay_within_their_row(terminal):
    stream, on_screen = terminal(60)
    bars = ManyBars(stream)
    bars.began([f"locality_{number}" for number in range(64)], SimpleNamespace(stages=STAGES))
    for number in range(64):
        bars.stage_ended(f"locality_{number}", STAGES[0], executed=True)
    bars._look_again()
    drawn = on_screen()
    assert len(drawn) == 1 and drawn[0].startswith("64 of 128 stages") and drawn[0].endswith("…")
    bars.stopped()


def test_the_clock_goes_on_while_a_cell_does_until_it_is_stopped():
    ticked = threading.Event()
    clock = Clock(ticked.set)
    with ThreadPoolExecutor(8) as stages:
        list(stages.map(lambda _: clock.start(), range(8)))
    assert ticked.wait(30)
    clock.stop()
    clock._thread.join(30)
    assert not clock._thread.is_alive()


def test_only_a_terminal_that_can_write_over_what_it_wrote_has_bars(terminal, monkeypatch):
    stream, _ = terminal(80)
    monkeypatch.setenv("TERM", "xterm")
    assert type(progress_for(stream)) is Bars and type(progress_for_many(stream)) is ManyBars
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress_for(stream)) is Lines and type(progress_for_many(stream)) is ManyLines
