"""Packed objects: other readers find them all, and they take little room."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfparser import PDFParser
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject, NullObject, NumberObject

from export.pdf_objects import TOGETHER, write_packed

PAGES = 2 * TOGETHER + 3  # more than two packs


@pytest.fixture
def writer() -> PdfWriter:
    made = PdfWriter()
    made.pdf_header = "%PDF-1.7"
    for number in range(PAGES):
        made.add_blank_page(100 + number, 200)
    made.metadata = {"/Title": "chère"}
    made._ID = ArrayObject([ByteStringObject(b"0123456789abcdef")] * 2)
    return made


def packed(writer: PdfWriter) -> bytes:
    target = io.BytesIO()
    write_packed(writer, target)
    return target.getvalue()


def test_pypdf_finds_all_objects(writer: PdfWriter) -> None:
    reader = PdfReader(io.BytesIO(packed(writer)), strict=True)
    assert [int(page.mediabox.width) for page in reader.pages] == [100 + n for n in range(PAGES)]
    assert reader.metadata["/Title"] == "chère"
    assert bytes(reader.trailer["/ID"][0].original_bytes) == b"0123456789abcdef"


def test_pdfium_and_pdfminer_find_the_pages(writer: PdfWriter) -> None:
    data = packed(writer)
    with pypdfium2.PdfDocument(data) as pdf:
        assert [pdf[n].get_width() for n in (0, PAGES - 1)] == [100, 99 + PAGES]
    catalog = PDFDocument(PDFParser(io.BytesIO(data))).catalog
    assert catalog["Pages"].resolve()["Count"] == PAGES


def test_a_removed_object_is_free(writer: PdfWriter) -> None:
    gone = writer._add_object(NumberObject(7)).idnum
    writer._objects[gone - 1] = None
    reader = PdfReader(io.BytesIO(packed(writer)))
    assert isinstance(reader.get_object(gone) or NullObject(), NullObject)
    assert len(reader.pages) == PAGES


def test_a_page_costs_a_fraction(writer: PdfWriter) -> None:
    plain = io.BytesIO()
    writer.write(plain)
    assert len(packed(writer)) < len(plain.getvalue()) / 5
