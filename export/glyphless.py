"""The invisible font of a PDF's text layer: graphemes -> character codes -> font objects."""

from __future__ import annotations

import zlib
from pathlib import Path

import regex
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    EncodedStreamObject,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

UNITS_PER_EM = 1000
ADVANCE = 500
ASCENT = 750
DESCENT = -250
SPACE_STEP = 50  # spaces are glyphs of their own, as wide as one, two, three steps and so on
WIDEST_SPACE = 60  # steps
FONT_FILE = Path(__file__).with_name("glyphless.ttf")
FONT_NAME = "/InkfolioGlyphless"
MAX_CODE = 0xFFFF
ANY_GLYPH = 1  # stands for every grapheme; those after it for spaces, the narrowest first


class Codes:
    """Two-byte codes for the graphemes of one document, in order of their first use.

    One code for a whole grapheme keeps a letter and its accents together when text is selected,
    and gives characters beyond the BMP, which two bytes cannot name, a code like any other.
    Spaces of different widths have codes of their own, so that a word and the gap after it, up to
    the next word, are one string.
    """

    def __init__(self) -> None:
        """Start with no grapheme; code 0 is the font's .notdef and never used."""
        self._codes: dict[tuple[str, int], int] = {}  # of a text in a glyph

    def encode(self, text: str) -> bytes:
        """The codes of a text's graphemes, big-endian, two bytes each.

        Raises:
            ValueError: if the document has more than 65,535 different graphemes.
        """
        return b"".join(self._code(g).to_bytes(2, "big") for g in regex.findall(r"\X", text))

    def space(self, steps: int) -> bytes:
        """The code of a space, `steps` times SPACE_STEP wide.

        Raises:
            ValueError: if the font has no such space.
        """
        if not 1 <= steps <= WIDEST_SPACE:
            raise ValueError(f"expected a space of 1 to {WIDEST_SPACE} steps: {steps}")
        return self._code(" ", ANY_GLYPH + steps).to_bytes(2, "big")

    def _code(self, grapheme: str, glyph: int = ANY_GLYPH) -> int:
        code = self._codes.setdefault((grapheme, glyph), len(self._codes) + 1)
        if code > MAX_CODE:
            raise ValueError(f"expected at most {MAX_CODE} graphemes in a document")
        return code

    def glyphs(self) -> list[int]:
        """The glyph of each code, from code 1 on."""
        return [glyph for _, glyph in self._codes]

    def __len__(self) -> int:
        """How many different graphemes were met."""
        return len(self._codes)

    def to_unicode(self) -> bytes:
        """The CMap that leads from codes back to text."""
        entries = [
            (code, text.encode("utf-16-be", "replace").hex())
            for (text, _), code in self._codes.items()
        ]
        lines = [_CMAP_HEAD]
        for start in range(0, len(entries), 100):  # the format's limit
            batch = entries[start : start + 100]
            lines.append(f"{len(batch)} beginbfchar")
            lines.extend(f"<{code:04x}> <{text}>" for code, text in batch)
            lines.append("endbfchar")
        return "\n".join([*lines, _CMAP_TAIL]).encode("ascii")


_CMAP_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange"""
_CMAP_TAIL = """endcmap
CMapName currentdict /CMap defineresource pop
end
end"""


def deflated(data: bytes, **entries: int) -> EncodedStreamObject:
    """A Flate stream with integer entries beside it."""
    stream = EncodedStreamObject()
    stream[NameObject("/Filter")] = NameObject("/FlateDecode")
    for name, value in entries.items():
        stream[NameObject(f"/{name}")] = NumberObject(value)
    stream._data = zlib.compress(data, 9)
    return stream


def fill_font(font: DictionaryObject, codes: Codes, writer: PdfWriter) -> None:
    """Make `font` the Type0 font of all codes given out; call it once the pages are written."""
    font.update(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type0"),
            NameObject("/BaseFont"): NameObject(FONT_NAME),
            NameObject("/Encoding"): NameObject("/Identity-H"),
            NameObject("/DescendantFonts"): ArrayObject([_descendant(codes, writer)]),
            NameObject("/ToUnicode"): writer._add_object(deflated(codes.to_unicode())),
        }
    )


def _descendant(codes: Codes, writer: PdfWriter) -> IndirectObject:
    to_glyph = b"".join(glyph.to_bytes(2, "big") for glyph in (0, *codes.glyphs()))
    system = {
        NameObject("/Registry"): TextStringObject("Adobe"),
        NameObject("/Ordering"): TextStringObject("Identity"),
        NameObject("/Supplement"): NumberObject(0),
    }
    font = {
        NameObject("/Type"): NameObject("/Font"),
        NameObject("/Subtype"): NameObject("/CIDFontType2"),
        NameObject("/BaseFont"): NameObject(FONT_NAME),
        NameObject("/CIDSystemInfo"): DictionaryObject(system),
        NameObject("/DW"): NumberObject(ADVANCE),
        NameObject("/W"): _widths(codes),
        NameObject("/CIDToGIDMap"): writer._add_object(deflated(to_glyph)),
        NameObject("/FontDescriptor"): _descriptor(writer),
    }
    return writer._add_object(DictionaryObject(font))


def _widths(codes: Codes) -> ArrayObject:
    """How wide spaces are; all else has the default width."""
    widths = ArrayObject()
    for code, glyph in enumerate(codes.glyphs(), start=1):
        if glyph != ANY_GLYPH:
            width = NumberObject((glyph - ANY_GLYPH) * SPACE_STEP)
            widths += [NumberObject(code), ArrayObject([width])]
    return widths


def _descriptor(writer: PdfWriter) -> IndirectObject:
    program = FONT_FILE.read_bytes()
    numbers = {
        "Flags": 4,  # symbolic
        "Ascent": ASCENT,
        "Descent": DESCENT,
        "CapHeight": ASCENT,
        "ItalicAngle": 0,
        "StemV": 80,
    }
    box = ArrayObject(NumberObject(n) for n in (0, DESCENT, ADVANCE, ASCENT))
    descriptor = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/FontDescriptor"),
            NameObject("/FontName"): NameObject(FONT_NAME),
            NameObject("/FontBBox"): box,
            NameObject("/FontFile2"): writer._add_object(deflated(program, Length1=len(program))),
        }
    )
    descriptor.update({NameObject(f"/{k}"): NumberObject(v) for k, v in numbers.items()})
    return writer._add_object(descriptor)
