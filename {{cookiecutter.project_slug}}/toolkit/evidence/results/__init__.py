"""Named results of stages, and the record of what each stage read."""

from evidence.results.results import Results

__all__ = ["Results"]
