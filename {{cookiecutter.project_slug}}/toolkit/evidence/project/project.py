"""The project: where it is and everything it says of itself."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from pathlib import Path
from types import ModuleType

from evidence.project.addresses import copy_of, is_address
from evidence.project.errors import EvidenceError
from evidence.project.facts import Facts, read_facts
from evidence.project.files import read_text, source_files
from evidence.project.parameters import check_parameters, declared_parameters, plain_values, read_parameters
from evidence.project.stages import StageInfo, read_stages


class Project:
    """One project folder. Everything is read when it is first asked for, and nothing is written."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root).resolve()

    def path(self, *parts: str) -> Path:
        """A place in the project; a full path is itself, and an address is where its copy lies."""
        return copy_of(parts[0]) if is_address(str(parts[0])) else self.root.joinpath(*parts)

    def relative(self, path: Path) -> str:
        """How a file is named to people: from the project's folder, with forward slashes."""
        path = Path(path)
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return path.name

    def name_of_data(self, path: Path, data_folder: Path) -> str:
        """How a file of a data folder is recorded: outside the project from that folder, since files of two years may
        have one name."""
        if Path(path).resolve().is_relative_to(self.root) or not path.is_relative_to(data_folder):
            return self.relative(path)
        return path.relative_to(data_folder).as_posix() if data_folder.is_dir() else path.name

    @cached_property
    def is_the_template(self) -> bool:
        """Whether this is the template itself, whose questions nobody has answered: nobody's project yet."""
        return "{{ cookiecutter." in read_text(self.path("project.toml"))

    @cached_property
    def facts(self) -> Facts:
        return read_facts(self.root)

    @cached_property
    def stages(self) -> tuple[StageInfo, ...]:
        return read_stages(self.path("reference", "stages.toml"))

    def stage(self, number: int) -> StageInfo:
        """The stage with this number. Raises EvidenceError where there is none."""
        for stage in self.stages:
            if stage.number == number:
                return stage
        raise EvidenceError(f"there is no stage {number}.", remedy=f"The stages are 1 to {self.stages[-1].number}.")

    def notebook(self, stage: StageInfo) -> Path:
        return self.path("notebooks", stage.notebook)

    def toolkit_digest(self) -> str:
        """The SHA-256 over every source file of the toolkit: which code made what was made."""
        digest = hashlib.sha256()
        for name, path in source_files(self.path("toolkit", "evidence")).items():
            digest.update(name.encode())
            with open(path, "rb") as file:
                # Line ends differ between a checkout on Windows and one on Linux; what the code does, not.
                digest.update(file.read().replace(b"\r\n", b"\n"))
        return digest.hexdigest()

    # Parameters ------------------------------------------------------------------------------------------------

    @cached_property
    def declared_parameters(self) -> dict[str, object]:
        """Every name the notebooks take, with its default.

        Raises EvidenceError when two notebooks disagree on a type.
        """
        declared: dict[str, object] = {}
        for stage in self.stages:
            for name, value in declared_parameters(self.notebook(stage)).items():
                if type(declared.setdefault(name, value)) is not type(value):
                    raise EvidenceError(
                        f"{name} has another type here than in an earlier notebook.",
                        where=f"notebooks/{stage.notebook}",
                    )
        return declared

    def parameter_sets(self) -> list[str]:
        """The names of the parameter sets: the files in `parameters/`, without their ending."""
        return sorted(path.stem for path in self.path("parameters").glob("*.toml"))

    def parameters(self, name: str, today: date | None = None) -> dict[str, object]:
        """The checked parameters of `parameters/<name>.toml`. Raises EvidenceError as `read_parameters` does."""
        path = self.path("parameters", f"{name}.toml")
        if not path.is_file():
            raise EvidenceError(
                f"there is no parameter set called {name}.",
                where="parameters/",
                remedy=f"There are: {', '.join(self.parameter_sets())}. Copy one to make your own.",
            )
        return read_parameters(path, self.declared_parameters, f"parameters/{name}.toml", today or date.today())

    def check_parameters(self, given: dict[str, object], where: str) -> dict[str, object]:
        """`given` over the notebooks' defaults, checked as a file is."""
        return check_parameters(given, self.declared_parameters, where)

    def data_folder(self, parameters: dict[str, object]) -> Path:
        """Where the run's data lies: `data_folder`, from the project's folder unless it is a full path."""
        return self.path(str(parameters["data_folder"]))

    # The team's tool -------------------------------------------------------------------------------------------

    @property
    def tool_path(self) -> Path:
        """The team's one file. Raises EvidenceError when there is none, or more than one."""
        found = sorted(self.path("src").glob("*/tool.py"))
        # In the template itself the worked tools still lie side by side, and the default answers choose one.
        found = found or sorted(self.path("src").glob(f"*/worked/{self.facts.analytics_type}.py"))
        if len(found) != 1:
            raise EvidenceError(
                f"there must be exactly one tool.py in a folder of src/, and there are {len(found)}.",
                where="src/",
            )
        return found[0]

    def tool_says(self) -> dict[str, object]:
        """The plain values in the team's tool by name, such as SCORE, read without running it; empty without a tool."""
        try:
            return plain_values(read_text(self.tool_path))
        except EvidenceError:
            return {}

    def load_tool(self) -> ModuleType:
        """The team's tool as a module, read afresh at each call.

        Raises EvidenceError when it lacks one of the three functions that a tool consists of, or says that it has no
        period: every page from stage 5 on compares periods.
        """
        path = self.tool_path
        spec = importlib.util.spec_from_file_location("team_tool", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["team_tool"] = module
        try:
            spec.loader.exec_module(module)
        except SyntaxError as error:
            raise EvidenceError(
                f"this is not valid Python: {error.msg}.",
                where=f"{self.relative(path)}, line {error.lineno}",
                remedy="Open the file, put that line right, and run the stage again.",
            ) from None
        except ModuleNotFoundError as error:
            raise EvidenceError(
                f"the tool imports {error.name}, which is not installed here.",
                where=self.relative(path),
                remedy="Add it to the dependencies in pyproject.toml and install it, or do without it.",
            ) from None
        missing = [name for name in ("prepare", "run", "explain") if not callable(getattr(module, name, None))]
        if missing:
            raise EvidenceError(
                f"the tool has no function called {_listed(missing)}.",
                where=self.relative(path),
                remedy="A tool has three functions: prepare(tables, parameters), run(frame, parameters) "
                "and explain(frame, parameters).",
            )
        if not getattr(module, "PERIOD", True):
            raise EvidenceError(
                "PERIOD names no column, and a tool needs one: stages 5 to 9 compare periods.",
                where=self.relative(path),
                remedy='Write the column of the rows of prepare that holds the period, such as "year_end". Where all '
                "rows are about one day, add a column with that day.",
            )
        return module


def _listed(names: Iterable[str]) -> str:
    return " or ".join(names)


def open_project(start: Path | str | None = None) -> Project:
    """The project that `start` (or the current folder) lies in.

    Raises EvidenceError when no folder on the way up holds a `project.toml`.
    """
    here = Path(start) if start else Path.cwd()
    for folder in (here.resolve(), *here.resolve().parents):
        if (folder / "project.toml").is_file():
            return Project(folder)
    raise EvidenceError(
        "this folder is not inside a project: no project.toml was found here or above.",
        remedy="Go to the project's folder first (cd), then repeat the command.",
    )
