"""Own tables that somebody else made go through all stages, or a stage says what it lacks."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import give_access

DATES = ("DECOM", "DEC", "DOB", "MC_DOB", "REVIEW")


@pytest.fixture
def own(bake, run_evidence) -> Path:
    """A project with the sample in data/raw as Parquet, dates as dates, every guess of `describe` confirmed."""
    made = give_access(bake(data_source="own"))
    for path in (made / "data" / "sample").glob("*.csv"):
        if path.stem in ("header", "episodes", "reviews", "oc2"):
            frame = pd.read_csv(path, dtype="str")
            for name in set(DATES) & set(frame.columns):
                frame[name] = pd.to_datetime(frame[name], format="%d/%m/%Y", errors="coerce")
            frame.to_parquet(made / "data" / "raw" / f"{path.stem}.parquet")
    assert run_evidence(made, "data", "describe", "data/raw").returncode == 0
    catalogue = made / "reference" / "catalogue.csv"
    with catalogue.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["confirmed"] = "yes" if row["source"] == "own" else row["confirmed"]
    with catalogue.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return made


def test_all_ten_stages_run_on_own_parquet_files(own, run_evidence):
    done = run_evidence(own, "run", "own", "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((own / "packs" / "own").glob("[01]*_*.html"))) == 10


def test_a_stage_says_which_table_its_tool_lacks_and_the_others_that_they_wait_for_it(own, run_evidence):
    (own / "data" / "raw" / "header.parquet").unlink()
    done = run_evidence(own, "run", "own", "--draft")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "the tool reads a table called header, and the data has none." in said
    assert "Put header into the data folder" in said and "Traceback" not in said
    assert said.count("not run") == 5 and "It needs the results of stage 5, which did not finish." in said
