"""Pages -> what a PDF's readers find their way by: outline, page labels, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import PurePath

from pypdf import PageObject, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

from export.xml_text import legal
from pipeline.document import Page


def add_outline(writer: PdfWriter, pages: Sequence[Page]) -> None:
    """An entry a source file, which leads to its first page; none if there are bookmarks."""
    if "/Outlines" in writer.root_object and "/First" in writer.root_object["/Outlines"]:  # type: ignore[operator]
        return
    for _, found in groupby(enumerate(pages), lambda pair: pair[1].source):
        number, page = next(found)
        title = legal(PurePath(page.source).stem or page.id) or f"Page {page.index + 1}"
        writer.add_outline_item(title=title, page_number=number)


def add_page_labels(writer: PdfWriter, pages: Sequence[Page]) -> None:
    """Label each page with its number in the document, also where pages before it are missing.

    Labels that are there already, an input PDF's own, are kept.
    """
    if "/PageLabels" in writer.root_object:
        return
    ranges = ArrayObject()
    expected = -1
    for place, page in enumerate(pages):
        if page.index != expected:
            first = {"/S": NameObject("/D"), "/St": NumberObject(page.index + 1)}
            ranges += [NumberObject(place), _dictionary(first)]
        expected = page.index + 1
    labels = _dictionary({"/Nums": ranges})
    writer.root_object[NameObject("/PageLabels")] = writer._add_object(labels)


class TagTree:
    """The tree of a tagged PDF: the document, and in it a paragraph a region."""

    def __init__(self, writer: PdfWriter) -> None:
        """An empty tree."""
        self._writer = writer
        self._paragraphs = ArrayObject()
        self._parents = ArrayObject()
        self._document = writer._add_object(DictionaryObject())

    def add(self, added: PageObject, count: int) -> None:
        """Take in a page whose content marks paragraphs 0 to count - 1."""
        number = NumberObject(len(self._parents) // 2)
        tags = ArrayObject(self._paragraph(added, mark) for mark in range(count))
        self._paragraphs += tags
        self._parents += [number, self._writer._add_object(tags)]
        added[NameObject("/StructParents")] = number
        added[NameObject("/Tabs")] = NameObject("/S")

    def _paragraph(self, added: PageObject, mark: int) -> IndirectObject:
        entries: dict[str, PdfObject | None] = {
            "/Type": NameObject("/StructElem"),
            "/S": NameObject("/P"),
            "/P": self._document,
            "/Pg": added.indirect_reference,
            "/K": NumberObject(mark),
        }
        return self._writer._add_object(_dictionary(entries))

    def close(self, title: str) -> None:
        """Put the tree into the catalog."""
        parents = self._writer._add_object(_dictionary({"/Nums": self._parents}))
        root = _dictionary(
            {
                "/Type": NameObject("/StructTreeRoot"),
                "/K": self._document,
                "/ParentTree": parents,
                "/ParentTreeNextKey": NumberObject(len(self._parents) // 2),
            }
        )
        reference = self._writer._add_object(root)
        document = self._document.get_object()
        assert isinstance(document, DictionaryObject)
        entries: dict[str, PdfObject | None] = {
            "/Type": NameObject("/StructElem"),
            "/S": NameObject("/Document"),
            "/P": reference,
            "/T": TextStringObject(legal(title)),
            "/K": self._paragraphs,
        }
        document.update(_dictionary(entries))
        catalog = self._writer.root_object
        catalog[NameObject("/StructTreeRoot")] = reference
        catalog[NameObject("/MarkInfo")] = _dictionary({"/Marked": BooleanObject(True)})


def _dictionary(entries: Mapping[str, PdfObject | None]) -> DictionaryObject:
    return DictionaryObject({NameObject(k): v for k, v in entries.items() if v is not None})
