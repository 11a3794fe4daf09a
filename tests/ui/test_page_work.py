"""Pages of a report as pictures: whoever asks, PDFium hears one at a time."""

from __future__ import annotations

import threading
import time

import pypdfium2
import pytest

from auditor_app.operation import Cancelled, CancelToken, run
from ui.page_work import _ONE_AT_A_TIME, render_page


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two empty pages, the second twice as wide as high."""
    path = tmp_path_factory.mktemp("pdf") / "two.pdf"
    made = pypdfium2.PdfDocument.new()
    made.new_page(200, 300)
    made.new_page(400, 200)
    made.save(str(path))
    made.close()
    return path.read_bytes()


def test_a_page_behind_the_last_is_the_last(pdf: bytes) -> None:
    page = run(render_page(pdf, 7, 800, CancelToken()))
    assert (page.number, page.pages, page.width, page.height) == (1, 2, 800, 400)
    assert page.pixels[:3] == b"\xff\xff\xff"


def test_two_threads_never_call_pdfium_at_once(pdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    real, inside, most = pypdfium2.PdfDocument, [0], [0]

    class Watched(real):  # type: ignore[misc, valid-type]
        def __init__(self, data: bytes) -> None:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.05)
            super().__init__(data)

        def close(self) -> None:
            super().close()
            inside[0] -= 1

    monkeypatch.setattr(pypdfium2, "PdfDocument", Watched)
    threads = [threading.Thread(target=lambda: run(render_page(pdf, 0, 100, CancelToken()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == ([0], [1])


def test_a_page_that_was_turned_away_from_is_not_drawn(pdf: bytes) -> None:
    token, ended = CancelToken(), list[type[BaseException]]()

    def draw() -> None:
        try:
            run(render_page(pdf, 0, 100, token))
        except Cancelled as error:
            ended.append(type(error))

    waiting = threading.Thread(target=draw)
    with _ONE_AT_A_TIME:
        waiting.start()
        token.cancel()
    waiting.join()
    assert ended == [Cancelled]
