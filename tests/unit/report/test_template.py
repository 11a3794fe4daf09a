"""A firm's own template: what may be edited, what is locked, and logos that are none."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from pathlib import Path

import pytest

from auditor_app.errors import AuditError
from auditor_app.operation import CancelToken, run
from auditor_app.report.document import ReportOptions, build_report
from auditor_app.report.logo import read_logo
from auditor_app.report.template import bundled_template, load_template
from auditor_app.resource_files import resource
from tests.unit.report import engaged, factory
from tests.unit.report.reading import squeezed, text_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 1"><defs><path id="a" d="M0 0h4v1z"/></defs><use href="#a"/></svg>'


def png(size: tuple[int, int] = (40, 10)) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGBA", size, (18, 53, 91, 255)).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "own"
    shutil.copytree(resource("report", "templates", "isrs-4400"), copy)
    return copy


def _edit(folder: Path, old: str, new: str, file: str = "firm.toml") -> Path:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("name", "data"), [("mark.png", png()), ("mark.svg", SVG)], ids=["png", "svg"])
def test_letterhead_logo_and_own_paragraphs_are_printed(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    _edit(folder, "lines = []", 'lines = ["Example Accountants LLP", "#strong[Reg. 12]"]')
    _edit(folder, 'logo = ""', f'logo = "{name}"')
    _edit(folder, 'logo_alternative = ""', 'logo_alternative = "Example Accountants"')
    _edit(folder, 'accent = "#12355b"', 'accent = "#600030"')
    _edit(folder, "before = []", 'before = ["To whom it may concern."]')
    template = load_template(folder)
    options = ReportOptions("2026-11-05", papers=engaged.papers(), template=template, final=True)
    report = run(build_report(factory.audit(), options, CancelToken()))
    text = squeezed(text_of(report.pdf))
    assert squeezed("#strong[Reg. 12]") in text
    assert squeezed("To whom it may concern.") in text
    assert [item.name for item in template.files] == ["firm.toml", name]
    assert all(item.sha256 in text for item in template.files)
    assert run(build_report(factory.audit(), options, CancelToken())).pdf == report.pdf


def test_the_digest_is_of_the_bytes_that_were_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is replaced while the template is loaded: letterhead and digest come from one and the same reading."""
    (folder / "mark.png").write_bytes(png())
    _edit(folder, "lines = []", 'lines = ["Example Accountants LLP"]')
    _edit(folder, 'logo = ""', 'logo = "mark.png"')
    _edit(folder, 'logo_alternative = ""', 'logo_alternative = "Example Accountants"')
    used = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("firm.toml", "mark.png")}
    seen: list[str] = []
    opens = os.open

    def replaced_once_open(path: Path, *flags: int) -> int:
        """As the system's, and the file is another one as soon as it is open."""
        opened = opens(path, *flags)
        if Path(path).parent == folder and Path(path).name in used:
            seen.append(Path(path).name)
            other = Path(path).with_suffix(".new")
            other.write_bytes(b"# somebody else's")
            other.replace(path)
        return opened

    monkeypatch.setattr("auditor_app.files.os.open", replaced_once_open)
    template = load_template(folder)
    assert seen == ["firm.toml", "mark.png"]
    assert template.letterhead.lines == ("Example Accountants LLP",)
    assert {item.name: item.sha256 for item in template.files} == used


def test_an_unedited_copy_gives_the_bundled_paragraphs(folder: Path) -> None:
    assert load_template(folder).standard == bundled_template().standard
    (folder / "standard.toml").write_bytes((folder / "standard.toml").read_bytes().replace(b"\n", b"\r\n"))
    assert load_template(folder).standard == bundled_template().standard
    (folder / "standard.toml").unlink()
    assert load_template(folder).standard == bundled_template().standard


def test_a_changed_standard_paragraph_is_refused_with_its_row(folder: Path) -> None:
    _edit(folder, "Accordingly, no opinion or assurance", "Accordingly, an opinion", "standard.toml")
    with pytest.raises(AuditError, match="locked") as caught:
        load_template(folder)
    assert caught.value.code == "REPORT.TEMPLATE"
    text = resource("report", "templates", "isrs-4400", "standard.toml").read_text(encoding="utf-8")
    assert "Accordingly" in text.splitlines()[(caught.value.at.row or 0) - 1]


def test_an_added_standard_paragraph_is_refused(folder: Path) -> None:
    path = folder / "standard.toml"
    path.write_bytes(path.read_bytes() + b'\n[[paragraph]]\nelements = []\ntext = "We are sure."\n')
    with pytest.raises(AuditError, match="locked"):
        load_template(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("reserve-auditor-template/1", "reserve-auditor-template/2"),
        ('standard = "isrs-4400"', 'standard = "isa-700"'),
        ("lines = []", 'lines = "one"'),
        ("lines = []", "lines = [1]"),
        ("[letter]", "[letter]\nunknown = 1"),
        ("[letter]", "[letter"),
        ('accent = "#12355b"', 'accent = "red; }"'),
        ('accent = "#12355b"', 'accent = "#ffff00"'),
        ('logo = ""', 'logo = "mark.png"'),
        ('logo = ""', 'logo = "../mark.png"'),
    ],
)
def test_an_unusable_firm_file_is_refused(folder: Path, old: str, new: str) -> None:
    (folder.parent / "mark.png").write_bytes(png())
    with pytest.raises(AuditError) as caught:
        load_template(_edit(folder, old, new))
    assert caught.value.code == "REPORT.TEMPLATE"


def test_a_folder_without_a_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuditError) as caught:
        load_template(tmp_path)
    assert caught.value.code == "REPORT.TEMPLATE"


def test_a_template_for_another_standard_is_refused() -> None:
    options = ReportOptions("2026-11-05", papers=engaged.papers(), template=bundled_template("at-c-215"))
    with pytest.raises(AuditError, match="another standard"):
        run(build_report(factory.audit(), options, CancelToken()))


_HEAD = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\nnot a picture",
        png()[:60],
        png((7000, 2)),
        b"<html/>",
        b"<svg/>",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG,
        _HEAD + b"<script>alert(1)</script></svg>",
        _HEAD + b"<text>Ag</text></svg>",
        _HEAD + b'<image href="data:image/png;base64,AA"/></svg>',
        _HEAD + b'<use href="https://example.com/x.svg#a"/></svg>',
        _HEAD + b'<use xlink:href="file:///etc/passwd#a"/></svg>',
        _HEAD + b'<path onload="x()" d="M0 0"/></svg>',
        _HEAD + b'<path style="fill: url( \'http://example.com/a\' )" d="M0 0"/></svg>',
        _HEAD + b"<style>@import 'x.css';</style></svg>",
        _HEAD + b"<g>" * 300 + b"</g>" * 300 + b"</svg>",
    ],
    ids=lambda data: ascii(data[-24:]),
)
def test_what_is_no_plain_image_is_no_logo(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "logo"
    path.write_bytes(data)
    with pytest.raises(AuditError) as caught:
        read_logo(path, "A mark")
    assert caught.value.code == "REPORT.TEMPLATE"
    assert "logo" in caught.value.sentence()
