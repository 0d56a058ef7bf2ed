"""Searchable PDFs: what other programs find in them."""

from __future__ import annotations

import io
import math
import re
import shutil
import subprocess
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pypdfium2
import pytest
from pdfminer.high_level import extract_text
from PIL import Image, ImageOps
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    DecodedStreamObject,
    NameObject,
    NumberObject,
    RectangleObject,
    StreamObject,
)

from export.page_source import ImageSource, PageSource, PdfPageSource
from export.pdf import write_pdf
from pipeline.document import Box, Document, Line, Page, Region, Word
from pipeline.errors import EncryptedPdfError, InputError
from tests.export.pages import document, page

TEXTS = (
    "Ma chère mère, je vous",
    "écris à 9 h. un mot pour-",
    "suivi : œuvre ſainte",
    "𝒜𝓊 roi 𐍈 e̊x̃ q̃ ꝑ fin",
)


CREATED_2026 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def pdf_bytes(made: Document, *sources: PageSource) -> bytes:
    target = io.BytesIO()
    write_pdf(made, sources, target, CREATED_2026, "fr")
    return target.getvalue()


def scan(folder: Path, name: str = "scan.png", size: tuple[int, int] = (1000, 1400)) -> ImageSource:
    Image.new("L", size, 255).save(folder / name)
    return ImageSource(folder / name)


def words_of(path: Path, command: str) -> list[str]:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    run = subprocess.run(
        [*command.split(), str(path), "-"], capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def poppler(path: Path) -> list[str]:
    # Poppler joins a word that is broken at the end of a line.
    text = " ".join(words_of(path, "pdftotext"))
    return text.replace("poursuivi", "pour- suivi").split()


def poppler_in_stream_order(path: Path) -> list[str]:
    return words_of(path, "pdftotext -raw")


def pdfminer(path: Path) -> list[str]:
    return extract_text(path).split()


def pdfium(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as pdf:
        texts = [pdf[i].get_textpage().get_text_range() for i in range(len(pdf))]
    # PDFium writes a hyphen at the end of a line, and the break, as U+FFFE.
    return " ".join(texts).replace("\ufffe", "-\n").split()


@pytest.mark.parametrize("read", [poppler, poppler_in_stream_order, pdfminer, pdfium])
def test_words_come_out_in_reading_order(tmp_path: Path, read: Callable[[Path], list[str]]) -> None:
    pages = (page(*TEXTS), page("Seconde page", index=1))
    path = tmp_path / "out.pdf"
    path.write_bytes(pdf_bytes(document(*pages), scan(tmp_path), scan(tmp_path, "b.png")))
    assert read(path) == " ".join([*TEXTS, "Seconde page"]).split()


@pytest.mark.parametrize("read", [poppler_in_stream_order, pdfium])
def test_words_that_all_but_touch_stay_apart(
    tmp_path: Path, read: Callable[[Path], list[str]]
) -> None:
    first = page("un a mot y").regions[0].lines[0]
    words, x = [], 100
    for word in first.words:
        words.append(replace(word, box=Box(x, 160, x + word.box.width, 200)))
        x += word.box.width + 2
    region = Region("r1", "text", first.boundary, (replace(first, words=tuple(words)),))
    path = tmp_path / "out.pdf"
    path.write_bytes(pdf_bytes(document(replace(page(), regions=(region,))), scan(tmp_path)))
    assert read(path) == ["un", "a", "mot", "y"]


def content(data: bytes, index: int = 0) -> str:
    return PdfReader(io.BytesIO(data)).pages[index].get_contents().get_data().decode("latin-1")


def test_the_layer_is_invisible_and_a_line_is_a_text_object(tmp_path: Path) -> None:
    data = content(pdf_bytes(document(page(*TEXTS)), scan(tmp_path)))
    objects = re.findall(r"BT(.*?)ET", data, re.DOTALL)
    assert len(objects) == len(TEXTS)
    for shown, text in zip(objects, TEXTS, strict=True):
        assert shown.startswith(" 3 Tr ")
        assert shown.count(")Tj") == len(text.split()), "a word with the space after it is a string"


def test_numbers_have_three_decimals_at_most_and_no_exponent(tmp_path: Path) -> None:
    small = replace(page(*TEXTS), ppi=1234.567, width=1001)
    data = content(pdf_bytes(document(small), scan(tmp_path)))
    bare = re.sub(r"\((\\.|[^\\)])*\)|/\S+", " ", data, flags=re.DOTALL)
    numbers = [word for word in bare.split() if word[-1].isdigit()]
    assert numbers
    assert all(re.fullmatch(r"-?\d+(\.\d{1,3})?", number) for number in numbers)


def test_a_space_reaches_from_word_to_word(tmp_path: Path) -> None:
    region = page("un a mot").regions[0]
    line = region.lines[0]
    starts = (100, 160, 900)  # after a common gap, and one wider than any space of the font
    words = tuple(
        replace(word, box=Box(start, 160, start + word.box.width, 200))
        for word, start in zip(line.words, starts, strict=True)
    )
    made = replace(page(), regions=(replace(region, lines=(replace(line, words=words),)),))
    with pypdfium2.PdfDocument(pdf_bytes(document(made), scan(tmp_path))) as pdf:
        text = pdf[0].get_textpage()
        assert text.get_text_range() == "un a mot"
        boxes = [text.get_charbox(place, loose=True) for place in range(8)]
    scale = made.ppi / 72
    assert [boxes[place][0] * scale for place in (0, 3, 5)] == pytest.approx(starts, abs=1)
    assert (boxes[2][0] * scale, boxes[2][2] * scale) == pytest.approx((140, 160), abs=2)


def test_brackets_and_bare_returns_are_text(tmp_path: Path) -> None:
    # Codes go from 1 on in order of first use: 10 is a line feed's byte, 13 a return's, 40 and 41
    # are the brackets', 92 a backslash's; 256 to 300 have two bytes.
    letters = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    texts = [letters[start : start + 20] for start in range(0, 300, 20)]
    shown = [replace(page(text, width=600, height=300), index=n) for n, text in enumerate(texts)]
    sources = [scan(tmp_path, size=(600, 300))] * len(texts)
    data = pdf_bytes(document(*shown), *sources)
    with pypdfium2.PdfDocument(data) as pdf:
        assert [sheet.get_textpage().get_text_range() for sheet in pdf] == texts
    assert extract_text(io.BytesIO(data)).split() == texts


def test_the_font_is_embedded_and_maps_to_unicode(tmp_path: Path) -> None:
    reader = PdfReader(io.BytesIO(pdf_bytes(document(page(*TEXTS)), scan(tmp_path))))
    (font,) = reader.pages[0]["/Resources"]["/Font"].values()
    font = font.get_object()
    (descendant,) = font["/DescendantFonts"]
    descendant = descendant.get_object()
    assert (font["/Subtype"], font["/Encoding"]) == ("/Type0", "/Identity-H")
    assert descendant["/FontDescriptor"]["/FontFile2"].get_data()[:4] == b"\0\1\0\0"
    glyphs = descendant["/CIDToGIDMap"].get_data()
    assert glyphs[:2] == b"\0\0" and 0 not in glyphs[3::2]
    cmap = font["/ToUnicode"].get_data().decode("ascii")
    assert "𝒜".encode("utf-16-be").hex() in cmap
    assert "e̊".encode("utf-16-be").hex() in cmap, "a grapheme is one code"


def char_boxes(data: bytes, index: int = 0) -> np.ndarray:
    """(N, 4): left, bottom, right, top of each character, in user space."""
    with pypdfium2.PdfDocument(data) as pdf:
        text = pdf[index].get_textpage()
        return np.array([text.get_charbox(i) for i in range(text.count_chars())])


def one_word(box: Box, baseline: tuple[tuple[float, float], ...], **size: float) -> Page:
    line = Line("r1l1", box.polygon(), baseline, (Word("mot", box, 1.0),), 1.0)
    return replace(page(), regions=(Region("r1", "text", box.polygon(), (line,)),), **size)


def test_a_word_is_as_wide_as_its_box(tmp_path: Path) -> None:
    word = one_word(Box(200, 300, 500, 400), ((200, 400), (500, 400)))
    boxes = char_boxes(pdf_bytes(document(word), scan(tmp_path)))
    points = 72 / word.ppi
    expected = [200 * points, (1400 - 400) * points, 500 * points, (1400 - 300) * points]
    found = [*boxes.min(axis=0)[:2], *boxes.max(axis=0)[2:]]
    assert found[0::2] == pytest.approx(expected[0::2], abs=0.5)
    assert found[3] == pytest.approx(expected[3], abs=1.5)
    assert found[1] < expected[1], "room for descenders"


@pytest.mark.parametrize(
    ("rise_px", "turned"),
    [pytest.param(2, False, id="1.4 pt, flattened"), pytest.param(14, True, id="10 pt, kept")],
)
def test_a_small_rise_is_flattened(tmp_path: Path, rise_px: int, turned: bool) -> None:
    word = one_word(Box(100, 300, 900, 400), ((100, 400), (900, 400 - rise_px)))
    data = content(pdf_bytes(document(word), scan(tmp_path)))
    matrix = re.search(r"Tf (\S+) (\S+) (\S+) (\S+) \S+ \S+ Tm", data)
    angle = math.atan2(float(matrix[2]), float(matrix[1]))
    assert angle == pytest.approx(math.atan2(rise_px, 800) if turned else 0, abs=1e-3)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_keeps_its_bytes(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "scan.jpg"
    Image.effect_noise((100, 140), 60).convert(mode).save(path)
    made = replace(page("mot"), width=100, height=140)
    assert path.read_bytes() in pdf_bytes(document(made), ImageSource(path))


def rendered(data: bytes, width: int) -> np.ndarray:
    with pypdfium2.PdfDocument(data) as pdf:
        scale = width / pdf[0].get_width()
        return pdf[0].render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3].astype(int)


def picture() -> Image.Image:
    """Four flat quarters of four colours, so that no turn looks like another."""
    quarters = np.array(
        [[[250, 250, 250], [200, 30, 30]], [[30, 160, 30], [20, 20, 20]]], dtype=np.uint8
    )
    return Image.fromarray(quarters.repeat(35, axis=0).repeat(25, axis=1))


def half_clear(image: Image.Image) -> Image.Image:
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


MODES: dict[str, tuple[str, Callable[[Image.Image], Image.Image], dict[str, object]]] = {
    "1-bit tiff": ("tif", lambda i: i.convert("1"), {}),
    "1-bit g4 tiff": ("tif", lambda i: i.convert("1"), {"compression": "group4"}),
    "1-bit png": ("png", lambda i: i.convert("1"), {}),
    "2-bit png": ("png", lambda i: i.quantize(4), {"bits": 2}),
    "grey png": ("png", lambda i: i.convert("L"), {}),
    "16-bit png": ("png", lambda i: sixteen_bit(i), {}),
    "16-bit tiff": ("tif", lambda i: sixteen_bit(i), {}),
    "palette png": ("png", lambda i: i.quantize(8), {}),
    "palette tiff": ("tif", lambda i: i.quantize(8), {}),
    "palette gif, transparent": ("gif", lambda i: i.quantize(8), {"transparency": 0}),
    "alpha png": ("png", lambda i: half_clear(i), {}),
    "grey alpha png": ("png", lambda i: half_clear(i.convert("L")), {}),
    "cmyk tiff": ("tif", lambda i: i.convert("CMYK"), {}),
    "cmyk jpeg": ("jpg", lambda i: i.convert("CMYK"), {"quality": 95}),
    "jpeg 2000": ("jp2", lambda i: i, {}),
    "webp": ("webp", lambda i: i, {"lossless": True}),
    "heic": ("heic", lambda i: pillow_heif.from_pillow(i.convert("RGB")), {"quality": 95}),
    "portable greymap": ("pgm", lambda i: i.convert("L"), {}),
}


def sixteen_bit(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def as_seen(image: Image.Image) -> np.ndarray:
    if image.mode == "I;16":
        image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return np.asarray(paper.convert("RGB")).astype(int)


@pytest.mark.parametrize("name", MODES)
def test_every_kind_of_picture_looks_like_itself(tmp_path: Path, name: str) -> None:
    suffix, change, options = MODES[name]
    path = tmp_path / f"scan.{suffix}"
    change(picture()).save(path, **options)
    made = replace(page("mot"), width=50, height=70, ppi=72.0)
    found = rendered(pdf_bytes(document(made), ImageSource(path)), 50)
    with Image.open(path) as image:
        expected = as_seen(image)
    # CMYK is shown in each program's own idea of ink.
    assert np.abs(found - expected).max(axis=2).mean() < (40 if "cmyk" in name else 3)


def drawn_on_page(data: bytes) -> StreamObject:
    return PdfReader(io.BytesIO(data)).pages[0]["/Resources"]["/XObject"]["/Page"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("scan.png", {}, id="PNG"),
        pytest.param("scan.bmp", {}, id="BMP"),
        pytest.param("scan.tif", {"compression": "group4", "tiffinfo": {278: 20}}, id="strips"),
    ],
)
def test_a_1_bit_picture_becomes_fax(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    paper = np.ones((1400, 1000), bool)
    for top, left in rng.integers(0, 900, (300, 2)):
        paper[top : top + rng.integers(5, 30), left : left + rng.integers(3, 20)] = False
    Image.fromarray(paper).save(tmp_path / name, **options)
    made = pdf_bytes(document(page()), ImageSource(tmp_path / name))
    assert drawn_on_page(made)["/Filter"] == ["/FlateDecode", "/CCITTFaxDecode"]


def test_a_dithered_png_stays_as_it_is_where_that_is_smaller(tmp_path: Path) -> None:
    pattern = np.indices((1400, 1000)).sum(axis=0) % 2
    Image.fromarray(pattern.astype(bool)).save(tmp_path / "scan.png")
    made = pdf_bytes(document(page()), ImageSource(tmp_path / "scan.png"))
    assert drawn_on_page(made)["/Filter"] == "/FlateDecode"
    assert (rendered(made, 1000)[..., 0] > 127).tolist() == pattern.astype(bool).tolist()


@pytest.mark.parametrize("white", [0, 1], ids=["white is zero", "black is zero"])
@pytest.mark.parametrize("turned", [1, 6], ids=["upright", "turned"])
@pytest.mark.parametrize("reversed_", [False, True], ids=["", "bits reversed"])
def test_a_tiff_keeps_its_own_fax(tmp_path: Path, white: int, turned: int, reversed_: bool) -> None:
    path = tmp_path / "scan.tif"
    tags = {262: white, 266: 2 if reversed_ else 1, 274: turned, 278: 70}
    picture().convert("1").save(path, compression="group4", tiffinfo=tags)
    with Image.open(path) as image:
        offset, length = image.tag_v2[273][0], image.tag_v2[279][0]
        expected = as_seen(image)
    own = path.read_bytes()[offset : offset + length]
    made = replace(page(), width=expected.shape[1], height=expected.shape[0], ppi=72.0)
    data = pdf_bytes(document(made), ImageSource(path))
    drawn = drawn_on_page(data)
    assert drawn["/Filter"] == ["/FlateDecode", "/CCITTFaxDecode"]
    assert reversed_ or zlib.decompress(drawn._data) == own
    assert np.abs(rendered(data, made.width) - expected).mean() < 3


def test_a_fax_that_deflating_makes_no_smaller_goes_in_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    noise = np.random.default_rng(1).random((14, 10)) < 0.5
    Image.fromarray(noise).save(path, compression="group4")
    with Image.open(path) as image:
        offset, length = image.tag_v2[273][0], image.tag_v2[279][0]
    data = pdf_bytes(document(replace(page(), width=10, height=14)), ImageSource(path))
    assert drawn_on_page(data)["/Filter"] == "/CCITTFaxDecode"
    assert path.read_bytes()[offset : offset + length] in data


def test_frames_of_a_tiff_are_pages(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    frames = [Image.new("L", (50, 70), shade) for shade in (255, 40)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    made = replace(page(), width=50, height=70)
    assert rendered(pdf_bytes(document(made), ImageSource(path, 1)), 50).mean() == pytest.approx(40)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_exif_orientation(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"scan.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture().save(path, exif=exif)
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    width, height = upright.size
    made = replace(page("mot"), width=width, height=height, ppi=72.0)
    data = pdf_bytes(document(made), ImageSource(path))
    found = rendered(data, width)
    assert found.shape[:2] == (height, width)
    assert np.abs(found - np.asarray(upright).astype(int)).mean() < 6
    assert suffix != "jpg" or path.read_bytes() in data


def test_an_icc_profile_goes_along(tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture().save(tmp_path / "scan.jpg", icc_profile=profile)
    made = replace(page(), width=50, height=70)
    reader = PdfReader(io.BytesIO(pdf_bytes(document(made), ImageSource(tmp_path / "scan.jpg"))))
    space = reader.pages[0]["/Resources"]["/XObject"]["/Page"]["/ColorSpace"]
    assert space[0] == "/ICCBased"
    assert space[1].get_object().get_data() == profile


def input_pdf(path: Path, mark: tuple[int, int, int, int], **entries: object) -> PdfPageSource:
    """A PDF page 300 x 400 with a black bar at `mark` (x, y, width, height) in user space."""
    writer = PdfWriter()
    added = writer.add_blank_page(300, 400)
    for name, value in entries.items():
        added[NameObject(f"/{name}")] = value
    marks = DecodedStreamObject()
    # An unbalanced q and a changed matrix, as sloppy programs leave them.
    marks.set_data(f"0 g {' '.join(map(str, mark))} re f q 3 0 0 3 7 7 cm".encode())
    added[NameObject("/Contents")] = writer._add_object(marks)
    writer.write(path)
    return PdfPageSource(path, 0)


def read_back(path: Path, scale: float) -> Page:
    """The page as a recogniser would see it: its bar as a word."""
    with pypdfium2.PdfDocument(path) as pdf:
        gray = pdf[0].render(scale=scale, grayscale=True).to_numpy().squeeze()
    rows, columns = np.nonzero(gray < 128)
    box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    baseline = ((box.left, box.bottom), (box.right, box.bottom))
    height, width = gray.shape
    return one_word(box, baseline, width=width, height=height, ppi=72 * scale)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270, -90])
@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param({}, id="plain"),
        pytest.param({"MediaBox": RectangleObject((-40, 25, 260, 425))}, id="origin"),
        pytest.param({"CropBox": RectangleObject((50, 60, 280, 390))}, id="crop"),
        pytest.param({"CropBox": RectangleObject((50, 60, 900, 390))}, id="crop beyond media"),
        pytest.param({"UserUnit": NumberObject(2)}, id="user unit"),
    ],
)
def test_text_lands_on_an_input_page(tmp_path: Path, rotate: int, boxes: dict[str, object]) -> None:
    mark = (80, 200, 60, 20) if rotate in (0, 180) else (80, 200, 20, 60)
    source = input_pdf(tmp_path / "in.pdf", mark, Rotate=NumberObject(rotate), **boxes)
    made = read_back(source.path, scale=2.5)
    boxes_found = char_boxes(pdf_bytes(document(made), source))
    left, bottom = boxes_found.min(axis=0)[:2]
    right, top = boxes_found.max(axis=0)[2:]
    x, y, width, height = mark
    if rotate in (0, 180):
        assert (left, right) == pytest.approx((x, x + width), abs=1)
        assert bottom <= y + 1 and top >= y + height - 1
        # Room for descenders: below for upright pages, above for those upside down.
        assert (top - y - height < 1) == (rotate == 0)
    else:
        assert (bottom, top) == pytest.approx((y, y + height), abs=1)
        assert left <= x + 1 and right >= x + width - 1
        assert (x - left < 1) == (rotate == 90)


def test_an_input_page_is_kept(tmp_path: Path) -> None:
    source = input_pdf(tmp_path / "in.pdf", (80, 200, 60, 20))
    made = read_back(source.path, scale=2)
    data = pdf_bytes(document(made), source)
    (tmp_path / "out.pdf").write_bytes(data)
    original = PdfReader(source.path).pages[0]["/Contents"].get_data()
    reader = PdfReader(io.BytesIO(data))
    assert reader.pages[0]["/Contents"][-1].get_object().get_data() == original
    with pypdfium2.PdfDocument(source.path) as before, pypdfium2.PdfDocument(data) as after:
        assert np.array_equal(before[0].render().to_numpy(), after[0].render().to_numpy())
    assert poppler(tmp_path / "out.pdf") == ["mot"]


def test_a_pdf_that_has_our_layer_can_be_read_again(tmp_path: Path) -> None:
    first = tmp_path / "first.pdf"
    first.write_bytes(pdf_bytes(document(page("avant")), scan(tmp_path)))
    second = tmp_path / "second.pdf"
    second.write_bytes(pdf_bytes(document(page("après")), PdfPageSource(first, 0)))
    assert sorted(pdfium(second)) == ["après", "avant"]


def test_pages_that_share_resources_stay_apart(tmp_path: Path) -> None:
    first = tmp_path / "first.pdf"
    writer = PdfWriter()
    fonts = writer._add_object(DecodedStreamObject())
    for _ in range(2):
        writer.add_blank_page(300, 400)[NameObject("/Resources")] = fonts
    writer.write(first)
    made = document(page("un"), page(index=1))
    data = pdf_bytes(made, PdfPageSource(first, 0), PdfPageSource(first, 1))
    assert "/Font" not in PdfReader(io.BytesIO(data)).pages[1]["/Resources"]


def test_a_page_without_words_has_no_layer(tmp_path: Path) -> None:
    data = pdf_bytes(document(page()), scan(tmp_path))
    assert "BT" not in content(data)
    assert b"/Type0" not in data


def test_page_size_follows_the_resolution(tmp_path: Path) -> None:
    reader = PdfReader(io.BytesIO(pdf_bytes(document(page()), scan(tmp_path))))
    assert tuple(reader.pages[0].mediabox) == (0, 0, 720, 1008)


def test_an_outsized_page_gets_a_larger_unit(tmp_path: Path) -> None:
    wide = replace(page("mot"), width=30000, height=100, ppi=72.0)
    source = scan(tmp_path, size=(300, 1))
    reader = PdfReader(io.BytesIO(pdf_bytes(document(wide), source)))
    assert reader.pages[0]["/UserUnit"] == 3
    assert tuple(reader.pages[0].mediabox)[2] == 10000


def test_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    source = scan(tmp_path)
    assert pdf_bytes(document(page("a b")), source) == pdf_bytes(document(page("a b")), source)


def test_another_text_gives_another_identifier(tmp_path: Path) -> None:
    source = scan(tmp_path)
    identifiers = [
        PdfReader(io.BytesIO(pdf_bytes(document(page(text)), source))).trailer["/ID"][0]
        for text in ("a", "b")
    ]
    assert identifiers[0] != identifiers[1]


def test_title_language_and_dates(tmp_path: Path) -> None:
    reader = PdfReader(io.BytesIO(pdf_bytes(document(page("a")), scan(tmp_path))))
    assert reader.metadata.title == "Lettres – 1914"
    assert reader.metadata.creation_date == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert reader.root_object["/Lang"] == "fr"
    assert reader.xmp_metadata.dc_title == {"x-default": "Lettres – 1914"}
    assert reader.xmp_metadata.xmp_create_date.replace(tzinfo=UTC) == reader.metadata.creation_date


def test_memory_does_not_grow_with_the_pages(tmp_path: Path) -> None:
    path = tmp_path / "scan.jpg"
    Image.effect_noise((1000, 1400), 90).save(path, quality=95)
    pages = tuple(replace(page("mot"), index=i) for i in range(40))
    tracemalloc.start()
    with (tmp_path / "out.pdf").open("wb") as target:
        write_pdf(document(*pages), [ImageSource(path)] * 40, target)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "out.pdf").stat().st_size > 40 * path.stat().st_size
    assert peak < 6 * 2**20 < 40 * path.stat().st_size


def test_a_source_is_wanted_for_each_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected 2 sources, got 1"):
        pdf_bytes(document(page(), page(index=1)), scan(tmp_path))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_broken_picture_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.png.*try again"):
        pdf_bytes(document(page()), ImageSource(path))


def test_a_broken_pdf_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing")
    with pytest.raises(InputError, match=r"broken\.pdf, page 1"):
        pdf_bytes(document(page()), PdfPageSource(path, 0))


def test_an_encrypted_pdf_is_refused(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(300, 400)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    with pytest.raises(EncryptedPdfError, match=r"locked\.pdf"):
        pdf_bytes(document(page()), PdfPageSource(tmp_path / "locked.pdf", 0))
