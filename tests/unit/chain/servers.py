"""Witness servers that do not do what the real one does, for the process that is started in its place."""

from __future__ import annotations

import time
from collections.abc import Mapping
from multiprocessing.connection import Connection

from auditor_app.chain.witness_server import ServedAccount, serve


def ends_at_once(_accounts: Mapping[str, ServedAccount], pipe: Connection) -> None:
    """As on a machine that cannot start it."""
    pipe.close()


def starts_late(accounts: Mapping[str, ServedAccount], pipe: Connection) -> None:
    """As on a machine that is busy with something else."""
    time.sleep(0.6)
    serve(accounts, pipe)


def never_starts(_accounts: Mapping[str, ServedAccount], _pipe: Connection) -> None:
    """As on a machine that is busy for ever."""
    time.sleep(600)
