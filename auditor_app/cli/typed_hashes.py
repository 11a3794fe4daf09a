"""``CHAIN=HASH`` as typed on a command line: a block hash, or a beacon root, from a source of the auditor's own."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from auditor_app.errors import UsageError

_TYPED = re.compile(r"([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32})=((?:0x)?[0-9a-fA-F]{64})\Z", re.ASCII)


def add_block_options(parser: argparse.ArgumentParser) -> None:
    """``--block`` and ``--checkpoint``: where the auditor's own block hashes come from."""
    parser.add_argument(
        "--block",
        action="append",
        default=[],
        metavar="CHAIN=HASH",
        help="a block hash from a source of your own; state proofs under it are proven whoever captured them",
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="CHAIN=ROOT",
        help="a finalised beacon block root from a source of your own; the evidence's light-client data lead from it "
        "to the block",
    )


def block_options(options: argparse.Namespace) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Typed block hashes and typed checkpoints; :class:`UsageError` for a chain that has both."""
    blocks, checkpoints = typed_hashes(options.block), typed_hashes(options.checkpoint)
    if both := sorted(set(blocks) & set(checkpoints)):
        raise UsageError("USAGE", f"{both[0]} has a typed block and a typed checkpoint", action="Type one of them.")
    return tuple(blocks.items()), tuple(checkpoints.items())


def typed_hashes(texts: Sequence[str]) -> dict[str, str]:
    """Hashes by CAIP-2 id; :class:`UsageError` for another form or a chain named twice."""
    hashes: dict[str, str] = {}
    for text in texts:
        match = _TYPED.match(text)
        if not match or match[1] in hashes:
            raise UsageError(
                "USAGE", "a hash is typed as CHAIN=HASH, each chain once", action="Example: --block eip155:1=0x92da…"
            )
        hashes[match[1]] = match[2]
    return hashes
