"""Every chain whose addresses can be decoded, one line each, and how labels and CAIP-2 ids lead to one.

A label that names no known chain is resolved by the address's own form, and only where exactly one form fits.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType

from auditor_app.chain.address import ed25519, evm, secp256k1, ton, utxo
from auditor_app.chain.address.digests import evm_account, hash160, sha256d
from auditor_app.chain.address.model import Address, AddressError, Family, Network
from auditor_app.chain.address.utxo import UtxoPrefixes


def _utxo(key: str, prefixes: UtxoPrefixes, coin: str = "Bitcoin") -> Network:
    return Network(key, Family.UTXO, prefixes.decode, utxo.controls, f"{coin} Signed Message:\n")


def _bytes(*versions: int) -> tuple[bytes, ...]:
    return tuple(bytes([version]) for version in versions)


def _icon_account(key: bytes) -> bytes:
    return hashlib.sha3_256(key[1:]).digest()[-20:]


def _stacks_controls(key: bytes, address: Address) -> bool | None:
    return address.payload in (secp256k1.hash160_of_compressed(key), hash160(key))


_cosmos_account = secp256k1.controls_by(secp256k1.hash160_of_compressed)
_K1, _ED = Family.SECP256K1, Family.ED25519

_TABLE = (
    _utxo("bitcoin", UtxoPrefixes(_bytes(0x00), _bytes(0x05), "bc")),
    _utxo("bitcoin-testnet", UtxoPrefixes(_bytes(0x6F), _bytes(0xC4), "tb")),
    _utxo("bitcoin-cash", UtxoPrefixes(_bytes(0x00), _bytes(0x05), cash="bitcoincash")),
    _utxo("ecash", UtxoPrefixes(_bytes(0x00), _bytes(0x05), cash="ecash")),
    _utxo("bitcoin-sv", UtxoPrefixes(_bytes(0x00), _bytes(0x05))),
    _utxo("bitcoin-diamond", UtxoPrefixes(_bytes(0x00), _bytes(0x05)), "Bitcoindiamond"),
    _utxo("litecoin", UtxoPrefixes(_bytes(0x30), _bytes(0x32, 0x05), "ltc"), "Litecoin"),
    _utxo("litecoin-regtest", UtxoPrefixes(_bytes(0x6F), _bytes(0x3A, 0xC4), "rltc"), "Litecoin"),
    _utxo("dogecoin", UtxoPrefixes(_bytes(0x1E), _bytes(0x16)), "Dogecoin"),
    _utxo("dash", UtxoPrefixes(_bytes(0x4C), _bytes(0x10)), "DarkCoin"),
    _utxo("bitcoin-gold", UtxoPrefixes(_bytes(0x26), _bytes(0x17), "btg"), "Bitcoin Gold"),
    _utxo("digibyte", UtxoPrefixes(_bytes(0x1E), _bytes(0x3F), "dgb"), "DigiByte"),
    _utxo("qtum", UtxoPrefixes(_bytes(0x3A), _bytes(0x32), "qc"), "Qtum"),
    _utxo("ravencoin", UtxoPrefixes(_bytes(0x3C), _bytes(0x7A)), "Raven"),
    _utxo("zcash", UtxoPrefixes((b"\x1c\xb8",), (b"\x1c\xbd",)), "Zcash"),
    Network("evm", Family.EVM, evm.decode_evm, evm.controls),
    Network("okt", Family.EVM, evm.decode_with_bech32("ex"), evm.controls),
    Network("platon", Family.EVM, evm.decode_with_bech32("lat"), evm.controls),
    Network("harmony", Family.EVM, evm.decode_with_bech32("one"), evm.controls),
    Network("injective", Family.EVM, evm.decode_with_bech32("inj"), evm.controls),
    Network("filecoin", Family.EVM, evm.decode_filecoin, evm.controls),
    Network("conflux", Family.EVM, evm.decode_conflux, evm.controls),
    Network("tron", Family.TRON, evm.decode_tron, evm.controls),
    Network("cosmos", _K1, secp256k1.decode_bech32(None), _cosmos_account),
    Network("terra", _K1, secp256k1.decode_bech32("terra"), _cosmos_account),
    Network("celestia", _K1, secp256k1.decode_bech32("celestia"), _cosmos_account),
    Network("cronos-pos", _K1, secp256k1.decode_bech32("cro"), _cosmos_account),
    Network("dydx", _K1, secp256k1.decode_bech32("dydx"), _cosmos_account),
    Network("dora", _K1, secp256k1.decode_bech32("dora"), _cosmos_account),
    Network("avalanche-x", _K1, secp256k1.decode_avalanche, _cosmos_account),
    Network("xrpl", _K1, secp256k1.decode_xrp, _cosmos_account),
    Network("aelf", _K1, secp256k1.decode_aelf, secp256k1.controls_by(sha256d)),
    Network("icon", _K1, secp256k1.decode_icon, secp256k1.controls_by(_icon_account)),
    Network("stacks", _K1, secp256k1.decode_stacks, _stacks_controls),
    Network("flow", _K1, evm.decode_evm, secp256k1.controls_by(evm_account)),
    Network("eos", _K1, secp256k1.decode_eos, secp256k1.on_chain_only),
    Network("solana", _ED, ed25519.decode_solana, ed25519.is_the_key),
    Network("aptos", _ED, ed25519.decode_move, ed25519.controls_aptos),
    Network("sui", _ED, ed25519.decode_move, ed25519.controls_sui),
    Network("ton", _ED, ton.decode, ton.controls),
    Network("polkadot", _ED, ed25519.decode_polkadot, ed25519.is_the_key),
    Network("cardano", _ED, ed25519.decode_cardano, ed25519.controls_cardano),
    Network("stellar", _ED, ed25519.decode_stellar, ed25519.is_the_key),
    Network("algorand", _ED, ed25519.decode_algorand, ed25519.is_the_key),
    Network("near", _ED, ed25519.decode_near, ed25519.is_the_key),
    Network("hedera", _ED, ed25519.decode_hedera, ed25519.is_the_key),
    Network("starknet", Family.STARK, ed25519.decode_move, secp256k1.on_chain_only),
)


def _no_address(_text: str) -> Address:
    raise AddressError("the row names a key only")


_SECP256K1_KEY = Network("secp256k1-key", _K1, _no_address, secp256k1.on_chain_only)
_ED25519_KEY = Network("ed25519-key", _ED, _no_address, secp256k1.on_chain_only)

NETWORKS: Mapping[str, Network] = MappingProxyType({network.key: network for network in _TABLE})

_LABELS_BY_NETWORK: Mapping[str, str] = {
    "bitcoin": "BTC USDT-OMNI BITCOIN",
    "bitcoin-cash": "BCH BCHN",
    "ecash": "BCHA XEC",
    "bitcoin-sv": "BSV",
    "bitcoin-diamond": "BCD",
    "litecoin": "LTC LITECOIN",
    "dogecoin": "DOGE DOGECOIN",
    "dash": "DASH",
    "bitcoin-gold": "BTG",
    "digibyte": "DGB",
    "qtum": "QTUM",
    "ravencoin": "RVN",
    "zcash": "ZEC",
    "evm": "ETH ERC20 BEP20 BSC BNB KIP20 OKC20 ARBITRUM OPTIMISM POLY POLYGON MATIC AVAXC LINEA BASE ETC ETHW OKB "
    "OKB-X1 X1 XLAYER ZKSYNC2 CORE BERA UNICHAIN CFX_EVM STORY MERLIN_BTC BETH USDC SHIB UNI LINK BLUR PEOPLE",
    "okt": "OKT OKC",
    "platon": "LAT",
    "harmony": "ONE",
    "injective": "INJ",
    "filecoin": "FIL FIL-EVM FEVM",
    "conflux": "CFX",
    "tron": "TRX TRON TRC20 TRC",
    "terra": "LUNC LUNA TERRA USTC",
    "cosmos": "ATOM",
    "celestia": "TIA",
    "cronos-pos": "CRO",
    "dydx": "DYDX",
    "dora": "DORA",
    "avalanche-x": "AVAX-X AVAXX",
    "xrpl": "XRP RIPPLE",
    "aelf": "ELF",
    "icon": "ICX",
    "stacks": "STX",
    "flow": "FLOW",
    "eos": "EOS VAULTA",
    "solana": "SOL SPL SOLANA",
    "aptos": "APT APTOS APTOS-FA",
    "sui": "SUI",
    "ton": "TON TONCOIN-NEW TONCOIN",
    "polkadot": "DOT ASSET-HUB",
    "cardano": "ADA",
    "stellar": "XLM STELLAR PI",
    "algorand": "ALGO",
    "near": "NEAR",
    "hedera": "HBAR",
    "starknet": "STARKNET STARKNET-ETH STRK",
}

LABELS: Mapping[str, str] = MappingProxyType(
    {label: network for network, labels in _LABELS_BY_NETWORK.items() for label in labels.split()}
)
"""Network or coin label of OKX's and HTX's lists (upper case) → key of :data:`NETWORKS`."""

_BY_CAIP2: Mapping[str, str] = MappingProxyType(
    {
        "bip122:000000000019d6689c085ae165831e93": "bitcoin",
        "bip122:000000000933ea01ad0ee984209779ba": "bitcoin-testnet",
        "bip122:12a765e31ffd4059bada1e25190f6e98": "litecoin",
        "bip122:530827f38f93b43ed12af0b3ad25a288": "litecoin-regtest",
        "bip122:1a91e3dace36e2be3bf030a65679fe82": "dogecoin",
        "bip122:000000000000000000651ef99cb9fcbe": "bitcoin-cash",
        "bip122:00000ffd590b1485b3caadc19b22e637": "dash",
        "eip155": "evm",
        "tron": "tron",
        "cosmos": "cosmos",
        "xrpl": "xrpl",
        "eosio": "eos",
        "antelope": "eos",
        "fil": "filecoin",
        "stacks": "stacks",
        "solana": "solana",
        "aptos": "aptos",
        "sui": "sui",
        "ton": "ton",
        "tvm": "ton",
        "polkadot": "polkadot",
        "cip34": "cardano",
        "stellar": "stellar",
        "algorand": "algorand",
        "near": "near",
        "hedera": "hedera",
        "starknet": "starknet",
    }
)

_BY_FORM = ("evm", "tron", "bitcoin", "litecoin", "dogecoin", "dash", "xrpl", "solana", "ton", "cardano", "polkadot",
            "stellar", "algorand", "cosmos", "avalanche-x")  # fmt: skip
"""Chains whose addresses are told from each other by their form; others need a label."""

_SEPARATORS = re.compile(r"[-_\s()/]+")


def network_of_chain(chain: str) -> Network | None:
    """The network of a CAIP-2 id, or ``None`` where this program cannot decode its addresses."""
    key = _BY_CAIP2.get(chain) or _BY_CAIP2.get(chain.partition(":")[0])
    return None if key is None else NETWORKS[key]


def networks_of_labels(labels: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks that published labels may mean, best first; empty if none is known.

    The first label that means anything decides. A whole label comes before its parts, the last part first:
    ``USDT-TRC20`` is Tron, ``OKB-X1-USDT`` an EVM chain.
    """
    for label in labels:
        whole = label.strip().upper()
        words = [whole] if whole in LABELS else list(reversed(_SEPARATORS.split(whole)))
        keys = dict.fromkeys(LABELS[word] for word in words if word in LABELS)
        if keys:
            return tuple(NETWORKS[key] for key in keys)
    return ()


def key_only_network(public_key_bytes: int) -> Network | None:
    """The stand-in for a row that names a key and no address, by the key's length."""
    if public_key_bytes in (33, 64, 65):
        return _SECP256K1_KEY
    return _ED25519_KEY if public_key_bytes == 32 else None


def network_of_form(address: str) -> Network | None:
    """The one network whose addresses look like this; ``None`` if none or more than one does."""
    fitting = [NETWORKS[key] for key in _BY_FORM if _decodes(NETWORKS[key], address)]
    return fitting[0] if len(fitting) == 1 else None


def _decodes(network: Network, address: str) -> bool:
    try:
        network.decode(address)
    except AddressError:
        return False
    return True
