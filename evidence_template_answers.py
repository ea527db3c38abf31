"""What the template does with the answers to its questions: checks them, and derives names from them.

Cookiecutter loads this file as a Jinja extension. A `__...` line in cookiecutter.json that follows a question applies a
filter from here, so an answer that cannot work is refused at once, in one line, before the next question is asked.
"""

from __future__ import annotations

import csv
import difflib
import json
import keyword
import re
import sys
import unicodedata
from functools import lru_cache
from pathlib import Path

from cookiecutter.exceptions import FailedHookException as Refused
from jinja2.ext import Extension
from slugify import slugify

HERE = Path(__file__).resolve().parent
PROJECT = HERE / "{{cookiecutter.project_slug}}"
FICTIONAL_COUNCIL = "Example council"
OLDEST_PYTHON = (3, 11)
LONGEST_NAME = 200
LONGEST_FOLDER = 80
JINJA = re.compile(r"\{[{%#]")


class Answers(Extension):
    """The filters used in cookiecutter.json and in the files that are rendered."""

    def __init__(self, environment) -> None:
        super().__init__(environment)
        for use in (
            council_code,
            council_name,
            council_three_digit_code,
            folder_name,
            markdown,
            package_name,
            python_is_new_enough,
            slug,
            toml,
            tool_name,
        ):
            environment.filters[use.__name__] = use

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Keeps an answer that holds `{{`, `{%` or `{#` as it was written.

        Cookiecutter renders answers given as `key=value` as if they were templates; only our own texts are.
        """
        if name is None and JINJA.search(source) and not _is_ours(source):
            return '{{ "' + "".join(_escaped_for_jinja(character) for character in source) + '" }}'
        return source


def _escaped_for_jinja(character: str) -> str:
    if character.isascii() and (character.isalnum() or character == " "):
        return character
    return f"\\U{ord(character):08x}"


def _is_ours(source: str) -> bool:
    """Whether a text is one of the template's own, or a path in it."""
    path = re.sub(r"\{\{cookiecutter\.(project_slug|__package_name)\}\}", "", source)
    return source in _our_texts() or not JINJA.search(path)


@lru_cache(maxsize=1)
def _our_texts() -> frozenset[str]:
    """Every text of the template that is rendered without a file name: the questions' defaults and the hooks."""
    questions = json.loads((HERE / "cookiecutter.json").read_text(encoding="utf-8"))
    defaults = [text for text in questions.values() if isinstance(text, str)]
    return frozenset([*defaults, *(hook.read_text(encoding="utf-8") for hook in (HERE / "hooks").glob("*.py"))])


# Python --------------------------------------------------------------------------------------------------------


def python_is_new_enough(_: str, version: tuple[int, ...] = tuple(sys.version_info)) -> str:
    """Asked before the first question, so that nobody answers ten questions for nothing."""
    if version[:2] < OLDEST_PYTHON:
        raise Refused(
            f"This template needs Python 3.11 or newer, and cookiecutter runs on Python {version[0]}.{version[1]} "
            "here: install cookiecutter with a newer Python and start again."
        )
    return ""


# Text ----------------------------------------------------------------------------------------------------------


def line(answer: object) -> str:
    """The answer as one line: no control, format or private characters, single spaces, composed accents."""
    text = unicodedata.normalize("NFC", str(answer))
    # Cs is half a character and cannot be written to a file; U+200D and U+FE0F belong inside some emoji.
    kept = (
        c if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or c in "\u200d\ufe0f" else " " for c in text
    )
    return " ".join("".join(kept).split())


def tool_name(answer: object) -> str:
    text = line(answer)
    if not text:
        raise Refused("The tool needs a name: answer the question about its name with a few words.")
    if len(text) > LONGEST_NAME:
        raise Refused(f"The tool's name is {len(text)} characters long: use {LONGEST_NAME} at most.")
    return text


def toml(answer: object) -> str:
    """The answer as the inside of a TOML basic string ("...")."""
    return line(answer).replace("\\", "\\\\").replace('"', '\\"')


def markdown(answer: object) -> str:
    """The answer as plain text in Markdown: nothing in it is taken for a heading, a link, HTML or a list."""
    text = re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", line(answer))
    return re.sub(r"^([-+]|\d+[.)])(?= )", lambda start: start[0][:-1] + "\\" + start[0][-1], text)


# Names of folders and packages ----------------------------------------------------------------------------------

WINDOWS_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
# Modules that left the standard library between Python 3.11 and 3.13: the same name is refused on each.
FORMER_MODULES = set(
    "aifc asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib nis nntplib "
    "ossaudiodev pipes sndhdr smtpd spwd sunau telnetlib uu xdrlib".split()
)
# Names that are imported in a project, or are folders of it, besides those that its lock names.
OTHER_MODULES = set(
    "adbc_driver_duckdb argon2 attr bs4 conftest cookiecutter data dateutil docx evidence ipykernel_launcher jupyter "
    "jwt logs mpl_toolkits notebook notebooks packs parameters pip pkg_resources py pylab pythoncom "
    "pythonjsonlogger reference rpds sklearn src team_tool test tests tool toolkit websocket win32api win32com "
    "workbook worked yaml zmq".split()
)


def slug(answer: object) -> str:
    """A folder name made of a tool's name: lower-case ASCII words with hyphens, never empty or reserved."""
    words = slugify(line(answer), max_length=40, word_boundary=True) or "tool"
    return f"{words}-tool" if words in WINDOWS_DEVICES else words


def package_name(answer: object) -> str:
    """A Python package's name made of a tool's name: never a keyword, nor a module that something else imports."""
    words = slug(answer).replace("-", "_")
    if words[0].isdigit():
        words = f"tool_{words}"
    return f"{words}_tool" if words in _taken_names() else words


@lru_cache(maxsize=1)
def _taken_names() -> frozenset[str]:
    locked = set()
    for lock in PROJECT.glob("requirements*.lock"):
        locked.update(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    return frozenset(
        {name.lower() for name in (*keyword.kwlist, *keyword.softkwlist, *sys.stdlib_module_names)}
        | {re.sub(r"[-.]", "_", name) for name in locked}
        | FORMER_MODULES
        | OTHER_MODULES
        | WINDOWS_DEVICES
    )


def folder_name(answer: object) -> str:
    """The folder's name as it was given, or a refusal: it was chosen by hand, so it is not changed silently."""
    text = str(answer)
    problem = _problem_with_folder(text)
    if problem:
        shown = line(text)[:60]
        raise Refused(f'"{shown}" cannot be the name of a folder: {problem}. Try {slug(text)}')
    return text


def _problem_with_folder(text: str) -> str:
    if not text.strip():
        return "it is empty"
    if text in {".", ".."}:
        return "it means another folder"
    if len(text) > LONGEST_FOLDER:
        return f"it is longer than {LONGEST_FOLDER} characters"
    if line(text) != text:
        return "it begins or ends with a space, or holds a character that cannot be seen"
    if re.search(r'[<>:"/\\|?*{}%$`!^]', text):
        return 'it holds one of < > : " / \\ | ? * { } % $ ` ! ^'
    if text[0] in "-~" or text[-1] == ".":
        return "it begins with - or ~, or ends with a full stop"
    if text.split(".")[0].strip().lower() in WINDOWS_DEVICES:
        return "Windows keeps that name for a device"
    return ""


# Councils -------------------------------------------------------------------------------------------------------

# How people name a council around its own name, each removed in this order, the longest before what it ends in.
BEFORE = (
    "the", "council of the", "council of", "royal borough of", "london borough of", "metropolitan borough of",
    "city of", "county of", "borough of",
)  # fmt: skip
AFTER = (
    "city metropolitan district council", "metropolitan district council", "metropolitan borough council",
    "london borough council", "city and county council", "county borough council", "royal borough council",
    "unitary authority", "borough council", "county council", "district council", "unitary council", "city council",
    "city corporation", "local authority", "childrens services", "childrens trust", "corporation", "council", "mbc",
    "mdc",
    "lbc", "london borough", "royal borough", "city of", "county of", "city", "cc", "bc",
)  # fmt: skip
# Short names in common use that do not follow from the full one.
ALSO_KNOWN_AS = {
    "hull": "810",
    "kingston upon hull": "810",
    "bcp": "839",
    "durham": "840",
    "rbkc": "207",
    "lbhf": "205",
    "banes": "800",
    "telford": "894",
    "scilly": "420",
}
# Counties that were divided, or never were one council for children's social care: which councils serve them.
DIVIDED = {
    "avon": ("800", "801", "802", "803"),
    "bedfordshire": ("822", "823", "821"),
    "berkshire": ("867", "868", "869", "870", "871", "872"),
    "bournemouth": ("839",),
    "cheshire": ("895", "896"),
    "cleveland": ("805", "806", "807", "808"),
    "cumbria": ("942", "943"),
    "greater london": ("201",),
    "humberside": ("810", "811", "812", "813"),
    "kingston": ("314", "810"),
    "northamptonshire": ("940", "941"),
    "poole": ("839",),
    "sussex": ("845", "938", "846"),
    "909": ("942", "943"),
    "928": ("940", "941"),
}


@lru_cache(maxsize=1)
def councils() -> dict[str, tuple[str, str, str]]:
    """Three-digit code -> (name, nine-character code, three-digit code), for each of the 153 councils."""
    text = (PROJECT / "reference" / "authorities.csv").read_text(encoding="utf-8")
    return {
        row["three_digit_code"]: (row["name"], row["code"], row["three_digit_code"])
        for row in csv.DictReader(text.splitlines())
    }


def _plain(text: str) -> str:
    """A name without case, accents, apostrophes or punctuation, "&" as "and", "Saint" as "St"."""
    text = unicodedata.normalize("NFKD", line(text)).casefold().replace("&", " and ")
    text = "".join(c for c in text if not unicodedata.combining(c) and c not in "'’‘`.")
    words = re.sub(r"[^0-9a-z]+", " ", text).split()
    return " ".join("st" if word == "saint" else word for word in words)


def _without_after(plain: str) -> str:
    """A plain name without "County Council" and the like."""
    for words in AFTER:
        plain = plain.removesuffix(f" {words}")
    return plain


def _bare(plain: str) -> str:
    """A plain name without "County Council", "London Borough of" and the like."""
    for words in BEFORE:
        plain = plain.removeprefix(f"{words} ")
    return _without_after(plain)


@lru_cache(maxsize=1)
def _known_names() -> dict[str, frozenset[str]]:
    """Every way to name a council, in plain form -> the three-digit codes of those it may mean."""
    known: dict[str, set[str]] = {}
    for three_digit_code, (name, code, _) in councils().items():
        plain = _plain(name)
        ways = {three_digit_code, code.lower(), plain}
        if plain != "city of london":
            ways |= {_bare(plain), re.split(r" (?:upon|on|with) ", _bare(plain))[0]}
        for way in ways:
            known.setdefault(way, set()).add(three_digit_code)
    for way, three_digit_code in ALSO_KNOWN_AS.items():
        known.setdefault(way, set()).add(three_digit_code)
    return {way: frozenset(codes) for way, codes in known.items()}


def _find_council(answer: object) -> tuple[str, str, str]:
    """(name, nine-character code, three-digit code) of the council that is meant. Raises Refused where unclear."""
    plain = _plain(str(answer))
    if plain == _plain(FICTIONAL_COUNCIL):
        return FICTIONAL_COUNCIL, "", ""
    if not plain:
        raise Refused(f'Name your council, or answer "{FICTIONAL_COUNCIL}" to try the template first.')
    for way in (plain, _without_after(plain), _bare(plain), plain.replace(" ", "")):
        meant = _known_names().get(way, frozenset())
        if len(meant) == 1:
            return councils()[next(iter(meant))]
        if meant:
            break
    raise Refused(_not_found(str(answer), _bare(plain), meant))


def _not_found(answer: str, plain: str, meant: frozenset[str]) -> str:
    shown = line(answer)[:60]
    codes = sorted(meant) or DIVIDED.get(plain) or _nearest(plain)
    named = [f"{council_name(code)} ({code})" for code in codes]
    if meant:
        return f'"{shown}" may be more than one council: answer with one of {"; ".join(named)}.'
    if not named:
        return f'"{shown}" is not one of the 153 councils of England: give its full name or its three-digit code.'
    return f'"{shown}" is not one of the 153 councils of England. Nearest: {"; ".join(named)}.'


def _nearest(plain: str) -> list[str]:
    """Codes of up to five councils: those whose names hold the words, then those spelt most like it."""
    words = set(plain.split())
    holding = [code for code, (name, _, _) in councils().items() if words and words <= set(_plain(name).split())]
    by_name = {way: sorted(codes)[0] for way, codes in _known_names().items() if not way[-1].isdigit()}
    spelt_alike = [by_name[way] for way in difflib.get_close_matches(plain, sorted(by_name), n=5, cutoff=0.7)]
    return list(dict.fromkeys([*holding, *spelt_alike]))[:5]


def council_name(answer: object) -> str:
    """The council's name as it is spoken: "Bristol, City of" of the published tables is "Bristol"."""
    return re.sub(r", (?:City|County) of$", "", _find_council(answer)[0])


def council_code(answer: object) -> str:
    """The council's nine-character code; "" for the fictional council."""
    return _find_council(answer)[1]


def council_three_digit_code(answer: object) -> str:
    """The council's old three-digit code; "" for the fictional council."""
    return _find_council(answer)[2]
