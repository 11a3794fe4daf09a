"""What a scheme cannot show, drawn from the properties it declares."""

from __future__ import annotations

from collections.abc import Iterator

from auditor_app.findings import Finding, Limitation, Severity, finding, limitation
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


def scheme_limitations(scheme: Scheme, subject: str) -> tuple[Limitation, ...]:
    """The limitations of a tree made by ``scheme``."""
    return tuple(limitation(code, subject=subject) for code in limitation_codes(scheme.properties))


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
