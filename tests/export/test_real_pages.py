"""Every format of the real pages: every validator silent, and the sizes and places promised."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from PIL import Image

from export.hocr import hocr
from export.json_document import SCHEMA
from export.page_source import ImageSource
from export.pdf import PdfParams, write_pdf
from pipeline.document import Box, Document, Line, Page, Region, Word
from pipeline.page_images import scaled
from pipeline.stages import WRITERS, Finished
from tests.export.test_formats_agree import CREATED, from_folder
from tests.export.test_hocr import complaints
from tests.export.test_pdf import pdfium, pdfminer, poppler, poppler_in_stream_order
from tests.export.test_pdfa import preflight
from tests.export.test_tei import schema as relax_ng

pytestmark = pytest.mark.slow


@cache
def real_pages(folder: Path) -> tuple[Document, tuple[ImageSource, ...]]:
    made = from_folder(folder)
    return made, tuple(ImageSource(folder / page.source) for page in made.pages)


def written(shared: Path, name: str) -> Iterator[bytes]:
    made, sources = real_pages(shared / "data" / "pages" / "val")
    for output in WRITERS[name](Finished("val", made, sources, CREATED, "")):
        target = io.BytesIO()
        output.write(target)
        yield target.getvalue()


@pytest.mark.parametrize(
    ("name", "schema"),
    [("page", "page-2019-07-15"), ("page2013", "page-2013-07-15"), ("alto", "alto-4-4")],
)
def test_schemas(shared: Path, name: str, schema: str) -> None:
    rules = etree.XMLSchema(etree.parse(shared / "schemas" / f"{schema}.xsd"))
    count = 0
    for data in written(shared, name):
        rules.assertValid(etree.fromstring(data))
        count += 1
    assert count == 55


def test_tei(shared: Path) -> None:
    (data,) = written(shared, "tei")
    rules = relax_ng(shared / "schemas" / "tei_all.rng")
    rules.assertValid(etree.fromstring(data, etree.XMLParser(huge_tree=True)))


def test_hocr(shared: Path) -> None:
    """Some of the pages, each by itself: the validator's time grows with the square of words."""
    made, _ = real_pages(shared / "data" / "pages" / "val")
    for page in made.pages[::6]:
        assert complaints(hocr(replace(made, pages=(page,)))) == []


def test_json(shared: Path) -> None:
    (data,) = written(shared, "json")
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(json.loads(data))


def test_preflight(shared: Path, tmp_path: Path) -> None:
    made, sources = real_pages(shared / "data" / "pages" / "val")
    path = tmp_path / "val.pdf"
    with path.open("wb") as file:
        reasons = write_pdf(made, sources, file, CREATED, "", PdfParams("1b", tagged=True))
    assert reasons == []
    said = preflight(path)
    assert "is a valid PDF/A-1b file" in said, said[:2000]


def test_a_pdf_is_hardly_larger_than_its_pictures(shared: Path) -> None:
    (data,) = written(shared, "pdf")
    _, sources = real_pages(shared / "data" / "pages" / "val")
    pictures = sum(source.path.stat().st_size for source in sources)
    assert len(data) < 1.02 * pictures, len(data) / pictures


def test_a_hundred_pages_at_300_ppi_too(shared: Path, tmp_path: Path) -> None:
    """Pages of paper size, as archives scan them: 2 % for the text of every page."""
    made, sources = real_pages(shared / "data" / "pages" / "val")
    pages, scans = [], []
    for place, (page, source) in enumerate(zip(made.pages[::11], sources[::11], strict=True)):
        scale = 3508 / max(page.width, page.height)
        with Image.open(source.path) as image:
            size = (round(page.width * scale), round(page.height * scale))
            scan = image.resize(size, Image.Resampling.BICUBIC)
        scan.save(tmp_path / f"{place}.jpg", quality=85)
        pages.append(replace(scaled(page, *size), ppi=300.0))
        scans.append(ImageSource(tmp_path / f"{place}.jpg"))
    numbered = (replace(pages[i % 5], id=f"p{i}", index=i) for i in range(100))
    hundred = Document("hundred", tuple(numbered))
    target = io.BytesIO()
    write_pdf(hundred, [scans[i % 5] for i in range(100)], target)
    pictures = 20 * sum(scan.path.stat().st_size for scan in scans)
    assert len(target.getvalue()) < 1.02 * pictures, len(target.getvalue()) / pictures


def test_a_steep_page_is_read_in_order(shared: Path, tmp_path: Path) -> None:
    """A letter whose lines climb by 3.6 degrees, and by up to 5.5."""
    made, sources = real_pages(shared / "data" / "pages" / "val")
    (place,) = (i for i, page in enumerate(made.pages) if page.id.endswith("P1S7P178_005"))
    page = replace(made.pages[place], index=0)
    with (tmp_path / "page.pdf").open("wb") as file:
        write_pdf(Document("page", (page,)), [sources[place]], file)
    words = [word.text for line in page.lines for word in line.words]
    for read in (poppler, poppler_in_stream_order, pdfminer, pdfium):
        assert read(tmp_path / "page.pdf") == words


def slanted(degrees: float) -> tuple[np.ndarray, Page]:
    """A page of inked words on lines that climb, and the page as it should be found."""
    ink = np.zeros((1400, 1000), np.uint8)
    words = []
    slope = np.tan(np.radians(degrees))
    for number, x in enumerate(range(100, 800, 150)):
        y = 700 - slope * x
        before = ink.copy()
        cv2.putText(ink, "mot", (x, round(y)), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 255, 4)
        rows, columns = np.nonzero(ink != before)
        box = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        words.append(Word(f"mot{number}", box, 0.9))
    baseline = ((100.0, 700 - slope * 100), (850.0, 700 - slope * 850))
    around = Box(50, 50, 950, 950).polygon()
    line = Line("r1l1", around, baseline, tuple(words), 0.9)
    page = Page("p1", 0, 1000, 1400, 150.0, regions=(Region("r1", "text", around, (line,)),))
    return ink > 0, page


@pytest.mark.parametrize("degrees", [0, 1, 2, 3, 5, 6, 10, -3, -5, -6, -7, -10])
def test_what_is_selected_covers_the_ink(tmp_path: Path, degrees: float) -> None:
    """Measured on PDFium's boxes of the word's characters, in which a viewer selects."""
    ink, page = slanted(degrees)
    Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).save(tmp_path / "p.png")
    target = io.BytesIO()
    write_pdf(Document("d", (page,)), [ImageSource(tmp_path / "p.png")], target)
    scale = page.ppi / 72
    with pypdfium2.PdfDocument(target.getvalue()) as pdf:
        text = pdf[0].get_textpage()
        content = text.get_text_range()
        for word in page.regions[0].lines[0].words:
            start = content.index(word.text)
            covered = np.zeros_like(ink)
            for at in range(start, start + len(word.text)):
                left, bottom, right, top = (n * scale for n in text.get_charbox(at, loose=True))
                covered[round(1400 - top) : round(1400 - bottom), round(left) : round(right)] = True
            box = word.box
            own = np.zeros_like(ink)
            own[box.top : box.bottom, box.left : box.right] = True
            share = (ink & own & covered).sum() / (ink & own).sum()
            assert share >= 0.8, f"{word.text} at {degrees}°: {share:.2f}"
