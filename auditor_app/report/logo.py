"""A firm's logo, taken only where it is what it must be: a plain PNG, or an SVG that draws and does nothing else."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from auditor_app.errors import Location, ReportError
from auditor_app.files import read_capped

_MAX_BYTES = 2 * 2**20
_MAX_SIDE = 6000
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "http://www.w3.org/2000/svg"
_DRAWING = frozenset(
    {
        "svg",
        "g",
        "defs",
        "title",
        "desc",
        "metadata",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
    }
    | {"linearGradient", "radialGradient", "stop", "clipPath", "mask", "symbol", "use", "style"}
)


@dataclass(frozen=True, slots=True)
class Logo:
    """``data`` as in the file; ``size`` in pixels of a PNG, ``None`` for an SVG; ``alternative`` says what it shows."""

    data: bytes
    size: tuple[int, int] | None
    alternative: str

    def drawing(self) -> bytes:
        """The logo as SVG: the typesetter takes files of text only, so a PNG is wrapped into a drawing."""
        if self.size is None:
            return self.data
        width, height = self.size
        data = base64.b64encode(self.data).decode()
        return (
            f'<svg xmlns="{_SVG}" width="{width}" height="{height}">'
            f'<image width="{width}" height="{height}" href="data:image/png;base64,{data}"/></svg>'
        ).encode()


def read_logo(path: Path, alternative: str) -> Logo:
    """The logo in ``path``; REPORT.TEMPLATE where it is no PNG or SVG image, or an SVG that reaches outside itself."""
    data = read_capped(path, max_bytes=_MAX_BYTES, code="REPORT.TEMPLATE")
    if data.startswith(_PNG):
        return Logo(data, _png_size(data, path.name), alternative)
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        _refuse(path.name, "the logo is neither a PNG nor an SVG image")
    _Drawing(path.name).read(data)
    return Logo(data, None, alternative)


def _png_size(data: bytes, name: str) -> tuple[int, int]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
                size: tuple[int, int] = image.size
                if max(size) > _MAX_SIDE:
                    _refuse(name, f"the logo has {size[0]} by {size[1]} pixels", f"at most {_MAX_SIDE} a side")
                image.load()
                return size
    except (OSError, SyntaxError, ValueError, EOFError, Warning) as error:
        _refuse(name, f"the logo is a damaged PNG image ({str(error)[:80]})")


class _Drawing:
    """Reads an SVG once and refuses what is no drawing: scripts, text in foreign fonts, links to elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = 0
        self._style: list[str] = []

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._style.append
        try:
            parser.Parse(data, True)  # noqa: FBT003
        except expat.ExpatError as error:
            _refuse(self._name, f"the logo is no well-formed SVG image ({error})")
        self._require_inside("".join(self._style))

    def _doctype(self, *_: object) -> None:
        _refuse(self._name, "the logo's SVG declares a document type", "Save it as plain SVG.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if self._depth == 0 and (namespace, local) != (_SVG, "svg"):
            _refuse(self._name, "the logo is neither a PNG nor an SVG image")
        self._depth += 1
        if self._depth > 200:
            _refuse(self._name, "the logo's SVG is nested too deeply")
        if namespace == _SVG and local not in _DRAWING:
            _refuse(
                self._name, f"the logo's SVG holds a {local[:40]} element", "Save it as plain SVG with text as paths."
            )
        for key, value in attributes.items():
            plain = key.rpartition(" ")[2].lower()
            if plain.startswith("on") or (plain == "href" and not value.startswith("#")):
                _refuse(self._name, f"the logo's SVG reaches outside itself ({plain})", "Save it as plain SVG.")
            self._require_inside(value)

    def _end(self, name: str) -> None:
        del name
        self._depth -= 1

    def _require_inside(self, text: str) -> None:
        """No ``url(…)`` but to a part of the drawing itself, and no import of a style sheet."""
        squeezed = "".join(text.lower().split()).replace("'", "").replace('"', "")
        if squeezed.count("url(") != squeezed.count("url(#") or "@import" in squeezed:
            _refuse(self._name, "the logo's SVG reaches outside itself (url)", "Save it as plain SVG.")


def _refuse(name: str, what: str, action: str = "Use a PNG or a plain SVG image.") -> NoReturn:
    raise ReportError("REPORT.TEMPLATE", what, at=Location(name), action=action)
