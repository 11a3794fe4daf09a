"""Statements that fit the schema and contradict themselves: each rule has a statement that only it refuses."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from auditor_app.errors import SnapshotError
from auditor_app.snapshot import layout
from auditor_app.snapshot.consistency import PART_ROWS, parse_statement
from auditor_app.snapshot.statement import EVIDENCE_PREDICATE, EvidenceStatement, SnapshotStatement
from auditor_app.snapshot.writing import build_statement, encode_statement, measure
from tests.unit.snapshot import samples

Document = dict[str, Any]


def document() -> Document:
    members = samples.members()
    statement = build_statement(samples.predicate(), members, [measure(item.name, item.content) for item in members])
    parsed: Document = msgspec.json.decode(encode_statement(statement))
    return parsed


def refusal(changed: Document) -> SnapshotError:
    with pytest.raises(SnapshotError) as caught:
        parse_statement(msgspec.json.encode(changed), SnapshotStatement)
    assert caught.value.exit_status == 3
    return caught.value


def test_the_example_is_consistent() -> None:
    assert parse_statement(msgspec.json.encode(document()), SnapshotStatement).predicate.snapshot_id == "example-12"


def test_a_higher_minor_version_is_known() -> None:
    changed = document()
    changed["predicate"]["formatVersion"] = "1.7"
    parse_statement(msgspec.json.encode(changed), SnapshotStatement)


def spoil(change: Callable[[Document, Document], object]) -> Document:
    changed = copy.deepcopy(document())
    change(changed, changed["predicate"])
    return changed


def ledger(predicate: Document) -> Document:
    first: Document = predicate["ledgers"][0]
    return first


def part(statement: Document, name: str, rows: int) -> None:
    """One more ledger part."""
    statement["subject"].append(copy.deepcopy(statement["subject"][0]) | {"name": name})
    statement["subject"][-1]["annotations"]["rows"] = str(rows)
    ledger(statement["predicate"])["members"].append(name)


RULES: dict[str, tuple[Callable[[Document, Document], object], str]] = {
    "unknown field": (lambda s, p: p.update(extra=1), "unknown field"),
    "unknown nested field": (lambda s, p: p["issuer"].update(country="x"), "unknown field"),
    "missing field": (lambda s, p: p.pop("sequence"), "sequence"),
    "quantity as number": (lambda s, p: p.update(sequence=12), "Expected"),
    "quantity with a leading zero": (lambda s, p: p.update(sequence="012"), "regex"),
    "quantity in other digits": (lambda s, p: p.update(sequence="１２"), "regex"),
    "quantity with a line feed": (lambda s, p: p.update(sequence="12\n"), "regex"),
    "total with a dot": (lambda s, p: ledger(p)["totals"].update(BTC="1.0"), "regex"),
    "total of minus zero": (lambda s, p: ledger(p)["totals"].update(BTC="-0"), "regex"),
    "decimals as text": (lambda s, p: p["assets"][0].update(decimals="8"), "Expected"),
    "decimals as truth": (lambda s, p: p["assets"][0].update(decimals=True), "Expected"),
    "decimals beyond": (lambda s, p: p["assets"][0].update(decimals=61), "Expected"),
    "statement type": (lambda s, p: s.update(_type="x"), "Invalid"),
    "predicate type": (lambda s, p: s.update(predicateType=EVIDENCE_PREDICATE), "another kind of file"),
    "unknown role": (lambda s, p: s["subject"][0]["annotations"].update(role="x"), "Invalid"),
    "digest in capitals": (lambda s, p: s["subject"][0]["digest"].update(sha256="AB" * 32), "regex"),
    "date that does not exist": (lambda s, p: p.update(asOf="2026-02-30T00:00:00Z"), "date does not exist"),
    "hour that does not exist": (
        lambda s, p: ledger(p)["commitments"][0].update(publishedAt="2026-02-01T25:00:00Z"),
        "date does not exist",
    ),
    "date with an offset": (lambda s, p: p.update(asOf="2026-02-01T00:00:00+00:00"), "regex"),
    "member listed twice": (lambda s, p: s["subject"].append(s["subject"][0]), "occurs twice"),
    "member named as the envelope": (lambda s, p: s["subject"][2].update(name=layout.ENVELOPE), "occurs twice"),
    "member named as the time stamp": (lambda s, p: s["subject"][2].update(name=layout.TIMESTAMP), "occurs twice"),
    "unsafe member": (lambda s, p: s["subject"][2].update(name="../funds.csv"), "not allowed"),
    "member over the limit": (lambda s, p: s["subject"][0]["annotations"].update(size=str(2**28 + 1)), "bytes"),
    "table without rows": (lambda s, p: s["subject"][1]["annotations"].pop("rows"), "state its rows"),
    "symbol twice": (lambda s, p: p["assets"].append(p["assets"][0] | {"onChain": []}), "occurs twice"),
    "on-chain id twice": (
        lambda s, p: p["assets"].append(p["assets"][0] | {"symbol": "XBT"}),
        "the on-chain asset",
    ),
    "on-chain id malformed": (lambda s, p: p["assets"][0].update(onChain=["https://example.com"]), "CAIP-19"),
    "backs nothing": (lambda s, p: p["assets"][0].update(backs="ETH"), "backs"),
    "backs itself": (lambda s, p: p["assets"][0].update(backs="BTC"), "backs"),
    "ledger name twice": (lambda s, p: p["ledgers"].append(ledger(p)), "ledger name"),
    "column twice": (lambda s, p: ledger(p)["columns"].append(ledger(p)["columns"][1]), "occurs twice"),
    "key is an amount": (lambda s, p: ledger(p)["columns"].pop(0), "first column"),
    "key is optional": (lambda s, p: ledger(p)["columns"][0].update(optional=True), "first column"),
    "key with a sign": (lambda s, p: ledger(p)["columns"][0].update(signed=True), "no sign"),
    "base units without decimals": (
        lambda s, p: ledger(p)["columns"].__setitem__(1, {"name": "BTC", "type": "base-units"}),
        "how many decimals",
    ),
    "column of an unknown asset": (
        lambda s, p: ledger(p)["columns"].append({"name": "ETH", "type": "decimal"}),
        "no asset",
    ),
    "column with other decimals": (lambda s, p: ledger(p)["columns"][1].update(decimals=6), "the asset 8"),
    "no amount column": (
        lambda s, p: ledger(p).update(columns=[{"name": "a", "type": "token"}, {"name": "b", "type": "token"}]),
        "no amount column",
    ),
    "total without a column": (lambda s, p: ledger(p)["totals"].update(accountId="1"), "names no amount column"),
    "too many columns": (
        lambda s, p: ledger(p)["columns"].extend({"name": f"c{n}", "type": "token"} for n in range(62)),
        "length",
    ),
    "ledger part not listed": (lambda s, p: ledger(p).update(members=["ledger/other.csv"]), "not listed"),
    "ledger part of another role": (lambda s, p: ledger(p).update(members=["funds.csv"]), "has the role funds"),
    "addresses of another role": (lambda s, p: p["reserves"].update(addresses="funds.csv"), "role"),
    "ownership not listed": (lambda s, p: p["reserves"].update(ownership="own.csv"), "not listed"),
    "funds of another role": (lambda s, p: p["funds"].update(member="reserves/addresses.csv"), "role"),
    "member without use": (lambda s, p: p.pop("funds"), "nothing refers"),
    "member used twice": (
        lambda s, p: (
            ledger(p)["members"].append("ledger/spot-00000.csv")
            or s["subject"][0]["annotations"].update(rows=str(PART_ROWS))
        ),
        "occurs twice",
    ),
    "part with too many rows": (
        lambda s, p: s["subject"][0]["annotations"].update(rows=str(PART_ROWS + 1)),
        "every part but the last",
    ),
    "short part before the last": (lambda s, p: part(s, "ledger/spot-00001.csv", 1), "every part but the last"),
    "claimed total of an unknown asset": (
        lambda s, p: p["reserves"]["claimedTotals"].update(ETH="1"),
        "no asset",
    ),
    "exclusion of an unknown asset": (
        lambda s, p: p.update(exclusions=[{"name": "x", "reason": "y", "rows": "1", "totals": {"ETH": "1"}}]),
        "no asset",
    ),
    "price of an unknown asset": (
        lambda s, p: p.update(
            prices=[{"symbol": "ETH", "quote": "USD", "price": "1", "source": "x", "asOf": "2026-11-01T00:00:00Z"}]
        ),
        "no asset",
    ),
    "price on an impossible day": (
        lambda s, p: p.update(
            prices=[{"symbol": "BTC", "quote": "USD", "price": "1", "source": "x", "asOf": "2026-11-31T00:00:00Z"}]
        ),
        "date does not exist",
    ),
    "chain id malformed": (lambda s, p: p["chains"].update({"ethereum mainnet": {"blockHeight": "1"}}), "regex"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_statement_that_breaks_one_rule_is_refused(rule: str) -> None:
    change, message = RULES[rule]
    error = refusal(spoil(change))
    assert error.code in ("SNAPSHOT.SCHEMA", "SNAPSHOT.CONTAINER")
    assert message in error.sentence()


def test_whole_parts_and_a_shorter_last_one_are_in_order() -> None:
    changed = document()
    changed["subject"][0]["annotations"]["rows"] = str(PART_ROWS)
    part(changed, "ledger/spot-00001.csv", 1)
    parse_statement(msgspec.json.encode(changed), SnapshotStatement)


def test_too_many_members_name_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    given = document()
    monkeypatch.setattr(layout, "MAX_MEMBERS", 2)
    assert refusal(given).code == "SNAPSHOT.LIMIT"


EVIDENCE_RULES: dict[str, Callable[[Document], object]] = {
    "no balances": lambda s: s.update(subject=[]),
    "two balances": lambda s: s["subject"].append(s["subject"][0] | {"name": "more.csv"}),
    "a ledger": lambda s: s["subject"][0]["annotations"].update(role="ledger"),
    "an endpoint with a path": lambda s: s["predicate"].update(endpoints=["https://node.example/v2/secret"]),
    "an endpoint with a user": lambda s: s["predicate"].update(endpoints=["https://me:secret@node.example"]),
    "an endpoint without a scheme": lambda s: s["predicate"].update(endpoints=["node.example"]),
    "a date that does not exist": lambda s: s["predicate"].update(capturedAt="2026-11-31T00:00:00Z"),
}


@pytest.mark.parametrize("rule", ["", *EVIDENCE_RULES])
def test_evidence_is_one_table_of_balances_and_hosts_only(rule: str) -> None:
    annotations = {"role": "balances", "size": "1", "rows": "1"}
    subject = {"name": "balances.csv", "digest": {"sha256": "00" * 32}, "mediaType": "text/csv"}
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject | {"annotations": annotations}],
        "predicateType": EVIDENCE_PREDICATE,
        "predicate": copy.deepcopy(samples.EVIDENCE),
    }
    if not rule:
        parse_statement(msgspec.json.encode(statement), EvidenceStatement)
        return
    EVIDENCE_RULES[rule](statement)
    with pytest.raises(SnapshotError) as caught:
        parse_statement(msgspec.json.encode(statement), EvidenceStatement)
    assert caught.value.code == "SNAPSHOT.SCHEMA"
