"""drand rounds: when they are published, and whether a typed signature is the network's own.

A round's randomness is SHA-256 of a BLS12-381 threshold signature that nobody could know before its time and
that anybody can check against the chain's public key, pinned here, without a network. Rounds count from 1 at
genesis: round r is published at genesis + (r − 1) · period (drand ``TimeOfRound``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from auditor_app.errors import SamplingError

if TYPE_CHECKING:
    from eth_typing import BLSPubkey, BLSSignature

MAX_ROUND = 2**63 - 1
_G1_BYTES = 48
_G2_BYTES = 96
_G1_DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"


@dataclass(frozen=True, slots=True)
class DrandChain:
    """One pinned network: its hash and public key in hex, genesis in Unix seconds and period in seconds.

    ``unchained`` signs the round alone, with signatures in G1; ``chained`` also signs the previous signature,
    with signatures in G2.
    """

    name: str
    hash: str
    scheme: Literal["unchained", "chained"]
    public_key: str
    genesis: int
    period: int

    def time_of(self, round_: int) -> datetime:
        """When the round is published; ``SamplingError`` for a round that no calendar holds."""
        try:
            return datetime.fromtimestamp(self.genesis + (round_ - 1) * self.period, UTC)
        except (OverflowError, ValueError, OSError):
            raise SamplingError(
                "SAMPLE.RANDOMNESS", f"round {round_} lies beyond the calendar", action="Name a nearer round."
            ) from None

    def first_round_after(self, moment: datetime) -> int:
        """The first round that is published after ``moment``."""
        seconds = int(moment.timestamp()) - self.genesis
        return 1 if seconds < 0 else seconds // self.period + 2

    @property
    def signature_bytes(self) -> int:
        """The length of a compressed signature."""
        return _G1_BYTES if self.scheme == "unchained" else _G2_BYTES

    def randomness(self, round_: int, signature: bytes, previous: bytes = b"") -> bytes:
        """SHA-256 of the signature, once the signature recomputes against the pinned key.

        ``previous`` is the signature of the round before, for a chained network. Raises
        :class:`SamplingError` ``SAMPLE.RANDOMNESS`` for any other signature.
        """
        number = round_.to_bytes(8, "big")
        message = sha256(number if self.scheme == "unchained" else previous + number).digest()
        fits = len(signature) == self.signature_bytes and (
            _fits_g1(bytes.fromhex(self.public_key), message, signature)
            if self.scheme == "unchained"
            else _fits_g2(bytes.fromhex(self.public_key), message, signature)
        )
        if not fits:
            raise SamplingError(
                "SAMPLE.RANDOMNESS",
                f"the signature is not that of drand {self.name} round {round_}",
                action="Copy the signature of exactly that round again.",
            )
        return sha256(signature).digest()


def _fits_g1(key: bytes, message: bytes, signature: bytes) -> bool:
    """e(signature, g₂) = e(H(message), key), signature in G1 and key in G2 (RFC 9380 hash to curve)."""
    from py_ecc.bls.g2_primitives import signature_to_G2, subgroup_check
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.bls.point_compression import decompress_G1
    from py_ecc.bls.typing import G1Compressed
    from py_ecc.fields import optimized_bls12_381_FQ12
    from py_ecc.optimized_bls12_381.optimized_curve import G2, is_inf, neg
    from py_ecc.optimized_bls12_381.optimized_pairing import final_exponentiate, pairing

    try:
        point = decompress_G1(G1Compressed(int.from_bytes(signature, "big")))
    except ValueError:  # no point of the curve
        return False
    if is_inf(point) or not subgroup_check(point):
        return False
    pinned = signature_to_G2(cast("BLSSignature", key))
    hashed = hash_to_G1(message, _G1_DST, sha256)  # type: ignore[arg-type]  # its annotation wants a digest object
    product = pairing(G2, point, final_exponentiate=False) * pairing(pinned, neg(hashed), final_exponentiate=False)
    return bool(final_exponentiate(product) == optimized_bls12_381_FQ12.one())


def _fits_g2(key: bytes, message: bytes, signature: bytes) -> bool:
    """The same with signature in G2 and key in G1: the IETF's basic scheme."""
    from py_ecc.bls.ciphersuites import G2Basic

    return bool(G2Basic.Verify(cast("BLSPubkey", key), message, cast("BLSSignature", signature)))


_CHAINS = (
    DrandChain(
        name="quicknet",
        hash="52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
        scheme="unchained",
        public_key="83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
        genesis=1_692_803_367,
        period=3,
    ),
    DrandChain(
        name="default",
        hash="8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
        scheme="chained",
        public_key="868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31",
        genesis=1_595_431_050,
        period=30,
    ),
)

CHAINS: Mapping[str, DrandChain] = MappingProxyType({chain.name: chain for chain in _CHAINS})
