"""What the things that stages read are now, to hold against what they were when a stage read them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from evidence.project import EvidenceError, Project, git_digest, sha256_of_file
from evidence.results import Results
from evidence.run.fingerprints import FILES, where_it_lies


class Present:
    """Digests of what a run's stages read, each file's worked out once."""

    def __init__(self, project: Project, parameters: dict[str, object]) -> None:
        self._project, self._data = project, project.data_folder(parameters)
        self._digests: dict[Path, str] = {}

    def digest(self, kind: str, name: str, results: Results) -> str | None:
        """The digest of a thing as it is now; None for a kind whose present state cannot be looked up."""
        if kind == "result":
            stage, _, rest = name.partition("/")
            return results.digest(int(stage), rest)
        if kind in (*FILES, "code"):
            path = where_it_lies(self._project, name, self._data)
            if not path.is_file():
                return ""
            if path not in self._digests:
                self._digests[path] = sha256_of_file(path)
            return self._digests[path]
        if kind == "role":
            return self._role()
        if kind == "access log":
            from evidence.data.access import log_digest

            return log_digest(self._project, date.fromisoformat(name))
        if kind == "version control":
            return git_digest(self._project.root)
        if kind == "project tree":
            from evidence.privacy import tree_digest

            return tree_digest(self._project, self._data)
        if kind == "threshold history":
            from evidence.workbook import history_of

            return history_of(self._project, json.loads(name)).digest
        return None

    def _role(self) -> str:
        """What whoever is at work may see of the data: two people with the same role and permission see the same."""
        from evidence.data.access import access_to

        try:
            return access_to(self._project, self._data).standing
        except EvidenceError:
            return ""
