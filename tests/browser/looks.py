"""Every page of a pack by axe-core, in every look that a reader may have: two widths, three ways of colour, paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
LIGHT = {"media": "screen", "color_scheme": "light", "forced_colors": "none"}
PAPER = {**LIGHT, "media": "print"}
COLOURS = {
    "light": LIGHT,
    "dark": {**LIGHT, "color_scheme": "dark"},
    "forced colours": {**LIGHT, "forced_colors": "active"},
}
WIDTHS = (1280, 320)
# Each width, paper, and each width in all colours.
LOOKS_A_PAGE = len(WIDTHS) + 1 + len(WIDTHS) * len(COLOURS)
# What a page of A4 leaves between its margins, in CSS pixels.
A4_WIDTH = 673
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
CUT_OFF = """() => [...document.querySelectorAll('.wide, .pan')]
    .filter(part => part.scrollWidth > part.clientWidth + 1).map(part => part.textContent.trim().slice(0, 60))"""
SCROLLS = """() => [...document.querySelectorAll('.wide, .pan')]
    .filter(part => getComputedStyle(part).overflowX != 'visible').map(part => part.textContent.trim().slice(0, 60))"""
# A chart that is kept together, and no taller than a page less its headline, is on one page.
SPLIT = """() => [...document.querySelectorAll('.ev-chart')]
    .filter(chart => getComputedStyle(chart).breakInside != 'avoid' || chart.getBoundingClientRect().height > 780)
    .map(chart => chart.alt.slice(0, 60))"""
# Two of three seconds go into the colours of each cell.
_WITHOUT_COLOURS = {**RULES, "rules": {"color-contrast": {"enabled": False}}}
# No other rule asks for colours.
_COLOURS_ALONE = {**RULES, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
# Parts of the same elements, classes and states in the same place have the same colours: one of each is enough to judge
# these. A part that is alone in its place stays, so that no table or list is empty.
_ONE_OF_EACH_KIND = """parts => {
    const seen = new Set(), look = part => [part.tagName, part.className, part.dataset.state];
    for (const part of document.querySelectorAll(parts)) {
        const kind = [...part.querySelectorAll('*')].map(look);
        for (let around = part; around; around = around.parentElement) kind.push(look(around));
        if (seen.has(kind.join('|')) && part.parentElement.children.length > 1) part.remove();
        seen.add(kind.join('|'));
    }
}"""


def open_page(page: Page, address: str) -> None:
    """Loads a page with all its parts unfolded, and axe-core into it, for any number of looks."""
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.evaluate(AXE_SCRIPT)


def look_at(page: Page, width: int, look: dict[str, str]) -> None:
    page.emulate_media(**look)
    page.set_viewport_size({"width": width, "height": 900})


def violations(page: Page, rules: dict = RULES) -> list[str]:
    """Each rule of axe-core that an open page breaks as it looks now, and where."""
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
    return [f"{rule['id']}: {node['html'][:150]}" for rule in found for node in rule["nodes"]]


def faults_of(browser: Browser, pack: Path) -> tuple[int, list[str]]:
    """(how many times a page was looked at, everything that was wrong), over all pages of a pack in all looks.

    Beside axe-core's rules: no page is wider than the window, at 1280 pixels no table scrolls, and on paper none is
    cut off and no chart split.
    """
    looked, faults = 0, []
    context = browser.new_context(offline=True)
    page = context.new_page()
    for path in sorted(pack.rglob("*.html")):
        open_page(page, path.as_uri())
        for look, found in _looks(page):
            faults += [f"{path.relative_to(pack)}, {look}: {fault}" for fault in found]
            looked += 1
    context.close()
    return looked, faults


def _looks(page: Page) -> Iterator[tuple[str, list[str]]]:
    for width in WIDTHS:
        look_at(page, width, LIGHT)
        too_wide = [] if page.evaluate(FITS) else ["the page is wider than the window"]
        scrolls = [f"scrolls: {part}" for part in page.evaluate(CUT_OFF)] if width == WIDTHS[0] else []
        yield f"{width} px", violations(page, _WITHOUT_COLOURS) + too_wide + scrolls
    look_at(page, A4_WIDTH, PAPER)
    cut_off = [f"cut off: {part}" for part in page.evaluate(CUT_OFF)]
    cut_off += [f"may be split: {chart}" for chart in page.evaluate(SPLIT)]
    cut_off += [f"has a bar to scroll with: {part}" for part in page.evaluate(SCROLLS)]
    page.evaluate(_ONE_OF_EACH_KIND, "tbody tr")
    yield "paper", violations(page) + cut_off
    page.evaluate(_ONE_OF_EACH_KIND, "p, li, dt, dd, a")
    for name, look in COLOURS.items():
        for width in WIDTHS:
            look_at(page, width, look)
            yield f"{width} px, {name}", violations(page, _COLOURS_ALONE)
