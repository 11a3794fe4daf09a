"""Contract wallets: asked on a real node, asked again offline on what the evidence proves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from coincurve import PrivateKey

from auditor_app.chain import reexecution, wallets
from auditor_app.chain.accounts import checksum_address
from auditor_app.chain.address.digests import evm_account, keccak256
from auditor_app.chain.bundle import decode_bundle, encode_bundle
from auditor_app.chain.capture import Captured, capture
from auditor_app.chain.observed import typed_blocks
from auditor_app.chain.ownership import eip191
from auditor_app.chain.ownership.check import check_rows
from auditor_app.chain.ownership.model import Binds, ContractsUnknown, Outcome, OwnershipLine
from auditor_app.chain.ownership.snapshot_list import read_table
from auditor_app.chain.plan import plan_capture
from auditor_app.chain.reexecution import available
from auditor_app.chain.wallets import EvidenceContracts, wallets_name
from auditor_app.operation import run
from auditor_app.snapshot.authentic import AuthenticEvidence, AuthenticSnapshot
from auditor_app.snapshot.authenticate import authenticate_evidence
from auditor_app.snapshot.members import OWNERSHIP_FIELDS, write_table
from auditor_app.snapshot.statement import Asset, BlockReference, Reserves
from auditor_app.snapshot.trust import TrustStore
from tests.unit.chain.conftest import Anvil
from tests.unit.chain.servers import ends_at_once
from tests.unit.chain.snapshots import Members, snapshot
from tests.unit.chain.test_capture import CHAIN, KEY, NOW, TOKEN, trusting

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(not available(), reason="pyrevm has no wheel for this system"),
]

CREATION = json.loads((Path(__file__).parent / "contracts" / "wallets.json").read_text())["contracts"]["SharedWallet"]
MESSAGE = "I am Example Exchange, 2026-11-01"


def address_of(key: PrivateKey) -> str:
    return "0x" + evm_account(key.public_key.format(compressed=False)).hex()


OWNERS = sorted((PrivateKey(bytes([n]) * 32) for n in (1, 2, 3)), key=address_of)


def signed(digest: bytes, *keys: PrivateKey) -> str:
    signatures = [key.sign_recoverable(digest, hasher=None) for key in keys]
    return "0x" + b"".join(part[:64] + bytes([part[64] + 27]) for part in signatures).hex()


@dataclass
class Vault:
    """A 2-of-3 wallet on a node, and a snapshot whose list holds a proof by it."""

    node: Anvil
    wallet: str
    height: int
    hash: str

    def snapshot(self, proof: str) -> AuthenticSnapshot:
        account = f"{CHAIN}:{checksum_address(self.wallet)}"
        held = snapshot(
            [(account, "ETH", 5)],
            columns=(("ETH",),),
            assets=(Asset(symbol="ETH", decimals=18, on_chain=(f"{CHAIN}/slip44:60",)),),
            chains={CHAIN: BlockReference(block_height=str(self.height), block_hash=self.hash)},
        )
        table = write_table(OWNERSHIP_FIELDS, ((account, "eip1271", MESSAGE, proof, ""),))
        addresses = held.members.read("reserves/addresses.csv", TOKEN)
        predicate = held.statement.predicate
        reserves = Reserves(addresses="reserves/addresses.csv", ownership="own.csv", claimed_totals={"ETH": "5"})
        statement = msgspec.structs.replace(
            held.statement, predicate=msgspec.structs.replace(predicate, reserves=reserves)
        )
        return replace(
            held, statement=statement, members=Members({"reserves/addresses.csv": addresses, "own.csv": table})
        )

    def capture(self, proof: str, path: Path) -> Captured:
        held = self.snapshot(proof)
        plan = plan_capture(held, [self.node.endpoint()], TOKEN)
        return run(capture(held, plan, [KEY], path, captured_at=NOW, token=TOKEN))

    def line(
        self, proof: str, evidence: AuthenticEvidence | None, typed: dict[str, str] | None = None
    ) -> OwnershipLine:
        rows = read_table(self.snapshot(proof).members.read("own.csv", TOKEN), file="own.csv")
        if evidence is None:
            return run(check_rows(rows, challenge=None, as_of=None, token=TOKEN)).lines[0]
        with EvidenceContracts(evidence, typed_blocks((typed or {}).items()), TOKEN) as contracts:
            return run(check_rows(rows, challenge=None, as_of=None, token=TOKEN, contracts=contracts)).lines[0]


def opened(path: Path, store: TrustStore | None = None) -> AuthenticEvidence:
    return authenticate_evidence(path, trusting(KEY) if store is None else store, token=TOKEN, trusted_time=NOW)


@pytest.fixture(scope="module")
def vault(anvil: Anvil) -> Iterator[Vault]:
    words = [64, 2, 3, *(int(address_of(key), 16) for key in OWNERS)]
    creation = CREATION["creation"] + "".join(f"{word:064x}" for word in words)
    wallet = str(anvil.send(None, creation)["contractAddress"])
    anvil("anvil_setBalance", wallet, "0x5")
    height = anvil.mine()
    anvil.mine()
    yield Vault(anvil, wallet, height, anvil.hash_at(height))


EIP191 = eip191.digest(MESSAGE)
GOOD = signed(EIP191, OWNERS[0], OWNERS[2])


def test_a_wallets_own_answer_decides_with_its_owners_and_threshold(vault: Vault, tmp_path: Path) -> None:
    assert vault.line(GOOD, None).outcome is Outcome.UNSIGNED
    captured = vault.capture(GOOD, tmp_path / "e")
    assert captured.notes == ()
    evidence = opened(tmp_path / "e")
    line = vault.line(GOOD, evidence)
    assert (line.outcome, line.binds, line.scheme) == (Outcome.VALID, Binds.ADDRESS, "EIP-1271, EIP-191")
    assert "2 of 3 owners" in line.note
    assert all(address_of(key) in line.note for key in OWNERS)
    assert "on the word of the capturing auditor's endpoint" in line.note
    assert "from the auditor" in vault.line(GOOD, evidence, {CHAIN: vault.hash}).note
    evidence.members.close()


@pytest.mark.parametrize(
    "proof",
    [
        signed(EIP191, OWNERS[0], OWNERS[0]),  # one owner twice
        signed(EIP191, OWNERS[0], PrivateKey(bytes([9]) * 32)),
        signed(keccak256(b"another text"), OWNERS[0], OWNERS[2]),
    ],
)
def test_a_signature_that_is_not_the_wallets_is_invalid(vault: Vault, tmp_path: Path, proof: str) -> None:
    assert vault.capture(proof, tmp_path / "e").notes == ()
    evidence = opened(tmp_path / "e")
    assert vault.line(proof, evidence).outcome is Outcome.INVALID
    evidence.members.close()


def test_a_bare_digest_is_the_other_scheme(vault: Vault, tmp_path: Path) -> None:
    proof = signed(keccak256(MESSAGE.encode()), OWNERS[0], OWNERS[1])
    vault.capture(proof, tmp_path / "e")
    evidence = opened(tmp_path / "e")
    line = vault.line(proof, evidence)
    assert (line.outcome, line.scheme) == (Outcome.VALID, "EIP-1271, Keccak-256")
    evidence.members.close()


def test_a_wallet_that_reverts_is_said_to_give_no_answer(vault: Vault, tmp_path: Path) -> None:
    short = signed(EIP191, OWNERS[0])
    captured = vault.capture(short, tmp_path / "e")
    assert "does not answer EIP-1271" in captured.notes[0]
    evidence = opened(tmp_path / "e")
    assert vault.line(short, evidence).outcome is Outcome.UNSIGNED
    evidence.members.close()


def test_nobody_vouching_for_the_block_decides_nothing(vault: Vault, tmp_path: Path) -> None:
    vault.capture(GOOD, tmp_path / "e")
    unpinned = opened(tmp_path / "e", TrustStore())
    line = vault.line(GOOD, unpinned)
    assert (line.outcome, "nobody vouches" in line.note) == (Outcome.UNSIGNED, True)
    assert vault.line(GOOD, unpinned, {CHAIN: vault.hash}).outcome is Outcome.VALID
    wrong = vault.line(GOOD, unpinned, {CHAIN: "0x" + "ab" * 32})
    assert (wrong.outcome, "does not hold" in wrong.note) == (Outcome.UNSIGNED, True)
    unpinned.members.close()


def test_state_that_was_left_out_never_decides(vault: Vault, tmp_path: Path) -> None:
    """Every slot dropped in turn: a zero in its place would change owners or threshold; it must stay undecided."""
    vault.capture(GOOD, tmp_path / "e")
    evidence = opened(tmp_path / "e")
    name = wallets_name(CHAIN)
    members = {item.name: evidence.members.read(item.name, TOKEN) for item in evidence.statement.subject}
    evidence.members.close()
    bundle = decode_bundle(members[name], name)
    (wallet,) = (item for item in bundle.touched if item.slots)
    outcomes: list[Any] = []
    for slot in wallet.slots:
        fewer = msgspec.structs.replace(wallet, slots=tuple(s for s in wallet.slots if s != slot))
        touched = tuple(fewer if item is wallet else item for item in bundle.touched)
        data = encode_bundle(msgspec.structs.replace(bundle, touched=touched))
        outcomes.append(vault.line(GOOD, replace(evidence, members=Members({**members, name: data}))).outcome)
    assert len(outcomes) == 5
    assert set(outcomes) == {Outcome.UNSIGNED}


def test_another_contract_of_the_chain_is_unknown(vault: Vault, tmp_path: Path) -> None:
    vault.capture(GOOD, tmp_path / "e")
    evidence = opened(tmp_path / "e")
    with EvidenceContracts(evidence, {}, TOKEN) as contracts:
        with pytest.raises(ContractsUnknown, match="was not captured"):
            contracts.call(CHAIN, bytes(20), b"")
        with pytest.raises(ContractsUnknown, match="holds no state"):
            contracts.call("eip155:1", bytes(20), b"")
    evidence.members.close()


def test_evidence_of_another_snapshot_or_block_decides_nothing(vault: Vault, tmp_path: Path) -> None:
    vault.capture(GOOD, tmp_path / "e")
    evidence = opened(tmp_path / "e")
    account = bytes.fromhex(vault.wallet[2:])
    held = vault.snapshot(GOOD)
    later = {CHAIN: BlockReference(block_height=str(vault.height + 1))}
    changed = msgspec.structs.replace(
        held.statement, predicate=msgspec.structs.replace(held.statement.predicate, chains=later)
    )
    for other in (replace(held, payload_sha256="00" * 32), replace(held, statement=changed)):
        with (
            EvidenceContracts(evidence, {}, TOKEN, other) as contracts,
            pytest.raises(ContractsUnknown, match="another snapshot or block"),
        ):
            contracts.call(CHAIN, account, b"")
    with EvidenceContracts(evidence, {}, TOKEN, held) as contracts:
        assert len(contracts.call(CHAIN, account, bytes.fromhex("e75235b8"))) == 32
    evidence.members.close()


@pytest.mark.parametrize("reason", ["pyrevm is not installed here", "ended while it started"])
def test_wallets_that_this_installation_cannot_ask_are_a_limitation_with_the_reason(
    vault: Vault, tmp_path: Path, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a refusal of the contract nor the silence of a row without any proof."""
    vault.capture(GOOD, tmp_path / "e")
    evidence = opened(tmp_path / "e")
    if "pyrevm" in reason:
        monkeypatch.setattr(wallets, "available", lambda: False)
    else:
        monkeypatch.setattr(reexecution, "serve", ends_at_once)
    rows = read_table(vault.snapshot(GOOD).members.read("own.csv", TOKEN), file="own.csv")
    with EvidenceContracts(evidence, {}, TOKEN) as contracts:
        result = run(check_rows(rows, challenge=None, as_of=None, token=TOKEN, contracts=contracts))
    evidence.members.close()
    (line,) = result.lines
    assert line.outcome is Outcome.UNSIGNED
    assert reason in line.note
    (limit,) = (item for item in result.limitations if item.code == "OWNERSHIP.NOT_REEXECUTED")
    assert (limit.subject, reason in limit.message) == (f"chain {CHAIN}", True)
