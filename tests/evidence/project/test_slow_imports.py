"""What is left out of imports because it is slow is there when it is asked for."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from evidence.project.slow_imports import without_slow_imports
with without_slow_imports():
    from bs4 import BeautifulSoup
print("soupsieve" in sys.modules)
print(BeautifulSoup("<p>a<b>c", "html.parser").select_one("p > b").text)
import soupsieve
print(soupsieve.compile("p").match(BeautifulSoup("<p>", "html.parser").p))
"""


def test_what_is_read_later_is_read_when_it_is_used():
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["False", "c", "True"], "")


SCIPY = """
import sys
import evidence.measures.special
print("numpy.f2py" in sys.modules, "numpy.testing" in sys.modules)
# scipy has moved it from one version to the next.
whole = next(module for name, module in sys.modules.items() if name.endswith(".array_api_compat.numpy"))
whole.testing.assert_allclose(1, 1)
import numpy
print(numpy.f2py is sys.modules["numpy.f2py"], numpy.testing is sys.modules["numpy.testing"])
"""


def test_what_scipy_takes_of_numpy_is_there_for_whoever_asks_for_it():
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCIPY], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["False", "False", "True", "True"], "")


BESIDE = """
import sys, threading
from evidence.project.slow_imports import import_pandas, without_slow_imports
other = threading.Thread(target=import_pandas)
with without_slow_imports():
    other.start()
    other.join(0.5)
    print("pandas" in sys.modules)
other.join()
import pandas
print(pandas.Series(["a"]).dtype.storage)
"""


def test_pandas_finds_arrow_though_another_thread_imports_without_it():
    done = subprocess.run([sys.executable, "-W", "error", "-c", BESIDE], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["False", "pyarrow"], "")
