"""Opens a council's files and hands over de-identified tables; audits them; makes sample data."""

from evidence.data.access import access_log_lines, log_look_up, usage
from evidence.data.auditing import activity, audit, error_families, failing_rows
from evidence.data.catalogues import catalogue, catalogue_summary
from evidence.data.codes import code_lists, codes, groups, labels
from evidence.data.identifying import identifying_values
from evidence.data.loading import load_tables
from evidence.data.positions import write_positions
from evidence.data.profiling import conformance, missing, profile
from evidence.data.published import audit_published, contents_published, load_published, symbols_published
from evidence.data.rules import RULES
from evidence.data.sample import generate_sample
from evidence.data.sources import DatabaseRead, read_plain, read_published
from evidence.data.tables import Tables, last_year_end
from evidence.data.verdict import quality_decision

__all__ = [
    "RULES",
    "DatabaseRead",
    "Tables",
    "access_log_lines",
    "activity",
    "audit",
    "audit_published",
    "catalogue",
    "catalogue_summary",
    "code_lists",
    "codes",
    "conformance",
    "contents_published",
    "error_families",
    "failing_rows",
    "generate_sample",
    "groups",
    "identifying_values",
    "labels",
    "load_published",
    "last_year_end",
    "load_tables",
    "log_look_up",
    "missing",
    "profile",
    "quality_decision",
    "read_plain",
    "read_published",
    "symbols_published",
    "usage",
    "write_positions",
]
