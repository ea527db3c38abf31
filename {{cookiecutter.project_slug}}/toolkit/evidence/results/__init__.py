"""What stages leave for each other by name, and the record of what each one read."""

from evidence.results.at_once import AT_ONCE, AtOnce
from evidence.results.results import Results, headline_text
from evidence.results.seen import SeenParameters, StageResults, parameter_digest

__all__ = ["AT_ONCE", "AtOnce", "Results", "SeenParameters", "StageResults", "headline_text", "parameter_digest"]
