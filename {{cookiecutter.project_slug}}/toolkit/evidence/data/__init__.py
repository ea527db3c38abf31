"""Opens a council's files and hands over de-identified tables; audits them; makes sample data."""

from evidence.data.access import access_log_lines, log_look_up, usage
from evidence.data.area import in_area
from evidence.data.auditing import words
from evidence.data.auditing.checking import audit, error_families, failing_rows
from evidence.data.auditing.earlier import load_with_earlier
from evidence.data.auditing.groups import AGE_BANDS, NOT_KNOWN, age_band, children_by_group, filled_by_group
from evidence.data.auditing.in_files import tables_for_audit, tables_in_files
from evidence.data.auditing.keys import key_integrity
from evidence.data.auditing.own_rules import not_checked
from evidence.data.auditing.positions import write_positions
from evidence.data.auditing.profiling import conformance, missing, profile
from evidence.data.auditing.verdict import quality_decision
from evidence.data.auditing.years import activity, comparable_years, last_year_end, latest_day, year_reached
from evidence.data.cataloguing.catalogues import catalogue, catalogue_summary
from evidence.data.codes import code_lists, codes, groups, labels
from evidence.data.decisions import load_decisions
from evidence.data.identifying import identifying_values
from evidence.data.loading import load_tables
from evidence.data.published import audit_published, contents_published, load_published, symbols_published
from evidence.data.rules import RULES
from evidence.data.sample import generate_sample
from evidence.data.sources import DatabaseRead, read_plain, read_published
from evidence.data.tables import Tables

__all__ = [
    "AGE_BANDS",
    "NOT_KNOWN",
    "RULES",
    "DatabaseRead",
    "Tables",
    "access_log_lines",
    "activity",
    "age_band",
    "audit",
    "audit_published",
    "catalogue",
    "catalogue_summary",
    "children_by_group",
    "code_lists",
    "codes",
    "comparable_years",
    "conformance",
    "contents_published",
    "error_families",
    "failing_rows",
    "filled_by_group",
    "generate_sample",
    "groups",
    "identifying_values",
    "in_area",
    "key_integrity",
    "labels",
    "load_published",
    "last_year_end",
    "latest_day",
    "load_decisions",
    "load_tables",
    "load_with_earlier",
    "log_look_up",
    "missing",
    "not_checked",
    "profile",
    "quality_decision",
    "read_plain",
    "read_published",
    "symbols_published",
    "tables_for_audit",
    "tables_in_files",
    "usage",
    "words",
    "write_positions",
    "year_reached",
]
