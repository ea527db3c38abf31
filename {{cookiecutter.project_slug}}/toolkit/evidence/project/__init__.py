"""Where the project is, what it says of itself, its parameter sets, and files that are never half written."""

from evidence.project.addresses import at_hand
from evidence.project.dates import long_date
from evidence.project.errors import EvidenceError
from evidence.project.facts import Facts
from evidence.project.files import atomic_write, explained, read_text, sha256_of_file
from evidence.project.memory import give_back_memory
from evidence.project.parameters import OUTSIDE, as_cell, declared_parameters, parameters_named, shown_parameters
from evidence.project.project import Project, open_project
from evidence.project.stages import StageInfo, stages_needed
from evidence.project.version_control import git_digest, git_says

__all__ = [
    "OUTSIDE",
    "EvidenceError",
    "Facts",
    "Project",
    "StageInfo",
    "as_cell",
    "at_hand",
    "atomic_write",
    "declared_parameters",
    "explained",
    "git_digest",
    "git_says",
    "give_back_memory",
    "long_date",
    "open_project",
    "parameters_named",
    "read_text",
    "sha256_of_file",
    "shown_parameters",
    "stages_needed",
]
