"""What a scheme cannot show, drawn from the properties it declares: one text for window, report and command line."""

from __future__ import annotations

from collections.abc import Iterator

from auditor_app.amounts import Amount
from auditor_app.findings import LIMITATIONS, Finding, Limitation, Severity, finding, limitation
from auditor_app.merkle.scheme import Properties, Scheme

FULL_DIGEST_BITS = 256
STRONG_DIGEST_BITS = 128


def limitation_codes(properties: Properties) -> Iterator[str]:
    """The codes of the limitations that follow from a scheme's properties."""
    if properties.binds_child_sums is None:
        yield "TREE.NO_SUMS"
    if properties.binds_child_sums is False:
        yield "TREE.SUM_NOT_BOUND"
    if properties.rounding is not None:
        yield "TREE.ROUNDING"
    if not properties.field_separators:
        yield "SCHEME.AMBIGUOUS"
    if properties.duplicates_odd:
        yield "SCHEME.DUPLICATES_ODD"
    if not properties.domain_separation:
        yield "SCHEME.NO_DOMAIN_SEPARATION"
    if properties.digest_bits < FULL_DIGEST_BITS:
        yield "SCHEME.TRUNCATED"
    if not properties.salted:
        yield "SCHEME.UNSALTED"
    if not properties.confirmed:
        yield "SCHEME.UNCONFIRMED"


def limitation_text(code: str, properties: Properties, leaf_count: int | None = None) -> str:
    """The catalogue's sentence, with the numbers of this scheme and, where it is known, of this tree."""
    text = LIMITATIONS[code]
    if code == "TREE.ROUNDING" and properties.rounding is not None:
        text += f" They are cut to {properties.rounding} decimals, or to fewer where the scheme says so for a coin."
        if leaf_count is None:
            return text
        bound = rounding_bound(properties.rounding, leaf_count).plain()
        return f"{text} With {leaf_count} leaves a total cut to {properties.rounding} is off by less than {bound}."
    if code == "SCHEME.TRUNCATED":
        bits = properties.digest_bits
        return f"{text} Here it has {bits} bits, and a collision costs about 2^{bits // 2} hashes."
    return text


def rounding_bound(places: int, leaf_count: int) -> Amount:
    """What cutting sums to ``places`` decimals takes from a total is less than this (zero for one leaf).

    Only the nodes right above leaves cut anything off, each less than one unit: higher sums are whole units already.
    """
    return Amount(0 if leaf_count < 2 else (leaf_count + 1) // 2, places)


def scheme_limitations(scheme: Scheme, subject: str, leaf_count: int | None = None) -> tuple[Limitation, ...]:
    """The limitations of a tree made by ``scheme``."""
    properties = scheme.properties
    return tuple(
        limitation(code, subject=subject, message=limitation_text(code, properties, leaf_count))
        for code in limitation_codes(properties)
    )


def weak_hash(scheme: Scheme, *, procedure: str, subject: str) -> tuple[Finding, ...]:
    """``SCHEME.WEAK_HASH`` where digests are shorter than 256 bits: a note from 128 up, critical below."""
    bits = scheme.properties.digest_bits
    if bits >= FULL_DIGEST_BITS:
        return ()
    return (
        finding(
            "SCHEME.WEAK_HASH",
            procedure=procedure,
            subject=subject,
            message=f"The scheme {scheme.name} cuts digests to {bits} bits: a collision costs about 2^{bits // 2} hashes.",
            expected=f"{FULL_DIGEST_BITS} bits",
            observed=f"{bits} bits",
            severity=Severity.NOTE if bits >= STRONG_DIGEST_BITS else Severity.CRITICAL,
        ),
    )
