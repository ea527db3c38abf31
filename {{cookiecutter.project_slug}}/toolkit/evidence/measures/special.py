"""What is used of scipy.special, without what scipy brings with it: all of numpy, to the compiling of Fortran.

That takes nearly as long as scipy.special itself.
"""

from __future__ import annotations

from evidence.project.slow_imports import left_for_later

with left_for_later("numpy.f2py", "numpy.testing"):
    from scipy.special import bdtr, bdtrik, betaincinv, gammaln, pdtr, pdtrik, stdtrit

__all__ = ["bdtr", "bdtrik", "betaincinv", "gammaln", "pdtr", "pdtrik", "stdtrit"]
