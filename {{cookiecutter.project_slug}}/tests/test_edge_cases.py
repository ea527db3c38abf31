"""The rare records where counting goes wrong, one test each, from edge_cases.csv.

A case is one child and its episodes, one a row, dates as in the return. `expected` is the number of placements in the
year that ends on 31 March 2026, or `not looked after`. Add the cases that your own audits turn up: no code is needed.
Stage 7 runs the same cases and shows them in the pack. A tool that counts something else than placements says in a
function `answer_cases(cases, parameters)` how its cases are answered.
"""

from pathlib import Path

import pytest

from evidence import measures

FILE = Path(__file__).with_name("edge_cases.csv")
CASES = measures.read_cases(FILE)["case"].unique()


@pytest.fixture(scope="module")
def answered(tool, parameters):
    return measures.edge_cases(tool, FILE, parameters)


@pytest.mark.parametrize("case", CASES)
def test_edge_case(case, answered):
    row = answered.loc[case]
    assert row["got"] == row["expected"], row["what"]
