"""Pages typeset apart, put into the document that kept their places free: pages and tags, and nothing else.

A report of thousands of rows is typeset in parts (:mod:`auditor_app.report.parts`). The whole has an empty page for each page of a
part, with header, footer, page number, bookmark and watermark; here the part's page takes its place, the empty one is laid under
it, and the part's tags are hung into the structure tree where the page stands. What the parts repeat (metadata, output intent,
bookmarks) stays behind. Nothing is compressed anew and no clock is read: the same parts give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_HEADER_ID = re.compile(rb"\(U(?=\d+x\d+y\d+\))")
_BELOW = "/Below"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class TypesetPart:
    """A part's PDF and how many of its pages count; ``rows_left`` of its rows stand on the page that does not."""

    pdf: bytes
    pages: int
    rows_left: int = 0


def whole_part(pdf: bytes) -> TypesetPart:
    """A part that ends where its section ends."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as document:
        return TypesetPart(pdf, len(document.pages))


def continued_part(pdf: bytes) -> TypesetPart:
    """A part whose table goes on in another one: its last page, which may be half empty, is left to that one.

    Where that page is the only one, or holds anything but whole rows of the table, it stays.
    """
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as document:
        count, last = len(document.pages), document.pages[-1].objgen
        rows = _rows_at_the_end(document)
        left = 0
        while left < len(rows) and _pages_under(rows[-1 - left]) == {last}:
            left += 1
        whole = count > 1 and 0 < left < len(rows) and last not in _pages_under(rows[-1 - left])
    return TypesetPart(pdf, count - 1, left) if whole else TypesetPart(pdf, count)


Sections = Sequence[tuple[int, Sequence[TypesetPart]]]
"""Numbers of sections, as their bookmarks stand, and the parts of each."""


def joined(whole: bytes, sections: Sections) -> bytes | str:
    """``whole`` with parts in place of its empty pages; a sentence where other pages were kept free than come."""
    import pikepdf

    letters = iter(_LETTERS)
    with pikepdf.open(io.BytesIO(whole)) as document:
        for bookmark, parts in sections:
            place = _page_of_bookmark(document, bookmark)
            if not _kept_free(document, place, _page_of_bookmark(document, bookmark + 1), parts):
                return f"the pages kept free for section {bookmark + 1} are not those that it takes"
            for part in parts:
                with pikepdf.open(io.BytesIO(_with_own_ids(part.pdf, next(letters)))) as source:
                    _put(document, place, source, part)
                place += part.pages
        out = io.BytesIO()
        document.save(
            out,
            deterministic_id=True,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    return out.getvalue()


def _with_own_ids(pdf: bytes, letter: int) -> bytes:
    """The part with its table headers' names starting with another letter than any other part's; no byte moves."""
    return _HEADER_ID.sub(b"(" + bytes([letter]), pdf)


def _put(document: Any, place: int, source: Any, part: TypesetPart) -> None:
    """The part's pages over the empty pages from ``place`` on, its tags before those of the pages behind."""
    if part.rows_left:
        _leave_last_page(source, part.rows_left)
    tree = document.Root.StructTreeRoot
    base = int(tree.ParentTreeNextKey)
    root = _document_tag(tree)
    at = _place_in_tree(document, root, place)
    for number, page in enumerate(source.pages):
        left, now = _replace_page(document, place + number, page, base)
        if number == 0:  # where the section's bookmark and its line in the contents lead
            for target in _targets(document):
                if target[0].objgen == left:
                    target[0] = now
    copied = document.copy_foreign(source.Root.StructTreeRoot)
    for number, tag in enumerate(list(_document_tag(copied).K)):
        tag.P = root
        root.K.insert(at + number, tag)
    for key, tags in _pairs(copied.ParentTree.Nums):
        tree.ParentTree.Nums.append(base + int(key))
        tree.ParentTree.Nums.append(tags)
    tree.ParentTreeNextKey = base + int(copied.ParentTreeNextKey)
    _add_header_ids(tree, copied)


def _kept_free(document: Any, place: int, end: int, parts: Sequence[TypesetPart]) -> bool:
    """Whether there is a page without tags for each page of the parts, and no other."""
    pages = document.pages[place:end]
    return len(pages) == sum(part.pages for part in parts) and all("/StructParents" not in page.obj for page in pages)


def _replace_page(document: Any, place: int, page: Any, base: int) -> tuple[tuple[int, int], Any]:
    """Put ``page`` over the empty page at ``place``; which page left the document, and the one there now."""
    empty = document.pages[place]
    document.pages.insert(place, page)
    new = document.pages[place]
    new.obj.StructParents = base + int(new.obj.StructParents)
    _lay_under(document, new.obj, empty.obj)
    document.pages.remove(p=place + 2)
    return empty.obj.objgen, new.obj


def _lay_under(document: Any, page: Any, empty: Any) -> None:
    """Header, footer and watermark of the empty page, drawn before the page's own content as one form; all of it is artifact."""
    import pikepdf

    form = empty.Contents
    form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    form.BBox, form.Resources = empty.MediaBox, empty.Resources
    drawn = page.Resources.get("/XObject", pikepdf.Dictionary())
    drawn[_BELOW] = form
    page.Resources = pikepdf.Dictionary({**dict(page.Resources.items()), "/XObject": drawn})
    before = document.make_stream(f"q {_BELOW} Do Q\n".encode("ascii"))
    page.Contents = pikepdf.Array([before, *_listed(page.Contents)])


def _listed(value: Any) -> list[Any]:
    import pikepdf

    return list(value) if isinstance(value, pikepdf.Array) else [value]


def _targets(document: Any) -> Iterator[Any]:
    """Where bookmarks and the links of the contents lead: arrays that begin with a page."""
    item = document.Root.Outlines.get("/First")
    while item is not None:
        yield item.Dest
        item = item.get("/Next")
    for page in document.pages:
        for note in page.obj.get("/Annots", ()):
            action = note.get("/A")
            target = note.get("/Dest") if action is None else action.get("/D")
            if target is not None:
                yield target


def _page_of_bookmark(document: Any, number: int) -> int:
    """The page to which a bookmark leads; behind the last one the end of the document."""
    item = document.Root.Outlines.First
    for _ in range(number):
        item = item.get("/Next")
        if item is None:
            return len(document.pages)
    return next(place for place, page in enumerate(document.pages) if page.objgen == item.Dest[0].objgen)


def _document_tag(tree: Any) -> Any:
    import pikepdf

    return tree.K[0] if isinstance(tree.K, pikepdf.Array) else tree.K


def _place_in_tree(document: Any, root: Any, place: int) -> int:
    """Before which tag those of page ``place`` belong: the first one of a page behind it."""
    behind = {page.objgen for page in document.pages[place:]}
    return next((at for at, tag in enumerate(root.K) if _first_page(tag) in behind), len(root.K))


def _first_page(tag: Any) -> tuple[int, int] | None:
    import pikepdf

    if not isinstance(tag, pikepdf.Dictionary):
        return None
    if "/Pg" in tag:
        own: tuple[int, int] = tag.Pg.objgen
        return own
    return next((page for child in _children(tag) if (page := _first_page(child)) is not None), None)


def _children(tag: Any) -> list[Any]:
    import pikepdf

    below = tag.get("/K")
    return list(below) if isinstance(below, pikepdf.Array) else [] if below is None else [below]


def _pages_under(tag: Any) -> set[tuple[int, int]]:
    """The pages that hold anything of ``tag``."""
    import pikepdf

    if not isinstance(tag, pikepdf.Dictionary):
        return set()
    own = {tag.Pg.objgen} if "/Pg" in tag else set()
    return own.union(*map(_pages_under, _children(tag)))


def _rows_at_the_end(document: Any) -> list[Any]:
    """The rows of the table with which a part ends; none where it ends with anything else."""
    holder = _row_holder(document)
    return [] if holder is None else _children(holder)


def _row_holder(document: Any) -> Any | None:
    import pikepdf

    tag = _document_tag(document.Root.StructTreeRoot)
    while isinstance(tag, pikepdf.Dictionary):
        below = tag.get("/K")
        last = below[-1] if isinstance(below, pikepdf.Array) and len(below) else below
        if not isinstance(last, pikepdf.Dictionary):
            return None
        if last.get("/S") == "/TR":
            return tag
        tag = last
    return None


def _leave_last_page(source: Any, rows: int) -> None:
    holder, key = _row_holder(source), int(source.pages[-1].obj.StructParents)
    if holder is not None:
        del holder.K[len(holder.K) - rows :]
    parents = source.Root.StructTreeRoot.ParentTree
    parents.Nums = [item for pair in _pairs(parents.Nums) if int(pair[0]) != key for item in pair]
    del source.pages[-1]


def _pairs(flat: Any) -> Iterator[tuple[Any, Any]]:
    values = list(flat)
    return zip(values[::2], values[1::2], strict=True)


def _add_header_ids(tree: Any, copied: Any) -> None:
    """The names of table headers, in the order that a name tree has."""
    named = [pair for one in (tree, copied) if "/IDTree" in one for pair in _pairs(one.IDTree.Names)]
    if named:
        named.sort(key=lambda pair: bytes(pair[0]))
        tree.IDTree.Names = [item for pair in named for item in pair]
