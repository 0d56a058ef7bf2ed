"""A page's source -> a JPEG that a browser shows soon and large enough to read by."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image

from export.page_source import ImageSource, PageSource, PdfPageSource
from pipeline.load import LoadParams, PageImage, SourcePage, load_page, load_picture
from segment.arrays import Gray

MAX_SIDE_PX = 2000
QUALITY = 80
_UPRIGHT = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def web_picture(source: PageSource, params: LoadParams = LoadParams(), turned: int = 0) -> bytes:
    """The page as a viewer shows it, in its own colours, at most `MAX_SIDE_PX` long.

    A JPEG that is all this already stays as it is.

    Args:
        source: of the page.
        params: limits in loading.
        turned: degrees by which its text is turned counter-clockwise: 0, 90, 180 or 270; the
            picture is upright.

    Raises:
        InputError: if the source cannot be read.
    """
    if not turned and isinstance(source, ImageSource) and _is_fit(source.path):
        return source.path.read_bytes()
    picture = _picture(source, params)
    picture = picture.convert("RGB" if picture.mode == "RGB" else "L")
    picture = picture.transpose(_UPRIGHT[turned]) if turned else picture
    size = web_size(*picture.size)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    target = BytesIO()
    picture.save(target, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return target.getvalue()


def line_picture(line: Gray) -> bytes:
    """A line image, uint8 (H, W), as a JPEG."""
    target = BytesIO()
    Image.fromarray(line).save(target, "JPEG", quality=QUALITY, optimize=True)
    return target.getvalue()


def _is_fit(path: Path) -> bool:
    """Whether a file is a JPEG that browsers show as it is meant, and not too large."""
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
            return upright and image.mode in ("L", "RGB") and max(image.size) <= MAX_SIDE_PX
    except (OSError, SyntaxError):
        return False


def web_size(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of the picture of a page with so many."""
    scale = min(1.0, MAX_SIDE_PX / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def load_source(source: PageSource, params: LoadParams = LoadParams()) -> PageImage:
    """The page in grey, as it was read.

    Raises:
        InputError: if the source cannot be read.
    """
    return load_page(_as_input(source), params)


def _as_input(source: PageSource) -> SourcePage:
    if isinstance(source, PdfPageSource):
        return SourcePage(source.path, source.index, "pdf", "", 0)
    return SourcePage(source.path, source.frame, "image", "", 0)


def _picture(source: PageSource, params: LoadParams) -> Image.Image:
    if isinstance(source, PdfPageSource):
        return Image.fromarray(load_source(source, params).gray)
    return load_picture(_as_input(source), params)
