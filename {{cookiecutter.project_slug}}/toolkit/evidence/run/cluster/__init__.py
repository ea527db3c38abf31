"""Stages past one machine: handed to the workers of a Dask cluster, with the same results as here."""

from evidence.run.cluster.cluster import Cluster

__all__ = ["Cluster"]
