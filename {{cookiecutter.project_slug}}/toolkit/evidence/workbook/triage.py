"""The ethics triage: eighteen answers, one outcome, and the reasons in words (actions 4.01 and 4.03).

The questions, weights and rules are this project's own, not the Department's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from evidence.project import long_date
from evidence.workbook.registers import Register, match_choice, nearest
from evidence.workbook.sheet import Problem
from evidence.workbook.words import count_of, is_placeholder, listed, plain, word_count

CONTINUE, GOVERNANCE, ENHANCED = "continue", "proceed with governance", "proceed with enhanced governance"
RECONSIDER, DO_NOT_DEVELOP = "re-consider", "re-consider, do not develop in this form"
# Both kinds of "re-consider" bar the way equally: an answer left blank cannot be the better of the two.
RANK = {CONTINUE: 0, GOVERNANCE: 1, ENHANCED: 2, RECONSIDER: 3, DO_NOT_DEVELOP: 3}
ALL_THEMES = "all"


@dataclass(frozen=True)
class TriageAnswer:
    """One answer as it counts. `answer` is "" where unanswered; then `points` is the question's maximum.

    `effect` is "", "reconsider" or "stop"; `note` says why an answer does not count as given.
    """

    id: str
    question: str
    answer: str
    points: int
    maximum: int
    effect: str
    note: str = ""


@dataclass(frozen=True)
class Override:
    """A person's decision to take another outcome than the rules give. `counts` is False where a rule bars it."""

    outcome: str
    reason: str
    approver_role: str
    approver_name: str
    day: date | None
    counts: bool
    why_not: str = ""


@dataclass(frozen=True)
class Theme:
    """A subject to follow up: `raised` by which answers, in words."""

    name: str
    raised: bool
    why: str
    ask: str = ""


@dataclass(frozen=True)
class Triage:
    """The triage. `outcome` is what holds (after an override that counts), `by_rules` what the rules alone give.

    `complete` is False while any answer is missing; `reopened` says why an answered triage has to be repeated.
    `marks` are the facts that other requirements hang on: predictive, individual, machine learning, personal, ...
    """

    outcome: str
    by_rules: str
    points: int
    maximum: int
    complete: bool
    answers: tuple[TriageAnswer, ...]
    reasons: tuple[str, ...]
    themes: tuple[Theme, ...]
    marks: frozenset[str]
    override: Override | None = None
    reopened: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def unanswered(self) -> list[str]:
        return [answer.id for answer in self.answers if not answer.answer]

    @property
    def may_go_on(self) -> bool:
        return self.complete and not self.reopened and RANK[self.outcome] < RANK[RECONSIDER]

    @property
    def sentence(self) -> str:
        """The outcome in one sentence, with what it rests on."""
        if self.reopened:
            return f"To be repeated: {self.reopened}"
        if not self.complete:
            missing = count_of(len(self.unanswered), "question")
            return (
                f"Not complete: {missing} of {len(self.answers)} unanswered, each counted at its worst: {self.outcome}."
            )
        if self.override and self.override.counts:
            return (
                f"{_capital(self.outcome)} ({self.points} of {self.maximum} points), decided by "
                f"{self.override.approver_name or 'the team'} over the rules' own outcome, {self.by_rules}."
            )
        return f"{_capital(self.outcome)} ({self.points} of {self.maximum} points)."


def judge(answers: Mapping[str, str], rules: dict, questions: Mapping[str, str] | None = None) -> Triage:
    """The outcome of `answers` (question id to answer; missing, blank or "don't know" is unanswered) under `rules`.

    `rules` is `reference/triage_rules.toml`. An answer that is not one of the question's counts as unanswered.
    """
    given = {identifier: _given(answers.get(identifier, ""), entry) for identifier, entry in rules["question"].items()}
    marks = _marks(given, rules)
    if "predictive" in marks and given["T6"] == "not predictive":
        given["T6"] = ""
    counted = tuple(
        _counted(identifier, given[identifier], entry, marks, (questions or {}).get(identifier, entry["name"]))
        for identifier, entry in rules["question"].items()
    )
    outcome, reasons = _outcome(counted, marks, rules["thresholds"])
    return Triage(
        outcome,
        outcome,
        sum(answer.points for answer in counted),
        sum(answer.maximum for answer in counted),
        all(answer.answer for answer in counted),
        counted,
        reasons,
        _themes(given, rules, marks),
        frozenset(marks),
    )


def _given(text: str, entry: dict) -> str:
    return match_choice(text, [option["answer"] for option in entry["answers"]])


def _marks(given: dict[str, str], rules: dict) -> set[str]:
    """What is known, or for want of an answer must be assumed, of the tool."""
    marks: set[str] = set()
    for identifier, entry in rules["question"].items():
        for option in entry["answers"]:
            if given[identifier] in ("", option["answer"]):
                marks |= set(option.get("marks", ()))
    return marks


def _counted(identifier: str, answer: str, entry: dict, marks: set[str], question: str) -> TriageAnswer:
    maximum = max(option["points"] for option in entry["answers"])
    if not answer:
        barred = any(option.get("effect") for option in entry["answers"])
        return TriageAnswer(identifier, question, "", maximum, maximum, "reconsider" if barred else "", "not answered")
    option = next(option for option in entry["answers"] if option["answer"] == answer)
    effect = option.get("effect", "")
    if option.get("when") and option["when"] not in marks:
        effect = ""
    return TriageAnswer(identifier, question, answer, option["points"], maximum, effect)


def _outcome(counted: tuple[TriageAnswer, ...], marks: set[str], thresholds: dict) -> tuple[str, tuple[str, ...]]:
    stops = [_because(answer) for answer in counted if answer.effect == "stop"]
    again = [_because(answer) for answer in counted if answer.effect == "reconsider"]
    points = sum(answer.points for answer in counted)
    blank = [f"{answer.id} is not answered and counts {answer.points}." for answer in counted if not answer.answer]
    if stops:
        return DO_NOT_DEVELOP, tuple(stops + again)
    if again:
        return RECONSIDER, tuple(again)
    enhanced = _first_true(
        (points >= thresholds["enhanced_governance"], _reached(points, thresholds["enhanced_governance"])),
        ({"predictive", "individual"} <= marks, "It predicts something about one child or family."),
        ({"individual", "could be missed"} <= marks, "It is about one child or family, and a child could be missed."),
    )
    if enhanced:
        return ENHANCED, (*enhanced, *blank)
    governance = _first_true(
        (points >= thresholds["governance"], _reached(points, thresholds["governance"])),
        ("predictive" in marks, "It is predictive."),
        ("individual" in marks, "One output is about one child or family."),
        ("machine learning" in marks, "It uses machine learning."),
        ("identifiable" in marks, "It uses data from which people can be identified, or more sensitive data."),
    )
    if governance:
        return GOVERNANCE, (*governance, *blank)
    return CONTINUE, (f"{points} points, and none of the answers asks for more than ordinary governance.", *blank)


def _first_true(*tests: tuple[bool, str]) -> list[str]:
    return [words for holds, words in tests if holds]


def _reached(points: int, limit: int) -> str:
    return f"{points} points, where {limit} or more count."


def _because(answer: TriageAnswer) -> str:
    given = f'"{answer.answer}"' if answer.answer else "not answered"
    return f"{answer.id}, {answer.question[0].lower()}{answer.question[1:]}: {given}."


def _themes(given: dict[str, str], rules: dict, marks: set[str]) -> tuple[Theme, ...]:
    raised: dict[str, list[str]] = {name: [] for name in rules["themes"]}
    for identifier, entry in rules["question"].items():
        for option in entry["answers"]:
            if given[identifier] not in ("", option["answer"]):
                continue
            why = f"{identifier} {option['answer']}" if given[identifier] else f"{identifier} not answered"
            named = option.get("themes", [])
            for theme in raised if ALL_THEMES in named else named:
                raised[theme].append(why)
    if {"predictive", "individual"} <= marks:
        for reasons in raised.values():
            reasons.append("predictions about individuals")
    return tuple(
        Theme(name, bool(why), "; ".join(dict.fromkeys(why)), rules["themes"][name]) for name, why in raised.items()
    )


# The triage of a project: register, facts, overrides, scope changes ------------------------------------------------


def read_triage(
    register: Register,
    overrides: Register,
    rules: dict,
    questions: Mapping[str, str],
    contradictions: Mapping[str, str],
    analysts: set[str],
    scope_changed_on: date | None,
) -> Triage:
    """The triage that `workbook/ethics_triage.csv` holds.

    An answer that contradicts what the project says elsewhere (`contradictions`: question id to words) counts as
    unanswered. After a change of scope every answer has to be given again.
    """
    answers, problems = _checked_answers(register, rules)
    usable = {identifier: answer for identifier, answer in answers.items() if identifier not in contradictions}
    triage = judge(usable, rules, questions)
    noted = tuple(
        replace(answer, note=contradictions[answer.id])
        if answer.id in contradictions and answers.get(answer.id)
        else answer
        for answer in triage.answers
    )
    override = _override(overrides, triage.by_rules, analysts, scope_changed_on)
    outcome = override.outcome if override and override.counts else triage.by_rules
    return replace(
        triage,
        answers=noted,
        outcome=outcome,
        override=override,
        reopened=_reopened(register, scope_changed_on),
        problems=tuple(problems),
    )


def _checked_answers(register: Register, rules: dict) -> tuple[dict[str, str], list[Problem]]:
    answers: dict[str, str] = {}
    problems = []
    for row in register.rows:
        entry = rules["question"].get(row.id.upper())
        text = row.cells.get("answer", "")
        if entry is None:
            problems.append(
                Problem(register.where, f'"{row.id}" is not a question.', "Use T1 to T18.", row.number, "id")
            )
        elif not is_placeholder(text) and plain(text) not in ("don't know", "dont know"):
            allowed = [option["answer"] for option in entry["answers"]]
            answers[row.id.upper()] = match_choice(text, allowed)
            if not answers[row.id.upper()]:
                problems.append(
                    Problem(
                        register.where,
                        f'"{text}" is not one of the answers to {row.id.upper()}.',
                        f"Use one of: {'; '.join(allowed)}.{nearest(text, allowed)}",
                        row.number,
                        "answer",
                    )
                )
    return answers, problems


def _override(register: Register, by_rules: str, analysts: set[str], scope_changed_on: date | None) -> Override | None:
    rows = [row for row in register.rows if row["outcome"]]
    if not rows:
        return None
    row = max(rows, key=lambda one: (one["date"] or date.min, one.number))
    name = row.text("approver_name")
    downward = RANK[row["outcome"]] < RANK[by_rules]
    why_not = ""
    if row["date"] is None:
        why_not = "it has no date"
    elif scope_changed_on and row["date"] < scope_changed_on:
        why_not = f"the scope changed on {long_date(scope_changed_on)}, after it"
    elif downward and not name:
        why_not = "a lower outcome needs a named approver"
    elif downward and word_count(row.text("reason")) < 5:
        why_not = "a lower outcome needs a reason"
    elif downward and plain(name) in analysts:
        why_not = "the approver is one of the analysts"
    return Override(
        row["outcome"], row.text("reason"), row.text("approver_role"), name, row["date"], not why_not, why_not
    )


def _reopened(register: Register, scope_changed_on: date | None) -> str:
    if scope_changed_on is None:
        return ""
    before = [row.id for row in register.rows if row["answered_on"] is None or row["answered_on"] < scope_changed_on]
    if register.rows and not before:
        return ""
    return f"the scope changed on {long_date(scope_changed_on)}, and {_which(before)} answered before that."


def _which(before: list[str]) -> str:
    if not before:
        return "no question was"
    return f"{listed(before)} {'was' if len(before) == 1 else 'were'}" if len(before) < 5 else "the questions were"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
