"""Lines that climb or fall: what other programs read of them, as on a page laid in askew."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.document import Box, Line, Page, Point, Word
from tests.export.pages import document, page
from tests.export.test_pdf import (
    pdf_bytes,
    pdfium,
    pdfminer,
    poppler,
    poppler_in_stream_order,
    scan,
)

TEXTS = (
    "Ma chère mère, je vous",
    "écris un mot du gouvernement",
    "de la municipalité : œuvre",
    "anticonstitutionnellement a",
    "𝒜𝓊 roi 𐍈 e̊x̃ q̃ ꝑ fin",
)
STREAM_ORDER = [poppler_in_stream_order, pdfminer, pdfium]


def turned(made: Page, degrees: float) -> Page:
    """The page turned about its middle, counter-clockwise; boxes are upright around their words."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    middle_x, middle_y = made.width / 2, made.height / 2

    def turn(point: Point) -> Point:
        x, y = point[0] - middle_x, point[1] - middle_y
        return middle_x + x * cos + y * sin, middle_y - x * sin + y * cos

    def turn_word(word: Word) -> Word:
        xs, ys = zip(*map(turn, word.box.polygon()), strict=True)
        edges = (math.floor(min(xs)), math.floor(min(ys)), math.ceil(max(xs)), math.ceil(max(ys)))
        return replace(word, box=Box(*edges))

    def turn_line(line: Line) -> Line:
        words = tuple(map(turn_word, line.words))
        boundary, baseline = tuple(map(turn, line.boundary)), tuple(map(turn, line.baseline))
        return replace(line, words=words, boundary=boundary, baseline=baseline)

    regions = (replace(r, lines=tuple(map(turn_line, r.lines))) for r in made.regions)
    return replace(made, regions=tuple(regions))


@pytest.mark.parametrize("read", [poppler, *STREAM_ORDER])
@pytest.mark.parametrize("degrees", [-10, -6, -3, 3, 6, 10])
def test_a_page_laid_in_askew_is_read_in_order(
    tmp_path: Path, degrees: float, read: Callable[[Path], list[str]]
) -> None:
    made = turned(page(*TEXTS), degrees)
    (tmp_path / "out.pdf").write_bytes(pdf_bytes(document(made), scan(tmp_path)))
    assert read(tmp_path / "out.pdf") == " ".join(TEXTS).split()


LONG = "je vous écris de la municipalité un mot sur le gouvernement de la ville"


@pytest.mark.parametrize("degrees", [-10, 10])
def test_words_stay_whole_on_a_line_that_climbs_over_others(tmp_path: Path, degrees: float) -> None:
    """Such lines poppler, unless told to keep their order, mixes; what it mixes are words."""
    made = turned(page(*[LONG] * 3, width=1800, height=1400), degrees)
    (tmp_path / "out.pdf").write_bytes(pdf_bytes(document(made), scan(tmp_path, size=(1800, 1400))))
    assert Counter(poppler(tmp_path / "out.pdf")) == Counter(" ".join([LONG] * 3).split())
    for read in STREAM_ORDER:
        assert read(tmp_path / "out.pdf") == " ".join([LONG] * 3).split()
