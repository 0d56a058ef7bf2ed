"""What an input PDF has besides its pages: bookmarks, page labels, attachments, description."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from xml.sax.saxutils import escape

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import (
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    TextStringObject,
)

from export.xml_text import legal

logger = logging.getLogger(__name__)

_MOST_BOOKMARKS = 20_000
_DAMAGE = (PyPdfError, RecursionError, LookupError, AttributeError, TypeError, ValueError)
_KEPT = {
    "/Author": "<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>",
    "/Subject": (
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt>'
        "</dc:description>"
    ),
    "/Keywords": "<pdf:Keywords>{}</pdf:Keywords>",
}


def inherited_title(reader: PdfReader) -> str:
    """The title that a PDF gives itself; empty if it has none."""
    return _information(reader).get("/Title", "").strip()


def inherit(writer: PdfWriter, reader: PdfReader, places: Mapping[int, int]) -> None:
    """Take over what a PDF has besides its pages, as far as it is sound.

    Args:
        writer: the PDF in the making, its own description already in it.
        reader: the input.
        places: index of a page in the input -> its index in the output.
    """
    whole = len(places) == len(reader.pages) and all(a == b for a, b in places.items())
    steps: list[tuple[str, Callable[[], None]]] = [
        ("bookmarks", lambda: _take_bookmarks(writer, reader, places)),
        ("attachments", lambda: _take_attachments(writer, reader)),
        ("description", lambda: _take_description(writer, reader)),
    ]
    if whole:
        steps.append(("page labels", lambda: _take_entry(writer, reader, "/PageLabels")))
    for name, take in steps:
        try:
            take()
        except _DAMAGE as error:
            logger.warning("%s of the input PDF are damaged and left out (%s)", name, error)


def _take_bookmarks(writer: PdfWriter, reader: PdfReader, places: Mapping[int, int]) -> None:
    outlines = _entry(reader.root_object, "/Outlines")
    added: dict[int, IndirectObject] = {}
    for node, parent in _bookmarks(outlines):
        place = places.get(_page_of(reader, node), -1)
        title = str(node.get("/Title", "")).strip()
        if place >= 0 and title:
            above = added.get(id(parent))
            added[id(node)] = _add_bookmark(writer, title, place, above)


def _add_bookmark(
    writer: PdfWriter, title: str, place: int, above: IndirectObject | None
) -> IndirectObject:
    added: IndirectObject = writer.add_outline_item(title=title, page_number=place, parent=above)
    return added


def _bookmarks(outlines: DictionaryObject) -> Iterator[tuple[DictionaryObject, DictionaryObject]]:
    """Each bookmark with the one above it, in order; those that go round in circles once."""
    seen: set[int] = set()
    waiting = [(_entry(outlines, "/First"), outlines)]
    while waiting and len(seen) < _MOST_BOOKMARKS:
        node, parent = waiting.pop()
        if not node or id(node) in seen:
            continue
        seen.add(id(node))
        yield node, parent
        waiting.append((_entry(node, "/Next"), parent))
        waiting.append((_entry(node, "/First"), node))


def _page_of(reader: PdfReader, node: DictionaryObject) -> int:
    """The page that a bookmark goes to; -1 if it goes nowhere in the document."""
    try:
        target = reader._build_outline_item(node)
        number = reader.get_destination_page_number(target) if target else None
    except _DAMAGE:
        return -1
    return -1 if number is None else number


def _take_attachments(writer: PdfWriter, reader: PdfReader) -> None:
    files = _entry(reader.root_object, "/Names", "/EmbeddedFiles")
    if not files:
        return
    names = _entry(writer.root_object, "/Names")
    names[NameObject("/EmbeddedFiles")] = files.clone(writer)
    writer.root_object[NameObject("/Names")] = names
    _take_entry(writer, reader, "/AF")


def _take_entry(writer: PdfWriter, reader: PdfReader, name: str) -> None:
    """Copy an entry of the catalog."""
    if name in reader.root_object:
        entry = reader.root_object[name].get_object()
        if entry is not None:
            writer.root_object[NameObject(name)] = entry.clone(writer)


def _take_description(writer: PdfWriter, reader: PdfReader) -> None:
    """Author, subject and keywords, into the information dictionary and XMP alike."""
    information = _information(reader)
    kept = {name: information[name] for name in _KEPT if information.get(name)}
    if not kept:
        return
    ours = writer._info.get_object() if writer._info else None
    if not isinstance(ours, DictionaryObject):
        return
    for name, value in kept.items():
        ours[NameObject(name)] = TextStringObject(legal(value))
    packet = writer.root_object["/Metadata"].get_object()
    more = "".join(_KEPT[name].format(escape(legal(value))) for name, value in kept.items())
    end = b"</rdf:Description>"
    if isinstance(packet, DecodedStreamObject):
        packet.set_data(packet.get_data().replace(end, more.encode("utf-8") + end, 1))


def _information(reader: PdfReader) -> dict[str, str]:
    try:
        found: Mapping[str, object] = reader.metadata or {}
        return {str(name): str(value) for name, value in found.items() if isinstance(value, str)}
    except _DAMAGE:
        return {}


def _entry(holder: DictionaryObject, *path: str) -> DictionaryObject:
    """A dictionary within dictionaries; an empty one where there is none."""
    for name in path:
        found = holder.get(name)
        found = found.get_object() if found is not None else None
        holder = found if isinstance(found, DictionaryObject) else DictionaryObject()
    return holder
