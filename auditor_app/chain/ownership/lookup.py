"""Proofs of control by account: who controls one row of the reserves or funds, as far as anybody showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor_app.chain.ownership.model import Binds, Freshness, Outcome, OwnershipLine, OwnershipResult

_BEST_FIRST = (Outcome.VALID, Outcome.INVALID, Outcome.UNDECODABLE, Outcome.UNSIGNED)
_BINDING = tuple(Binds)
_FRESHNESS = tuple(Freshness)


@dataclass(frozen=True, slots=True)
class Control:
    """What was found for one account: ``line`` is the best of all proofs for it, ``lines`` are all of them."""

    line: OwnershipLine | None
    lines: tuple[OwnershipLine, ...]

    @property
    def outcome(self) -> Outcome:
        """The best outcome; ``UNSIGNED`` where no proof names the account."""
        return Outcome.UNSIGNED if self.line is None else self.line.outcome

    @property
    def undecided(self) -> bool:
        """Whether the best that was found is a proof that could not be decided."""
        return self.line is not None and self.line.undecided

    @property
    def words(self) -> str:
        """How window and tables name what was found."""
        return NO_PROOF_WORDS if self.line is None else outcome_words(self.line)

    @property
    def valid(self) -> bool:
        """Whether some proof of it is valid, whatever it binds and however old."""
        return self.outcome is Outcome.VALID

    @property
    def method(self) -> str:
        """The scheme that matched, or the method named; empty without a proof."""
        return "" if self.line is None else self.line.scheme or self.line.method

    @property
    def binds(self) -> Binds | None:
        """What the valid signature is bound to."""
        return self.line.binds if self.line is not None and self.valid else None

    @property
    def freshness(self) -> Freshness | None:
        """Whether the valid signature's message could have been signed long ago."""
        return self.line.freshness if self.line is not None and self.valid else None


NO_PROOF = Control(None, ())


class ProofsOfControl:
    """All proofs of a run, to be looked up by the account as a row spells it."""

    def __init__(self, result: OwnershipResult | None) -> None:
        lines = () if result is None else result.lines
        self._identities: dict[str, str] = {_spelled(line.row.account): line.identity for line in lines}
        self._lines: dict[str, list[OwnershipLine]] = {}
        for line in lines:
            self._lines.setdefault(line.identity, []).append(line)

    def of(self, account: str, asset: str | None = None) -> Control:
        """What was found for an account; with ``asset`` only proofs that its list names for that asset."""
        identity = self._identities.get(_spelled(account))
        named = () if identity is None else self._lines[identity]
        return best([line for line in named if asset is None or line.row.asset in (asset, "")])


def _spelled(account: str) -> str:
    """EVM accounts are one in any case of their letters."""
    return account.lower() if account.startswith("eip155:") else account


def best(lines: list[OwnershipLine]) -> Control:
    """The proofs of one account: a valid one before any other, one bound to the address before others, fresh first."""
    return Control(min(lines, key=_rank), tuple(lines)) if lines else NO_PROOF


def _rank(line: OwnershipLine) -> tuple[int, bool, int, int]:
    binding, freshness = _BINDING.index(line.binds), _FRESHNESS.index(line.freshness)
    return _BEST_FIRST.index(line.outcome), not line.undecided, binding, freshness


NO_PROOF_WORDS, NOT_DECIDED_WORDS = "No proof", "Not decided"
_OUTCOME_WORDS: Mapping[Outcome, str] = {
    Outcome.VALID: "Valid",
    Outcome.INVALID: "Invalid",
    Outcome.UNSIGNED: NO_PROOF_WORDS,
    Outcome.UNDECODABLE: "Undecodable",
}


def outcome_words(line: OwnershipLine) -> str:
    """How window and tables name a row's outcome; a proof that could not be decided is not called none."""
    return NOT_DECIDED_WORDS if line.undecided else _OUTCOME_WORDS[line.outcome]
