"""Three months of one exchange, each a signed snapshot that was run inside one engagement."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.end2end.conftest import command
from tests.end2end.spec_issuer import AUDITOR, BTC_ADDRESS, BTC_CHAIN, FINANCE, TREASURY, Draft, evidence, snapshot

BY = ("--by", "P. Reparer")
SECOND = f"{BTC_CHAIN}:bc1qgc4xn6skz3kxu0v5m7pj6h8w8g4whx968sghmh"
JUDGED = ("--trusted-time", "2026-11-05T00:00:00Z")


def month(number: int, previous: Draft | None) -> Draft:
    """A snapshot of September, October or November; October's reserves lie on two addresses."""
    rows = [b"alice,1.5", b"bob,0.25", b"carol,", b"dave,0.00000001", b"007,%d" % number]
    draft = snapshot(
        rows,
        snapshotId=f"spec-{number}",
        sequence=str(number),
        asOf=f"2026-{8 + number:02}-01T00:00:00Z",
        createdAt=f"2026-{8 + number:02}-02T08:00:00Z",
        previousPayloadSha256=None if previous is None else hashlib.sha256(previous.payload()).hexdigest(),
    )
    if number == 2:
        claimed = int(draft.predicate["reserves"]["claimedTotals"]["BTC"])
        table = f"account,asset,claimed,role\n{BTC_ADDRESS},BTC,{claimed - 1000},cold\n{SECOND},BTC,1000,hot\n"
        draft.members["reserves/addresses.csv"] = ("addresses", table.encode(), 2)
    if previous is None:
        del draft.predicate["previousPayloadSha256"]
    return draft


def make_months(folder: Path) -> tuple[Path, Path]:
    """Snapshots and evidence of September, October and November, and the trust store and engagement with their runs."""
    store, book = folder / "trust.json", folder / "book.engagement"
    for key, role, signer in (
        (TREASURY, "issuer", "Head of Treasury"), (FINANCE, "issuer", "CFO"), (AUDITOR, "auditor", "A. Auditor"),
    ):  # fmt: skip
        pem = folder / f"{signer}.pem"
        pem.write_bytes(key.pem)
        added = command(
            "trust", "add", "--store", store, "--pem", pem, "--fingerprint", key.keyid, "--role", role,
            "--issuer", "Example Exchange Ltd" if role == "issuer" else "Audit LLP", "--signer", signer,
            "--channel", "engagement letter", "--by", "A. Auditor",
        )  # fmt: skip
        assert added.status == 0, added.err
    assert command("engagement", "new", book, "--client", "Example", "--standard", "isrs-4400", *BY).status == 0
    drafts: list[Draft] = []
    for number in (1, 2, 3):
        draft = month(number, drafts[-1] if drafts else None)
        drafts.append(draft)
        draft.archive(folder / f"m{number}.porsnap")
        amount = int(draft.predicate["reserves"]["claimedTotals"]["BTC"]) - (1000 if number == 2 else 0)
        captured = f"2026-{8 + number:02}-02T12:00:00Z"
        evidence(draft, amount, capturedAt=captured).archive(folder / f"m{number}.porevidence")
        assert command("verify", *asked(folder, number), "--engagement", book, *BY).status in (0, 1)
    return store, book


def asked(folder: Path, number: int) -> tuple[object, ...]:
    """A month's run."""
    seen = folder / f"m{number}.porevidence"
    return (folder / f"m{number}.porsnap", "--trust", folder / "trust.json", "--evidence", seen, *JUDGED)
