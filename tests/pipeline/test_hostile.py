"""Whatever lies in a folder: no file may stop a run, hang it or take more than its memory."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from pipeline.executor import Limits
from pipeline.report import Report
from pipeline.runner import convert
from pipeline.settings import Settings

LIMITS = Limits(seconds=20, memory_bytes=2 << 30)
FORMATS: dict[str, dict[str, object]] = {
    "png": {},
    "jpg": {},
    "tif": {"compression": "tiff_lzw"},
    "tiff": {"compression": "group4"},
    "webp": {"lossless": True},
    "bmp": {},
    "jp2": {},
    "avif": {},
    "pdf": {},
}


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    return Settings(model=str(tiny_model), formats=("pdf", "txt", "page"))


def picture(seed: int = 1) -> Image.Image:
    rng = np.random.default_rng(seed)
    page = np.full((160, 200), 230, np.uint8)
    for top in range(30, 130, 40):
        for left in range(20, 180, 16):
            page[top : top + rng.integers(10, 20), left : left + rng.integers(3, 10)] = 30
    return Image.fromarray(page)


def encoded(suffix: str) -> bytes:
    image = picture().convert("1") if suffix == "tiff" else picture()
    file = io.BytesIO()
    kind = {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000"}.get(suffix, suffix.upper())
    image.save(file, kind, **FORMATS[suffix])
    return file.getvalue()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Cut short, with some bits flipped (mostly in the head), or with a stretch of noise."""
    way = rng.choice(["cut", "head", "anywhere", "noise"])
    if way == "cut":
        return data[: rng.randrange(1, len(data))]
    broken = bytearray(data)
    if way == "noise":
        start = rng.randrange(len(data))
        broken[start : start + 64] = rng.randbytes(64)
        return bytes(broken)
    reach = min(len(data), 200) if way == "head" else len(data)
    for _ in range(rng.randrange(1, 12)):
        broken[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    return bytes(broken)


def damaged_files(folder: Path, a_format: int) -> Path:
    rng = random.Random(6)
    folder.mkdir()
    for suffix in FORMATS:
        whole = encoded(suffix)
        for number in range(a_format):
            (folder / f"{suffix}{number}.{suffix}").write_bytes(damaged(whole, rng))
    picture().save(folder / "sound.png", dpi=(100, 100))
    return folder


def check(report: Report, out: Path) -> None:
    """All pages are accounted for, the sound one is read, nothing took more than it may."""
    statuses = {page.id: page.status for page in report.pages}
    assert statuses["sound"] == "done"
    assert report.exit_code in (0, 16)
    for page in report.pages:
        assert not page.failure or page.failure.stage != "worker", page.failure
        assert page.peak_mib < LIMITS.memory_bytes >> 20
        assert sum(page.seconds.values()) < LIMITS.seconds
    # A page that was read and then cannot be written costs no other document its files.
    assert any(path.stat().st_size for path in out.rglob("*.pdf"))


@pytest.mark.parametrize(
    "a_format",
    [
        pytest.param(5, id="40 files"),
        pytest.param(50, id="400 files", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
    ],
)
def test_damaged_files_of_every_format(tmp_path: Path, settings: Settings, a_format: int) -> None:
    source = damaged_files(tmp_path / "box", a_format)
    report = convert([source], tmp_path / "out", settings, jobs=1, limits=LIMITS)
    assert len(list(report.pages)) >= 8 * a_format + 1
    check(report, tmp_path / "out")
    box = next(document for document in report.documents if document.name == "box")
    assert not box.failure, box.failure


def png_bomb(path: Path) -> None:
    """A PNG of 900 million pixels in a megabyte."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(30_001 * 1000), 9)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def text_bomb(path: Path) -> None:
    """A PNG with a text chunk that unfolds to 500 megabytes."""
    file = io.BytesIO()
    picture().save(file, "PNG")
    data = file.getvalue()
    body = b"zTXtcomment\0\0" + zlib.compress(bytes(500 << 20), 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(data[:33] + chunk + data[33:])


def wide_tiff(path: Path) -> None:
    """20,000 x 20,000 pixels of one bit, in a few kilobytes."""
    Image.new("1", (20_000, 20_000), 1).save(path, compression="group4")


def pdf(path: Path, change: Callable[[PdfWriter], None]) -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 160)
    change(writer)
    writer.write(path)


def stream(data: bytes) -> DecodedStreamObject:
    made = DecodedStreamObject()
    made.set_data(data)
    return made


def content_bomb(writer: PdfWriter) -> None:
    """Drawing operators without end."""
    drawing = stream(b"q 0 0 200 160 re f Q\n" * 2_000_000).flate_encode(9)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(drawing)


def image_bomb(writer: PdfWriter) -> None:
    """A picture of 900 million pixels in a megabyte."""
    data = zlib.compress(bytes(30_000 * 3_000), 9)
    image = stream(data)
    for name, value in {"/Width": 30_000, "/Height": 30_000, "/BitsPerComponent": 8}.items():
        image[NameObject(name)] = NumberObject(value)
    image[NameObject("/Type")] = NameObject("/XObject")
    image[NameObject("/Subtype")] = NameObject("/Image")
    image[NameObject("/ColorSpace")] = NameObject("/DeviceGray")
    image[NameObject("/Filter")] = NameObject("/FlateDecode")
    draw(writer, {"/X": writer._add_object(image)}, b"200 0 0 160 0 0 cm /X Do")


def draw(writer: PdfWriter, objects: dict[str, object], drawing: bytes) -> None:
    page = writer.pages[0]
    entries = DictionaryObject({NameObject(name): value for name, value in objects.items()})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): entries})
    page[NameObject("/Contents")] = writer._add_object(stream(drawing))


def form_cycle(writer: PdfWriter) -> None:
    """A form that draws itself."""
    form = stream(b"/X Do /X Do")
    reference = writer._add_object(form)
    form[NameObject("/Type")] = NameObject("/XObject")
    form[NameObject("/Subtype")] = NameObject("/Form")
    form[NameObject("/BBox")] = ArrayObject([NumberObject(n) for n in (0, 0, 200, 160)])
    inner = DictionaryObject({NameObject("/X"): reference})
    form[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): inner})
    draw(writer, {"/X": reference}, b"/X Do")


def tree_cycle(writer: PdfWriter) -> None:
    """A page tree that is its own child."""
    pages = writer.root_object["/Pages"].get_object()
    pages["/Kids"].append(writer.root_object.raw_get("/Pages"))


def outline_cycle(writer: PdfWriter) -> None:
    """Bookmarks that go round in a circle."""
    item = DictionaryObject()
    reference = writer._add_object(item)
    for name in ("/Next", "/First", "/Last", "/Parent"):
        item[NameObject(name)] = reference
    outline = DictionaryObject({NameObject("/First"): reference, NameObject("/Last"): reference})
    writer.root_object[NameObject("/Outlines")] = writer._add_object(outline)


def false_count(writer: PdfWriter) -> None:
    """A page tree that says it holds two billion pages."""
    writer.root_object["/Pages"].get_object()[NameObject("/Count")] = NumberObject(2_000_000_000)


def signed(writer: PdfWriter) -> None:
    """A page with a signature, which what is written from it can no longer bear."""
    name = {"/Type": "/Sig", "/Filter": "/Adobe.PPKLite", "/SubFilter": "/adbe.pkcs7.detached"}
    signature = DictionaryObject({NameObject(k): NameObject(v) for k, v in name.items()})
    signature[NameObject("/ByteRange")] = ArrayObject(NumberObject(n) for n in (0, 9, 99, 9))
    signature[NameObject("/Contents")] = ByteStringObject(bytes(90))
    field = DictionaryObject(
        {
            NameObject("/FT"): NameObject("/Sig"),
            NameObject("/T"): TextStringObject("signature"),
            NameObject("/V"): writer._add_object(signature),
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/Rect"): ArrayObject(NumberObject(n) for n in (10, 10, 90, 40)),
        }
    )
    reference = writer._add_object(field)
    writer.pages[0][NameObject("/Annots")] = ArrayObject([reference])
    form = DictionaryObject({NameObject("/Fields"): ArrayObject([reference])})
    form[NameObject("/SigFlags")] = NumberObject(3)
    writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)


def sized(*box: float) -> Callable[[PdfWriter], None]:
    def change(writer: PdfWriter) -> None:
        corners = ArrayObject(FloatObject(number) for number in box)
        writer.pages[0][NameObject("/MediaBox")] = corners

    return change


PDFS: dict[str, Callable[[PdfWriter], None]] = {
    "content-bomb": content_bomb,
    "image-bomb": image_bomb,
    "form-cycle": form_cycle,
    "tree-cycle": tree_cycle,
    "outline-cycle": outline_cycle,
    "false-count": false_count,
    "flat": sized(0, 0, 200, 0),
    "endless": sized(0, 0, 1e30, 1e30),
    "inverted": sized(200, 160, 0, 0),
    "signed": signed,
    "encrypted": lambda writer: writer.encrypt("secret", algorithm="RC4-128"),
}


def deep_pdf() -> bytes:
    """Arrays within arrays within arrays."""
    nested = b"[" * 100_000 + b"]" * 100_000
    return b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R/X " + nested + b">>\nendobj\n"


def files() -> Iterator[tuple[str, Callable[[Path], object]]]:
    yield "bomb.png", png_bomb
    yield "text-bomb.png", text_bomb
    yield "wide.tif", wide_tiff
    for name, change in PDFS.items():
        yield f"{name}.pdf", lambda path, change=change: pdf(path, change)
    yield "deep.pdf", lambda path: path.write_bytes(deep_pdf())
    yield "noise.pdf", lambda path: path.write_bytes(random.Random(1).randbytes(5000))
    yield "text.jpg", lambda path: path.write_text("no picture")
    yield "line\nbreak.png", lambda path: picture().save(path)
    yield "bell\x07\x1b[31m.png", lambda path: picture().save(path)
    yield os.fsdecode(b"latin\xe9.png"), lambda path: picture().save(path)
    yield "‮gnp.png", lambda path: picture().save(path)
    yield "loop.png", lambda path: path.symlink_to(path.name)
    yield "broken.png", lambda path: path.symlink_to("nowhere.png")
    yield "up", lambda path: path.symlink_to(path.parent)
    yield "pipe.png", os.mkfifo
    yield "folder.png", Path.mkdir
    yield "shut.png", shut


UNREADABLE = {
    "bomb.png",
    "text-bomb.png",
    "wide.tif",
    "text.jpg",
    "loop.png",
    "broken.png",
    "content-bomb.pdf",
    "form-cycle.pdf",
    "encrypted.pdf",
    "deep.pdf",
    "noise.pdf",
}


def shut(path: Path) -> None:
    """A file that may not be read, except by root."""
    picture().save(path)
    path.chmod(0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_hostile_files(tmp_path: Path, settings: Settings) -> None:
    box = tmp_path / "box"
    box.mkdir()
    for name, make in files():
        make(box / name)
    picture().save(box / "sound.png")
    limits = Limits(8, LIMITS.memory_bytes)
    report = convert([box], tmp_path / "out", settings, jobs=1, limits=limits)
    statuses = {Path(page.source).name: page.status for page in report.pages}
    assert report.exit_code == 16
    told = "\n".join(failure.message for failure in report.failures)
    assert "\x07" not in told and "\x1b" not in told
    assert {name for name, status in statuses.items() if status == "failed"} >= UNREADABLE
    beyond = UNREADABLE if os.geteuid() == 0 else UNREADABLE | {"shut.png"}
    sound = [name for name in statuses if name.endswith(".png") and name not in beyond]
    assert len(sound) >= 6 and {statuses[name] for name in sound} <= {"done", "blank"}
    assert all(page.peak_mib < LIMITS.memory_bytes >> 20 for page in report.pages)
    lost = [page for page in report.pages if page.failure and page.failure.stage == "worker"]
    assert lost and {page.peak_mib for page in lost} == {0}  # not the peak of this process
    failed = {document.name: document.failure for document in report.documents}
    assert failed["box"] is None
    assert statuses["signed.pdf"] == "blank"
    assert (tmp_path / "out" / "box" / "signed.pdf").exists()


def test_signed_pdf_is_read_and_claims_no_signature(tmp_path: Path, settings: Settings) -> None:
    pdf(tmp_path / "signed.pdf", signed)
    report = convert([tmp_path / "signed.pdf"], tmp_path / "out", settings)
    assert report.exit_code in (0, 10)
    made = PdfReader(tmp_path / "out" / "signed.pdf")
    assert "/AcroForm" not in made.root_object
    (field,) = made.pages[0]["/Annots"]
    assert "/V" not in field.get_object()
