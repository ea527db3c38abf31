"""The public validator of RO-Crates (roc-validator), handed its context so that it needs no network."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

# The validator looks up these terms as version 1.1 of the context has them; rocrate brings along a later one.
_IN_1_1 = {
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}


def validate(pack: Path, monkeypatch) -> list[str]:
    """What the public validator finds against the Provenance Run Crate profile, at its required level, offline."""
    import rocrate
    from rocrate_validator import services
    from rocrate_validator.models import Severity, ValidationSettings
    from rocrate_validator.utils.http import HttpRequester

    context = json.loads(Path(rocrate.__file__).parent.joinpath("data/ro-crate.jsonld").read_text(encoding="utf-8"))
    context["@context"].update(_IN_1_1)

    def answer(self, name):
        def get(url, **_):
            assert url == "https://w3id.org/ro/crate/1.1/context", f"the validator asked for {url}"
            heads = {"Content-Type": "application/ld+json"}
            return SimpleNamespace(status_code=200, headers=heads, json=lambda: context, text=json.dumps(context))

        return get

    monkeypatch.setattr(HttpRequester, "__getattr__", answer)
    settings = ValidationSettings(
        rocrate_uri=str(pack),
        profile_identifier="provenance-run-crate",
        requirement_severity=Severity.REQUIRED,
        no_cache=True,
    )
    result = services.validate(settings)
    return [f"{issue.violatingEntity}: {issue.message}" for issue in result.get_issues()]
