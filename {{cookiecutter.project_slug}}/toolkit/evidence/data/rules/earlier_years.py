"""Rules on what this return says against the return of the year before (the folder `earlier` in the data folder)."""

from __future__ import annotations

import pandas as pd

from evidence.data.rules.rule import INCONSISTENT, among, rule


@rule(
    "YR01", "Sex differs from the return before", table="header", columns=["SEX"], needs=["CHILD", "SEX"],
    family=INCONSISTENT,
)  # fmt: skip
def sex_changed(header, earlier_header):
    return _changed(header, earlier_header, "SEX")


@rule(
    "YR02", "Month of birth differs from the return before", table="header", columns=["DOB"], needs=["CHILD", "DOB"],
    family=INCONSISTENT,
)  # fmt: skip
def birth_changed(header, earlier_header):
    return _changed(header, earlier_header, "DOB")


@rule(
    "YR03", "Ethnic group differs from the return before", table="header", columns=["ETHNIC"],
    needs=["CHILD", "ETHNIC"], family=INCONSISTENT,
)  # fmt: skip
def ethnic_group_changed(header, earlier_header):
    return _changed(header, earlier_header, "ETHNIC")


@rule(
    "YR04", "Episode was open in the return before, and is not in this one", table="earlier_episodes",
    columns=["CHILD", "DECOM", "DEC"], needs=["CHILD", "DECOM"], family=INCONSISTENT,
)  # fmt: skip
def open_episode_gone(earlier_episodes, earlier_episodes_malformed, episodes):
    still_open = earlier_episodes["DEC"].isna() & ~earlier_episodes_malformed["DEC"]
    return still_open & ~among(_spells(earlier_episodes), _spells(episodes))


def _changed(header: pd.DataFrame, earlier: pd.DataFrame, column: str) -> pd.Series:
    """Whether the column is filled with something else than the return before says of the child."""
    before = earlier[["CHILD", column]].dropna().drop_duplicates("CHILD").set_index("CHILD")[column]
    said = header["CHILD"].map(before)
    return said.notna() & (header[column] != said)


def _spells(episodes: pd.DataFrame) -> pd.Series:
    return episodes["CHILD"] + " " + episodes["DECOM"].astype("int64").astype("str")
