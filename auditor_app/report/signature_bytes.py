"""Bytes of a signed file that no signature is over: the room of each signature, what it carries, what stands behind the last.

A signature is over everything but its own room (ISO 32000-2, 12.8.1). What fills that room must be one CMS object and
zeros, its certificates whole, its time stamp intact; and one signature must reach the file's last byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asn1crypto import x509

_UPDATE = re.compile(rb"startxref\n([0-9]{1,10})\n%%EOF\n\Z")
_ROOM = re.compile(rb"<(?:[0-9a-f]+|[0-9A-F]+)>\Z")


def reaches_the_end(embedded: Sequence[Any], pdf: bytes) -> bool:
    """Whether a signature or document time stamp is over the last byte of ``pdf``.

    Behind a document time stamp there may be one update more, of evidence for it (ETSI EN 319 142-1, 5.4.3); whether it
    holds nothing else is judged by the caller.
    """
    ends = {int(item.byte_range[-2]) + int(item.byte_range[-1]): item for item in embedded}
    last = max(ends, default=0)
    if last == len(pdf):
        return True
    update = _UPDATE.search(pdf, last)
    stamped = last in ends and ends[last].sig_object_type == "/DocTimeStamp"
    return stamped and update is not None and pdf.count(b"%%EOF", last) == 1 and last <= int(update[1]) < len(pdf)


def complaints(embedded: Any, pdf: bytes, named: Sequence[x509.Certificate]) -> Iterator[str]:
    """What is wrong with the bytes in the room of one signature, a sentence each."""
    first, length, second, _ = (int(number) for number in embedded.byte_range)
    if _ROOM.match(pdf[first + length : second]) is None or not _one_object(embedded.pkcs7_content):
        yield "The room of the signature holds more than the signature."
    if not _plain_digests(embedded.signed_data):
        yield "The signature names digests that it was not made with."
    if not _whole(embedded.signed_data, named, strict=bool(named)):
        yield "A certificate that rides with the signature was changed, or the one that issued it is not named."
    for attribute in embedded.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native != "signature_time_stamp_token":
            yield "Something that is no time stamp rides with the signature."
            continue
        for token in (value["content"] for value in attribute["values"]):
            if not (_plain_digests(token) and _whole(token, named, strict=_leads_to(token, named))):
                yield "The time stamp or a certificate in it was changed."


def _one_object(content: bytes) -> bool:
    """One DER value with nothing but zeros behind it."""
    from asn1crypto import parser

    try:
        length = parser.peek(content)
    except ValueError:
        return False
    return not any(content[length:])


def _plain_digests(signed: Any) -> bool:
    """The list of digests, which no signature is over, is that of the one signer, without parameters."""
    listed = [item.native for item in signed["digest_algorithms"]]
    used = [item["digest_algorithm"].native for item in signed["signer_infos"]]
    return all(item["parameters"] is None for item in listed) and [item["algorithm"] for item in listed] == [
        item["algorithm"] for item in used
    ]


def _leads_to(token: Any, named: Sequence[x509.Certificate]) -> bool:
    """Whether a key of a named certificate rides in the token: then every certificate in it must be whole."""
    keys = {item.public_key.dump() for item in named}
    return any(item.public_key.dump() in keys for item in _beside(token))


def _beside(signed: Any) -> list[Any]:
    return [item.chosen for item in signed["certificates"] if item.name == "certificate"]


def _whole(signed: Any, named: Sequence[x509.Certificate], *, strict: bool) -> bool:
    """Every certificate inside is one that the reader named, or is signed by one that is there.

    Unless ``strict`` one whose issuer is nowhere to be seen is passed over: nothing rests on it.
    """
    from cryptography import x509

    known = {item.dump() for item in named}
    beside = [item.dump() for item in _beside(signed)]
    try:
        there = [x509.load_der_x509_certificate(data) for data in dict.fromkeys((*known, *beside))]
        for data in beside:
            one = x509.load_der_x509_certificate(data)
            issuers = [other for other in there if other.subject == one.issuer]
            if data in known or (not strict and not issuers):
                continue
            if not any(_issued(one, other) for other in issuers):
                return False
    except (ValueError, TypeError):
        return False
    return True


def _issued(one: Any, issuer: Any) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        one.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True
