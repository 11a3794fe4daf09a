"""Every kind of endpoint, one line each: which chains it serves, over which protocol, and who reads it."""

from __future__ import annotations

from dataclasses import dataclass

from auditor_app.chain.accounts import Account
from auditor_app.chain.endpoints import Endpoint
from auditor_app.chain.readers import core, electrum, esplora, evm, solana, ton, tron, utxo_histories, xrp
from auditor_app.chain.readers.model import Accepts, Looker, Reader
from auditor_app.errors import UsageError


@dataclass(frozen=True, slots=True)
class EndpointKind:
    """``protocol`` as an endpoint names it (empty: the namespace's usual one), for chains of a CAIP-2 namespace."""

    namespace: str
    protocol: str
    accepts: Accepts
    read: Reader
    look: Looker


KINDS = (
    EndpointKind("eip155", "", evm.accepts, evm.read, evm.look),
    EndpointKind("bip122", "", utxo_histories.accepts, esplora.read, esplora.look),
    EndpointKind("bip122", "esplora", utxo_histories.accepts, esplora.read, esplora.look),
    EndpointKind("bip122", "electrum", utxo_histories.accepts, electrum.read, electrum.look),
    EndpointKind("bip122", "core", utxo_histories.accepts, core.read, core.look),
    EndpointKind("tron", "", tron.accepts, tron.read, tron.look),
    EndpointKind("solana", "", solana.accepts, solana.read, solana.look),
    EndpointKind("xrpl", "", xrp.accepts, xrp.read, xrp.look),
    EndpointKind("ton", "", ton.accepts, ton.read, ton.look),
    EndpointKind("tvm", "", ton.accepts, ton.read, ton.look),
)


def kind_of(endpoint: Endpoint) -> EndpointKind:
    """Who reads an endpoint; :class:`UsageError` where its chain is not read over its protocol."""
    namespace = endpoint.chain.partition(":")[0]
    for kind in KINDS:
        if (kind.namespace, kind.protocol) == (namespace, endpoint.protocol):
            return kind
    known = sorted({f"{kind.protocol}+" if kind.protocol else "https" for kind in KINDS if kind.namespace == namespace})
    raise UsageError(
        "USAGE",
        f"{endpoint.chain} cannot be read over this endpoint's protocol",
        expected=", ".join(known) or "a chain of the kinds " + ", ".join(sorted({kind.namespace for kind in KINDS})),
        observed=endpoint.protocol or "https",
        action="Correct --endpoint.",
    )


def accepted(account: Account, asset_id: str) -> str | None:
    """The token that an asset's id names on the account's chain, ``None`` for its coin; ``ValueError`` with a clause."""
    namespace = account.chain.partition(":")[0]
    for kind in KINDS:
        if kind.namespace == namespace:
            return kind.accepts(account, asset_id)
    raise ValueError("chains of this kind are not captured")
