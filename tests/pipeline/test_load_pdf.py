"""PDF pages through `load_page`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.errors import EncryptedPdfError, InputError
from pipeline.load import Gray, LoadParams, PageImage, SourcePage, load_page, page_frames
from pipeline.rasterize import Drawn, Placed, choose_ppi

A4 = (595.2, 841.92)  # 2480 x 3508 pixels at 300 ppi


def load(path: Path, index: int = 0, params: LoadParams = LoadParams()) -> PageImage:
    return load_page(SourcePage(path, index, "pdf", "page", 0), params)


def scan(ppi: int) -> Gray:
    """An A4 page of noise in blocks, black in its top left."""
    rows, columns = round(A4[1] * ppi / 72), round(A4[0] * ppi / 72)
    blocks = np.random.default_rng(5).integers(0, 2, (rows // 8 + 1, columns // 8 + 1)) * 255
    blocks[:9, :9] = 0
    return np.kron(blocks, np.ones((8, 8)))[:rows, :columns].astype(np.uint8)


def pdf_of(path: Path, *pixels: Gray) -> Path:
    canvas = Canvas(str(path), pagesize=A4)
    for gray in pixels:
        canvas.drawImage(ImageReader(Image.fromarray(gray)), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return path


def rewritten(path: Path, **boxes: object) -> Path:
    """The PDF with some of its first page's entries set anew."""
    writer = PdfWriter(clone_from=path)
    for key, value in boxes.items():
        setattr(writer.pages[0], key, value)
    writer.write(path)
    return path


@pytest.mark.parametrize("ppi", [100, 150, 300])
def test_scan_comes_out_pixel_by_pixel(tmp_path: Path, ppi: int) -> None:
    gray = scan(ppi)
    loaded = load(pdf_of(tmp_path / "p.pdf", gray))
    assert loaded.gray.shape == gray.shape
    assert (loaded.gray == gray).mean() > 0.999
    assert loaded.ppi == pytest.approx(ppi, rel=0.001)
    assert (loaded.ppi_assumed, loaded.encoding, loaded.orientation) == (False, "PDF", 1)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_honoured(tmp_path: Path, rotation: int) -> None:
    gray = scan(100)
    loaded = load(rewritten(pdf_of(tmp_path / "p.pdf", gray), rotation=rotation))
    turned = np.rot90(gray, -rotation // 90)
    assert loaded.gray.shape == turned.shape
    assert (loaded.gray == turned).mean() > 0.99


def test_crop_box_is_honoured(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "p.pdf", scan(150))
    left, top = 72, 144  # points, cut off
    crop = RectangleObject((left, 0, A4[0], A4[1] - top))
    loaded = load(rewritten(path, cropbox=crop))
    expected = scan(150)[300:, 150:]
    assert loaded.gray.shape == expected.shape
    assert (loaded.gray == expected).mean() > 0.99


def test_media_box_need_not_start_at_0(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "p.pdf", scan(100))
    loaded = load(rewritten(path, mediabox=RectangleObject((72, 0, *A4))))
    assert loaded.gray.shape == scan(100)[:, 100:].shape


def test_image_inside_a_form(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "p.pdf"), pagesize=A4)
    canvas.beginForm("scan")
    canvas.drawImage(ImageReader(Image.fromarray(scan(150))), 0, 0, A4[0] / 2, A4[1] / 2)
    canvas.endForm()
    canvas.scale(2, 2)
    canvas.doForm("scan")
    canvas.save()
    assert load(tmp_path / "p.pdf").gray.shape == scan(150).shape


def test_page_without_scan(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "p.pdf"), pagesize=A4)
    canvas.drawString(100, 400, "born digital")
    canvas.save()
    loaded = load(tmp_path / "p.pdf")
    assert (loaded.width, loaded.height) == (2480, 3508)
    assert loaded.ppi == 300.0
    assert 0 < (loaded.gray < 128).sum() < 50_000


A4_AREA = 500_000.0


@pytest.mark.parametrize(
    ("images", "text", "expected"),
    [
        pytest.param([], False, 300, id="nothing"),
        pytest.param([(200, A4_AREA)], False, 200, id="scan"),
        pytest.param([(200, A4_AREA)], True, 300, id="visible text over a scan"),
        pytest.param([(600, A4_AREA)], True, 600, id="fine scan with text"),
        pytest.param([(72, 5000)], False, 300, id="logo"),
        pytest.param([(100, A4_AREA), (300, A4_AREA)], False, 300, id="background and mask"),
        pytest.param([(200, A4_AREA / 20)] * 20, False, 200, id="strips"),
        pytest.param([(200, A4_AREA), (1200, 900)], False, 200, id="scan with a fine stamp"),
        pytest.param([(9000, A4_AREA)], False, 1200, id="absurdly fine"),
        pytest.param([(1, A4_AREA)], False, 50, id="absurdly coarse"),
    ],
)
def test_choose_ppi(images: list[tuple[float, float]], text: bool, expected: float) -> None:
    drawn = Drawn(tuple(Placed(*image) for image in images), text)
    assert choose_ppi(drawn, A4_AREA, 300) == expected


def test_pixel_budget_lowers_the_resolution(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "p.pdf", scan(300))
    loaded = load(path, params=LoadParams(max_pixels=1_000_000))
    assert loaded.width * loaded.height == pytest.approx(1_000_000, rel=0.01)
    assert loaded.width / A4[0] * 72 == pytest.approx(loaded.ppi, abs=0.01)


def test_pages_are_counted_and_told_apart(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "p.pdf", scan(50), 255 - scan(50))
    assert page_frames(path, "pdf") == (0, 1)
    assert page_frames(path, "pdf", LoadParams(max_pages=1)) == (0, 1)
    first, second = load(path, 0), load(path, 1)
    assert (first.gray == 255 - second.gray).mean() > 0.99


def test_wanting_a_password(tmp_path: Path) -> None:
    path = encrypted(tmp_path / "p.pdf", user_password="secret")
    for read in (load, lambda path: page_frames(path, "pdf")):
        with pytest.raises(EncryptedPdfError, match=r"p\.pdf: is encrypted.*copy without"):
            read(path)
    assert EncryptedPdfError.exit_code == 8


def test_restricted_but_open_to_all(tmp_path: Path) -> None:
    assert load(encrypted(tmp_path / "p.pdf", user_password="")).gray.size


def encrypted(path: Path, user_password: str) -> Path:
    writer = PdfWriter(clone_from=PdfReader(pdf_of(path, scan(50))))
    writer.encrypt(user_password=user_password, owner_password="owner", algorithm="AES-256")
    writer.write(path)
    return path


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"%PDF-1.7\n", id="header alone"),
        pytest.param(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 1 0 R >>\n", id="cycle"),
        pytest.param(b"not a PDF at all", id="text"),
    ],
)
def test_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.pdf"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"p\.pdf: is damaged or cut short"):
        load(path)


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "p.pdf").touch()
    with pytest.raises(InputError, match=r"p\.pdf: is empty"):
        load(tmp_path / "p.pdf")


def test_page_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is damaged"):
        load(pdf_of(tmp_path / "p.pdf", scan(50)), index=5)


def test_bytes_flipped(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "p.pdf", scan(50))
    sound = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    random = np.random.default_rng(3)
    for _ in range(40):
        data = sound.copy()
        data[random.integers(0, len(data), 20)] ^= random.integers(1, 256, 20, dtype=np.uint8)
        path.write_bytes(data.tobytes())
        try:
            assert load(path, params=LoadParams(max_pixels=1_000_000)).gray.ndim == 2
        except InputError as error:
            assert str(path) in str(error)


def test_files_are_closed(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "p.pdf", scan(50))
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("no /proc here")
    load(path)
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        load(path)
    assert len(list(descriptors.iterdir())) == before
