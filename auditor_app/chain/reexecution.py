"""Running a contract call again on proven state: for balances that no single slot holds.

Rebasing and proxied tokens compute a balance. The call runs in revm (pyrevm) on the state that a bundle proves, read
through :mod:`auditor_app.chain.witness_server`; whatever was not proven makes it fail. Where pyrevm has no wheel,
:func:`available` is false and such lines stay at a lower grade.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from auditor_app.chain.header import Header
from auditor_app.chain.witness_server import ServedAccount, serve
from auditor_app.operation import CancelToken

CALLER = bytes(20)
"""Who calls: the zero address, as nodes do by default."""

GAS = 50_000_000
"""As nodes allow for ``eth_call`` (geth's default)."""

PRECOMPILES = tuple(number.to_bytes(20, "big") for number in range(1, 0x12))
"""Served as empty accounts: revm asks for them although it runs their code itself."""

_LOOK_SECONDS = 0.25
"""Between two looks at a server that is starting: whether it still lives, and whether the work was cancelled."""


class ReexecutionError(ValueError):
    """The call cannot be run to an answer on what was proven; the message is a clause."""


class MachineMissingError(ReexecutionError):
    """No call can be run on this installation now: it says nothing about what was proven. The message is a clause."""


NO_PYREVM = "pyrevm is not installed here"


@dataclass(frozen=True, slots=True)
class ProvenAccount:
    """An account with its code and the words of its proven slots."""

    nonce: int
    balance: int
    code: bytes
    slots: Mapping[int, int]


@cache
def available() -> bool:
    """Whether this installation can re-execute calls."""
    return importlib.util.find_spec("pyrevm") is not None


class Reexecution:
    """An EVM at one block, over proven state. A context manager: the server process ends with it.

    A server that lives is waited for, however busy the machine is: with a limit in seconds the same evidence would
    prove less on a machine with much to do. ``token`` ends the waiting.
    """

    def __init__(
        self, chain_id: int, header: Header, accounts: Mapping[bytes, ProvenAccount], token: CancelToken | None = None
    ) -> None:
        self._chain_id = chain_id
        self._token = token
        self._header = header
        empty = {"0x" + address.hex(): ServedAccount(0, 0, b"") for address in PRECOMPILES}
        self._served = empty | {
            "0x" + address.hex(): ServedAccount(item.nonce, item.balance, item.code, dict(item.slots))
            for address, item in accounts.items()
        }
        self._process: Any = None
        self._evm: Any = None

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        try:
            process = context.Process(target=serve, args=(self._served, theirs), name="witness", daemon=True)
            process.start()
            self._process = process
            theirs.close()
            while not ours.poll(_LOOK_SECONDS):
                if self._token is not None:
                    self._token.check()
            self._evm = self._machine(int(ours.recv()))
        except EOFError:
            self.__exit__()
            raise MachineMissingError("the witness server on 127.0.0.1 ended while it started") from None
        except (OSError, ImportError) as error:
            self.__exit__()
            raise MachineMissingError(f"the witness server on 127.0.0.1 cannot be used ({error})") from None
        except BaseException:
            self.__exit__()
            raise
        finally:
            ours.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._evm = None
        if self._process is not None:
            self._process.terminate()
            self._process.join()
            self._process.close()
            self._process = None

    def call(self, contract: bytes, data: bytes) -> bytes:
        """What ``contract`` answers to ``data``; :class:`ReexecutionError` for a revert or state that is not proven.

        :class:`MachineMissingError` where the server ended meanwhile: that says nothing about the state.
        """
        checkpoint = self._evm.snapshot()
        try:
            answer = self._evm.message_call(_text(CALLER), _text(contract), calldata=data, gas=GAS, is_static=True)
            succeeded = bool(self._evm.result.is_success)
        except (RuntimeError, ValueError, OverflowError) as error:
            if self._process is None or not self._process.is_alive():
                raise MachineMissingError("the witness server on 127.0.0.1 ended while a call ran") from None
            raise ReexecutionError(f"the call to {_text(contract)} failed ({_reason(error)})") from None
        finally:
            self._evm.revert(checkpoint)
        if not succeeded:
            raise ReexecutionError(f"the call to {_text(contract)} reverted")
        return bytes(answer)

    def _machine(self, port: int) -> Any:
        import pyrevm

        header = self._header
        block = pyrevm.BlockEnv(
            number=header.number,
            coinbase=_text(header.coinbase),
            timestamp=header.timestamp,
            prevrandao=header.mix,
            basefee=0,
            gas_limit=max(header.gas_limit, GAS),
        )
        environment = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=self._chain_id), block=block)
        url, pin = f"http://127.0.0.1:{port}", "0x" + header.hash.hex()
        return pyrevm.EVM(env=environment, fork_url=url, fork_block=pin, spec_id="PRAGUE")


def _text(address: bytes) -> str:
    return "0x" + address.hex()


def _reason(error: Exception) -> str:
    text = str(error)
    marker = text.find("message: ")
    return text[marker + 10 :].partition('"')[0][:120] if marker >= 0 else text[:120]
