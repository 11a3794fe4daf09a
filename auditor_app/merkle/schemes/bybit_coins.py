"""Bybit's coin lists, release by release: the order in which amounts are hashed, and the decimals of sums.

Source: bybit-exchange/merkle-proof @3f0e2da6, the enumerations behind each release. A coin that was renamed keeps its
place. A coin in :data:`OFFLINE` is hashed only where a file has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_FIRST_20 = "AGLA APT ATOM AVAX BIT BTC BUSD DAI DOGE DOT DYDX EOS ETH FTM LTC MATIC SOL USDC USDT XRP"
_MNT_20 = _FIRST_20.replace("BIT ", "MNT ")
_TO_32 = " SHIB OP SAND LDO LINK COMP UNI MANA CRV BLUR SUSHI PEPE"
_TO_40 = " WLD BEAM AGI FET IMX RNDR GALA APEX SHRAP"
_TO_40_V2 = " WLD BEAM AGI FET IMX RENDER GALA APEX SHRAP USDE"
_TO_50 = " GRAM XAUT HYPE STABLE ENA ARB ASTER ONDO AAVE USD1"
_V2 = _MNT_20.replace("DAI ", "") + _TO_32 + _TO_40_V2
_V3 = _V2.replace("MATIC", "POL")
_V4 = _V3.replace("FTM", "S")
_V5 = _V4.replace("EOS", "A")

RELEASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        name: tuple(coins.split())
        for name, coins in {
            "V0": "BTC ETH USDT USDC",
            "Asset20": _FIRST_20,
            "AssetMnt20": _MNT_20,
            "Asset32": _MNT_20 + _TO_32,
            "Asset40": _MNT_20 + _TO_32 + _TO_40,
            "Asset40V2": _V2,
            "Asset40V3": _V3,
            "Asset40V4": _V4,
            "Asset40V5": _V5,
            "Asset50": _V5.replace("BUSD ", "") + _TO_50,
        }.items()
    }
)
"""The releases from the oldest to the newest."""

OFFLINE: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: frozenset({"BUSD"}) if name.startswith("Asset40") else frozenset() for name in RELEASES}
)


def places(release: str, coin: str) -> int:
    """The decimals of a coin's sums: eight, but four for dollars in the first release."""
    return 4 if release == "V0" and coin in {"USDT", "USDC"} else 8
