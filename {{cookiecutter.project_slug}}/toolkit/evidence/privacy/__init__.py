"""Pseudonyms, disclosure control of tables, measures of anonymity, and the leak scan."""

from evidence.privacy.anonymity import reidentification_risk
from evidence.privacy.identifiers import Secrets
from evidence.privacy.keys import (
    Key,
    has_key,
    key_fingerprint,
    lasting_key,
    pseudonym_key,
    pseudonym_keys,
    rotate_key,
)
from evidence.privacy.protect import Protected, protect
from evidence.privacy.pseudonymise import pseudonymise, token
from evidence.privacy.rules import Rules, load_rules
from evidence.privacy.scan import Finding, Findings, find_in, scan
from evidence.privacy.security import security_checks, tree_digest

__all__ = [
    "Finding",
    "Findings",
    "Key",
    "Protected",
    "Rules",
    "Secrets",
    "find_in",
    "has_key",
    "key_fingerprint",
    "lasting_key",
    "load_rules",
    "protect",
    "pseudonym_key",
    "pseudonym_keys",
    "pseudonymise",
    "reidentification_risk",
    "rotate_key",
    "scan",
    "security_checks",
    "token",
    "tree_digest",
]
