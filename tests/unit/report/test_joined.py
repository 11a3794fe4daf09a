"""Long sections typeset in parts: the document put together is the one that is typeset at once, page by page and tag by tag."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor_app.errors import ReportError
from auditor_app.operation import CancelToken, run
from auditor_app.report import compiler, joined, parts, typeset
from auditor_app.report.document import Report, ReportOptions, build_report
from auditor_app.report.parts import cut
from tests.unit.report import factory

Work = Callable[[], bytes | str]


def _build() -> Report:
    audit = factory.controlled(factory.large(5, 420, 40))
    return run(build_report(audit, ReportOptions("2026-11-05"), CancelToken()))


@pytest.fixture(scope="module")
def at_once() -> Report:
    return _build()


@pytest.fixture
def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few pages, in this process."""
    monkeypatch.setattr(typeset, "_LONG", 100)
    monkeypatch.setattr(parts, "WHOLE", 200)
    monkeypatch.setattr(parts, "APART", 60)
    monkeypatch.setattr(parts, "ROWS", 120)
    monkeypatch.setattr(parts, "_CLOSE", 50)
    for module in (compiler, typeset):
        monkeypatch.setattr(module, "in_own_process", lambda work, token: work())


@pytest.fixture
def together(in_small_parts: None) -> Report:
    return _build()


def _pages(pdf: bytes) -> list[list[str]]:
    """The lines of each page; header and footer are drawn first or last, as it comes."""
    texts = (page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))
    return [sorted(line.rstrip() for line in text.splitlines()) for text in texts]


def _tags(node: Any) -> Iterator[Any]:
    if isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        below = node.get("/K")
        for child in below if isinstance(below, pikepdf.Array) else [below]:
            yield from _tags(child)


def _shape(document: Any) -> list[tuple[str, int]]:
    """Kinds of tag in reading order, with the page of those that hold text; a table that goes on counts as one."""
    places = {page.objgen: number for number, page in enumerate(document.pages)}
    root = document.Root.StructTreeRoot.K[0]
    return [
        (str(tag.S), places[tag.Pg.objgen])
        for tag in _tags(root)
        if "/Pg" in tag and str(tag.S) in ("/TD", "/H1", "/H2")
    ]


def test_every_page_reads_as_if_the_report_were_typeset_at_once(at_once: Report, together: Report) -> None:
    assert together.pdf != at_once.pdf
    assert together.pages == at_once.pages
    assert _pages(together.pdf) == _pages(at_once.pdf)


def test_tags_bookmarks_and_contents_lead_where_they_would(at_once: Report, together: Report) -> None:
    with pikepdf.open(io.BytesIO(at_once.pdf)) as one, pikepdf.open(io.BytesIO(together.pdf)) as other:
        assert _shape(other) == _shape(one)
        assert _targets(other) == _targets(one)
        assert len(_targets(one)) > 20
        assert other.docinfo == one.docinfo
        assert other.check_pdf_syntax() == []


def _targets(document: Any) -> list[int]:
    places = {page.objgen: number for number, page in enumerate(document.pages)}
    return [places[target[0].objgen] for target in joined._targets(document)]


def test_every_piece_of_text_has_its_tag_and_every_cell_its_header(together: Report) -> None:
    with pikepdf.open(io.BytesIO(together.pdf)) as document:
        tree = document.Root.StructTreeRoot
        tags = list(_tags(tree.K[0]))
        known = {tag.objgen for tag in tags}
        for tag in tags:
            assert tag.P.objgen in known or tag.P.objgen in (tree.objgen, tree.K[0].objgen)
        flat = list(tree.ParentTree.Nums)
        by_key = dict(zip(map(int, flat[::2]), flat[1::2], strict=True))
        assert sorted(by_key) == list(map(int, flat[::2]))
        assert int(tree.ParentTreeNextKey) > max(by_key)
        keys = [int(page.obj.StructParents) for page in document.pages if "/StructParents" in page.obj]
        assert len(set(keys)) == len(keys)
        for key in keys:
            assert all(tag.objgen in known for tag in by_key[key])
        named = [bytes(name) for name in list(tree.IDTree.Names)[::2]]
        assert named == sorted(set(named))
        headers = [bytes(name) for tag in tags if tag.S == "/TD" for part in tag.A for name in part.get("/Headers", ())]
        assert headers
        assert set(headers) <= set(named)
        owners = dict(zip(named, list(tree.IDTree.Names)[1::2], strict=True))
        assert all(bytes(owner.ID) == name for name, owner in owners.items())


def test_the_last_section_may_be_one_of_them(in_small_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """More findings of one kind than a table takes stand in the last appendix."""
    audit = factory.many(300)
    apart = run(build_report(audit, ReportOptions("2026-11-05"), CancelToken()))
    monkeypatch.setattr(parts, "APART", 10**6)
    assert _pages(run(build_report(audit, ReportOptions("2026-11-05"), CancelToken())).pdf) == _pages(apart.pdf)


def test_the_same_report_in_parts_has_the_same_bytes(together: Report) -> None:
    assert _build().pdf == together.pdf


def test_pages_that_were_not_kept_free_are_noticed(in_small_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = parts.typeset_apart

    def one_more(tree: dict[str, Any], work: Any) -> Any:
        made = honest(tree, work)
        tree["sections"][made[0][0]]["kept"] += 1
        return made

    monkeypatch.setattr(typeset, "typeset_apart", one_more)
    with pytest.raises(ReportError, match="put together") as caught:
        _build()
    assert caught.value.code == "REPORT.BUILD"


def _block(count: int) -> dict[str, Any]:
    return {"kind": "table", "rows": list(range(count))} if count else {"kind": "paragraph"}


@given(st.lists(st.integers(0, 900), max_size=8), st.integers(150, 400))
def test_a_cut_loses_no_row_and_leaves_no_short_end(counts: list[int], most: int) -> None:
    waiting: list[Any] = [_block(count) for count in counts]
    seen: list[list[int]] = []
    while waiting:
        now, waiting = cut(waiting, most)
        assert sum(len(block.get("rows", ())) for block in now) <= most + 200 or len(now) > 1
        for block in now:
            if block["kind"] == "table":
                if block.get("start", 0):
                    seen[-1] += block["rows"]
                    assert len(block["rows"]) >= 100
                else:
                    seen.append(list(block["rows"]))
    assert seen == [list(range(count)) for count in counts if count]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 300])
def test_a_remark_of_many_proofs_is_printed_once(count: int) -> None:
    from dataclasses import replace

    from auditor_app.report.blocks import Table
    from auditor_app.report.material import Material
    from auditor_app.report.sections import control

    whole = factory.controlled(factory.large(3, 400, 10))
    assert whole.ownership is not None
    lines = tuple(
        replace(line, note="odd remark" if at < count else "") for at, line in enumerate(whole.ownership.lines)
    )
    audit = replace(whole, ownership=replace(whole.ownership, lines=lines))
    material = Material.__new__(Material)
    object.__setattr__(material, "audit", audit)
    tables = [block for block in control.build(material) if isinstance(block, Table)]
    printed = str(tables).count("odd remark")
    assert printed == (count if count < 4 else 1)
    assert str(tables).count("'R1'") == (0 if count < 4 else count + 1)
