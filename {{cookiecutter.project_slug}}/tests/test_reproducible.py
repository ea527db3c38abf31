"""Does the tool say the same again: in a second run, with rows in another order, under another project key?"""

import hashlib
import subprocess
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent


def test_a_second_run_says_the_same(tool, tables, parameters, output):
    again = tool.run(tool.prepare(tables, parameters), parameters)
    pd.testing.assert_frame_equal(again, output)


def test_the_order_of_rows_in_the_files_makes_no_difference(tool, tables, parameters, output):
    mixed = {name: rows.sample(frac=1, random_state=1).reset_index(drop=True) for name, rows in tables.items()}
    again = tool.run(tool.prepare(mixed, parameters), parameters)
    pd.testing.assert_frame_equal(again, output)


def test_other_tokens_make_no_difference(tool, tables, parameters, output):
    """Each project has a key of its own, so the same child has another token elsewhere; figures must not hang on it."""
    tokens = sorted({token for rows in tables.values() if "CHILD" in rows for token in rows["CHILD"].dropna()})
    other = {token: hashlib.sha256(token.encode()).hexdigest()[:16] for token in tokens}
    renamed = {
        name: rows.assign(CHILD=rows["CHILD"].map(other)) if "CHILD" in rows else rows for name, rows in tables.items()
    }
    again = tool.run(tool.prepare(renamed, parameters), parameters)
    figures = [column for column in output if column != tool.UNIT]
    pd.testing.assert_frame_equal(again[figures], output[figures])


def test_two_fresh_processes_say_the_same():
    """Python orders sets differently in each process unless told otherwise; nothing may depend on it."""
    script = (
        "import runpy, sys; sys.path.insert(0, sys.argv[1]); import conftest\n"
        "from evidence.project import open_project; from evidence.data import load_tables\n"
        "p = open_project(sys.argv[1]); q = p.parameters('sample'); t = p.load_tool()\n"
        "print(t.run(t.prepare(dict(load_tables(p, p.data_folder(q))), q), q).to_csv())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script, str(HERE.parent)],
            env=_environment(seed), capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1


def _environment(seed):
    import os

    return {**os.environ, "PYTHONHASHSEED": seed}
