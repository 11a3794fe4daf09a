"""A transaction made to order: sent from the address, over an amount that the auditor named, in a block that evidence shows.

The row's message names the amount (``0.00731552 BTC``), its proof is the transaction's id. Whoever carried the key made
the transaction; but an exchange's address sends every day, and anybody can point at a transaction afterwards. Only an
amount that the auditor named beforehand shows that this one was made for this engagement.
"""

from __future__ import annotations

import re

from auditor_app.amounts import Amount
from auditor_app.chain.ownership.encoding import from_hex
from auditor_app.chain.ownership.model import (
    Binds,
    Claim,
    Match,
    NoMatch,
    NotDecided,
    NotSent,
    Occasion,
    TransactionsUnknown,
)
from auditor_app.instants import format_instant

_NO_EVIDENCE = "a transaction id needs the transaction and its inclusion in a block"
_AMOUNT = re.compile(
    r"(?<![\w.,])((?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,18})?) ([A-Za-z][A-Za-z0-9]{0,15})(?!\w)", re.ASCII
)


def check(claim: Claim) -> Match | NoMatch | NotDecided:
    """Whether the evidence shows that the address sent the amount that the message names."""
    if claim.transactions is None or claim.address is None or not claim.chain:
        return NotDecided(_NO_EVIDENCE)
    raw = from_hex(claim.signatures[0])
    if raw is None or len(raw) != 32 or len(claim.signatures) != 1:
        return NoMatch("the proof is not one transaction id of 32 bytes")
    named = list(dict.fromkeys(_AMOUNT.findall(claim.message)))
    if len(named) != 1:
        return NoMatch("the message does not name one amount and its asset, such as 0.00731552 BTC")
    text, symbol = named[0]
    try:
        sent = claim.transactions.sent(f"{claim.chain}:{claim.address.text}", raw.hex())
    except TransactionsUnknown as unknown:
        return NotDecided(str(unknown))
    except NotSent as reason:
        return NoMatch(str(reason))
    wanted = Amount.parse(text).fraction()
    if not wanted or not any(amount.fraction() == wanted for amount in sent.amounts.get(symbol, ())):
        return NoMatch(f"the transaction does not send {text} {symbol} from the address")
    note = f"{text} {symbol} sent on {format_instant(sent.time)} in {sent.vouched}"
    return Match("transaction", Binds.ADDRESS, note, Occasion(sent.time, sent.texts, f"{text} {symbol}"))
