"""Line -> the straight baselines on which a PDF's text layer sets its words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.glyphless import ASCENT, DESCENT, UNITS_PER_EM
from pipeline.document import Box, Line, Point, Word

POINTS_PER_INCH = 72
MIN_RISE_PT = 2.0  # macOS Preview selects badly on lines that rise by less
# Poppler's TextPage (TextOutputDev.cc), unless told to keep the stream's order, knows no slant: it
# cuts words wherever the baseline moves by half a point, and mends those pieces of a line that
# stand within half an em of its first (maxIntraLineDelta), which it seeks in the topmost four
# buckets of 4 pt (textPoolStep), the first of which may be all but passed.
MAX_RISE_EM = 0.48
MAX_RISE_PT = 11.5
SETTLED_RISE_EM = 0.2  # of what rises by more: less than could be, for lines near by rise too
MAX_RUN_EM = 2.0  # a line that rises by more loses its ends' ink if set less steep
MAX_WORD_EM = 1.0  # a word that rises by more loses its ends' ink if set level
# How far letters may be off their ink and still cover most of it: few of them reach to an em's top,
# or to its bottom.
SPARE_ABOVE_EM = 0.25
SPARE_BELOW_EM = 0.15


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

    def reach(self, words: Sequence[Word]) -> tuple[float, float]:
        """Where the line enters the first and leaves the last of some words."""
        starts, ends = zip(*(self.extent(word.box) for word in words), strict=True)
        return min(starts), max(ends)

    @property
    def slope(self) -> float:
        """How far a step of one leads across the nearest of the page's axes."""
        return min(map(abs, self.direction))

    def rise(self, words: Sequence[Word]) -> float:
        """How far some words climb or fall, against the nearest of the page's axes."""
        start, end = self.reach(words)
        return self.slope * (end - start)

    def tilted(self, slope: float, pivot: float, drop: float) -> Baseline:
        """The line turned about its point at `pivot` until it has a slope, then lowered."""
        (dx, dy), along = self.direction, math.sqrt(1 - slope**2)
        steps = (along, slope) if abs(dx) >= abs(dy) else (slope, along)
        dx, dy = math.copysign(steps[0], dx), math.copysign(steps[1], dy)
        x, y = self.at(pivot)
        return Baseline((x - drop * dy, y + drop * dx), (dx, dy))

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


@dataclass(frozen=True, slots=True)
class Run:
    """Words that stand on one straight line.

    Attributes:
        words: at least one.
        baseline: what they are set on; near where they stand, and never steeper.
    """

    words: tuple[Word, ...]
    baseline: Baseline


def set_runs(line: Line, ppi: float) -> tuple[tuple[Run, ...], float]:
    """Where a line's words are set, such that other programs read them whole.

    A line that rises little is one run on its own baseline. One that rises more is set less steep,
    and one that would leave its ink so, word by word, level, each at its own height; in letters so
    much larger that most of the ink stays within them. Where words are too steep even for that,
    the line stands on its own baseline.

    Args:
        line: a line with words.
        ppi: of the page that it is on.

    Returns:
        The runs, in reading order and all in one direction, and the size of their font in pixels.
    """
    baseline = straight_baseline(line, ppi)
    size = font_size_px(line, baseline)
    rise = baseline.rise(line.words)
    if rise <= _bearable(MAX_RISE_EM * size, ppi):
        return (Run(line.words, baseline),), size
    if rise <= MAX_RUN_EM * size:
        return _less_steep([line.words], baseline, size, _bearable(SETTLED_RISE_EM * size, ppi))
    words = [(word,) for word in line.words]
    if max(map(baseline.rise, words)) <= MAX_WORD_EM * size:
        return _less_steep(words, baseline, size, 0.0)
    return (Run(line.words, baseline),), size


def _bearable(rise: float, ppi: float) -> float:
    """As much of a rise, in pixels, as poppler bears on a page of this resolution."""
    return min(rise, MAX_RISE_PT * ppi / POINTS_PER_INCH)


def _less_steep(
    parts: Sequence[tuple[Word, ...]], baseline: Baseline, size: float, rise: float
) -> tuple[tuple[Run, ...], float]:
    """Runs that rise by `rise` at most, each turned about its middle, and their font's size.

    The font is as much larger as it takes to cover most of the ink at the ends, and no more: tall
    letters reach into the lines above and below.
    """
    steepest = max(map(baseline.rise, parts))
    off = (steepest - rise) / 2  # how far an end comes to lie from its ink
    above, below = (max(off - em * size, 0.0) for em in (SPARE_ABOVE_EM, SPARE_BELOW_EM))
    drop = (below * ASCENT + above * DESCENT) / UNITS_PER_EM
    slope = baseline.slope * rise / steepest
    middles = [sum(baseline.reach(part)) / 2 for part in parts]
    tilted = (baseline.tilted(slope, middle, drop) for middle in middles)
    return tuple(map(Run, parts, tilted)), size + above + below


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
