"""What people write, and what follows from it: actions, maturity, triage, registers, gates, sign-offs, verdict."""

from evidence.workbook.actions import STATES, Action
from evidence.workbook.answers import Answer, Document, Field
from evidence.workbook.book import Costs, Workbook, open_workbook
from evidence.workbook.concluded import Concluded, concluded_file
from evidence.workbook.evaluator import evaluator_checklist
from evidence.workbook.gates import GATES, Gate, Reason
from evidence.workbook.linked import Entry, ScopeChange
from evidence.workbook.maturity import Component, Maturity, Precondition
from evidence.workbook.periods import (
    ACCURACY,
    SIGN,
    definition_digest,
    period_file,
    period_files,
    read_period,
    write_period,
)
from evidence.workbook.registers import Register, Row
from evidence.workbook.requirements import Requirement
from evidence.workbook.review import KINDS, Finding, review
from evidence.workbook.saving import Saved, save_answer, save_field, save_row
from evidence.workbook.sheet import Problem
from evidence.workbook.signing import record_sign_off
from evidence.workbook.signoffs import SignOff, record_text
from evidence.workbook.threshold_history import IN_FORCE, TESTED_ON, history_of, note_results_seen, objections
from evidence.workbook.thresholds import Threshold, ThresholdCheck, check_thresholds
from evidence.workbook.triage import Override, Theme, Triage, TriageAnswer
from evidence.workbook.verdict import Verdict

__all__ = [
    "ACCURACY",
    "GATES",
    "IN_FORCE",
    "KINDS",
    "SIGN",
    "STATES",
    "TESTED_ON",
    "Action",
    "Answer",
    "Component",
    "Concluded",
    "Costs",
    "Document",
    "Entry",
    "Field",
    "Finding",
    "Gate",
    "Maturity",
    "Override",
    "Precondition",
    "Problem",
    "Reason",
    "Register",
    "Requirement",
    "Row",
    "Saved",
    "ScopeChange",
    "SignOff",
    "Theme",
    "Threshold",
    "ThresholdCheck",
    "Triage",
    "TriageAnswer",
    "Verdict",
    "Workbook",
    "check_thresholds",
    "history_of",
    "note_results_seen",
    "objections",
    "concluded_file",
    "definition_digest",
    "evaluator_checklist",
    "open_workbook",
    "period_file",
    "period_files",
    "read_period",
    "record_sign_off",
    "record_text",
    "review",
    "save_answer",
    "save_field",
    "save_row",
    "write_period",
]
