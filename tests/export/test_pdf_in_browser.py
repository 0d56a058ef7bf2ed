"""Searchable PDFs in pdf.js, Firefox's viewer, in headless Chromium: words are found in place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.export.pages import document, page
from tests.export.test_pdf import pdf_bytes, scan

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PDFJS = Path(os.environ.get("PDFJS", ROOT / "node_modules" / "pdfjs-dist"))
HOST = "http://inkfolio.invalid"
VIEWER = """<!DOCTYPE html>
<link rel="stylesheet" href="/pdfjs/legacy/web/pdf_viewer.css">
<style>#box { position: absolute; inset: 0; overflow: auto }</style>
<div id="box"><div id="viewer" class="pdfViewer"></div></div>
<script type="module">
import * as pdfjs from "/pdfjs/legacy/build/pdf.mjs";
globalThis.pdfjsLib = pdfjs;
const { EventBus, PDFFindController, PDFLinkService, PDFViewer } =
    await import("/pdfjs/legacy/web/pdf_viewer.mjs");
pdfjs.GlobalWorkerOptions.workerSrc = "/pdfjs/legacy/build/pdf.worker.mjs";
const eventBus = new EventBus();
const linkService = new PDFLinkService({ eventBus });
const findController = new PDFFindController({ eventBus, linkService });
const container = document.querySelector("#box");
const viewer = new PDFViewer({ container, eventBus, linkService, findController });
linkService.setViewer(viewer);
const pdf = await pdfjs.getDocument({ url: "/made.pdf", isEvalSupported: false }).promise;
viewer.setDocument(pdf);
linkService.setDocument(pdf);
await viewer.pagesPromise;
window.count = async query => {
    eventBus.dispatch("find", { type: "", query, caseSensitive: true, entireWord: true,
        highlightAll: true, matchDiacritics: true });
    const pages = findController.pageMatches;
    for (let i = 0; i < 200; i++) {
        const found = findController.pageMatches;
        if (findController.state?.query === query && found.length === pdf.numPages) {
            return Array.from(found, page => page.length);
        }
        await new Promise(resolve => setTimeout(resolve, 25));
    }
    throw new Error(`nothing was said of ${query}`);
};
window.ready = true;
</script>"""
HIGHLIGHTS = """() => {
    const page = document.querySelector(".page[data-page-number='1']");
    const canvas = page.querySelector("canvas").getBoundingClientRect();
    const scale = 1000 / canvas.width;
    return [...page.querySelectorAll(".highlight")].map(mark => {
        const box = mark.getBoundingClientRect();
        return [box.left - canvas.left, box.top - canvas.top, box.right - canvas.left,
            box.bottom - canvas.top].map(n => n * scale);
    });
}"""
TYPES = {".mjs": "text/javascript", ".css": "text/css"}


@pytest.fixture
def viewer(tmp_path: Path, browser: Any) -> Iterator[Any]:
    """A letter of two pages in the viewer; nothing but the files at hand can be had."""
    if not PDFJS.is_dir():
        pytest.skip(f"pdf.js is not at {PDFJS}; npm install pdfjs-dist")
    made = document(page("Ma chère mère, adieu", "œuvre 𝒜 fin"), page("mère fin", index=1))
    data = pdf_bytes(made, scan(tmp_path), scan(tmp_path, "b.png"))
    opened = browser.new_page(viewport={"width": 1200, "height": 900})

    def serve(route: Any) -> None:
        path = route.request.url.removeprefix(HOST)
        file = PDFJS / path.removeprefix("/pdfjs/")
        if path == "/":
            route.fulfill(body=VIEWER, content_type="text/html")
        elif path == "/made.pdf":
            route.fulfill(body=data, content_type="application/pdf")
        elif path.startswith("/pdfjs/") and file.is_file():
            kind = TYPES.get(file.suffix, "application/octet-stream")
            route.fulfill(body=file.read_bytes(), content_type=kind)
        else:
            route.abort()

    opened.route("**/*", serve)
    opened.goto(f"{HOST}/")
    opened.wait_for_function("window.ready", timeout=60_000)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        ("mère", [1, 1]),
        ("chère mère", [1, 0]),
        ("œuvre", [1, 0]),
        ("fin", [1, 1]),
        ("pere", [0, 0]),
    ],
)
def test_words_are_found(viewer: Any, query: str, counts: list[int]) -> None:
    assert viewer.evaluate("query => window.count(query)", query) == counts


def test_what_is_found_is_marked_on_its_word(viewer: Any) -> None:
    viewer.evaluate("window.count('chère')")
    viewer.wait_for_function("document.querySelector('.page .highlight')")
    ((left, top, right, bottom),) = viewer.evaluate(HIGHLIGHTS)
    # The word's box is 160 to 260 across, 160 to 200 down. The viewer holds the line as one text
    # and guesses where its words are from letters of a sans serif.
    assert (left, right) == pytest.approx((160, 260), abs=10)
    assert top < 170 and bottom > 190
