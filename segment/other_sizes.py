"""Writing much smaller or larger than the rest of a page: letterheads, forms, newspapers' titles.

A page is looked at at one size, so that its letters are of the size that the finder knows. What
is much smaller or larger is looked at once more, with what was found covered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pipeline.document import Box, Point
from pipeline.frame import Frame
from segment.lines import TextLine


@dataclass(frozen=True, slots=True)
class OtherSizesParams:
    """When a page is looked at once more."""

    unclaimed: float = 0.05  # share of its ink that no line claims, at least;
    smaller: float = 0.6  # times the page's x-height is that of the ink left at most
    larger: float = 3.0  # or at least
    least_px: float = 6.0  # in the binarized page; what is smaller is grain


def other_size(size: float, usual: float, params: OtherSizesParams = OtherSizesParams()) -> bool:
    """Whether ink of an x-height, pixels of the binarized page, is none of the page's usual."""
    return params.least_px <= size and not (params.smaller * usual < size < params.larger * usual)


def moved(line: TextLine, frame: Frame) -> TextLine:
    """A line in the pixels that a frame leads to.

    Args:
        line: as found in an image.
        frame: of that image.

    Returns:
        The line, its box within the image if that begins at (0, 0).
    """
    boundary = frame.to_page(line.boundary)
    return replace(
        line,
        boundary=boundary,
        baseline=frame.to_page(line.baseline),
        box=_box_of(boundary),
        x_height=line.x_height * math.sqrt(frame.area),
        area=round(line.area * frame.area),
    )


def _box_of(points: tuple[Point, ...]) -> Box:
    left, top = (max(0, math.floor(min(point[axis] for point in points))) for axis in (0, 1))
    right, bottom = (math.ceil(max(point[axis] for point in points)) for axis in (0, 1))
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))
