"""Who may see the council's own data, what they see of it, and the log of who read what."""

from evidence.data.access.chain import Fault, Head
from evidence.data.access.log import (
    accept_faults,
    access_log_lines,
    admitted,
    is_whole,
    log_digest,
    log_look_up,
    log_path,
    read_log,
    remembered_head,
)
from evidence.data.access.people import Access, Person, access_to, current_login, mark, people, row_to_add
from evidence.data.access.rules import Withheld
from evidence.data.access.summaries import access_log_summary, access_plan, flag_counts, role_access, usage

__all__ = [
    "Access",
    "Fault",
    "Head",
    "Person",
    "Withheld",
    "accept_faults",
    "access_log_lines",
    "access_log_summary",
    "access_plan",
    "access_to",
    "admitted",
    "current_login",
    "flag_counts",
    "is_whole",
    "log_digest",
    "log_look_up",
    "log_path",
    "mark",
    "people",
    "read_log",
    "remembered_head",
    "role_access",
    "row_to_add",
    "usage",
]
