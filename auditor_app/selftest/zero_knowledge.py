"""Attacks known from zero-knowledge proofs of liabilities, where they show in values that are published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from auditor_app.merkle.ranges import FIELD_BITS, range_findings, read_batches
from auditor_app.selftest.case import Seen, Version
from auditor_app.selftest.exchange import BTC, CHAINS, Exchange, audited, hand_over, token
from auditor_app.selftest.fixtures import Fixture

_FIELDS = ("TotalEquity", "TotalDebt", "BasePrice")


def packing_overflow(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A price of more than 64 bits makes a debt vanish from the packed value."""
    honest = {name: int(fixture.inputs[name]) for name in _FIELDS}
    forged = honest | {name: int(value) for name, value in fixture.inputs["alt"].items()}
    path = folder / "batches.json"
    published = forged if version is Version.ATTACK else honest
    path.write_text(json.dumps([{name: str(value) for name, value in published.items()}]), encoding="ascii")
    findings, limitations = range_findings(read_batches(path), subject=path.name)
    return Seen.of(findings, limitations, {"pack_equal": _packed(honest) == _packed(forged)})


def worthless_equity(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A made-up customer holds a worthless asset and owes a real one."""
    ((worthless, equity),) = fixture.inputs["row"]["equity"].items()
    ((real, debt),) = fixture.inputs["row"]["debt"].items()
    owed = f"-{debt}" if version is Version.ATTACK else "0"
    exchange = Exchange(
        rows=(f"dummy,{equity},{owed}", f"u1,0,{int(debt) * 2}"),
        columns=f"id:token,{worthless}:base-units/8-,{real}:base-units/8-",
        assets=(token(worthless), BTC),
        chains=CHAINS,
    )
    return Seen.in_audit(audited(hand_over(exchange, folder).request))


def _packed(values: Mapping[str, int]) -> int:
    """The three numbers side by side in one, as the circuit packs them."""
    packed = 0
    for name in _FIELDS:
        packed = (packed << FIELD_BITS) + values[name]
    return packed
