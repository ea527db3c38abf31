"""Pseudonyms, disclosure control of tables, measures of anonymity, and the leak scan."""

from evidence.privacy.anonymity import reidentification_risk
from evidence.privacy.identifiers import Secrets
from evidence.privacy.keys import pseudonym_key
from evidence.privacy.protect import Protected, protect
from evidence.privacy.pseudonymise import pseudonymise
from evidence.privacy.rules import Rules, load_rules
from evidence.privacy.scan import Finding, Findings, find_in, scan

__all__ = [
    "Finding",
    "Findings",
    "Protected",
    "Rules",
    "Secrets",
    "find_in",
    "load_rules",
    "protect",
    "pseudonym_key",
    "pseudonymise",
    "reidentification_risk",
    "scan",
]
