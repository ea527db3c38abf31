"""Evidence that is worked out from what people wrote: maturity, costs, triage, requirements, reviews."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from evidence.project import long_date
from evidence.workbook.linked import ScopeChange
from evidence.workbook.words import count_of, listed

if TYPE_CHECKING:
    from evidence.workbook.book import Workbook

_REVIEWS_NEEDED = ("accuracy", "accuracy by group", "data quality", "security", "risk register")


def _maturity_level(book: Workbook) -> tuple[str, str]:
    maturity = book.maturity()
    if maturity.level:
        return "done", maturity.sentence
    started = len(maturity.unassessed) < len(maturity.components)
    return ("in progress" if started else "not started"), maturity.sentence


def _consistency(book: Workbook) -> tuple[str, str]:
    maturity = book.maturity()
    if maturity.consistent is None:
        return _maturity_level(book)
    if maturity.consistent:
        return "done", f"{maturity.analytics_type} analytics are permitted"
    return "done", f"WARNING: {maturity.analytics_type} analytics go beyond what {maturity.level} maturity permits"


def _costs(book: Workbook) -> tuple[str, str]:
    register = book.register("costs")
    if register.not_applicable:
        return "not applicable", register.not_applicable
    wanted = register.info.column("heading").allowed
    here = {row["heading"] for row in register.rows if row.complete or row.not_applicable}
    if not here:
        return "not started", "costs.csv: no lines"
    if missing := [heading for heading in wanted if heading not in here]:
        return "in progress", f"costs.csv: nothing yet under {listed(missing)}"
    if any(not row.complete and not row.not_applicable for row in register.rows):
        return "in progress", "costs.csv: a line is not complete"
    return "done", f"£{book.costs().total:,.0f} in all"


def _triage(book: Workbook) -> tuple[str, str]:
    triage = book.triage()
    if triage.reopened:
        return "in progress", triage.sentence
    if not triage.complete:
        started = len(triage.unanswered) < len(triage.answers)
        return ("in progress" if started else "not started"), triage.sentence
    incomplete = [row.id for row in book.register("ethics_triage").rows if not row.complete]
    if incomplete:
        return "in progress", f"who answered, when or why is missing: {listed(incomplete)}"
    return "done", triage.sentence


def _threshold(book: Workbook) -> tuple[str, str]:
    triage = book.triage()
    if not triage.complete or triage.reopened:
        state, words = _triage(book)
        return ("not started" if state == "not started" else "in progress"), words
    if not triage.may_go_on:
        return "in progress", f"the triage bars the way: {triage.outcome}"
    too_high = [entry.id for entry in book.risks() if entry.register == "risks" and entry.too_high]
    if too_high:
        return "in progress", f"too high to go on: {listed(too_high)}"
    if not book.register("risks").complete_rows:
        return "in progress", "the risk register holds no complete risk yet"
    return "done", "neither the triage nor a risk bars the way"


def _against_thresholds(book: Workbook) -> tuple[str, str]:
    from evidence.workbook.thresholds import NOT_KNOWN, check_thresholds

    checks = check_thresholds(book)
    still = [check for check in checks if check.met is None]
    if not still:
        return "done", f"{count_of(len(checks), 'check')} made"
    if len(still) == len(checks) and all(check.waits for check in still):
        return "waiting", still[0].text
    return ("not started" if all(check.outcome == NOT_KNOWN for check in checks) else "in progress"), still[0].text


def improves_on_today(book: Workbook) -> tuple[str, str]:
    """Being compared is not enough: it speaks for the tool, or the team says why it goes on all the same."""
    if not book.has_result(7, "against_baseline"):
        return "waiting", "compared with today's practice when stage 7 runs"
    in_favour, words = book.concluded(7, "against_baseline", "compared with today", _compared_with_today)
    if in_favour:
        return "done", words
    register = book.register("log_7")
    said = [row for row in register.complete_rows if row["kind"] == "going on"]
    if said:
        return "done", f"{words}; the team goes on all the same: {said[-1].text('led_to').rstrip('.')} ({said[-1].id})"
    return "in progress", f"{words}; why the team goes on all the same is not in {register.where}, as: going on"


def _compared_with_today(table: object) -> tuple[bool, str]:
    """Whether the comparison that stage 7 recorded is in the tool's favour, and what it says, in words.

    A table with a column `better` (`tool`, `today`) is in favour where the tool is better on at least one measure and
    today's way on none. One with a column `difference` and its interval compares this year's figures with the last
    ones that are known: it is in favour where at least one of them has changed by more than chance.
    """
    columns = set(getattr(table, "columns", ()))
    if "better" in columns:
        better, worse = (
            listed([str(name) for name in table.index[table["better"] == who]]) for who in ("tool", "today")
        )
        parts = [f"better than today on {better}"] if better else []
        parts += [f"worse on {worse}"] if worse else []
        return bool(better) and not worse, "; ".join(parts) or "no clear difference from today"
    if {"difference", "low", "high"} <= columns:
        moved = int(((table["low"] > 0) | (table["high"] < 0)).sum())
        known = int(table["difference"].notna().sum())
        if not known:
            return False, "nothing can be compared with an earlier year"
        return bool(
            moved
        ), f"{moved} of {count_of(known, 'figure')} differ from the last ones known by more than chance"
    return False, "stage 7 recorded something that cannot be compared"


def _requirement(name: str) -> Callable[[Workbook], tuple[str, str]]:
    def way(book: Workbook) -> tuple[str, str]:
        state, words = _triage(book)
        if state != "done" or not book.maturity().level:
            return ("not started" if state == "not started" else "in progress"), (
                f"known when the triage and the maturity assessment are complete: {words}"
                if state != "done"
                else "known when every component of maturity is assessed"
            )
        found = next(one for one in book.requirements() if one.name == name)
        if not found.required:
            return "done", "worked out: not required for this tool"
        if found.met:
            return "done", f"required, because {found.why}: {found.says}"
        return "in progress", f"required, because {found.why}: {found.says}"

    return way


def _risk_review(book: Workbook) -> tuple[str, str]:
    register = book.register("risks")
    if not register.rows:
        return "not started", "risks.csv: no lines"
    risks = [entry for entry in book.risks() if entry.register == "risks" and entry.open]
    overdue = [entry.id for entry in risks if entry.overdue]
    undated = [entry.id for entry in risks if entry.review_on is None or not entry.owner]
    group = book.register("oversight_group").complete_rows
    ended = [row for row in group if row["term_ends"] and row["term_ends"] < book.as_of]
    if overdue:
        return "in progress", f"review overdue: {listed(overdue)}"
    if undated:
        return "in progress", f"no owner or review date: {listed(undated)}"
    if not group or len(ended) == len(group):
        return "in progress", "no member of the oversight group is in term"
    return (
        "done",
        f"{count_of(len(risks), 'open risk')}, none overdue; {count_of(len(group) - len(ended), 'member')} in term",
    )


def _review_calendar(book: Workbook) -> tuple[str, str]:
    register = book.register("reviews")
    if register.not_applicable:
        return "not applicable", register.not_applicable
    if not register.rows:
        return "not started", "reviews.csv: no lines"
    here = {row["kind"] for row in register.complete_rows}
    if missing := [kind for kind in _REVIEWS_NEEDED if kind not in here]:
        return "in progress", f"no date set to review {listed(missing)}"
    if overdue := book.overdue_reviews():
        late = [f"{row.id} ({long_date(row['due'])})" for row in overdue]
        return "in progress", f"overdue: {listed(late)}"
    due = [row["due"] for row in register.complete_rows if row["done_on"] is None]
    next_one = f"the next is due on {long_date(min(due))}" if due else "all are done"
    return "done", f"{count_of(len(register.complete_rows), 'review')} planned; {next_one}"


def _scope_change(book: Workbook) -> tuple[str, str]:
    register = book.register("changes")
    if register.not_applicable:
        return "not applicable", register.not_applicable
    if not register.rows:
        return "not started", "changes.csv: no lines"
    change: ScopeChange | None = book.scope_change()
    unanswered = [row.id for row in register.rows if row["scope_change"] is None]
    if unanswered:
        return "in progress", f"does this change the scope? {listed(unanswered)}"
    if change is None:
        return "done", "no change so far is a change of scope"
    if change.still_to_do:
        return (
            "in progress",
            f"{change.id} changes the scope; not recorded yet: that {listed(list(change.still_to_do))}",
        )
    if book.triage().reopened:
        return "in progress", book.triage().sentence
    return "done", f"{change.id} changed the scope, and all that it asks for is done"


WAYS: dict[str, Callable[[Workbook], tuple[str, str]]] = {
    "maturity_level": _maturity_level,
    "maturity_consistency": _consistency,
    "costs": _costs,
    "triage": _triage,
    "threshold": _threshold,
    "against_thresholds": _against_thresholds,
    "improves_on_today": improves_on_today,
    "independent_scrutiny": _requirement("independent scrutiny"),
    "independent_evaluator": _requirement("independent evaluator"),
    "risk_review": _risk_review,
    "review_calendar": _review_calendar,
    "scope_change": _scope_change,
}
