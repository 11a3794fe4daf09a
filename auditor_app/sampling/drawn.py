"""A drawn sample as execution takes it: the same item, whether a leaf, an entry of an imported list or an address.

The document of a draw (what ``sample draw`` writes and the journal keeps) is read into it; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

import msgspec

from auditor_app.amounts import Amount
from auditor_app.errors import SamplingError
from auditor_app.ledger.columns import AMOUNT_TYPES
from auditor_app.snapshot.statement import Closed, Count
from auditor_app.typed import typed

Kind = Literal["leaves", "list", "reserves"]


Plain = Annotated[str, msgspec.Meta(pattern=r"^-?(0|[1-9][0-9]{0,99})(\.[0-9]{1,60})?\Z")]
"""An exact amount in units of an asset."""
Ratio = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,100}(/[1-9][0-9]{0,99})?)?\Z")]
"""An exact amount as fraction text, or nothing."""
RateText = Annotated[str, msgspec.Meta(pattern=r"^(0|1|0\.[0-9]{1,32}|[1-9][0-9]{0,29}/[1-9][0-9]{0,29})\Z")]
Positive = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,18}\Z")]
Method = Literal[
    "attribute-binomial",
    "attribute-hypergeometric",
    "attribute-poisson",
    "monetary-fixed-interval",
    "monetary-cell",
    "monetary-random",
]


class DrawnItem(Closed, frozen=True, kw_only=True):
    """One drawn item.

    ``id`` is what the sampler drew: a leaf's 0-based index, the id of a list's row, a CAIP-10 account. ``key`` is its
    name in the ledger, as read. ``reached`` says that it was traced: the leaf to the published root, the list's row
    to a leaf and on to the root, the account to the signed list of addresses. ``book`` maps an asset to the exact
    amount, plain decimal text in units of the asset: the ledger's, the list's or the claimed one. ``texts`` are other
    cells. ``observed`` is what tracing met where it failed. ``stratum`` is the 0-based stratum, ``times`` how many
    monetary units fell in the item, ``certain`` that it was drawn for its size and is never extrapolated.
    """

    id: str
    key: str
    ticket: str = ""
    reached: bool = True
    book: dict[str, Plain] = msgspec.field(default_factory=dict)
    texts: dict[str, str] = msgspec.field(default_factory=dict)
    observed: str = ""
    stratum: Annotated[int, msgspec.Meta(ge=0)] | None = None
    times: Annotated[int, msgspec.Meta(ge=0)] = 1
    certain: bool = False


_PLAIN_OR_NOTHING = r"^((0|[1-9][0-9]{0,49})(\.[0-9]{1,50})?)?\Z"


class Stratum(Closed, frozen=True, kw_only=True):
    """One stratum: the leaves with a balance in ``asset`` from ``low`` (inclusive) to ``high`` (exclusive, or none).

    A leaf belongs to the first stratum that holds it; the last one, without asset, holds the rest. ``population``
    and ``size`` count leaves.
    """

    asset: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?\Z")]
    low: Annotated[str, msgspec.Meta(pattern=_PLAIN_OR_NOTHING)]
    high: Annotated[str, msgspec.Meta(pattern=_PLAIN_OR_NOTHING)]
    population: Count
    size: Count

    @property
    def label(self) -> str:
        """For people: ``BTC from 1 to below 10``."""
        if not self.asset:
            return "all others"
        return f"{self.asset} from {self.low}" + (f" to below {self.high}" if self.high else "")


class DrawnSample(Closed, frozen=True, kw_only=True):
    """The whole sample.

    ``method`` is the committed one: ``attribute-binomial`` …, or ``monetary-fixed-interval``, ``monetary-cell``,
    ``monetary-random``. Rates are exact texts as committed. ``total`` and ``interval`` are exact amounts (fraction
    text) of a monetary sample in units of ``asset``. ``signed`` are the assets whose balances may be debts.
    ``dummy_rejected``: the made-up item failed, as it must.
    """

    kind: Kind
    method: Method
    commitment: str
    committed_at: str
    source: str
    randomness: str
    seed: str
    population: Positive
    size: Positive
    confidence: RateText
    tolerable: RateText
    expected: RateText
    allowed_deviations: Annotated[str, msgspec.Meta(pattern=r"^(-1|0|[1-9][0-9]{0,18})\Z")]
    items: Annotated[tuple[DrawnItem, ...], msgspec.Meta(min_length=1)]
    dummy_rejected: bool
    ledger: str = ""
    scheme: str = ""
    root: str = ""
    asset: str = ""
    total: Ratio = ""
    interval: Ratio = ""
    list_name: str = ""
    list_sha256: str = ""
    strata: tuple[Stratum, ...] = ()
    signed: tuple[str, ...] = ()

    @property
    def monetary(self) -> bool:
        """Whether monetary units were drawn."""
        return self.method.startswith("monetary-")


def read_drawn(document: Mapping[str, Any], *, whole: bool = True) -> DrawnSample:
    """A draw's document as a :class:`DrawnSample`; :class:`SamplingError` ``SAMPLE.DRAWN`` for anything else.

    A leaf sample's document must hold its columns: those written in form 1 hold none. Without ``whole`` these are
    read, too, and their items have no balances.
    """
    try:
        if not whole and "kind" not in document:
            return _leaves({**document, "kind": "leaves", "columns": []})
        if document.get("kind") == "leaves":
            return consistent(_leaves(document))
        wanted = {name: value for name, value in document.items() if name not in ("findings", "deviations")}
        return consistent(typed(wanted, DrawnSample))
    except (msgspec.ValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise SamplingError(
            "SAMPLE.DRAWN",
            f"this is no drawn sample: {str(error)[:200]}",
            action="Use the file that sample draw wrote, or draw again with this version: the same items come out.",
        ) from None


def consistent(sample: DrawnSample) -> DrawnSample:
    """``sample`` itself; ``ValueError`` where its parts do not fit each other."""
    if len({item.id for item in sample.items}) != len(sample.items):
        raise ValueError("an item stands in it twice")
    if sample.kind == "reserves" and not (sample.monetary and sample.total and sample.interval):
        raise ValueError("a sample of reserves has a total and an interval")
    if sample.monetary and any(Fraction(item.book.get(sample.asset, "0")) <= 0 for item in sample.items):
        raise ValueError("a monetary unit fell in an item without a claimed balance")
    if not sample.monetary and len(sample.items) > int(sample.population):
        raise ValueError("there are more items than the population has")
    if any((item.stratum is None) == bool(sample.strata) for item in sample.items):
        raise ValueError("strata and items do not fit")
    if any(item.stratum is not None and item.stratum >= len(sample.strata) for item in sample.items):
        raise ValueError("an item lies in a stratum that is not there")
    return sample


def _leaves(document: Mapping[str, Any]) -> DrawnSample:
    columns = document["columns"]
    plain = {
        name: document[name]
        for name in (
            "kind", "method", "commitment", "committedAt", "source", "randomness", "seed", "population", "size",
            "confidence", "tolerable", "expected", "allowedDeviations", "dummyRejected", "ledger", "scheme", "root",
        )
    }  # fmt: skip
    items = [_leaf(item, columns) for item in document["items"]]
    signed = [column["name"] for column in columns if column["signed"]]
    return typed({**plain, "items": items, "strata": document.get("strata", []), "signed": signed}, DrawnSample)


def _leaf(item: Mapping[str, Any], columns: list[Mapping[str, Any]]) -> dict[str, Any]:
    cells = [] if item["row"] is None else item["row"].split(",")
    book: dict[str, str] = {}
    texts: dict[str, str] = {}
    for column, cell in zip(columns[1:], cells[1:], strict=False):
        if column["type"] not in AMOUNT_TYPES:
            texts[column["name"]] = cell
        elif cell:
            scale = column["decimals"] or 0
            value = Amount(int(cell), scale) if column["type"] == "base-units" else Amount.parse(cell)
            book[column["name"]] = value.plain()
    return {
        "id": item["index"],
        "key": item["key"],
        "ticket": item["ticket"],
        "reached": item["included"],
        "book": book,
        "texts": texts,
        "observed": "" if item["included"] else ("no row" if item["row"] is None else "another root"),
        "stratum": item.get("stratum"),
    }
