"""Which years' layout of the SSDA903 return a file has, told from its codes: its columns are the same since 2017."""

from __future__ import annotations

import pandas as pd

# Sex was 1 or 2 until 2024 and is M, F or U from 2025.
_SEX = {"1": (0, 2024), "2": (0, 2024), "M": (2025, 9999), "F": (2025, 9999), "U": (2025, 9999)}
# The first year of a table that the return did not always have.
FIRST_YEARS = {"sw_episodes": 2024, "dolo": 2027}


def about_layout(name: str, file: str, frame: pd.DataFrame, year: int | None, codes: pd.DataFrame) -> list[str]:
    """A note where a file's codes are of more than one year's layout, or not of the year that its name says.

    `codes`: the code lists with from_year and to_year. They are read whatever the year: the audit judges them.
    """
    limits = _limits(name, frame, codes)
    if name in FIRST_YEARS:
        limits["the table"] = (FIRST_YEARS[name], 9999)
    earliest = max((first for first, _ in limits.values()), default=0)
    latest = min((last for _, last in limits.values()), default=9999)
    if earliest > latest:
        old = sorted(what for what, (_, last) in limits.items() if last == latest)
        new = sorted(what for what, (first, _) in limits.items() if first == earliest)
        return [
            f"{file} mixes the layouts of different years: {', '.join(old)} (until {latest}) and {', '.join(new)} "
            f"(from {earliest}). Both were read."
        ]
    if year is not None and not earliest <= year <= latest:
        what = sorted(what for what, (first, last) in limits.items() if not first <= year <= last)
        until = f"until {latest}" if year > latest else f"from {earliest}"
        told = ", ".join(what)
        return [f"{file} is of {year} by its name and has the layout {until} ({told}). It was read as it is."]
    return []


def _limits(name: str, frame: pd.DataFrame, codes: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Code of the file, with its column, to the first and last year that it is a code in; only where years limit it."""
    found = {}
    # Few codes are limited, and comparing numbers is quick.
    limited = codes[(codes["from_year"] > 0) | (codes["to_year"] < 9999)].to_dict("records")
    limited = [row for row in limited if (row["dataset"], row["table"]) == ("ssda903", name)]
    listed = {row["column"] for row in limited}
    for column in frame.columns:
        if column != "SEX" and column not in listed:
            continue
        present = {code.upper() for code in frame[column].dropna().unique().tolist()}
        if column == "SEX":
            found |= {f"SEX {code}": _SEX[code] for code in present & set(_SEX)}
            continue
        for row in limited:
            if row["column"] == column and row["code"] in present:
                found[f"{column} {row['code']}"] = (row["from_year"], row["to_year"])
    return found
