"""The process that serves proven state: a busy machine changes nothing that is found, and its end accuses nobody."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest
import rlp as other_rlp
from eth_utils import keccak

from auditor_app.chain import proven_state, reexecution
from auditor_app.chain.accounts import decode_account
from auditor_app.chain.bundle import ProofBundle, make_bundle
from auditor_app.chain.proven_state import ProvenState
from auditor_app.chain.reexecution import MachineMissingError, ProvenAccount, Reexecution, ReexecutionError, available
from auditor_app.chain.trie import TrieError
from auditor_app.errors import ChainError
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authenticate import authenticate_evidence
from tests.unit.chain.servers import ends_at_once, never_starts, starts_late
from tests.unit.chain.test_capture import CHAIN, NOW, TOKEN, Town, do_capture, trusting
from tests.unit.chain.test_capture import KEY as SIGNER
from tests.unit.chain.test_reexecution import CONTRACT, EMPTY, HEADER, PLACED, RETURN_TOP, code, execute
from tests.unit.chain.trie_builder import absence, build
from tests.unit.processes import ended

pytestmark = pytest.mark.skipif(not available(), reason="pyrevm has no wheel for this system")

ANSWERS_42 = code("602a" + RETURN_TOP)
READS_A_SLOT = code("60003554" + RETURN_TOP)  # the one that the call data name
ACCOUNTS = {bytes(20): EMPTY, HEADER.coinbase: EMPTY, CONTRACT: ANSWERS_42}


def test_a_server_that_starts_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it was looked for in vain: with a limit the same evidence would prove less on a busy machine."""
    monkeypatch.setattr(reexecution, "_LOOK_SECONDS", 0.001)
    monkeypatch.setattr(reexecution, "serve", starts_late)
    assert int.from_bytes(execute(ANSWERS_42)) == 42


def test_the_waiting_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor_app.operation import Cancelled

    monkeypatch.setattr(reexecution, "serve", never_starts)
    token = CancelToken()
    machine = Reexecution(31337, HEADER, ACCOUNTS, token)
    asked = time.monotonic() + 0.2
    threading.Timer(0.2, token.cancel).start()
    with pytest.raises(Cancelled):
        machine.__enter__()
    assert time.monotonic() - asked < 1
    assert machine._process is None


def test_a_server_that_ends_under_a_call_says_nothing_of_the_state() -> None:
    with Reexecution(31337, HEADER, ACCOUNTS) as machine:
        machine._process.kill()
        machine._process.join()
        with pytest.raises(MachineMissingError, match="ended while a call ran"):
            machine.call(CONTRACT, b"")


def bundle_of(account: ProvenAccount) -> tuple[ProofBundle, bytes]:
    """The proven state of one contract, and its header's hash."""
    address, caller, coinbase = bytes.fromhex(PLACED[2:]), bytes(20), b"\x03" * 20
    accounts = {address: other_rlp.encode([1, 0, keccak(b"\x80"), keccak(account.code)])}
    root, proofs = build(accounts)
    words: list[Any] = [b"\x01" * 32, b"\x02" * 32, coinbase, root, b"\x04" * 32, b"\x05" * 32, bytes(256)]
    words += [b"", 100, 30_000_000, 0, 1_700_000_000, b"", bytes(32), bytes(8)]
    header = other_rlp.encode(words)
    nodes = [*proofs[address], *absence(accounts, caller), *absence(accounts, coinbase)]
    slots = [number.to_bytes(32, "big") for number in range(2)]  # of an empty storage: proven to be zero
    touched: dict[bytes, list[bytes]] = {address: slots, caller: [], coinbase: []}
    bundle = make_bundle("eip155:1", header, nodes, (), code=[account.code], executed=[PLACED], touched=touched)
    return bundle, keccak(header)


class Starts:
    """Counts the processes that a state starts, and keeps them in the order of their start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machines: list[Reexecution] = []
        starts = self

        class Counted(Reexecution):
            def __enter__(self) -> Self:
                starts.machines.append(self)
                super().__enter__()
                return self

        monkeypatch.setattr(proven_state, "Reexecution", Counted)


def test_a_server_that_was_ended_from_outside_is_started_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Starts(monkeypatch)
    bundle, block_hash = bundle_of(READS_A_SLOT)
    with ProvenState(bundle, block_hash, 100) as state:
        assert state.call(PLACED, bytes(32)) == bytes(32)
        starts.machines[0]._process.kill()
        starts.machines[0]._process.join()
        assert state.call(PLACED, (1).to_bytes(32, "big")) == bytes(32)
        assert (len(starts.machines), state.not_reexecuted) == (2, "")
        assert starts.machines[1]._process.is_alive()
    assert [machine._process for machine in starts.machines] == [None, None]


def test_a_server_that_never_lives_is_tried_twice_and_then_said(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Starts(monkeypatch)
    monkeypatch.setattr(reexecution, "serve", ends_at_once)
    bundle, block_hash = bundle_of(ANSWERS_42)
    with ProvenState(bundle, block_hash, 100) as state:
        for _ in range(3):
            with pytest.raises(MachineMissingError, match="ended while it started"):
                state.call(PLACED, b"")
        assert len(starts.machines) == 2
        assert state.not_reexecuted == "the witness server on 127.0.0.1 ended while it started"


def test_only_contracts_that_were_captured_are_asked() -> None:
    """Whatever else is proven: the zero address stands in every such proof."""
    bundle, block_hash = bundle_of(ANSWERS_42)
    with ProvenState(bundle, block_hash, 100) as state:
        for contract in ("0x" + "00" * 20, "0x" + "77" * 20):
            with pytest.raises(ReexecutionError, match=f"the state of {contract} was not captured"):
                state.call(contract, b"")


def test_an_account_without_code_answers_nothing() -> None:
    """A machine would say that the call succeeded, with no bytes."""
    bundle, block_hash = bundle_of(ANSWERS_42)
    nobody = "0x" + "00" * 20
    named = msgspec.structs.replace(bundle, executed=(nobody, PLACED))
    with ProvenState(named, block_hash, 100) as state:
        with pytest.raises(TrieError, match="has no code at this block"):
            state.call(nobody, b"")
        assert int.from_bytes(state.call(PLACED, b"")) == 42


@pytest.mark.parametrize(("word", "fits"), [(255, True), (256, False)])
def test_decimals_are_a_byte(word: int, fits: bool) -> None:
    bundle, block_hash = bundle_of(code(f"61{word:04x}" + RETURN_TOP))  # the answer to every call
    account, ids = decode_account("eip155:1:0x" + "11" * 20), (f"eip155:1/erc20:{PLACED}",)
    with ProvenState(bundle, block_hash, 100) as state:
        if fits:
            assert state.balance(account, ids, 255) == word
        else:
            with pytest.raises(ChainError, match="decimals that no byte holds"):
                state.balance(account, ids, 255)


@pytest.fixture(scope="module")
def town(anvil: Any) -> Iterator[Town]:
    yield Town(anvil)


@pytest.mark.node
def test_a_capture_without_the_server_does_not_accuse_the_endpoint(
    town: Town, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its proofs are kept, and read again wherever the evidence is relied on."""
    monkeypatch.setattr(reexecution, "serve", ends_at_once)
    held, path = town.snapshot(), tmp_path / "e.porevidence"
    _, captured = do_capture(held, [town.node.endpoint()], path)
    assert captured.proven_chains == (CHAIN,)
    assert any("its word alone (the witness server" in note for note in captured.notes)
    authenticate_evidence(path, trusting(SIGNER), token=TOKEN, trusted_time=NOW).members.close()


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import multiprocessing, time\n"
        "from auditor_app.chain.witness_server import serve\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    ours, theirs = context.Pipe(duplex=False)\n"
        "    server = context.Process(target=serve, args=({}, theirs), daemon=True)\n"
        "    server.start()\n"
        "    ours.recv()\n"
        "    print(server.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        parent.kill()
    assert ended(server)
