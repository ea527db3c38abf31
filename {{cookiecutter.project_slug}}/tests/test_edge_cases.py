"""The rare records where counting goes wrong, one test each, from edge_cases.csv.

A case is one child and its episodes, one a row, dates as in the return. `expected` is the number of placements in the
year that ends on 31 March 2026, or `not looked after`. Add the cases that your own audits turn up: no code is needed.
"""

import csv
from pathlib import Path

import pandas as pd
import pytest

FILE = Path(__file__).with_name("edge_cases.csv")
ROWS = list(csv.DictReader(FILE.open(encoding="utf-8-sig", newline="")))
CASES = {row["case"]: row for row in ROWS}
YEAR_END = pd.Timestamp(2026, 3, 31)


@pytest.fixture(scope="module")
def prepared(tool, parameters):
    """All cases at once, each as a child of its own."""
    columns = ["DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC"]
    episodes = pd.DataFrame([{"CHILD": row["case"], **{name: row[name] or None for name in columns}} for row in ROWS])
    for date in ("DECOM", "DEC"):
        episodes[date] = pd.to_datetime(episodes[date], format="%d/%m/%Y")
    born = pd.Timestamp(2014, 5, 1)
    header = pd.DataFrame([{"CHILD": case, "SEX": "F", "DOB": born, "ETHNIC": "WBRI"} for case in CASES])
    frame = tool.prepare({"header": header, "episodes": episodes}, {**parameters, "year_end": "2026-03-31"})
    return frame[frame[tool.PERIOD] == YEAR_END].set_index(tool.UNIT)


@pytest.mark.parametrize("case", CASES)
def test_edge_case(case, prepared):
    row = CASES[case]
    counted = f"{prepared.at[case, 'placements']}" if case in prepared.index else "not looked after"
    assert counted == row["expected"], row["what"]
