"""Tables and text as HTML that a screen reader can follow: captions, row and column heads, no script."""

from __future__ import annotations

import math
import numbers
import re
from html import escape
from typing import TYPE_CHECKING

from evidence.stage.condensing import WITH_INTERVAL, condensed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

HIDDEN = "c"

# Columns of estimates, in words that need no statistics.
_WORDS = {
    "n": "Number",
    "denominator": "Out of",
    "percent": "Per cent",
    "interval": "Interval",
    "reliability": "Reliability",
    "share": "Share",
    "in_group": "Children in group",
    "reference_percent": "Share of all children",
    "ratio": "Times its share",
    "published_n": "Published number",
    "published_denominator": "Published, out of",
    "percent_rest": "All others, per cent",
    "highest_in": "Highest of its kind in",
    "n_before": "Number before",
    "denominator_before": "Out of, before",
    "percent_before": "Per cent before",
    "percent_today": "Per cent today",
    "n_now": "Number now",
    "psi": "PSI",
    "ok": "Right",
}


# Where a table says how many were expected, its percentage is of these and not of the children.
_WORDS_OF_EXPECTED = {
    "n": "Observed",
    "denominator": "Children",
    "percent": "Observed as % of expected",
    f"percent{WITH_INTERVAL}": f"Observed as % of expected{WITH_INTERVAL}",
    "difference": "Difference in points",
}


def label(name: object) -> str:
    """A column's or row's name as people read it: `age_band` as `Age band`."""
    if isinstance(name, tuple):
        return ", ".join(label(part) for part in name)
    if _is_missing(name):
        return "Not recorded"
    text = str(name)
    if text.endswith(WITH_INTERVAL):
        return label(text.removesuffix(WITH_INTERVAL)) + WITH_INTERVAL
    if not isinstance(name, str) or re.search(r"[./:\\]|[a-z][A-Z]", text):
        # The name of a file, or a column of a return, stays as it is written there.
        return text
    text = _WORDS.get(text, text.replace("_", " ").strip())
    return text[:1].upper() + text[1:]


def cell_text(value: object, percent: bool = False, missing: str = "") -> str:
    """One cell in words and figures; a hidden figure stays the letter c, and none at all is said in words."""
    if _is_missing(value):
        return missing or ("not estimable" if percent or isinstance(value, numbers.Number) else "not recorded")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if isinstance(value, numbers.Real):
        if percent:
            return f"{float(value):.1f}%"
        return f"{int(value):,}" if float(value).is_integer() else f"{float(value):,.2f}"
    if hasattr(value, "isoformat"):
        return _long(value)
    return str(value)


def _long(value: object) -> str:
    from evidence.project import long_date

    return long_date(value.date() if hasattr(value, "date") else value)


def _is_missing(value: object) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in ("NaTType", "NAType")
    )


def table_html(
    frame: pd.DataFrame,
    caption: str,
    percent: Iterable[str] = (),
    hide_index: bool = False,
    missing: str = "",
    caption_css: str = "",
) -> str:
    """`frame` as a table: its index gives the row heads, its columns the column heads, `caption` says what it holds.

    `missing` is what an empty cell says; without it, that a number could not be estimated or a text was not recorded.
    """
    percent = set(percent)
    every = {column: values.tolist() for column, values in frame.items()}
    columns = condensed(
        every, frame.index.nlevels, lambda value, column: cell_text(value, column in percent, missing), HIDDEN
    )
    words = _WORDS_OF_EXPECTED if "expected" in columns else {}
    attribute = f' class="{caption_css}"' if caption_css else ""
    names = [] if hide_index else [label(name) if name else "" for name in frame.index.names]
    heads = [*names, *(words.get(column) or label(column) for column in columns)]
    lines = [
        f"<table><caption{attribute}>{escape(caption)}</caption>",
        "<thead><tr>" + "".join(_head(head) for head in heads) + "</tr></thead>",
        "<tbody>",
    ]
    of_numbers = {column for column, values in columns.items() if any(_is_number(value) for value in values)}
    # Without a column there is still a row for each row head.
    rows = zip(*columns.values(), strict=True) if columns else ((),) * len(frame)
    for key, row in zip(frame.index, rows, strict=True):
        keys = () if hide_index else (key if isinstance(key, tuple) else (key,))
        cells = [f'<th scope="row">{escape(_row_head(part))}</th>' for part in keys]
        for column, value in zip(columns, row, strict=True):
            cells.append(_cell(value, column in percent, missing, column in of_numbers))
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return "\n".join([*lines, "</tbody></table>"])


def _row_head(part: object) -> str:
    return label(part) if isinstance(part, str) or _is_missing(part) else cell_text_of_key(part)


def cell_text_of_key(part: object) -> str:
    """A row's name; a year stays 2026 and does not become 2,026."""
    return _long(part) if hasattr(part, "isoformat") else str(part)


def _head(text: str) -> str:
    return f'<th scope="col">{escape(text)}</th>' if text else "<td></td>"


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Number) and not isinstance(value, bool)


def _cell(value: object, percent: bool, missing: str, among_numbers: bool) -> str:
    kind = " ev-number" if among_numbers else ""
    if isinstance(value, str):
        if value == HIDDEN:
            words = '<abbr title="hidden, so that no child can be recognised">c</abbr>'
            return f'<td class="ev-hidden{kind}">{words}</td>'
        return f"<td>{paragraphs(value) if chr(10) in value else escape(value or missing)}</td>"
    kind = ' class="ev-number"' if _is_number(value) else ""
    return f"<td{kind}>{escape(cell_text(value, percent, missing))}</td>"


def paragraphs(text: str) -> str:
    """Plain text with blank lines between paragraphs, as HTML paragraphs."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return "".join(f"<p>{'<br>'.join(escape(line) for line in part.splitlines())}</p>" for part in parts)


def list_html(items: Iterable[str], css: str = "") -> str:
    """A list of plain texts."""
    attribute = f' class="{css}"' if css else ""
    return f"<ul{attribute}>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def rows_html(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], caption_css: str = "") -> str:
    """A table of plain texts, the first of each row its head."""
    attribute = f' class="{caption_css}"' if caption_css else ""
    head = "".join(_head(text) for text in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return (
        f"<table><caption{attribute}>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
