"""The samples' PDFs: their words are what was read, in order, and are selected on their ink."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest

from export.json_document import read_json_document
from pipeline.document import Line, Page
from pipeline.load import load_page
from pipeline.runner import convert
from pipeline.settings import Settings
from pipeline.sources import SourceDocument
from segment.binarize import sauvola
from tests.pipeline.test_load_samples import DOCUMENTS, SAMPLES, truth_of

LOST_BEFORE = 60  # characters, at most, between a word's place and the one expected

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    assert convert([SAMPLES], out, Settings(formats=("pdf", "json"))).failures == []
    return out


def pages_of(out: Path, name: str) -> list[Page]:
    return list(read_json_document((out / f"{name}.inkfolio.json").read_bytes()).pages)


def words_of(pages: list[Page]) -> list[str]:
    return [word.text for page in pages for line in page.lines for word in line.words]


def common(truth: list[str], found: list[str]) -> list[str]:
    """The words of the truth that were found, in order."""
    blocks = SequenceMatcher(None, truth, found, autojunk=False).get_matching_blocks()
    return [word for block in blocks for word in truth[block.a : block.a + block.size]]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler's pdftotext")
def test_poppler_finds_every_word_that_was_read_right_in_order(
    converted: Path, document: SourceDocument
) -> None:
    name = document.name
    command = ["pdftotext", "-raw", converted / f"{name}.pdf", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    read = words_of(pages_of(converted, name))
    assert "".join(text.split()).replace("-", "") == "".join(read).replace("-", "")
    lines = [line["text"] for page in document.pages for line in truth_of(page)["lines"]]
    truth = " ".join(lines).split()
    right = common(truth, read)
    assert len(right) > 0.2 * len(truth)
    # Poppler joins words that a hyphen at the end of a line parts.
    found = common(right, text.split())
    assert len(found) >= len(right) - sum(word.endswith("-") for word in read) * 2


def shares(page: Page, ink: np.ndarray, sheet: pypdfium2.PdfPage) -> Iterator[float]:
    """How much of each word's ink lies in PDFium's boxes of its characters.

    Of a word that PDFium does not give, in the order of the page, it is none.
    """
    text, height = sheet.get_textpage(), sheet.get_height()
    content = text.get_text_range().replace("\ufffe", "-")
    scale = page.ppi / 72
    at = 0
    for line in page.lines:
        within = ink & filled(line, ink.shape)
        for word in line.words:
            place = content.find(word.text, at, at + len(word.text) + LOST_BEFORE)
            if place < 0:
                yield 0.0
                continue
            at = place
            box = word.box
            own = within[box.top : box.bottom, box.left : box.right]
            covered = np.zeros_like(own)
            for place in range(at, at + len(word.text)):
                left, bottom, right, top = text.get_charbox(place, loose=True)
                xs = np.array((left, right)) * scale - box.left
                ys = (height - np.array((top, bottom))) * scale - box.top
                (x1, x2), (y1, y2) = (np.round(n).astype(int).clip(0) for n in (xs, ys))
                covered[y1:y2, x1:x2] = True
            at += len(word.text)
            if own.any():
                yield float((own & covered).sum() / own.sum())


def filled(line: Line, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(line.boundary)).astype(np.int32)], 1)
    return mask > 0


def test_selections_cover_the_ink_of_their_words(
    converted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On level, slanted and sideways scans; PDFium's loose boxes are what a viewer selects."""
    found: list[float] = []
    for document in DOCUMENTS:
        with pypdfium2.PdfDocument(converted / f"{document.name}.pdf") as pdf:
            pages = pages_of(converted, document.name)
            for source, page in zip(document.pages, pages, strict=True):
                ink = sauvola(load_page(source).gray)
                found += shares(page, ink, pdf[page.index])
    enough = sum(share >= 0.8 for share in found) / len(found)
    mean = sum(found) / len(found)
    with capsys.disabled():
        print(f"\n{len(found)} words: {mean:.3f} of the ink selected; 0.8 or more of {enough:.1%}")
    assert enough > 0.97
