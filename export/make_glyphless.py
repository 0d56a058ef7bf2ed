"""Make glyphless.ttf, the invisible font of a PDF's text layer: `python -m export.make_glyphless`.

Two empty glyphs: 0 (.notdef) and 1, which stands for every character. Acrobat complains of
text set in glyph 0. The metrics are the layer's constants, so that PDF and font agree.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph

from export.glyphless import ADVANCE, ASCENT, DESCENT, FONT_FILE, UNITS_PER_EM


def glyphless() -> bytes:
    """The font's bytes, the same on every machine."""
    builder = FontBuilder(UNITS_PER_EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", "any"])
    builder.setupCharacterMap({})
    builder.setupGlyf({".notdef": Glyph(), "any": Glyph()})
    builder.setupHorizontalMetrics({".notdef": (ADVANCE, 0), "any": (ADVANCE, 0)})
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": "Inkfolio Glyphless", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT, usWinAscent=ASCENT)
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=0, modified=0)
    builder.font.recalcTimestamp = False
    data = BytesIO()
    builder.save(data)
    return data.getvalue()


if __name__ == "__main__":
    Path(FONT_FILE).write_bytes(glyphless())
