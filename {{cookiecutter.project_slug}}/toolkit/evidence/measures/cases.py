"""The rare records where counting goes wrong: kept in a file, answered by the tool, by one function in tests and pages.

A case is one child and its episodes, one a row, dates as in the return. `expected` is the number of placements in the
year that ends on 31 March 2026, or `not looked after`. A tool that counts something else says how its cases are
answered in a function `answer_cases(cases, parameters)`: from the rows of the file to {case: answer}.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pandas as pd

from evidence.project import EvidenceError, read_text

FILE = "tests/edge_cases.csv"
CASE_COLUMNS = ["case", "what", "expected"]
NOT_RUN = "not run"
_EPISODE_COLUMNS = ["DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC"]
_YEAR_END = pd.Timestamp(2026, 3, 31)


def read_cases(path: Path) -> pd.DataFrame:
    """The file's rows as text. Raises EvidenceError when it or one of case, what and expected is missing."""
    if not Path(path).is_file():
        raise EvidenceError("there is no file of edge cases.", where=FILE)
    rows = list(csv.DictReader(io.StringIO(read_text(path))))
    missing = [name for name in CASE_COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise EvidenceError(f"there is no column called {missing[0]}.", where=f"{FILE}, row 1")
    return pd.DataFrame(rows, dtype="str").fillna("")


def edge_cases(tool: ModuleType, path: Path, parameters: Mapping[str, object]) -> pd.DataFrame:
    """Each case answered by the tool (7.03): index case; columns what, expected, got, ok (`yes`, `no`, `not run`).

    `not run` where the tool counts something else than placements and has no `answer_cases`.
    """
    rows = read_cases(path)
    table = rows.drop_duplicates("case").set_index("case")[["what", "expected"]]
    answers = _answers(tool, rows, parameters)
    table["got"] = [NOT_RUN if answers is None else str(answers.get(case, "no answer")) for case in table.index]
    table["ok"] = [NOT_RUN if answers is None else "yes" if got == wanted else "no"
                   for got, wanted in zip(table["got"], table["expected"], strict=True)]  # fmt: skip
    return table


def _answers(tool: ModuleType, rows: pd.DataFrame, parameters: Mapping[str, object]) -> Mapping[str, object] | None:
    if hasattr(tool, "answer_cases"):
        return tool.answer_cases(rows, parameters)
    if {"header", "episodes"} != set(getattr(tool, "TABLES", {})) or set(_EPISODE_COLUMNS) - set(rows):
        return None
    frame = tool.prepare(_as_tables(rows), {**parameters, "year_end": f"{_YEAR_END:%Y-%m-%d}"})
    if "placements" not in frame:
        return None
    here = frame[frame[tool.PERIOD] == _YEAR_END].set_index(tool.UNIT)["placements"]
    return {case: here.get(case, "not looked after") for case in rows["case"]}


def _as_tables(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """All cases at once, each as a child of its own."""
    episodes = rows.rename(columns={"case": "CHILD"})[["CHILD", *_EPISODE_COLUMNS]].replace("", None)
    for name in ("DECOM", "DEC"):
        dates = pd.to_datetime(episodes[name], format="%d/%m/%Y", errors="coerce")
        wrong = dates.isna() & episodes[name].notna()
        if wrong.any():
            raise EvidenceError(
                f"{name} is not a date.", where=f"{FILE}, row {wrong.argmax() + 2}", remedy="Write it 31/03/2026."
            )
        episodes[name] = dates
    cases = rows["case"].unique()
    header = pd.DataFrame({"CHILD": cases, "SEX": "F", "DOB": pd.Timestamp(2014, 5, 1), "ETHNIC": "WBRI"})
    return {"header": header, "episodes": episodes}
