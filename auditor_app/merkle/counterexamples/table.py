"""Which limitations can be shown, and on how many leaves; the one entrance to the counter-examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditor_app.errors import UsageError
from auditor_app.merkle.counterexamples.digests import duplicates_odd, truncated
from auditor_app.merkle.counterexamples.ledgers import LEDGERS
from auditor_app.merkle.counterexamples.model import Book, Demonstration
from auditor_app.merkle.counterexamples.preimages import ambiguous, node_as_leaf, unsalted
from auditor_app.merkle.counterexamples.sums import TENTH, no_sums, rounding, sum_not_bound
from auditor_app.merkle.limitations import limitation_codes
from auditor_app.merkle.scheme import Scheme

DEMONSTRATIONS: Mapping[str, tuple[Callable[[Book], Demonstration | None], int]] = MappingProxyType(
    {
        "TREE.SUM_NOT_BOUND": (sum_not_bound, 2),
        "TREE.NO_SUMS": (no_sums, 2),
        "TREE.ROUNDING": (rounding, TENTH),
        "SCHEME.AMBIGUOUS": (ambiguous, 2),
        "SCHEME.DUPLICATES_ODD": (duplicates_odd, 4),
        "SCHEME.NO_DOMAIN_SEPARATION": (node_as_leaf, 4),
        "SCHEME.TRUNCATED": (truncated, 1),
        "SCHEME.UNSALTED": (unsalted, 1),
    }
)
"""Limitation, and what shows it on a tree of how many leaves."""

SOMETIMES = frozenset({"SCHEME.NO_DOMAIN_SEPARATION", "SCHEME.UNSALTED"})
"""Limitations that some schemes escape by their form, though nothing that they declare says so."""


_UNCONFIRMED = "it says that no published sample recalculates, which nothing made here could show."
_BY_FORM = "a node's text does not have the form of a leaf's here (short of a hash without a letter), but no tag keeps them apart."
_BY_LENGTH = "a leaf has 8 bytes here and a node 32, but no tag keeps them apart."
_LEAF_UNPUBLISHED = "its publisher does not say how a leaf is made, so there is no text to try."
_NO_LEDGER = "this program makes no small ledger of the scheme; proof tree recalculates the published list."


def why_not_shown(scheme: Scheme, code: str) -> str:
    """Why there is no counter-example for a limitation of the scheme; empty where there is one."""
    if can_be_shown(scheme, code):
        return ""
    if code not in DEMONSTRATIONS:
        return _UNCONFIRMED
    if scheme.name not in LEDGERS:
        return _NO_LEDGER
    if LEDGERS[scheme.name].made_up_leaves:
        return _LEAF_UNPUBLISHED
    return _BY_LENGTH if scheme.name.startswith("armanino") else _BY_FORM


def can_be_shown(scheme: Scheme, code: str) -> bool:
    """Whether :func:`demonstrate` has a counter-example."""
    if code not in limitation_codes(scheme.properties):
        return False
    if code in SOMETIMES:
        return _made(scheme, code) is not None
    return code in DEMONSTRATIONS and scheme.name in LEDGERS


def demonstrate(scheme: Scheme, code: str) -> Demonstration:
    """Make the counter-example; :class:`UsageError` for a limitation that is not the scheme's or cannot be shown."""
    codes = list(limitation_codes(scheme.properties))
    if code not in codes:
        raise UsageError(
            "USAGE",
            f"the scheme {scheme.name} has no limitation {code[:60]!r}",
            expected=", ".join(codes) or "no limitation at all",
        )
    made = _made(scheme, code)
    if made is None:
        raise UsageError(
            "USAGE",
            f"there is no counter-example for {code} of the scheme {scheme.name}: {why_not_shown(scheme, code)[:-1]}",
            expected=", ".join(item for item in codes if can_be_shown(scheme, item)) or "none for this scheme",
        )
    return made


def _made(scheme: Scheme, code: str) -> Demonstration | None:
    """The counter-example; ``None`` where the limitation, or the scheme, has none."""
    if code not in DEMONSTRATIONS or scheme.name not in LEDGERS:
        return None
    make, leaves = DEMONSTRATIONS[code]
    return make(Book(scheme, LEDGERS[scheme.name], leaves))
