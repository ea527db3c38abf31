"""The rules of the audit: one small function each, in the file named after its table."""

from evidence.data.rules import between_tables, cin, earlier_years, episodes, header, oc2, reviews
from evidence.data.rules.rule import FAMILIES, INCONSISTENT, INCORRECT, KEYS, OVERLAP, REPEATED, RULES, Rule, rule

__all__ = [
    "FAMILIES",
    "INCONSISTENT",
    "INCORRECT",
    "KEYS",
    "OVERLAP",
    "REPEATED",
    "RULES",
    "Rule",
    "between_tables",
    "cin",
    "earlier_years",
    "episodes",
    "header",
    "oc2",
    "reviews",
    "rule",
]
