"""The verification order, each step with a file that only that step refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import NotAuthentic
from tests.unit.snapshot import samples


def test_a_fully_signed_snapshot_is_authentic(tmp_path: Path) -> None:
    authentic = samples.authenticate(samples.write(tmp_path))
    assert authentic.findings == ()
    assert {signer.signer for signer in authentic.signers} == {"Head of Treasury", "Finance Director"}
    assert authentic.members.read("ledger/spot-00000.csv", CancelToken()) == samples.LEDGER
    authentic.members.close()


def test_a_missing_signer_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotAuthentic, match="Finance Director") as caught:
        samples.authenticate(samples.write(tmp_path, samples.TREASURY))
    assert caught.value.code == "SIGNATURE.THRESHOLD"
    assert caught.value.exit_status == 2
