"""``bybit``: Bybit's Merkle sum tree, whose coins stand in another order in each release.

Source: bybit-exchange/merkle-proof @3f0e2da6, ``merkle-schemes.md`` section 7. Leaf = H(userHash ‖ amounts), node =
H(left ‖ right ‖ sums ‖ height), without names or separators; the leaves' height is 1. A leaf's amounts are hashed as
written; sums are cut to 8 decimals (4 for USDT and USDC in the first release) and written with all of them. A lone node
is paired with its own hash and zero balances. How ``userHash`` is made is not published, and ``nonce`` enters no hash.

A ledger has a column ``userHash`` (hex64) and a decimal column for each coin of the release, each amount as it was
hashed; an empty cell is hashed as ``0.00000000``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from auditor_app.errors import LedgerError
from auditor_app.merkle.path_file import PathFields, PathReader, claim_of, has_form, row_of, step_of
from auditor_app.merkle.published import ProofDocument, ProofFormat, PublishedProof
from auditor_app.merkle.rule import Layout, Rule
from auditor_app.merkle.scheme import Properties, Scheme, take_parameters
from auditor_app.merkle.schemes.bybit_coins import OFFLINE, RELEASES, places
from auditor_app.merkle.template import Balances, Cell, Child, Level, NumberForm, Odd, Sums, Template, TemplateRule
from auditor_app.merkle.text_sums import EIGHT_PLACES, CutRule, bare_amounts, check_coins

NAME = "bybit"
LEAF_HEIGHT = 1


def template(release: str) -> Template:
    """The pieces of one release's tree."""
    groups = tuple(_groups(release))
    return Template(
        leaf=(
            Cell("userHash"),
            *(Balances(bare_amounts(coins, None, absent=_zero(decimals))) for decimals, coins in groups),
        ),
        node=(
            Child("left"),
            Child("right"),
            *(
                Sums(bare_amounts(coins, NumberForm("fixed", decimals), absent=_zero(decimals)))
                for decimals, coins in groups
            ),
            Level(LEAF_HEIGHT),
        ),
        odd=Odd.ZERO_COPY,
        rounding=EIGHT_PLACES,
    )


def _groups(release: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Runs of coins with the same decimals."""
    for decimals, coins in groupby(RELEASES[release], lambda coin: places(release, coin)):
        yield decimals, tuple(coins)


def _zero(decimals: int) -> str:
    return "0." + "0" * decimals


def rule(layout: Layout, release: str) -> Rule:
    """The rule of one release."""
    coins = RELEASES[release]
    check_coins(NAME, layout, coins, [coin for coin in coins if coin not in OFFLINE[release]])
    decimals = {coin: places(release, coin) for coin in coins}
    if set(decimals.values()) == {EIGHT_PLACES}:
        return TemplateRule(NAME, layout, template(release))
    return CutRule(NAME, layout, template(release), decimals)


def bind(layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:
    """The rule over a ledger of one release."""
    release = take_parameters(NAME, SCHEME.parameters, parameters)["release"]
    if release not in RELEASES:
        raise LedgerError(
            "SCHEME.PARAMETERS",
            "the parameter release is none of Bybit's",
            expected=", ".join(RELEASES),
            observed=release[:80],
        )
    return rule(layout, release)


FIELDS = PathFields(publisher="Bybit", balances="balance", kinds={"1": "left", "2": "right", "3": "root"})


def recognises(document: ProofDocument) -> bool:
    """``self`` has a ``userHash`` and a ``balance``."""
    return has_form(document, "userHash", "balance", "hash")


def read(document: ProofDocument) -> tuple[PublishedProof, ...]:
    """One customer's path, read with the coin order of the release that the options name."""
    reader = PathReader(document, FIELDS)
    file = reader.read()
    user = reader.text(file.own, "userHash", length=64)
    bound = rule(file.layout(("userHash",)), document.options.get("release", "Asset50"))
    return (
        PublishedProof(
            bound,
            row_of(bound.layout, (user,), file.own.balances),
            claim_of(file.own),
            tuple(step_of(entry, bound.layout) for entry in file.siblings),
            claim_of(file.root),
            claims_side=file.claims_side(),
        ),
    )


SCHEME = Scheme(
    name=NAME,
    title="Bybit",
    source="bybit-exchange/merkle-proof @3f0e2da6; merkle-schemes.md section 7",
    properties=Properties(
        digest_bits=256,
        binds_child_sums=False,
        domain_separation=False,
        field_separators=False,
        rounding=EIGHT_PLACES,
        salted=True,
    ),
    parameters={"release": f"whose coin order was hashed: {', '.join(RELEASES)}"},
    bind=bind,
    proof=ProofFormat(recognises, read, readings=tuple({"release": release} for release in RELEASES)),
)
