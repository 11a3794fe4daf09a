"""Attacks on the tree: sums that nodes do not bind, rows and nodes that share a hash, digests that are too short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from auditor_app.ledger.columns import parse_columns
from auditor_app.ledger.grammar import Grammar
from auditor_app.merkle.inclusion import parse_row
from auditor_app.merkle.proof_file import check_proof_file
from auditor_app.merkle.published import ProofCheck
from auditor_app.merkle.published_tree import TreeFile
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.schemes import scheme_named
from auditor_app.merkle.tree import root_of
from auditor_app.operation import CancelToken, run
from auditor_app.selftest.case import Seen, Version
from auditor_app.selftest.exchange import BTC, CHAINS, Exchange, audited, hand_over, token
from auditor_app.selftest.fixtures import Fixture, load_collision

PROOF_ID = "PR-2026-09-30"
MEXC_COLUMNS = "accountId:token,BTC:decimal"
_COINS = ("BTC", "ETH", "USDC", "USDT")


def unbound_sums(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """Two customers are shown paths to one root, whose total is less than what they hold together.

    The forged root is the node above both leaves with the larger balance for a sum: to each customer the other's
    leaf is shown with as much as is missing.
    """
    customers = [(str(name), int(amount)) for name, amount in fixture.inputs["leaves"]]
    claimed = int(fixture.inputs["claimed_total"])
    rule = _bound("mexc", MEXC_COLUMNS, {"proofId": PROOF_ID})
    leaves = [_leaf(rule, MEXC_COLUMNS, f"{name},{amount}") for name, amount in customers]
    honest = Exchange(
        rows=tuple(f"{name},{amount}" for name, amount in customers),
        columns=MEXC_COLUMNS,
        scheme="mexc",
        parameters={"proofId": PROOF_ID},
    )
    if version is Version.HONEST:
        return Seen.in_audit(audited(hand_over(honest, folder).request))
    top = rule.parent(leaves[0], _with_sum(rule, leaves[1], claimed - customers[0][1]), 1)
    checks: list[ProofCheck] = []
    for place, (name, amount) in enumerate(customers):
        beside = _with_sum(rule, leaves[1 - place], claimed - amount)
        path = folder / f"{name}.json"
        path.write_text(_mexc_proof(rule, customers[place], leaves[place], (beside, 1 - place), top), encoding="ascii")
        checks += check_proof_file(path, scheme="mexc", root=top.digest.hex())
    forged = replace(honest, root=top.digest.hex(), totals={"BTC": claimed * 10**BTC.decimals})
    audit = audited(hand_over(forged, folder).request)
    total = audit.totals[0].recomputed
    shown: dict[str, object] = {
        f"{name}_verifies": _agrees(check) for (name, _), check in zip(customers, checks, strict=True)
    }
    shown |= {"true_total": "none" if total is None else total.plain(), "proved_total": checks[0].balances["BTC"]}
    seen = Seen.in_audit(audit, shown)
    limits = [frozenset(item.code for item in check.limitations) for check in checks]
    return replace(seen, limitations=seen.limitations.intersection(*limits))


def shifted_digits(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """Balances hashed one behind the other: a digit moves from one asset to the other and the leaf stays."""
    uid, coins = str(fixture.inputs["uid"]), [str(name) for name in fixture.inputs["columns"]]
    committed, handed = (",".join((uid, *fixture.inputs[row])) for row in ("row_a", "row_b"))
    exchange = Exchange(
        rows=(committed,),
        columns=",".join(["uid:token", *(f"{coin}:decimal" for coin in coins)]),
        scheme="armanino-split",
        assets=tuple(BTC if coin == "BTC" else token(coin, 6) for coin in coins),
        chains=CHAINS,
    )
    before = hand_over(exchange, folder)
    if version is Version.HONEST:
        return Seen.in_audit(audited(before.request))
    forged = replace(exchange, rows=(handed,), totals=exchange.sums(), root=before.root)
    audit = audited(hand_over(forged, folder).request)
    leaves = {"leaf_a": before.root, "leaf_b": audit.commitments[0].recomputed}
    return Seen.in_audit(audit, leaves | {"equal": audit.commitments[0].match})


def repeated_tail(fixture: Fixture, folder: Path, version: Version) -> Seen:
    """The last row twice, under the root of the list that has it once."""
    prefix = _prefix_that_sorts(tuple(fixture.inputs["list_a"]))
    short, long = (tuple(prefix + row for row in fixture.inputs[name]) for name in ("list_a", "list_b"))
    exchange = _doubling(short)
    before = hand_over(exchange, folder)
    if version is Version.HONEST:
        return Seen.in_audit(audited(before.request))
    forged = replace(_doubling(long), row_count=len(short), root=before.root)
    audit = audited(hand_over(forged, folder).request)
    return Seen.in_audit(audit, {"equal": audit.commitments[0].match})


def node_as_leaf(_fixture: Fixture, folder: Path, version: Version) -> Seen:
    """A whole tree handed over as one customer, whose account is one hash and whose audit round is the other.

    MEXC hashes a leaf as id, account, balances and a node as hash, hash, sums: the same text can be read as either.
    """
    columns = ",".join(["accountId:token", *(f"{coin}:decimal" for coin in _COINS)])
    assets = (BTC, *(token(coin) for coin in _COINS[1:]))
    rows = ("alice,1.5,0,0,20", "bob,2,3,0,0")
    real = Exchange(
        rows=rows, columns=columns, scheme="mexc", parameters={"proofId": PROOF_ID}, assets=assets, chains=CHAINS
    )
    before = hand_over(real, folder)
    if version is Version.HONEST:
        return Seen.in_audit(audited(before.request))
    rule = _bound("mexc", columns, real.parameters)
    left, right = (_leaf(rule, columns, row) for row in rows)
    sums = rule.balances(rule.parent(left, right, 1))
    forged = replace(
        real,
        rows=(",".join((right.digest.hex(), *(sums[coin] for coin in _COINS))),),
        parameters={"proofId": left.digest.hex()},
        root=before.root,
        leaf_count=len(rows),
    )
    audit = audited(hand_over(forged, folder).request)
    return Seen.in_audit(audit, {"equal": audit.commitments[0].match})


def short_digest(_fixture: Fixture, folder: Path, version: Version) -> Seen:
    """One leaf for 0.1 and for 25,000 BTC: the auditor is handed the one, the customer is shown the other."""
    collision = load_collision()
    small, large = (_uid_row(collision[name]) for name in ("row_a", "row_b"))
    if version is Version.HONEST:
        uid, _, amount = small.split(",")
        row = f"{uid},{uid.encode('ascii').hex():0>64},{amount}"
        exchange = Exchange(rows=(row,), columns="account:token,nonce:hex64,BTC:decimal", scheme="okx-v1")
        return Seen.in_audit(audited(hand_over(exchange, folder).request))
    exchange = Exchange(
        rows=(small,),
        columns="encryptUid:token,nonce:token,BTC:decimal",
        scheme="bitget",
        parameters={"numbers": "quoted"},
    )
    handed = hand_over(exchange, folder)
    proof = folder / "customer.json"
    proof.write_text(_bitget_proof(large, handed.root), encoding="ascii")
    (check,) = check_proof_file(proof, scheme="bitget", root=handed.root, options={"numbers": "quoted"})
    row = collision["row_b"] if _agrees(check) else "does not agree"
    return Seen.in_audit(audited(handed.request), {"hash64": handed.root, "row_a": collision["row_a"], "row_b": row})


def shared_hash(_fixture: Fixture, folder: Path, version: Version) -> Seen:
    """OKX's published tree file, in which a padding node repeats its sibling's hash with other balances."""
    scheme = scheme_named("okx-v1-full")
    if scheme.tree is None:
        raise LookupError("okx-v1-full has a whole-tree file")
    columns = "userHash:hex64,BTC:decimal,ETH:decimal,USDT:decimal"
    rule = _bound(scheme.name, columns, {})
    count = 3 if version is Version.ATTACK else 4
    leaves = [_leaf(rule, columns, f"{number:064x},0,0,0.0004782{number}") for number in range(count)]
    path = folder / "full-liabilities-merkle-tree.txt"
    path.write_text("".join(_okx_lines(rule, leaves)), encoding="ascii")
    root = root_of(rule, leaves)
    tree = TreeFile((path,), root=None if root is None else root.digest.hex())
    found = run(scheme.tree.check(tree, CancelToken()))
    return Seen.of(found.findings, found.limitations)


# ---- leaves and files


@dataclass(frozen=True, slots=True)
class _MexcEntry:
    """One entry of MEXC's proof file: 1 is left, 2 right, 3 the root."""

    level: int
    kind: int
    node: Node

    def document(self, rule: Rule) -> Mapping[str, object]:
        """The entry as it stands in the file."""
        balances = rule.balances(self.node)
        return {"level": self.level, "type": self.kind, "hash": self.node.digest.hex(), "balances": balances}


def _mexc_proof(rule: Rule, customer: tuple[str, int], leaf: Node, beside: tuple[Node, int], top: Node) -> str:
    """A customer's file for a tree of two leaves; ``beside`` is the sibling and its place, 0 for the left."""
    sibling, place = beside
    name, amount = customer
    own = {"level": 0, "type": 2 - place, "hash": leaf.digest.hex(), "balances": {"BTC": str(amount)}}
    path = [_MexcEntry(0, 1 + place, sibling), _MexcEntry(1, 3, top)]
    document = {"pathList": [entry.document(rule) for entry in path]}
    return json.dumps(document | {"self": own | {"proofId": PROOF_ID, "accountId": name}})


def _bitget_proof(row: str, root: str) -> str:
    """A customer's file for a tree of one leaf."""
    uid, nonce, amount = row.split(",")
    balances = {"BTC": amount}
    own = {"encryptUid": uid, "nonce": nonce, "merkelLeaf": root, "level": 1, "role": 1, "balances": balances}
    return json.dumps({"self": own, "path": [{"merkelLeaf": root, "level": 1, "role": 3, "balances": balances}]})


def _okx_lines(rule: Rule, leaves: list[Node]) -> list[str]:
    """OKX's file: the root's row first, every row from right to left, padding where a row has an odd end."""
    rows: list[list[Node]] = [leaves]
    while len(rows[-1]) > 1:
        below = rows[-1]
        padding = rule.partner(below[-1], len(rows) - 1) if len(below) % 2 else None
        if padding is not None:
            below.append(padding)
        pairs = zip(below[::2], below[1::2], strict=True)
        rows.append([rule.parent(left, right, len(rows)) for left, right in pairs])
    return [
        f"{node.digest.hex()},{height + 1},{json.dumps(rule.balances(node), separators=(',', ':'))}\n"
        for height, row in reversed(list(enumerate(rows)))
        for node in reversed(row)
    ]


def _uid_row(text: str) -> str:
    """``uid,nonce,{"BTC":"x"}`` as a ledger row."""
    uid, nonce, balances = text.split(",", 2)
    return f"{uid},{nonce},{json.loads(balances)['BTC']}"


def _doubling(rows: tuple[str, ...]) -> Exchange:
    """An exchange whose tree, Bifubao's of 2014, pairs a lone node with itself."""
    return Exchange(rows=rows, scheme="bifubao", parameters={"padding": "duplicate"})


def _prefix_that_sorts(rows: tuple[str, ...]) -> str:
    """A prefix of all ids that makes the last row the last leaf: Bifubao's leaves stand sorted by hash."""
    exchange = _doubling(())
    rule = _bound(exchange.scheme, exchange.columns, exchange.parameters)
    for number in range(1000):
        digests = [_leaf(rule, exchange.columns, f"{number}-{row}").digest for row in rows]
        if max(digests) == digests[-1]:
            return f"{number}-"
    raise LookupError("one prefix in as many as there are rows makes the last leaf the greatest")


def _bound(scheme: str, columns: str, parameters: Mapping[str, str]) -> Rule:
    """A scheme's rule over a ledger."""
    bind = scheme_named(scheme).bind
    if bind is None:
        raise LookupError(f"{scheme} has a way from a ledger to a root")
    return bind(Layout.of(parse_columns(columns)), parameters, None)


def _leaf(rule: Rule, columns: str, row: str) -> Node:
    """The leaf of one row."""
    parsed = parse_row(row, 0, Grammar.of(parse_columns(columns)))
    if parsed is None:
        raise ValueError("a made-up row keeps to the grammar")
    return rule.leaf(parsed)


def _with_sum(rule: Rule, node: Node, whole: int) -> Node:
    """The node with another balance of BTC than it has."""
    coins = rule.layout.coins
    sums = tuple(whole * 10**coin.scale if coin.name == "BTC" else None for coin in coins)
    return Node(node.digest, sums)


def _agrees(check: ProofCheck) -> bool:
    """Whether the proof file gave nothing to report."""
    return bool(check.published_root_matches) and not any(item.counts for item in check.findings)
