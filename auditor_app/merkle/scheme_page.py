"""A scheme's page: what it is, which of its uses this program has, what it declares, and what it does not prove.

The same value is shown by the window and printed by ``scheme show``; the limitations' sentences are those of the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor_app.merkle.counterexamples.table import why_not_shown
from auditor_app.merkle.limitations import limitation_codes, limitation_text
from auditor_app.merkle.scheme import CUSTOMER_FILE, FROM_LEDGER, WHOLE_TREE, Properties, Scheme


@dataclass(frozen=True, slots=True)
class PageLimitation:
    """One thing the tree does not prove; ``shown`` says that a counter-example can be made of it, ``why_not`` why none."""

    code: str
    text: str
    shown: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class SchemePage:
    """``uses`` and ``properties`` are in the order of the page; ``parameters`` explain what a ledger's root needs.

    ``by_tree`` are the uses that ``proof tree`` serves, and what it takes for each.
    """

    name: str
    title: str
    source: str
    uses: Mapping[str, bool]
    by_tree: Mapping[str, str]
    properties: Mapping[str, str]
    parameters: Mapping[str, str]
    limitations: tuple[PageLimitation, ...]

    @property
    def remark(self) -> str:
        """What stands in the limitations' place where none is declared; empty where some are."""
        declared_nothing = "Its properties declare nothing; accounts left out before signing are in no tree."
        return "" if self.limitations else declared_nothing


def scheme_page(scheme: Scheme) -> SchemePage:
    """The page of one scheme, from what it declares."""
    properties = scheme.properties
    return SchemePage(
        scheme.name,
        scheme.title,
        scheme.source,
        {
            FROM_LEDGER: scheme.bind is not None or FROM_LEDGER in scheme.tree_takes,
            CUSTOMER_FILE: scheme.proof is not None or CUSTOMER_FILE in scheme.tree_takes,
            WHOLE_TREE: scheme.tree is not None,
        },
        dict(scheme.tree_takes),
        _properties(properties),
        dict(scheme.parameters),
        tuple(
            PageLimitation(code, limitation_text(code, properties), not why_not, why_not)
            for code in limitation_codes(properties)
            for why_not in (why_not_shown(scheme, code),)
        ),
    )


def _properties(properties: Properties) -> dict[str, str]:
    """Every declared property, in words."""
    sums = {None: "nodes carry no sums", True: "each child's", False: "only their sum"}
    return {
        "digest": f"{properties.digest_bits} bits",
        "sums bound by a node": sums[properties.binds_child_sums],
        "leaves and nodes hashed apart": _yes(answer=properties.domain_separation),
        "separators between fields": _yes(answer=properties.field_separators),
        "sums cut to": "not cut" if properties.rounding is None else f"{properties.rounding} decimals",
        "negative balances": "accepted by the rule" if properties.allows_negatives else "refused by the rule",
        "lone node": "paired with its copy" if properties.duplicates_odd else "not duplicated",
        "leaves hold a secret": _yes(answer=properties.salted),
        "one id, one leaf": _yes(answer=properties.unique_ids),
        "confirmed by a published sample": _yes(answer=properties.confirmed),
    }


def _yes(*, answer: bool) -> str:
    return "yes" if answer else "no"
