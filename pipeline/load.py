"""Pages of image and PDF files into pixels and their resolution."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pipeline.errors import InkfolioError, InputError
from pipeline.images import Resolution, count_frames, decode, decode_picture
from pipeline.names import shown
from pipeline.rasterize import TextKind, count_pages, rasterize, text_on
from segment.polarity import as_positive

Gray = NDArray[np.uint8]  # (H, W), 0 = black
Kind = Literal["image", "pdf"]

# What decoders raise when bytes make no sense to them; pypdfium2's errors are RuntimeErrors.
_DECODER_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_SCREEN_PPI = (72, 96)  # what programs write that do not know
_A4_LONG_SIDE_IN = 11.69
_A3_LONG_SIDE_IN = 16.54


@dataclass(frozen=True, slots=True)
class LoadParams:
    """Settings of loading.

    Attributes:
        max_pixels: a larger image is refused unread; 150 million are A2 at 600 ppi.
        max_pages: a PDF or TIFF with more pages is refused.
        pdf_ppi: resolution of a PDF page that is not a scan.
        min_ppi: a lower resolution in a file is not believed.
        max_ppi: a higher resolution in a file is not believed.
    """

    max_pixels: int = 150_000_000
    max_pages: int = 10_000
    pdf_ppi: float = 300.0
    min_ppi: float = 50.0
    max_ppi: float = 2400.0


@dataclass(frozen=True, slots=True)
class SourcePage:
    """Where a page is to be found; nothing of it has been decoded.

    Attributes:
        path: the file.
        frame: page of the PDF or frame of the image, from 0.
        kind: what reads it.
        id: base name of the page's files, unique within the document.
        index: place in the document, from 0.
        problem: why it cannot be loaded, if that is known already; else empty.
    """

    path: Path
    frame: int
    kind: Kind
    id: str
    index: int
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PageImage:
    """A page as loaded: upright, grey, of equal resolution along x and y.

    Attributes:
        gray: uint8 (H, W), dark ink on lighter paper: a negative has become a positive.
        ppi: pixels per inch.
        ppi_assumed: whether `ppi` is a guess, since the file does not say or is not believed.
        encoding: format of the file: "JPEG", "MPO" (a JPEG with more to it), "PNG", "PDF", ...
        orientation: EXIF's 1 to 8: how the file's stored pixels have been turned to get here.
    """

    gray: Gray
    ppi: float
    ppi_assumed: bool
    encoding: str
    orientation: int = 1

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.gray.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.gray.shape[0])


def load_page(page: SourcePage, params: LoadParams = LoadParams()) -> PageImage:
    """Read one page as grey pixels.

    Args:
        page: which page of which file.
        params: budgets and what to believe, see `LoadParams`.

    Returns:
        The page as a viewer shows it, but negatives as positives: a scan in a PDF at the scan's own
        resolution.

    Raises:
        InputError: if the file is missing, empty, damaged, too large or of another kind.
        EncryptedPdfError: if it is a PDF that wants a password.
    """
    if page.problem:
        raise InputError(page.problem)
    with _reading(page.path):
        if page.kind == "pdf":
            gray, ppi = rasterize(page.path, page.frame, params.pdf_ppi, params.max_pixels)
            return PageImage(as_positive(gray), ppi, ppi_assumed=False, encoding="PDF")
        return _load_image(page, params)


def existing_text(page: SourcePage) -> TextKind:
    """What text a page has before it is read; images have none.

    Raises:
        InputError: as `load_page`.
    """
    if page.kind != "pdf" or page.problem:
        return "none"
    with _reading(page.path):
        return text_on(page.path, page.frame)


def load_picture(page: SourcePage, params: LoadParams = LoadParams()) -> Image.Image:
    """Read an image page in its own colours, upright, for a PDF that cannot take its bytes.

    Returns:
        An image of mode "1", "L" or "RGB"; white behind what is transparent. Pixels that are
        not square are left so: the picture fills the page, whatever its size.

    Raises:
        InputError: as `load_page`; also if the page is a PDF's.
    """
    if page.problem or page.kind == "pdf":
        raise InputError(page.problem or f"{shown(page.path)}: is a PDF, not a picture")
    with _reading(page.path):
        return decode_picture(page.path, page.frame, params.max_pixels)


def page_frames(path: Path, kind: Kind, params: LoadParams = LoadParams()) -> tuple[int, ...]:
    """Indexes of the pages in a file, read from its structure alone; at most max_pages + 1.

    Raises:
        InputError: as `load_page`.
    """
    with _reading(path):
        if kind == "pdf":
            return tuple(range(min(count_pages(path), params.max_pages + 1)))
        return count_frames(path, params.max_pages) if is_tiff(path) else (0,)


def is_tiff(path: Path) -> bool:
    """Whether a file's name says that it may hold many pages as frames."""
    return path.suffix.lower() in (".tif", ".tiff")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong inside into an InputError that says what to do about `path`."""
    name = shown(path)
    try:
        _check_file(path)
        yield
    except InkfolioError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{name}: is not there; check the name or the link") from error
    except PermissionError as error:
        raise InputError(f"{name}: may not be read; change its permissions") from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"{name}: is damaged, or not an image that Inkfolio reads; "
            "copy or scan it again, or convert it to TIFF, PNG or JPEG"
        ) from error
    except MemoryError as error:
        raise InputError(
            f"{name}: does not fit into memory; raise --max-memory-per-page or scan it smaller"
        ) from error
    except _DECODER_ERRORS as error:
        raise InputError(
            f"{name}: is damaged or cut short ({shown(str(error))}); copy or scan it again"
        ) from error


def _check_file(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError
    if not path.is_file():
        raise InputError(f"{shown(path)}: is not a file; leave it out")
    if path.stat().st_size == 0:
        raise InputError(f"{shown(path)}: is empty; copy or scan it again")


def _load_image(page: SourcePage, params: LoadParams) -> PageImage:
    gray, encoding, orientation, stated = decode(page.path, page.frame, params.max_pixels)
    gray = as_positive(gray)
    believed = believe(stated, max(gray.shape), params)
    if believed is None:
        return PageImage(gray, assume_ppi(max(gray.shape)), True, encoding, orientation)
    squared = _square(gray, believed, params.max_pixels)
    return PageImage(squared, round(max(believed), 2), False, encoding, orientation)


def believe(
    stated: Iterable[Resolution], long_side_px: int, params: LoadParams
) -> Resolution | None:
    """The first resolution that can be true, if any.

    72 and 96 ppi are believed only where the page is no larger than A3 by them: more often
    they are what a program wrote that did not know.
    """
    for ppi in stated:
        low, high = min(ppi), max(ppi)
        if not (params.min_ppi <= low <= high <= params.max_ppi and high / low <= 4):
            continue
        is_default = round(high) in _SCREEN_PPI and long_side_px / high > _A3_LONG_SIDE_IN
        if not is_default:
            return ppi
    return None


def assume_ppi(long_side_px: int) -> float:
    """A guess at the resolution: the page is about as long as A4."""
    return float(min(max(round(long_side_px / _A4_LONG_SIDE_IN), 72), 600))


def _square(gray: Gray, ppi: Resolution, max_pixels: int) -> Gray:
    """Stretch pixels that are not square, as a fax's 204 x 98 ppi, to the finer resolution."""
    height, width = gray.shape
    size = round(width * max(ppi) / ppi.x), round(height * max(ppi) / ppi.y)
    if max(ppi) / min(ppi) < 1.02 or size[0] * size[1] > max_pixels:
        return gray
    return np.array(Image.fromarray(gray).resize(size, Image.Resampling.BICUBIC))
