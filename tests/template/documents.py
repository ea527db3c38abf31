"""Reads what a page of documentation tells people to type and to open, so that tests can check that it exists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^|\n\n)((?: {4}\S.*\n?)+)")
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)")
FILE_ENDINGS = (
    "py",
    "md",
    "toml",
    "csv",
    "json",
    "lock",
    "ipynb",
    "html",
    "yml",
    "txt",
    "in",
    "zip",
    "png",
    "svg",
    "xml",
    "css",
)
# Places that are there only after something was installed or run.
MADE_LATER = re.compile(r"^(\.venv|build|\.evidence|index\.html$|manifest-sha256\.txt$|receipt\.json$|packs/[^R])")


@dataclass
class Page:
    """The paths, `evidence` commands, make targets and nox sessions that one page names."""

    paths: set[str] = field(default_factory=set)
    evidence: set[str] = field(default_factory=set)
    make: set[str] = field(default_factory=set)
    nox: set[str] = field(default_factory=set)


def read_page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    page = Page()
    for block in FENCED.findall(text):
        for line in block.splitlines()[1:-1]:
            _note_command(page, line.split("#")[0].strip())
    without = FENCED.sub("", text)
    for block in INDENTED.findall(without):
        for line in block.splitlines():
            _note_command(page, line.strip())
    for code in INLINE.findall(without):
        _note_command(page, code.strip())
        if " " not in code and _is_path(code):
            page.paths.add(code)
    for target in LINK.findall(without):
        if not re.match(r"https?:|mailto:|#", target):
            page.paths.add(target.split("#")[0])
    page.paths = {path for path in page.paths if not MADE_LATER.match(path) and "<" not in path}
    return page


def _note_command(page: Page, code: str) -> None:
    code = re.sub(r"^(\$ |> )", "", code).replace("\\", "/")
    if found := re.search(r"(?:^|/)evidence((?: +\S+)+)$", code):
        page.evidence.add(found[1].strip())
    if found := re.match(r"make +([a-z][\w-]*)", code):
        page.make.add(found[1])
    if found := re.search(r"\bnox(?:\.exe)? +-s +(\w+)", code):
        page.nox.add(found[1])


def _is_path(code: str) -> bool:
    if code.startswith(("-", "{")) or "://" in code or re.search(r"[()=\"']|\s", code):
        return False
    return code.endswith("/") or bool(re.search(rf"^[\w.{{}}*/<>-]+\.({'|'.join(FILE_ENDINGS)})$", code)) or "/" in code
