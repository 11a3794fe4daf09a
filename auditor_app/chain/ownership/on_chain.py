"""Methods that only the chain can decide; a row that offers them counts as unsigned, with the reason."""

from __future__ import annotations

from auditor_app.chain.ownership.model import Claim, NotDecided


def check_eip1271(_claim: Claim) -> NotDecided:
    """A contract's own answer: its ``isValidSignature`` must be run on proven state at the block."""
    return NotDecided("EIP-1271 needs the contract's code and state at the block")


def check_txid(_claim: Claim) -> NotDecided:
    """A transaction made to order: its inclusion, amount and sender must be observed on chain."""
    return NotDecided("a transaction id needs the transaction and its inclusion in a block")
