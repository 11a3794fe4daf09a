"""Operations for the tests of the second process: it imports them by name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from auditor_app.errors import LedgerError, Location
from auditor_app.operation import CancelToken, Operation, Progress


def count(up_to: int, token: CancelToken) -> Operation[int]:
    """Where it was done."""
    for number in range(up_to):
        token.check()
        yield Progress(number, up_to, "steps", "Counting")
        time.sleep(0.06)  # as seldom as progress is told
    return os.getpid()


def echo(value: object, token: CancelToken) -> Operation[object]:
    """What came in."""
    yield Progress(0, 1, "steps", "Echo")
    return value


def chatter(token: CancelToken) -> Operation[str]:
    """Writes where messages used to go."""
    yield Progress(0, 1, "steps", "Chatter")
    os.write(1, b"a line that is no message\n")
    print("another line")
    return "said"


def refuse(token: CancelToken) -> Operation[None]:
    """An error with every field."""
    yield Progress(0, 1, "steps", "Refusing")
    raise LedgerError(
        "LEDGER.GRAMMAR", "no digit", at=Location("a.csv", 3, "BTC", 17), expected="1", observed="x", action="Ask."
    )


def slip(token: CancelToken) -> Operation[None]:
    """A defect."""
    yield Progress(0, 1, "steps", "Slipping")
    raise ZeroDivisionError("a slip")


def unsendable(token: CancelToken) -> Operation[object]:
    """A result that cannot cross."""
    yield Progress(0, 1, "steps", "Making")
    return lambda: None


def wait_for(left: Path, token: CancelToken) -> Operation[None]:
    """Until it is stopped; then cleans up, and says so in a file."""
    try:
        while True:
            token.check()
            yield Progress(0, None, "steps", "Waiting")
            time.sleep(0.01)
    finally:
        left.write_text("clean")


def end_hard(token: CancelToken) -> Operation[None]:
    """Takes the whole process with it."""
    yield Progress(0, 1, "steps", "Ending")
    os.kill(os.getpid(), 9)


class TooLarge:
    """Cannot be put into a message for want of memory."""

    def __reduce__(self) -> str:
        raise MemoryError


def too_large(token: CancelToken) -> Operation[TooLarge]:
    """A result for which there is no memory."""
    yield Progress(0, 1, "steps", "Making")
    return TooLarge()


def hear_nothing(token: CancelToken) -> Operation[None]:
    """Never looks at its token."""
    yield Progress(0, 1, "steps", "Deaf")
    time.sleep(30)


def refuse_unsendably(token: CancelToken) -> Operation[None]:
    """An error that cannot cross."""
    yield Progress(0, 1, "steps", "Refusing")
    error = LedgerError("LEDGER.GRAMMAR", "no digit")
    error.observed = lambda: ""  # type: ignore[assignment]
    raise error
