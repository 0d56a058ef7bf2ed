"""Page -> the content stream that lays its text, invisible, over its picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pypdf import Transformation

from export.glyphless import ADVANCE, ASCENT, UNITS_PER_EM, Codes
from pipeline.document import Box, Line, Page, Point, Region, Word

MIN_RISE_PT = 2.0  # macOS Preview selects badly on lines that rise by less
MIN_SIZE_PT = 1.0
MIN_GAP_EM = 0.16  # between words; poppler sees no space in less than 0.15
MAX_TRIM = 0.4  # share of its width that a word may give up for the gap
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
        shown = [_set_line(line, page.ppi, to_user, codes) for line in region.lines if line.words]
        texts = [
            f"BT 3 Tr {font} {number(line.size)} Tf {line.matrix} Tm\n{line.shows}\nET"
            for line in shown
        ]
        objects += [f"/P <</MCID {mark}>> BDC", *texts, "EMC"] if tagged else texts
    return "\n".join(["q", *objects, "Q\n"]).encode("ascii") if objects else b""


@dataclass(frozen=True, slots=True)
class _SetLine:
    """A line as PDF operands: font size, text matrix, show operators."""

    size: float
    matrix: str
    shows: str


def _set_line(line: Line, ppi: float, to_user: Transformation, codes: Codes) -> _SetLine:
    baseline = straight_baseline(line, ppi)
    size_px = font_size_px(line, baseline)
    dx, dy = baseline.direction
    (ax, ay), (ux, uy) = _turned(to_user, (dx, dy)), _turned(to_user, (dy, -dx))
    along, up = math.hypot(ax, ay), math.hypot(ux, uy)
    size = max(size_px * up, MIN_SIZE_PT)
    runs = list(_runs(line.words, baseline, size_px))
    start = to_user.apply_on(baseline.at(runs[0].start))
    matrix = (ax / along, ay / along, ux / up, uy / up, start[0], start[1])
    return _SetLine(size, " ".join(map(number, matrix)), _shows(runs, along, size, codes))


def _turned(to_user: Transformation, vector: Point) -> Point:
    """A direction, not a place: the map without its shift."""
    a, b, c, d, _, _ = to_user.ctm
    return a * vector[0] + c * vector[1], b * vector[0] + d * vector[1]


@dataclass(frozen=True, slots=True)
class _Run:
    """A word, or the space after it, with its place along the baseline in pixels."""

    text: str
    start: float
    width: float


def _runs(words: tuple[Word, ...], baseline: Baseline, size_px: float) -> Iterator[_Run]:
    """The words and, after each but the last, a space as wide as the gap."""
    extents = [baseline.extent(word.box) for word in words]
    for word, (start, end), following in zip(words, extents, [*extents[1:], None], strict=True):
        if following is None:
            yield _Run(word.text, start, end - start)
            return
        # Words that all but touch give way a little, lest poppler join them.
        latest_end = max(following[0] - MIN_GAP_EM * size_px, end - MAX_TRIM * (end - start))
        end = min(end, latest_end)
        yield _Run(word.text, start, end - start)
        yield _Run(" ", end, max(following[0] - end, MIN_GAP_EM * size_px))


def _shows(runs: list[_Run], points_per_px: float, size: float, codes: Codes) -> str:
    """The operators that set each run as wide as it is on the paper."""
    operators: list[str] = []
    at = 0.0
    for run in runs:
        place = round((run.start - runs[0].start) * points_per_px, 2)
        # A space starts where the pen is.
        move = f"{number(place - at)} 0 Td " if run.text != " " and place != at else ""
        at = place if move else at
        encoded = codes.encode(run.text)
        natural = len(encoded) / 2 * size * ADVANCE / UNITS_PER_EM
        # Whole percents are exact enough, and half the digits; a word is never made wider by it.
        stretch = max(1, math.floor(100 * run.width * points_per_px / natural))
        operators.append(f"{move}{stretch} Tz <{encoded.hex()}> Tj")
    return "\n".join(operators)


def number(value: float) -> str:
    """A PDF number: three decimals at most, never in scientific notation."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
