"""Makes the demo with the product's own commands: pack, sign, pin, capture, commit, draw, report.

Deterministic: Ed25519 keys from fixed seeds, a fixed clock, a published drand round. The keys are known to everybody
who reads this file and are good for nothing else.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor_app.chain.evidence import BALANCES
from auditor_app.chain.evidence_file import ProofMember, write_evidence
from auditor_app.demo import fabricated
from auditor_app.demo.accounts import ACCOUNTS, rows
from auditor_app.demo.binder import build_binder
from auditor_app.engagement.audit import perform
from auditor_app.engagement.file import open_for_reading
from auditor_app.engagement.record import Audit, AuditRequest, SampleRequest
from auditor_app.engagement.sampling_steps import DrawAsked
from auditor_app.errors import AuditError, Location
from auditor_app.fileroom.package import export
from auditor_app.files import write_atomically
from auditor_app.issuing.pack import pack
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.report.document import ReportOptions, build_report
from auditor_app.resource_files import resource
from auditor_app.sampling.commitment import commit
from auditor_app.sampling.distributions import Distribution
from auditor_app.sampling.records import write_any
from auditor_app.snapshot.authentic import AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_snapshot
from auditor_app.snapshot.members import read_addresses, read_balances
from auditor_app.snapshot.signing import SigningKey
from auditor_app.snapshot.statement import EvidenceBlock
from auditor_app.snapshot.trust import EMPTY, Provenance, TrustStore, add_key, save_store
from auditor_app.typed import typed_json

ISSUER = "Example Exchange Ltd"
SIGNERS = ("Head of Treasury", "Chief Financial Officer")
AUDITOR = "A. Auditor"
OPERATOR = "Node operator of the exchange"
"""Who signs the supplied evidence; nobody pinned that key."""
TRUSTED_TIME = "2023-09-18T09:00:00Z"
REPORT_DATE = "2023-09-20"
_PINNED_AT = "2023-09-01T09:00:00Z"
_CAPTURED_AT = "2023-09-15T08:30:00Z"
_COMMITTED_AT = "2023-09-15T10:00:00Z"
_SOURCE = "drand:quicknet:657413"
CHALLENGE = "Challenge 7d1f4c0be29a"
"""What the auditor asked to be signed with the reserve addresses' keys."""
_RANDOMNESS = (
    "drand:657413:b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
)
"""A published beacon of the drand quicknet, of 15 September 2023, 11:00 UTC: after the commitment."""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """What the demo leaves in its folder."""

    snapshot: Path
    trust_store: Path
    evidence: Path
    sample: Path
    report: Path
    engagement: Path
    """A file that somebody has worked in."""
    engagement_report: Path
    """The draft that was built from it."""
    package: Path
    supplied: Path
    """Evidence that the exchange handed over itself: a made-up header and state, signed with a key that nobody pinned."""

    @staticmethod
    def of(folder: Path) -> DemoFiles:
        """The file names in ``folder``."""
        return DemoFiles(
            folder / "demo.porsnap",
            folder / "trust.json",
            folder / "demo.porevidence",
            folder / "sample.json",
            folder / "report.pdf",
            folder / "demo.engagement",
            folder / "engagement-report.pdf",
            folder / "demo-package.zip",
            folder / "supplied.porevidence",
        )

    def request(self) -> AuditRequest:
        """The run that the demo's report is about."""
        return AuditRequest(
            snapshot=self.snapshot,
            trust_store=self.trust_store,
            evidence=self.evidence,
            trusted_time=TRUSTED_TIME,
            sample=SampleRequest(self.sample, _RANDOMNESS),
            challenge=CHALLENGE,
        )


def demo_key(name: str) -> SigningKey:
    """The demo's key of that name; its seed is public."""
    seed = sha256(b"reserve-auditor demo key: " + name.encode("utf-8")).digest()
    return SigningKey.of(Ed25519PrivateKey.from_private_bytes(seed))


def build_demo(folder: Path, token: CancelToken) -> Operation[Audit]:
    """Make every file of the demo in ``folder`` anew, perform the run and write its report; return the record."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AuditError(
            "OUTPUT.WRITE",
            f"the folder cannot be made ({error.strerror})",
            at=Location(str(folder)),
            action="Choose one that may be written.",
        ) from None
    files = DemoFiles.of(folder)
    yield from _issue(files, token)
    store = _pin(files)
    _capture_and_commit(files, store, token)
    audit = yield from perform(files.request(), token)
    report = yield from build_report(audit, ReportOptions(date=REPORT_DATE), token)
    write_atomically(files.report, report.pdf)
    sampled = DrawAsked(files.sample, files.snapshot, files.trust_store, _RANDOMNESS, trusted_time=TRUSTED_TIME)
    yield from build_binder(files.engagement, audit, sampled, token, report=files.engagement_report, date=REPORT_DATE)
    with open_for_reading(files.engagement) as book:
        export(book, files.package)
    return audit


def _issue(files: DemoFiles, token: CancelToken) -> Operation[None]:
    """The exchange's side: generate the liabilities, pack, sign with two keys."""
    with tempfile.TemporaryDirectory(prefix="reserve-auditor-demo-") as scratch:
        workshop = Path(scratch)
        for name in ("snapshot.toml", "reserve-addresses.csv", "ownership.csv", "funds.csv"):
            shutil.copyfile(resource("demo", name), workshop / name)
        with (workshop / "liabilities.csv").open("wb") as ledger:
            for number, row in enumerate(rows()):
                if number % 5_000 == 0:
                    token.check()
                    yield Progress(number, ACCOUNTS, "rows", "Demo: writing liabilities")
                ledger.write(row)
        yield from pack(workshop / "snapshot.toml", files.snapshot, [demo_key(name) for name in SIGNERS], token)


def _pin(files: DemoFiles) -> TrustStore:
    """The auditor's side, once: two issuer keys and the auditor's own."""
    store = EMPTY
    for name in SIGNERS:
        store = _pinned(store, name, "issuer", ISSUER)
    store = _pinned(store, AUDITOR, "auditor", "Example Audit LLP")
    save_store(files.trust_store, store)
    return store


def _pinned(store: TrustStore, name: str, role: Literal["issuer", "auditor"], issuer: str) -> TrustStore:
    key = demo_key(name)
    return add_key(
        store,
        pem=key.public_pem(),
        typed_fingerprint=key.keyid,
        role=role,
        issuer=issuer,
        signer=name,
        provenance=Provenance(channel="engagement letter", by=AUDITOR, at=_PINNED_AT),
    )


def _capture_and_commit(files: DemoFiles, store: TrustStore, token: CancelToken) -> None:
    """The evidence as it was captured, what the exchange hands over beside it, and the sample committed to in time."""
    snapshot = authenticate_snapshot(files.snapshot, store, token=token, trusted_time=TRUSTED_TIME)
    try:
        _sign_captured(files.evidence, snapshot)
        _supply(files.supplied, snapshot, token)
        record = commit(
            snapshot,
            ledger=None,
            distribution=Distribution.HYPERGEOMETRIC,
            confidence="95%",
            tolerable="5%",
            expected="0",
            source=_SOURCE,
            committed_at=_COMMITTED_AT,
        )
    finally:
        snapshot.members.close()
    files.sample.unlink(missing_ok=True)
    write_any(record, files.sample)


def _sign_captured(path: Path, snapshot: AuthenticSnapshot) -> None:
    """The members of one capture, kept as data, in a statement about this snapshot signed by the demo's auditor."""
    kept = resource("demo", "evidence")
    told = typed_json((kept / "capture.json").read_bytes(), _Capture)
    balances = read_balances((kept / BALANCES).read_bytes(), BALANCES)
    proofs = [
        ProofMember(name, media_type, kept.joinpath(*name.split("/")).read_bytes())
        for name, media_type in told.members.items()
        if name != BALANCES
    ]
    write_evidence(
        path,
        snapshot,
        balances,
        [demo_key(AUDITOR)],
        captured_at=_CAPTURED_AT,
        blocks=told.blocks,
        endpoints=told.endpoints,
        proofs=proofs,
    )


def _supply(path: Path, snapshot: AuthenticSnapshot, token: CancelToken) -> None:
    """The exchange's own evidence for the chain that the auditor did not capture."""
    reserves = snapshot.statement.predicate.reserves
    member = "" if reserves is None else reserves.addresses
    rows = read_addresses(snapshot.members.read(member, token), member)
    claims = {row.account: row.claimed for row in rows if row.account.startswith(fabricated.CHAIN + ":")}
    block, balances, proof = fabricated.fabricated_evidence(claims)
    write_evidence(
        path,
        snapshot,
        balances,
        [demo_key(OPERATOR)],
        captured_at=_CAPTURED_AT,
        blocks={fabricated.CHAIN: block},
        endpoints=[f"https://{fabricated.HOST}"],
        proofs=[proof],
    )


class _Capture(msgspec.Struct, frozen=True, rename="camel"):
    """What ``capture.json`` tells of the kept capture beside its members."""

    blocks: dict[str, EvidenceBlock]
    endpoints: list[str]
    members: dict[str, str]
