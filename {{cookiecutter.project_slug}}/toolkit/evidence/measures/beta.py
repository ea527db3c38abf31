"""The tool on new data: beside today's process, and beside what the alpha test saw (guidance actions 7.07 and 7.08)."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import numpy as np
import pandas as pd

from evidence.measures import accuracy, agreeing, drifting, estimating, of_tool
from evidence.measures.estimating import truth

ALL_LINES = "all lines together"


def says_yes_or_no(tool: ModuleType, output: pd.DataFrame) -> bool:
    """Whether the tool picks children out, so that its output can be laid beside a decision for each of them."""
    return pd.api.types.is_bool_dtype(output[tool.OUTPUT])


def beside_today(tool: ModuleType, output: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Each decision of today's process beside what the tool said of the child: one row a child.

    decisions: columns child (token), date, decision (true or false). The tool's row is the child's last one that stood
    on the day of the decision. A child decided on more than once counts once, as picked out when any decision said so,
    with the tool's row of the first day. Children whom the tool has no row for are left out: `attrs["unknown"]` says
    how many, and `attrs["decisions"]` how many decisions there were. Columns: those of `output`, team and
    decided_on.
    """
    if decisions.empty:
        rows = output.iloc[:0].assign(team=pd.Series(dtype="boolean"), decided_on=pd.Series(dtype="datetime64[us]"))
        rows.attrs.update(decisions=0, unknown=0)
        return rows
    once = decisions.sort_values(["child", "date"]).groupby("child", as_index=False)
    once = once.agg(decided_on=("date", "first"), team=("decision", "max")).sort_values(["decided_on", "child"])
    stood = output.sort_values([tool.PERIOD, tool.UNIT])
    day = stood[tool.PERIOD].astype("datetime64[us]")
    rows = pd.merge_asof(
        once.astype({"decided_on": "datetime64[us]"}).rename(columns={"child": tool.UNIT}),
        stood.assign(_day=day),
        left_on="decided_on",
        right_on="_day",
        by=tool.UNIT,
    )
    known = rows["_day"].notna()
    found = rows[known].drop(columns="_day").reset_index(drop=True)
    # The join makes room for rows without a match; those are gone, so the columns are again what they were.
    found = found.astype(dict(output.dtypes.items()))
    found.attrs.update(decisions=len(decisions), unknown=int((~known).sum()))
    return found


def parallel_run(tool: ModuleType, lines: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    """How often tool and today's process agree, line by line and in all (7.07): index line, columns as `agreement`.

    lines: the register parallel_run, columns id, starts, ends and, where the numbers were counted by hand, both,
    tool_only, team_only, neither. A line without all four takes the children of `beside` (as `beside_today` gives them)
    who were decided on from its first day to its last. Lines with neither are left out; the table is empty without any.
    """
    counts = {}
    for line in lines.to_dict("records"):
        cells = pd.Series([line[name] for name in agreeing.CELLS], index=agreeing.CELLS, dtype="float64")
        if cells.notna().all():
            counts[line["id"]] = cells
            continue
        if not says_yes_or_no(tool, beside):
            continue
        during = beside["decided_on"].between(line["starts"], line["ends"])
        here = agreeing.counted(beside[during], tool.OUTPUT, "team") if during.any() else None
        if here is not None and here.iloc[0].sum():
            counts[line["id"]] = here.iloc[0]
    if not counts:
        return pd.DataFrame()
    table = pd.DataFrame(counts).T.rename_axis("line")
    if len(table) > 1:
        table.loc[ALL_LINES] = table.sum()
    return agreeing.agreement(table)


def in_lines(lines: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    """The children of `beside` who were decided on within a line of the register that has no counts of its own."""
    bare = lines[lines[agreeing.CELLS].isna().any(axis="columns")]
    inside = np.zeros(len(beside), dtype=bool)
    for line in bare.to_dict("records"):
        inside |= beside["decided_on"].between(line["starts"], line["ends"]).to_numpy()
    return beside[inside]


def differently_by_group(tool: ModuleType, lines: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    """`treated_differently` of the children in the parallel run, by each of the tool's GROUPS; empty without any."""
    rows = in_lines(lines, beside)
    if rows.empty or not says_yes_or_no(tool, rows):
        return pd.DataFrame()
    return agreeing.treated_differently(rows, tool.OUTPUT, "team", tool.GROUPS)


def alpha_rows(tool: ModuleType, output: pd.DataFrame) -> pd.DataFrame:
    """The historic rows: those of the alpha test, or of the last period but one for a tool that learns from none."""
    if "used_for" in output:
        return of_tool.tested_rows(tool, output)
    periods = sorted(output[tool.PERIOD].unique())
    return output[output[tool.PERIOD] == periods[-2]] if len(periods) > 1 else output.iloc[:0]


def beta_rows(tool: ModuleType, output: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last period, where that is later than the alpha test's; else none."""
    alpha = alpha_rows(tool, output)
    last = of_tool.latest_period(tool, output)
    return last if len(alpha) and last[tool.PERIOD].max() > alpha[tool.PERIOD].max() else output.iloc[:0]


def alpha_to_beta(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """What the tool says of the new children beside those of the alpha test (7.08): index measure.

    Columns of `before_after` (alpha before, beta after). For a tool that flags: the share flagged, then each measure of
    accuracy; those stay not estimable until the outcome is known (`known_from` says when). For the others: the outcome.
    Empty where there is no period later than the alpha test's.
    """
    alpha, beta = alpha_rows(tool, output), beta_rows(tool, output)
    if beta.empty:
        return pd.DataFrame()
    if of_tool.kind(tool) != "predictive":
        both = [estimating.proportions(rows, tool.OUTCOME) for rows in (alpha, beta)]
        for table in both:
            table.index = pd.Index([of_tool.WITH_OUTCOME], name="measure")
        return estimating.before_after(*both)
    old, new = (_flagged_and_right(tool, rows) for rows in (alpha, beta))
    return estimating.before_after(old, new)


def _flagged_and_right(tool: ModuleType, rows: pd.DataFrame) -> pd.DataFrame:
    # The share flagged is known of every child, whatever comes after.
    flagged = estimating.proportions(rows, tool.OUTPUT)
    flagged.index = pd.Index(["flagged"], name="measure")
    right = accuracy.metrics(rows, tool.OUTCOME, tool.OUTPUT, ["recall", "precision", "specificity", "accuracy"])
    return pd.concat([flagged, right])


def drift_to_beta(tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object]) -> pd.DataFrame:
    """`drift` of what goes into the tool from the alpha test's children to the new ones; empty without new ones."""
    alpha, beta = alpha_rows(tool, output), beta_rows(tool, output)
    if beta.empty:
        return pd.DataFrame()
    return drifting.drift(alpha, beta, of_tool.inputs(tool, output), parameters["seed"])


def known_from(tool: ModuleType, output: pd.DataFrame) -> pd.Timestamp | None:
    """The day from which the outcome of the last period is known, None where it is known or cannot be worked out.

    It is as long after the last period as the last period is after the latest one whose outcome is known.
    """
    known = output.loc[truth(output[tool.OUTCOME]).notna(), tool.PERIOD]
    last = output[tool.PERIOD].max()
    if known.empty or known.max() >= last:
        return None
    latest = known.max()
    months = (last.year - latest.year) * 12 + last.month - latest.month
    return last + pd.DateOffset(months=months)
