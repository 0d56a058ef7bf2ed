"""Files -> attachments of a PDF/A-3, each said to be a supplement to the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

from export.glyphless import deflated
from export.xml_text import legal


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to be carried in a PDF.

    Attributes:
        name: its name, distinct among the PDF's attachments.
        data: its bytes.
        mime: what it is, such as "text/xml".
        about: what it is for people.
    """

    name: str
    data: bytes
    mime: str
    about: str


def attach(writer: PdfWriter, attachments: Sequence[Attachment], date: str) -> None:
    """Put files into a PDF and name them in its catalog; only part 3 of PDF/A allows it.

    Args:
        writer: the PDF in the making.
        attachments: the files, at least one.
        date: when they were last changed, as PDF writes dates.
    """
    in_order = sorted(attachments, key=lambda attachment: attachment.name)
    files = [(legal(one.name), _specification(writer, one, date)) for one in in_order]
    names = ArrayObject(part for name, file in files for part in (TextStringObject(name), file))
    tree = _dictionary({"/Names": names})
    catalog = writer.root_object
    catalog[NameObject("/Names")] = _dictionary({"/EmbeddedFiles": writer._add_object(tree)})
    catalog[NameObject("/AF")] = ArrayObject(file for _, file in files)


def _specification(writer: PdfWriter, attachment: Attachment, date: str) -> IndirectObject:
    stream = deflated(attachment.data)
    stream[NameObject("/Type")] = NameObject("/EmbeddedFile")
    stream[NameObject("/Subtype")] = NameObject(f"/{attachment.mime}")
    params: dict[str, PdfObject] = {
        "/Size": NumberObject(len(attachment.data)),
        "/ModDate": TextStringObject(date),
    }
    stream[NameObject("/Params")] = _dictionary(params)
    file = writer._add_object(stream)
    name = TextStringObject(legal(attachment.name))
    entries: dict[str, PdfObject] = {
        "/Type": NameObject("/Filespec"),
        "/F": name,
        "/UF": name,
        "/Desc": TextStringObject(attachment.about),
        "/AFRelationship": NameObject("/Supplement"),
        "/EF": _dictionary({"/F": file, "/UF": file}),
    }
    return writer._add_object(_dictionary(entries))


def _dictionary(entries: Mapping[str, PdfObject]) -> DictionaryObject:
    return DictionaryObject({NameObject(name): value for name, value in entries.items()})
