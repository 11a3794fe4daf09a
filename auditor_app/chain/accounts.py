"""Accounts named by CAIP-10, decoded so that two spellings of one account are seen to be one.

The address forms are those of :mod:`auditor_app.chain.address`. What cannot be decoded is an error, never a pass;
what decodes but carries no checksum is marked, because a typing error in it would go unnoticed.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

from auditor_app.chain.address.evm import eip55
from auditor_app.chain.address.model import AddressError
from auditor_app.chain.address.networks import NETWORKS, network_of_chain
from auditor_app.errors import ChainError

_CAIP10 = re.compile(r"([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}):([-._%a-zA-Z0-9]{1,128})\Z", re.ASCII)
_HEX20 = re.compile(r"0x[0-9a-fA-F]{40}\Z", re.ASCII)
_CHAIN_ID = re.compile(r"eip155:[1-9][0-9]{0,18}\Z", re.ASCII)
_EVM_TOKENS = frozenset({"erc20", "bep20"})


@dataclass(frozen=True, slots=True)
class Account:
    """A decoded account: ``identity`` is equal for every spelling; ``checksummed`` says a typo would be seen.

    ``known_form`` is false for a chain whose address form this program does not know; identity is then the text.
    """

    chain: str
    address: str
    identity: str
    checksummed: bool
    known_form: bool = True


def decode_account(text: str) -> Account:
    """The account that a CAIP-10 text names; :class:`ChainError` ``ADDRESS.UNDECODABLE`` if there is none."""
    match = _CAIP10.match(text)
    if not match:
        raise _undecodable(text, "it is not a CAIP-10 account (namespace:reference:address)")
    chain, address = match.groups()
    if chain.startswith("eip155:") and not is_evm_chain(chain):
        raise _undecodable(text, "the chain id is no decimal number without leading zeros")
    network = network_of_chain(chain)
    if network is None:
        return Account(chain, address, text, checksummed=False, known_form=False)
    try:
        decoded = network.decode(address)
    except AddressError as error:
        raise _undecodable(text, str(error)) from None
    return Account(chain, address, f"{chain}:{decoded.kind}:{decoded.payload.hex()}", decoded.checksummed)


def evm_address(account: Account) -> str:
    """The EIP-55 spelling of an account on an EVM chain; ``ValueError`` where its address is no such account."""
    if not account.chain.startswith("eip155:") or not _HEX20.match(account.address):
        raise ValueError("the address is not that of an EVM account")
    return checksum_address(account.address)


def checksum_address(address: str) -> str:
    """The EIP-55 spelling of ``0x`` and 40 hex digits in any case."""
    return eip55(bytes.fromhex(address[2:]))


def is_evm_chain(chain: str) -> bool:
    """Whether a CAIP-2 id is that of an EVM chain in its one spelling: ``eip155:01`` would be chain 1 a second time."""
    return _CHAIN_ID.match(chain) is not None


def asset_identity(asset_id: str) -> str:
    """A CAIP-19 asset id, equal for every spelling of one asset.

    A chain has one coin of its own, whatever SLIP-44 number is written for it; a token's contract has one spelling.
    """
    chain, slash, rest = asset_id.partition("/")
    kind, colon, reference = rest.partition(":")
    if kind == "slip44":
        return f"{chain}{slash}{kind}"
    if _HEX20.match(reference):
        kind, reference = "erc20" if kind in _EVM_TOKENS else kind, reference.lower()
    elif kind == "trc20":
        with contextlib.suppress(AddressError):
            reference = NETWORKS["tron"].decode(reference).payload.hex()
    elif kind == "spl-token":
        kind = "token"
    return f"{chain}{slash}{kind}{colon}{reference}"


def contract_of(asset_id: str) -> str | None:
    """The token contract (lower case) of a CAIP-19 id on an EVM chain, ``None`` for the native coin.

    ``ValueError`` with a clause for any other kind of asset.
    """
    kind, _, reference = asset_id.partition("/")[2].partition(":")
    if kind == "slip44":
        return None
    if kind not in _EVM_TOKENS:
        raise ValueError(f"assets of the kind {kind[:20]} are not captured")
    if not _HEX20.match(reference):
        raise ValueError("the asset's contract is no EVM address")
    return reference.lower()


def _undecodable(text: str, reason: str) -> ChainError:
    return ChainError(
        "ADDRESS.UNDECODABLE",
        f"the account {text[:140]} cannot be decoded: {reason}",
        action="Ask for the right address.",
    )
