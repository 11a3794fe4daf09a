"""Chains by the names that people know them by, beside the CAIP-2 ids that name them exactly."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "eip155:1": "Ethereum",
        "eip155:10": "OP Mainnet",
        "eip155:14": "Flare",
        "eip155:25": "Cronos",
        "eip155:30": "Rootstock",
        "eip155:56": "BNB Smart Chain",
        "eip155:61": "Ethereum Classic",
        "eip155:66": "OKTChain",
        "eip155:100": "Gnosis",
        "eip155:130": "Unichain",
        "eip155:137": "Polygon",
        "eip155:146": "Sonic",
        "eip155:196": "X Layer",
        "eip155:250": "Fantom",
        "eip155:324": "ZKsync Era",
        "eip155:1101": "Polygon zkEVM",
        "eip155:1116": "Core",
        "eip155:1284": "Moonbeam",
        "eip155:5000": "Mantle",
        "eip155:8217": "Kaia",
        "eip155:8453": "Base",
        "eip155:17000": "Holesky testnet",
        "eip155:31337": "Local testnet",
        "eip155:42161": "Arbitrum One",
        "eip155:42220": "Celo",
        "eip155:43114": "Avalanche C-Chain",
        "eip155:59144": "Linea",
        "eip155:80094": "Berachain",
        "eip155:81457": "Blast",
        "eip155:534352": "Scroll",
        "eip155:11155111": "Sepolia testnet",
        "bip122:000000000019d6689c085ae165831e93": "Bitcoin",
        "bip122:000000000933ea01ad0ee984209779ba": "Bitcoin testnet",
        "bip122:12a765e31ffd4059bada1e25190f6e98": "Litecoin",
        "bip122:530827f38f93b43ed12af0b3ad25a288": "Litecoin regtest",
        "bip122:1a91e3dace36e2be3bf030a65679fe82": "Dogecoin",
        "bip122:000000000000000000651ef99cb9fcbe": "Bitcoin Cash",
        "bip122:00000ffd590b1485b3caadc19b22e637": "Dash",
        "tvm:-239": "TON",
        "xrpl:0": "XRP Ledger",
        "xrpl:1": "XRP Ledger testnet",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp": "Solana",
        "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z": "Solana testnet",
        "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1": "Solana devnet",
        "tron:0x2b6653dc": "Tron",
        "tron:0xcd8690dc": "Tron testnet",
    }
)
_NAMESPACES: Mapping[str, str] = MappingProxyType(
    {
        "eip155": "EVM chain",
        "bip122": "UTXO chain",
        "tron": "Tron",
        "solana": "Solana",
        "xrpl": "XRP Ledger",
        "ton": "TON",
        "tvm": "TON",
        "cosmos": "Cosmos",
        "polkadot": "Polkadot",
        "cip34": "Cardano",
        "stellar": "Stellar",
        "algorand": "Algorand",
        "near": "NEAR",
        "hedera": "Hedera",
        "aptos": "Aptos",
        "sui": "Sui",
        "starknet": "Starknet",
        "stacks": "Stacks",
        "fil": "Filecoin",
        "antelope": "Antelope",
        "eosio": "Antelope",
    }
)
"""What is said of a chain of a namespace that has no name of its own here."""


_ETHER = ("ETH",)
_NATIVE_COINS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("1", "10", "130", "324", "1101", "8453", "42161", "59144", "81457", "534352"), _ETHER),
        "14": ("FLR",),
        "25": ("CRO",),
        "30": ("RBTC",),
        "56": ("BNB",),
        "61": ("ETC",),
        "66": ("OKT",),
        "100": ("XDAI", "DAI"),
        "137": ("POL", "MATIC"),
        "146": ("S",),
        "196": ("OKB",),
        "250": ("FTM",),
        "1116": ("CORE",),
        "1284": ("GLMR",),
        "5000": ("MNT",),
        "8217": ("KAIA", "KLAY"),
        "42220": ("CELO",),
        "43114": ("AVAX",),
        "80094": ("BERA",),
    }
)
"""Symbols of EVM chains' own coins, by chain id."""

_ONE_CHAIN: Mapping[str, str] = MappingProxyType(
    {
        "tron": "tron:0x2b6653dc",
        "solana": "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
        "xrpl": "xrpl:0",
        "ton": "tvm:-239",
        "tvm": "tvm:-239",
    }
)
"""The chain that a namespace means unless one of its test networks is named."""

_OTHER_COINS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "bip122:000000000019d6689c085ae165831e93": ("BTC", "XBT"),
        "bip122:12a765e31ffd4059bada1e25190f6e98": ("LTC",),
        "bip122:1a91e3dace36e2be3bf030a65679fe82": ("DOGE",),
        "bip122:000000000000000000651ef99cb9fcbe": ("BCH",),
        "bip122:00000ffd590b1485b3caadc19b22e637": ("DASH",),
        "tron:0x2b6653dc": ("TRX",),
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp": ("SOL",),
        "xrpl:0": ("XRP",),
        "tvm:-239": ("TON",),
    }
)


def native_coin(chain: str) -> tuple[str, ...]:
    """The symbols by which a CAIP-2 chain's own coin goes; empty for a chain that is not known here."""
    namespace, _, reference = chain.partition(":")
    return _NATIVE_COINS.get(reference, ()) if namespace == "eip155" else _OTHER_COINS.get(one_chain(chain), ())


def one_chain(chain: str) -> str:
    """A CAIP-2 id, equal for what may be one chain in two spellings (``ton:mainnet`` and ``tvm:-239``)."""
    return chain if chain in _NAMES else _ONE_CHAIN.get(chain.partition(":")[0], chain)


def chain_name(chain: str) -> str:
    """The usual name of a CAIP-2 chain; its kind and number where it has none here, and the id itself failing that.

    A name is for people only, and no two chains share one; the id stands beside it wherever it matters.
    """
    namespace, _, reference = chain.partition(":")
    kind = _NAMESPACES.get(namespace)
    return _NAMES.get(chain) or (f"{kind} {reference[:12]}" if kind else chain)
