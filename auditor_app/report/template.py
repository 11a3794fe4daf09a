"""A firm's template: its letterhead and own paragraphs, beside standard paragraphs that nobody edits.

A template is a folder with ``firm.toml``, a logo, and the locked ``standard.toml`` for reading. Its texts are put into the
report as text; nothing in it is markup or code.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from auditor_app.engagement.terms import Standard
from auditor_app.errors import AuditError, Location, ReportError
from auditor_app.files import read_capped
from auditor_app.report.logo import Logo, read_logo
from auditor_app.resource_files import resource
from auditor_app.typed import typed

_MAX_TOML_BYTES = 2**18
_FIRM, _STANDARD = "firm.toml", "standard.toml"
_DARK_ENOUGH = 4.5  # WCAG 2.2, 1.4.3: contrast of text
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=5000)]


class _Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the template's tables."""


class StandardParagraph(_Closed, frozen=True):
    """A locked paragraph: ``elements`` are the numbers of the required elements that it carries."""

    text: Text
    elements: tuple[int, ...]
    heading: str = ""

    def parts(self) -> tuple[tuple[str, str], ...]:
        """``(words, placeholder)`` in order; the placeholder is the name of a term, or empty at the end."""
        pieces = _PLACEHOLDER.split(self.text)
        names = [*pieces[1::2], ""]
        return tuple(zip(pieces[::2], names, strict=True))


class StandardText(_Closed, frozen=True):
    """What a standard asks every report to say: its name, the title, the paragraphs."""

    standard: Standard
    name: Text
    title: Text
    paragraph: tuple[StandardParagraph, ...]

    def carries(self, element: int) -> bool:
        """Whether some paragraph carries that required element."""
        return any(element in paragraph.elements for paragraph in self.paragraph)


class Letterhead(_Closed, frozen=True):
    """Lines beside the logo; ``logo`` is a file name in the template's folder, ``accent`` as ``#rrggbb``."""

    lines: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=200)], ...], msgspec.Meta(max_length=8)] = ()
    logo: str = ""
    logo_alternative: str = ""
    accent: Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")] = "#12355b"


class Letter(_Closed, frozen=True):
    """The firm's own paragraphs."""

    before: Annotated[tuple[Text, ...], msgspec.Meta(max_length=50)] = ()
    after: Annotated[tuple[Text, ...], msgspec.Meta(max_length=50)] = ()


class _Firm(_Closed, frozen=True):
    format: Literal["reserve-auditor-template/1"]
    standard: Standard
    letterhead: Letterhead = Letterhead()
    letter: Letter = Letter()


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A file of a firm's own template, for whoever builds the report again."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Template:
    """Everything a report takes from its template; ``logo`` is checked, ``files`` is empty for the bundled ones."""

    standard: StandardText
    letterhead: Letterhead
    letter: Letter
    logo: Logo | None
    files: tuple[TemplateFile, ...] = ()


def bundled_template(standard: Standard = "isrs-4400") -> Template:
    """The template that comes with the program."""
    return load_template(resource("report", "templates", standard))


def load_template(folder: Path) -> Template:
    """The template in ``folder``; REPORT.TEMPLATE where a file is unusable or a locked paragraph was changed."""
    data = _read(folder / _FIRM)
    firm = _parsed(data, folder / _FIRM, _Firm)
    original = resource("report", "templates", firm.standard, _STANDARD)
    _require_locked(folder / _STANDARD, original)
    head = firm.letterhead
    if _contrast_with_white(head.accent) < _DARK_ENOUGH:
        raise _refusal(
            folder / _FIRM, "letterhead.accent is too light to be read on white", "Choose a darker colour.", head.accent
        )
    logo = _logo(folder, head)
    files = () if folder == original.parent else _files(data, logo, head)
    return Template(_parsed(_read(original), original, StandardText), head, firm.letter, logo, files)


def _files(firm: bytes, logo: Logo | None, head: Letterhead) -> tuple[TemplateFile, ...]:
    """Digests of the very bytes that the template was made from; each file is read once."""
    named = [(_FIRM, firm)] if logo is None else [(_FIRM, firm), (head.logo, logo.data)]
    return tuple(TemplateFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in named)


def _logo(folder: Path, head: Letterhead) -> Logo | None:
    if not head.logo:
        return None
    if Path(head.logo).name != head.logo or head.logo in (".", ".."):
        raise _refusal(folder / _FIRM, "letterhead.logo is not the name of a file in the folder", "Put it there.")
    if not head.logo_alternative.strip():
        raise _refusal(
            folder / _FIRM,
            "letterhead.logo_alternative is empty",
            "Say in a few words what the logo shows, for readers without sight.",
        )
    return read_logo(folder / head.logo, head.logo_alternative)


def _require_locked(path: Path, original: Path) -> None:
    """A copy of the standard paragraphs must be the bundled one, line ends aside; it may be left out."""
    if path == original or not path.exists():
        return
    copied, locked = (text.replace(b"\r\n", b"\n").split(b"\n") for text in (_read(path), original.read_bytes()))
    if copied == locked:
        return
    longest = max(len(copied), len(locked))
    row = next(n for n in range(longest) if copied[n : n + 1] != locked[n : n + 1]) + 1
    raise ReportError(
        "REPORT.TEMPLATE",
        "a standard paragraph was changed; they are locked",
        at=Location(path.name, row=row),
        action="Restore the file from the bundled template, and put the firm's own words into firm.toml.",
    )


T = TypeVar("T")


def _read(path: Path) -> bytes:
    return read_capped(path, max_bytes=_MAX_TOML_BYTES, code="REPORT.TEMPLATE")


def _parsed(data: bytes, path: Path, kind: type[T]) -> T:
    """``data`` as a table; ``path`` is only named."""
    try:
        return typed(tomllib.loads(data.decode("utf-8")), kind)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _refusal(
            path, "the file is no template of this program", "Compare it with the bundled one.", str(error)
        ) from None


def _refusal(path: Path, what: str, action: str, observed: str = "") -> AuditError:
    return ReportError("REPORT.TEMPLATE", what, at=Location(path.name), action=action, observed=observed[:200])


def _contrast_with_white(colour: str) -> float:
    """WCAG 2.2 contrast ratio of ``#rrggbb`` against white; it decides legibility, no amount."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
