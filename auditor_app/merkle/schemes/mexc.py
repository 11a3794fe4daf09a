"""``mexc``: MEXC's Merkle sum tree of 128-bit truncated SHA-256 over text.

Source: mexcmerkle/mexc-proof-of-reserves @a1a4f495 (verifier only), ``merkle-schemes.md`` section 1. Leaf =
T(proofId , accountId , balances verbatim); node = T(left , right , sums); a lone node is hashed with an empty right
hash on every level. Coins stand in the order of their names. BTC, ETH, USDC and USDT are all present above a real
pair; any further coin of a ledger is present where either child has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor_app.errors import LedgerError, Location, ProofError
from auditor_app.ledger.columns import DECIMAL_SCALE
from auditor_app.ledger.scan import decimal_units
from auditor_app.merkle.published import MAX_LEVELS, Claim, ProofDocument, ProofFormat, PublishedProof, PublishedStep
from auditor_app.merkle.rule import Layout, Node, Row, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.template import Balances, BalanceText, Cell, Child, Odd, Sums, Template, TemplateRule, Text
from auditor_app.snapshot.statement import Column
from auditor_app.strict_json import NumberText

COINS = ("BTC", "ETH", "USDC", "USDT")
DIGEST_BYTES = 16
_VERBATIM = BalanceText(number=None)
_PLAIN = BalanceText()
_COMMA = Text(b",")
_PROOF_ID = re.compile(r"[0-9A-Za-z_.:-]{1,128}\Z", re.ASCII)


def template(proof_id: str) -> Template:
    """The pieces of MEXC's tree for one audit round."""
    return Template(
        leaf=(Text(proof_id.encode("ascii") + b","), Cell(), _COMMA, Balances(_VERBATIM)),
        node=(Child("left"), _COMMA, Child("right"), _COMMA, Sums(_PLAIN)),
        odd=Odd.ALONE,
        digest_bytes=DIGEST_BYTES,
        zero_filled=frozenset(COINS),
    )


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger whose key is the account number and whose amounts are the exact texts that were hashed."""
    given = take_parameters(SCHEME.name, SCHEME.parameters, parameters)
    if not _PROOF_ID.match(given["proofId"]):
        raise LedgerError(
            "SCHEME.PARAMETERS",
            "the parameter proofId is not the id of an audit round",
            expected="1 to 128 characters such as PR-2025-01-22",
            observed=given["proofId"][:80],
        )
    coins = layout.as_written().with_coins(COINS, DECIMAL_SCALE)
    return TemplateRule(SCHEME.name, coins, template(given["proofId"]), leaf_count=leaf_count)


# ---- the user's proof file

_MAX_COINS = 200
_COIN = re.compile(r"[0-9A-Za-z._-]{1,32}\Z", re.ASCII)
_AMOUNT = re.compile(r"-?(?:0|[1-9][0-9]{0,59})(?:\.[0-9]{1,60})?\Z", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,3})\Z", re.ASCII)
_LEFT, _RIGHT, _ROOT = "1", "2", "3"


def recognises(document: ProofDocument) -> bool:
    """An object with ``pathList`` and ``self``."""
    return isinstance(document.json, dict) and {"pathList", "self"} <= document.json.keys()


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path. "No sibling" is a missing level or an entry with an empty hash and zero balances."""
    reader = _Reader(document.file)
    if not recognises(document):
        raise reader.refuse("the file is not an object with pathList and self")
    own = reader.entry(document.json["self"], "self")
    path = document.json["pathList"]
    if not isinstance(path, list):
        raise reader.refuse("pathList is not a list")
    if len(path) > MAX_LEVELS + 1:
        raise reader.refuse("the path is longer than any tree is deep", f"at most {MAX_LEVELS} levels", str(len(path)))
    entries = [reader.entry(item, f"pathList entry {number}") for number, item in enumerate(path)]
    reader.check_order(entries)
    layout = _layout([own, *entries])
    root = entries.pop() if entries and entries[-1].type == _ROOT else None
    proof_id, account = reader.identity(document.json["self"])
    rule = TemplateRule(SCHEME.name, layout, template(proof_id))
    depth = root.level if root else (entries[-1].level + 1 if entries else 0)
    siblings = {entry.level: entry for entry in entries}
    return (
        PublishedProof(
            rule,
            _row(account, own.balances, layout),
            Claim(own.digest),
            tuple(_step(siblings.get(level), layout) for level in range(depth)),
            Claim(root.digest, root.balances) if root else Claim(),
            claims_side="left" if own.type == _LEFT else "right" if own.type == _RIGHT else None,
        ),
    )


class _Entry:
    """One entry of the file, each field checked for form."""

    def __init__(self, level: int, kind: str, digest: bytes, balances: Mapping[str, str]) -> None:
        self.level = level
        self.type = kind
        self.digest = digest
        self.balances = balances


class _Reader:
    """Reads entries, and names what is wrong with them and where."""

    def __init__(self, file: str) -> None:
        self._file = file

    def refuse(self, what: str, expected: str = "", observed: str = "") -> ProofError:
        """The error to raise."""
        return ProofError(
            "PROOF.UNREADABLE",
            what,
            at=Location(self._file),
            expected=expected,
            observed=observed[:200],
            action="Ask for the file as MEXC issues it.",
        )

    def entry(self, item: Any, where: str) -> _Entry:
        """``level``, ``type``, ``hash`` and ``balances`` (older files: ``balance``) of one entry."""
        if not isinstance(item, dict):
            raise self.refuse(f"{where} is not an object")
        level, kind = self._number(item, "level", where), self._number(item, "type", where)
        if kind not in (_LEFT, _RIGHT, _ROOT):
            raise self.refuse(f"{where} has an unknown type", "1, 2 or 3", kind)
        digest = item.get("hash")
        if not isinstance(digest, str) or not (_DIGEST.match(digest) or (digest == "" and where != "self")):
            raise self.refuse(f"{where} has a malformed hash", "32 lower-case hex digits", str(digest))
        fields = [name for name in ("balances", "balance") if name in item]
        if len(fields) != 1:
            raise self.refuse(f"{where} must have either balances or balance")
        return _Entry(int(level), kind, bytes.fromhex(digest), self._balances(item[fields[0]], where))

    def _number(self, item: dict[str, Any], name: str, where: str) -> str:
        value = item.get(name)
        if not isinstance(value, NumberText) or not _NUMBER.match(value):
            raise self.refuse(f"{where} has no usable {name}", "a small whole number", str(value))
        return str(value)

    def _balances(self, value: Any, where: str) -> Mapping[str, str]:
        """Coin to amount text; amounts are strings, since the text itself is hashed."""
        if not isinstance(value, dict) or len(value) > _MAX_COINS:
            raise self.refuse(f"{where} has no usable balances")
        for coin, amount in value.items():
            if not _COIN.match(coin) or type(amount) is not str or not _AMOUNT.match(amount):
                raise self.refuse(f"{where} has a malformed balance for {coin[:40]!r}", observed=str(amount))
        return value

    def identity(self, own: dict[str, Any]) -> tuple[str, str]:
        """``proofId`` and ``accountId``."""
        found = []
        for name in ("proofId", "accountId"):
            value = own.get(name)
            if not isinstance(value, str) or not _PROOF_ID.match(value):
                raise self.refuse(f"self has no usable {name}", observed=str(value))
            found.append(str(value))
        return found[0], found[1]

    def check_order(self, entries: Sequence[_Entry]) -> None:
        """Levels rise strictly, at most one root stands last, and an entry without a hash holds nothing."""
        for before, entry in zip([None, *entries], entries, strict=False):
            where = f"the entry for level {entry.level}"
            if before is not None and (entry.level <= before.level or before.type == _ROOT):
                raise self.refuse(f"{where} is repeated or out of order", f"a level above {before.level}")
            if entry.level > MAX_LEVELS:
                raise self.refuse(f"{where} is higher than any tree is deep", f"at most {MAX_LEVELS}")
            if not entry.digest and (
                entry.type != _RIGHT or any(amount.strip("-0.") for amount in entry.balances.values())
            ):
                raise self.refuse(f"{where} has no hash but is not an empty right sibling")


def _layout(entries: Sequence[_Entry]) -> Layout:
    """The coins of the whole file, at a scale that holds the longest fraction in it."""
    names = sorted({coin for entry in entries for coin in entry.balances} | set(COINS))
    longest = max((len(amount.partition(".")[2]) for entry in entries for amount in entry.balances.values()), default=0)
    columns = (
        Column(name="accountId", type="token"),
        *(Column(name=name, type="decimal", optional=True, signed=True) for name in names),
    )
    return Layout.of(columns, max(longest, DECIMAL_SCALE))


def _units(balances: Mapping[str, str], layout: Layout) -> tuple[int | None, ...]:
    """The balances as the layout's integers; absent coins stay absent."""
    return tuple(
        decimal_units(balances[coin.name].encode("ascii"), coin.scale) if coin.name in balances else None
        for coin in layout.coins
    )


def _row(account: str, balances: Mapping[str, str], layout: Layout) -> Row:
    """The ledger row that this customer's leaf is made of."""
    cells = (account.encode("ascii"), *(balances.get(coin.name, "").encode("ascii") for coin in layout.coins))
    return Row(0, b",".join(cells), cells, _units(balances, layout))


def _step(sibling: _Entry | None, layout: Layout) -> PublishedStep:
    """One level: a missing or empty sibling leaves the node lone, on the left."""
    if sibling is None or not sibling.digest:
        return PublishedStep(None)
    return PublishedStep(
        Node(sibling.digest, _units(sibling.balances, layout)), "left" if sibling.type == _LEFT else "right"
    )


SCHEME = Scheme(
    name="mexc",
    title="MEXC",
    source="mexcmerkle/mexc-proof-of-reserves @a1a4f495; merkle-schemes.md section 1",
    properties=Properties(digest_bits=128, binds_child_sums=False, domain_separation=False, field_separators=True),
    parameters={"proofId": "the id of the audit round, the same for every customer, such as PR-2025-01-22"},
    bind=bind,
    proof=ProofFormat(recognises, read),
)
