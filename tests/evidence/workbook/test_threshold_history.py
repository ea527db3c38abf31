"""A threshold that was changed after results were seen is not judged, and the page says when it was changed."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from evidence.data.access.log import append
from evidence.project import open_project
from evidence.workbook import check_thresholds, history_of, note_results_seen
from evidence.workbook.threshold_history import RESULTS_SEEN, History
from tests.evidence.workbook.helpers import Planted, open_book, write

RAW = {"data": "data/raw", "period": "2026-03-31"}
HEADS = "id,measure,group,at_least,worse_error,why,agreed_by,set_on\n"
REGISTER = "workbook/05_design/thresholds.csv"


def thresholds(folder: Path, *lines: tuple[str, str, str, str]) -> None:
    rows = [f"{name},{measure},everyone,{level},a miss,Because,Board,{day}\n" for name, measure, level, day in lines]
    write(folder / REGISTER, HEADS + "".join(rows))


def results(tested_on: dict = RAW) -> Planted:
    metrics = pd.DataFrame(
        {"measure": ["recall", "precision"], "value": [0.62, 0.5], "n": [6200, 5000], "denominator": 10_000}
    )
    return Planted({(7, "metrics"): metrics, (7, "tested_on"): tested_on})


def checks(folder: Path, tested_on: dict = RAW) -> list[tuple[bool | None, str]]:
    return [(one.met, one.text) for one in check_thresholds(open_book(folder, results(tested_on)))]


def see(folder: Path, tested_on: dict = RAW) -> None:
    note_results_seen(open_project(folder), tested_on, open_book(folder).thresholds())


def log_of(folder: Path) -> str:
    path = folder / "logs" / "access_log.jsonl"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@pytest.fixture
def folder(blank) -> Path:
    folder = blank()
    thresholds(folder, ("A", "recall", "0.60", "01/05/2026"))
    return folder


def test_a_threshold_fixed_before_results_were_seen_is_judged_each_time(folder):
    assert checks(folder)[0][0] is True
    see(folder)
    see(folder)
    assert checks(folder)[0][0] is True
    assert log_of(folder).count(RESULTS_SEEN) == 1


def test_a_threshold_lowered_after_results_were_seen_is_not_judged_and_the_page_says_so(folder):
    thresholds(folder, ("A", "recall", "0.70", "01/05/2026"))
    see(folder)
    assert checks(folder)[0][0] is False
    thresholds(folder, ("A", "recall", "0.60", "01/05/2026"))
    met, text = checks(folder)[0]
    assert met is None
    assert text.startswith("Recall for everyone of at least 0.60 was changed from 0.70, after results were seen on ")
    assert text.endswith("; it is not judged.")


def test_the_day_of_the_change_comes_from_what_the_team_wrote_where_nothing_else_tells(folder):
    append(open_project(folder), {"when": "2026-05-20T09:00:00+00:00", "what": RESULTS_SEEN, "stage": 7, **RAW,
                                  "thresholds": [["recall", "everyone", 0.7]]})  # fmt: skip
    thresholds(folder, ("A", "recall", "0.60", "03/06/2026"))
    assert "was changed from 0.70 on 3 June 2026, after results were seen on 20 May 2026" in checks(folder)[0][1]


def test_a_threshold_put_back_to_what_it_was_is_judged_again(folder):
    see(folder)
    thresholds(folder, ("A", "recall", "0.40", "01/05/2026"))
    see(folder)
    assert checks(folder)[0][0] is None
    thresholds(folder, ("A", "recall", "60%", "01/05/2026"))
    see(folder)
    assert checks(folder)[0][0] is True
    assert log_of(folder).count(RESULTS_SEEN) == 3


def test_a_threshold_that_was_not_there_when_results_were_seen_is_not_judged(folder):
    see(folder)
    thresholds(folder, ("A", "recall", "0.60", "01/05/2026"), ("B", "precision", "0.45", "01/05/2026"))
    both = checks(folder)
    assert both[0][0] is True
    assert both[1][0] is None
    assert "Precision for everyone of at least 0.45 was set, after results were seen on" in both[1][1]


def release(folder: Path, level: str, day: str, period: str = "2026-03-31", data: str = "data/raw") -> None:
    """A pack that shows results on this data, with the threshold of that moment in percent."""
    pack = folder / "packs" / "april"
    (pack / "tables").mkdir(parents=True)
    heads = "threshold,measure,group,at_least,set_on,tested_until\n"
    row = f"A,recall,everyone,{level},1 May 2026,{period}\n"
    (pack / "tables" / "07_thresholds_in_force.csv").write_text(heads + row, encoding="utf-8")
    receipt = {"made_at": f"{day}T09:00:00+00:00", "data_folder": data}
    (pack / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")


def test_a_released_pack_tells_of_results_seen_where_the_log_does_not(folder):
    release(folder, "70.0", "2026-05-20")
    assert log_of(folder) == ""
    met, text = checks(folder)[0]
    assert met is None
    assert "was changed from 0.70" in text and "after results were seen on 20 May 2026" in text


def test_a_pack_that_is_older_than_the_log_s_first_line_comes_first(folder):
    release(folder, "70.0", "2026-05-20")
    see(folder)
    assert "after results were seen on 20 May 2026" in checks(folder)[0][1]
    thresholds(folder, ("A", "recall", "0.70", "01/05/2026"))
    assert checks(folder)[0][0] is False


@pytest.mark.parametrize(
    "other", [{"level": "60.0"}, {"period": "2025-03-31"}, {"data": "data/other"}, {"day": "not a day"}]
)
def test_a_pack_with_the_same_threshold_of_other_data_or_that_cannot_be_read_objects_to_nothing(folder, other):
    release(folder, **{"level": "70.0", "day": "2026-05-20", **other})
    assert checks(folder)[0][0] is True


def test_another_name_for_the_same_threshold_is_no_change(folder):
    see(folder)
    thresholds(folder, ("recall_for_all", "recall", "0.6", "01/05/2026"))
    assert checks(folder)[0][0] is True


def test_new_data_begins_anew_and_the_made_up_sample_binds_nobody(folder):
    see(folder)
    see(folder, {"data": "data/sample", "period": "2026-03-31"})
    assert log_of(folder).count(RESULTS_SEEN) == 1
    thresholds(folder, ("A", "recall", "0.50", "01/05/2026"))
    assert checks(folder)[0][0] is None
    assert checks(folder, {"data": "data/raw", "period": "2027-03-31"})[0][0] is True
    assert checks(folder, {"data": "data/sample", "period": "2026-03-31"})[0][0] is True


def git(folder: Path, *arguments: str, day: str = "2026-05-01") -> None:
    stamp = f"{day}T12:00:00+00:00"
    settings = {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp, "GIT_CONFIG_GLOBAL": os.devnull}
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(
        ["git", *names, *arguments], cwd=folder, check=True, env={**os.environ, **settings}, capture_output=True
    )


def test_git_tells_the_day_of_the_change(folder):
    thresholds(folder, ("A", "recall", "0.70", "01/05/2026"))
    git(folder, "init", "-q")
    git(folder, "add", REGISTER)
    git(folder, "commit", "-qm", "Fix thresholds")
    append(open_project(folder), {"when": "2026-05-20T09:00:00+00:00", "what": RESULTS_SEEN, "stage": 7, **RAW,
                                  "thresholds": [["recall", "everyone", 0.7]]})  # fmt: skip
    for level, day in (("0.65", "2026-06-01"), ("0.60", "2026-06-09"), ("0.60", "2026-07-01")):
        thresholds(folder, ("A", "recall", level, "01/05/2026"))
        git(folder, "add", REGISTER)
        git(folder, "commit", "-qm", "Change", "--allow-empty", day=day)
    assert "was changed from 0.70 on 9 June 2026, after results were seen on 20 May 2026" in checks(folder)[0][1]


def test_no_git_and_an_uncommitted_register_are_no_fault(folder):
    git(folder, "init", "-q")
    see(folder)
    thresholds(folder, ("A", "recall", "0.50", "01/05/2026"))
    assert checks(folder)[0][0] is None


def test_what_is_said_has_a_digest_that_changes_with_it(folder):
    project = open_project(folder)
    before = history_of(project, RAW)
    assert before == History()
    see(folder)
    first = history_of(project, RAW)
    assert first.digest != before.digest
    assert first.digest == history_of(project, RAW).digest
    thresholds(folder, ("A", "recall", "0.50", "01/05/2026"))
    see(folder)
    assert history_of(project, RAW).digest != first.digest
    assert first.seen_on is not None
    assert first.seen_on <= date.today()
