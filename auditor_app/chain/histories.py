"""Members of an evidence file that hold a UTXO chain's transactions, Merkle branches and headers.

One canonical JSON member for each server's histories; one raw member for the chain's headers, which end in the
snapshot's block. Nothing in them is believed: an account's script comes from its address, a transaction's place from
its branch, and a header from the hash that the next one names. What no member can show is that nothing was left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from auditor_app import strict_json
from auditor_app.chain.accounts import decode_account
from auditor_app.chain.address.model import AddressError
from auditor_app.chain.address.networks import network_of_chain
from auditor_app.chain.address.utxo import script_pub_key
from auditor_app.chain.utxo import HEADER_BYTES, AddressHistory, UtxoEvidence, UtxoTransaction
from auditor_app.errors import AuditError, ChainError, Location
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.typed import typed

MEDIA_TYPE = "application/vnd.por.utxo-histories.v1+json"
MEDIA_TYPE_HEADERS = "application/vnd.por.utxo-headers.v1"
MAX_BYTES = 256 * 2**20
MAX_TRANSACTIONS = 500_000

_Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})+\Z")]
_Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**32)]


class IncludedTransaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A raw transaction with its place: height, position in the block, branch from the leaf up (display order)."""

    height: _Count
    position: _Count
    branch: Annotated[tuple[_Hash, ...], msgspec.Meta(max_length=32)]
    raw: _Hex


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """An entry of a server's list for an account."""

    txid: _Hash
    height: _Count


class AccountList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What a server listed for an account, up to the height."""

    account: Annotated[str, msgspec.Meta(max_length=256)]
    listed: tuple[Listed, ...]


class HistoryBundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """One server's histories; transactions in order of their id, each once, accounts in order of their text."""

    chain: str
    source: Annotated[str, msgspec.Meta(max_length=300)]
    transactions: dict[_Hash, IncludedTransaction]
    accounts: tuple[AccountList, ...]


def histories_name(chain: str, netloc: str) -> str:
    """The member of one server's histories."""
    return f"histories/{chain.replace(':', '-')}/{netloc.lower().replace(':', '-')}.json"


def headers_name(chain: str) -> str:
    """The member of a chain's headers."""
    return f"histories/{chain.replace(':', '-')}/headers.bin"


def script_of(account: str) -> bytes:
    """The output script of a CAIP-10 account on a UTXO chain; ``ValueError`` with a clause if there is none."""
    chain, _, address = account.rpartition(":")
    network = network_of_chain(chain)
    try:
        decoded = None if network is None else network.decode(address)
        script = None if decoded is None else script_pub_key(decoded)
    except (AddressError, KeyError) as error:
        raise ValueError(f"its address pays to no known script ({error})") from None
    if script is None:
        raise ValueError("the address form of this chain is not known")
    return script


def encode_histories(chain: str, source: str, histories: Sequence[AddressHistory]) -> bytes:
    """The member's bytes for histories whose transactions are keyed by what their lists name."""
    transactions = {}
    for history in histories:
        by_id = dict(zip(_ids(history), history.transactions, strict=True))
        transactions.update(by_id)
    bundle = HistoryBundle(
        chain=chain,
        source=source,
        transactions={
            txid: IncludedTransaction(
                height=item.height,
                position=item.position,
                branch=tuple(node.hex() for node in item.branch),
                raw=item.raw.hex(),
            )
            for txid, item in sorted(transactions.items())
        },
        accounts=tuple(
            AccountList(
                account=history.account,
                listed=tuple(Listed(txid=txid, height=height) for txid, height in sorted(history.listed)),
            )
            for history in sorted(histories, key=lambda item: item.account)
        ),
    )
    return msgspec.json.encode(bundle) + b"\n"


def _ids(history: AddressHistory) -> list[str]:
    """The ids of a history's transactions, in their order: a reader asks for them as the list names them."""
    return [txid for txid, _ in history.listed]


def read_histories(
    evidence: AuthenticEvidence, chain: str, height: int, token: CancelToken
) -> tuple[UtxoEvidence, ...]:
    """Every server's histories of a chain, ready to be replayed; :class:`ChainError` ``EVIDENCE.PROOF`` if malformed."""
    folder = headers_name(chain).rpartition("/")[0] + "/"
    names = sorted(item.name for item in evidence.statement.subject if item.name.startswith(folder))
    members = [name for name in names if name != headers_name(chain)]
    if not names:
        return ()
    if not members or headers_name(chain) not in names:
        raise ChainError("EVIDENCE.PROOF", "histories and headers do not stand together", at=Location(folder))
    raw = evidence.members.read(headers_name(chain), token)
    count = len(raw) // HEADER_BYTES
    first = height - count + 1
    if not raw or len(raw) % HEADER_BYTES or first < 0:
        raise ChainError("EVIDENCE.PROOF", "the headers are not whole", at=Location(headers_name(chain)))
    headers = tuple(raw[start : start + HEADER_BYTES] for start in range(0, len(raw), HEADER_BYTES))
    found = []
    for name in members:
        token.check()
        bundle = _decoded(evidence.members.read(name, token), name)
        if bundle.chain != chain:
            raise ChainError("EVIDENCE.PROOF", f"the histories are of {bundle.chain}", at=Location(name))
        found.append(UtxoEvidence(chain, first, headers, _histories(bundle, name), bundle.source))
    return tuple(found)


def _decoded(data: bytes, name: str) -> HistoryBundle:
    try:
        document = strict_json.parse(data, file=name, code="EVIDENCE.PROOF", max_bytes=MAX_BYTES)
        bundle = typed(document, HistoryBundle)
    except AuditError as error:
        raise ChainError("EVIDENCE.PROOF", error.what, at=error.at) from None
    except msgspec.ValidationError as error:
        raise ChainError("EVIDENCE.PROOF", f"the histories break their schema: {error}", at=Location(name)) from None
    in_order = list(bundle.transactions) == sorted(bundle.transactions)
    accounts = [item.account for item in bundle.accounts]
    if msgspec.json.encode(bundle) + b"\n" != data or not in_order or accounts != sorted(set(accounts)):
        raise ChainError("EVIDENCE.PROOF", "the histories are not in canonical form", at=Location(name))
    return bundle


def _histories(bundle: HistoryBundle, name: str) -> tuple[AddressHistory, ...]:
    """Each account's transactions by its list; a transaction that no list names has no place in the file."""
    served: Mapping[str, UtxoTransaction] = {
        txid: UtxoTransaction(
            item.height, bytes.fromhex(item.raw), tuple(map(bytes.fromhex, item.branch)), item.position
        )
        for txid, item in bundle.transactions.items()
    }
    used: set[str] = set()
    histories = []
    for item in bundle.accounts:
        listed = tuple((entry.txid, entry.height) for entry in item.listed)
        used.update(txid for txid, _ in listed)
        try:
            script = script_of(decode_account(item.account).chain + ":" + item.account.rpartition(":")[2])
        except (ValueError, ChainError) as error:
            raise ChainError(
                "EVIDENCE.PROOF", f"a history's account cannot be read: {error}", at=Location(name)
            ) from None
        transactions = tuple(served[txid] for txid, _ in listed if txid in served)
        histories.append(AddressHistory(item.account, script, transactions, listed))
    if set(served) - used:
        raise ChainError("EVIDENCE.PROOF", "a transaction stands in the file that no list names", at=Location(name))
    return tuple(histories)
