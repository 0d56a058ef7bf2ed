"""The invisible font and its codes."""

from __future__ import annotations

from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from export.glyphless import ADVANCE, ASCENT, DESCENT, FONT_FILE, SPACE_STEP, WIDEST_SPACE, Codes
from export.make_glyphless import glyphless


def test_the_font_is_what_the_script_makes() -> None:
    assert FONT_FILE.read_bytes() == glyphless()


def test_the_font_has_an_extent_and_no_area() -> None:
    font = TTFont(BytesIO(FONT_FILE.read_bytes()))
    glyph = font["glyf"][font.getGlyphOrder()[1]]
    assert (glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax) == (0, DESCENT, ADVANCE, ASCENT)
    corners = list(glyph.coordinates)
    following = corners[1:] + corners[:1]
    assert sum(x * v - u * y for (x, y), (u, v) in zip(corners, following, strict=True)) == 0


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param("aba", [1, 2, 1], id="in order of first use"),
        pytest.param("e̊e", [1, 2], id="a letter and its ring are one"),
        pytest.param("𝒜é", [1, 2], id="beyond the BMP"),
    ],
)
def test_codes(text: str, codes: list[int]) -> None:
    encoded = Codes().encode(text)
    assert [int.from_bytes(encoded[i : i + 2], "big") for i in range(0, len(encoded), 2)] == codes


def test_spaces_have_a_code_and_a_glyph_for_each_width() -> None:
    codes = Codes()
    found = [codes.space(steps) for steps in (3, 7, 3)] + [codes.encode(" ")]
    assert found == [b"\0\1", b"\0\2", b"\0\1", b"\0\3"]
    font = TTFont(BytesIO(FONT_FILE.read_bytes()))
    names = font.getGlyphOrder()
    advances = [font["hmtx"][names[glyph]][0] for glyph in codes.glyphs()]
    assert advances == [3 * SPACE_STEP, 7 * SPACE_STEP, ADVANCE]
    assert codes.to_unicode().decode("ascii").count("<0020>") == 3


@pytest.mark.parametrize("steps", [0, WIDEST_SPACE + 1])
def test_a_space_that_the_font_has_not_is_refused(steps: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {WIDEST_SPACE} steps"):
        Codes().space(steps)


def test_the_cmap_stays_within_a_hundred_entries_a_block() -> None:
    codes = Codes()
    codes.encode("".join(map(chr, range(0x4E00, 0x4E00 + 250))))
    lines = codes.to_unicode().decode("ascii").splitlines()
    assert [line for line in lines if "beginbfchar" in line] == [
        "100 beginbfchar",
        "100 beginbfchar",
        "50 beginbfchar",
    ]


def test_too_many_graphemes_are_refused() -> None:
    with pytest.raises(ValueError, match="65535"):
        Codes().encode("".join(map(chr, [*range(0x3400, 0xD7A4), *range(0x10000, 0x17000)])))
