"""Made-up episodes in thirty columns, as many as wanted, for the benchmarks: the same seed gives the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

AT_ONCE = 500_000
MISSING = 0.03
# One row in a thousand holds a code that is on no list, a number out of range, or an end before its start.
WRONG = 0.001
LISTS = {
    "RNE": ["S", "P", "T", "L", "B", "U"],
    "LS": ["C1", "C2", "E1", "L1", "L2", "V2"],
    "CIN": [f"N{i}" for i in range(1, 9)],
    "PLACE": ["U1", "U3", "U4", "U5", "U6", "K1", "K2", "K3", "P1", "R3", "S1", "A5", "A6", "Z1"],
    "PLACE_PROVIDER": ["PR0", "PR1", "PR2", "PR4", "PR5"],
    "REC": ["X1", "E3", "E4A", "E4B", "E5", "E8", "E11", "E12"],
    "REASON_PLACE_CHANGE": ["CARPL", "CLOSE", "ALLEG", "STAND", "APPRR", "CREQB", "CHILD", "PLACE", "OTHER"],
    "SEX": ["M", "F", "U"],
    "ETHNIC": ["WBRI", "WIRI", "WOTH", "MWBC", "MWBA", "MWAS", "AIND", "APKN", "BCRB", "BAFR", "OOTH", "NOBT"],
    "TEAM": [f"T{i:02d}" for i in range(40)],
    "WARD": [f"W{i:03d}" for i in range(250)],
    "SDQ_REASON": [f"SDQ{i}" for i in range(1, 6)],
    "HEALTH_CHECK": ["0", "1"],
    "TEETH_CHECK": ["0", "1"],
    "CONVICTED": ["0", "1"],
}
NUMBERS = {"SDQ_SCORE": (0, 40), "VISITS": (0, 60), "WEEKLY_COST": (0, 9000), "MILES": (0, 400), "AGE": (0, 18)}
DATES = ("DECOM", "DEC", "DOB", "REVIEW", "PLAN_START", "PLAN_END")
COLUMNS = (
    "CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "PLACE_PROVIDER", "DEC", "REC", "REASON_PLACE_CHANGE", "HOME_POST",
    "PL_POST", "URN", "SEX", "DOB", "ETHNIC", "TEAM", "WARD", "SDQ_SCORE", "SDQ_REASON", "HEALTH_CHECK", "TEETH_CHECK",
    "CONVICTED", "VISITS", "WEEKLY_COST", "MILES", "AGE", "REVIEW", "PLAN_START", "PLAN_END",
)  # fmt: skip


def catalogue_rows() -> list[dict[str, str]]:
    """What a person would confirm of these columns in reference/catalogue.csv, for the table `episodes`."""
    rows = [{"column": "", "valid_range": "one at a time"}]
    for column in COLUMNS:
        row = {"column": column, "role": "ordinary", "treatment": "code"}
        if column in ("CHILD", "URN"):
            row |= {"role": "direct identifier", "treatment": "token"}
        elif column in ("HOME_POST", "PL_POST"):
            row |= {"role": "direct identifier", "treatment": "area"}
        elif column == "DOB":
            row |= {"role": "direct identifier", "treatment": "month"}
        elif column in DATES:
            row |= {"treatment": "date"}
        elif column in NUMBERS:
            row |= {"treatment": "number", "valid_range": f"{NUMBERS[column][0]}-{NUMBERS[column][1]}"}
        if column in LISTS:
            row |= {"code_list": f"own/episodes/{column}"}
        if column in ("CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE", "SEX", "DOB", "ETHNIC"):
            row |= {"required": "yes"}
        rows.append(row)
    rows[COLUMNS.index("DEC") + 1]["valid_range"] = "not before DECOM"
    rows[COLUMNS.index("PLAN_END") + 1]["valid_range"] = "not before PLAN_START"
    return [{"source": "own", "table": "episodes", "confirmed": "yes"} | row for row in rows]


def code_list_rows() -> list[dict[str, str]]:
    """The code lists that the catalogue rows name, as reference/code_lists.csv holds them."""
    return [
        {"dataset": "own", "table": "episodes", "column": column, "code": code, "label": code, "group": ""}
        for column, codes in LISTS.items()
        for code in codes
    ]


def write(path: Path, rows: int, seed: int = 2026) -> None:
    """Writes `rows` episodes to a CSV or Parquet file (by its ending), half a million at a time.

    Dates are texts, day first, in CSV and dates in Parquet.
    """
    writer = None
    for table in _parts(rows, seed, path.suffix == ".csv"):
        if writer is None:
            csv = path.suffix == ".csv"
            writer = pa.csv.CSVWriter(path, table.schema) if csv else pa.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def _parts(rows: int, seed: int, as_text: bool) -> Iterator[pa.Table]:
    for number, start in enumerate(range(0, rows, AT_ONCE)):
        yield _part(np.random.default_rng([seed, number]), start, min(AT_ONCE, rows - start), as_text)


def _part(rng: np.random.Generator, start: int, count: int, as_text: bool) -> pa.Table:
    # About three episodes a child, side by side, so that a child's episodes follow one another.
    child = (start + np.arange(count)) // 3
    begin = 16_000 + (child * 7919) % 3_000 + ((start + np.arange(count)) % 3) * 120
    columns = {"CHILD": _texts([f"{i:010d}" for i in range(child[0], child[-1] + 1)], child - child[0])}
    days = {
        "DECOM": begin,
        "DEC": begin + np.where(rng.random(count) < WRONG, -5, rng.integers(1, 120, count)),
        "DOB": 9_800 + child * 7919 % 6_000,
        "REVIEW": begin + 20,
        "PLAN_START": begin + 5,
        "PLAN_END": begin + 5 + rng.integers(0, 300, count),
    }
    columns |= {name: _days(values, as_text) for name, values in days.items()}
    for name, codes in LISTS.items():
        # A child's sex and ethnic group are the same in each of its episodes.
        chosen = child * 31 // 7 % len(codes) if name in ("SEX", "ETHNIC") else rng.integers(0, len(codes), count)
        columns[name] = _texts([*codes, "??"], np.where(rng.random(count) < WRONG, len(codes), chosen))
    for name, (low, high) in NUMBERS.items():
        values = rng.integers(low, high + 1, count)
        columns[name] = pa.array(np.where(rng.random(count) < WRONG, high + 1, values))
    columns["HOME_POST"] = _texts([f"ZB{i % 20} {i % 10}PR" for i in range(200)], rng.integers(0, 200, count))
    columns["PL_POST"] = _texts([f"ZC{i % 20} {i % 10}QR" for i in range(200)], rng.integers(0, 200, count))
    columns["URN"] = _texts([f"99{i:05d}" for i in range(20_000)], rng.integers(0, 20_000, count))
    return pa.table({name: _with_gaps(rng, name, columns[name], count) for name in COLUMNS})


def _texts(codes: list[str], positions: np.ndarray) -> pa.Array:
    return pa.array(codes).take(pa.array(positions))


def _days(days: np.ndarray, as_text: bool) -> pa.Array:
    """Days since 1 January 1970, as the returns write them or as dates."""
    if not as_text:
        return pa.array(days.astype("datetime64[D]").astype("datetime64[us]"))
    first = int(days.min())
    texts = np.arange(first, int(days.max()) + 1).astype("datetime64[D]")
    written = ["/".join(reversed(day.split("-"))) for day in texts.astype(str)]
    return _texts(written, days - first)


def _with_gaps(rng: np.random.Generator, name: str, values: pa.Array, count: int) -> pa.Array:
    if name in ("CHILD", "DECOM"):
        return values
    return pa.compute.if_else(pa.array(rng.random(count) < MISSING), pa.scalar(None, values.type), values)
