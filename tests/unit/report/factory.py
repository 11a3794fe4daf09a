"""Made-up finished runs for the report's tests: small, large, without evidence, and hostile."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.chain.observed import AddressLine, EvidenceSummary, Grade, ReserveAddress
from auditor_app.chain.ownership.model import Binds, Freshness, Outcome, OwnershipLine, OwnershipResult, OwnershipRow
from auditor_app.coverage.lines import CoverageLine, FundLine, FundTotal
from auditor_app.engagement.record import (
    Audit,
    AuditRequest,
    InputFile,
    PerformedProcedure,
    SampleRequest,
    SnapshotIdentity,
)
from auditor_app.findings import Area, finding, limitation, verdicts
from auditor_app.merkle.result import CommitmentCheck, TotalCheck
from auditor_app.sampling.result import SampleItem, SampleResult
from auditor_app.snapshot.authentic import Signer, TrustedTime


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_ASSETS = {
    "BTC": (8, 812_345_678_901, 0, 812_345_678_901, 812_345_678_901),
    "ETH": (
        18,
        41_250_123456789012345678,
        12_000_000000000000000,
        43_000_000000000000000000,
        43_000_000000000000000000,
    ),
    "USDT": (6, 1_203_444_555_666_777, 0, 1_203_000_000_000_000, 1_203_000_000_000_000),
    "USDC": (6, 300_000_000_000_000, 5_000_000, 320_000_000_000_000, 319_999_999_000_000),
}

OUTCOMES = {
    "container": ("1 container of 5 members", "The container and envelope were the canonical form, byte for byte."),
    "signatures": ("2 signatures, 2 pinned keys", "2 of 2 signatures agreed with pinned keys; 2 signers, 2 asked for."),
    "freshness": ("nonce, sequence and dates", "The nonce was the one issued; the sequence follows the one held."),
    "members": ("5 members", "Every member's SHA-256 digest and size agreed with the signed statement."),
    "timestamp": ("", "No time stamp token was supplied."),
    "ledger": ("50,000 rows of 1 ledger", "50,000 rows were inspected and counted; 1 negative balance was observed."),
    "totals": ("4 assets", "All 4 recalculated totals agreed with the published ones."),
    "root": ("1 commitment", "The recalculated root agreed with the snapshot's and with the typed one."),
    "addresses": ("6 addresses", "6 addresses were inspected; the sums agreed with the claimed totals."),
    "ownership": ("", "No proof of control was supplied."),
    "balances": ("6 addresses", "5 of 6 observed balances agreed with the claimed ones."),
    "coverage": ("4 assets", "For 3 of 4 assets observed reserves were not below gross liabilities."),
    "funds": ("2 funds", "1 of 2 funds met its target."),
    "sample": ("59 leaves", "59 leaves were drawn; every one was traced to the published root."),
}


def _procedures() -> tuple[PerformedProcedure, ...]:
    return tuple(
        PerformedProcedure(key, extent, outcome, performed=bool(extent)) for key, (extent, outcome) in OUTCOMES.items()
    )


def coverage_lines() -> tuple[CoverageLine, ...]:
    return tuple(CoverageLine(name, *values) for name, values in _ASSETS.items())


def identity(issuer: str = "Example Exchange Ltd") -> SnapshotIdentity:
    return SnapshotIdentity(
        file_name="demo.porsnap",
        snapshot_id="demo-2026-11",
        sequence=12,
        issuer=issuer,
        as_of="2026-11-01T00:00:00Z",
        created_at="2026-11-02T09:30:00Z",
        payload_sha256=digest("payload"),
        signers=(
            Signer(digest("k1"), "Ed25519", "Chief Financial Officer", issuer, ("video call, 2026-10-01, A. Auditor",)),
            Signer(digest("k2"), "Ed25519", "Head of Custody", issuer, ("company register, 2026-10-02, A. Auditor",)),
        ),
        threshold=2,
        trusted_time=TrustedTime("2026-11-03T00:00:00Z", "typed"),
        chains=(
            ("eip155:1", "21093000", "0x" + digest("block")),
            ("bip122:000000000019d6689c085ae165831e93", "868000", ""),
        ),
    )


def evidence() -> EvidenceSummary:
    return EvidenceSummary(
        "demo.porevidence", digest("evidence"), "2026-11-03T10:00:00Z", ("A. Auditor",), ("https://node.example",), True
    )


def addresses() -> tuple[AddressLine, ...]:
    def line(account: str, asset: str, claimed: int, observed: int | None) -> AddressLine:
        decimals = _ASSETS[asset][0]
        return AddressLine(
            ReserveAddress(account, asset, claimed, "hot"), decimals, observed, Grade.ONE_SOURCE, "node.example"
        )

    def evm(name: str) -> str:
        return f"eip155:1:0x{digest(name)[:40]}"

    bitcoin = "bip122:000000000019d6689c085ae165831e93:bc1q" + digest("b")[:38]
    return (
        line(evm("a"), "ETH", 43_000_000000000000000000, 43_000_000000000000000000),
        line(evm("c"), "USDT", 1_203_000_000_000_000, 1_203_000_000_000_000),
        line(evm("d"), "USDC", 320_000_000_000_000, 319_999_999_000_000),
        line(bitcoin, "BTC", 812_345_678_901, 812_345_678_901),
    )


def sample(size: int = 59) -> SampleResult:
    items = tuple(
        SampleItem(int(digest(f"i{n}")[:6], 16) % 50_000, digest(f"t{n}"), digest(f"id{n}"), True, None)
        for n in range(size)
    )
    return SampleResult(
        ledger="spot",
        scheme="mexc",
        root=digest("root")[:32],
        population=50_000,
        size=size,
        confidence="0.95",
        tolerable="0.05",
        expected="0",
        allowed_deviations=0,
        committed_at="2026-11-03T11:00:00Z",
        commitment=digest("commitment"),
        source="drand:quicknet:13370000",
        randomness="drand:13370000:" + digest("s1") + digest("s2")[:32],
        seed=digest("seed"),
        items=items,
        dummy_rejected=True,
        findings=(),
    )


_FINDINGS = (
    finding(
        "LEAF.NEGATIVE",
        procedure="ledger",
        subject="ledger spot, row 40,112, asset USDC",
        message="The balance is negative where the column does not allow it.",
        expected="0 or more",
        observed="-5.000000",
    ),
    finding(
        "RESERVE.MISMATCH",
        procedure="balances",
        subject="USDC, eip155:1",
        message="The observed balance is not the claimed one.",
        expected="320000000.000000",
        observed="319999999.000000",
    ),
    finding(
        "RESERVE.SHORTFALL",
        procedure="coverage",
        subject="USDT",
        message="Observed reserves are less than gross liabilities.",
        expected="1203444555.666777",
        observed="1203000000.000000",
    ),
    finding("SCHEME.WEAK_HASH", procedure="root", subject="ledger spot", message="The digest has 128 bits."),
    finding("ROOT.NOT_TYPED", procedure="root", subject="ledger futures", message="No root was typed in."),
)


def audit(issuer: str = "Example Exchange Ltd") -> Audit:
    """A small run with four assets, one shortfall and three exceptions."""
    root = digest("root")[:32]
    performed = frozenset({Area.AUTHENTIC, Area.DATA, Area.COVERAGE})
    account = f"eip155:1:0x{digest('fund')[:40]}"
    return Audit(
        request=AuditRequest(
            snapshot=Path("/somewhere/else/demo.porsnap"),
            trust_store=Path("/somewhere/else/trust.json"),
            evidence=Path("/somewhere/else/demo.porevidence"),
            published_roots=(("spot", root),),
            trusted_time="2026-11-03T00:00:00Z",
            sample=SampleRequest(Path("/somewhere/else/sample.json"), "drand:13370000:" + digest("s1")),
        ),
        program_version="0.1.0",
        identity=identity(issuer),
        verdicts=verdicts(_FINDINGS, performed),
        ledgers=(("spot", 50_000),),
        commitments=(
            CommitmentCheck("spot", "mexc", {"proofId": "PR-2026-11-01"}, 128, root, root, root, 50_000, 50_000),
        ),
        totals=tuple(
            TotalCheck("spot", name, decimals, liabilities - debts, Amount(liabilities - debts, decimals))
            for name, (decimals, liabilities, debts, _, _) in _ASSETS.items()
        ),
        addresses=addresses(),
        evidence=evidence(),
        coverage=coverage_lines(),
        funds=(
            FundLine(
                "Guardian Fund",
                "guardian",
                "on-chain",
                account,
                "USDT",
                6,
                100_000_000_000_000,
                100_000_000_000_000,
                "100000000",
                "USDT",
                "one-source",
            ),
            FundLine(
                "Futures Insurance Fund",
                "insurance",
                "ledger",
                "insurance-1",
                "USDT",
                6,
                55_000_000_000_000,
                None,
                "60000000",
                "USDT",
                "claimed",
            ),
        ),
        fund_totals=(
            FundTotal(
                "Guardian Fund", "guardian", "on-chain", "100000000", "100000000", "100000000", "USDT", "100.0000", True
            ),
            FundTotal(
                "Futures Insurance Fund", "insurance", "ledger", "55000000", None, "60000000", "USDT", None, False
            ),
        ),
        sample=sample(),
        procedures=_procedures(),
        findings=_FINDINGS,
        limitations=(
            limitation("COMPLETENESS", subject="ledger spot"),
            limitation("SCHEME.TRUNCATED", subject="ledger spot, scheme mexc"),
            limitation("RESERVES.OWNERSHIP", subject="reserve addresses"),
            limitation("AFTER_DATE", subject="snapshot"),
        ),
        inputs=(
            InputFile("snapshot", "demo.porsnap", 3_182_004, digest("file")),
            InputFile("trust store", "trust.json", 1_204, digest("trust")),
            InputFile("evidence", "demo.porevidence", 4_410, digest("ev")),
            InputFile("sample record", "sample.json", 820, digest("sr")),
        ),
    )


def without_evidence() -> Audit:
    """The same snapshot when nobody captured anything and no sample was drawn."""
    whole = audit()
    findings = (
        *(item for item in whole.findings if item.area is not Area.COVERAGE),
        finding("EVIDENCE.ABSENT", procedure="balances", subject="reserves", message="No evidence file was given."),
    )
    return replace(
        whole,
        request=AuditRequest(Path("demo.porsnap"), Path("trust.json")),
        verdicts=verdicts(findings, frozenset({Area.AUTHENTIC, Area.DATA})),
        addresses=tuple(replace(line, observed=None, grade=Grade.CLAIMED, source="") for line in whole.addresses),
        evidence=None,
        coverage=tuple(replace(line, observed=None) for line in whole.coverage),
        funds=tuple(replace(line, observed=None, grade="claimed") for line in whole.funds),
        fund_totals=tuple(replace(line, observed=None, rate=None, met=None) for line in whole.fund_totals),
        sample=None,
        findings=findings,
        inputs=whole.inputs[:2],
    )


def large(assets: int = 50, count: int = 500, sampled: int = 300) -> Audit:
    """Many assets, addresses and sampled leaves, long names, amounts of up to 30 digits."""
    whole = audit("Äußerst Lange Δοκιμή Биржа Holdings International (Cayman) Limited, trading as Example " * 3)
    lines = tuple(
        CoverageLine(
            f"TOKEN{n:02d}" if n % 7 else f"LONGTOKENNAME-{n:02d}.wrapped",
            (6, 8, 18)[n % 3],
            (n + 1) * 123_456_789_012_345_678_901,
            1_000_000 * (n % 4 == 0),
            (n + 1) * 125_000_000_000_000_000_000,
            (n + 1) * 123_456_789_012_345_678_901 * (980 + n) // 1000 if n % 11 else None,
        )
        for n in range(assets)
    )
    rows = tuple(
        AddressLine(
            ReserveAddress(
                f"eip155:{(1, 56, 137)[n % 3]}:0x{digest(f'x{n}')[:40]}",
                lines[n % assets].asset,
                n * 10**16 + n,
                "cold",
            ),
            lines[n % assets].decimals,
            None if n % 13 == 0 else n * 10**16 + n - (n % 29 == 0),
            (Grade.TWO_SOURCES, Grade.ONE_SOURCE)[n % 2],
            "node-a.example, node-b.example",
        )
        for n in range(count)
    )
    shortfalls = tuple(
        finding(
            "RESERVE.SHORTFALL",
            procedure="coverage",
            subject=line.asset,
            message="Observed reserves are less than gross liabilities.",
            expected=str(line.liabilities),
            observed=str(line.observed),
        )
        for line in lines
        if (line.difference or 0) < 0
    )
    return replace(whole, coverage=lines, addresses=rows, sample=sample(sampled), findings=whole.findings + shortfalls)


def controlled(whole: Audit) -> Audit:
    """With a proof of control for nine of ten addresses: most valid, some stale, some invalid with a remark."""
    kinds = (Outcome.VALID, Outcome.VALID, Outcome.VALID, Outcome.INVALID, Outcome.UNSIGNED)
    lines = tuple(
        OwnershipLine(
            OwnershipRow(item.address.asset, item.address.account, item.address.account.rpartition(":")[2], None, "Example Exchange controls this address, 2026-11-01", (f"0x{digest(str(at))}",)),
            "evm", item.address.account, "eip191", "EIP-191", kinds[at % 5], Binds.ADDRESS,
            Freshness.FRESH if at % 2 else Freshness.REPLAYABLE, "", typo_risk=False,
            note="" if kinds[at % 5] is Outcome.VALID else "no scheme of the chain leads from the signature to the address",
        )
        for at, item in enumerate(whole.addresses)
        if at % 10
    )  # fmt: skip
    return replace(whole, ownership=OwnershipResult(lines, (), None, None, (), ()))


def many(count: int) -> Audit:
    """So many findings of one kind, and the others of the small run."""
    whole = audit()
    found = tuple(
        finding(
            "LEAF.NEGATIVE",
            procedure="ledger",
            subject=f"ledger spot, leaf {number}, customer-{number:07}@example.com",
            message=f"The balance in row {number + 2} is negative.",
            expected="0 or more",
            observed=f"-{number}.50 USDT",
        )
        for number in range(count)
    )
    return replace(whole, findings=(*whole.findings, *found))


MARKUP = '#set text(red) *bold* _it_ $x^2$ @ref <label> `raw` #sys.inputs // note /* c */ ~ -- "q" \\u{41} [x] {y}'
FORMULA = "=cmd|'/C calc'!A0"
BIDI = "safe\u202egnp.exe\u2066\u0000\ufeff\u200b 交易所 a\u0301\u0301\u0301"
LONG = "W" * 5000


def hostile() -> Audit:
    """Every free text of a run filled with what a template, a spreadsheet or a line breaker could trip over."""
    whole = audit(MARKUP)
    bad = tuple(
        finding("LEAF.DUPLICATE", procedure="ledger", subject=text, message=text, expected=text, observed=text)
        for text in (MARKUP, FORMULA, BIDI, LONG)
    )
    first = whole.addresses[0]
    long_address = replace(first, address=replace(first.address, account=f"eip155:1:{LONG[:500]}", role=FORMULA))
    signer = replace(whole.identity.signers[0], signer=BIDI, provenance=(LONG, MARKUP))
    sampled = sample(3)
    assert whole.evidence is not None
    return replace(
        whole,
        identity=replace(whole.identity, file_name=f"{FORMULA}.porsnap", signers=(signer,), snapshot_id="x" * 128),
        ledgers=((LONG[:64], 10**60),),
        addresses=(long_address, replace(first, source=LONG), *whole.addresses),
        evidence=replace(whole.evidence, endpoints=(LONG, MARKUP)),
        coverage=(
            *whole.coverage,
            CoverageLine("W" * 64, 60, 10**60 + 7, 10**59 + 1, -(10**60), 10**60 - 1),
            CoverageLine("NONE", 0, None, 0, 0, None),
            CoverageLine("ZERO", 2, 0, 0, 0, 5),
            CoverageLine("FAR", 2, 1, 0, 0, 10**9),
        ),
        funds=(replace(whole.funds[0], name=LONG, account=LONG[:400]), *whole.funds),
        fund_totals=(replace(whole.fund_totals[0], name=MARKUP, unit=FORMULA), *whole.fund_totals),
        sample=replace(
            sampled,
            source=MARKUP,
            randomness=LONG[:2000],
            items=tuple(
                replace(item, key=text, included=False)
                for item, text in zip(sampled.items, (LONG[:64], FORMULA, MARKUP), strict=True)
            ),
        ),
        procedures=tuple(
            replace(item, outcome=f"{item.outcome} {LONG[:300]}", extent=MARKUP) for item in whole.procedures
        ),
        findings=(*whole.findings, *bad),
        limitations=(*whole.limitations, limitation("COMPLETENESS", subject=LONG[:200], message=MARKUP)),
    )
