"""The page that compares many runs. It is made from their packs alone, so it gives away nothing that they hide.

Everything on it, sums and order included, is worked out from what the packs show. Whoever has the packs could make the
page themselves; whoever has the page knows no more of a child than a reader of the packs. Which packs may lie side by
side in the first place is decided in `apart`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

import evidence
from evidence.pack.record import FIGURES, INPUTS
from evidence.pack.replacing import new_pack
from evidence.pack.said import STANDING
from evidence.pack.seal import MANIFEST, RECEIPT, write_manifest
from evidence.project import EvidenceError, Project, explained, long_date, read_text, sha256_of_file
from evidence.project.folders import hold

RUNS = "runs.json"
_TEMPLATE = Path(__file__).parent / "template"
TOGETHER = "All runs with a figure, together"
# Texts longer than this are compared on the packs' own pages.
_SHORT = 120


@dataclass(frozen=True)
class Figure:
    """One figure of one run as its pack shows it; `percent` is None where the pack hides it or could not estimate it.

    n of denominator children, with the 95% interval from low to high, both in per cent. few: too few to be sure.
    """

    text: str
    rests_on: str
    percent: float | None = None
    n: int | None = None
    denominator: int | None = None
    low: float | None = None
    high: float | None = None
    few: bool = False
    is_number: bool = False


@dataclass(frozen=True)
class Compared:
    """One run as the overview shows it. trouble: stages that did not finish. why: what stopped it without a pack."""

    name: str
    link: str
    stamp: str = ""
    sentence: str = ""
    gates_met: int = 0
    gates: int = 0
    as_of: str = ""
    differs: str = ""
    trouble: tuple[int, ...] = ()
    why: str = ""
    digest: str = ""
    figures: Mapping[tuple[int, str], Figure] = field(default_factory=dict)


def release_overview(
    project: Project,
    name: str,
    packs: Mapping[str, Path],
    trouble: Mapping[str, tuple[int, ...]],
    stopped: Mapping[str, str],
) -> Path:
    """Makes `packs/<name>/` with the page that compares the packs, and `<name>.zip` beside it; returns its path.

    packs: the runs' packs by name, which lie beside it. trouble: the stages of a run that did not finish. stopped: the
    runs that have no pack, by name, with the reason in words.

    Raises EvidenceError, and leaves the previous one as it was, when something in it identifies a child.
    """
    final = project.path("packs", name)
    runs = [_compared(run, pack, trouble.get(run, ())) for run, pack in packs.items()]
    runs, apart = _with_differences(runs, packs)
    runs += [Compared(run, "", why=why) for run, why in stopped.items()]
    labels = _labels(packs)
    refused = explained("the page that compares the runs cannot be made. The previous one is as it was")
    with refused, hold(final.with_name(f".{final.name}.lock"), f"Making the overview {name}"), new_pack(final) as part:
        _write(part, project, name, runs, labels, apart)
        scanned = _scan(part, project, packs)
        manifest = write_manifest(part)
        _write_text(part / RECEIPT, _json({"leak_scan": scanned, "manifest_sha256": manifest}))
    return final


# Reading the packs --------------------------------------------------------------------------------------------------


def _compared(name: str, pack: Path, trouble: tuple[int, ...]) -> Compared:
    inputs = json.loads(read_text(pack / INPUTS))
    figures = json.loads(read_text(pack / FIGURES))
    said = json.loads(read_text(pack / STANDING)) if (pack / STANDING).is_file() else {}
    gates = said.get("gates", [])
    return Compared(
        name,
        f"../{pack.name}/index.html",
        said.get("stamp", ""),
        said.get("sentence", ""),
        sum(gate["state"] == "met" for gate in gates),
        len(gates),
        long_date(str(inputs["parameters"]["as_of"])),
        trouble=trouble,
        digest=sha256_of_file(pack / MANIFEST),
        figures={(one["stage"], one["name"]): _figure(one) for one in figures},
    )


def _figure(one: dict) -> Figure:
    if numbers := one.get("estimate"):
        return Figure(one["text"], one["rests_on"], float(one["value"]), **numbers)
    return Figure(one["text"], one["rests_on"], is_number=isinstance(one["value"], int | float) and one["unit"] != "%")


def _labels(packs: Mapping[str, Path]) -> dict[tuple[int, str], str]:
    """What each figure is called, in the order in which the packs put them."""
    labels: dict[tuple[int, str], str] = {}
    for pack in packs.values():
        for one in json.loads(read_text(pack / FIGURES)):
            labels.setdefault((one["stage"], one["name"]), one["label"])
    return dict(sorted(labels.items(), key=lambda item: item[0][0]))


def _with_differences(runs: list[Compared], packs: Mapping[str, Path]) -> tuple[list[Compared], bool]:
    """Each run with the parameters, but the day, that are not the same in all, in words; and if no child is in two.

    That is so where each run is of another area, and of everything else they say the same.
    """
    given = {name: json.loads(read_text(pack / INPUTS))["parameters"] for name, pack in packs.items()}
    names = sorted({key for values in given.values() for key in values})
    differing = [key for key in names if len({str(values.get(key)) for values in given.values()}) > 1]
    areas = [values.get("area") for values in given.values()]
    apart = differing == ["area"] and all(areas) and len(set(areas)) == len(areas)
    # The day has a column of its own.
    told = [key for key in differing if key != "as_of"]
    said = {
        name: ", ".join(f"{key} {values.get(key) if values.get(key) not in ('', None) else 'all'}" for key in told)
        for name, values in given.items()
    }
    return [replace(run, differs=said[run.name]) for run in runs], apart


# Comparing them -----------------------------------------------------------------------------------------------------


def together(figures: Iterable[Figure]) -> Figure | None:
    """The figure of all runs whose packs show it, as one: their numbers added up, with Wilson's interval.

    Only numbers that packs show go in, so it says nothing about those that they hide. None for fewer than two.
    """
    from evidence.measures.intervals import wilson

    shown = [one for one in figures if one.n is not None]
    if len(shown) < 2:
        return None
    n, denominator = sum(one.n for one in shown), sum(one.denominator for one in shown)
    low, high = (round(100 * bound, 1) for bound in wilson(n, denominator))
    percent = round(100 * n / denominator, 1)
    rests_on = f"{n:,} of {denominator:,} children; interval {low}% to {high}%"
    return Figure(f"{percent:.1f}%", rests_on, percent, n, denominator, low, high)


def highest_first(figures: Mapping[str, Figure]) -> list[tuple[str, Figure]]:
    """Shown figures from the highest to the lowest, then the others by name: their place says nothing of them."""
    return sorted(figures.items(), key=lambda item: (item[1].percent is None, -(item[1].percent or 0), item[0]))


def in_order(runs: Iterable[Compared]) -> list[Compared]:
    """Worst first: without a pack, with stages that stopped, with the fewest gates met; then by name."""
    return sorted(runs, key=lambda run: (not run.why, -len(run.trouble), run.gates_met - run.gates, run.name))


# Writing ------------------------------------------------------------------------------------------------------------


def _write(
    part: Path, project: Project, name: str, runs: list[Compared], labels: dict[tuple[int, str], str], apart: bool
) -> None:
    """apart: no child is in two of the runs, so that their numbers may be added up."""
    shown = [run for run in runs if not run.why]
    percents, numbers, texts = [], {}, []
    for key, label in labels.items():
        of_run = {run.name: run.figures[key] for run in shown if key in run.figures}
        if any(one.percent is not None for one in of_run.values()):
            rows, both = highest_first(of_run), together(of_run.values()) if apart else None
            _write_text(part / "tables" / f"{key[0]:02d}_{key[1]}.csv", _csv(rows, both))
            percents.append(([key[0]], label, rows, both))
        elif of_run and all(one.is_number for one in of_run.values()):
            numbers[f"{label} (stage {key[0]})"] = of_run
        elif of_run:
            texts.append((key[0], label, _by_text(of_run)))
    links = {run.name: run.link for run in shown}
    days = {run.as_of for run in shown}
    stamps = {run.stamp for run in shown}
    facts = project.facts
    frame = {
        "stamp": stamps.pop() if len(stamps) == 1 else "STANDS DIFFER",
        "title": facts.title,
        "council": facts.council if facts.council_code else f"{facts.council} (a made-up council)",
        "as_of": days.pop() if len(days) == 1 else "several days",
        "run": name,
        "css": read_text(_TEMPLATE / "pack.css"),
        "root": "",
    }
    html = _template().render(
        frame=frame, runs=in_order(runs), links=links, percents=_listed_once(percents),
        numbers=numbers, texts=texts, together=TOGETHER,
        failed=[run for run in runs if run.why], troubled=[run for run in shown if run.trouble],
        complete=[run for run in shown if not run.trouble], differ=any(run.differs for run in shown),
    )  # fmt: skip
    _write_text(part / "index.html", html.replace("\r\n", "\n").strip() + "\n")
    listed = {
        "runs": {run.name: {"manifest_sha256": run.digest} for run in shown},
        "without_a_pack": {run.name: run.why for run in runs if run.why},
        "toolkit_version": evidence.__version__,
    }
    _write_text(part / RUNS, _json(listed))


def _listed_once(percents: list[tuple]) -> list[tuple]:
    """Two stages may put the same figure first: it is one table, with both stages named."""
    once: list[tuple] = []
    for stages, label, rows, both in percents:
        same = next((one for one in once if (one[1], one[2]) == (label, rows)), None)
        if same:
            same[0].extend(stages)
        else:
            once.append((stages, label, rows, both))
    return once


def _by_text(figures: Mapping[str, Figure]) -> list[tuple[str, list[str]]]:
    """What the runs say and which of them says it: what most say first."""
    said: dict[str, list[str]] = {}
    for name, one in sorted(figures.items()):
        text = one.text if len(one.text) <= _SHORT else "a sentence of its own, on the run's pages"
        said.setdefault(text, []).append(name)
    return sorted(said.items(), key=lambda item: (-len(item[1]), item[0]))


def _template():
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_TEMPLATE), keep_trailing_newline=True)  # noqa: S701 - escaped by hand
    environment.filters["e"] = lambda text: escape(str(text))
    return environment.get_template("overview.html.j2")


def _scan(part: Path, project: Project, packs: Mapping[str, Path]) -> dict:
    """Compares the page with the real values of the data of every run, as each pack was."""
    from evidence.data import identifying_values
    from evidence.privacy import Secrets, scan

    parameters = [json.loads(read_text(pack / INPUTS))["parameters"] for pack in packs.values()]
    allowed = sorted({str(value) for values in parameters for value in values.values()} | set(packs))
    scanned = {"files": 0, "values_looked_for": 0, "findings": 0}
    for place in sorted({_place(pack) for pack in packs.values()}) or [""]:
        secrets = identifying_values(project, place) if place and project.path(place).exists() else Secrets()
        findings = scan(part, secrets, allowed=allowed)
        if findings:
            places = "\n".join(f"{one.path}: {one.kind}" for one in list(findings)[:20])
            raise EvidenceError(
                f"the overview was not released, because something in it may identify a child.\n{places}",
                remedy="Take it out of where it comes from, then run again.",
            )
        scanned["files"] = findings.files
        scanned["values_looked_for"] += len(secrets)
    return scanned


def _place(pack: Path) -> str:
    """Where the pack's data lies: in the receipt, because a full path is no part of what is sealed."""
    return str(json.loads(read_text(pack / RECEIPT))["data_folder"])


def _csv(rows: list[tuple[str, Figure]], both: Figure | None) -> str:
    target = io.StringIO()
    lines = csv.writer(target, lineterminator="\n")
    lines.writerow(("run", "n", "denominator", "percent", "low", "high"))
    for run, one in [*rows, *([(TOGETHER, both)] if both else [])]:
        values = (one.n, one.denominator, one.percent, one.low, one.high)
        lines.writerow((run, *("c" if value is None else value for value in values)))
    return target.getvalue()


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
