"""An error keeps what it says when it is raised again as one of another kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor_app.errors import AuditError, Location, ProofError, SnapshotError
from auditor_app.merkle.proof_file import load_document
from auditor_app.merkle.schemes import SCHEMES, typed_scheme
from auditor_app.snapshot import envelope


def test_recast_keeps_every_field() -> None:
    error = AuditError("A.B", "it broke", at=Location("f", byte=3), expected="1", observed="2", action="Mend it.")
    again = error.recast(ProofError)
    assert type(again) is ProofError
    assert again.__dict__ == error.__dict__
    assert again.sentence() == "f, byte 3: it broke (expected 1, observed 2). Mend it."


def test_recast_changes_what_is_named_and_fills_in_a_missing_action() -> None:
    again = AuditError("A.B", "it broke", at=Location("f")).recast(
        SnapshotError, "C.D", at=Location("g"), action="Ask."
    )
    assert (again.code, again.sentence()) == ("C.D", "g: it broke. Ask.")
    assert again.recast(ProofError, action="Wait.").action == "Ask."


def test_a_proof_file_with_a_key_twice_is_refused_with_its_byte(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_bytes(b'{"a": 1, "a": 2}')
    with pytest.raises(ProofError) as refused:
        load_document(tmp_path / "p.json", options={})
    assert refused.value.at == Location("p.json", row=1, byte=9)
    assert refused.value.action


def test_an_envelope_with_a_fraction_is_refused_with_its_byte() -> None:
    with pytest.raises(SnapshotError) as refused:
        envelope.decode(b'{"payload": 1.5}', file="e.json")
    assert refused.value.at == Location("e.json", row=1, byte=12)
    assert refused.value.action


def test_a_scheme_typed_wrongly_is_answered_with_all_names() -> None:
    with pytest.raises(AuditError, match="'mexk' is not known") as refused:
        typed_scheme("mexk")
    assert refused.value.expected == ", ".join(SCHEMES)
