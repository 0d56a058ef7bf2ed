"""Inkfolio's reader as an engine of OCRmyPDF: `ocrmypdf --plugin inkfolio_ocrmypdf IN.pdf OUT.pdf`.

OCRmyPDF does all else: its options, its PDF/A, its text layer, made from our hOCR. The languages
of `-l` make no difference to the network, which reads Latin script.
"""

from __future__ import annotations

from argparse import ArgumentParser
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ocrmypdf import hookimpl
from ocrmypdf.exceptions import BadArgsError
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence

from export.hocr import hocr
from export.text import document_text
from inkfolio_ocrmypdf_option import add_reader_options
from pipeline.document import Document
from pipeline.load import PageImage, SourcePage
from pipeline.settings import Settings
from pipeline.stages import Stopwatch, open_page, read_page
from segment.arrays import Gray
from segment.crop import crop_line
from segment.page import level_of, segment_page

if TYPE_CHECKING:
    from ocrmypdf import OcrOptions

    from recognize.reader import Reader

MOST_LINES = 12  # of a page that are read to tell which way it is up
SETTINGS = Settings()


@hookimpl
def add_options(parser: ArgumentParser) -> None:
    """Add our options to OCRmyPDF's."""
    add_reader_options(parser)


@hookimpl
def check_options(options: OcrOptions) -> None:
    """Refuse the renderer that would take the text from elsewhere than our hOCR."""
    if options.pdf_renderer == "sandwich":
        raise BadArgsError("Inkfolio gives OCRmyPDF hOCR; leave out --pdf-renderer sandwich")


@hookimpl(tryfirst=True)
def get_ocr_engine(options: OcrOptions | None) -> OcrEngine | None:
    """Our engine, unless the user names another."""
    chosen = getattr(options, "ocr_engine", "auto")
    return InkfolioEngine() if chosen == "auto" else None


class InkfolioEngine(OcrEngine):
    """Reads pages by Inkfolio; each of OCRmyPDF's workers loads the model once."""

    @staticmethod
    def version() -> str:
        """Inkfolio's version."""
        return version("inkfolio")

    @staticmethod
    def creator_tag(options: OcrOptions) -> str:
        """What is noted in the PDF."""
        return f"Inkfolio {version('inkfolio')}"

    def __str__(self) -> str:
        """The name for messages."""
        return f"Inkfolio {version('inkfolio')}"

    @staticmethod
    def languages(options: OcrOptions) -> set[str]:
        """None in particular: OCRmyPDF then asks for no language's files."""
        return set()

    @staticmethod
    def get_orientation(input_file: Path, options: OcrOptions) -> OrientationConfidence:
        """By how much to turn a page counter-clockwise so that it can be read best.

        The confidence is the lead over the second best way, in percent; OCRmyPDF turns pages
        from 14 on, see its --rotate-pages-threshold.
        """
        gray = _load(input_file).gray
        reader = _reader(options)
        legible = [_legible(np.ascontiguousarray(np.rot90(gray, k)), reader) for k in range(4)]
        best = int(np.argmax(legible))
        second, first = sorted(legible)[-2:]
        lead = 100 * (first - second) / first if first else 0.0
        return OrientationConfidence(angle=90 * best, confidence=lead)

    @staticmethod
    def get_deskew(input_file: Path, options: OcrOptions) -> float:
        """By how many degrees to turn a page counter-clockwise for its lines to be level."""
        _, skew, _ = level_of(_load(input_file).gray, SETTINGS.segment)
        return -skew

    @staticmethod
    def generate_hocr(
        input_file: Path, output_hocr: Path, output_text: Path, options: OcrOptions
    ) -> None:
        """Read a page and write hOCR, and its text."""
        source = _source(input_file)
        page = read_page(source, _load(input_file), SETTINGS, _reader(options), Stopwatch())
        document = Document(input_file.stem, (page,))
        output_hocr.write_bytes(hocr(document))
        output_text.write_text(document_text(document), encoding="utf-8")

    @staticmethod
    def generate_pdf(
        input_file: Path, output_pdf: Path, output_text: Path, options: OcrOptions
    ) -> None:
        """Not offered: OCRmyPDF makes the text layer of our hOCR."""
        raise NotImplementedError("Inkfolio gives OCRmyPDF hOCR, no PDF")


def _source(path: Path) -> SourcePage:
    return SourcePage(path, 0, "image", "page", 0)


def _load(path: Path) -> PageImage:
    return open_page(_source(path), SETTINGS)


def _reader(options: OcrOptions) -> Reader:
    # What OCRmyPDF does not know itself, it keeps here.
    given = options.extra_attrs
    return _loaded(given.get("inkfolio_model") or "latin", given.get("inkfolio_lm") or "none")


@cache
def _loaded(model: str, lm: str) -> Reader:
    """One reader a process, on one thread: OCRmyPDF itself works on pages at once."""
    from recognize.reader import Reader, use_threads  # slow: loads torch

    use_threads(1)
    return Reader.load(model, lm)


def _legible(gray: Gray, reader: Reader) -> float:
    """How much the network makes of a page: letters, weighted by how sure it is of them."""
    found = segment_page(gray, SETTINGS.segment)
    lines = [line for region in found.regions for line in region.lines]
    # Evenly over the page: a letter's head is often printed across.
    some = lines[:: max(1, len(lines) // MOST_LINES)]
    crops = [crop_line(gray, line.boundary, line.baseline).image for line in some]
    readings = reader.read(crops)
    return sum(max(0.0, c - 0.5) for one in readings for c in one.confidences)
