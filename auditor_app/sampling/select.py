"""Which items are drawn: Rivest's consistent sampler, and index draws without bias.

R. L. Rivest, *Consistent sampling with replacement* (arXiv:1808.10016) and its package ``consistent_sampler``:
an item's ticket number is 0.d₁d₂…, the decimal digits, last first, of SHA-256(hex(SHA-256(seed)) ‖ id); the
smallest tickets win. The order of the population does not matter, a larger sample keeps the earlier picks, and
anyone can repeat the draw. The seed given to it is the seed's lower-case hex text, an id is the leaf's index in
decimal, so the published package draws the same leaves from the same seed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from auditor_app.errors import SamplingError
from auditor_app.operation import CancelToken, Operation, Progress

_LEAD = 4
_LEADS = 10**_LEAD
_LEAD_OF = [int(str(low).rjust(_LEAD, "0")[::-1]) for low in range(_LEADS)]
"""The first digits of a ticket by the last ones of its number."""
_CHUNK = 1 << 16
_DIGITS = 64
"""Rivest pads the decimal digits to 64 places; SHA-256 nearly always gives more."""

_INVERT = str.maketrans("0123456789", "9876543210")
"""Turns the smallest ticket into the largest text: :mod:`heapq` keeps the smallest entry first."""


@dataclass(frozen=True, slots=True, order=True)
class Ticket:
    """One item's number in the draw; tickets compare by their number, as decimal text."""

    number: str
    id: str


def ticket_number(seed: str, identifier: str) -> str:
    """Rivest's first-generation ticket number of one item: ``0.`` and the digits, last first."""
    return uniform(sha256(seed.encode("utf-8")).hexdigest() + identifier)


def uniform(text: str) -> str:
    """SHA-256 of ``text`` as the text of a real number in (0, 1), its low digits first as those are unbiased."""
    return "0." + _digits(int.from_bytes(sha256(text.encode("utf-8")).digest(), "big"))


def _digits(value: int) -> str:
    return str(value).rjust(_DIGITS, "0")[::-1]


def next_ticket_number(number: str) -> str:
    """Rivest's ticket number of the next generation, for drawing with replacement: uniform in (``number``, 1)."""
    padded = number + "0"
    nines = 2 + len(padded[2:]) - len(padded[2:].lstrip("9"))
    counter = 0
    drawn = "0."
    while drawn <= padded:
        counter += 1
        drawn = padded[:nines] + uniform(f"{number}:{counter}")[2:]
    return drawn


def draw_ids(seed: str, identifiers: Iterable[str], size: int) -> tuple[Ticket, ...]:
    """The ``size`` items with the smallest tickets, smallest first; fewer if there are fewer items.

    For lists that an auditor imports; ids must differ, as equal ids have equal tickets.
    """
    return tuple(heapq.nsmallest(size, (Ticket(ticket_number(seed, item), item) for item in identifiers)))


class SmallestTickets:
    """The ``size`` smallest tickets of the leaves that are offered, in any order; memory is the sample's alone.

    A ticket whose first digits exceed those of the worst ticket kept is passed over before its text is made.
    """

    def __init__(self, seed: str, size: int) -> None:
        self._prefix = sha256(seed.encode("utf-8")).hexdigest().encode("ascii")
        self._size = size
        self._kept: list[tuple[str, int]] = []  # inverted digits and index: the first entry is the largest ticket kept
        self._limit = _LEADS if size else -1

    def offer(self, indices: Iterable[int]) -> None:
        """Take the leaves at ``indices`` (0-based) into the draw, each once."""
        prefix, size, kept, limit = self._prefix, self._size, self._kept, self._limit
        for index in indices:
            value = int.from_bytes(sha256(b"%b%d" % (prefix, index)).digest(), "big")
            if _LEAD_OF[value % _LEADS] > limit:
                continue
            entry = (_digits(value).translate(_INVERT), index)
            if len(kept) < size:
                heapq.heappush(kept, entry)
            else:
                heapq.heappushpop(kept, entry)
            if len(kept) == size:
                limit = int(kept[0][0][:_LEAD].translate(_INVERT))
        self._limit = limit

    def tickets(self) -> tuple[Ticket, ...]:
        """The tickets kept, smallest first."""
        return tuple(sorted(Ticket("0." + digits.translate(_INVERT), str(index)) for digits, index in self._kept))


def draw_indices(seed: str, population: int, size: int, token: CancelToken) -> Operation[tuple[Ticket, ...]]:
    """The ``size`` leaves of ``population`` with the smallest tickets, smallest first.

    The id of a leaf is its 0-based index in decimal.
    """
    if not 0 < size <= population:
        raise SamplingError(
            "SAMPLE.PLAN", "the sample is empty or larger than its population", action="Correct the sample size."
        )
    smallest = SmallestTickets(seed, size)
    for start in range(0, population, _CHUNK):
        token.check()
        yield Progress(start, population, "leaves", "Drawing the sample")
        smallest.offer(range(start, min(start + _CHUNK, population)))
    yield Progress(population, population, "leaves", "Drawing the sample")
    return smallest.tickets()


def index_stream(seed: bytes, bound: int) -> Iterator[int]:
    """Endless uniform indices below ``bound``, from SHA-256 in counter mode, by rejection and never by modulo.

    Block i is SHA-256("por-sample/index/v1" ‖ seed ‖ i as u64 big-endian); a draw takes the fewest whole bytes
    that can hold ``bound`` − 1, clears the spare high bits, and is thrown away if it is not below ``bound``.
    """
    if bound < 1:
        raise SamplingError("SAMPLE.PLAN", "there is nothing to draw from", action="Name a population.")
    bits = (bound - 1).bit_length()
    width = (bits + 7) // 8
    buffer = bytearray()
    counter = 0
    while True:
        while len(buffer) < width:
            buffer += sha256(b"por-sample/index/v1" + seed + counter.to_bytes(8, "big")).digest()
            counter += 1
        drawn = int.from_bytes(buffer[:width], "big") & ((1 << bits) - 1)
        del buffer[:width]
        if drawn < bound:
            yield drawn
