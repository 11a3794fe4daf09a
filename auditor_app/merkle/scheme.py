"""What a scheme is: a way to a :class:`~auditor_app.merkle.rule.Rule`, what it cannot show, and its file readers.

One definition serves four uses: a root from a ledger, one customer's published proof, a published whole tree, and an
inclusion proof. All four meet in the rule: whoever holds a leaf's row calls ``leaf``, whoever holds two nodes calls
``parent``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from auditor_app.errors import LedgerError
from auditor_app.merkle.published import ProofFormat
from auditor_app.merkle.published_tree import TreeFormat
from auditor_app.merkle.rule import Layout, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What a scheme declares of itself; limitations and the scheme's page are made from this.

    ``digest_bits`` is that of the shortest digest in the tree. ``binds_child_sums`` is ``None`` where nodes carry no
    sums. ``rounding`` is the number of decimals that sums are cut to at every node. ``unique_ids`` says whether one
    id may stand in one leaf only. ``confirmed`` says whether some published sample recalculates to its root.
    """

    digest_bits: int
    binds_child_sums: bool | None
    domain_separation: bool
    field_separators: bool
    rounding: int | None = None
    allows_negatives: bool = True
    duplicates_odd: bool = False
    salted: bool = False
    unique_ids: bool = True
    confirmed: bool = True


FROM_LEDGER = "root from a ledger"
CUSTOMER_FILE = "customer's proof file"
WHOLE_TREE = "whole-tree file"
"""The uses of a scheme, as its page names them."""

Binder = Callable[[Layout, Mapping[str, str], "int | None"], Rule]
"""Fixes a scheme to a layout, parameters and the leaf count (``None`` where unknown).

Raises :class:`LedgerError` ``SCHEME.PARAMETERS`` for missing, unknown or malformed parameters and missing columns.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One published scheme: its name in snapshots, who publishes it, its properties and its four uses.

    ``tree_takes`` says which other uses the check of the whole tree serves by a file beside it, and which file.

    ``parameters`` explains each parameter the binder takes. ``bind`` is ``None`` where the scheme defines no way from
    a ledger to a root; ``proof`` is ``None`` where no user proof file is published, ``tree`` where no whole tree is.
    """

    name: str
    title: str
    source: str
    properties: Properties
    parameters: Mapping[str, str] = field(default_factory=dict)
    bind: Binder | None
    proof: ProofFormat | None = None
    tree: TreeFormat | None = None
    tree_takes: Mapping[str, str] = field(default_factory=dict)


def take_parameters(
    scheme: str, known: Mapping[str, str], given: Mapping[str, str], optional: Collection[str] = ()
) -> Mapping[str, str]:
    """``given`` if it holds the ``known`` names and no other; ``SCHEME.PARAMETERS`` names the first that does not fit."""
    for name in given:
        if name not in known:
            raise LedgerError(
                "SCHEME.PARAMETERS",
                f"the scheme {scheme} has no parameter {name}",
                expected=", ".join(known) or "no parameters",
                action="Ask the issuer for the parameters.",
            )
    for name, meaning in known.items():
        if name not in given and name not in optional:
            raise LedgerError(
                "SCHEME.PARAMETERS",
                f"the scheme {scheme} needs the parameter {name}: {meaning}",
                action="Ask the issuer for it.",
            )
    return given
