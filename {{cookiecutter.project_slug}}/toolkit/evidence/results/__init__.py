"""What stages leave for each other by name, and the record of what each one read."""

from evidence.results.results import Results, headline_text
from evidence.results.seen import StageResults

__all__ = ["Results", "StageResults", "headline_text"]
