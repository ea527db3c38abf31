"""How steady explanations are: do the same reasons come out when the children are drawn again (6.07)?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import ModuleType

import numpy as np
import pandas as pd

from evidence.measures.estimating import estimates, truth

TOP = 3
STAYS = ("the output", "the first reason", "all reasons")
# Of more children these stand for all: drawing them again says no less, and of millions two draws are too much to hold.
MOST_CHILDREN = 50_000


def explanation_stability(
    tool: ModuleType, output: pd.DataFrame, parameters: Mapping[str, object], times: int = 25
) -> pd.DataFrame:
    """How often each of the factors that weigh most overall stays among the first TOP: index factor.

    output: what the tool's `run` gave. The children of the rows that the tool learns from (of all rows with a known
    outcome where it learns from none) are drawn again with replacement `times` times, with the seed, and the tool is
    asked again for its `weights`. Columns n (draws in which the factor is among the first TOP), denominator (draws),
    percent, low, high, reliability, in the order of the weights. Of more than MOST_CHILDREN children as many are taken
    at random, with the seed, and `attrs` says so under children. Raises EvidenceError as the tool does.
    """
    first = list(tool.weights(output, parameters).index[:TOP])
    found = dict.fromkeys(first, 0)
    output, few = _of_few(tool, output, output.index[:0], parameters)
    for drawn in _drawn(tool, output, output.index, parameters, times):
        top = set(tool.weights(drawn, parameters).index[:TOP])
        # Of many rows two draws are too much to hold.
        del drawn
        for factor in first:
            found[factor] += factor in top
    names = [": ".join(factor) if isinstance(factor, tuple) else str(factor) for factor in first]
    table = estimates(list(found.values()), [times] * len(found), pd.Index(names, name="factor"))
    table.attrs.update(few)
    return table


def case_stability(
    tool: ModuleType, frame: pd.DataFrame, parameters: Mapping[str, object], times: int = 10, cases: int = 200
) -> pd.DataFrame:
    """How often children keep output and reasons when the tool learns from other children, drawn again.

    frame: what the tool's `prepare` gave. Index what stays (STAYS); columns n (comparisons in which it stays),
    denominator (all comparisons: each of `cases` children in each of `times` draws), percent, low, high (percentages;
    the interval holds 95 of 100 draws, so it says how much one draw differs from the next). The reasons are what
    `explain` says after its first sentence, parted by semicolons; figures in them may change. Only for a tool whose
    frame says in `used_for` what it learns from: the table is empty for others, whose outputs do not depend on other
    children. More than MOST_CHILDREN children are taken as in `explanation_stability`.
    """
    if "used_for" not in frame:
        return pd.DataFrame()
    judged = frame.index[frame["used_for"] != "training"]
    random = np.random.default_rng(parameters["seed"])
    judged = judged[np.sort(random.permutation(len(judged))[:cases])]
    frame, few = _of_few(tool, frame, judged, parameters)
    usual = _said(tool, frame, parameters, judged)
    drawn = _drawn(tool, frame, judged, parameters, times)
    same = pd.DataFrame([(_said(tool, rows, parameters, judged) == usual).sum() for rows in drawn])
    shares = 100 * same / len(judged)
    table = pd.DataFrame({"n": same.sum(), "denominator": times * len(judged), "percent": shares.mean()})
    table["low"], table["high"] = np.percentile(shares, [2.5, 97.5], axis=0)
    table.attrs.update(few)
    return table.rename_axis("figure")


def _of_few(
    tool: ModuleType, frame: pd.DataFrame, kept: pd.Index, parameters: Mapping[str, object]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of at most MOST_CHILDREN children, and those of `kept`; and how many children where they are not all."""
    child, children = pd.factorize(frame[tool.UNIT])
    if len(children) <= MOST_CHILDREN:
        return frame, {}
    # One place more, which rows without a child look at.
    chosen = np.zeros(len(children) + 1, dtype=bool)
    chosen[np.random.default_rng(parameters["seed"]).permutation(len(children))[:MOST_CHILDREN]] = True
    return frame[chosen[child] | frame.index.isin(kept)], {"children": MOST_CHILDREN}


def _drawn(
    tool: ModuleType, frame: pd.DataFrame, kept: pd.Index, parameters: Mapping[str, object], times: int
) -> Iterator[pd.DataFrame]:
    """The rows of `kept` that are not learnt from, and those that are drawn again child by child, `times` times."""
    learnt = frame["used_for"] == "training" if "used_for" in frame else truth(frame[tool.OUTCOME]).notna()
    places = np.flatnonzero(learnt & frame[tool.UNIT].notna())
    child, _ = pd.factorize(frame[tool.UNIT].take(places))
    # The rows of each child beside each other, children as they come: where they begin, and how many there are.
    places, many = places[np.argsort(child, kind="stable")], np.bincount(child)
    begins = np.cumsum(many) - many
    judged = frame.loc[kept[~learnt[kept]]]
    random = np.random.default_rng(parameters["seed"])
    for _ in range(times):
        drawn = random.integers(0, len(many), len(many))
        ends = np.cumsum(many[drawn])
        rows = places[
            np.repeat(begins[drawn] - ends + many[drawn], many[drawn]) + np.arange(ends[-1] if len(ends) else 0)
        ]
        # The rows that are only judged keep their labels; the drawn ones get new ones that cannot collide.
        labels = pd.RangeIndex(len(rows)) + int(frame.index.max()) + 1
        yield pd.concat([judged, frame.take(rows).set_axis(labels)])


def _said(tool: ModuleType, frame: pd.DataFrame, parameters: Mapping[str, object], rows: pd.Index) -> pd.DataFrame:
    output = tool.run(frame, parameters)
    reasons = tool.explain(output, parameters)["why"].loc[rows].map(_reasons)
    said = [output.loc[rows, tool.OUTPUT].astype("str"), reasons.str[0], reasons.map(sorted).str.join(";")]
    return pd.DataFrame(dict(zip(STAYS, said, strict=True)), index=rows)


def _reasons(text: str) -> list[str]:
    """The reasons of one explanation without the figures in them, which move a little with every draw."""
    return [re.sub(r"\d+", "#", part).strip(" .") for part in text.partition(". ")[2].split(";")]
