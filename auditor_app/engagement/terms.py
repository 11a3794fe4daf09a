"""What was agreed before any procedure: the terms, the people, the procedures with their wording, the inputs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from auditor_app.snapshot.statement import Closed, Count, Hex64

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=5000)]
"""A text that must be there: names, references, reasons."""
Prose = Annotated[str, msgspec.Meta(max_length=50_000)]
"""A text that may be empty: paragraphs of the engagement letter, explanations."""
Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]

Standard = Literal["isrs-4400", "at-c-215"]
STANDARDS: dict[Standard, str] = {"isrs-4400": "ISRS 4400 (Revised)", "at-c-215": "AT-C section 215"}

Role = Literal["preparer", "reviewer", "partner", "client", "observer"]
ROLES: tuple[Role, ...] = ("preparer", "reviewer", "partner", "client", "observer")
SIGNING_ROLES: tuple[Role, ...] = ("preparer", "reviewer", "partner")
"""Who signs off, in this order."""

InputRole = Literal[
    "snapshot",
    "trust store",
    "evidence",
    "sample record",
    "balances around the instant",
    "other snapshot",
    "sample list",
    "ledger extract",
    "customer replies",
    "alternative procedures",
    "letter template",
    "letter contacts",
    "other",
]
"""What a file is for; the roles of :func:`auditor_app.engagement.inputs.input_files` and ``other``."""


INPUT_ROLES: tuple[InputRole, ...] = (
    "snapshot",
    "trust store",
    "evidence",
    "sample record",
    "balances around the instant",
    "sample list",
    "ledger extract",
    "customer replies",
    "alternative procedures",
    "letter template",
    "letter contacts",
    "other",
)
"""What a person may take a file in as."""


class Terms(Closed, frozen=True, kw_only=True):
    """The engagement letter's content as the report prints it; what is still empty keeps the report a draft.

    ``acknowledgement`` is the engaging party's, that the procedures are appropriate; ``independence`` is stated
    either way; ``place`` is where the report is signed; ``thresholds`` are agreed limits by name, as typed.
    ``funds_with_reserves`` asks for the rate both without and with the protection funds.
    """

    client: Line
    standard: Standard
    responsible_party: Prose = ""
    firm: Prose = ""
    purpose: Prose = ""
    addressee: Prose = ""
    restriction: Prose = ""
    scope: Prose = ""
    acknowledgement: Prose = ""
    independence: Prose = ""
    ethics: Prose = ""
    quality_management: Prose = ""
    place: Prose = ""
    funds_with_reserves: bool = False
    thresholds: dict[Key, Line] = msgspec.field(default_factory=dict)

    def missing(self) -> tuple[str, ...]:
        """The names of the texts that are still empty."""
        return tuple(name for name in TEXT_FIELDS if not getattr(self, name))


_NO_TEXT = frozenset({"standard", "funds_with_reserves", "thresholds"})
TEXT_FIELDS: tuple[str, ...] = tuple(name for name in Terms.__struct_fields__ if name not in _NO_TEXT)
"""Every term that is a text, by its Python name."""


class Person(Closed, frozen=True, kw_only=True):
    """Somebody who acts in the engagement."""

    name: Line
    roles: Annotated[tuple[Role, ...], msgspec.Meta(min_length=1)]


class AgreedProcedure(Closed, frozen=True, kw_only=True):
    """One procedure: ``key`` is one of the program's or the firm's own; left out or changed with a ``reason``."""

    key: Key
    wording: Line
    agreed: bool = True
    reason: Prose = ""


class InputReference(Closed, frozen=True, kw_only=True):
    """One file by its digest: name without folder, size in bytes, SHA-256. The file itself is never copied."""

    role: InputRole
    name: Line
    size: Count
    sha256: Hex64
