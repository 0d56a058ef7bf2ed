"""PDF pages into grey pixels at their scan's own resolution: the only place that calls PDFium.

PDFium keeps global state: one thread of a process at a time may be in here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from pipeline.errors import EncryptedPdfError
from pipeline.memory import make_room
from pipeline.names import shown

Gray = NDArray[np.uint8]  # (H, W), 0 = black

TextKind = Literal["none", "hidden", "visible"]

_MAX_OBJECTS = 5000  # looked at on a page; a drawing can hold millions
_UNSEEN = (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP)


class Placed(NamedTuple):
    """An image as drawn on a page."""

    ppi: float
    area: float  # square points


class Drawn(NamedTuple):
    """What matters for the resolution at which a page should be rasterised."""

    images: tuple[Placed, ...]
    has_visible_text: bool
    has_hidden_text: bool = False


@contextmanager
def _opened(path: Path) -> Iterator[pdfium.PdfDocument]:
    """Open a PDF without reading it whole.

    Raises:
        EncryptedPdfError: if it wants a password.
        pdfium.PdfiumError: if it cannot be made sense of.
    """
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise EncryptedPdfError(
                f"{shown(path)}: is encrypted and wants a password; "
                "save a copy without one and convert that"
            ) from error
        raise
    try:
        yield document
    finally:
        document.close()


def count_pages(path: Path) -> int:
    """Number of pages that a PDF says it has."""
    with _opened(path) as document:
        return len(document)


def rasterize(path: Path, index: int, vector_ppi: float, max_pixels: int) -> tuple[Gray, float]:
    """Draw one page as a viewer shows it: /Rotate, CropBox and annotations honoured.

    Args:
        path: the PDF.
        index: page, from 0.
        vector_ppi: resolution of a page that is not a scan, see `choose_ppi`.
        max_pixels: a page that would be larger is drawn at a lower resolution.

    Returns:
        Pixels, and their resolution in pixels per inch.
    """
    with _opened(path) as document:
        page = document[index]
        width, height = page.get_size()
        ppi = choose_ppi(_drawn(page), width * height, vector_ppi)
        scale = min(ppi / 72, math.sqrt(max_pixels / (width * height)))
        make_room(_decoded_bytes(page))
        gray = _draw(page, max(1, round(width * scale)), max(1, round(height * scale)))
        return gray, round(gray.shape[1] / width * 72, 2)


def text_on(path: Path, index: int) -> TextKind:
    """What text a page has: "visible" counts only where no scan fills the page.

    A scan with a visible stamp, such as a library's, is a scan; its text may be hidden or none.
    """
    with _opened(path) as document:
        page = document[index]
        width, height = page.get_size()
        drawn = _drawn(page)
    is_scan = sum(image.area for image in drawn.images) >= width * height / 2
    if drawn.has_visible_text and not is_scan:
        return "visible"
    return "hidden" if drawn.has_hidden_text else "none"


def _draw(page: pdfium.PdfPage, width_px: int, height_px: int) -> Gray:
    """Draw a page at a size of whole pixels, so that a scan's pixels fall on the bitmap's.

    PDFium rounds an image's edges outwards: a hair's breadth beyond the bitmap would make it
    one pixel larger and blur it all.
    """
    width, height = page.get_size()
    hair = 0.01
    across, down = (width_px - 2 * hair) / width, (height_px - 2 * hair) / height
    bitmap = pdfium.PdfBitmap.new_native(width_px, height_px, pdfium_c.FPDFBitmap_Gray)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width_px, height_px)
    pdfium_c.FPDF_RenderPageBitmapWithMatrix(
        bitmap,
        page,
        pdfium_c.FS_MATRIX(across, 0, 0, down, hair, hair),
        pdfium_c.FS_RECTF(0, 0, width_px, height_px),
        pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_GRAYSCALE,
    )
    return np.array(bitmap.to_numpy(), dtype=np.uint8).reshape(height_px, width_px)


def _decoded_bytes(page: pdfium.PdfPage) -> int:
    """What PDFium takes to decode a page's images; where that is not to be had, it draws none.

    Measured: 6 to 9 bytes a pixel, 18 of JPEG 2000, 3 of black and white.
    """
    sizes = set[tuple[int, int, int]]()  # with the encoded length: one drawn often counts once
    total = 0
    for item in islice(page.get_objects(), _MAX_OBJECTS):
        if not isinstance(item, pdfium.PdfImage):
            continue
        columns, rows = item.get_px_size()
        known = columns, rows, pdfium_c.FPDFImageObj_GetImageDataRaw(item, None, 0)
        if known not in sizes:
            sizes.add(known)
            total += columns * rows * (20 if "JPXDecode" in item.get_filters() else 10)
    return total


def choose_ppi(drawn: Drawn, page_area: float, vector_ppi: float) -> float:
    """The resolution at which no pixel of a scan is lost and none is invented.

    Scans come as one image, as strips, or as a coarse background under a fine mask of the
    writing: the finest of the large images decides. Where the images cover less than half the
    page, or text is drawn over them, the page has detail that they do not show.
    """
    if not drawn.images:
        return vector_ppi
    largest = max(image.area for image in drawn.images)
    finest = max(image.ppi for image in drawn.images if image.area >= largest / 10)
    is_scan = sum(image.area for image in drawn.images) >= page_area / 2
    ppi = finest if is_scan and not drawn.has_visible_text else max(finest, vector_ppi)
    return min(max(ppi, 50.0), 1200.0)


def _drawn(page: pdfium.PdfPage) -> Drawn:
    images: list[Placed] = []
    has_visible_text = has_hidden_text = False
    for item in islice(page.get_objects(), _MAX_OBJECTS):
        if isinstance(item, pdfium.PdfImage):
            images.extend(_placed(item))
        elif item.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            is_unseen = pdfium_c.FPDFTextObj_GetTextRenderMode(item) in _UNSEEN
            has_hidden_text |= is_unseen
            has_visible_text |= not is_unseen
    return Drawn(tuple(images), has_visible_text, has_hidden_text)


def _placed(image: pdfium.PdfImage) -> Iterator[Placed]:
    """The image with its size on the page, unless it has none."""
    matrix = image.get_matrix()
    outer = image.container
    while outer is not None:
        matrix = matrix.multiply(outer.get_matrix())
        outer = outer.container
    width, height = math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d)
    columns, rows = image.get_px_size()
    if min(width, height, columns, rows) > 0:
        along, across = 72 * columns / width, 72 * rows / height
        # A page's size is a rounded one: the mean of both lands on the scan's own pixels.
        alike = 0.99 < along / across < 1.01
        ppi = math.sqrt(along * across) if alike else max(along, across)
        yield Placed(ppi, width * height)
