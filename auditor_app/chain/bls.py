"""BLS signatures of sync committees (consensus-specs ``fast_aggregate_verify``, IETF draft-irtf-cfrg-bls-signature)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, cast

from eth_typing import BLSPubkey, BLSSignature
from py_ecc.bls.g2_primitives import pubkey_to_G1, signature_to_G2, subgroup_check
from py_ecc.bls.hash_to_curve import hash_to_G2
from py_ecc.fields import optimized_bls12_381_FQ12
from py_ecc.optimized_bls12_381.optimized_curve import G1, add, is_inf, neg
from py_ecc.optimized_bls12_381.optimized_pairing import final_exponentiate, pairing

_DOMAIN = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"


def signed_by_aggregate(aggregate: bytes, absent: Iterable[bytes], message: bytes, signature: bytes) -> bool:
    """Whether everybody behind ``aggregate`` but the ``absent`` signed ``message``.

    Keys are 48-byte compressed points that a proven beacon state holds as a committee and its sum, so that their proofs
    of possession were checked when they entered it; taking away the few who are absent is the same sum as adding the
    many who signed, and quicker. A malformed point or signature signs nothing.
    """
    try:
        key = pubkey_to_G1(BLSPubkey(aggregate))
        for other in absent:
            key = add(key, neg(pubkey_to_G1(BLSPubkey(other))))
        point = signature_to_G2(BLSSignature(signature))
    except (ValueError, AssertionError):
        return False
    if is_inf(key) or not subgroup_check(point) or not subgroup_check(key):
        return False
    hashed = hash_to_G2(message, _DOMAIN, cast(Any, sha256))
    product = pairing(point, neg(G1), final_exponentiate=False) * pairing(hashed, key, final_exponentiate=False)
    return bool(final_exponentiate(product) == optimized_bls12_381_FQ12.one())
