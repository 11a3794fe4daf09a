"""Attacks on the list of liabilities itself: negative, repeated, dropped and unreadable rows, sums that wrap or round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor_app.amounts import Amount
from auditor_app.ledger.columns import parse_columns
from auditor_app.merkle.rule import Layout, Node
from auditor_app.merkle.schemes import scheme_named
from auditor_app.selftest.case import Seen, Version
from auditor_app.selftest.exchange import CHAINS, Exchange, audited, hand_over
from auditor_app.selftest.fixtures import Fixture
from auditor_app.selftest.wallet import ETHEREUM
from auditor_app.snapshot.statement import Asset

ETH = Asset(symbol="ETH", decimals=18, on_chain=(f"{ETHEREUM}/slip44:60",))
OKX_COLUMNS = "account:token,nonce:hex64,ETH:decimal"


def negative_balance(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A made-up customer owes what a real one holds, and the published total fits."""
    rows = tuple(fixture.inputs["rows"])
    claimed = {"BTC": int(fixture.inputs["claimed_total"])}
    exchange = Exchange(rows=rows, totals=claimed)
    if version is Version.HONEST:
        exchange = Exchange(rows=tuple(row for row in rows if ",-" not in row))
    audit = audited(hand_over(exchange, folder).request)
    return Seen.in_audit(audit, {"sum": audit.totals[0].recomputed_base_units()})


def repeated_id(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """Two customers are given one leaf."""
    rows = tuple(fixture.inputs["rows"])
    if version is Version.HONEST:
        rows = tuple(f"{number}-{row}" for number, row in enumerate(rows))
    return Seen.in_audit(audited(hand_over(Exchange(rows=rows), folder).request))


def wrapped_total(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """The published total is what 64-bit integers make of the sum."""
    exchange = Exchange(rows=tuple(fixture.inputs["rows"]))
    if version is Version.ATTACK:
        exchange = replace(exchange, totals={"BTC": int(fixture.demonstrated["int64_wrapped"])})
    audit = audited(hand_over(exchange, folder).request)
    return Seen.in_audit(audit, {"true": audit.totals[0].recomputed_base_units()})


def rounded_total(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """The published total was added with 28 digits."""
    rows = tuple(_okx_row(*row.split(",")) for row in fixture.inputs["rows"])
    exchange = _okx(rows)
    if version is Version.ATTACK:
        rounded = Amount.parse(fixture.demonstrated["python_decimal_prec28"]).base_units(ETH.decimals)
        exchange = replace(exchange, totals={"ETH": rounded or 0})
    audit = audited(hand_over(exchange, folder).request)
    return Seen.in_audit(audit, {"exact": _recomputed(audit.totals[0].recomputed)})


def rounded_nodes(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """The published total is the root's, which is cut to eight decimals at every node."""
    rows_wanted = int(fixture.inputs["n"]) if version is Version.ATTACK else 4
    exchange = _okx(tuple(_okx_row(f"u{number}", "0.000000009") for number in range(rows_wanted)))
    if version is Version.HONEST:
        return Seen.in_audit(audited(hand_over(exchange, folder).request))
    at_root = _total_at_root(rows_wanted)
    audit = audited(hand_over(replace(exchange, totals={"ETH": at_root.base_units(18) or 0}), folder).request)
    shown = {
        "true_total": _recomputed(audit.totals[0].recomputed),
        "tree_root_total_with_RoundDown8": at_root.plain(),
    }
    return Seen.in_audit(audit, shown)


def look_alike_ids(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """Ids that a lenient reader takes for others; each alone breaks the grammar of a ledger of 64-digit ids.

    The honest twin holds the plain ones of them as tokens: they stay as they are and stay apart.
    """
    ids = tuple(str(item) for item in fixture.inputs["ids"])
    if version is Version.HONEST:
        plain = tuple(item for item in ids if item.isascii())
        return Seen.in_audit(audited(hand_over(Exchange(rows=tuple(f"{item},5" for item in plain)), folder).request))
    runs = [
        Exchange(rows=(f"{item},5",), columns="id:hex64,BTC:base-units/8", root="00" * 32, name=f"id-{number}")
        for number, item in enumerate(ids)
    ]
    seen = [Seen.in_audit(audited(hand_over(exchange, folder).request)) for exchange in runs]
    return Seen(
        frozenset.intersection(*(item.findings for item in seen)),
        frozenset.union(*(item.counting for item in seen)),
        frozenset(),
    )


def dropped_rows(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A row that was committed to is not handed over. Dropped before signing it leaves no trace in any file."""
    rows = tuple(fixture.inputs["rows"])
    whole = hand_over(Exchange(rows=rows, name="whole"), folder)
    if version is Version.HONEST:
        return Seen.in_audit(audited(whole.request))
    kept = tuple(row for row in rows if row != fixture.inputs["dropped"])
    full = Exchange(rows=rows)
    handed = Exchange(rows=kept, totals=full.sums(), row_count=len(rows), leaf_count=len(rows), root=whole.root)
    before = audited(hand_over(Exchange(rows=kept, name="before-signing"), folder).request)
    noticed = any(item.counts for item in before.findings)
    seen = Seen.in_audit(audited(hand_over(handed, folder).request), {"dropped_before_signing_is_seen": noticed})
    limits = frozenset(item.code for item in before.limitations)
    return replace(seen, limitations=seen.limitations & limits)


def _okx(rows: tuple[str, ...]) -> Exchange:
    """An exchange with OKX's tree of 2022 over ETH."""
    return Exchange(
        rows=rows,
        columns=OKX_COLUMNS,
        scheme="okx-v1",
        assets=(ETH,),
        chains={ETHEREUM: CHAINS[ETHEREUM]},
    )


def _okx_row(account: str, amount: str) -> str:
    return f"{account},{account.encode('ascii').hex():0>64},{amount}"


def _total_at_root(leaves: int) -> Amount:
    """What a tree of ``leaves`` (a power of two) equal leaves of 0.000000009 shows at its root."""
    bind = scheme_named("okx-v1").bind
    if bind is None:
        raise LookupError("okx-v1 has a way from a ledger to a root")
    rule = bind(Layout.of(parse_columns(OKX_COLUMNS)), {}, None)
    coins = [coin.name for coin in rule.layout.coins]
    node = Node(b"", tuple(9 * 10**9 if name == "ETH" else None for name in coins))
    for level in range(1, leaves.bit_length()):
        node = rule.parent(node, node, level)
    return Amount.parse(rule.balances(node)["ETH"])


def _recomputed(total: Amount | None) -> str:
    return "none" if total is None else total.plain()
