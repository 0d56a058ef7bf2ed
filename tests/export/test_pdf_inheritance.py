"""What was in an input PDF is in ours: hidden text as wished, bookmarks, labels, attachments."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from export.page_source import Layer, PdfPageSource
from export.pdf import write_pdf
from pipeline.document import Box, Document, Line, Page, Region, Word

WORD = Word("ours", Box(50, 50, 150, 80), 0.9)
LINE = Line("l1", Box(50, 50, 150, 80).polygon(), ((50, 80), (150, 80)), (WORD,), 0.9)
REGION = Region("r1", "text", LINE.boundary, (LINE,))


def page(index: int) -> Page:
    return Page(f"p{index}", index, 300, 400, 72.0, regions=(REGION,))


def stream(data: bytes) -> DecodedStreamObject:
    made = DecodedStreamObject()
    made.set_data(data)
    return made


HELVETICA = DictionaryObject(
    {
        NameObject("/Type"): NameObject("/Font"),
        NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"),
    }
)
HIDDEN = b"BT 3 Tr /F 12 Tf 50 300 Td (older) Tj ET "
SHOWN = b"0.5 g 100 100 50 50 re f BT 0 Tr /F 12 Tf 50 200 Td (stamp) Tj ET "


def source(path: Path, content: bytes, form: bytes = b"", pages: int = 1) -> PdfWriter:
    writer = PdfWriter()
    for _ in range(pages):
        added = writer.add_blank_page(300, 400)
        fonts = DictionaryObject({NameObject("/F"): HELVETICA})
        resources = DictionaryObject({NameObject("/Font"): fonts})
        if form:
            drawn = stream(form)
            drawn[NameObject("/Type")] = NameObject("/XObject")
            drawn[NameObject("/Subtype")] = NameObject("/Form")
            drawn[NameObject("/BBox")] = ArrayObject([NumberObject(n) for n in (0, 0, 300, 400)])
            drawn[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
            objects = DictionaryObject({NameObject("/Fm"): writer._add_object(drawn)})
            resources[NameObject("/XObject")] = objects
        added[NameObject("/Resources")] = resources
        added[NameObject("/Contents")] = writer._add_object(stream(content))
    writer.write(path)
    return writer


def written(path: Path, layer: Layer = "add", indices: tuple[int, ...] = (0,)) -> bytes:
    file = io.BytesIO()
    pages = tuple(page(place) for place in range(len(indices)))
    sources = [PdfPageSource(path, index, layer) for index in indices]
    write_pdf(Document("folder", pages), sources, file)
    return file.getvalue()


def text(data: bytes) -> str:
    return PdfReader(io.BytesIO(data)).pages[0].extract_text()


def pixels(data: bytes | Path) -> np.ndarray:
    return np.array(pdfium.PdfDocument(data)[0].render().to_numpy())


@pytest.mark.parametrize(
    ("layer", "found"),
    [
        pytest.param("add", {"ours", "older", "stamp"}, id="add"),
        pytest.param("replace", {"ours", "stamp"}, id="replace"),
        pytest.param("none", {"older", "stamp"}, id="none"),
    ],
)
@pytest.mark.parametrize("nested", [False, True], ids=["on the page", "in a form"])
def test_layer(tmp_path: Path, layer: Layer, found: set[str], nested: bool) -> None:
    content, form = (SHOWN + b"/Fm Do", HIDDEN) if nested else (HIDDEN + SHOWN, b"")
    source(tmp_path / "in.pdf", content, form)
    data = written(tmp_path / "in.pdf", layer)
    assert {word for word in ("ours", "older", "stamp") if word in text(data)} == found
    assert np.array_equal(pixels(data), pixels(tmp_path / "in.pdf"))


def test_form_drawn_while_invisible_is_hidden(tmp_path: Path) -> None:
    form = b"BT /F 12 Tf 50 300 Td (older) Tj ET"
    source(tmp_path / "in.pdf", SHOWN + b"3 Tr /Fm Do", form)
    assert "older" not in text(written(tmp_path / "in.pdf", "replace"))


def rich(path: Path) -> Path:
    """Three pages with bookmarks, labels, an attachment and a description."""
    writer = source(path, SHOWN, pages=3)
    top = writer.add_outline_item(title="Chapter", page_number=1)
    writer.add_outline_item(title="Section", page_number=2, parent=top)
    writer.set_page_label(0, 1, "/r")
    writer.add_attachment("notes.txt", b"attached")
    words = {"/Title": "Letters", "/Author": "A & B", "/Subject": "S", "/Keywords": "k, l"}
    writer.add_metadata(words)
    writer.write(path)
    return path


def test_all_that_belongs_to_a_pdf_survives(tmp_path: Path) -> None:
    data = written(rich(tmp_path / "in.pdf"), indices=(0, 1, 2))
    reader = PdfReader(io.BytesIO(data))
    chapter, (section,) = reader.outline
    assert (chapter.title, reader.get_destination_page_number(chapter)) == ("Chapter", 1)
    assert (section.title, reader.get_destination_page_number(section)) == ("Section", 2)
    assert reader.page_labels == ["i", "ii", "1"]
    assert reader.attachments["notes.txt"] == [b"attached"]
    told = reader.metadata
    assert told is not None
    assert (told.title, told.author, told.subject) == ("Letters", "A & B", "S")
    packet = reader.root_object["/Metadata"].get_object().get_data()
    assert b"A &amp; B" in packet and b"Letters" in packet and b"k, l" in packet
    assert data == written(tmp_path / "in.pdf", indices=(0, 1, 2))


def test_bookmarks_follow_the_pages_that_are_left(tmp_path: Path) -> None:
    data = written(rich(tmp_path / "in.pdf"), indices=(0, 2))
    reader = PdfReader(io.BytesIO(data))
    (section,) = reader.outline
    assert (section.title, reader.get_destination_page_number(section)) == ("Section", 1)


def test_bookmarks_in_a_circle_are_taken_once(tmp_path: Path) -> None:
    writer = source(tmp_path / "in.pdf", SHOWN)
    item = DictionaryObject({NameObject("/Title"): TextStringObject("round")})
    reference = writer._add_object(item)
    for name in ("/Next", "/First"):
        item[NameObject(name)] = reference
    target = [writer.pages[0].indirect_reference, NameObject("/Fit")]
    item[NameObject("/Dest")] = ArrayObject(target)
    outline = DictionaryObject({NameObject("/First"): reference})
    writer.root_object[NameObject("/Outlines")] = writer._add_object(outline)
    writer.write(tmp_path / "in.pdf")
    reader = PdfReader(io.BytesIO(written(tmp_path / "in.pdf")))
    assert [item.title for item in reader.outline] == ["round"]
