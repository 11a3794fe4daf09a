"""``engagement …``, runs and sampling inside it, ``export`` and ``reperform``: outputs, exit statuses, refusals."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from msgspec.structs import replace as replace_struct

from auditor_app import __version__
from auditor_app.cli import engaged, engagement
from auditor_app.cli.main import main
from auditor_app.engagement.file import open_for_reading, open_for_writing
from auditor_app.engagement.terms import TEXT_FIELDS
from auditor_app.resource_files import resource
from auditor_app.snapshot.trust import load_store, revoke_key, save_store
from tests.unit.cli.test_sample import DICE, RATES, folder  # noqa: F401 - the fixture
from tests.unit.engagement import books
from tests.unit.report.reading import text_of
from tests.unit.report.test_template import SVG
from tests.unit.snapshot import samples

Command = Callable[..., tuple[int, dict[str, Any]]]
BY = ("--by", "P. Reparer")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal's clock stands still."""
    for module in (engaged, engagement):
        monkeypatch.setattr(module, "now", lambda: "2026-11-04T10:00:00Z")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command with ``--json``; its status and object."""

    def call(*arguments: object) -> tuple[int, dict[str, Any]]:
        status = main([*map(str, arguments), "--json"])
        out = capsys.readouterr().out
        return status, json.loads(out)

    return call


@pytest.fixture
def book(folder: Path, command: Command) -> Path:  # noqa: F811
    """A new engagement beside the snapshots."""
    path = folder / "book.engagement"
    status, document = command(
        "engagement", "new", path, "--client", "Example Exchange Ltd", "--standard", "isrs-4400", *BY
    )
    assert (status, document["length"]) == (0, "1")
    return path


def _trust(book: Path) -> tuple[object, ...]:
    return ("--trust", book.parent / "trust.json")


def _run(command: Command, book: Path, name: str = "good", *more: object) -> tuple[int, dict[str, Any]]:
    snapshot = book.parent / f"{name}.porsnap"
    time = () if "--trusted-time" in more else ("--trusted-time", samples.NOW)
    return command("verify", snapshot, *_trust(book), *time, "--engagement", book, *BY, *more)


def test_new_states_the_terms_and_never_replaces(book: Path, command: Command) -> None:
    again = command("engagement", "new", book, "--client", "Other", "--standard", "at-c-215", *BY)
    assert (again[0], again[1]["code"]) == (3, "ENGAGEMENT.REFUSED")
    terms = ["--purpose", "to inform the directors", "--threshold", "coverage=100 %"]
    assert command("engagement", "terms", book, *terms, *BY)[0] == 0
    assert command("engagement", "terms", book, *terms, *BY)[1]["code"] == "USAGE"
    document = command("engagement", "show", book)[1]
    assert document["terms"]["purpose"] == "to inform the directors"
    assert document["terms"]["thresholds"] == {"coverage": "100 %"}
    assert document["head"]["length"] == "2"
    assert [item["letter"] for item in document["index"]] == list("ABCDEFG")
    assert {"reference": "C3", "title": "Commitment"} in document["index"][2]["papers"]


def test_files_are_added_by_digest_and_not_touched(book: Path, command: Command) -> None:
    snapshot = book.parent / "good.porsnap"
    before = (snapshot.read_bytes(), snapshot.stat().st_mtime_ns)
    status, document = command("engagement", "add", book, snapshot, *BY)
    assert status == 0
    assert document["inputs"][0]["role"] == "snapshot"
    assert (snapshot.read_bytes(), snapshot.stat().st_mtime_ns) == before
    assert snapshot.read_bytes() not in book.read_bytes()
    assert command("engagement", "add", book, snapshot, *BY)[1]["code"] == "ENGAGEMENT.REFUSED"
    assert command("engagement", "add", book, book.parent / "gone", *BY)[1]["code"] == "ENGAGEMENT.INPUT_MISSING"
    assert command("engagement", "add", book, book.parent, *BY)[1]["code"] == "ENGAGEMENT.REFUSED"
    assert command("engagement", "check", book, "--inputs")[0] == 0
    snapshot.write_bytes(b"changed")
    status, document = command("engagement", "check", book, "--inputs")
    assert (status, document["findings"][0]["code"]) == (1, "ENGAGEMENT.INPUT_CHANGED")


def test_the_papers_on_the_command_line(book: Path, command: Command) -> None:
    for name, role in (("R. Eviewer", "reviewer"), ("E. Partner", "partner")):
        assert command("engagement", "person", book, name, "--role", role, *BY)[0] == 0
    assert command("engagement", "exception", "raise", book, "--procedure", "own", "--item", "=cmd", *BY)[0] == 0
    assert command("engagement", "exception", "update", book, 1, "--response", "Noted", *BY)[0] == 0
    assert command("engagement", "exception", "close", book, 1, "--reason", "Corrected", *BY)[0] == 0
    assert command("engagement", "exception", "close", book, 2, "--reason", "None", *BY)[0] == 3
    assert command("engagement", "tickmark", "define", book, "✓", "Agreed", *BY)[0] == 0
    assert command("engagement", "tickmark", "set", book, "✓", "--paper", "C1", "--item", "row 1", *BY)[0] == 0
    assert command("engagement", "note", "open", book, "--paper", "C1", "--text", "Why?", "--by", "R. Eviewer")[0] == 0
    assert command("engagement", "lock", book, "--reason", "Filed", *BY)[0] == 3
    assert command("engagement", "note", "close", book, 1, "--reply", "So.", *BY)[0] == 0
    omitted = command("engagement", "procedure", book, "ownership", "--omit", "--reason", "Not supplied", *BY)
    assert omitted[0] == 0
    for role, name in (("preparer", "P. Reparer"), ("reviewer", "R. Eviewer"), ("partner", "E. Partner")):
        assert command("engagement", "sign-off", book, "--role", role, "--by", name)[0] == 0
    edit = command("engagement", "procedure", book, "own-1", "--wording", "Inquired.", "--by", "R. Eviewer")
    assert [item["role"] for item in edit[1]["cleared"]] == ["partner"]
    assert command("engagement", "lock", book, "--reason", "Filed", *BY)[0] == 0
    late = ("engagement", "procedure", book, "own-2", "--wording", "Asked.", *BY)
    assert command(*late)[1]["code"] == "ENGAGEMENT.LOCKED"
    assert command(*late, "--what", "One more")[1]["code"] == "USAGE"
    assert command(*late, "--what", "One more", "--why", "Forgotten")[0] == 0
    papers = command("engagement", "show", book)[1]
    assert papers["amendments"][0]["amendment"] == {"what": "One more", "why": "Forgotten"}
    assert papers["exceptions"][0]["item"] == "=cmd"
    assert papers["exceptions"][0]["closingReason"] == "Corrected"
    journal = command("engagement", "show", book, "--journal")[1]["entries"]
    assert [item["sequence"] for item in journal] == [str(number + 1) for number in range(len(journal))]
    assert journal[-1]["sha256"] == papers["head"]["sha256"]


def test_a_run_enters_the_journal_with_what_it_rests_on(book: Path, command: Command) -> None:
    status, document = _run(command, book, "good", "--nonce", "cd" * 32)
    assert status == 1
    assert document["verdicts"]["authentic"] == "agrees"
    with open_for_reading(book) as opened:
        papers = opened.papers
        result = json.loads(opened.document(papers.runs[0].action.result))
    run = papers.runs[0]
    assert (run.action.parameters.nonce, run.action.parameters.time_typed) == ("cd" * 32, True)
    assert {item.file.role for item in papers.inputs} == {"snapshot", "trust store"}
    assert result["commitments"] == document["commitments"]
    assert result["previousPayloadSha256"] == "ab" * 32
    status, document = command("engagement", "exception", "import", book, *BY)
    counting = [item for item in result["findings"] if item["severity"] in ("exception", "critical")]
    assert len(document["raised"]) == len({(item["code"], item["subject"]) for item in counting}) > 0
    assert command("engagement", "exception", "import", book, *BY)[1]["raised"] == []


def test_a_snapshot_that_changed_under_its_name_is_refused(book: Path, command: Command) -> None:
    assert _run(command, book)[0] == 1
    shutil.copyfile(book.parent / "bad.porsnap", book.parent / "good.porsnap")
    status, document = _run(command, book)
    assert (status, document["code"]) == (3, "ENGAGEMENT.INPUT_CHANGED")
    assert command("engagement", "add", book, book.parent / "good.porsnap", *BY)[0] == 0
    assert _run(command, book)[0] == 1


def test_nothing_is_recorded_for_a_file_that_is_not_authentic(book: Path, command: Command) -> None:
    data = bytearray((book.parent / "good.porsnap").read_bytes())
    data[3000] ^= 1
    (book.parent / "good.porsnap").write_bytes(data)
    before = book.read_bytes()
    assert _run(command, book)[0] in (2, 3)
    assert book.read_bytes() == before


def test_without_a_name_or_with_a_stranger_nothing_happens(book: Path, command: Command) -> None:
    snapshot = book.parent / "good.porsnap"
    arguments = ("verify", snapshot, *_trust(book), "--trusted-time", samples.NOW)
    assert command(*arguments, "--engagement", book)[1]["code"] == "USAGE"
    assert command(*arguments, "--by", "X")[1]["code"] == "USAGE"
    assert command(*arguments, "--engagement", book, "--by", "A Stranger")[1]["code"] == "ENGAGEMENT.REFUSED"
    assert command("engagement", "show", book)[1]["head"]["length"] == "1"


def test_a_second_writer_is_told(book: Path, command: Command) -> None:
    with open_for_writing(book):
        status, document = _run(command, book)
        assert (status, document["code"]) == (3, "ENGAGEMENT.BUSY")
        assert command("engagement", "show", book)[0] == 0


def _sampled(book: Path, command: Command) -> None:
    """Plan, commitment, draw and evaluation in the journal."""
    snapshot, record = book.parent / "good.porsnap", book.parent / "record.json"
    inside = ("--engagement", book, *BY)
    time = ("--trusted-time", samples.NOW)
    assert command("sample", "plan", *RATES, "--population", 400, *inside)[0] == 0
    commit = ("sample", "commit", snapshot, *_trust(book), *time, *RATES, "--source", "dice", "-o", record)
    assert command(*commit, *inside)[0] == 0
    draw = ("sample", "draw", record, snapshot, *_trust(book), *time, "--randomness", DICE)
    assert command(*draw, *inside)[0] == 0
    evaluate = ("sample", "evaluate", "--size", 60, "--confidence", "95%", "--taint", "20%", "--taint", "1")
    assert command(*evaluate, *inside)[0] == 0


def test_sampling_enters_the_journal_and_a_draw_needs_its_commitment_there(book: Path, command: Command) -> None:
    _sampled(book, command)
    papers = command("engagement", "show", book)[1]
    assert [item["action"]["step"] for item in papers["samples"]] == ["plan", "commit", "draw", "evaluate"]
    assert papers["samples"][1]["action"]["commitment"] == papers["samples"][2]["action"]["commitment"]
    assert command("engagement", "check", book, "--inputs")[1]["findings"] == []  # where they are was noted
    other = book.parent / "other.engagement"
    assert command("engagement", "new", other, "--client", "X", "--standard", "at-c-215", *BY)[0] == 0
    draw = ("sample", "draw", book.parent / "record.json", book.parent / "good.porsnap", *_trust(book))
    status, document = command(*draw, "--trusted-time", samples.NOW, "--randomness", DICE, "--engagement", other, *BY)
    assert (status, document["code"]) == (3, "ENGAGEMENT.REFUSED")
    assert "no earlier commitment" in document["error"]


def test_a_refused_commitment_leaves_no_record(book: Path, command: Command) -> None:
    snapshot, record = book.parent / "good.porsnap", book.parent / "record.json"
    commit = ("sample", "commit", snapshot, *_trust(book), "--trusted-time", samples.NOW, *RATES, "--source", "dice")
    status, document = command(*commit, "-o", record, "--engagement", book, "--by", "A Stranger")
    assert (status, document["code"]) == (3, "ENGAGEMENT.REFUSED")
    assert not record.exists()


def test_check_against_heads_from_outside(book: Path, command: Command, tmp_path: Path) -> None:
    head = command("engagement", "exception", "raise", book, "--procedure", "own", "--item", "1", *BY)[1]["head"]
    status, document = command("engagement", "check", book, "--head", head)
    assert (status, document["intact"], len(document["limitations"])) == (0, True, 1)
    key = tmp_path / "auditor.pem"
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key.write_bytes(samples.AUDITOR.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signed = tmp_path / "signed.json"
    assert command("engagement", "sign-off", book, "--role", "preparer", "-o", signed, *BY)[1]["code"] == "USAGE"
    assert command("engagement", "sign-off", book, "--role", "preparer", "--sign", key, "-o", signed, *BY)[0] == 0
    against = ("engagement", "check", book, "--sign-off", signed)
    assert command(*against)[1]["code"] == "USAGE"
    assert command(*against, *_trust(book))[0] == 0
    connection = sqlite3.connect(book)
    connection.execute("DELETE FROM entries WHERE sequence > 1")
    connection.commit()
    connection.close()
    status, document = command(*against, *_trust(book), "--head", f"2:{head}")
    assert (status, document["intact"]) == (1, False)
    assert {item["code"] for item in document["findings"]} == {"ENGAGEMENT.HEAD"}
    assert command("engagement", "check", book, "--head", "xyz")[1]["code"] == "USAGE"
    (tmp_path / "no.pdf").write_bytes(b"%PDF-1.7 nothing")
    assert command("engagement", "check", book, "--report", tmp_path / "no.pdf")[1]["code"] == "ENGAGEMENT.HEAD"


@pytest.fixture
def package(book: Path, command: Command) -> Path:
    """The package of an engagement with a run and a whole sample."""
    _run(command, book)
    _sampled(book, command)
    path = book.parent / "package.zip"
    assert command("engagement", "export", book, "-o", path)[0] == 0
    return path


def test_an_export_is_the_same_bytes_every_time_and_holds_no_input(
    package: Path, book: Path, command: Command, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    document = command("engagement", "export", book, "-o", again)[1]
    assert again.read_bytes() == package.read_bytes()
    assert document["package"]["size"] == str(package.stat().st_size)
    assert (book.parent / "trust.json").read_bytes() not in package.read_bytes()
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
    assert names[:3] == ["package.json", "journal.jsonl", "papers.json"]
    assert all(name.startswith("results/") for name in names[3:])
    assert len(names) == 8


def test_a_package_is_repeated_on_another_machine(package: Path, command: Command, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "inputs" / "deep").mkdir(parents=True)
    for name in ("good.porsnap", "record.json"):
        shutil.copyfile(package.parent / name, elsewhere / "inputs" / "deep" / name)
    shutil.copyfile(package.parent / "trust.json", elsewhere / "mine.json")
    shutil.copyfile(package, elsewhere / "p.zip")
    arguments = ("reperform", elsewhere / "p.zip", "--trust", elsewhere / "mine.json")
    status, document = command(*arguments, "--inputs", elsewhere / "inputs")
    assert document["findings"] == []
    assert (status, document["same"]) == (0, True)
    assert [item["kind"] for item in document["repeated"]] == ["perform-run"] + ["record-sample"] * 4
    (elsewhere / "inputs" / "deep" / "record.json").unlink()
    status, document = command(*arguments)
    assert status == 1
    assert [item["status"] for item in document["repeated"]] == ["same", "same", *["not re-performed"] * 2, "same"]
    assert {item["code"] for item in document["findings"]} == {"REPERFORM.NOT_PERFORMED"}
    (elsewhere / "inputs" / "deep" / "good.porsnap").write_bytes(b"x")
    status, document = command(*arguments)
    assert [item["status"] for item in document["repeated"]].count("not re-performed") == 3


def test_keys_of_the_package_are_never_used(package: Path, command: Command, tmp_path: Path) -> None:
    """A store that revoked a signer refuses the run that the package's own store accepted."""
    store = load_store(package.parent / "trust.json")
    mine = tmp_path / "mine.json"
    save_store(
        mine,
        revoke_key(store, samples.TREASURY.keyid, revoked_at="2020-01-01T00:00:00Z", provenance=samples.PROVENANCE),
    )
    status, document = command("reperform", package, "--trust", mine)
    assert status == 1
    codes = {item["code"] for item in document["findings"]}
    assert codes == {"REPERFORM.DIFFERENCE", "REPERFORM.OTHER_STORE"}
    assert [item["status"] for item in document["repeated"]] == ["different", "same", "same", "different", "same"]
    assert "revoked" in document["repeated"][0]["differences"][0]["repeated"]


def _report(command: Command, book: Path, output: Path, *more: object) -> tuple[int, dict[str, Any]]:
    arguments = ("report", "build", book.parent / "good.porsnap", *_trust(book), "--date", "2026-11-05", "-o", output)
    return command(*arguments, "--engagement", book, *BY, *more)


def test_a_report_is_built_again_to_the_byte_and_holds_the_head(book: Path, command: Command, tmp_path: Path) -> None:
    pdf, package = tmp_path / "r.pdf", tmp_path / "p.zip"
    assert _run(command, book)[0] == 1
    status, document = _report(command, book, pdf)
    assert status == 1, document
    with open_for_reading(book) as opened:
        papers = opened.papers
        assert opened.document(papers.reports[0].action.report) == pdf.read_bytes()
    assert (len(papers.runs), papers.reports[0].action.run) == (1, papers.runs[0].stamp.entry)
    status, document = command("engagement", "check", book, "--report", pdf)
    assert (status, document["compared"][0]["head"]) == (0, papers.reports[0].head.sha256)
    assert command("engagement", "export", book, "-o", package)[0] == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copyfile(book.parent / "good.porsnap", elsewhere / "good.porsnap")
    shutil.copyfile(book.parent / "trust.json", elsewhere / "mine.json")
    status, document = command("reperform", package, "--trust", elsewhere / "mine.json", "--inputs", elsewhere)
    assert [item["status"] for item in document["repeated"]] == ["same", "same"], document
    assert status == 0
    connection = sqlite3.connect(book)
    connection.execute("DELETE FROM entries WHERE sequence >= 4")
    connection.commit()
    connection.close()
    assert "ENGAGEMENT.HEAD" in {
        item["code"] for item in command("engagement", "check", book, "--report", pdf)[1]["findings"]
    }


def test_the_journal_names_no_report_that_found_no_room(
    book: Path, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    pdf, empty = tmp_path / "r.pdf", tmp_path / "empty"
    empty.mkdir()
    assert _run(command, book)[0] == 1
    with monkeypatch.context() as patched:
        patched.setattr("auditor_app.files.os.fsync", full)
        status, document = _report(command, book, empty / "r.pdf")
    assert (status, document["code"]) == (3, "OUTPUT.WRITE")
    assert list(empty.iterdir()) == []
    with open_for_reading(book) as opened:
        assert opened.papers.reports == ()
    assert _report(command, book, pdf)[0] == 1
    with open_for_reading(book) as opened:
        assert opened.papers.reports[0].action.report == books.digest(pdf.read_bytes())


def test_a_report_says_whose_instant_its_keys_were_judged_at(book: Path, command: Command, tmp_path: Path) -> None:
    """Nobody typed one here: the journal's is not called typed, and the same comes out when it is performed again."""
    pdf, package = tmp_path / "r.pdf", tmp_path / "p.zip"
    assert _report(command, book, pdf)[0] == 1
    assert "none was typed" in text_of(pdf.read_bytes())
    assert "typed by the auditor" not in text_of(pdf.read_bytes())
    assert command("engagement", "export", book, "-o", package)[0] == 0
    document = command("reperform", package, *_trust(book), "--inputs", book.parent)[1]
    assert [item["status"] for item in document["repeated"]] == ["same", "same"], document
    assert _run(command, book)[0] == 1
    assert _report(command, book, pdf)[0] == 1
    assert "typed by the auditor" in text_of(pdf.read_bytes())


def test_the_redacted_version_is_known_by_its_digest(book: Path, command: Command, tmp_path: Path) -> None:
    full, masked, package = tmp_path / "r.pdf", tmp_path / "m.pdf", tmp_path / "p.zip"
    assert _run(command, book)[0] == 1
    assert _report(command, book, full, "--redacted", masked)[0] == 1
    for pdf in (full, masked):
        codes = [item["code"] for item in command("report", "check", pdf, "--engagement", book)[1]["findings"]]
        assert codes == ["REPORT.UNSIGNED", "REPORT.DRAFT"], codes
    with pikepdf.open(masked) as pdf:
        pdf.docinfo["/Title"] = "Another"
        pdf.save(tmp_path / "other.pdf")
    found = command("report", "check", tmp_path / "other.pdf", "--engagement", book)
    assert found[0] == 2
    assert "REPORT.JOURNAL" in {item["code"] for item in found[1]["findings"]}
    assert command("engagement", "export", book, "-o", package)[0] == 0
    status, document = command("reperform", package, *_trust(book), "--inputs", book.parent)
    assert (status, _statuses(document)) == (0, ["same", "same"]), document


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A firm's own template with a logo."""
    own = tmp_path / "firm"
    shutil.copytree(resource("report", "templates", "isrs-4400"), own)
    (own / "mark.svg").write_bytes(SVG)
    text = (own / "firm.toml").read_text(encoding="utf-8")
    for old, new in (
        ("lines = []", 'lines = ["Example Accountants LLP"]'),
        ('logo = ""', 'logo = "mark.svg"'),
        ('logo_alternative = ""', 'logo_alternative = "Example Accountants"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    (own / "firm.toml").write_text(text, encoding="utf-8")
    return own


def _statuses(document: dict[str, Any]) -> list[str]:
    return [item["status"] for item in document["repeated"]]


def test_a_report_on_a_firm_s_own_template_is_built_again_with_it(
    book: Path, command: Command, tmp_path: Path, template: Path
) -> None:
    package = tmp_path / "p.zip"
    _run(command, book)
    assert _report(command, book, tmp_path / "r.pdf", "--template", template)[0] == 1
    with open_for_reading(book) as opened:
        entry = opened.entries()[-1]
        assert [item.name for item in entry.inputs] == ["firm.toml", "mark.svg"]
        assert len(opened.papers.inputs) == 2  # a template is no input of the procedures, it clears no sign-off
    assert command("engagement", "export", book, "-o", package)[0] == 0
    with zipfile.ZipFile(package) as archive:
        listed = json.loads(archive.read("package.json"))["inputs"]
    assert [item["name"] for item in listed] == ["good.porsnap", "trust.json", "firm.toml", "mark.svg"]
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(template, elsewhere / "any" / "name")
    (elsewhere / "any" / "a").mkdir()
    shutil.copyfile(template / "firm.toml", elsewhere / "any" / "a" / "firm.toml")  # alone it is no template
    shutil.copyfile(book.parent / "good.porsnap", elsewhere / "good.porsnap")
    arguments = ("reperform", package, *_trust(book), "--inputs", elsewhere)
    status, document = command(*arguments)
    assert (status, _statuses(document)) == (0, ["same", "same"]), document
    logo = elsewhere / "any" / "name" / "mark.svg"
    logo.rename(logo.with_name("other.svg"))
    status, document = command(*arguments)
    assert (status, _statuses(document)) == (1, ["same", "not re-performed"])
    assert "template" in document["repeated"][1]["reason"]
    logo.with_name("other.svg").unlink()
    status, document = command(*arguments)
    assert (status, _statuses(document)) == (1, ["same", "not re-performed"])
    assert "mark.svg" in document["repeated"][1]["reason"]
    logo.write_bytes(SVG.replace(b"M0 0h4v1z", b"M0 0h4v2z"))
    assert _statuses(command(*arguments)[1]) == ["same", "not re-performed"]


def test_a_final_report_needs_sign_offs_on_the_recorded_run(book: Path, command: Command, tmp_path: Path) -> None:
    status, document = _report(command, book, tmp_path / "r.pdf", "--final")
    assert (status, document["code"]) == (3, "ENGAGEMENT.REFUSED")
    assert "The preparer has not signed off" in document["error"]
    assert not (tmp_path / "r.pdf").exists()
    terms = [f"--{name.replace('_', '-')}={getattr(books.terms(), name)}" for name in TEXT_FIELDS]
    assert command("engagement", "terms", book, *terms, *BY)[0] == 0
    people = {"preparer": "P. Reparer", "reviewer": "R. Eviewer", "partner": "E. Partner"}
    for role in ("reviewer", "partner"):
        assert command("engagement", "person", book, people[role], "--role", role, *BY)[0] == 0
    assert _run(command, book)[0] == 1
    for role, name in people.items():
        assert command("engagement", "sign-off", book, "--role", role, "--by", name)[0] == 0
    status, document = _report(command, book, tmp_path / "r.pdf", "--final", "--nonce", "cd" * 32)
    assert (status, document["code"]) == (3, "ENGAGEMENT.REFUSED")
    assert "no recorded run has these inputs" in document["error"]
    status, document = _report(command, book, tmp_path / "r.pdf", "--final")
    assert (status, document.get("code")) == (1, None)
    assert document["report"]["draft"] is False
    papers = command("engagement", "show", book)[1]
    assert (papers["obstacles"], len(papers["runs"]), papers["reports"][0]["action"]["kind"]) == ([], 1, "final")
    assert command("engagement", "export", book, "-o", tmp_path / "p.zip")[0] == 0
    status, document = command("reperform", tmp_path / "p.zip", *_trust(book), "--inputs", book.parent)
    assert (status, document["same"]) == (0, True), document


def test_a_recorded_result_that_was_made_up_is_found(book: Path, command: Command, tmp_path: Path) -> None:
    """A journal whose chain is in order, but whose keeper recorded another result than the procedures give."""
    from dataclasses import replace

    import msgspec

    from auditor_app import strict_json
    from auditor_app.engagement.file import Act

    _run(command, book)
    with open_for_writing(book) as opened:
        run = opened.papers.runs[0]
        result = json.loads(opened.document(run.action.result))
        result["totals"][0]["recomputed"] = "1"
        body = strict_json.canonical(result)
        action = msgspec.structs.replace(run.action, result=books.digest(body))
        opened.record(Act(action, "P. Reparer", books.at(1), run.inputs, {books.digest(body): body}))
        assert replace(run) == run
    path = book.parent / "p.zip"
    assert command("engagement", "export", book, "-o", path)[0] == 0
    status, document = command("reperform", path, *_trust(book))
    assert status == 1
    assert [item["status"] for item in document["repeated"]] == ["same", "different"]
    assert document["repeated"][1]["differences"] == [
        {"where": "totals[0].recomputed", "recorded": '"1"', "repeated": json.dumps(_total(document, command, book))}
    ]


def test_a_result_of_an_earlier_version_is_compared_in_what_that_version_recorded(
    book: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same result without a section: nothing is different where its version knew none, and everything else is."""
    from auditor_app import strict_json
    from auditor_app.engagement.file import Act

    _run(command, book)
    statuses = []
    endless = f"{'9' * 4400}.0.0"
    for program, missing in (
        ("0.1.0", "blocks"),
        ("0.2.0", "blocks"),
        ("0.1.0", "findings"),
        ("soon", "blocks"),
        (endless, "blocks"),
    ):
        monkeypatch.setattr("auditor_app.engagement.file.__version__", program)
        with open_for_writing(book) as opened:
            run = opened.papers.runs[0]
            result = json.loads(opened.document(run.action.result))
            del result[missing]
            body = strict_json.canonical(result)
            action = replace_struct(run.action, result=books.digest(body))
            opened.record(Act(action, "P. Reparer", books.at(1), run.inputs, {books.digest(body): body}))
        path = book.parent / f"p{len(statuses)}.zip"
        assert command("engagement", "export", book, "-o", path)[0] == 0
        repeated = command("reperform", path, *_trust(book))[1]["repeated"][-1]
        statuses.append((repeated["status"], repeated["reason"], [item["where"] for item in repeated["differences"]]))
    assert statuses == [
        ("same", "recorded by version 0.1.0", []),
        ("different", "" if __version__ == "0.2.0" else "recorded by version 0.2.0", ["blocks"]),
        ("different", "recorded by version 0.1.0", ["findings"]),
        ("different", "recorded by version soon", ["blocks"]),
        ("different", f"recorded by version {endless[:40]}", ["blocks"]),
    ]


def test_a_json_file_is_filed_as_what_it_is(book: Path, command: Command, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"version": "3", "keys": 1}')
    record = tmp_path / "sealed.json"
    commit = ("sample", "commit", book.parent / "good.porsnap", *_trust(book), "--trusted-time", samples.NOW, *RATES)
    assert command(*commit, "--source", "dice", "-o", record)[0] == 0
    store = tmp_path / "keys.json"
    shutil.copyfile(book.parent / "trust.json", store)
    added = command("engagement", "add", book, store, record, other, *BY)[1]["inputs"]
    assert [item["role"] for item in added] == ["trust store", "sample record", "other"]


def _total(document: dict[str, Any], command: Command, book: Path) -> str:
    return str(_run(command, book)[1]["totals"][0]["recomputed"])


def test_the_history_of_two_runs(book: Path, command: Command) -> None:
    """Both snapshots are of one instant and claim different roots: the second is an equivocation."""
    assert command("engagement", "history", book)[1]["snapshots"] == []
    assert _run(command, book, "good")[0] == 1
    status, document = command("engagement", "history", book)
    assert (status, len(document["snapshots"]), document["findings"]) == (0, 1, [])
    assert document["snapshots"][0]["leafCounts"] == {"spot": "400"}
    assert _run(command, book, "bad")[0] == 1
    status, document = command("engagement", "history", book)
    assert status == 1
    assert {item["code"] for item in document["findings"]} == {"ROOT.EQUIVOCATION", "FRESH.ROLLBACK"}
    assert command("engagement", "history", book, "--issuer", "Nobody")[1]["snapshots"] == []


def test_a_run_is_given_the_challenge_that_the_engagement_issued(book: Path, command: Command) -> None:
    issued = command("chain", "challenge", "--engagement", book, *BY)[1]["challenge"]
    _run(command, book)
    _run(command, book, "good", "--challenge", "of another day")
    with open_for_reading(book) as opened:
        challenges = [run.action.parameters.challenge for run in opened.papers.runs]
    assert challenges == [issued, "of another day"]
