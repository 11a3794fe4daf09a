"""BitMEX's and River's published tree: every node, the leaves' sum, and the leaves that customers' nonces lead to.

The file says ``block_height:N`` and then ``hash,value`` of every node, breadth-first, the root first. It needs no secret
to be added up. A list of nonces beside it claims leaves: each account's, or, where the list is complete, all of them,
so that a leaf nobody claims shows.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor_app.errors import LedgerError, ProofError, UsageError
from auditor_app.findings import Severity
from auditor_app.merkle.published_tree import TreeCheck, TreeFile
from auditor_app.merkle.schemes.bitmex_rule import WORD_LIMIT, leaf_message, node_preimage, sub_nonce
from auditor_app.merkle.schemes.nonce_list import Account, read_accounts
from auditor_app.merkle.tree_reading import SHOWN, TreeLines, TreeTally, unreadable
from auditor_app.operation import CancelToken, Operation, Progress

OPTIONS: Mapping[str, str] = {"nonces": "all, where the list beside the tree holds every account's nonce"}
MAX_NODES = 2**26
MAX_TRIALS = 2**33
"""Leaves times nonces: the scheme does not say which leaves are whose, so every nonce is tried on every leaf."""
_HEIGHT = re.compile(rb"block_height:(0|[1-9][0-9]{0,18})\Z")
_NODE = re.compile(rb"([0-9a-f]{64}),(0|[1-9][0-9]{0,19})\Z")
_STEP = 1 << 14


def recognises(head: bytes) -> bool:
    """The first line names a block height."""
    return head.startswith(b"block_height:")


@dataclass
class _Tree:
    """The published nodes in file order, packed."""

    height: int
    digests: bytearray = field(default_factory=bytearray)
    values: array[int] = field(default_factory=lambda: array("Q"))

    @property
    def leaves(self) -> int:
        """How many leaves it has."""
        return (len(self.values) + 1) // 2

    def digest(self, at: int) -> bytes:
        """The hash of node ``at``."""
        return bytes(self.digests[32 * at : 32 * at + 32])

    def shown(self, at: int) -> str:
        """A node as the file shows it."""
        return f"{self.digest(at).hex()},{self.values[at]}"


def check(scheme: str, file: TreeFile, token: CancelToken) -> Operation[TreeCheck]:
    """Every node recalculated, the leaves added up, and leaves traced to the nonces given beside the tree."""
    publisher = "River" if scheme == "river" else "BitMEX"
    if len(file.paths) != 1:
        raise unreadable(file.paths[0], publisher, "the tree is one file", observed=f"{len(file.paths)} files")
    if file.options.get("nonces", "some") not in ("some", "all"):
        raise UsageError("USAGE", "the parameter nonces is neither all nor some")
    tree = yield from _read(TreeLines(file.paths[0], publisher), token)
    tally = TreeTally(scheme, file)
    root = tree.digest(0)
    for at in reversed(range(tree.leaves - 1)):
        left, right = 2 * at + 1, 2 * at + 2
        hashed = node_preimage(tree.digest(left), tree.values[left], tree.digest(right), tree.values[right])
        digest = hashlib.sha256(hashed).digest()
        computed = f"{digest.hex()},{tree.values[left] + tree.values[right]}"
        tally.node(f"node {at + 1} of the file", tree.shown(at), computed)
        root = digest
        if at % _STEP == 0:
            token.check()
            yield Progress(tally.nodes, tree.leaves - 1, "nodes", "Published tree: hashing nodes")
    total = sum(tree.values[tree.leaves - 1 :])
    message = "The leaves of the published tree do not add up to the value at its root."
    tally.compare("PROOF.SUMS", "value at the root", str(tree.values[0]), str(total), message)
    padding = 0
    if file.customer is not None:
        accounts = read_accounts(file.customer, publisher)
        padding = yield from _trace(tree, scheme, accounts, tally, token, complete=file.options.get("nonces") == "all")
    return tally.result(leaves=tree.leaves, root=root.hex(), totals={"base units": str(total)}, padding=padding)


def _read(lines: TreeLines, token: CancelToken) -> Operation[_Tree]:
    """The file's nodes; :class:`ProofError` for anything out of form, or a count of nodes that is not 2**k - 1."""
    tree: _Tree | None = None
    row = 0
    for row, line in lines:
        if tree is None:
            match = _HEIGHT.match(line)
            if match is None:
                raise lines.refuse(row, "the first line names no block height", "block_height:N", line)
            tree = _Tree(int(match[1]))
            continue
        match = _NODE.match(line)
        if match is None:
            raise lines.refuse(row, "the line is no node", "64 lower-case hex digits, a comma, a whole number", line)
        if int(match[2]) >= WORD_LIMIT:
            raise lines.refuse(row, "the value does not fit 64 bits", f"at most {WORD_LIMIT - 1}", match[2])
        if len(tree.values) >= MAX_NODES:
            raise lines.refuse(row, "the tree has too many nodes", f"at most {MAX_NODES}")
        tree.digests += bytes.fromhex(match[1].decode("ascii"))
        tree.values.append(int(match[2]))
        if row % _STEP == 0:
            token.check()
            yield Progress(row, None, "nodes", "Published tree: reading nodes")
    if tree is None or not tree.values or tree.leaves & (tree.leaves - 1) or len(tree.values) % 2 == 0:
        nodes = 0 if tree is None else len(tree.values)
        raise lines.refuse(row or None, "the file does not hold a whole tree", "1, 3, 7, 15… nodes", b"%d" % nodes)
    return tree


@dataclass
class _Claim:
    """What one account's nonce leads to."""

    leaves: int = 0
    value: int = 0


def _trace(
    tree: _Tree,
    scheme: str,
    accounts: tuple[Account, ...],
    tally: TreeTally,
    token: CancelToken,
    *,
    complete: bool,
) -> Operation[int]:
    """Try every nonce on every leaf; compare balances, and name what is left over. Returns the padding leaves."""
    if len(accounts) * tree.leaves > MAX_TRIALS:
        raise ProofError(
            "SCHEME.LIMIT",
            "the list of nonces is too long to try each on every leaf",
            expected=f"at most {MAX_TRIALS // tree.leaves} accounts for {tree.leaves} leaves",
            observed=str(len(accounts)),
            action="Give the nonces in parts.",
        )
    claims = [_Claim() for _ in accounts]
    try:
        keys = [sub_nonce(account.nonce, tree.height, account.number) for account in accounts]
    except LedgerError as error:
        raise error.recast(ProofError, "PROOF.UNREADABLE") from None
    filler = sub_nonce(bytes(32), tree.height, 0) if scheme == "river" else None
    padding = unclaimed = unclaimed_value = 0
    first = tree.leaves - 1
    pace = max(1, _STEP // (len(accounts) + 1))
    for index in range(tree.leaves):
        value, digest = tree.values[first + index], tree.digest(first + index)
        message = leaf_message(value, index)
        owner = next((n for n, key in enumerate(keys) if hmac.digest(key, message, "sha256") == digest), None)
        if owner is not None:
            claims[owner].leaves += 1
            claims[owner].value += value
        elif filler is not None and value == 0 and hmac.digest(filler, message, "sha256") == digest:
            padding += 1
        else:
            unclaimed += 1
            unclaimed_value += value
        if index % pace == 0:
            token.check()
            yield Progress(index, tree.leaves, "leaves", "Published tree: tracing leaves to nonces")
    _compare_accounts(accounts, claims, tally)
    if complete:
        message_text = "Leaves stand in the published tree that no nonce of the complete list claims."
        observed = "0" if not unclaimed else f"{unclaimed} leaves with {unclaimed_value} base units"
        tally.compare("TREE.UNCLAIMED", "leaves that no nonce claims", "0", observed, message_text)
    return padding


def _compare_accounts(accounts: tuple[Account, ...], claims: list[_Claim], tally: TreeTally) -> None:
    """Each account's leaves beside the balance that the list states for it."""
    lost = differing = 0
    for account, claim in zip(accounts, claims, strict=True):
        if not claim.leaves and account.balance != 0:
            lost += 1
            if lost <= SHOWN:
                message = f"No leaf of the published tree belongs to the nonce of account {account.number}."
                rating = Severity.WARNING if account.balance is None else None  # without a balance it may have no leaf
                tally.add("TREE.UNTRACED", message, "at least one leaf", "none", severity=rating)
        elif account.balance is not None and account.balance != claim.value:
            differing += 1
            if differing <= SHOWN:
                message = f"The leaves of account {account.number} do not add up to the balance in the list."
                tally.add("PROOF.SUMS", message, str(account.balance), str(claim.value))
    if lost > SHOWN:
        stated = any(account.balance for account in accounts)
        rest = f"The nonces of {lost - SHOWN} further accounts lead to no leaf."
        tally.add("TREE.UNTRACED", rest, severity=None if stated else Severity.WARNING)
    if differing > SHOWN:
        tally.add("PROOF.SUMS", f"The leaves of {differing - SHOWN} further accounts do not add up to their balances.")
    for account, claim in list(zip(accounts, claims, strict=True))[:SHOWN]:
        tally.observe(
            f"account {account.number}",
            "not stated" if account.balance is None else str(account.balance),
            f"{claim.value} in {claim.leaves} leaves",
            agrees=claim.value == account.balance if account.balance is not None else claim.leaves > 0,
        )
