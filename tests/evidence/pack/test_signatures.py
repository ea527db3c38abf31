"""Signed sign-offs: what `verify` and plain ssh-keygen say of each, and every way in which one does not stand."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from evidence.pack import (
    MANIFEST,
    SIGNATURES,
    Statement,
    put_signature,
    record_file,
    release,
    releasing,
    sign,
    signatures_of,
    signing,
    statements_of,
    verify,
)
from evidence.pack.seal import write_manifest
from evidence.pack.statements import bring_along
from evidence.privacy import Secrets
from evidence.project import EvidenceError, Project, open_project, sha256_of_file
from evidence.run import execute
from tests.evidence.fake_book import FakeBook
from tests.evidence.toy import make_project

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="there is no ssh-keygen: install openssh-client")
DAY = date(2026, 5, 1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Path:
    """A folder with the keys ada, bob and locked, the last under the passphrase `geheim`."""
    folder = tmp_path_factory.mktemp("keys")
    for name, passphrase in (("ada", ""), ("bob", ""), ("locked", "geheim")):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", folder / name], check=True
        )
    return folder


def line(keys: Path, name: str, key: str, options: str = "") -> str:
    public = (keys / f"{key}.pub").read_text().strip()
    return f'"{name}" namespaces="evidence-pack"{options} {public}\n'


@pytest.fixture
def signers(keys, tmp_path) -> Path:
    path = tmp_path / "allowed_signers"
    path.write_text("# who may sign\n" + line(keys, "Ada Example", "ada") + line(keys, "Bob Sample", "bob"))
    return path


@pytest.fixture
def pack(tmp_path) -> Path:
    folder = tmp_path / "packs" / "sample"
    (folder / "records").mkdir(parents=True)
    (folder / "index.html").write_text("<p>Summary</p>\n")
    (folder / "records" / "stage_04.txt").write_text("what stage 4 rests on\n")
    write_manifest(folder)
    return folder


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path / "project")


def statement(pack: Path, **other: object) -> Statement:
    record = sha256_of_file(pack / "records/stage_04.txt")
    given = Statement(
        4, "senior sponsor", "Ada Example", "approved with condition", "Ask  children\nfirst", DAY, date(2027, 5, 1),
        sha256_of_file(pack / MANIFEST), record,
    )  # fmt: skip
    return dataclasses.replace(given, **other)


def signed(project: Project, pack: Path, keys: Path, signers: Path, **other: object) -> Path:
    made = statement(pack, **other)
    return put_signature(project, pack, made, sign(made, keys / "ada", signers))


def said(pack: Path, signers: Path | None) -> list[tuple[bool | None, str]]:
    return [(one.stands, one.what) for one in signatures_of(pack, signers)]


def test_a_signature_says_who_decided_what(project, pack, keys, signers):
    signed(project, pack, keys, signers)
    ((stands, what),) = said(pack, signers)
    assert stands is True
    condition = "stage 4 approved with condition by Ada Example, senior sponsor, on 1 May 2026, on this condition: "
    assert what.startswith(condition + "Ask children first; signed with the key SHA256:")
    (of_itself,) = statements_of(pack)
    assert of_itself.condition == "Ask children first" and of_itself.day == DAY


def test_plain_tools_say_the_same(project, pack, keys, signers):
    text = signed(project, pack, keys, signers)
    command = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        signers,
        "-I",
        "Ada Example",
        "-n",
        "evidence-pack",
        "-s",
        f"{text}.sig",
    ]
    good = subprocess.run(command, input=text.read_bytes(), capture_output=True)
    assert good.returncode == 0 and b'Good "evidence-pack" signature for Ada Example' in good.stdout
    assert subprocess.run(command, input=text.read_bytes().replace(b"2026", b"2027"), capture_output=True).returncode
    if shutil.which("sha256sum"):
        check = ["sha256sum", "-c", f"{SIGNATURES}/{text.name}"]
        listed = subprocess.run(check, cwd=pack, capture_output=True, text=True)
        assert listed.returncode == 0 and listed.stdout == f"{MANIFEST}: OK\nrecords/stage_04.txt: OK\n"


def test_an_unlisted_key_is_not_used_and_the_line_to_add_is_said(pack, keys, tmp_path):
    empty = tmp_path / "none"
    empty.write_text("# nobody\n")
    with pytest.raises(EvidenceError) as refused:
        sign(statement(pack), keys / "ada", empty)
    assert "not listed for Ada Example" in str(refused.value)
    proposed = str(refused.value).splitlines()[-1] + "\n"
    assert proposed == line(keys, "Ada Example", "ada")
    empty.write_text(proposed)
    assert sign(statement(pack), keys / "ada", empty).startswith(b"-----BEGIN SSH SIGNATURE-----")


def test_nobody_signs_for_somebody_else(pack, keys, signers):
    with pytest.raises(EvidenceError, match="signed with the key of Bob Sample, not of Ada Example"):
        sign(statement(pack), keys / "bob", signers)


def _of_somebody_not_listed(pack, text, signers, keys):
    signers.write_text(line(keys, "Bob Sample", "bob"))


def _of_somebody_else(pack, text, signers, keys):
    signers.write_text(line(keys, "Bob Sample", "ada"))


def _expired(pack, text, signers, keys):
    signers.write_text(line(keys, "Ada Example", "ada", ',valid-before="20260301"'))


def _too_early(pack, text, signers, keys):
    signers.write_text(line(keys, "Ada Example", "ada", ',valid-after="20260601"'))


def _for_another_use(pack, text, signers, keys):
    signers.write_text(line(keys, "Ada Example", "ada").replace("evidence-pack", "git"))


def _another_decision(pack, text, signers, keys):
    text.write_text(text.read_text().replace("# condition: Ask children first", "# condition: "))


def _another_form(pack, text, signers, keys):
    text.write_text(text.read_text() + "# and more\n")


def _broken(pack, text, signers, keys):
    signature = text.with_name(f"{text.name}.sig")
    signature.write_text(signature.read_text()[:100])


def _flipped(pack, text, signers, keys):
    signature = text.with_name(f"{text.name}.sig")
    first, second, *rest = signature.read_text().split("\n")
    signature.write_text("\n".join([first, second[:-1] + ("A" if second[-1] != "A" else "B"), *rest]))


def _no_signature(pack, text, signers, keys):
    text.with_name(f"{text.name}.sig").unlink()


def _linked(pack, text, signers, keys):
    shutil.move(text, pack.parent / "elsewhere.txt")
    text.symlink_to(pack.parent / "elsewhere.txt")


def _of_another_pack(pack, text, signers, keys):
    (pack / "records/stage_04.txt").write_text("what stage 4 rests on now\n")
    write_manifest(pack)


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (_of_somebody_not_listed, "the key that signed it is not listed for Ada Example"),
        (_of_somebody_else, "it is signed with the key of Bob Sample, not of Ada Example"),
        (_expired, "the key of Ada Example was no longer allowed on 1 May 2026"),
        (_too_early, "the key of Ada Example was not yet allowed on 1 May 2026"),
        (_for_another_use, "the key that signed it is not listed for Ada Example"),
        (_another_decision, "the signature is broken, or text and signature do not belong together"),
        (_another_form, "is not a sign-off as it is written."),
        (_broken, "the signature is broken, or text and signature do not belong together"),
        (_flipped, "the signature is broken, or text and signature do not belong together"),
        (_no_signature, "the sign-off or its signature is missing, or is a link"),
        (_linked, "the sign-off or its signature is missing, or is a link"),
        (_of_another_pack, "it was signed for another pack and says nothing of this one"),
    ],
)
def test_a_signature_that_does_not_stand_is_said_in_words(project, pack, keys, signers, tamper, expected):
    text = signed(project, pack, keys, signers)
    if tamper is _linked and os.name == "nt":
        pytest.skip("Windows keeps links from ordinary users")
    tamper(pack, text, signers, keys)
    assert said(pack, signers) == [(False, expected)]


def test_a_key_that_expired_after_the_day_still_stands(project, pack, keys, signers):
    signed(project, pack, keys, signers)
    signers.write_text(line(keys, "Ada Example", "ada", ',valid-after="20260401",valid-before="20260601"'))
    assert said(pack, signers)[0][0] is True


def test_without_a_list_a_genuine_signature_is_neither_good_nor_bad(project, pack, keys, signers):
    signed(project, pack, keys, signers)
    ((stands, what),) = said(pack, None)
    assert stands is None and "genuine, but no list says whose key SHA256:" in what


def test_a_signature_goes_with_the_next_pack_only_while_what_it_covers_is_the_same(project, pack, keys, signers):
    signed(project, pack, keys, signers)
    later = pack.with_name("later")
    (later / "records").mkdir(parents=True)
    (later / "index.html").write_text("<p>It shows the sign-off</p>\n")
    shutil.copyfile(pack / "records/stage_04.txt", later / "records/stage_04.txt")
    write_manifest(later)
    bring_along(project, later)
    ((stands, what),) = said(later, signers)
    assert stands is True and "for an earlier pack, of which this one keeps all that it covers" in what
    shutil.rmtree(later / SIGNATURES)
    (later / "records/stage_04.txt").write_text("something else\n")
    write_manifest(later)
    bring_along(project, later)
    assert not (later / SIGNATURES).exists()


def test_the_next_pack_lists_who_signed_before_and_whether_it_is_still_covered(keys, signers, tmp_path, monkeypatch):
    """Nothing signed after a pack was sealed can be on its own front page."""
    monkeypatch.setattr(releasing, "_identifying_values", lambda project, record: Secrets())
    made = open_project(make_project(tmp_path / "toy"))
    run = execute(made, "sample", made.parameters("sample"))

    def listed(book: FakeBook) -> list[list[str]]:
        first = release(made, run.folder, "sample", book=book, previous=None)
        page = BeautifulSoup((first / "index.html").read_bytes(), "html.parser")
        assert "A signature shows who held the key" in page.get_text()
        caption = page.find("caption", id="signed-caption")
        rows = caption.parent.select("tbody tr") if caption else []
        return [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in rows]

    assert listed(FakeBook()) == []
    pack = made.path("packs/sample")
    record = pack / record_file(4)
    mine = statement(pack, record=sha256_of_file(record))
    text = put_signature(made, pack, mine, sign(mine, keys / "ada", signers))
    ((stage, who, decision, day, until, covers),) = listed(FakeBook())
    assert (stage, who, day, until) == ("Stage 4", "Ada Example, senior sponsor", "1 May 2026", "1 May 2027")
    assert decision == "approved with condition: Ask children first"
    assert covers == f"all that records/stage_04.txt lists, as it is in this pack: signatures/{text.name}"
    assert (pack / "signatures" / text.name).is_file() and verify(pack) == []
    inputs = json.loads((pack / "inputs.json").read_text(encoding="utf-8"))
    assert inputs["answers"][f"workbook/signed/{text.name}"] == sha256_of_file(text)
    other = FakeBook()
    other.record = lambda stage: {"project.toml": "1" * 64}
    ((*_, covers),) = listed(other)
    assert covers.startswith("an earlier pack. Something that it covers has changed since")
    assert not (pack / "signatures").exists()


def test_stray_files_among_signatures_are_named(pack):
    (pack / SIGNATURES).mkdir()
    (pack / SIGNATURES / "note.sig").write_text("x")
    assert said(pack, None) == [(False, "belongs to no sign-off here")]


@pytest.mark.skipif(os.name == "nt", reason="setsid and askpass programs are not the same on Windows")
def test_a_passphrase_is_asked_for_and_a_wrong_one_is_said(pack, keys, signers, tmp_path, monkeypatch):
    signers.write_text(line(keys, "Ada Example", "locked"))
    ask = tmp_path / "ask"
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    for passphrase in ("geheim", "wrong"):
        ask.write_text(f"#!/bin/sh\necho {passphrase}\n")
        ask.chmod(0o700)
        if passphrase == "geheim":
            assert sign(statement(pack), keys / "locked", signers)
        else:
            with pytest.raises(EvidenceError, match="the passphrase of the key was not right"):
                sign(statement(pack), keys / "locked", signers)


@pytest.mark.skipif(not shutil.which("ssh-agent") or os.name == "nt", reason="there is no ssh-agent to start")
def test_a_key_in_an_agent_is_named_by_its_public_part(pack, keys, signers, tmp_path, monkeypatch):
    public = tmp_path / "only.pub"
    shutil.copyfile(keys / "ada.pub", public)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(EvidenceError, match="neither beside it nor in ssh-agent"):
        sign(statement(pack), public, signers)
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        for _ in range(100):
            added = subprocess.run(["ssh-add", "-q", keys / "ada"], capture_output=True)
            if added.returncode == 0:
                break
        assert added.returncode == 0
        assert sign(statement(pack), public, signers)
    finally:
        agent.terminate()
        agent.wait(10)


@pytest.mark.parametrize(("content", "says"), [(None, "this is no SSH key"), ("hello", "this is no SSH key")])
def test_a_file_that_is_no_key_is_said(pack, signers, tmp_path, content, says):
    key = tmp_path / "key"
    if content:
        key.write_text(content)
        key.chmod(0o600)
    with pytest.raises(EvidenceError, match=says):
        sign(statement(pack), key, signers)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_key_that_others_may_read_is_refused(pack, keys, signers, tmp_path):
    key = tmp_path / "open"
    shutil.copyfile(keys / "ada", key)
    key.chmod(0o644)
    with pytest.raises(EvidenceError, match=r"other users of this computer may read the key(.|\n)*chmod 600"):
        sign(statement(pack), key, signers)


def test_without_ssh_keygen_one_line_says_how_to_get_it(project, pack, keys, signers, monkeypatch):
    signed(project, pack, keys, signers)
    monkeypatch.setattr(signing.shutil, "which", lambda name: None)
    with pytest.raises(EvidenceError, match=r"ssh-keygen, and this computer has none\.\nWindows: Settings, Optional"):
        signatures_of(pack, signers)
    shutil.rmtree(pack / SIGNATURES)
    assert signatures_of(pack, signers) == []


@pytest.fixture
def baked(sample_project, pack, tmp_path, keys) -> Path:
    """A project with a pack to sign, and a list on which Ada stands."""
    made = tmp_path / "baked"
    shutil.copytree(sample_project, made)
    shutil.copytree(pack, made / "packs/sample")
    with open(made / "reference/allowed_signers", "a", encoding="utf-8") as file:
        file.write(line(keys, "Ada Example", "ada"))
    return made


def sign_off(run_evidence, project: Path, key: Path, name: str = "Ada Example"):
    given = ("--role", "senior sponsor", "--name", name, "--decision", "approved", "--date", "2026-05-01")
    return run_evidence(project, "sign-off", 4, *given, "--key", key)


def test_the_commands_sign_and_check(baked, keys, run_evidence, tmp_path):
    before = run_evidence(baked, "verify", "sample")
    assert before.returncode == 0 and "Nobody has signed it." in before.stdout
    done = sign_off(run_evidence, baked, keys / "ada")
    assert "Signed: packs/sample/signatures/stage_04_" in done.stdout, done.stderr
    (text,) = (baked / "packs/sample/signatures").glob("*.txt")
    for kept in (text.name, f"{text.name}.sig"):
        assert (baked / "workbook/signed" / kept).read_bytes() == (text.with_name(kept)).read_bytes()
    after = run_evidence(baked, "verify", "sample")
    assert after.returncode == 0 and "approved by Ada Example, senior sponsor, on 1 May 2026; signed" in after.stdout
    # A reviewer has the pack and no project; the list that counts is the one they were given.
    alone = tmp_path / "reviewer"
    shutil.copytree(baked / "packs/sample", alone / "sample")
    assert "no list says whose key" in run_evidence(alone, "verify", alone / "sample").stdout
    listed = run_evidence(alone, "verify", "sample", "--signers", baked / "reference/allowed_signers")
    assert listed.returncode == 0 and "signed with the key" in listed.stdout
    text.write_text(text.read_text().replace("decision: approved", "decision: refused"))
    altered = run_evidence(baked, "verify", "sample")
    assert altered.returncode == 1 and "1 signature does not hold" in altered.stdout


def test_what_cannot_be_signed_is_not_recorded_either(baked, keys, run_evidence):
    register = (baked / "workbook/sign_offs.csv").read_bytes()
    for key, name, says in (
        (keys / "bob", "Ada Example", "is not listed for Ada Example. Nothing was signed off."),
        (keys / "none", "Ada Example", "this is no SSH key"),
    ):
        done = sign_off(run_evidence, baked, key, name)
        assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr
    assert (baked / "workbook/sign_offs.csv").read_bytes() == register
    assert not (baked / "packs/sample/signatures").exists() and not (baked / "workbook/signed").exists()


def test_the_list_of_a_new_project_names_nobody(sample_project):
    lines = (sample_project / "reference/allowed_signers").read_text(encoding="utf-8").splitlines()
    assert lines and all(text.startswith("#") for text in lines)
