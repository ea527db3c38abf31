"""Sample data: a made-up return of the right shape, with known faults, the same for the same seed everywhere."""

from evidence.data.sample.generate import generate_sample

__all__ = ["generate_sample"]
