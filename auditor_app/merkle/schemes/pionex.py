"""``pionex``: Pionex's Merkle tree over text, without sums, with a nonce in the customer's record id.

Source: pionex-official/proof-of-reserves @7ef31be, ``merkle-schemes-more.md`` section 12. Record id =
HMAC-SHA256(nonce, proofId,userId) in hex, leaf = H(recordId,COIN:amount,…,Total:total) with coins in ASCII order and
amounts as written, node = SHA-256(left ‖ right) of raw bytes. The publisher names no odd-node rule, so a ledger must have
2**k rows, and publishes no sample.

Pionex shows the proof on a page; copied into a file it is ``scheme: pionex``, ``proofId: …``, ``userId: …``,
``nonce: …``, a line for each coin such as ``ADA: 123.2456``, ``Total: …``, and, where shown, ``leaf: hash``,
``path: 7:hash,2:hash`` and ``root: hash``. A path item is a sibling's number, counted from 1 at the root and through
every level from the left, so that odd ones stand on the right. A ledger has ``recordId`` (hex64) first, a decimal
column for each coin, where an empty cell leaves the coin out, and ``Total``.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping

from auditor_app.merkle.paired import PairedRule
from auditor_app.merkle.path_file import refuse
from auditor_app.merkle.published import MAX_LEVELS, Claim, ProofDocument, ProofFormat, PublishedProof, PublishedStep
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import Balances, BalanceText, Cell, Child, Odd, Template, Text
from auditor_app.merkle.text_sums import check_coins
from auditor_app.merkle.transcript import Transcript, is_transcript, path_items, read_transcript

NAME = "pionex"
PUBLISHER = "Pionex"
TOTAL = "Total"
_FIELDS = ("proofId", "userId", "nonce", "recordId", "leaf", "path", "root")
_ITEM = re.compile(r"([1-9][0-9]{0,18}):([0-9a-f]{64})\Z", re.ASCII)


def record_id(proof_id: str, user_id: str, nonce: str) -> str:
    """The id of a customer's record."""
    return hmac.digest(nonce.encode("ascii"), f"{proof_id},{user_id}".encode("ascii"), "sha256").hex()


def template(coins: Collection[str]) -> Template:
    """The pieces, for the coins other than the total."""
    listed = BalanceText(order=tuple(sorted(coins)), number=None)
    total = BalanceText(order=(TOTAL,), named=False, number=None)
    return Template(
        leaf=(Cell(), Text(b","), Balances(listed), Text(b",Total:"), Balances(total)),
        node=(Child("left", "raw"), Child("right", "raw")),
        odd=Odd.ALONE,
        sums=False,
    )


def rule(layout: Layout) -> Rule:
    """The rule over rows with a record id, coins and a total."""
    return PairedRule(NAME, layout, template([coin.name for coin in layout.coins if coin.name != TOTAL]))


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger; it takes no parameters."""
    take_parameters(NAME, {}, parameters)
    check_coins(NAME, layout, needed=(TOTAL,))
    return rule(layout)


def recognises(document: ProofDocument) -> bool:
    """A transcript that names the scheme."""
    return is_transcript(document, NAME)


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path."""
    if not recognises(document):
        raise refuse(
            document, PUBLISHER, "the file is no transcript of the page", "a first line such as scheme: pionex"
        )
    found = read_transcript(document, PUBLISHER, _FIELDS, None)
    if TOTAL not in found.amounts:
        raise refuse(document, PUBLISHER, "the transcript has no Total")
    record = record_id(found.text("proofId"), found.text("userId"), found.text("nonce"))
    if found.fields.get("recordId", record) != record:
        what = "the record id is not that of the proof id, user id and nonce"
        raise refuse(document, PUBLISHER, what, record, found.fields["recordId"])
    layout, row = found.row({"recordId": record}, (*sorted(found.amounts.keys() - {TOTAL}), TOTAL))
    claim = Claim(found.digest("leaf"))
    return (PublishedProof(rule(layout), row, claim, _steps(found), Claim(found.digest("root"))),)


def _steps(found: Transcript) -> tuple[PublishedStep, ...]:
    """The siblings upwards; each number must be that of the sibling on the way from the one below to the root."""
    items = path_items(found, _ITEM, "a number and a hash", MAX_LEVELS)
    numbered = sorted(((int(item[1]), item[2]) for item in items), reverse=True)
    expected = None
    for number, _ in numbered:
        if number < 2 or expected not in (None, number):
            what = "a sibling is missing, repeated or out of order"
            raise refuse(found.document, PUBLISHER, what, str(expected or "a number above 1"), str(number))
        expected = (number // 2) ^ 1
    if numbered and numbered[-1][0] not in (2, 3):
        raise refuse(found.document, PUBLISHER, "the path does not reach the root", "2 or 3", str(numbered[-1][0]))
    return tuple(
        PublishedStep(Node(bytes.fromhex(digest)), "right" if number % 2 else "left") for number, digest in numbered
    )


SCHEME = Scheme(
    name=NAME,
    title="Pionex",
    source="pionex-official/proof-of-reserves @7ef31be; merkle-schemes-more.md section 12",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=None,
        domain_separation=False,
        field_separators=True,
        salted=True,
        confirmed=False,
    ),
    bind=bind,
    proof=ProofFormat(recognises, read),
)
