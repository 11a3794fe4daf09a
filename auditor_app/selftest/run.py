"""The self-test: every fixture through the auditor's own procedures, and whether each gave its codes and no others.

Each attack is made twice: as the attacker makes it, where its codes must appear, and as an honest exchange would,
where none of them may. So neither a check that was taken out nor one that always speaks goes unnoticed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from auditor_app.errors import AuditError, UsageError
from auditor_app.operation import CancelToken, Operation, Progress
from auditor_app.selftest import ledgers, publication, reserves, trees, zero_knowledge
from auditor_app.selftest.case import Case, Seen, Version
from auditor_app.selftest.fixtures import Fixture, load_fixtures

_ROOTS = frozenset({"ROOT.MISMATCH", "ROOT.TYPED_MISMATCH"})

CASES: Mapping[str, Case] = MappingProxyType(
    {
        "PL-01": Case(trees.unbound_sums, also=_ROOTS),
        "PL-02": Case(ledgers.negative_balance),
        "PL-03": Case(trees.shifted_digits, also=frozenset({"SCHEME.WEAK_HASH"})),
        "PL-04": Case(trees.repeated_tail, also=frozenset({"SCHEME.WEAK_HASH"})),
        "PL-05": Case(trees.node_as_leaf),
        "PL-06": Case(ledgers.repeated_id),
        "PL-07": Case(ledgers.wrapped_total),
        "PL-08": Case(ledgers.rounded_total),
        "PL-08b": Case(ledgers.rounded_nodes),
        "PL-09": Case(trees.short_digest),
        "PL-10": Case(trees.shared_hash),
        "PL-11": Case(ledgers.look_alike_ids),
        "PL-12": Case(ledgers.dropped_rows, also=frozenset({"TOTALS.MISMATCH", "ROOT.TYPED_MISMATCH"})),
        "RS-01": Case(reserves.address_twice),
        "RS-02": Case(reserves.wrapped_form),
        "RS-03": Case(reserves.window_dressing),
        "RS-04": Case(reserves.old_signature),
        "RS-05": Case(reserves.height_alone),
        "RS-06": Case(reserves.own_token),
        "ZK-01": Case(zero_knowledge.packing_overflow),
        "ZK-02": Case(zero_knowledge.worthless_equity),
        "PB-01": Case(publication.late_and_second_root),
        "PB-02": Case(publication.older_snapshot),
        "PB-02b": Case(publication.older_beside_later),
    }
)
"""How each fixture becomes files. A fixture without a case, or a case without a fixture, is a difference."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fixture: the codes that it must give, those that it gave, and every difference as a clause."""

    id: str
    attack: str
    expected: tuple[str, ...]
    got: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def selftest(token: CancelToken, only: Collection[str] = ()) -> Operation[tuple[Line, ...]]:
    """Run the fixtures, or those named in ``only``; :class:`UsageError` for an id that no fixture has."""
    fixtures = load_fixtures()
    known = [fixture.id for fixture in fixtures]
    for name in only:
        if name not in known:
            raise UsageError("USAGE", f"there is no fixture {name[:40]!r}", expected=", ".join(known))
    wanted = [fixture for fixture in fixtures if not only or fixture.id in only]
    lines = []
    for number, fixture in enumerate(wanted):
        token.check()
        yield Progress(number, len(wanted), "fixtures", f"Attack corpus: {fixture.id}")
        lines.append(_line(fixture, CASES.get(fixture.id)))
    if not only:
        lines += [_without_fixture(name) for name in CASES if name not in known]
    return tuple(lines)


def _line(fixture: Fixture, case: Case | None) -> Line:
    """One fixture's case, attacked and honest, compared."""
    expected = (*fixture.findings, *fixture.limitations)
    if case is None:
        return Line(fixture.id, fixture.attack, expected, (), ("this program has no case for it",))
    attack, stopped = _seen(fixture, case, Version.ATTACK)
    honest, stopped_honest = _seen(fixture, case, Version.HONEST)
    wanted = frozenset(fixture.findings)
    got = (
        *sorted((attack.counting - case.also) | (attack.findings & wanted)),
        *(code for code in fixture.limitations if code in attack.limitations),
    )
    differences = [
        *stopped,
        *stopped_honest,
        *(f"{code} is not found" for code in fixture.findings if code not in attack.findings),
        *(f"{code} is found besides" for code in sorted(attack.counting - wanted - case.also)),
        *(f"the limitation {code} is not stated" for code in fixture.limitations if code not in attack.limitations),
        *(
            f"{code} is found in honest files"
            for code in sorted(honest.counting - case.also | honest.findings & wanted)
        ),
        *_demonstrations(fixture, attack),
    ]
    return Line(fixture.id, fixture.attack, expected, got, tuple(differences))


def _seen(fixture: Fixture, case: Case, version: Version) -> tuple[Seen, tuple[str, ...]]:
    """What one version of the files gives; files that cannot be read at all give the error's code."""
    with tempfile.TemporaryDirectory(prefix="reserve-auditor-selftest-") as folder:
        try:
            return case.make(fixture, Path(folder), version), ()
        except AuditError as error:
            code = frozenset({error.code})
            return Seen(code, code, frozenset()), (f"the {version.value} files stopped with {error.what}",)


def _demonstrations(fixture: Fixture, attack: Seen) -> list[str]:
    """What the fixture's authors demonstrated and the case shows too must be the same."""
    return [
        f"{name} is {value}, not {fixture.demonstrated[name]}"
        for name, value in attack.shown.items()
        if str(value) != str(fixture.demonstrated.get(name))
    ]


def _without_fixture(name: str) -> Line:
    return Line(name, "", (), (), ("the fixture is missing from the installed files",))
