"""A PDF's objects -> its file, small ones packed together: a page's cost some sixty bytes.

Object streams and cross-reference streams came with PDF 1.5: PDF/A-2 and 3 allow them, 1 does not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import BinaryIO

import numpy as np
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    EncodedStreamObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
)

from export.glyphless import deflated

TOGETHER = 200  # objects that are packed into one; a reader unpacks them all for any
UP = 12  # PNG's predictor "up"
FREE, IN_FILE, PACKED = 0, 1, 2

Entry = tuple[int, int, int]  # kind; offset, or number of the pack; place in the pack


def write_packed(writer: PdfWriter, target: BinaryIO) -> None:
    """Write a PDF of version 1.5 or later; nothing can be added to it afterwards.

    Args:
        writer: the PDF, not encrypted.
        target: open for writing in binary, at its start.
    """
    writer._resolve_links()
    target.write(writer.pdf_header.encode("ascii") + b"\n%\xe2\xe3\xcf\xd3\n")
    entries: list[Entry] = [(FREE, 0, 0xFFFF)]
    small: list[tuple[int, PdfObject]] = []
    for number, found in enumerate(writer._objects, start=1):
        if isinstance(found, StreamObject):
            entries.append((IN_FILE, _write(found, number, target), 0))
        else:
            entries.append((FREE, 0, 0xFFFF))  # until it is packed
            if found is not None:
                small.append((number, found))
    for start in range(0, len(small), TOGETHER):
        together = small[start : start + TOGETHER]
        for place, (number, _) in enumerate(together):
            entries[number] = (PACKED, len(entries), place)
        entries.append((IN_FILE, _write(_pack(together), len(entries), target), 0))
    place = target.tell()
    entries.append((IN_FILE, place, 0))
    _write(_cross_references(writer, entries), len(entries) - 1, target)
    target.write(b"startxref\n%d\n%%%%EOF\n" % place)


def _write(found: PdfObject, number: int, target: BinaryIO) -> int:
    """Write an object by itself; where it begins."""
    place = target.tell()
    target.write(b"%d 0 obj\n" % number)
    found.write_to_stream(target)
    target.write(b"\nendobj\n")
    return place


def _pack(together: Sequence[tuple[int, PdfObject]]) -> EncodedStreamObject:
    """Objects one after the other, after a list of their numbers and offsets."""
    bodies = BytesIO()
    places: list[int] = []
    for number, found in together:
        places += [number, bodies.tell()]
        found.write_to_stream(bodies)
        bodies.write(b"\n")
    head = (" ".join(map(str, places)) + "\n").encode("ascii")
    stream = deflated(head + bodies.getvalue(), N=len(together), First=len(head))
    stream[NameObject("/Type")] = NameObject("/ObjStm")
    return stream


def _cross_references(writer: PdfWriter, entries: Sequence[Entry]) -> EncodedStreamObject:
    """Where each object is, which is the trailer, too."""
    wide = (entries[-1][1].bit_length() + 7) // 8  # offsets grow: the last is the largest
    stream = EncodedStreamObject()
    stream._data = zlib.compress(b"".join(_up(entries, wide)), 9)
    params = {"/Predictor": UP, "/Columns": 1 + wide + 2}
    about: dict[str, PdfObject] = {
        "/Type": NameObject("/XRef"),
        "/Size": NumberObject(len(entries)),
        "/W": ArrayObject(NumberObject(n) for n in (1, wide, 2)),
        "/Filter": NameObject("/FlateDecode"),
        "/DecodeParms": DictionaryObject(
            {NameObject(name): NumberObject(value) for name, value in params.items()}
        ),
    }
    ends = {"/Root": writer.root_object.indirect_reference, "/ID": writer._ID}
    ends["/Info"] = writer._info.indirect_reference if writer._info is not None else None
    about |= {name: found for name, found in ends.items() if found is not None}
    stream.update({NameObject(name): found for name, found in about.items()})
    return stream


def _up(entries: Sequence[Entry], wide: int) -> Iterator[bytes]:
    """Each row as what it has more than the one before, byte by byte, which packs well."""
    rows = b"".join(
        kind.to_bytes(1, "big") + where.to_bytes(wide, "big") + place.to_bytes(2, "big")
        for kind, where, place in entries
    )
    table = np.frombuffer(rows, np.uint8).reshape(len(entries), -1)
    for row in np.diff(table, axis=0, prepend=np.uint8(0)):
        yield bytes([2]) + row.tobytes()
