"""How large a pack's pages and zip are, beside nbconvert's own `lab` template on the same executed notebooks.

    python benchmarks/pages.py            # the default project and a predictive one, on the sample data
    python benchmarks/pages.py PACK       # a pack that is there already

Also what each page asks of the network, and which accessibility rules of WCAG 2.2 AA axe-core finds broken at 1280 px,
where Chromium is there. The table goes to benchmarks/results/pages.md.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

from common import environment, keep, new_project

ASKED = {"default project": {}, "predictive tool about single children": {"analytics_type": "predictive",
                                                                         "output_about": "individual"}}  # fmt: skip
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# What a browser would fetch from elsewhere.
_REQUEST = re.compile(r"""(?:<script[^>]*|<link[^>]*|<img[^>]*)\s(?:src|href)=["']https?:""")


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("pack", nargs="?", type=Path, help="a pack's folder; without one, two are made")
    options = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="evidence-benchmark-") as place:
        packs = {options.pack.name: options.pack} if options.pack else _made(Path(place))
        text = "\n".join([_head(), *(_table(name, pack, Path(place)) for name, pack in packs.items())])
    print(text)
    if not options.pack:
        keep("pages.md", text)


def _made(place: Path) -> dict[str, Path]:
    """A pack of each kind of project, baked and run on the sample data."""
    packs = {}
    for number, (name, answers) in enumerate(ASKED.items()):
        project = new_project(place / str(number), **answers)
        command = [sys.executable, "-m", "evidence", "run", "sample", "--quiet"]
        subprocess.run(command, cwd=project, env=environment(project), check=True, stdout=subprocess.DEVNULL)
        packs[name] = project / "packs" / "sample"
    return packs


def _head() -> str:
    return (
        "# Pages of a pack beside nbconvert's `lab` template\n\n"
        "The same ten executed notebooks of the sample data. Sizes in KB of 1,000 bytes. Ours holds the front page\n"
        "besides. The pack's own zip holds pages, documents, tables, notebooks and records,\n"
        "not compressed, so that its bytes are the same everywhere. Requests are scripts, styles and pictures from\n"
        "elsewhere. Rules broken are those of WCAG 2.2 A and AA that axe-core finds at 1280 px, over all pages.\n"
        f"nbconvert {version('nbconvert')}, Python {sys.version.split()[0]}.\n"
    )


def _table(name: str, pack: Path, place: Path) -> str:
    theirs = _as_lab(pack, place / f"lab-{len(name)}")
    pages = {path.name: path for path in sorted(pack.glob("*.html"))}
    lines = [f"\n## {name}\n", "| page | ours, KB | `lab`, KB |", "| --- | ---: | ---: |"]
    for page, path in pages.items():
        lab = theirs.get(page)
        lines.append(f"| {page} | {_kb(path)} | {_kb(lab) if lab else ''} |")
    lines.append(f"| all pages | {_sum(pages.values())} | {_sum(theirs.values())} |")
    zipped = pack.with_name(f"{pack.name}.zip")
    lines.append(f"| all pages, zipped with compression | {_zipped(pages.values())} | {_zipped(theirs.values())} |")
    lines.append(f"| the pack's own zip | {_kb(zipped) if zipped.is_file() else ''} | |")
    lines.append(f"| requests | {_requests(pages.values())} | {_requests(theirs.values())} |")
    lines.append(f"| rules broken | {_broken(pages.values())} | {_broken(theirs.values())} |")
    return "\n".join(lines) + "\n"


def _as_lab(pack: Path, folder: Path) -> dict[str, Path]:
    """The executed notebooks of the pack by nbconvert's `lab` template, as `jupyter nbconvert --to html` gives them."""
    from nbconvert.exporters.html import HTMLExporter

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    exporter = HTMLExporter(template_name="lab")
    for notebook in sorted((pack / "notebooks").glob("*.ipynb")):
        html, _ = exporter.from_filename(str(notebook))
        (folder / f"{notebook.stem}.html").write_text(html, encoding="utf-8")
    return {path.name: path for path in sorted(folder.iterdir())}


def _broken(paths) -> str:
    """How many rules are broken and in how many places; nothing where there is no Chromium."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if not browser:
        return "not measured"
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    rules, places = set(), 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        # Without a network the script of `lab` for formulas cannot load; its absence is no fault of the page.
        page.route("http**", lambda route: route.abort())
        for path in paths:
            page.goto(path.resolve().as_uri(), wait_until="domcontentloaded")
            for found in Axe().run(page, options=RULES).response["violations"]:
                rules.add(found["id"])
                places += len(found["nodes"])
        chromium.close()
    return f"{len(rules)}, in {places:,} places" if rules else "0"


def _requests(paths) -> int:
    return sum(len(_REQUEST.findall(path.read_text(encoding="utf-8"))) for path in paths)


def _zipped(paths) -> str:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.name)
    return f"{len(target.getvalue()) / 1000:,.0f}"


def _sum(paths) -> str:
    return f"{sum(path.stat().st_size for path in paths) / 1000:,.0f}"


def _kb(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f}"


if __name__ == "__main__":
    main()
