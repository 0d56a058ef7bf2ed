"""Page -> the content stream that lays its text, invisible, over its picture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pypdf import Transformation

from export.glyphless import ADVANCE, ASCENT, SPACE_STEP, UNITS_PER_EM, WIDEST_SPACE, Codes
from pipeline.document import Box, Line, Page, Point, Region

MIN_RISE_PT = 2.0  # macOS Preview selects badly on lines that rise by less
MIN_SIZE_PT = 1.0
MIN_GAP_EM = 0.16  # between words; poppler sees no space in less than 0.15
MAX_TRIM = 0.4  # share of its width that a word may give up for the gap
MAX_SLIP_EM = 0.05  # between where a word begins and where the space before it ends
MAX_DECIMALS = 3
CODES_AS_TEXT = "latin-1"  # codes are bytes; each is the character of that number here
SPECIAL = re.compile(r"[()\\\r]")  # in a string; readers take a bare CR for LF
POINTS_PER_INCH = 72


@dataclass(frozen=True, slots=True)
class Baseline:
    """The straight line that a line's words stand on, in page pixels.

    Attributes:
        origin: a point on it.
        direction: unit vector in reading direction.
    """

    origin: Point
    direction: Point

    def at(self, distance: float) -> Point:
        """The point `distance` pixels from the origin."""
        return (
            self.origin[0] + distance * self.direction[0],
            self.origin[1] + distance * self.direction[1],
        )

    def extent(self, box: Box) -> tuple[float, float]:
        """Where the line enters and leaves a box's columns (its rows, if the line is steep)."""
        (x, y), (dx, dy) = self.origin, self.direction
        if abs(dx) >= abs(dy):
            ends = ((box.left - x) / dx, (box.right - x) / dx)
        else:
            ends = ((box.top - y) / dy, (box.bottom - y) / dy)
        return min(ends), max(ends)

    def above(self, box: Box) -> float:
        """How far the ink in a box rises over the line.

        The box around slanted ink is higher than the ink, by as much as the line climbs within it.
        """
        (x, y), (dx, dy) = self.origin, self.direction
        center_x, center_y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        across, along = sorted((abs(dx), abs(dy)))
        long, high = (box.width, box.height) if abs(dx) >= abs(dy) else (box.height, box.width)
        ink_height = max(high - long * across / along, high / 3)
        return (center_x - x) * dy - (center_y - y) * dx + ink_height / 2


def straight_baseline(line: Line, ppi: float) -> Baseline:
    """Fit a straight line to a line's baseline, level if it rises by less than 2 pt."""
    points = _evenly(np.asarray(line.baseline, dtype=np.float64))
    center = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - center, full_matrices=False)
    forward = points[-1] - points[0]
    direction = axes[0] if axes[0] @ forward >= 0 else -axes[0]
    rise_pt = abs(direction[1]) * np.linalg.norm(forward) * POINTS_PER_INCH / ppi
    if rise_pt < MIN_RISE_PT or not forward.any():
        direction = np.array([1.0 if forward[0] >= 0 else -1.0, 0.0])
    return Baseline(
        (float(center[0]), float(center[1])), (float(direction[0]), float(direction[1]))
    )


def _evenly(points: NDArray[np.float64], count: int = 32) -> NDArray[np.float64]:
    """`count` points at equal steps along a polyline, so that no stretch of it weighs double."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(wanted, along, points[:, axis]) for axis in (0, 1)], axis=1)


def font_size_px(line: Line, baseline: Baseline) -> float:
    """The font size at which an em reaches as high as the line's taller words."""
    above = np.percentile([baseline.above(word.box) for word in line.words], 75)
    return max(float(above), 1.0) * UNITS_PER_EM / ASCENT


def has_words(region: Region) -> bool:
    """Whether any line of a region was read."""
    return any(line.words for line in region.lines)


def text_layer(
    page: Page, to_user: Transformation, font: str, codes: Codes, tagged: bool = False
) -> bytes:
    """Write a page's text as a content stream, a line a text object, in reading order.

    Args:
        page: the page; lines without words are left out.
        to_user: from page pixels to the PDF page's user space.
        font: the font's name in the page's resources, with its slash.
        codes: the document's character codes; new graphemes are added to it.
        tagged: whether each region with words is marked as a paragraph, numbered from 0.

    Returns:
        The operators, which leave the graphics state as they found it.
    """
    objects: list[str] = []
    for mark, region in enumerate(filter(has_words, page.regions)):
        texts = [
            f"BT 3 Tr {font} {_set_line(line, page.ppi, to_user, codes)}\nET"
            for line in region.lines
            if line.words
        ]
        objects += [f"/P <</MCID {mark}>> BDC", *texts, "EMC"] if tagged else texts
    return "\n".join(["q", *objects, "Q\n"]).encode(CODES_AS_TEXT) if objects else b""


def _set_line(line: Line, ppi: float, to_user: Transformation, codes: Codes) -> str:
    """Font size, text matrix, and the operators that show a line's words."""
    baseline = straight_baseline(line, ppi)
    dx, dy = baseline.direction
    (ax, ay), (ux, uy) = _turned(to_user, (dx, dy)), _turned(to_user, (dy, -dx))
    along, up = math.hypot(ax, ay), math.hypot(ux, uy)
    decimals = min(max(math.ceil(-math.log10(min(along, up))), 0), MAX_DECIMALS)
    size = max(round(font_size_px(line, baseline) * up, decimals), MIN_SIZE_PT)
    extents = [baseline.extent(word.box) for word in line.words]
    origin = extents[0][0]
    places = [((start - origin) * along, (end - origin) * along) for start, end in extents]
    turn = [number(value) for value in (ax / along, ay / along, ux / up, uy / up)]
    place = [number(value, decimals) for value in to_user.apply_on(baseline.at(origin))]
    texts = [word.text for word in line.words]
    return f"{number(size)} Tf {' '.join([*turn, *place])} Tm\n{_shows(texts, places, size, codes)}"


def _turned(to_user: Transformation, vector: Point) -> Point:
    """A direction, not a place: the map without its shift."""
    a, b, c, d, _, _ = to_user.ctm
    return a * vector[0] + c * vector[1], b * vector[0] + d * vector[1]


def _shows(
    texts: Sequence[str], places: Sequence[tuple[float, float]], size: float, codes: Codes
) -> str:
    """The operators that set each word as wide as it is on the paper.

    Args:
        texts: the words.
        places: where each begins and ends, in user space, from where the line begins.
        size: of the font.
        codes: see `text_layer`.
    """
    operators: list[str] = []
    pen = began = 0.0  # where the next glyph goes, and what Td counts from
    for text, (start, end), following in zip(texts, places, [*places[1:], None], strict=True):
        if abs(pen - start) > MAX_SLIP_EM * size:
            operators.append(f"{number(start - began)} 0 Td")
            pen = began = start
        if following:
            # Words that all but touch give way a little, lest poppler join them.
            end = min(end, max(following[0] - MIN_GAP_EM * size, end - MAX_TRIM * (end - start)))
        letters = codes.encode(text)
        natural = len(letters) / 2 * size * ADVANCE / UNITS_PER_EM
        # Whole percents are exact enough, and half the digits; a word is never made wider by it.
        stretch = max(1, math.floor(100 * (end - pen) / natural))
        pen += natural * stretch / 100
        if following is None:
            operators.append(_show(letters, stretch))
            break
        gap = max(following[0] - pen, MIN_GAP_EM * size)
        shown, width = _with_space(letters, stretch, gap, size, codes)
        operators.append(shown)
        pen += width
    return "\n".join(operators)


def _with_space(
    letters: bytes, stretch: int, gap: float, size: float, codes: Codes
) -> tuple[str, float]:
    """Operators that show a word and the space after it, and how wide that became."""
    step = size * SPACE_STEP / UNITS_PER_EM
    stretched = step * stretch / 100
    steps = max(round(gap / stretched), math.ceil(MIN_GAP_EM * size / stretched))
    if steps <= WIDEST_SPACE:
        return _show(letters + codes.space(steps), stretch), steps * stretched
    wider = round(100 * gap / (step * WIDEST_SPACE))
    space = _show(codes.space(WIDEST_SPACE), wider)
    return f"{_show(letters, stretch)}\n{space}", step * WIDEST_SPACE * wider / 100


def _show(encoded: bytes, stretch: int) -> str:
    text = encoded.decode(CODES_AS_TEXT)
    return f"{stretch} Tz({SPECIAL.sub(_escaped, text)})Tj"


def _escaped(special: re.Match[str]) -> str:
    return "\\r" if special[0] == "\r" else f"\\{special[0]}"


def number(value: float, decimals: int = MAX_DECIMALS) -> str:
    """A PDF number: three decimals at most, never in scientific notation."""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text
