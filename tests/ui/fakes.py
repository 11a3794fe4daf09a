"""A made-up finished run with something in every table, and operations that stand in for the core's."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace

from auditor_app.amounts import Amount
from auditor_app.chain.observed import AddressLine, EvidenceSummary, Grade, ReserveAddress
from auditor_app.coverage.lines import CoverageLine, FundTotal
from auditor_app.engagement.record import Audit, AuditRequest, PerformedProcedure, SnapshotIdentity
from auditor_app.errors import AuditError
from auditor_app.findings import Finding, Verdict, Verdicts, finding, limitation
from auditor_app.merkle.result import CommitmentCheck, InclusionProof, TotalCheck
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.procedures import PROCEDURES
from auditor_app.sampling.result import SampleItem, SampleResult
from auditor_app.snapshot.authentic import NotAuthentic, Signer, TrustedTime
from ui.report_work import ReportAsked

HOSTILE = "<b>bold</b> <img src=x> & \u202eflip"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def identity(name: str = "demo.porsnap", issuer: str = "Example Exchange Ltd") -> SnapshotIdentity:
    signers = tuple(
        Signer(digest(who), "ed25519", who, issuer, (f"engagement letter, by A. Auditor, 2026-10-0{at}T09:00:00Z",))
        for at, who in enumerate(("Head of Treasury", "Chief Financial Officer"), 1)
    )
    chains = (
        ("bip122:000000000019d6689c085ae165831e93", "921000", digest("btc")),
        ("eip155:1", "23700000", "0x" + digest("eth")),
    )
    return SnapshotIdentity(
        name, "EXX-2026-11-01", 12, issuer, "2026-11-01T00:00:00Z", "2026-11-02T08:00:00Z", digest("payload"), signers, 2,
        TrustedTime("2026-11-03T10:00:00Z", "typed"), chains,
    )  # fmt: skip


def findings() -> tuple[Finding, ...]:
    return (
        finding("ROOT.NOT_TYPED", procedure="root", subject="ledger spot", message="No root from the exchange's own publication was typed in for comparison."),
        finding("SCHEME.WEAK_HASH", procedure="root", subject="ledger spot", message="The scheme's digest has 128 bits.", expected="256", observed="128"),
        finding("TOTALS.MISMATCH", procedure="totals", subject="ledger spot, asset USDC", message="The recalculated total of USDC is 12 500.00 more than the published one.", expected="98765432.100000", observed="98777932.100000"),
        finding("RESERVE.SHORTFALL", procedure="coverage", subject="asset ETH", message="Observed reserves of ETH are 12.408 less than liabilities.", expected="141233.918200000000000000", observed="141221.510200000000000000"),
        finding("FUND.CLAIM_ONLY", procedure="funds", subject="Futures Insurance Fund", message="The fund exists only as an entry in the issuer's ledger."),
        finding("RESERVE.MISMATCH", procedure="balances", subject="eip155:1:0x28C6c06298d514Db089934071355E5743bf21d60", message="The observed balance is not the claimed one.", expected="45000.5", observed="44988.092"),
    )  # fmt: skip


def coverage() -> tuple[CoverageLine, ...]:
    return (
        CoverageLine("BTC", 8, 1_234_000_000_000, 0, 1_300_000_000_000, 1_300_000_000_000),
        CoverageLine("ETH", 18, 141_233_918_200_000_000_000_000, 0, 141_250 * 10**18, 141_221_510_200_000_000_000_000),
        CoverageLine("USDT", 6, 987_654_321_000_000, 12_000_000, 1_020_000_000_000_000, 1_020_000_000_000_000),
        CoverageLine("USDC", 6, 98_777_932_100_000, 0, 101_000_000_000_000, 101_000_000_000_000),
        CoverageLine("SOL", 9, 512_000 * 10**9, 0, 520_000 * 10**9, None),
    )


def addresses(number: int = 14) -> tuple[AddressLine, ...]:
    grades = (Grade.TWO_SOURCES, Grade.ONE_SOURCE, Grade.PROVEN, Grade.OWN_NODE, Grade.CLAIMED)
    lines = []
    for at in range(number):
        asset, decimals = (("ETH", 18), ("USDT", 6), ("BTC", 8))[at % 3]
        chain = "bip122:000000000019d6689c085ae165831e93" if asset == "BTC" else "eip155:1"
        where = f"bc1q{digest(str(at))[:38]}" if asset == "BTC" else f"0x{digest(str(at))[:40]}"
        claimed = (at + 1) * 10**decimals * 3217
        grade = grades[at % 5]
        seen = None if grade is Grade.CLAIMED else claimed - (12 * 10**decimals if at == 3 else 0)
        source = "" if seen is None else "https://rpc.example"
        lines.append(
            AddressLine(ReserveAddress(f"{chain}:{where}", asset, claimed, "cold"), decimals, seen, grade, source)
        )
    return tuple(lines)


def sample(number: int = 59) -> SampleResult:
    items = tuple(
        SampleItem(at * 811, "0." + str(int(digest(f"t{at}")[:40], 16)), f"user-{at:05}", at != 7, InclusionProof("mexc", (), {}, at, f"user-{at:05},0.5,12.25,", digest("l"), (), digest("r")))
        for at in range(number)
    )  # fmt: skip
    return SampleResult(
        "spot", "mexc", digest("r")[:32], 50_000, number, "0.95", "0.05", "0", 0, "2026-11-03T09:00:00Z", digest("c"),
        "drand:quicknet:15000000", "drand:15000000:ab", digest("seed"), items, True, (),
    )  # fmt: skip


def audit(
    request: AuditRequest, *, issuer: str = "Example Exchange Ltd", found: tuple[Finding, ...] | None = None
) -> Audit:
    evidence = None
    if request.evidence is not None:
        evidence = EvidenceSummary(
            request.evidence.name,
            digest("evidence"),
            "2026-11-02T10:00:00Z",
            ("A. Auditor",),
            ("https://rpc.example",),
            True,
        )
    typed = dict(request.published_roots).get("spot")
    root = digest("root")[:32]
    return Audit(
        request=request,
        program_version="0.1.0",
        identity=identity(request.snapshot.name, issuer),
        verdicts=Verdicts(Verdict.AGREES, Verdict.EXCEPTIONS, Verdict.EXCEPTIONS),
        ledgers=(("spot", 50_000), ("margin", 1_200)),
        commitments=(
            CommitmentCheck("spot", "mexc", {"proofId": "PR-2026-11-01"}, 128, root, root, typed, 50_000, 50_000),
            CommitmentCheck("margin", "rfc6962-sha256", {}, 256, digest("m"), digest("m"), None, 1_200, 1_200),
        ),
        totals=tuple(
            TotalCheck(ledger, line.asset, line.decimals, line.liabilities, Amount((line.liabilities or 0) + extra, line.decimals))
            for ledger in ("spot", "margin")
            for line in coverage()
            for extra in (12_500_000_000 if (ledger, line.asset) == ("spot", "USDC") else 0,)
        ),
        addresses=addresses(),
        evidence=evidence,
        coverage=coverage(),
        funds=(),
        fund_totals=(
            FundTotal("Guardian Fund", "guardian", "on-chain", "100000000", "100012345.5", "100000000", "USDT", "100.0123", True),
            FundTotal("Futures Insurance Fund", "insurance", "ledger", "25000000", None, "20000000", "USDT", None, None),
        ),
        sample=None if request.sample is None else sample(),
        procedures=tuple(PerformedProcedure(key, "All rows", "No exception was found.", True) for key in PROCEDURES),
        findings=findings() if found is None else found,
        limitations=(limitation("COMPLETENESS", subject="liabilities"), limitation("AFTER_DATE", subject="engagement"), limitation("RESERVES.BORROWED", subject="reserves")),
    )  # fmt: skip


def performs(
    result: Callable[[AuditRequest], Audit] = audit,
) -> Callable[[AuditRequest, CancelToken], Operation[Audit]]:
    """A run that ends at once."""

    def perform(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
        yield Progress(1, 2, "rows", "Ledger spot: hashing leaves")
        token.check()
        return result(request)

    return perform


def never_ends(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
    """A run that goes on until it is cancelled."""
    done = 0
    while True:
        token.check()
        yield Progress(min(done, 61_999), 100_000, "rows", "Ledger spot: hashing leaves")
        done += 620
        time.sleep(0.005)


def refuses(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
    """A snapshot signed by a key that is not pinned."""
    yield Progress(0, None, "files", "Reading the signatures")
    raise NotAuthentic(
        (
            finding("SIGNATURE.UNKNOWN_KEY", procedure="signatures", subject=request.snapshot.name, message="A signature was made by a key that is not pinned."),
            finding("SIGNATURE.THRESHOLD", procedure="signatures", subject=request.snapshot.name, message="Fewer distinct pinned keys signed than the trust store asks for.", expected="2", observed="0"),
        )
    )  # fmt: skip


def unusable(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
    yield Progress(0, None, "files", "Reading")
    raise AuditError("SNAPSHOT.UNREADABLE", "the file cannot be opened (Permission denied)", action="Check the path.")


def breaks(request: AuditRequest, token: CancelToken) -> Operation[Audit]:
    yield Progress(0, None, "files", "Reading")
    raise ZeroDivisionError("a slip")


def hostile_audit(request: AuditRequest) -> Audit:
    made = audit(request, issuer=HOSTILE)
    bad = replace(made.findings[0], subject=HOSTILE, message=HOSTILE, expected=HOSTILE, observed=HOSTILE)
    return replace(
        made, findings=(bad, *made.findings), coverage=(replace(made.coverage[0], asset=HOSTILE), *made.coverage[1:])
    )


def report_bytes(made: Audit, asked: ReportAsked, token: CancelToken) -> Operation[bytes]:
    """A small real PDF of two pages."""
    import pypdfium2

    yield Progress(0, 1, "pages", "Building the report")
    import io

    document = pypdfium2.PdfDocument.new()
    for _ in range(2):
        document.new_page(595, 842)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()
