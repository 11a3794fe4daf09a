"""Rivest's sampler, against a naive second implementation; index draws without bias."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor_app.errors import SamplingError
from auditor_app.operation import Cancelled, CancelToken, run
from auditor_app.sampling.select import SmallestTickets, draw_ids, draw_indices, index_stream, next_ticket_number


def naive(seed: str, ids: list[str], size: int) -> list[tuple[str, str]]:
    """arXiv:1808.10016 in four lines: sort everything by reversed decimal digits."""
    prefix = hashlib.sha256(seed.encode()).hexdigest()
    tickets = []
    for item in ids:
        number = int(hashlib.sha256((prefix + item).encode()).hexdigest(), 16)
        tickets.append(("0." + "".join(reversed(f"{number:064d}")), item))
    return sorted(tickets)[:size]


def drawn(seed: str, population: int, size: int) -> list[tuple[str, str]]:
    return [(ticket.number, ticket.id) for ticket in run(draw_indices(seed, population, size, CancelToken()))]


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789abcdef", min_size=1, max_size=64), st.integers(1, 400), st.data())
def test_the_stream_draws_what_sorting_everything_draws(seed: str, population: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, population))
    assert drawn(seed, population, size) == naive(seed, [str(index) for index in range(population)], size)


def test_a_population_of_several_chunks() -> None:
    population = 3 * 65_536 + 5
    assert drawn("ab", population, 40) == naive("ab", [str(index) for index in range(population)], 40)


def test_ids_may_come_in_any_order() -> None:
    ids = [f"deposit-{n}" for n in range(100)]
    assert draw_ids("s", ids, 9) == draw_ids("s", reversed(ids), 9)
    assert [(t.number, t.id) for t in draw_ids("s", ids, 9)] == naive("s", ids, 9)


def test_a_larger_sample_or_population_keeps_the_order_of_earlier_picks() -> None:
    assert drawn("seed", 5000, 90)[:59] == drawn("seed", 5000, 59)
    larger = [ticket for ticket in drawn("seed", 9000, 200) if int(ticket[1]) < 5000]
    assert drawn("seed", 5000, len(larger)) == larger


def test_the_next_generation_is_larger() -> None:
    assert (
        next_ticket_number("0.25471")
        == "0.642853261655004694691182528114375607701032283189922170593838029306715548381901"
    )
    assert next_ticket_number("0.99") > "0.99"


@pytest.mark.parametrize(("population", "size"), [(10, 0), (10, 11), (0, 1)])
def test_impossible_samples_are_refused(population: int, size: int) -> None:
    with pytest.raises(SamplingError):
        drawn("seed", population, size)


def test_a_draw_can_be_cancelled_and_tells_its_progress() -> None:
    token = CancelToken()
    operation = draw_indices("seed", 10**7, 5, token)
    first, second = next(operation), next(operation)
    assert (first.done, second.done, first.total) == (0, 65_536, 10**7)
    token.cancel()
    with pytest.raises(Cancelled):
        next(operation)


@pytest.mark.parametrize("bound", [1, 2, 3, 256, 257, 2**64, 2**300 + 1])
def test_indices_stay_below_their_bound(bound: int) -> None:
    assert all(0 <= drawn < bound for drawn in islice(index_stream(b"seed", bound), 200))


def test_indices_are_rejected_never_folded() -> None:
    """Below 192 with one byte, folding would give 0–63 twice as often: 4.2 standard deviations at 200 draws a value."""
    counts = Counter(islice(index_stream(b"seed", 192), 192 * 200))
    low = sum(counts[value] for value in range(64))
    assert abs(low - 64 * 200) < 500  # folding would give 19,200
    naive_stream = b"".join(
        hashlib.sha256(b"por-sample/index/v1seed" + i.to_bytes(8, "big")).digest() for i in range(4)
    )
    assert list(islice(index_stream(b"seed", 192), 50)) == [byte for byte in naive_stream if byte < 192][:50]


def test_nothing_to_draw_from_is_refused() -> None:
    with pytest.raises(SamplingError):
        next(index_stream(b"", 0))


def test_a_draw_of_nothing_keeps_nothing() -> None:
    nothing = SmallestTickets("seed", 0)
    nothing.offer(range(1000))
    assert nothing.tickets() == ()
