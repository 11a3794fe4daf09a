"""One file per published scheme, one line per scheme in the table."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from auditor_app.errors import LedgerError, UsageError
from auditor_app.merkle.scheme import Scheme

SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        "rfc6962-sha256": "rfc6962:SCHEME",
        "mexc": "mexc:SCHEME",
        "okx-v1": "okx_v1:SCHEME",
        "okx-v1-full": "okx_v1_full:SCHEME",
        "bitget": "bitget:SCHEME",
        "bybit": "bybit:SCHEME",
        "coinex": "coinex:SCHEME",
        "bitunix": "bitunix:SCHEME",
        "hotcoin": "hotcoin:SCHEME",
        "htx-v1": "htx_v1:SCHEME",
        "bitmex": "bitmex:BITMEX",
        "river": "bitmex:RIVER",
        "silversixpence": "silversixpence:SCHEME",
        "olalonde": "olalonde:SCHEME",
        "bifubao": "bifubao:SCHEME",
        "swissborg": "swissborg:SCHEME",
        "bingx": "bingx:SCHEME",
        "pionex": "pionex:SCHEME",
        "topone": "topone:SCHEME",
        "weex": "weex:SCHEME",
        "gate-zk": "gate_zk:SCHEME",
        "armanino-split": "armanino:SCHEME_SPLIT",
        "armanino-concat": "armanino:SCHEME_CONCAT",
    }
)
"""Name in snapshots, and the module and attribute that define it: imported when first asked for. One line adds one."""


def scheme_named(name: str) -> Scheme:
    """The scheme; :class:`LedgerError` ``SCHEME.UNKNOWN`` if this program has none of that name."""
    where = SCHEMES.get(name)
    if where is None:
        raise LedgerError(
            "SCHEME.UNKNOWN",
            f"the scheme {name!r} is not known",
            expected=", ".join(SCHEMES),
            action="Use a program version that knows it.",
        )
    module, _, attribute = where.partition(":")
    scheme: Scheme = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    return scheme


def typed_scheme(name: str) -> Scheme:
    """The scheme whose name a person typed; :class:`UsageError` listing all names if there is none of that name."""
    if name not in SCHEMES:
        raise UsageError("USAGE", f"the scheme {name!r} is not known", expected=", ".join(SCHEMES))
    return scheme_named(name)
