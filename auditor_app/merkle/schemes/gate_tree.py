"""Gate's published totals, batches and raw list: every commitment, the chain of batches, root and totals from the list.

The list is recalculated as Gate's loader reads it: amounts are cut to 8 decimals, to 2 for coins that the totals price
with 14 decimals instead of 8; accounts that owe more than they hold are left out. The loader says so with a count only;
here each is a finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditor_app.findings import limitation
from auditor_app.merkle.amount_text import AmountText
from auditor_app.merkle.poseidon import poseidon
from auditor_app.merkle.proof_file import load_document
from auditor_app.merkle.published import ProofDocument
from auditor_app.merkle.published_tree import TreeCheck, TreeFile
from auditor_app.merkle.schemes.gate_files import (
    Account,
    Batch,
    RawList,
    is_batches,
    is_raw_list,
    is_totals,
    problem,
    read_batches,
    read_raw_list,
    read_totals,
)
from auditor_app.merkle.schemes.gate_rule import (
    NAME,
    SLOTS,
    WORD_LIMIT,
    Asset,
    as_bytes,
    assets_commitment,
    empty_nodes,
    fits,
    leaf_of,
    sparse_root,
    totals_commitment,
)
from auditor_app.merkle.tree_reading import SHOWN, TreeTally
from auditor_app.operation import CancelToken, Operation, Progress

OPTIONS: Mapping[str, str] = {
    "slots": "assets an account has room for: 800, 350 or 64; found from the empty root if not given"
}
MAX_BYTES = 512 * 2**20
PRICE_DIGITS = 8
FEW_DIGITS = 2
"""Amounts have 8 decimals and prices 8, or 2 and 14 for coins of tiny value."""


def recognises_tree(head: bytes) -> bool:
    """The beginning of any of the three files."""
    return (
        head.startswith((b'"id","created_at"', b"rn,main_uid_hashed,"))
        or b'"CexAssetsInfo"' in head[:1000]
        or (b"account_tree_roots" in head[:1000] and b"batch_commitment" in head[:1000])
    )


@dataclass
class _Published:
    """The files of one publication, sorted out."""

    totals: tuple[Asset, ...] = ()
    batches: tuple[Batch, ...] = ()
    listed: RawList | None = None
    documents: dict[str, ProofDocument] = field(default_factory=dict)


def check(file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """Whatever the files at hand allow to be recalculated."""
    published = _read(file)
    tally = TreeTally(NAME, file)
    slots = _slots(file, published)
    yield Progress(0, None, "commitments", "Published totals: hashing")
    _check_range(published.totals, tally)
    _check_batches(published.batches, slots, tally, token)
    if published.totals:
        _check_totals(published, slots, tally)
    root = "none" if not published.batches else as_bytes(published.batches[-1].roots[1]).hex()
    leaves = 0
    if published.listed is not None:
        if not published.totals:
            raise problem(published.documents["list"], "the raw list needs cex_config.json beside it, for the prices")
        recalculated, leaves = yield from _check_list(published.listed, published.totals, slots, tally, token)
        if published.batches:
            message = "The root recalculated from the raw list is not the one after the last batch."
            tally.compare("PROOF.ROOT", "root after the last batch", root, recalculated, message)
        root = recalculated
    totals = {
        asset.symbol: f"equity {asset.equity}, debt {asset.debt}"
        for asset in published.totals
        if asset.equity or asset.debt
    }
    skipped = (limitation("ZK.NOT_CHECKED", subject=tally.subject),)
    return tally.result(leaves=leaves, root=root, totals=totals, limitations=skipped)


def _read(file: TreeFile) -> _Published:
    """Sort the files out; each kind once."""
    found = _Published()
    for path in file.paths:
        document = load_document(path, options={}, max_bytes=MAX_BYTES)
        kind = (
            "totals"
            if is_totals(document)
            else "batches"
            if is_batches(document)
            else "list"
            if is_raw_list(document)
            else ""
        )
        if not kind or kind in found.documents:
            raise problem(document, "the file is none of proof.csv, cex_config.json and the raw list, each once")
        found.documents[kind] = document
        if kind == "totals":
            found.totals = read_totals(document)
        elif kind == "batches":
            found.batches = read_batches(document)
        else:
            found.listed = read_raw_list(document)
    return found


def _slots(file: TreeFile, published: _Published) -> int:
    """How many assets an account has room for: as given, or such that the first batch begins with the empty tree."""
    given = file.options.get("slots")
    if given is not None:
        if given not in map(str, SLOTS):
            kinds = next(iter(published.documents.values()))
            raise problem(kinds, "no such number of slots", ", ".join(map(str, SLOTS)), given)
        return int(given)
    room = [slots for slots in SLOTS if slots >= len(published.totals)]
    if published.batches:
        start = published.batches[0].roots[0]
        return next((slots for slots in room if empty_nodes(slots)[-1] == start), room[0])
    return room[0]


def _check_range(assets: Sequence[Asset], tally: TreeTally) -> None:
    """Each published number fits its 64 bits, and no asset has more debt than equity."""
    outside = owing = 0
    for asset in assets:
        for name, value in (("equity", asset.equity), ("debt", asset.debt), ("price", asset.price)):
            if not fits(value):
                outside += 1
                if outside <= SHOWN:
                    message = f"The {name} of {asset.symbol} does not fit the 64 bits in which it is hashed."
                    tally.add("RANGE.FIELD", message, f"below {WORD_LIMIT}", str(value))
        if asset.debt > asset.equity:
            owing += 1
            if owing <= SHOWN:
                message = f"Customers owe more {asset.symbol} than they hold: its net liability is negative."
                tally.add("PROOF.NEGATIVE", message, f"at most {asset.equity}", str(asset.debt))
    if assets:
        tally.observe("values beyond 64 bits", "0", str(outside), agrees=not outside)
        tally.observe("assets with more debt than equity", "0", str(owing), agrees=not owing)


def _check_batches(batches: Sequence[Batch], slots: int, tally: TreeTally, token: CancelToken) -> None:
    """Each commitment, and that each batch begins where the one before ended, the first with the empty tree."""
    root, totals = empty_nodes(slots)[-1], None
    for batch in batches:
        token.check()
        computed = poseidon((*batch.roots, *batch.totals))
        tally.node(f"commitment of batch {batch.number}", _hex(batch.commitment), _hex(computed))
        if batch.roots[0] != root:
            message = f"Batch {batch.number} does not begin with the root that stands before it."
            tally.add("PROOF.NODE", message, _hex(root), _hex(batch.roots[0]))
        if totals is not None and batch.totals[0] != totals:
            message = f"Batch {batch.number} does not begin with the totals that stand before it."
            tally.add("PROOF.NODE", message, _hex(totals), _hex(batch.totals[0]))
        root, totals = batch.roots[1], batch.totals[1]
    if batches:
        tally.observe(
            "batch commitments", str(len(batches)), str(len(batches) - tally.disagreeing), agrees=not tally.disagreeing
        )


def _check_totals(published: _Published, slots: int, tally: TreeTally) -> None:
    """The totals before the first and after the last batch."""
    if not published.batches:
        return
    first, last = published.batches[0].totals[0], published.batches[-1].totals[1]
    before = totals_commitment(published.totals, slots, before=True)
    message = "The first batch does not begin with totals of zero at the published prices."
    tally.compare("PROOF.SUMS", "totals before the first batch", _hex(first), _hex(before), message)
    after = totals_commitment(published.totals, slots)
    message = "The published totals are not the ones that the last batch commits to."
    tally.compare("PROOF.SUMS", "totals after the last batch", _hex(last), _hex(after), message)


def _hex(value: int) -> str:
    return as_bytes(value).hex()


# ---- the raw list


def _check_list(
    listed: RawList, assets: Sequence[Asset], slots: int, tally: TreeTally, token: CancelToken
) -> Operation[tuple[str, int]]:
    """Root and totals from the raw list, as Gate's loader would make them."""
    names = tuple(asset.symbol for asset in assets)
    if listed.coins != names[: len(listed.coins)]:
        message = "The raw list has other coins, or in another order, than the published totals."
        tally.add("PROOF.SUMS", message, ", ".join(names)[:200], ", ".join(listed.coins)[:200])
    digits = [_digits(price, asset, tally) for price, asset in zip(listed.prices, assets, strict=False)]
    leaves = []
    sums: list[tuple[int, int]] = [(0, 0)] * len(assets)
    for account in listed.accounts:
        token.check()
        held = _held(account, digits)
        equity, debt = (sum(item[part] * assets[item[0]].price for item in held) for part in (1, 2))
        numbers = [value for _, *amounts in held for value in amounts]
        if not all(map(fits, numbers)):
            message = f"An amount in row {account.row} of the raw list does not fit 64 bits."
            tally.add("RANGE.FIELD", message, f"below {WORD_LIMIT}", str(max(numbers, key=abs)))
        elif debt > equity:
            message = f"The account in row {account.row} owes more than it holds and is left out of the tree."
            tally.add("PROOF.NEGATIVE", message, f"at most {equity}", str(debt))
        else:
            leaves.append(leaf_of(account.id, equity, debt, assets_commitment(held, slots)))
            for index, plus, minus in held:
                sums[index] = (sums[index][0] + plus, sums[index][1] + minus)
        yield Progress(len(leaves), len(listed.accounts), "accounts", "Raw list: hashing accounts")
    stated = [(asset.equity, asset.debt) for asset in assets]
    different = [names[at] for at, both in enumerate(sums) if both != stated[at]]
    message = "The totals recalculated from the raw list are not the published ones: " + ", ".join(different[:SHOWN])
    agreeing = str(len(assets) - len(different))
    tally.compare("PROOF.SUMS", "assets whose totals agree with the raw list", str(len(assets)), agreeing, message)
    return _hex(sparse_root(leaves, slots)), len(leaves)


def _digits(price: AmountText, asset: Asset, tally: TreeTally) -> int:
    """The decimals of the coin's amounts, from how the totals write its price."""
    for decimals in (PRICE_DIGITS, FEW_DIGITS):
        if _scaled(price, 2 * PRICE_DIGITS - decimals) == asset.price:
            return decimals
    message = f"The price of {asset.symbol} in the raw list is not the one in the published totals."
    tally.add("PROOF.SUMS", message, str(asset.price), price.text)
    return PRICE_DIGITS


def _scaled(amount: AmountText, digits: int) -> int:
    """The amount as an integer of 10**-digits, cut towards zero."""
    shift = digits - amount.scale
    if shift >= 0:
        return amount.unscaled * int(10**shift)
    cut = abs(amount.unscaled) // int(10**-shift)
    return cut if amount.unscaled >= 0 else -cut


def _held(account: Account, digits: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    """Index, equity and debt of the coins that are not zero."""
    scaled = (
        (index, _scaled(equity, places), _scaled(debt, places))
        for index, ((equity, debt), places) in enumerate(zip(account.amounts, digits, strict=False))
    )
    return tuple(item for item in scaled if item[1] or item[2])
