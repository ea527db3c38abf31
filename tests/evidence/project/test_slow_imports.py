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
