"""A hash derived from a typed checkpoint stays one: on the command line, in the report, in the journal and again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor_app.cli import engaged, engagement
from auditor_app.cli.main import main
from auditor_app.engagement.audit import perform
from auditor_app.errors import UsageError
from auditor_app.operation import CancelToken, run
from auditor_app.selftest.exchange import TRUSTED_TIME
from tests.unit.report.reading import squeezed, text_of
from tests.vectors.checkpointed import CHAIN, HASH, HEIGHT, Checkpointed, hand_over

pytestmark = pytest.mark.vectors

Command = Callable[..., tuple[int, dict[str, Any]]]
WAY = "finalised in slot 7109344, signed by 512 of 512 members"


@pytest.fixture
def handed(vectors: Path, tmp_path: Path) -> Checkpointed:
    return hand_over(vectors, tmp_path)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: object) -> tuple[int, dict[str, Any]]:
        status = main([*map(str, arguments), "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


def derived(document: dict[str, Any], place: str = "blocks") -> dict[str, Any]:
    (block,) = document[place]
    assert (block["chain"], block["blockHeight"], block["blockHash"]) == (CHAIN, str(HEIGHT), HASH)
    assert block["vouchedFor"] == "derived from the auditor's beacon checkpoint"
    return dict(block["derivedFrom"])


def test_verify_and_chain_verify_say_what_the_hash_was_derived_from(
    handed: Checkpointed, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    request = handed.request
    ways = {
        "checkpoint": handed.checkpoint, "finalizedHeight": str(HEIGHT), "slot": "7109344", "signed": "512 of 512",
    }  # fmt: skip
    typed = ("--checkpoint", f"{CHAIN}={handed.checkpoint}")
    common = ("--trust", request.trust_store, *typed)
    document = command(
        "verify", request.snapshot, *common, "--evidence", handed.evidence, "--trusted-time", TRUSTED_TIME
    )[1]
    assert derived(document) == ways
    assert not {item["code"] for item in document["findings"]} & {"CHAIN.CHECKPOINT", "CHAIN.TYPED_MISMATCH"}
    snapshot = ("--snapshot", request.snapshot, "--time", TRUSTED_TIME)
    assert derived(command("chain", "verify", handed.evidence, *snapshot, *common)[1], "chains") == ways
    main([str(item) for item in ("chain", "verify", handed.evidence, *snapshot, *common)])
    said = capsys.readouterr().out
    assert f"from checkpoint {handed.checkpoint}: execution block {HEIGHT}, {WAY}" in said


def test_the_report_names_the_checkpoint_and_who_typed_it_and_a_second_auditor_derives_the_same(
    handed: Checkpointed, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (engaged, engagement):
        monkeypatch.setattr(module, "now", lambda: "2026-11-04T10:00:00Z")
    request, book, package, pdf = handed.request, tmp_path / "book.engagement", tmp_path / "p.zip", tmp_path / "r.pdf"
    by = ("--by", "P. Reparer")
    terms = ("--client", "Example Exchange Ltd", "--standard", "isrs-4400")
    assert command("engagement", "new", book, *terms, *by)[0] == 0
    build = ("report", "build", request.snapshot, "--trust", request.trust_store, "--evidence", handed.evidence)
    typed = ("--checkpoint", f"{CHAIN}=0x{handed.checkpoint.upper()}", "--trusted-time", TRUSTED_TIME)
    command(*build, *typed, "-o", pdf)
    text = squeezed(text_of(pdf.read_bytes()))
    way = squeezed("signed by 512 of 512 members of the sync committee, and compared with the snapshot's.")
    assert (
        squeezed(
            f"Derived by a light client's check from the beacon block root {handed.checkpoint} typed by the auditor"
        )
        in text
    )
    assert way in text
    assert squeezed(f"--checkpoint {CHAIN}=0x{handed.checkpoint.upper()}") in text
    assert squeezed("Typed by the auditor, and compared") not in text
    command(*build, *typed, "-o", pdf, "--engagement", book, *by)
    assert squeezed(f"{handed.checkpoint} typed by P. Reparer") in squeezed(text_of(pdf.read_bytes()))
    assert command("engagement", "export", book, "-o", package)[0] == 0
    again = ("reperform", package, "--trust", request.trust_store, "--inputs", tmp_path)
    status, document = command(*again)
    assert (status, document["same"], document["findings"]) == (0, True, [])
    kinds = {item["kind"]: item["status"] for item in document["repeated"]}
    assert kinds["perform-run"] == "same"


def test_a_checkpoint_that_leads_nowhere_is_an_exception_and_vouches_for_nothing(handed: Checkpointed) -> None:
    for checkpoints, what in (
        (((CHAIN, "ab" * 32),), "not that of the typed checkpoint"),
        ((("eip155:56", handed.checkpoint),), "no light-client data for eip155:56"),
    ):
        audit = run(perform(replace(handed.request, checkpoints=checkpoints), CancelToken()))
        (found,) = (item for item in audit.findings if item.code == "CHAIN.CHECKPOINT")
        assert what in found.message
        assert audit.evidence is not None
        (block,) = audit.evidence.blocks
        assert (block.vouched, block.derivation) == ("", None)
        assert audit.verdicts.coverage.value == "exceptions"
    nothing = replace(handed.request, evidence=None, checkpoints=((CHAIN, handed.checkpoint),))
    assert "CHAIN.CHECKPOINT" in {item.code for item in run(perform(nothing, CancelToken())).findings}
    both = replace(handed.request, blocks=((CHAIN, HASH),), checkpoints=((CHAIN, handed.checkpoint),))
    with pytest.raises(UsageError, match="typed block and a typed checkpoint"):
        run(perform(both, CancelToken()))


def test_a_snapshot_that_names_another_block_is_not_of_the_checkpoints_chain(vectors: Path, tmp_path: Path) -> None:
    handed = hand_over(vectors, tmp_path, block_hash="0x" + "5e" * 32)
    request = replace(handed.request, checkpoints=((CHAIN, handed.checkpoint),))
    audit = run(perform(request, CancelToken()))
    (found,) = (item for item in audit.findings if item.code == "CHAIN.TYPED_MISMATCH")
    assert "derived from the auditor's beacon checkpoint" in found.message
    assert (found.expected, found.observed) == (HASH, "0x" + "5e" * 32)
    assert all(line.observed is None for line in audit.addresses)
