"""Make glyphless.ttf, the invisible font of a PDF's text layer: `python -m export.make_glyphless`.

Glyphs: 0 (.notdef, empty), 1, which stands for every character, and spaces of many widths; Acrobat
complains of text set in glyph 0. Glyph 1 is a line there and back: it covers no area, so nothing is
ever painted, but it has an extent, without which PDFium takes a word of one letter for nothing and
drops it. The metrics are the layer's constants, so that PDF and font agree.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph

from export.glyphless import (
    ADVANCE,
    ASCENT,
    DESCENT,
    FONT_FILE,
    SPACE_STEP,
    UNITS_PER_EM,
    WIDEST_SPACE,
)

MADE = 3_850_000_000  # seconds since 1904: a day in 2025, always the same


def glyphless() -> bytes:
    """The font's bytes, the same on every machine."""
    builder = FontBuilder(UNITS_PER_EM, isTTF=True)
    spaces = {f"space{n}": n * SPACE_STEP for n in range(1, WIDEST_SPACE + 1)}
    advances = {".notdef": ADVANCE, "any": ADVANCE} | spaces
    empty = dict.fromkeys(spaces, Glyph())
    builder.setupGlyphOrder(list(advances))
    builder.setupCharacterMap({})
    builder.setupGlyf({".notdef": Glyph(), "any": _line_there_and_back()} | empty)
    builder.setupHorizontalMetrics({name: (advance, 0) for name, advance in advances.items()})
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": "Inkfolio Glyphless", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT, usWinAscent=ASCENT)
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=MADE, modified=MADE)
    builder.font.recalcTimestamp = False
    data = BytesIO()
    builder.save(data)
    return data.getvalue()


def _line_there_and_back() -> Glyph:
    pen = TTGlyphPen(None)
    pen.moveTo((0, DESCENT))
    pen.lineTo((ADVANCE, ASCENT))
    pen.lineTo((ADVANCE // 2, (ASCENT + DESCENT) // 2))
    pen.closePath()
    glyph: Glyph = pen.glyph()
    return glyph


if __name__ == "__main__":
    Path(FONT_FILE).write_bytes(glyphless())
