"""A pack on paper: each page as a tagged PDF, printed by a browser that the computer already has.

The files stand outside the seal: a browser writes the time into them, so no two are the same.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from evidence.project import EvidenceError, atomic_write

BROWSER = "EVIDENCE_BROWSER"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
_PLACES = {
    "win32": (
        r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
        r"%ProgramFiles%\Microsoft\Edge\Application\msedge.exe",
        r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
        r"%LocalAppData%\Google\Chrome\Application\chrome.exe",
    ),
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
}
_OPTIONS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-extensions",
    "--no-pdf-header-footer", "--export-tagged-pdf", "--generate-pdf-document-outline",
)  # fmt: skip
_SECONDS = 120
# A link to another file would carry the place of the pack, and with it perhaps a person's name, into the PDF.
_LINK_ELSEWHERE = re.compile(r' href="(?!#|https?:|mailto:)[^"]*"')


def find_browser() -> str:
    """The browser to print with: EVIDENCE_BROWSER, else Chromium, Chrome or Edge where they usually lie.

    Raises EvidenceError, saying how to print without, where there is none.
    """
    named = os.environ.get(BROWSER)
    usual = (os.path.expandvars(place) for place in _PLACES.get(sys.platform, ()))
    found = [named] if named else [*filter(None, map(shutil.which, _NAMES)), *usual]
    browser = next((place for place in found if place and (shutil.which(place) or Path(place).is_file())), None)
    if not browser:
        raise EvidenceError(
            f"{named} is no program." if named else "no Chromium, Chrome or Edge was found on this computer.",
            remedy="Open the page in any browser and print it there to a PDF (Ctrl+P, or Cmd+P on a Mac), or put the "
            f"browser's path into the environment variable {BROWSER}.",
        )
    return browser


def print_pack(pack: Path, target: Path) -> list[Path]:
    """Every page of the pack as a PDF of the same name in the folder `target`; returns the files. Nothing else changes.

    Each is tagged for screen readers, with its title, language, headings as bookmarks, and page numbers. Raises
    EvidenceError where there is no browser, or it fails.
    """
    browser = find_browser()
    files = []
    with tempfile.TemporaryDirectory(prefix="evidence-") as place:
        for page in sorted(pack.rglob("*.html")):
            name = page.relative_to(pack)
            copy = Path(place, "pages", name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(_LINK_ELSEWHERE.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
            files.append((target / name).with_suffix(".pdf"))
            atomic_write(files[-1], _printed(browser, copy, Path(place, "browser")))
    return files


def _printed(browser: str, page: Path, profile: Path) -> bytes:
    target = page.with_suffix(".pdf")
    # A browser refuses to shut itself in for the administrator of a container.
    options = [*_OPTIONS, *(["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else [])]
    command = [browser, *options, f"--user-data-dir={profile}", f"--print-to-pdf={target}", page.as_uri()]
    try:
        subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)
        return target.read_bytes()
    except (OSError, subprocess.TimeoutExpired):
        raise EvidenceError(
            "the browser did not print the page.",
            where=page.name,
            remedy=f"Print it by hand (Ctrl+P), or name another browser in the environment variable {BROWSER}.",
        ) from None
