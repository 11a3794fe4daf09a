"""The proof member of one EVM chain in an evidence file: a header, trie nodes each once, and where tokens keep balances.

Everything in it can be made up by whoever made the file; only a block hash from elsewhere gives it weight
(``onchain.md``, "Who says which block?"). The JSON is canonical, so that no byte of it is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec

from auditor_app import strict_json
from auditor_app.chain.address.digests import keccak256
from auditor_app.chain.state_proof import mapping_slot
from auditor_app.errors import AuditError, ChainError, Location
from auditor_app.typed import typed

NATIVE_DECIMALS = 18
"""Of every EVM chain's own coin as balances are counted by its nodes."""

MEDIA_TYPE = "application/vnd.por.evm-state.v1+json"
MAX_BUNDLE_BYTES = 256 * 2**20

_Hex = Annotated[str, msgspec.Meta(pattern=r"^0x([0-9a-f]{2})+\Z")]
_Address = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{40}\Z")]
_Slot = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-f]{64}\Z")]
_Digits = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,77})\Z")]


class TokenLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Where a token keeps its balances: ``mapping(address => uint256)`` at slot ``index``, and its decimals.

    The layout is the capturer's observation (at capture the slot held what ``balanceOf`` said, for every account);
    the trie proves the slot, not its meaning.
    """

    contract: _Address
    decimals: Annotated[int, msgspec.Meta(ge=0, le=255)]
    index: _Digits
    key_first: bool

    def slot(self, holder: bytes) -> bytes:
        """The 32-byte slot of a holder's balance."""
        return mapping_slot(holder, int(self.index), key_first=self.key_first)


class Touched(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """An account, and the slots of it in ascending order, that re-executed calls read."""

    address: _Address
    slots: tuple[_Slot, ...] = ()


class ProofBundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """One chain's proofs: header RLP, nodes and code in order of their Keccak-256, the rest in order of address.

    ``executed`` are tokens whose code is run again on the state of the ``touched`` accounts: ``balanceOf`` and
    ``decimals``, or only ``decimals`` where the token also stands among ``tokens``.
    """

    chain: str
    header: _Hex
    nodes: tuple[_Hex, ...]
    tokens: tuple[TokenLayout, ...]
    code: tuple[_Hex, ...] = ()
    executed: tuple[_Address, ...] = ()
    touched: tuple[Touched, ...] = ()


ProofCapture = tuple[ProofBundle | None, tuple[str, ...]]
"""What a capture of proofs gives: the bundle, or ``None`` where nothing can be proven, and in words what was left out."""


def member_name(chain: str) -> str:
    """The bundle's member for a CAIP-2 chain."""
    return f"proofs/{chain.replace(':', '-')}.json"


def anchor_name(chain: str) -> str:
    """The member with light-client data for a CAIP-2 chain."""
    return f"anchors/{chain.replace(':', '-')}.json"


def make_bundle(
    chain: str,
    header: bytes,
    nodes: Iterable[bytes],
    tokens: Iterable[TokenLayout],
    *,
    code: Iterable[bytes] = (),
    executed: Iterable[str] = (),
    touched: Mapping[bytes, Iterable[bytes]] = MappingProxyType({}),
) -> ProofBundle:
    """A bundle in canonical order; each node and code once."""
    return ProofBundle(
        chain=chain,
        header="0x" + header.hex(),
        nodes=_by_digest(nodes),
        tokens=tuple(sorted(tokens, key=lambda item: item.contract)),
        code=_by_digest(code),
        executed=tuple(sorted(set(executed))),
        touched=tuple(
            Touched(address="0x" + address.hex(), slots=tuple("0x" + slot.hex() for slot in sorted(set(slots))))
            for address, slots in sorted(touched.items())
        ),
    )


def _by_digest(items: Iterable[bytes]) -> tuple[str, ...]:
    return tuple("0x" + item.hex() for item in sorted(set(items), key=keccak256))


def encode_bundle(bundle: ProofBundle) -> bytes:
    """The member's bytes."""
    return msgspec.json.encode(bundle) + b"\n"


def decode_bundle(data: bytes, name: str) -> ProofBundle:
    """The bundle of a member; :class:`ChainError` ``EVIDENCE.PROOF`` unless it is in canonical form."""
    try:
        document = strict_json.parse(data, file=name, code="EVIDENCE.PROOF", max_bytes=MAX_BUNDLE_BYTES)
        bundle = typed(document, ProofBundle)
    except AuditError as error:
        raise ChainError("EVIDENCE.PROOF", error.what, at=error.at) from None
    except msgspec.ValidationError as error:
        raise ChainError("EVIDENCE.PROOF", f"the proofs break their schema: {error}", at=Location(name)) from None
    if encode_bundle(bundle) != data:
        raise ChainError("EVIDENCE.PROOF", "the proofs are not in canonical form", at=Location(name))
    return bundle


def in_base_units(raw: int, token_decimals: int, asset_decimals: int) -> int:
    """A token's own units in the asset map's base units; what the map cannot hold is dropped, never added.

    The same asset can have other decimals on another chain: USDT has 6 on Ethereum and 18 on BNB Smart Chain.
    """
    if asset_decimals >= token_decimals:
        return raw * int(10 ** (asset_decimals - token_decimals))
    return raw // int(10 ** (token_decimals - asset_decimals))
