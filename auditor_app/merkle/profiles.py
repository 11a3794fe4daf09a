"""Which published rule a proof file follows: every scheme and reading that fits its form is tried, none is assumed.

Samples and current rules of publishers often disagree, so a bare "failed" says little. What is said instead is which
profile matches, which do not, and where each first departs from the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditor_app.errors import LedgerError, Location, ProofError, UsageError
from auditor_app.merkle.limitations import scheme_limitations
from auditor_app.merkle.published import ProofCheck, ProofDocument, ProofFormat, PublishedProof, check_proof
from auditor_app.merkle.scheme import Scheme
from auditor_app.merkle.schemes import SCHEMES, scheme_named, typed_scheme

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Profile:
    """One way to read a file: a scheme and, where it changed over time, the reading."""

    scheme: str
    reading: Mapping[str, str]

    @property
    def name(self) -> str:
        """``bitget, numbers quoted, order listed``."""
        return ", ".join([self.scheme, *(f"{name} {value}" for name, value in self.reading.items())])


@dataclass(frozen=True, slots=True)
class Difference:
    """The first node, from the leaf up, at which a profile departs from the file.

    ``level`` is 0 for the leaf; ``byte`` is the first byte of the digest that differs; ``published`` and ``computed``
    are the digests in hex; ``preimage`` holds the bytes that the profile hashed.
    """

    proof: int
    level: int
    byte: int
    published: str
    computed: str
    preimage: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One profile tried: its checks, or why the file cannot be read that way."""

    profile: Profile
    checks: tuple[ProofCheck, ...]
    difference: Difference | None
    refused: ProofError | None = None

    @property
    def matches(self) -> bool | None:
        """Whether every hash that the file states was recalculated; ``None`` where it states none to compare."""
        if self.refused is not None or self.difference is not None:
            return False
        stated = any(node for check in self.checks for node in (check.leaf.published, check.root_in_file))
        confirmed = any(check.published_root_matches for check in self.checks)
        return True if stated or confirmed else None

    @property
    def reach(self) -> tuple[bool, bool, bool, int]:
        """How far the profile agrees with the file: for choosing among several."""
        level = 0 if self.difference is None else self.difference.level
        return self.refused is None, self.difference is None, bool(self.matches), level

    def sentence(self) -> str:
        """``matches bitget, numbers bare, order hashmap``, or why not."""
        if self.refused is not None:
            return f"not {self.profile.name}: {self.refused.what}"
        if self.difference is not None:
            where = f"level {self.difference.level} / byte {self.difference.byte}"
            return f"not {self.profile.name}: first difference at {where}"
        verb = "matches" if self.matches else "nothing to compare with"
        return f"{verb} {self.profile.name}"


@dataclass(frozen=True, slots=True)
class Detection:
    """Every profile tried on one file; ``chosen`` matches or, where none does, agrees longest."""

    attempts: tuple[Attempt, ...]
    chosen: Attempt


def detect(document: ProofDocument, *, scheme: str = AUTO, published_root: str | None = None) -> Detection:
    """Try every profile that fits ``document``, or those of one scheme.

    :class:`UsageError` for an unknown scheme or option, :class:`ProofError` if no profile can read the file.
    """
    attempts = tuple(
        _attempt(document, known, reading, published_root)
        for known, form in _formats(document, scheme)
        for reading in _readings(known, form, document)
    )
    readable = [attempt for attempt in attempts if attempt.refused is None]
    if not readable:
        raise _refusal(document, attempts)
    return Detection(attempts, max(readable, key=lambda attempt: attempt.reach))


# ---- which profiles fit


def _formats(document: ProofDocument, scheme: str) -> list[tuple[Scheme, ProofFormat]]:
    """The scheme asked for, or all whose form the document has."""
    if scheme != AUTO:
        known = typed_scheme(scheme)
        if known.proof is None:
            raise UsageError("USAGE", f"the scheme {scheme} has no proof files", action="Name another scheme.")
        fitting = [(known, known.proof)]
    else:
        tried = ((item, item.proof) for item in map(scheme_named, SCHEMES))
        fitting = [(item, form) for item, form in tried if form is not None and form.recognises(document)]
    if not fitting:
        raise ProofError(
            "PROOF.UNREADABLE",
            "the file has the form of no known scheme's proof",
            at=Location(document.file),
            action="Ask for the file as the exchange issues it, or name its scheme. An exchange's second file goes "
            "with --anchor, a list of balances to ledger root.",
        )
    if document.anchor is not None:
        taking = [(item, form) for item, form in fitting if form.takes_anchor]
        if not taking:
            name = fitting[0][0].name
            raise UsageError("USAGE", f"the scheme {name} has no anchor file", action="Leave --anchor out.")
        return taking
    return fitting


def _readings(scheme: Scheme, form: ProofFormat, document: ProofDocument) -> Iterator[Mapping[str, str]]:
    """The scheme's readings that the typed options leave open; :class:`UsageError` for options it does not know."""
    names = {name for reading in form.readings for name in reading}
    for name in document.options:
        if name not in names and name not in form.options:
            raise UsageError(
                "USAGE",
                f"proof files of the scheme {scheme.name} take no parameter {name[:80]}",
                expected=", ".join([*sorted(names), *form.options]) or "no parameters",
            )
    asked = {name: value for name, value in document.options.items() if name in names}
    open_readings = [reading for reading in form.readings if asked.items() <= reading.items()]
    if not open_readings:
        raise UsageError(
            "USAGE",
            f"the scheme {scheme.name} has no such reading",
            expected="; ".join(Profile(scheme.name, reading).name for reading in form.readings),
            observed=Profile(scheme.name, asked).name,
        )
    yield from open_readings


# ---- trying one


def _attempt(
    document: ProofDocument, scheme: Scheme, reading: Mapping[str, str], published_root: str | None
) -> Attempt:
    """Read and recalculate the file by one profile."""
    profile = Profile(scheme.name, reading)
    subject = f"proof {document.file}"
    try:
        proofs = _read(scheme, replace(document, options={**document.options, **reading}))
    except ProofError as error:
        return Attempt(profile, (), None, error)
    limitations = scheme_limitations(scheme, subject)
    checks = tuple(
        replace(check, limitations=(*check.limitations, *limitations))
        for check in (check_proof(proof, subject=subject, published_root=published_root) for proof in proofs)
    )
    return Attempt(profile, checks, first_difference(checks))


def _read(scheme: Scheme, document: ProofDocument) -> tuple[PublishedProof, ...]:
    """The document's proofs; a :class:`LedgerError` about columns or parameters becomes :class:`ProofError`."""
    if scheme.proof is None:
        raise ValueError("only schemes with proof files are tried")
    try:
        return scheme.proof.read(document)
    except LedgerError as error:
        raise error.recast(ProofError, "PROOF.UNREADABLE", at=Location(document.file)) from None


def first_difference(checks: Sequence[ProofCheck]) -> Difference | None:
    """The lowest node of the first proof that differs from what the file states for it."""
    for number, check in enumerate(checks):
        for node in (check.leaf, *(step.node for step in check.steps)):
            if node.breaks and node.published is not None:
                published, computed = bytes.fromhex(node.published), bytes.fromhex(node.digest)
                same = [a == b for a, b in zip(published, computed, strict=False)]
                byte = same.index(False) if False in same else min(len(published), len(computed))
                return Difference(number, node.level, byte, node.published, node.digest, node.preimage)
    return None


def _refusal(document: ProofDocument, attempts: Sequence[Attempt]) -> ProofError:
    """The error where no profile can read the file: the reason they share, or the reasons one by one."""
    errors = [attempt.refused for attempt in attempts if attempt.refused is not None]
    if len({error.what for error in errors}) == 1:
        return errors[0]
    return ProofError(
        "PROOF.UNREADABLE",
        "no profile that fits the file's form can read it",
        at=Location(document.file),
        observed="; ".join(
            f"{attempt.profile.name}: {error.what}" for attempt, error in zip(attempts, errors, strict=True)
        )[:600],
        action="Ask for the file as the exchange issues it.",
    )
