"""What a counter-example yields, and the small ledger that it is made on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditor_app.amounts import Amount
from auditor_app.errors import UsageError
from auditor_app.ledger.columns import is_amount, parse_columns
from auditor_app.ledger.grammar import Grammar
from auditor_app.merkle.inclusion import parse_row
from auditor_app.merkle.published import Claim, ProofCheck, PublishedProof, PublishedStep, check_proof
from auditor_app.merkle.rule import Layout, Node, Row, Rule
from auditor_app.merkle.scheme import Binder, Scheme
from auditor_app.snapshot.statement import Column

SUBJECT = "counter-example"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One limitation shown: ``shown`` are names and values in order, ``says`` what follows from them.

    ``holds`` is whether everything in it came out as the limitation says; if not, the limitation is not the scheme's.
    """

    scheme: str
    code: str
    title: str
    shown: tuple[tuple[str, str], ...]
    says: str
    holds: bool

    @property
    def conclusion(self) -> str:
        """What follows, or that nothing does."""
        return self.says if self.holds else "This counter-example does not come out: report the defect."


@dataclass(frozen=True, slots=True)
class ExampleLedger:
    """The columns and parameters of a small ledger of one scheme.

    ``bind`` stands in where a scheme defines no way from a ledger to a root; ``made_up_leaves`` where its publisher
    does not say how a leaf is made.
    """

    columns: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    bind: Binder | None = None
    made_up_leaves: bool = False


@dataclass(frozen=True)
class Book:
    """An example ledger bound to its scheme, for a tree of ``leaf_count`` leaves."""

    scheme: Scheme
    ledger: ExampleLedger
    leaf_count: int

    @property
    def columns(self) -> tuple[Column, ...]:
        """The ledger's columns."""
        return parse_columns(self.ledger.columns)

    @property
    def coins(self) -> tuple[str, ...]:
        """The coins in the order of the columns."""
        return tuple(column.name for column in self.columns if is_amount(column))

    def rule(self, parameters: Mapping[str, str] | None = None) -> Rule:
        """The scheme's rule; :class:`UsageError` where there is none."""
        bind = self.ledger.bind or self.scheme.bind
        if bind is None:
            raise UsageError("USAGE", f"the scheme {self.scheme.name} defines no way from a ledger to a root")
        given = self.ledger.parameters if parameters is None else parameters
        return bind(Layout.of(self.columns), given, self.leaf_count)

    def row(self, who: str, balances: Mapping[str, str], **identity: str) -> Row:
        """A customer's row: coins that are not named are absent, or zero where a column must be filled."""
        cells = [identity.get(column.name) or self._cell(column, who, balances) for column in self.columns]
        row = parse_row(",".join(cells), 0, Grammar.of(self.columns))
        if row is None:
            raise ValueError(f"an example row keeps to the grammar: {','.join(cells)}")
        return row

    def leaf(self, rule: Rule, row: Row) -> Node:
        """The row's leaf; a made-up digest where no rule says how it is made."""
        if not self.ledger.made_up_leaves:
            return rule.leaf(row)
        virtual = (None,) * (len(rule.layout.coins) - len(row.units))
        return Node(hashlib.sha256(row.text).digest(), row.units + virtual)

    def check(self, rule: Rule, row: Row | None, start: Node, steps: Sequence[PublishedStep], root: Node) -> ProofCheck:
        """The proof check of one path, against a root that counts as published; ``row`` ``None`` takes ``start`` on trust."""
        bound = row is not None and not self.ledger.made_up_leaves
        proof = PublishedProof(
            rule,
            row if bound else None,
            Claim(start.digest),
            tuple(steps),
            Claim(root.digest, rule.balances(root) if rule.carries_sums else None),
            start=start,
        )
        return check_proof(proof, subject=SUBJECT, published_root=root.digest.hex())

    def _cell(self, column: Column, who: str, balances: Mapping[str, str]) -> str:
        text = balances.get(column.name)
        if column.type == "base-units":
            return str(Amount.parse(text or "0").base_units(column.decimals or 0))
        if column.type == "decimal":
            return text if text is not None else "" if column.optional else "0"
        return hashlib.sha256(f"{who} {column.name}".encode()).hexdigest() if column.type == "hex64" else who


def agrees(check: ProofCheck) -> bool:
    """Whether the path leads to the root and nothing about it is an exception."""
    return bool(check.published_root_matches) and not any(item.counts for item in check.findings)


def verdict(check: ProofCheck) -> str:
    """``agrees`` with the recalculated root, or ``does not agree``."""
    return f"{'agrees' if agrees(check) else 'does not agree'}, root recalculated {check.root}"


def with_amounts(rule: Rule, node: Node, balances: Mapping[str, str]) -> Node:
    """A node's hash with other balances than its own."""
    sums = tuple(
        None if coin.name not in balances else Amount.parse(balances[coin.name]).at_scale(coin.scale).units
        for coin in rule.layout.coins
    )
    if not rule.carries_sums:
        return Node(node.digest)
    filled = tuple(
        0 if units is None and own is not None else units for units, own in zip(sums, node.sums, strict=True)
    )
    return Node(node.digest, filled, node.extra)


def listed(balances: Mapping[str, str]) -> str:
    """``BTC 10, ETH 0``."""
    return ", ".join(f"{coin} {text}" for coin, text in balances.items()) or "none"
