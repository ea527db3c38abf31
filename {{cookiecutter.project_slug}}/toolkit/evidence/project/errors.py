"""The one error that people are meant to read."""

from __future__ import annotations


class EvidenceError(Exception):
    """Something a person can put right: where it is, what is wrong, what to do.

    Its text is shown as it stands, in the terminal, in a notebook and on the page of a stage that stopped,
    so it never holds a value from a child's record.
    """

    def __init__(self, what: str, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        first = f"{where}: {what}" if where else what
        super().__init__(f"{first}\n{remedy}" if remedy else first)
