"""What the workbook works out for a stage beyond its answers, as HTML: requirements, costs, thresholds, changes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from evidence.project import long_date
from evidence.stage.html import rows_html
from evidence.stage.pages import state_html
from evidence.workbook import TESTED_ON, check_thresholds

if TYPE_CHECKING:
    import pandas as pd

    from evidence.workbook import Requirement, Workbook


def requirements_html(book: Workbook, stage: int) -> str:
    """What the outcome of the triage requires, those of this stage; of all stages on the page of the triage itself."""
    asked = [one for one in book.requirements() if stage in (4, one.stage)]
    if not asked:
        return "<p>The triage asks for nothing special in this stage.</p>"
    rows = [
        (one.title, f"required: {one.why}" if one.required else "not required", *_how_it_stands(one, stage))
        for one in asked
    ]
    return rows_html("What the triage requires, and how it stands", ("What", "Required", "Met", "How it stands"), rows)


def _how_it_stands(one: Requirement, stage: int) -> tuple[str, str]:
    if not one.required:
        return "not applicable", one.says
    if one.stage > stage and one.waits:
        return "later", f"shown in stage {one.stage}"
    return "met" if one.met else "not met", one.says


def costs_html(book: Workbook) -> str:
    """What the work would cost, by heading and by year (guidance action 3.09), in pounds."""
    costs = book.costs()
    if not costs.by_both:
        return '<p class="ev-open">No cost is entered, so no total can be given.</p>'
    years = sorted(costs.by_year)
    rows = [
        (heading, *(f"£{costs.by_both.get((year, heading), 0):,.0f}" for year in years), f"£{total:,.0f}")
        for heading, total in sorted(costs.by_heading.items())
    ]
    rows.append(("All", *(f"£{costs.by_year[year]:,.0f}" for year in years), f"£{costs.total:,.0f}"))
    return rows_html("The costs, by heading and by year", ("Heading", *map(str, years), "In all"), rows)


def thresholds_html(book: Workbook) -> str:
    """Each threshold fixed in stage 5 beside what was measured: pass, fail or insufficient evidence."""
    checks = check_thresholds(book)
    lines = "".join(f"<li>{state_html(check.outcome)} {escape(check.text)}</li>" for check in checks)
    limits = "".join(f"<li>{escape(check.limitation)}</li>" for check in checks if check.limitation)
    return f"<ul>{lines}</ul>" + (f"<p>Limitations of this test:</p><ul>{limits}</ul>" if limits else "")


def thresholds_in_force(book: Workbook) -> pd.DataFrame:
    """The agreed thresholds: index threshold; columns measure, group, at_least (0 to 100), set_on, tested_until.

    tested_until is the last period of the data that stage 7 tested on, so that a pack tells which results they met.
    """
    import pandas as pd

    set_on = {row.id: row["set_on"] for row in book.register("thresholds").complete_rows}
    tested_on = book.result(7, TESTED_ON) if book.has_result(7, TESTED_ON) else {}
    rows = {
        one.id: {
            "measure": one.measure,
            "group": one.group,
            "at_least": 100 * one.at_least,
            "set_on": long_date(set_on[one.id]),
            "tested_until": tested_on.get("period", ""),
        }
        for one in book.thresholds()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("threshold")


def scope_html(book: Workbook) -> str:
    """The latest change of scope and what it still asks for; reviews that are overdue."""
    change = book.scope_change()
    if change is None:
        text = "<p>No change of scope is recorded.</p>"
    else:
        still = "".join(f"<li>{escape(one)}</li>" for one in change.still_to_do)
        text = f"<p>The scope changed ({escape(change.id)}): {escape(change.words)}</p>"
        text += f"<p>What it still asks for:</p><ul>{still}</ul>" if still else "<p>Everything it asks for is done.</p>"
    overdue = book.overdue_reviews()
    count = "1 review is" if len(overdue) == 1 else f"{len(overdue)} reviews are"
    return text + (f"<p>{count} overdue.</p>" if overdue else "<p>No review is overdue.</p>")
