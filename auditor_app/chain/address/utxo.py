"""Bitcoin and the chains made after it: base58check, segregated witness and CashAddr addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor_app.chain.address.digests import compressed, hash160
from auditor_app.chain.address.model import Address, AddressError
from auditor_app.chain.address.spellings import from_base58check, from_cash, from_segwit

_SCRIPT_OF_KIND: dict[str, Callable[[bytes], bytes]] = {
    "p2pkh": lambda digest: b"\x76\xa9\x14" + digest + b"\x88\xac",
    "p2sh": lambda digest: b"\xa9\x14" + digest + b"\x87",
    "p2wpkh": lambda program: b"\x00\x14" + program,
    "p2wsh": lambda program: b"\x00\x20" + program,
    "p2tr": lambda program: b"\x51\x20" + program,
}


@dataclass(frozen=True, slots=True)
class UtxoPrefixes:
    """Version bytes of base58check addresses, the segregated witness prefix, the CashAddr prefix."""

    p2pkh: tuple[bytes, ...]
    p2sh: tuple[bytes, ...]
    witness: str = ""
    cash: str = ""

    def decode(self, text: str) -> Address:
        """One of ``p2pkh``, ``p2sh``, ``p2wpkh``, ``p2wsh``, ``p2tr``; all carry a checksum."""
        if self.witness and text.lower().startswith(self.witness + "1"):
            return _witness_address(text, *from_segwit(text, self.witness))
        if self.cash and (":" in text or text[:1] in "qpQP"):
            return _cash_address(text, from_cash(text, self.cash))
        raw = from_base58check(text)
        for kind, versions in (("p2pkh", self.p2pkh), ("p2sh", self.p2sh)):
            for version in versions:
                if raw.startswith(version) and len(raw) == len(version) + 20:
                    return Address(text, kind, raw[len(version) :], checksummed=True)
        raise AddressError("its version byte or length belongs to another chain")


def controls(key: bytes, address: Address) -> bool | None:
    """Whether the key's compressed or uncompressed form alone spends from the address."""
    short = compressed(key)
    if address.kind == "p2pkh":
        return address.payload in (hash160(short), hash160(key))
    if address.kind == "p2wpkh":
        return address.payload == hash160(short)
    if address.kind == "p2sh":
        return address.payload == hash160(b"\x00\x14" + hash160(short))
    return False


def script_pub_key(address: Address) -> bytes:
    """The output script that pays to the address."""
    return _SCRIPT_OF_KIND[address.kind](address.payload)


def _witness_address(text: str, version: int, program: bytes) -> Address:
    kind = {(0, 20): "p2wpkh", (0, 32): "p2wsh", (1, 32): "p2tr"}.get((version, len(program)))
    if kind is None:
        raise AddressError(f"witness version {version} with {len(program)} bytes has no known meaning")
    return Address(text, kind, program, checksummed=True)


def _cash_address(text: str, raw: bytes) -> Address:
    kind = {0: "p2pkh", 8: "p2sh"}.get(raw[0])
    if kind is None or len(raw) != 21:
        raise AddressError("its CashAddr version has no known meaning")
    return Address(text, kind, raw[1:], checksummed=True)
