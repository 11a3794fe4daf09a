"""Signing keys on the command line: PEM files by name, pass phrases by prompt or environment, never as an argument."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from auditor_app.errors import UsageError
from auditor_app.files import read_capped
from auditor_app.snapshot.signing import SigningKey, load_private_pem

PASSPHRASE_VARIABLE = "RESERVE_AUDITOR_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
_MAX_PEM_BYTES = 2**16


def load_keys(paths: Sequence[Path]) -> tuple[SigningKey, ...]:
    """The signing keys in ``paths``; an encrypted one asks for its pass phrase."""
    return tuple(
        load_private_pem(
            read_capped(path, max_bytes=_MAX_PEM_BYTES, code="TRUST.KEY"),
            file=path.name,
            passphrase=partial(passphrase_for, path),
        )
        for path in paths
    )


def passphrase_for(path: Path) -> bytes:
    """The pass phrase of the key in ``path``: from the environment, else typed unseen; never an argument."""
    from_environment = os.environ.get(PASSPHRASE_VARIABLE)
    if from_environment is not None:
        return from_environment.encode("utf-8")
    if not sys.stdin.isatty():
        raise UsageError(
            "USAGE",
            f"{path.name} is encrypted and there is no terminal to ask for its pass phrase",
            action=f"Set {PASSPHRASE_VARIABLE}, or run it in a terminal.",
        )
    return getpass.getpass(f"Pass phrase of {path.name}: ", stream=sys.stderr).encode("utf-8")
