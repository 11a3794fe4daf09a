"""``swissborg``: one sum tree for each currency, leaves under a nonce that only the customer's credential gives.

Source: SwissBorg/proof-of-liabilities @7ad8737e, ``merkle-schemes-more.md`` section 9. With K = HMAC-SHA256 whose hex
text is the next step's key: leaf nonce = K(K(K(credential, audit), currency), leaf index),
leaf = H(leaf,leafNonce,userId,liability), node = H(inner,left liability,right liability,left hash,right hash).
The tree is a heap array. The audit's digest is over the roots of all currencies, sorted.

Files: the customer's liabilities, checked with ``credential`` and the audit's roots as second file; and the audit's
roots alone, which recalculate to the audit's digest. The field ``proof.nonce`` of the customer's file holds the leaf's
*digest* in the audits of early December 2022 and the leaf's nonce from 16 December on: two readings.

A ledger has the user id first, a column ``leafNonce`` (hex64) and one decimal column, as hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor_app.errors import LedgerError, ProofError
from auditor_app.findings import Limitation, limitation
from auditor_app.ledger.columns import DECIMAL_SCALE, is_amount
from auditor_app.merkle.amount_text import AmountText
from auditor_app.merkle.heap import HeapRule
from auditor_app.merkle.path_file import refuse
from auditor_app.merkle.proof_file import load_document
from auditor_app.merkle.published import (
    MAX_LEVELS,
    NO_CLAIM,
    Claim,
    Comparison,
    ProofDocument,
    ProofFormat,
    PublishedProof,
    PublishedStep,
)
from auditor_app.merkle.published_tree import TreeCheck, TreeFile, TreeFormat
from auditor_app.merkle.rule import Layout, Node, Row, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import (
    Balances,
    BalanceText,
    Cell,
    Child,
    ChildSums,
    NumberForm,
    Odd,
    Template,
    Text,
)
from auditor_app.merkle.text_sums import check_coins
from auditor_app.merkle.tree_reading import TreeTally, unreadable
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.snapshot.statement import Column

NAME = "swissborg"
PUBLISHER = "SwissBorg"
MAX_PARTITIONS = 1000
MAX_LIABILITIES = 10_000
LEAF, NONCE = "leaf", "nonce"
_COMMA = Text(b",")
_AS_WRITTEN = BalanceText(named=False, number=None)
_PLAIN = BalanceText(named=False, number=NumberForm())
TEMPLATE = Template(
    leaf=(Text(b"leaf,"), Cell("leafNonce"), _COMMA, Cell(), _COMMA, Balances(_AS_WRITTEN)),
    node=(
        Text(b"inner,"),
        ChildSums("left", _PLAIN),
        _COMMA,
        ChildSums("right", _PLAIN),
        _COMMA,
        Child("left"),
        _COMMA,
        Child("right"),
    ),
    odd=Odd.ALONE,
)
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_FIELD = re.compile(r"[!-+\--~]{1,128}\Z", re.ASCII)
_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)


def derived(key: str, *context: str) -> str:
    """K: one step of the key derivation, in hex."""
    return hmac.digest(key.encode("utf-8"), ",".join(context).encode("utf-8"), "sha256").hex()


def leaf_nonce(credential: str, audit: str, currency: str, index: int) -> str:
    """The nonce of one leaf."""
    audit_nonce = derived(credential, "SB PoL - Audit nonce derivation", audit)
    tree_nonce = derived(audit_nonce, "SB PoL - Currency Merkle tree nonce derivation", currency)
    return derived(tree_nonce, "SB PoL - Leaf nonce derivation", str(index))


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; it takes no parameters."""
    take_parameters(NAME, {}, parameters)
    check_coins(NAME, layout)
    amounts = [column for column in layout.columns if is_amount(column)]
    if len(amounts) != 1 or amounts[0].optional:
        raise LedgerError(
            "SCHEME.PARAMETERS", "the scheme swissborg has one tree a currency", expected="one decimal column"
        )
    return HeapRule(NAME, layout, TEMPLATE)


# ---- the audit's roots


@dataclass(frozen=True, slots=True)
class Partition:
    """One currency's tree: its id, currency, root and total, the total also as written."""

    id: str
    currency: str
    digest: str
    liability: AmountText


@dataclass(frozen=True, slots=True)
class AuditRoots:
    """An audit: its id, the digest it states, and its partitions by id."""

    id: str
    digest: str
    partitions: Mapping[str, Partition]

    @property
    def recalculated(self) -> str:
        """The digest over all partitions, sorted by currency."""
        parts = sorted(self.partitions.values(), key=lambda part: part.currency.upper())
        listed = [text for part in parts for text in (part.id, part.liability.text, part.digest)]
        return hashlib.sha256(",".join(["SB PoL - Audit commitment hash", *listed]).encode("utf-8")).hexdigest()


def read_roots(document: ProofDocument) -> AuditRoots:
    """The audit's roots; :class:`ProofError` ``PROOF.UNREADABLE`` for anything else."""
    reader = _Reader(document)
    audit = reader.member(document.json, "audit", "the file of roots")
    listed = audit.get("partitions")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_PARTITIONS:
        raise reader.refuse("the audit lists no partitions", f"1 to {MAX_PARTITIONS}")
    partitions: dict[str, Partition] = {}
    for number, item in enumerate(listed):
        where = f"partition {number}"
        root = reader.member(item, "commitment", where)
        part = Partition(
            reader.text(item, "id", where),
            reader.text(item, "currency", where),
            reader.digest(root, "digest", where),
            reader.amount(root, where),
        )
        currencies = {other.currency.upper() for other in partitions.values()}
        if part.id in partitions or part.currency.upper() in currencies:
            raise reader.refuse(f"{where} repeats an id or a currency", observed=part.id)
        partitions[part.id] = part
    stated = reader.digest(reader.member(audit, "commitment", "the audit"), "digest", "the audit")
    return AuditRoots(reader.text(audit, "id", "the audit"), stated, partitions)


def recognises_roots(head: bytes) -> bool:
    """An object whose first member is ``audit``."""
    return re.match(rb'\s*\{\s*"audit"\s*:', head) is not None


def check(file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """The audit's digest from the roots of its currencies."""
    if len(file.paths) != 1:
        raise unreadable(file.paths[0], PUBLISHER, "the roots are one file", observed=f"{len(file.paths)} files")
    token.check()
    yield Progress(0, None, "roots", "Published roots: hashing")
    audit = read_roots(load_document(file.paths[0], options={}))
    tally = TreeTally(NAME, file)
    tally.node("digest of the audit", audit.digest, audit.recalculated)
    tally.observe("audit digest", audit.digest, audit.recalculated, agrees=audit.digest == audit.recalculated)
    for part in audit.partitions.values():
        if part.liability.unscaled < 0:
            tally.negative(f"root of {part.currency}", part.liability.plain())
    totals = {part.currency: part.liability.plain() for part in audit.partitions.values()}
    return tally.result(leaves=len(audit.partitions), root=audit.recalculated, totals=totals)


# ---- a customer's liabilities


def recognises(document: ProofDocument) -> bool:
    """An object with ``user_id``, ``audit_id`` and ``liabilities``."""
    return isinstance(document.json, dict) and {"user_id", "audit_id", "liabilities"} <= document.json.keys()


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One proof for each liability, from its leaf where the credential is given, to its currency's root."""
    reader = _Reader(document)
    if not recognises(document):
        raise reader.refuse("the file is not an object with user_id, audit_id and liabilities")
    user, audit_id = (reader.text(document.json, name, "the file") for name in ("user_id", "audit_id"))
    listed = document.json["liabilities"]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_LIABILITIES:
        raise reader.refuse("liabilities is not a list", f"1 to {MAX_LIABILITIES} entries")
    roots = None if document.anchor is None else read_roots(document.anchor)
    compared: tuple[Comparison, ...] = ()
    if roots is not None:
        compared = (
            Comparison("audit id", roots.id, audit_id, roots.id == audit_id),
            Comparison("audit digest", roots.digest, roots.recalculated, roots.digest == roots.recalculated),
        )
    return tuple(
        _proof(reader, item, f"liability {number}", (user, audit_id), roots, compared=() if number else compared)
        for number, item in enumerate(listed)
    )


def _proof(
    reader: _Reader,
    item: Any,
    where: str,
    identity: tuple[str, str],
    roots: AuditRoots | None,
    *,
    compared: tuple[Comparison, ...],
) -> PublishedProof:
    """One liability's path."""
    user, audit_id = identity
    proof = reader.member(item, "proof", where)
    held = reader.amount(item, where)
    written = reader.digest(proof, "nonce", where)
    index = reader.index(proof, where)
    partition_id = reader.text(item, "audit_partition_id", where)
    part = None if roots is None else roots.partitions.get(partition_id)
    if roots is not None and part is None:
        raise reader.refuse(f"{where} stands in a partition that the audit does not list", observed=partition_id)
    currency = part.currency if part is not None else partition_id.rpartition("-")[2]
    witnesses = reader.witnesses(proof, where)
    if index >> len(witnesses):
        raise reader.refuse(f"{where} has a leaf index that its path is too short for", observed=str(index))
    layout = _layout(currency, [held, *(amount for _, amount in witnesses)])
    scale = layout.coins[0].scale
    options = reader.document.options
    credential = options.get("credential")
    nonce = None if credential is None else leaf_nonce(credential, audit_id, currency, index)
    claim = Claim(bytes.fromhex(written)) if nonce is not None else NO_CLAIM
    if options.get("nonceField", LEAF) == NONCE:
        claim = NO_CLAIM
        if nonce is not None:
            compared = (*compared, Comparison("leaf nonce", nonce, written, nonce == written))
        nonce = written
    row = None
    if nonce is not None:
        cells = tuple(text.encode("ascii") for text in (user, nonce, held.text))
        row = Row(0, b",".join(cells), cells, (held.units(scale),))
    steps = tuple(
        PublishedStep(Node(bytes.fromhex(beside), (amount.units(scale),)), "left" if index >> level & 1 else "right")
        for level, (beside, amount) in enumerate(witnesses)
    )
    return PublishedProof(
        HeapRule(NAME, layout, TEMPLATE),
        row,
        claim,
        steps,
        NO_CLAIM,
        start=Node(bytes.fromhex(written), (held.units(scale),)),
        anchor=NO_CLAIM if part is None else Claim(bytes.fromhex(part.digest), {currency: part.liability.plain()}),
        compared=compared,
        limitations=() if row else (_not_bound(f"{where}, {currency}"),),
    )


def _not_bound(subject: str) -> Limitation:
    """The leaf stands as the file has it: its nonce is derived from the customer's credential."""
    return limitation(
        "TREE.LEAF_NOT_BOUND",
        subject=subject,
        message="Without the customer's credential (--param credential=SECRET) the leaf cannot be made: its hash was "
        "taken from the file, and nothing recalculated ties it to the balances.",
    )


def _layout(currency: str, amounts: list[AmountText]) -> Layout:
    columns = (
        Column(name="userId", type="token"),
        Column(name="leafNonce", type="hex64"),
        Column(name=currency, type="decimal", signed=True),
    )
    return Layout.of(columns, max([DECIMAL_SCALE, *(amount.scale for amount in amounts)]))


class _Reader:
    """Takes fields out of the file's objects; every refusal names where."""

    def __init__(self, document: ProofDocument) -> None:
        self.document = document

    def refuse(self, what: str, expected: str = "", observed: str = "") -> ProofError:
        """The error to raise."""
        return refuse(self.document, PUBLISHER, what, expected, observed)

    def member(self, item: Any, name: str, where: str) -> Mapping[str, Any]:
        """An object inside an object."""
        if not isinstance(item, dict) or not isinstance(item.get(name), dict):
            raise self.refuse(f"{where} has no {name}")
        inner: Mapping[str, Any] = item[name]
        return inner

    def text(self, item: Any, name: str, where: str) -> str:
        """A field that enters a hash: printable, without commas."""
        value = item.get(name) if isinstance(item, dict) else None
        if not isinstance(value, str) or not _FIELD.match(value):
            raise self.refuse(f"{where} has no usable {name}", "1 to 128 characters without a comma", str(value))
        return str(value)

    def digest(self, item: Mapping[str, Any], name: str, where: str) -> str:
        """64 hex digits."""
        value = item.get(name)
        if not isinstance(value, str) or not _HASH.match(value):
            raise self.refuse(f"{where} has a malformed {name}", "64 lower-case hex digits", json.dumps(value)[:80])
        return str(value)

    def index(self, proof: Mapping[str, Any], where: str) -> int:
        """``leaf_index``."""
        value = proof.get("leaf_index")
        if not isinstance(value, str) or not _INDEX.match(value):
            raise self.refuse(f"{where} has no usable leaf_index", "a whole number", str(value))
        return int(value)

    def amount(self, item: Any, where: str) -> AmountText:
        """``liability``, as written."""
        value = item.get("liability") if isinstance(item, dict) else None
        try:
            return AmountText.parse(value if type(value) is str else "")
        except ValueError:
            raise self.refuse(f"{where} has no usable liability", "a decimal number", str(value)) from None

    def witnesses(self, proof: Mapping[str, Any], where: str) -> list[tuple[str, AmountText]]:
        """The siblings upwards."""
        listed = proof.get("witnesses")
        if not isinstance(listed, list) or len(listed) > MAX_LEVELS or not all(isinstance(w, dict) for w in listed):
            raise self.refuse(f"{where} has no usable witnesses", f"at most {MAX_LEVELS}")
        return [(self.digest(item, "digest", where), self.amount(item, where)) for item in listed]


SCHEME = Scheme(
    name=NAME,
    title="SwissBorg",
    source="SwissBorg/proof-of-liabilities @7ad8737e; merkle-schemes-more.md section 9",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=True,
        domain_separation=True,
        field_separators=True,
        salted=True,
        unique_ids=False,
    ),
    bind=bind,
    proof=ProofFormat(
        recognises,
        read,
        takes_anchor=True,
        readings=({"nonceField": LEAF}, {"nonceField": NONCE}),
        options={"credential": "the customer's audit credential, a secret"},
    ),
    tree=TreeFormat(recognises_roots, check),
)
