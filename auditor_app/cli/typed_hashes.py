"""``CHAIN=HASH`` as typed on a command line: a block hash, or a beacon root, from a source of the auditor's own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor_app.errors import UsageError

_TYPED = re.compile(r"([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32})=((?:0x)?[0-9a-fA-F]{64})\Z", re.ASCII)


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
