"""Starknet: accounts are contracts, signatures lie on the Stark curve. Not checked by this program.

No library on the dependency list has the curve and its Pedersen hash; such a row never counts as valid.
"""

from __future__ import annotations

from auditor_app.chain.ownership.model import Claim, NotDecided


def check(_claim: Claim) -> NotDecided:
    """Never decided."""
    return NotDecided("signatures on the Stark curve are not checked by this program")
