"""Dated plans as they stand on a day: the roll-out, the steps of retirement, and what is disposed of when."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd


def rollout(lines: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The roll-out phase by phase (7.07): index line; columns phase, team, due (its first day), share_percent, stands.

    lines: the register rollout. stands: planned, waits for a decision (its first day has come and nobody has decided),
    running, ended, stopped (decided against).
    """
    rows = lines[lines["starts"].notna()].sort_values(["starts", "id"]).set_index("id")
    today = pd.Timestamp(as_of)
    begun, ended = rows["starts"] <= today, rows["ends"].notna() & (rows["ends"] < today)
    decided = rows["decided_on"].notna() & (rows["decided_on"] <= today)
    go = decided & (rows["decision"] == "go")
    stands = np.select(
        [decided & (rows["decision"] == "no-go"), ended & go, begun & go, begun],
        ["stopped", "ended", "running", "waits for a decision"],
        "planned",
    )
    table = pd.DataFrame({"phase": rows["phase"], "team": rows["team"], "due": rows["starts"]})
    table["share_percent"] = 100 * rows["share_of_users"]
    return table.assign(stands=stands).rename_axis("line")


def first_day_of_use(lines: pd.DataFrame) -> date | None:
    """The first day on which somebody used the tool for real: the first phase that was decided `go`, or None."""
    gone = lines[(lines["decision"] == "go") & lines["starts"].notna()]
    return None if gone.empty else gone["starts"].min().date()


def retirement_plan(lines: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The steps of retirement in order (10.03): index line; columns phase, step, starts, due, owner, stands."""
    rows = lines[lines["ends"].notna()].sort_values(["starts", "ends", "id"]).set_index("id")
    table = rows[["phase", "step", "starts"]].assign(due=rows["ends"], owner=rows["owner"])
    return table.assign(stands=_stands(rows["ends"], rows["done_on"], as_of, rows["starts"])).rename_axis("line")


def disposal_schedule(lines: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """What is deleted, archived, kept or revoked (10.04): index line; columns what, kind, fate, due, owner, stands."""
    rows = lines[lines["by"].notna()].sort_values(["by", "id"]).set_index("id")
    table = rows[["what", "kind", "fate"]].assign(due=rows["by"], owner=rows["owner"])
    return table.assign(stands=_stands(rows["by"], rows["done_on"], as_of)).rename_axis("line")


def _stands(due: pd.Series, done_on: pd.Series, as_of: date, starts: pd.Series | None = None) -> np.ndarray:
    today = pd.Timestamp(as_of)
    done = done_on.notna() & (done_on <= today)
    running = starts <= today if starts is not None else pd.Series(False, index=due.index)
    return np.select([done, due < today, running], ["done", "overdue", "running"], "planned")


def dependencies(lines: pd.DataFrame) -> pd.DataFrame:
    """What rests on the tool (10.02): index line; columns what, kind, how, instead, owner."""
    return lines.set_index("id")[["what", "kind", "how", "instead", "owner"]].rename_axis("line")


def dependency_sentences(table: pd.DataFrame) -> list[str]:
    """The same as a map in words, kind by kind: what rests on the tool, how, and what takes its place."""
    ordered = table.sort_values("kind", kind="stable")
    return [
        f"{row.kind.capitalize()}: {row.what} rests on the tool ({_small(row.how)}). "
        + (f"In its place: {_small(row.instead)}." if row.instead else "Nothing takes its place yet.")
        for row in ordered.itertuples()
    ]


def _small(text: str) -> str:
    text = text.rstrip(".")
    return text[:1].lower() + text[1:]
