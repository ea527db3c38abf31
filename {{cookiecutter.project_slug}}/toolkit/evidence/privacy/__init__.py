"""Pseudonyms, disclosure control of tables, measures of anonymity, and the leak scan."""

from evidence.project.lazily import lazily

# Keys and rules are needed by commands that need no table.
__all__ = lazily(
    __name__,
    {
        "anonymity": ["reidentification_risk"],
        "identifiers": ["Secrets"],
        "keys": ["Key", "has_key", "key_fingerprint", "lasting_key", "pseudonym_key", "pseudonym_keys", "rotate_key"],
        "protect": ["Protected", "protect"],
        "pseudonymise": ["pseudonymise", "token"],
        "rules": ["Rules", "load_rules"],
        "scan": ["Finding", "Findings", "Scanner", "find_in", "scan"],
        "security": ["security_checks", "tree_digest"],
    },
)
