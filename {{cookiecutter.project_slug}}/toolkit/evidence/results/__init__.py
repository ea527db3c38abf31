"""What stages leave for each other by name, and the record of what each one read."""

from evidence.results.results import Results, headline_text
from evidence.results.seen import SeenParameters, StageResults, parameter_digest

__all__ = ["Results", "SeenParameters", "StageResults", "headline_text", "parameter_digest"]
