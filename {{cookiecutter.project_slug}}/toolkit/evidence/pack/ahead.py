"""What making a pack takes and can be done while the last stages of its run are still at work."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.pack.releasing import begin_to_look
from evidence.project import EvidenceError, Project, read_text
from evidence.project.slow_imports import import_pandas
from evidence.run.ahead import worth_it

if TYPE_CHECKING:
    from evidence.run.here import Aside, AsideOf


class Ahead:
    """What is done ahead for the pack of a run with these parameters, called as `Here` calls what is done meanwhile.

    Of several runs there are none: their packs are made without help. Says nothing of what is wrong: `release` does.
    """

    def __init__(self, project: Project, parameters: Mapping[str, object] | None = None) -> None:
        self._project, self._parameters = project, parameters
        self._lock = threading.Lock()
        self._looking: Aside | None = None
        self._over = False

    def __call__(self, notebook: Path | None, left: int, aside: AsideOf | None) -> None:
        """notebook: of a stage that has ended; None for what needs none. left: stages that are not over."""
        # The last stage alone keeps one core busy.
        if aside is not None and notebook is not None and left == 1 and self._parameters is not None:
            self._begin_to_look(notebook.parent, self._parameters, aside)
        get_ready(notebook, helped=aside is not None)

    def looking(self) -> Aside | None:
        """What `begin_to_look` is at work on, for `release`; None where it was not begun, and will not be any more."""
        with self._lock:
            self._over = True
            return self._looking

    def _begin_to_look(self, notebooks: Path, parameters: Mapping[str, object], aside: AsideOf) -> None:
        folder, values = str(parameters["data_folder"]), [str(value) for value in parameters.values()]
        with self._lock:
            begun = self._over or self._looking is not None
            # What is large is not held by this as well while a stage holds it.
            if not begun and self._project.data_folder(parameters).is_dir() and worth_it(self._project, parameters):
                self._looking = aside(begin_to_look, str(self._project.root), folder, values, str(notebooks))


def get_ready(notebook: Path | None, helped: bool) -> None:
    """Imports what `release` takes and makes the parts of a notebook's page.

    notebook: an executed one; None is for the imports and templates alone. helped: `release` will have others do what
    takes pandas, and write the Word files.
    """
    import evidence.privacy.scan
    from evidence.pack.pages import load_templates, parts_of

    if not helped:
        import_pandas()
        import evidence.data.identifying  # noqa: F401
        from evidence.documents.word import load_house_style

        load_house_style()
    if notebook is None:
        load_templates()
    else:
        with suppress(EvidenceError, OSError, ValueError):
            parts_of(read_text(notebook), notebook.name)
