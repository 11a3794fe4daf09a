"""A small ledger for each scheme: the columns its rows have and parameters that its publisher used or could have."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditor_app.merkle.counterexamples.model import ExampleLedger
from auditor_app.merkle.rule import Layout, Rule
from auditor_app.merkle.schemes.htx_v1 import template as htx_template
from auditor_app.merkle.template import TemplateRule

_SNAPSHOT = "2026-09-30 00:00:00"


def _htx(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:  # noqa: ARG001
    """HTX's node rule; how a leaf is made is not published."""
    return TemplateRule("htx-v1", layout, htx_template(tuple(coin.name for coin in layout.coins)))


LEDGERS: Mapping[str, ExampleLedger] = MappingProxyType(
    {
        "rfc6962-sha256": ExampleLedger("id:token,BTC:decimal,ETH:decimal"),
        "mexc": ExampleLedger("accountId:token,BTC:decimal,ETH:decimal", {"proofId": "PR-2026-09-30"}),
        "okx-v1": ExampleLedger("account:token,nonce:hex64,BTC:decimal,ETH:decimal,USDT:decimal"),
        "okx-v1-full": ExampleLedger("userHash:hex64,BTC:decimal,ETH:decimal,USDT:decimal"),
        "bitget": ExampleLedger("encryptUid:token,nonce:token,BTC:decimal", {"numbers": "quoted"}),
        "bybit": ExampleLedger("userHash:hex64,BTC:decimal,ETH:decimal,USDT:decimal,USDC:decimal", {"release": "V0"}),
        "coinex": ExampleLedger("nonce:hex64,BTC:decimal,ETH:decimal", {"odd": "alone"}),
        "bitunix": ExampleLedger("encryptUid:token,nonce:token,BTC:decimal,ETH:decimal"),
        "hotcoin": ExampleLedger(
            "accountId:hex64,nonce:hex64,BTC:decimal,ETH:decimal", {"snapshotId": _SNAPSHOT, "assets": "BTC:8,ETH:18"}
        ),
        "htx-v1": ExampleLedger("id:token,BTC:decimal,ETH:decimal", bind=_htx, made_up_leaves=True),
        "silversixpence": ExampleLedger("id:token,salt:token,BTC:decimal,ETH:decimal", {"auditId": "PR30SEP26"}),
        "olalonde": ExampleLedger("user:token,nonce:token,BTC:decimal"),
        "bifubao": ExampleLedger("uid:token,BTC:base-units/8", {"padding": "duplicate"}),
        "bingx": ExampleLedger("uid:token,BTC:decimal,ETH:decimal,USDT:decimal,USDC:decimal,Total:decimal"),
        "pionex": ExampleLedger("recordId:hex64,BTC:decimal,ETH:decimal,Total:decimal"),
        "topone": ExampleLedger("uid:token,USDT:decimal"),
        "weex": ExampleLedger("hash:token,BTC:decimal"),
        "armanino-split": ExampleLedger("uid:token,BTC:decimal,USDT:decimal"),
        "armanino-concat": ExampleLedger("uid:token,BTC:decimal,USDT:decimal"),
    }
)
"""By scheme. One line gives a new scheme its counter-examples; without one its page says that there are none."""
