"""`--image`: scans in the PDF untouched, as JPEG, or black and white."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader

from export.page_source import ImageSource
from export.pdf import PdfParams, write_pdf
from export.pdf_image import encode_picture
from export.pdf_redraw import jpeg_quality
from pipeline.bitonal import ink_to_print
from pipeline.document import Document
from tests.export.pages import page


def paper(mode: str = "L") -> Image.Image:
    """A page of grainy paper with three black bars, 500 x 700."""
    grain = np.random.default_rng(1).normal(200, 8, (700, 500)).clip(0, 255)
    pixels = np.array(grain, np.uint8)
    for y in (100, 200, 300):
        pixels[y : y + 20, 50:450] = 20
    if mode == "I;16":
        return Image.fromarray(pixels.astype(np.uint16) * 257)
    return Image.fromarray(pixels).convert(mode)


def pdf_of(path: Path, wish: str) -> bytes:
    made = Document("d", (page("a", width=500, height=700),))
    target = io.BytesIO()
    params = PdfParams(image=wish)
    assert write_pdf(made, [ImageSource(path)], target, params=params, binarize=ink_to_print) == []
    return target.getvalue()


def picture_in(data: bytes) -> tuple[str, bytes]:
    image = PdfReader(io.BytesIO(data)).pages[0]["/Resources"]["/XObject"]["/Page"].get_object()
    filters = image["/Filter"]
    return str(filters[-1] if isinstance(filters, list) else filters), bytes(image._data)


def shades(data: bytes) -> list[int]:
    """What is seen in a bar and between two."""
    with pypdfium2.PdfDocument(data) as pdf:
        seen = pdf[0].render(scale=500 / pdf[0].get_width()).to_pil().convert("L")
    return [seen.getpixel((250, y)) for y in (110, 150)]


@pytest.mark.parametrize(
    ("name", "options", "filter_"),
    [
        pytest.param("a.jpg", {"quality": 92}, "/DCTDecode", id="JPEG"),
        pytest.param("a.jp2", {}, "/JPXDecode", id="JPEG 2000"),
    ],
)
def test_the_original_keeps_its_bytes(
    tmp_path: Path, name: str, options: dict[str, int], filter_: str
) -> None:
    paper().save(tmp_path / name, **options)
    found = picture_in(pdf_of(tmp_path / name, "original"))
    assert found == (filter_, (tmp_path / name).read_bytes())


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "I;16"])
@pytest.mark.parametrize("wish", ["jpeg:40", "bitonal"])
def test_what_is_redrawn_is_smaller_and_still_the_page(
    tmp_path: Path, mode: str, wish: str
) -> None:
    path = tmp_path / "a.tif"
    paper(mode).save(path)
    data = pdf_of(path, wish)
    filter_, drawn = picture_in(data)
    assert filter_ == {"jpeg:40": "/DCTDecode", "bitonal": "/CCITTFaxDecode"}[wish]
    assert len(drawn) < path.stat().st_size
    bar, between = shades(data)
    assert (bar < 60, between > 150) == (True, True)


def test_bitonal_has_no_grain(tmp_path: Path) -> None:
    paper().save(tmp_path / "a.png")
    assert shades(pdf_of(tmp_path / "a.png", "bitonal")) == [0, 255]


def test_a_jpeg_that_would_grow_stays_as_it_is(tmp_path: Path) -> None:
    paper().save(tmp_path / "a.jpg", quality=60)
    _, drawn = picture_in(pdf_of(tmp_path / "a.jpg", "jpeg:95"))
    assert drawn == (tmp_path / "a.jpg").read_bytes()


@pytest.mark.parametrize("wish", ["original", "jpeg:40", "bitonal"])
def test_two_valued_pictures_become_fax_whatever_is_wished(tmp_path: Path, wish: str) -> None:
    paper().point(lambda shade: 255 * (shade > 128)).convert("1").save(tmp_path / "a.tif")
    data = pdf_of(tmp_path / "a.tif", wish)
    assert picture_in(data)[0] == "/CCITTFaxDecode"
    assert shades(data) == [0, 255]


def test_a_turned_photograph_is_put_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    paper().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.jpg", exif=exif, quality=95)
    assert shades(pdf_of(tmp_path / "a.jpg", "jpeg:40"))[0] < 60


@pytest.mark.parametrize("wish", ["jpeg", "jpeg:0", "jpeg:96", "jpeg:7x", "png", ""])
def test_other_wishes_are_refused(wish: str) -> None:
    with pytest.raises(ValueError, match="original, bitonal or jpeg:1 to jpeg:95"):
        jpeg_quality(wish)


def test_bitonal_wants_a_binarizer(tmp_path: Path) -> None:
    paper().save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="binarizer"):
        encode_picture(ImageSource(tmp_path / "a.png"), tmp_path / "scratch", "bitonal")
