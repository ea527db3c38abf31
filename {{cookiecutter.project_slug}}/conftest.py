"""What all tests of this project share, and how the notebooks' headline figures are compared with stored ones.

`pytest` runs the tests in tests/ and the ten notebooks. In a notebook, the cell tagged `headlines` prints the stage's
figures, one a line. They are compared with the file in tests/reference/, so that a changed figure fails and not only an
error. When a figure changed on purpose, store the new ones and say in the change log why:

    pytest notebooks --update-headlines
"""

import json
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REFERENCE = HERE / "tests" / "reference"

# The tests use this project's own toolkit and tool, also in the kernels that run the notebooks.
for folder in (HERE / "toolkit", HERE / "src"):
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
# A folder of a run that is going on elsewhere is none of the tests' business.
os.environ.pop("EVIDENCE_RUN_FOLDER", None)


@pytest.fixture(scope="session")
def project():
    """The project these tests lie in."""
    from evidence.project import open_project

    return open_project(HERE)


@pytest.fixture(scope="session")
def parameters(project):
    """The parameters of the run on the sample data, parameters/sample.toml."""
    return project.parameters("sample")


@pytest.fixture(scope="session")
def tool(project):
    """The team's tool."""
    return project.load_tool()


@pytest.fixture(scope="session")
def tables(project, parameters):
    """The sample data as the tool gets it. Tests copy a table before they change it."""
    from evidence.data import load_tables

    return dict(load_tables(project, project.data_folder(parameters)))


@pytest.fixture(scope="session")
def frame(tool, tables, parameters):
    """What the tool prepares from the sample data."""
    return tool.prepare(tables, parameters)


@pytest.fixture(scope="session")
def output(tool, frame, parameters):
    """What the tool says of the sample data."""
    return tool.run(frame, parameters)


# Headline figures of the notebooks ------------------------------------------------------------------------------


def pytest_addoption(parser):
    parser.addoption(
        "--update-headlines", action="store_true", help="store the notebooks' headline figures as the new reference"
    )


def pytest_configure(config):
    # Notebooks run in the environment that pytest runs in, whatever kernel their file names.
    if config.pluginmanager.has_plugin("nbval"):
        config.option.nbval_lax = True
        config.option.nbval_current_env = True


def reference_path():
    """The stored figures of this kind of tool."""
    from evidence.project import open_project

    return REFERENCE / f"headlines_{open_project(HERE).facts.analytics_type}.json"


def _headline_cells(items):
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and "headlines" in cell.metadata.get("tags", []):
            yield item, cell


def pytest_collection_modifyitems(config, items):
    cells = list(_headline_cells(items))
    if not cells:
        return
    stored = _stored()
    for item, cell in cells:
        update = config.getoption("--update-headlines")
        lines = stored.get(
            item.path.name, ["(nothing is stored for this notebook: pytest notebooks --update-headlines)"]
        )
        text = "".join(f"{line}\n" for line in lines)
        # The notebook is kept without outputs; nbval is given the stored figures as if they were the cell's output.
        cell["outputs"] = [_printed(text)] if text and not update else []
        cell["execution_count"] = 1
        item.options["check"] = not update
        item.user_properties.append(("headlines", item.path.name))


def _printed(text):
    import nbformat

    return nbformat.v4.new_output("stream", name="stdout", text=text)


def _stored():
    path = reference_path()
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def pytest_sessionfinish(session):
    if not session.config.getoption("--update-headlines") or not hasattr(session, "items"):
        return
    stored = _stored()
    for item, _ in _headline_cells(session.items):
        if item.test_outputs is not None:
            printed = "".join(out["text"] for out in item.test_outputs if out["output_type"] == "stream")
            stored[item.path.name] = printed.splitlines()
    text = json.dumps(dict(sorted(stored.items())), indent=2, ensure_ascii=False) + "\n"
    reference_path().parent.mkdir(exist_ok=True)
    reference_path().write_text(text, encoding="utf-8", newline="\n")
