"""Letters that ask a customer to confirm a drawn balance: one text file per item, merged from a template.

A template is plain UTF-8 text with fields in double braces, ``{{key}}``. Values are put in as they stand and are
never read as a template again. An unknown field is refused before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from auditor_app.errors import Location, SamplingError
from auditor_app.files import read_capped
from auditor_app.resource_files import resource
from auditor_app.sampling.answers import rows_by_item
from auditor_app.sampling.drawn import DrawnItem, DrawnSample
from auditor_app.sampling.tables import ImportedTable, line_of_text, text_problem

CODE = "SAMPLE.LETTER"
FORMAT = "por-sample-letters/v1"
_MAX_BYTES = 256 * 1024
_FIELD = re.compile(r"\{\{([a-z][a-z0-9_-]{0,63})\}\}")
_BRACES = re.compile(r"\{\{|\}\}")
_UNSAFE = re.compile(r"[^0-9A-Za-z._-]")
REPLY_FORM = "replies.csv"
OWN_FIELDS = ("number", "item", "key", "ledger", "balances", "commitment")
"""What every letter can say without being told: its number, the item's id and key, the ledger, balances, one a line."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template as read: its text and the fields it uses, in order of appearance."""

    name: str
    sha256: str
    text: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: its file name, the item it is about, its text."""

    file: str
    item: str
    text: str

    @property
    def sha256(self) -> str:
        """Digest of the file's bytes."""
        return sha256(self.text.encode("utf-8")).hexdigest()


def read_template(data: bytes, name: str) -> Template:
    """A template; :class:`SamplingError` ``SAMPLE.LETTER`` where it is no text or a brace pair is no field."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _refused(
            "the template is not UTF-8", Location(name, byte=error.start), "Save it again as UTF-8."
        ) from None
    for number, line in enumerate(text.splitlines(), start=1):
        at = Location(name, row=number)
        if len(_BRACES.findall(line)) != 2 * len(_FIELD.findall(line)):
            raise _refused("a pair of braces is no field", at, "Write {{field}} in lower-case letters.")
        hidden = next((c for c in line if not c.isprintable() and c not in "\t\u00a0\u202f"), None)
        if hidden is not None:
            raise _refused(
                f"the template holds a character that cannot be seen (U+{ord(hidden):04X})", at, "Remove it."
            )
    fields = tuple(dict.fromkeys(_FIELD.findall(text)))
    if "item" not in fields and "key" not in fields:
        raise _refused(
            "the template names no item", Location(name), "Use {{key}} or {{item}}, so that replies can be told apart."
        )
    return Template(name, sha256(data).hexdigest(), text, fields)


def read_template_file(path: Path | None) -> Template:
    """The template of a file, or the program's own without one."""
    path = resource("letters", "confirmation.txt") if path is None else path
    return read_template(read_capped(path, max_bytes=_MAX_BYTES, code=CODE), path.name)


def merge(
    sample: DrawnSample,
    template: Template,
    *,
    contacts: ImportedTable | None = None,
    values: Mapping[str, str] | None = None,
) -> tuple[Letter, ...]:
    """One letter for each drawn item.

    ``contacts`` has a column ``item`` or ``key`` and one for each further field; ``values`` are the same in every
    letter. Raises :class:`SamplingError` ``SAMPLE.LETTER`` for a field that nothing supplies, ``SAMPLE.TABLE`` for a
    contact that cannot be used or is missing.
    """
    typed = dict(values or {})
    for name, text in typed.items():
        problem = text_problem(text)
        if problem is not None:
            raise _refused(f"{name}: {problem[0]}", Location(template.name), problem[1])
    from_contacts = () if contacts is None else tuple(c for c in contacts.header if c not in ("item", "key"))
    unknown = [name for name in template.fields if name not in (*OWN_FIELDS, *from_contacts, *typed)]
    if unknown:
        raise _refused(
            f"nothing supplies the field {unknown[0]}",
            Location(template.name),
            f"Type it with --value {unknown[0]}=TEXT, or add a column {unknown[0]} to the contacts.",
        )
    rows = {} if contacts is None else _contacts(contacts, sample, from_contacts)
    letters = []
    width = len(str(len(sample.items)))
    for number, item in enumerate(sample.items, start=1):
        if contacts is not None and item.id not in rows:
            raise SamplingError(
                "SAMPLE.TABLE",
                f"there is no contact for item {item.id}",
                at=Location(contacts.name),
                action="Add a row for it.",
            )
        own = _own(sample, item, str(number).zfill(width))
        known = {**typed, **rows.get(item.id, {}), **own}
        text = _filled(template.text, known)
        file = f"letter-{number:0{width}}-{_UNSAFE.sub('_', item.id)[:60]}.txt"
        letters.append(Letter(file, item.id, text))
    return tuple(letters)


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda match: known[match[1]], text)


def _contacts(contacts: ImportedTable, sample: DrawnSample, columns: Sequence[str]) -> dict[str, dict[str, str]]:
    return {
        item: {column: line_of_text(contacts, line, column) for column in columns}
        for item, line in rows_by_item(contacts, sample)
    }


def _own(sample: DrawnSample, item: DrawnItem, number: str) -> dict[str, str]:
    balances = "\n".join(f"  {asset}  {text}" for asset, text in item.book.items() if text != "0")
    return {
        "number": number,
        "item": item.id,
        "key": item.key,
        "ledger": sample.ledger,
        "commitment": sample.commitment,
        "balances": balances or "  no balance in any asset",
    }


def reply_form(sample: DrawnSample) -> Letter:
    """A table to fill in as replies come: every item, nobody having answered yet; ``sample execute --replies`` reads it."""
    rows = "".join(f"{item.id},{item.key},none,\n" for item in sample.items)
    return Letter(REPLY_FORM, "", f"item,key,answer,note\n{rows}")


def letters_document(template: Template, letters: Sequence[Letter]) -> dict[str, Any]:
    """Which letters were written, by digest: what commands print and journals keep."""
    return {
        "format": FORMAT,
        "template": {"name": template.name, "sha256": template.sha256},
        "letters": [{"file": one.file, "item": one.item, "sha256": one.sha256} for one in letters],
    }


def write_letters(letters: Sequence[Letter], folder: Path) -> None:
    """Write every letter into a new folder: all of them or none; a folder that is there is never written to."""
    import shutil
    import tempfile

    if folder.exists():
        raise SamplingError(
            CODE, "the folder is there already", at=Location(str(folder)), action="Name a folder that is not there yet."
        )
    try:
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for one in letters:
                (made / one.file).write_bytes(one.text.encode("utf-8"))
            made.chmod(0o755)
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise SamplingError(
            "OUTPUT.WRITE",
            f"the letters cannot be written ({error.strerror})",
            at=Location(str(folder)),
            action="Choose a place that may be written.",
        ) from None


def _refused(what: str, at: Location, action: str) -> SamplingError:
    return SamplingError(CODE, what, at=at, action=action)
