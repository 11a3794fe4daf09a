"""Files made from the specification alone, read by the program: honest ones end with 0, bent ones with their code."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor_app.demo.build import DemoFiles
from tests.end2end.conftest import Ended, command
from tests.end2end.spec_issuer import AUDITOR, FINANCE, STRANGER, TREASURY, Draft, evidence, snapshot

ROWS = [b"alice,1.5", b"bob,0.25", b"carol,", b"dave,0.00000001", b"007,2"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two issuer keys and an auditor's key, pinned on the command line."""
    folder = tmp_path_factory.mktemp("store")
    path = folder / "trust.json"
    for key, role, signer in (
        (TREASURY, "issuer", "Head of Treasury"), (FINANCE, "issuer", "CFO"), (AUDITOR, "auditor", "A. Auditor"),
    ):  # fmt: skip
        pem = folder / f"{signer}.pem"
        pem.write_bytes(key.pem)
        ended = command(
            "trust", "add", "--store", path, "--pem", pem, "--fingerprint", key.keyid, "--role", role,
            "--issuer", "Example Exchange Ltd" if role == "issuer" else "Audit LLP", "--signer", signer,
            "--channel", "engagement letter", "--by", "A. Auditor",
        )  # fmt: skip
        assert ended.status == 0, ended.err
    return path


def verify(store: Path, path: Path, *more: object) -> Ended:
    return command("verify", path, "--trust", store, *more, "--json")


def observed(draft: Draft) -> int:
    return int(draft.predicate["reserves"]["claimedTotals"]["BTC"])


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_an_honest_snapshot_with_evidence_has_nothing_to_report(store: Path, tmp_path: Path, form: str) -> None:
    draft = snapshot(ROWS)
    target = tmp_path / "s.porsnap"
    path = draft.folder(target) if form == "folder" else draft.archive(target)
    seen = evidence(draft, observed(draft)).archive(tmp_path / "e.porevidence")
    root = draft.predicate["ledgers"][0]["commitments"][0]["root"]
    ended = verify(store, path, "--evidence", seen, "--published-root", f"spot={root}")
    assert ended.status == 0, ended.out
    assert ended.json["verdicts"] == {"authentic": "agrees", "data": "agrees", "coverage": "agrees"}
    (line,) = ended.json["coverage"]
    assert line["rate"] == "109.9999"
    assert line["liabilities"] == "375000001"
    assert {item["spkiSha256"] for item in ended.json["snapshot"]["signers"]} == {TREASURY.keyid, FINANCE.keyid}


def _total(draft: Draft) -> None:
    draft.predicate["ledgers"][0]["totals"]["BTC"] = "375000000"


def _root(draft: Draft) -> None:
    draft.predicate["ledgers"][0]["commitments"][0]["root"] = "00" * 32


def _row(bad: bytes) -> Callable[[Draft], None]:
    def bend(draft: Draft) -> None:
        _, data, rows = draft.members["ledger/spot-00000.csv"]
        draft.members["ledger/spot-00000.csv"] = ("ledger", data.replace(b"bob,0.25\n", bad), rows)

    return bend


def _count(draft: Draft) -> None:
    draft.predicate["ledgers"][0]["rowCount"] = "6"
    draft.predicate["ledgers"][0]["commitments"][0]["leafCount"] = "6"
    role, data, _ = draft.members["ledger/spot-00000.csv"]
    draft.members["ledger/spot-00000.csv"] = (role, data, 6)


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (_total, "TOTALS.MISMATCH"),
        (_root, "ROOT.MISMATCH"),
        (_count, "ROWS.COUNT"),
        (_row(b"bob,-0.25\n"), "LEAF.NEGATIVE"),
        (_row(b"alice,0.25\n"), "LEAF.DUPLICATE"),
        (_row(b"bob,007\n"), "SNAPSHOT.GRAMMAR"),
        (_row(b"bob,0.25\r\n"), "SNAPSHOT.GRAMMAR"),
        (_row(b'"bob",0.25\n'), "SNAPSHOT.GRAMMAR"),
        (_row("bob,٣\n".encode()), "SNAPSHOT.GRAMMAR"),
        (_row(b"bob,1e5\n"), "SNAPSHOT.GRAMMAR"),
        (_row(b"bob,0.25,1\n"), "SNAPSHOT.GRAMMAR"),
        (_row(b"bob, 0.25\n"), "SNAPSHOT.GRAMMAR"),
        (_row(b"bob," + b"9" * 40 + b"\n"), "SNAPSHOT.GRAMMAR"),
        (_row(b"\xef\xbb\xbfbob,0.25\n"), "SNAPSHOT.GRAMMAR"),
    ],
)
def test_bad_data_under_good_signatures_is_an_exception(
    store: Path, tmp_path: Path, bend: Callable[[Draft], None], code: str
) -> None:
    draft = snapshot(ROWS)
    bend(draft)
    ended = verify(store, draft.folder(tmp_path / "s"))
    assert ended.status == 1, ended.err
    assert code in ended.codes
    assert ended.json["verdicts"]["authentic"] == "agrees"
    assert ended.json["verdicts"]["data"] == "exceptions"
    if code == "SNAPSHOT.GRAMMAR":
        (found,) = [item for item in ended.json["findings"] if item["code"] == code]
        assert "row 2" in found["message"]
        assert "byte" in found["message"]


@pytest.mark.parametrize("keys", [[TREASURY], [TREASURY, STRANGER], [STRANGER], [TREASURY, AUDITOR]])
def test_signatures_that_do_not_suffice(store: Path, tmp_path: Path, keys: list[object]) -> None:
    draft = snapshot(ROWS)
    draft.keys = keys  # type: ignore[assignment]
    ended = verify(store, draft.folder(tmp_path / "s"))
    assert ended.status == 2
    assert ended.json["verdicts"] == {"authentic": "exceptions", "data": "not-checked", "coverage": "not-checked"}
    assert ended.codes & {"SIGNATURE.THRESHOLD", "SIGNATURE.ROLE", "SIGNATURE.UNKNOWN_KEY"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"snapshotPayloadSha256": "ab" * 32}, "EVIDENCE.OTHER_SNAPSHOT"),
        (
            {"chains": {"bip122:000000000019d6689c085ae165831e93": {"blockHeight": "921001", "hashFrom": "typed"}}},
            "EVIDENCE.OTHER_BLOCK",
        ),
    ],
)
def test_evidence_for_something_else_covers_nothing(
    store: Path, tmp_path: Path, change: dict[str, object], code: str
) -> None:
    draft = snapshot(ROWS)
    seen = evidence(draft, observed(draft), **change).folder(tmp_path / "e")
    ended = verify(store, draft.folder(tmp_path / "s"), "--evidence", seen)
    assert ended.status == 1
    assert code in ended.codes
    assert ended.json["coverage"][0]["observed"] is None
    assert ended.json["coverage"][0]["rate"] is None


def test_evidence_signed_by_a_stranger_is_only_claimed(store: Path, tmp_path: Path) -> None:
    draft = snapshot(ROWS)
    made = evidence(draft, observed(draft))
    made.keys = [STRANGER]
    ended = verify(store, draft.folder(tmp_path / "s"), "--evidence", made.folder(tmp_path / "e"))
    assert ended.json["coverage"][0]["rate"] is None
    assert ended.json["verdicts"]["coverage"] == "not-checked"
    assert "EVIDENCE.UNTRUSTED" in ended.codes


def test_a_shortfall_of_one_base_unit_is_seen(store: Path, tmp_path: Path) -> None:
    draft = snapshot(ROWS)
    liabilities = int(draft.predicate["ledgers"][0]["totals"]["BTC"])
    seen = evidence(draft, liabilities - 1).folder(tmp_path / "e")
    ended = verify(store, draft.folder(tmp_path / "s"), "--evidence", seen)
    assert ended.status == 1
    assert {"RESERVE.SHORTFALL", "RESERVE.MISMATCH"} <= ended.codes
    assert ended.json["coverage"][0]["rate"] == "99.9999"
    assert ended.json["coverage"][0]["difference"] == "-1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"formatVersion":"1.0"', b'"formatVersion":"2.0"'),
        (b'"sequence":"1"', b'"sequence":1.5'),
        (b'"sequence":"1"', b'"sequence":NaN'),
        (b'"sequence":"1"', b'"sequence":"1","sequence":"2"'),
        (b'"exclusions":[]', b'"exclusions":[],"unknown":true'),
    ],
)
def test_a_statement_that_breaks_the_rules_is_refused(store: Path, tmp_path: Path, old: bytes, new: bytes) -> None:
    class Bent(Draft):
        def payload(self) -> bytes:
            return super().payload().replace(old, new)

    honest = snapshot(ROWS)
    ended = verify(store, Bent(honest.predicate, honest.members).folder(tmp_path / "s"))
    assert ended.status == 3
    assert ended.codes <= {"SNAPSHOT.VERSION", "SNAPSHOT.JSON", "SNAPSHOT.SCHEMA"}


def test_the_canonical_archive_is_what_the_standard_library_writes(tmp_path: Path, demo: DemoFiles) -> None:
    copy = tmp_path / "copy.porsnap"
    with zipfile.ZipFile(demo.snapshot) as ours, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as theirs:
        for name in ours.namelist():
            theirs.writestr(zipfile.ZipInfo(name), ours.read(name))
    assert copy.read_bytes() == demo.snapshot.read_bytes()


def test_a_column_without_decimals_has_those_of_its_asset(store: Path, tmp_path: Path) -> None:
    draft = snapshot(ROWS)
    del draft.predicate["ledgers"][0]["columns"][1]["decimals"]
    ended = verify(store, draft.folder(tmp_path / "s"))
    assert [total["match"] for total in ended.json["totals"]] == [True]


def test_declared_exclusions_are_named(store: Path, tmp_path: Path) -> None:
    left_out = {"name": "market makers", "reason": "under contract", "rows": "3", "totals": {"BTC": "150000000"}}
    ended = verify(store, snapshot(ROWS, exclusions=[left_out]).folder(tmp_path / "s"))
    assert ended.status == 0
    (found,) = [item for item in ended.json["findings"] if item["code"] == "EXCLUSION.DECLARED"]
    assert "market makers" in found["subject"]
    assert found["observed"] == "1.5 BTC"
