"""What the tables of a published proof show: balances, nodes of the path, comparisons, profiles tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from auditor_app.amounts import Amount
from auditor_app.merkle.profiles import Attempt
from auditor_app.merkle.published import Comparison, PathNode, PathStep
from ui.models.columns import Column, Kind, chip_column, hash_column, text_column
from ui.text import ABSENT, amount, groups, visible
from ui.theme import Tone
from ui.widgets.path_drawing import listed, node_name, node_state


@dataclass(frozen=True, slots=True)
class CoinBalance:
    """One coin at the leaf and at the root; ``leaf`` is ``None`` for a whole tree."""

    coin: str
    leaf: str | None
    root: str | None


@dataclass(frozen=True, slots=True)
class PathLevel:
    """A node of the path and the step from it up."""

    node: PathNode
    step: PathStep | None
    top: int


def _exact(title: str, leaf: bool) -> Column:
    """An exact decimal text as an amount."""

    def text(item: CoinBalance) -> str | None:
        return item.leaf if leaf else item.root

    def read(item: CoinBalance) -> Amount | None:
        try:
            return Amount.parse(text(item) or "")
        except ValueError:
            return None

    def shown(item: CoinBalance) -> str:
        value = read(item)
        return visible(text(item) or ABSENT) if value is None else amount(value)

    def key(item: CoinBalance) -> Fraction | None:
        value = read(item)
        return None if value is None else value.fraction()

    return Column(title, shown, lambda item: text(item) or "", key, Kind.AMOUNT)


def _attempt_words(item: Attempt) -> str:
    if item.refused is not None:
        return "Not readable so"
    return {True: "Matches", False: "Differs", None: "Nothing to compare"}[item.matches]


def _attempt_tone(item: Attempt) -> Tone:
    return Tone.GOOD if item.matches else Tone.NEUTRAL if item.refused or item.matches is None else Tone.WARN


def _sibling(item: PathLevel) -> str:
    return "" if item.step is None else item.step.sibling or "none"


def _side(item: PathLevel) -> str:
    return "" if item.step is None or item.step.sibling is None else item.step.side


BALANCES = (
    text_column("Coin", lambda item: item.coin, wide=True),
    _exact("Leaf", leaf=True),
    _exact("Root", leaf=False),
)
COMPARED = (
    text_column("Compared", lambda item: item.name),
    chip_column(
        "Result",
        lambda item: "Agrees" if item.agrees else "Differs",
        lambda item: Tone.GOOD if item.agrees else Tone.BAD,
    ),
    text_column("In the file or published", lambda item: item.expected, wide=True, yields=True),
    text_column("Recalculated", lambda item: item.observed, wide=True, yields=True),
)
NODES = (
    text_column("Node", lambda item: node_name(item.node.level, item.top)),
    hash_column("Recalculated", lambda item: item.node.digest, ends=1),
    chip_column("In the file", lambda item: node_state(item.node)[0], lambda item: node_state(item.node)[1]),
    text_column("Sums", lambda item: listed(item.node.balances), wide=True, yields=True),
    text_column("Sibling's side", _side),
    hash_column("Sibling", _sibling, ends=1),
    text_column(
        "Sibling's sums",
        lambda item: "" if item.step is None else listed(item.step.sibling_balances),
        wide=True,
        yields=True,
    ),
)
PROFILES = (
    chip_column("Result", _attempt_words, _attempt_tone),
    text_column("Scheme and reading", lambda item: item.profile.name),
    text_column("In one sentence", lambda item: item.sentence(), wide=True),
)  # fmt: skip


def compared_in_full(item: Comparison) -> str:
    """Both values whole."""
    return f"{item.name}: in the file or published {item.expected}; recalculated {item.observed}"


def node_in_full(item: PathLevel) -> str:
    """The bytes that were hashed into the node, as text where all of it is printable ASCII."""
    preimage = item.node.preimage
    plain = all(0x20 <= byte < 0x7F for byte in preimage)
    hashed = (preimage.decode("ascii") if plain else groups(preimage.hex())) if preimage else "(taken as it stands)"
    return f"{node_name(item.node.level, item.top)}, hashed from: {hashed}"


def coin_balances(leaf: Mapping[str, str] | None, root: Mapping[str, str]) -> tuple[CoinBalance, ...]:
    """Every coin that stands at the leaf or at the root."""
    coins = sorted({*(leaf or {}), *root})
    return tuple(CoinBalance(coin, (leaf or {}).get(coin), root.get(coin)) for coin in coins)
