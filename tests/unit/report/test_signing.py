"""Signatures over a report: both libraries agree on them, one changed byte is seen, the report's own bytes stay."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import x509

from auditor_app.cli.main import main
from auditor_app.engagement.actions import IssueReport
from auditor_app.engagement.papers import BuiltReport, Papers, Stamp
from auditor_app.errors import AuditError
from auditor_app.findings import Finding, exit_status
from auditor_app.operation import CancelToken, run
from auditor_app.report.document import ReportOptions, build_report
from auditor_app.report.self_check import check_pdf
from auditor_app.report.signed_report import ReportCheck, check_report, journal_findings
from auditor_app.report.signing import LongTerm, SigningPlan, SigningRole, sign_report, web_stamper
from auditor_app.report.signing_keys import TokenKey, read_certificates, signer_from_pkcs12, signer_from_token
from tests.unit.report import engaged, factory, signers
from tests.unit.snapshot.tsa import authority

AT = "2026-11-20T00:00:00Z"
ROOTS = (signers.asn1(signers.root()[0]),)


@pytest.fixture(scope="module")
def unsigned() -> bytes:
    options = ReportOptions("2026-11-05", papers=engaged.papers(), final=True)
    return run(build_report(factory.audit(), options, CancelToken())).pdf


def sign(pdf: bytes, name: str, role: SigningRole, **options: object) -> bytes:
    stamper, long_term = options.pop("stamper", None), options.pop("long_term", None)
    signer = signer_from_pkcs12(
        signers.p12(name, **options),
        file="key.p12",
        passphrase=lambda: signers.PASSPHRASE,  # type: ignore[arg-type]
    )
    return sign_report(pdf, signer, SigningPlan(role, stamper, long_term))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def once(unsigned: bytes) -> bytes:
    return sign(unsigned, "P. Reparer", "preparer")


@pytest.fixture(scope="module")
def twice(once: bytes) -> bytes:
    return sign(once, "E. Partner", "partner")


def codes(check: ReportCheck | tuple[Finding, ...]) -> list[str]:
    return [item.code for item in (check if isinstance(check, tuple) else check.findings)]


def test_preparer_and_partner_sign_and_the_report_s_own_bytes_stay(unsigned: bytes, once: bytes, twice: bytes) -> None:
    assert once.startswith(unsigned)
    assert twice.startswith(once)
    check = check_report(twice, ROOTS, at=AT)
    assert check.findings == ()
    assert [(item.field, item.intact, item.named) for item in check.signatures] == [
        ("Preparer", True, True),
        ("Partner", True, True),
    ]
    assert [item.whole_file for item in check.signatures] == [False, True]


def test_a_signed_file_still_passes_the_self_check(twice: bytes) -> None:
    with pikepdf.open(io.BytesIO(twice)) as document:
        title = str(document.open_metadata()["dc:title"])
        names = list(document.attachments)
        widgets = [item for page in document.pages for item in page.get("/Annots", []) if item.Subtype == "/Widget"]
    assert check_pdf(twice, title=title, attachments=names) > 10
    assert [list(map(int, item.Rect)) for item in widgets] == [[0, 0, 0, 0]] * 2


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig (poppler-utils) is not installed")
def test_pdfsig_agrees(twice: bytes, tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(twice)
    told = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=True).stdout
    assert told.count("Signature is Valid.") == 2
    assert told.count("ETSI.CAdES.detached") == 2
    assert "CN=E. Partner" in told
    assert "Total document signed" in told
    path.write_bytes(_flipped(twice, 1000))
    told = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." not in told


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_qpdf_finds_nothing_in_a_signed_file(twice: bytes, tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(twice)
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _flipped(pdf: bytes, place: int) -> bytes:
    changed = bytearray(pdf)
    changed[place] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_one_flipped_byte_is_seen(unsigned: bytes, once: bytes, share: float) -> None:
    changed = _flipped(once, int(len(unsigned) * share))
    try:
        check = check_report(changed, ROOTS, at=AT)
    except AuditError as error:
        assert error.code == "REPORT.UNREADABLE"
        return
    assert exit_status(check.findings) == 2
    assert not any(item.intact and item.whole_file for item in check.signatures)


def test_a_flipped_byte_in_the_signature_itself_is_seen(once: bytes) -> None:
    place = once.rindex(b"/Contents <") + 600
    digit = b"0" if once[place : place + 1] != b"0" else b"1"
    check = check_report(once[:place] + digit + once[place + 1 :], ROOTS, at=AT)
    assert exit_status(check.findings) == 2


def _room(pdf: bytes) -> tuple[int, int]:
    start = pdf.rindex(b"/Contents <") + len(b"/Contents <")
    return start, pdf.index(b">", start)


def _unseen(pdf: bytes, places: Iterable[int], named: tuple[x509.Certificate, ...]) -> list[int]:
    """Places at which another hex digit leaves nothing to report."""
    unseen = []
    for place in places:
        digit = b"0" if pdf[place : place + 1] != b"0" else b"1"
        check = check_report(pdf[:place] + digit + pdf[place + 1 :], named, at=AT)
        if exit_status(check.findings) != 2:
            unseen.append(place)
    return unseen


def test_a_flipped_byte_anywhere_in_the_room_of_the_signature_is_seen(once: bytes) -> None:
    """No signature is over its own room: padding, list of digests, certificates that ride along, case of the digits."""
    start, end = _room(once)
    length = 2 * (int(once[start + 4 : start + 8], 16) + 4)
    assert start + length < end - 2
    places = [*range(start + 1, start + length, 31), start + 2 * 32, start + length + 1, start + length + 40, end - 1]
    assert _unseen(once, places, ROOTS) == []
    lower = once[:start] + once[start : start + 8].lower() + once[start + 8 :]
    assert lower != once
    assert codes(check_report(lower, ROOTS, at=AT)) == ["REPORT.SIGNATURE"]


@pytest.mark.filterwarnings("ignore:.*fetching is not allowed")
def test_a_flipped_byte_in_a_time_stamp_is_seen(unsigned: bytes) -> None:
    named = (*ROOTS, signers.asn1(authority().root))
    stamped = sign(unsigned, "E. Partner", "partner", stamper=signers.stamper(datetime(2026, 11, 6, tzinfo=UTC)))
    assert check_report(stamped, named, at=AT).findings == ()
    start, _ = _room(stamped)
    length = 2 * (int(stamped[start + 4 : start + 8], 16) + 4)
    token = start + stamped[start : start + length].lower().index(b"060b2a864886f70d010910020e")
    assert _unseen(stamped, [token + 9, *range(token + 41, start + length, 257)], named) == []


@pytest.mark.parametrize("tail", [b"\n", b"\x00", b"anything at all", b"\n%%EOF\n"])
def test_bytes_behind_the_last_signature_are_seen(twice: bytes, tail: bytes) -> None:
    assert exit_status(check_report(twice + tail, ROOTS, at=AT).findings) == 2


def test_certificates_inside_the_file_alone_are_never_enough(once: bytes) -> None:
    nobody = check_report(once, (), at=AT)
    assert codes(nobody) == ["REPORT.NOT_NAMED"]
    assert nobody.signatures[0].named is None
    stranger = check_report(once, (signers.asn1(signers.root("Another Root")[0]),), at=AT)
    assert codes(stranger) == ["REPORT.SIGNATURE"]
    assert exit_status(stranger.findings) == 2


def test_a_root_of_the_same_name_and_another_key_is_not_the_named_one(unsigned: bytes) -> None:
    forged = sign(unsigned, "E. Partner", "partner", issuer="Look-alike Root")
    assert codes(check_report(forged, ROOTS, at=AT)) == ["REPORT.SIGNATURE"]


def test_the_signer_s_own_certificate_may_be_named(once: bytes) -> None:
    check = check_report(once, (signers.asn1(signers.person("P. Reparer")[0]),), at=AT)
    assert check.findings == ()
    assert check.signatures[0].named


def test_an_expired_certificate_is_told_unless_a_time_stamp_dates_the_signature(unsigned: bytes) -> None:
    plain = sign(unsigned, "O. Ld", "partner", until=2027)
    assert codes(check_report(plain, ROOTS, at="2028-01-01T00:00:00Z")) == ["REPORT.SIGNATURE"]
    assert codes(check_report(plain, ROOTS, at=AT)) == []
    stamper = signers.stamper(datetime(2026, 11, 6, tzinfo=UTC))
    stamped = sign(unsigned, "O. Ld", "partner", until=2027, stamper=stamper)
    named = (*ROOTS, signers.asn1(authority().root))
    check = check_report(stamped, named, at="2028-01-01T00:00:00Z")
    assert check.findings == ()
    assert check.signatures[0].stamped == "2026-11-06T00:00:00Z"
    unnamed = check_report(stamped, ROOTS, at="2028-01-01T00:00:00Z")
    assert unnamed.signatures[0].stamped is None
    assert codes(unnamed) == ["REPORT.SIGNATURE"]


@pytest.mark.filterwarnings("ignore:.*fetching is not allowed")
def test_a_long_term_signature_embeds_its_evidence_and_keeps_the_first_one(once: bytes) -> None:
    named = (*ROOTS, signers.asn1(authority().root))
    stamper = signers.stamper(datetime(2026, 11, 6, tzinfo=UTC))
    lasting = sign(once, "E. Partner", "partner", stamper=stamper, long_term=LongTerm(named, fetch=False))
    assert lasting.startswith(once)
    check = check_report(lasting, named, at=AT)
    assert check.findings == ()
    for tail in (b"\n", b"anything at all", b"\n%%EOF\n"):
        assert exit_status(check_report(lasting + tail, named, at=AT).findings) == 2
    with pikepdf.open(io.BytesIO(lasting)) as document:
        assert "/DSS" in document.Root
        assert any(item.V.get("/SubFilter") == "/ETSI.RFC3161" for item in document.Root.AcroForm.Fields)


def _appended(pdf: bytes, change: Callable[[object], None]) -> bytes:
    """An incremental update behind ``pdf``, as an editor would write it."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _retitled(writer: object) -> None:
    from pyhanko.pdf_utils import generic

    root = writer.root  # type: ignore[attr-defined]
    root["/ViewerPreferences"] = generic.DictionaryObject()
    writer.update_root()  # type: ignore[attr-defined]


def test_an_update_behind_the_signature_is_told(once: bytes) -> None:
    changed = _appended(once, _retitled)
    check = check_report(changed, ROOTS, at=AT)
    assert "REPORT.CHANGED" in codes(check)
    assert exit_status(check.findings) == 2


def test_an_update_before_the_first_signature_is_told(unsigned: bytes) -> None:
    changed = sign(_appended(unsigned, _retitled), "E. Partner", "partner")
    assert codes(check_report(changed, ROOTS, at=AT)) == ["REPORT.CHANGED"]


def _rewritten(pdf: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        change(document)
        document.save(buffer)
    return buffer.getvalue()


def _replaced(name: str, data: bytes) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        document.attachments[name] = pikepdf.AttachedFileSpec(document, data, filename=name)

    return change


def test_attachments_are_compared_with_the_manifest(unsigned: bytes) -> None:
    for name in ("coverage.csv", "strange.csv"):
        check = check_report(_rewritten(unsigned, _replaced(name, b"asset\n")), ROOTS, at=AT)
        assert codes(check) == ["REPORT.UNSIGNED", "REPORT.ATTACHMENT"]
        assert check.findings[1].subject == name
    missing = _rewritten(unsigned, lambda document: document.attachments.__delitem__("findings.json"))
    assert codes(check_report(missing, ROOTS, at=AT)) == ["REPORT.UNSIGNED", "REPORT.ATTACHMENT"]


def test_a_manifest_that_lists_other_digests_gives_another_report_id(unsigned: bytes) -> None:
    with pikepdf.open(io.BytesIO(unsigned)) as document:
        listed = json.loads(document.attachments["manifest.json"].get_file().read_bytes())
    listed["attachments"][0]["sha256"] = "00" * 32
    changed = _rewritten(unsigned, _replaced("manifest.json", json.dumps(listed).encode()))
    assert [item.message for item in check_report(changed, ROOTS, at=AT).findings][-1].startswith("The report id")


def _issued(pdf: bytes, head: str = "") -> Papers:
    papers = engaged.papers()
    action = IssueReport(
        kind="final", run=9, date="2026-11-05", report_id="RA", report=signers_digest(pdf), size=str(len(pdf))
    )
    at = replace(papers.head, sha256=head or papers.head.sha256)
    return replace(papers, reports=(BuiltReport(action, at, "0.1.0", Stamp(21, AT, "P. Reparer")),))


def signers_digest(pdf: bytes) -> str:
    import hashlib

    return hashlib.sha256(pdf).hexdigest()


def test_the_journal_knows_its_report_signed_or_not(unsigned: bytes, twice: bytes) -> None:
    papers = _issued(unsigned)
    for pdf in (unsigned, twice):
        assert journal_findings(pdf, check_report(pdf, ROOTS, at=AT), papers) == ()
    other = _flipped(twice, 20)
    assert codes(journal_findings(other, check_report(twice, ROOTS, at=AT), papers)) == ["REPORT.JOURNAL"]
    moved = _issued(unsigned, head="11" * 32)
    assert codes(journal_findings(unsigned, check_report(unsigned, ROOTS), moved)) == ["REPORT.JOURNAL"]
    assert codes(journal_findings(unsigned, check_report(unsigned, ROOTS), engaged.papers())) == ["REPORT.JOURNAL"]
    added = _appended(unsigned, _retitled)
    assert codes(journal_findings(added, check_report(added, ROOTS), papers)) == ["REPORT.CHANGED"]


def test_a_report_without_an_engagement_fits_no_journal() -> None:
    draft = run(build_report(factory.audit(), ReportOptions("2026-11-05"), CancelToken())).pdf
    check = check_report(draft, ROOTS, at=AT)
    assert codes(check) == ["REPORT.UNSIGNED", "REPORT.DRAFT"]
    assert codes(journal_findings(draft, check, engaged.papers())) == ["REPORT.JOURNAL"]
    with pytest.raises(AuditError, match="draft is not signed"):
        sign(draft, "E. Partner", "partner")


def test_what_is_no_report_is_refused() -> None:
    blank = io.BytesIO()
    pikepdf.Pdf.new().save(blank)
    for data in (b"", b"%PDF-1.7\n", b"PK\x03\x04", blank.getvalue()):
        with pytest.raises(AuditError) as caught:
            check_report(data, ROOTS)
        assert caught.value.code == "REPORT.UNREADABLE"


def test_a_role_signs_once(once: bytes) -> None:
    with pytest.raises(AuditError, match="signed this file already"):
        sign(once, "P. Reparer", "preparer")


def test_a_wrong_pass_phrase_and_a_file_without_a_key_are_told(unsigned: bytes) -> None:
    with pytest.raises(AuditError, match="cannot be opened"):
        signer_from_pkcs12(signers.p12("E. Partner"), file="k.p12", passphrase=lambda: b"wrong")
    with pytest.raises(AuditError, match="cannot be opened"):
        signer_from_pkcs12(b"no key", file="k.p12", passphrase=lambda: b"")
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

    lone = pkcs12.serialize_key_and_certificates(b"x", None, signers.root()[0], None, NoEncryption())
    with pytest.raises(AuditError, match="no private key"):
        signer_from_pkcs12(lone, file="k.p12", passphrase=lambda: b"")


def test_a_key_without_a_pass_phrase_is_not_asked_for_one(unsigned: bytes) -> None:
    def never() -> bytes:
        raise AssertionError

    data = signers.p12("E. Partner", passphrase=None)
    signed = sign_report(unsigned, signer_from_pkcs12(data, file="k.p12", passphrase=never), SigningPlan("partner"))
    assert check_report(signed, ROOTS, at=AT).findings == ()


def test_a_module_that_is_none_is_told(tmp_path: Path) -> None:
    place = TokenKey(tmp_path / "none.so", "token", "key")
    with pytest.raises(AuditError, match="token cannot be used"), signer_from_token(place, lambda: "1234"):
        pass


@pytest.mark.parametrize("data", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_without_certificates_is_told(data: bytes) -> None:
    with pytest.raises(AuditError) as caught:
        read_certificates(data, file="ca.pem")
    assert caught.value.code == "REPORT.SIGNING"


def test_pem_and_der_certificates_are_read() -> None:
    first, second = signers.root()[0], signers.root("Another Root")[0]
    assert len(read_certificates(signers.pem(first, second), file="ca.pem")) == 2
    assert read_certificates(signers.asn1(first).dump(), file="ca.der")[0].dump() == signers.asn1(first).dump()


def test_a_stamping_authority_is_a_web_address() -> None:
    with pytest.raises(AuditError, match="no web address"):
        web_stamper("file:///etc/passwd")


def test_an_authority_that_does_not_answer_is_told(unsigned: bytes) -> None:
    with pytest.raises(AuditError, match="did not answer"):
        sign(unsigned, "E. Partner", "partner", stamper=web_stamper("http://127.0.0.1:9/"))


def test_sign_and_check_on_the_command_line(
    unsigned: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report, key, ca, out = (tmp_path / name for name in ("r.pdf", "k.p12", "ca.pem", "signed.pdf"))
    report.write_bytes(unsigned)
    key.write_bytes(signers.p12("E. Partner"))
    ca.write_bytes(signers.pem(signers.root()[0]))
    sign_words = ["report", "sign", str(report), "--role", "partner", "--p12", str(key), "-o", str(out)]
    assert main(sign_words) == 3
    assert not out.exists()
    monkeypatch.setenv("RESERVE_AUDITOR_KEY_PASSPHRASE", signers.PASSPHRASE.decode())
    assert main(sign_words) == 0
    capsys.readouterr()
    assert main(["report", "check", str(out), "--cert", str(ca), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["signatures"][0]["named"] is True
    assert told["kind"] == "final"
    assert main(["report", "check", str(report), "--cert", str(ca)]) == 1
    out.write_bytes(_flipped(out.read_bytes(), 2000))
    assert main(["report", "check", str(out), "--cert", str(ca)]) in (2, 3)
    assert main([*sign_words, "--long-term"]) == 3
    assert main([*sign_words[:5], "-o", str(out)]) == 3


_MODULES = (Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"))


@pytest.mark.skipif(shutil.which("softhsm2-util") is None, reason="softhsm2 is not installed")
def test_a_key_on_a_token_signs_and_never_leaves_it(
    unsigned: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pkcs11
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pkcs11.util.x509 import decode_x509_certificate

    module = next(path for path in _MODULES if path.exists())
    (tmp_path / "tokens").mkdir()
    settings = tmp_path / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n", encoding="ascii")
    monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
    certificate, key = signers.person("E. Partner")
    pem = tmp_path / "key.pem"
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for words in (
        ["--init-token", "--free", "--label", "office", "--so-pin", "12345678"],
        ["--import", str(pem), "--token", "office", "--label", "partner", "--id", "01"],
    ):
        subprocess.run(["softhsm2-util", *words, "--pin", "5678"], check=True, capture_output=True)
    with pkcs11.lib(str(module)).get_token(token_label="office").open(user_pin="5678", rw=True) as session:
        held = decode_x509_certificate(signers.asn1(certificate).dump())
        session.create_object({**held, pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: "partner"})
    with signer_from_token(TokenKey(module, "office", "partner"), lambda: "5678") as signer:
        signed = sign_report(unsigned, signer, SigningPlan("partner"))
    check = check_report(signed, ROOTS, at=AT)
    assert check.findings == ()
    assert check.signatures[0].named
    with pytest.raises(AuditError, match="token"), signer_from_token(TokenKey(module, "office", "x"), lambda: "0"):
        pass
    with (
        pytest.raises(AuditError, match="token did not sign"),
        signer_from_token(TokenKey(module, "office", "nobody"), lambda: "5678") as signer,
    ):
        sign_report(unsigned, signer, SigningPlan("partner"))
