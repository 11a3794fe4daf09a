"""``python -m tests.demo_world``: write ``resources/demo`` anew. Needs anvil (``make test`` installs it); no network."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

from auditor_app.chain.capture import Captured, capture
from auditor_app.chain.endpoints import parse_endpoints
from auditor_app.chain.feeds import parse_feeds
from auditor_app.chain.plan import plan_capture
from auditor_app.demo import build, fabricated
from auditor_app.operation import CancelToken, run
from auditor_app.resource_files import resource
from auditor_app.snapshot.authenticate import authenticate_evidence, authenticate_snapshot
from auditor_app.snapshot.members import (
    ADDRESS_FIELDS,
    FUND_FIELDS,
    OWNERSHIP_FIELDS,
    write_table,
)
from tests.demo_world import ethereum, others
from tests.demo_world.ethereum import COLD, ETHER, GUARDIAN_A, GUARDIAN_B, HOT, MILLION, OWNERS, Ethereum
from tests.demo_world.keys import MESSAGE, OLD_MESSAGE
from tests.demo_world.others import BITCOIN, BTC, SOLANA, TRON, Bitcoin

TOKEN = CancelToken()
FOLDER = resource("demo")
ARBITRUM_HOT = f"{fabricated.CHAIN}:{HOT.evm}"
ON_ARBITRUM = 60 * ETHER
HOSTS = {"eth-a": "eth.node-a.example", "eth-b": "eth.node-b.example", "esplora": "bitcoin.explorer.example",
         "core": "127.0.0.1:8332", "tron-a": "tron.node-a.example", "tron-b": "tron.node-b.example",
         "solana": "solana.node.example"}  # fmt: skip


def main() -> None:
    """Tables, then blocks in the description, then a capture whose members are kept."""
    bitcoin = Bitcoin()
    with ethereum.running() as eth, others.served(bitcoin) as fakes:
        write_tables(eth)
        write_blocks(eth, bitcoin)
        urls = {
            "eth-a": (ethereum.CHAIN, eth.node.url + "/"),
            "eth-b": (ethereum.CHAIN, eth.node.url.replace("127.0.0.1", "localhost") + "/"),
            "core": (BITCOIN, "core+" + fakes["core"].url + "/"),
            "esplora": (BITCOIN, fakes["esplora"].url.replace("127.0.0.1", "localhost") + "/api"),
            "tron-a": (TRON, fakes["tron"].url + "/"),
            "tron-b": (TRON, fakes["tron"].url.replace("127.0.0.1", "localhost") + "/"),
            "solana": (SOLANA, fakes["solana"].url + "/"),
        }
        keep_capture(eth, urls)


def account(chain: str, address: str) -> str:
    return f"{chain}:{address}"


def write_tables(eth: Ethereum) -> None:
    claimed = [(account(BITCOIN, a), "BTC", n, "hot" if a == others.HOT.bitcoin else "cold") for a, n in BTC.items()]
    for symbol, balances in (("ETH", eth.eth()), ("USDT", eth.usdt()), ("USDC", eth.usdc())):
        claimed += [
            (account(ethereum.CHAIN, a), symbol, n, "hot" if a == HOT.evm else "cold") for a, n in balances.items()
        ]
    claimed = [(a, s, n + 40 * ETHER if (s, r) == ("ETH", "hot") else n, r) for a, s, n, r in claimed]
    claimed += [
        (ARBITRUM_HOT, "ETH", ON_ARBITRUM, "hot"),
        (account(TRON, others.TRON_KEY.tron), "USDT", others.TRON_UNITS, "cold"),
        (account(SOLANA, others.SOL_ACCOUNT), "USDC", others.SOL_UNITS, "cold"),
    ]
    _write("reserve-addresses.csv", write_table(ADDRESS_FIELDS, [(a, s, str(n), r) for a, s, n, r in claimed]))
    _write("ownership.csv", write_table(OWNERSHIP_FIELDS, ownership(eth)))
    guardian = ("Guardian Fund", "guardian", "on-chain")
    target = ("100000000", "USDT")
    funds = [
        (*guardian, account(ethereum.CHAIN, GUARDIAN_A.evm), "USDT", str(60 * MILLION), *target),
        (*guardian, account(ethereum.CHAIN, GUARDIAN_B.evm), "USDT", str(30 * MILLION), *target),
        (*guardian, account(ethereum.CHAIN, GUARDIAN_B.evm), "ETH", str(6_300 * ETHER), *target),
        ("Futures Insurance Fund", "insurance", "ledger", "", "USDT", "558000000000000", "500000000", "USDT"),
    ]
    _write("funds.csv", write_table(FUND_FIELDS, funds))


def ownership(eth: Ethereum) -> list[tuple[str, str, str, str, str]]:
    """Each address with a proof of another method; none for the account on the chain that nobody captured."""
    vault = b"".join(key.recoverable(_digest(MESSAGE)) for key in (OWNERS[0], OWNERS[2]))
    members = ";".join(key.bip137(MESSAGE) for key in (others.MEMBERS[1], others.MEMBERS[0]))
    return [
        (account(BITCOIN, others.COLD.bitcoin), "bip137", MESSAGE, others.COLD.bip137(MESSAGE), ""),
        (account(BITCOIN, others.VAULT), "multisig", MESSAGE, members, others.VAULT_SCRIPT.hex()),
        (account(BITCOIN, others.HOT.bitcoin), "bip322", MESSAGE, others.HOT.bip322(MESSAGE), ""),
        (account(ethereum.CHAIN, COLD.evm), "eip191", MESSAGE, COLD.eip191(MESSAGE), ""),
        (account(ethereum.CHAIN, eth.vault), "eip1271", MESSAGE, "0x" + vault.hex(), ""),
        (account(ethereum.CHAIN, HOT.evm), "txid", f"Sent to itself at the auditor's request: {ethereum.SENT}", eth.sent, ""),
        (account(TRON, others.TRON_KEY.tron), "tron", MESSAGE, others.TRON_KEY.tip191(MESSAGE), ""),
        (account(SOLANA, others.SOL_ACCOUNT), "solana", OLD_MESSAGE, others.solana_signature(OLD_MESSAGE), ""),
        (account(ethereum.CHAIN, GUARDIAN_A.evm), "eip191", MESSAGE, GUARDIAN_A.eip191(MESSAGE), ""),
        (account(ethereum.CHAIN, GUARDIAN_B.evm), "eip191", MESSAGE, GUARDIAN_B.eip191(MESSAGE), ""),
    ]  # fmt: skip


def _digest(message: str) -> bytes:
    from auditor_app.chain.ownership import eip191

    return eip191.digest(message)


def write_blocks(eth: Ethereum, bitcoin: Bitcoin) -> None:
    """Heights and hashes in the description, by chain."""
    made_up, _, _ = fabricated.fabricated_evidence({ARBITRUM_HOT: ON_ARBITRUM})
    blocks = {
        ethereum.CHAIN: (eth.height, eth.hash),
        BITCOIN: (others.LAST, bitcoin.hash),
        TRON: (others.TRON_HEIGHT, others.TRON_HASH),
        SOLANA: (others.SLOT, others.SOL_HASH),
        fabricated.CHAIN: (fabricated.HEIGHT, made_up.block_hash),
    }
    path = FOLDER / "snapshot.toml"
    text = path.read_text()
    for chain, (height, digest) in blocks.items():
        section = rf'(\[chains\."{re.escape(chain)}"\]\nblock-height = )\d+(\nblock-hash = ")[^"]*'
        text, count = re.subn(section, rf"\g<1>{height}\g<2>{digest}", text)
        assert count == 1, chain
    path.write_text(text)


def keep_capture(eth: Ethereum, urls: dict[str, tuple[str, str]]) -> None:
    """Capture with the product's own command path, and keep the members under the made-up hosts."""
    with tempfile.TemporaryDirectory() as scratch:
        files = build.DemoFiles.of(Path(scratch))
        run(build._issue(files, TOKEN))
        store = build._pin(files)
        snapshot = authenticate_snapshot(files.snapshot, store, token=TOKEN, trusted_time=build.TRUSTED_TIME)
        core = urls["core"][1].rpartition("://")[2].strip("/")
        endpoints = parse_endpoints(
            [f"{chain}={url}" for chain, url in urls.values()], own_nodes=[core], secrets=lambda host: "user:password"
        )
        feeds = parse_feeds([f"ETH/USDT={ethereum.CHAIN}:{eth.feed}"])
        plan = plan_capture(snapshot, endpoints, TOKEN, feeds)
        key = build.demo_key(build.AUDITOR)
        work = capture(snapshot, plan, [key], files.evidence, captured_at=build._CAPTURED_AT, token=TOKEN)
        captured: Captured = run(work)
        print(
            *captured.notes, *(f"left out: {row.account} {row.asset}: {row.reason}" for row in plan.left_out), sep="\n"
        )
        evidence = authenticate_evidence(files.evidence, store, token=TOKEN, trusted_time=build.TRUSTED_TIME)
        names = {url.rpartition("://")[2].partition("/")[0]: HOSTS[name] for name, (_, url) in urls.items()}
        target = FOLDER / "evidence"
        shutil.rmtree(target, ignore_errors=True)
        members = {}
        for subject in evidence.statement.subject:
            data = renamed(evidence.members.read(subject.name, TOKEN), names)
            name = subject.name
            for old, new in names.items():
                name = name.replace(old.replace(":", "-"), new.replace(":", "-"))
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(data)
            members[name] = subject.media_type
        predicate = evidence.statement.predicate
        document = {
            "blocks": {
                chain: {"blockHeight": b.block_height, "blockHash": b.block_hash, "hashFrom": b.hash_from}
                for chain, b in predicate.chains.items()
            },
            "endpoints": sorted(renamed(origin.encode(), names).decode() for origin in predicate.endpoints),
            "members": members,
        }
        (target / "capture.json").write_text(json.dumps(document, indent=1) + "\n")
        evidence.members.close()
        snapshot.members.close()


def renamed(data: bytes, names: dict[str, str]) -> bytes:
    """The bytes with made-up hosts and the demo's own clock."""
    for old, new in names.items():
        scheme = b"http://" if new.startswith("127.") else b"https://"
        data = data.replace(b"http://" + old.encode(), scheme + new.encode()).replace(old.encode(), new.encode())
    return re.sub(rb'"at":"[^"]*"', b'"at":"' + build._CAPTURED_AT.encode() + b'"', data)


def _write(name: str, data: bytes) -> None:
    (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
