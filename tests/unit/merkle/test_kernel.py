"""The one hash that no library gave, against the library: every length, every mix of lengths, every lane."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.merkle import kernel, warm
from auditor_app.merkle.kernel import self_check, sha256_each
from auditor_app.native import library
from auditor_app.native.library import MachineCodeError


def library_digests(messages: list[bytes]) -> list[bytes]:
    return [hashlib.sha256(message).digest() for message in messages]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=300) | st.integers(0, 5000).map(lambda size: b"\xa5" * size), max_size=40))
def test_any_messages_hash_as_the_library_hashes_them(messages: list[bytes]) -> None:
    assert sha256_each(messages) == library_digests(messages)


def test_every_length_around_the_padding_and_more_messages_than_a_batch() -> None:
    noise = np.random.default_rng(5).bytes(2000)
    messages = [noise[: length % 400] for length in range(1200)]
    assert sha256_each(messages) == library_digests(messages)


def test_the_self_check_notices_a_wrong_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert self_check()
    right = kernel._sha256_batch
    monkeypatch.setattr(kernel, "_sha256_batch", lambda batch: [bytes(32), *right(batch)[1:]])
    assert not self_check()


@pytest.fixture
def asked_anew() -> object:
    warm._readiness.cache_clear()
    yield None
    warm._readiness.cache_clear()


@pytest.mark.usefixtures("asked_anew")
def test_a_kernel_that_disagrees_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "self_check", lambda: False)
    assert "does not agree" in warm.readiness().reason


@pytest.mark.usefixtures("asked_anew")
def test_code_that_cannot_be_made_is_a_reason_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> object:
        raise MachineCodeError("code cannot be compiled here (no memory)")

    monkeypatch.setattr(kernel, "machine_code", refuse)
    assert warm.readiness().reason == "code cannot be compiled here (no memory)"
    assert library.machine_code()
