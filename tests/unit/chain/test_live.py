"""The rate of a live look, as if the published liabilities had stood still."""

from __future__ import annotations

from auditor_app.chain.live import LiveAsset


def asset(now: int, owed: int, *, complete: bool = True) -> LiveAsset:
    return LiveAsset("BTC", 8, 100, now, owed, complete)


def test_the_rate_is_rounded_down_and_only_given_for_all_rows() -> None:
    assert asset(199_999, 300_000).rate_if_unchanged == "66.6663"
    assert asset(1, 1, complete=False).rate_if_unchanged is None
    assert asset(1, 0).rate_if_unchanged is None
