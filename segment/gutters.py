"""Part lines that were joined across the white between two columns.

Where columns of print stand closer than words elsewhere, a line finder runs on from one into the
next. The rows above or below tell: they are parted by the same white.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pipeline.document import Box, Point, Polygon
from segment.arrays import Ink
from segment.layout import core
from segment.lines import TextLine
from segment.order import rows


@dataclass(frozen=True, slots=True)
class GutterParams:
    """Settings of `part_at_gutters`; lengths in x-heights."""

    long: float = 12.0  # shorter lines do not show where columns are
    least: float = 3.0  # shorter parts are not cut off
    widest: float = 4.0  # white between columns that stand so close
    narrowest: float = 0.5
    same_row: float = 0.8  # middles of boxes in one row differ by no more
    leading: float = 8.0  # the two rows next to a line, above or below, are no further from it
    pitch: float = 1.4  # from a line to the next, as a share of that between the two rows
    white: float = 0.3  # width of the white in a joined line, as a share of its neighbours'


@dataclass(frozen=True, slots=True)
class _Gap:
    """White between two long lines of one row, `left` to `right`, over a line's `bottom`."""

    left: int
    right: int
    bottom: int


def part_at_gutters(
    lines: Sequence[TextLine],
    ink: Ink,
    x_height: float,
    params: GutterParams = GutterParams(),
) -> list[TextLine]:
    """Part lines in two where the rows next to them are.

    A line that was parted tells of the next one, until no more are.

    Args:
        lines: as found.
        ink: bool (H, W), without rulings.
        x_height: height of small letters, pixels.
        params: see `GutterParams`.

    Returns:
        The lines, the two parts of one in its place.
    """
    parted = list(lines)
    while True:
        boxes = [_along_baseline(line) for line in parted]
        gaps = _gaps(boxes, x_height, params)
        cuts = [_cut(box, gaps, ink, x_height, params) for box in boxes]
        if not any(cuts):
            return parted
        parted = [
            part
            for line, cut in zip(parted, cuts, strict=True)
            for part in (_halves(line, *cut) if cut else (line,))
        ]


def _along_baseline(line: TextLine) -> Box:
    """The box of a line's small letters, as far as its baseline runs: a part has some of that."""
    box = core(line)
    left, right = round(line.baseline[0][0]), round(line.baseline[-1][0])
    left = min(max(box.left, left), box.right - 1)
    return Box(left, box.top, max(left + 1, min(box.right, right)), box.bottom)


def _gaps(boxes: Sequence[Box], x_height: float, params: GutterParams) -> list[_Gap]:
    """The white between long lines that stand side by side."""
    long = [box for box in boxes if box.width >= params.long * x_height]
    return [
        _Gap(long[a].right, long[b].left, max(long[a].bottom, long[b].bottom))
        for row in rows(range(len(long)), long, params.same_row * x_height)
        for a, b in pairwise(row)
        if params.narrowest * x_height <= long[b].left - long[a].right <= params.widest * x_height
    ]


def _cut(
    box: Box, gaps: Sequence[_Gap], ink: Ink, x_height: float, params: GutterParams
) -> tuple[int, int] | None:
    """The white in a line, its edges, where the two rows above it or below it are parted."""
    least = params.least * x_height
    inside = [
        gap for gap in gaps if box.left + least <= gap.left and gap.right <= box.right - least
    ]
    for side in (-1, 1):
        beside = sorted(
            (away, gap.left, gap.right)
            for gap in inside
            if 0.5 * x_height < (away := side * (gap.bottom - box.bottom))
            and away <= params.leading * x_height
        )
        for near, far, left, right in _in_two_rows(beside):
            if near <= params.pitch * (far - near):
                white = _white(box, left, right, ink, x_height)
                if white and white[1] - white[0] >= params.white * (right - left):
                    return white
    return None


def _in_two_rows(
    beside: Sequence[tuple[int, int, int]],
) -> Iterator[tuple[int, int, int, int]]:
    """White that a row has in common with the next one: how far away both are, its edges."""
    for n, (near, left, right) in enumerate(beside):
        for far, other_left, other_right in beside[n + 1 :]:
            common = max(left, other_left), min(right, other_right)
            if far > near and common[0] < common[1]:
                yield near, far, *common
                break


def _white(box: Box, left: int, right: int, ink: Ink, x_height: float) -> tuple[int, int] | None:
    """The widest white in a line about the given columns, None if there is none."""
    reach = round(x_height)
    begin = left - reach
    band = ink[box.top : box.bottom, begin : right + reach].any(axis=0)
    edges = np.flatnonzero(np.diff(np.pad(band, 1, constant_values=True)))
    runs = [
        (begin + int(first), begin + int(last))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        if begin + first < right and begin + last > left
    ]
    return max(runs, key=lambda run: run[1] - run[0], default=None)


def _halves(line: TextLine, left: int, right: int) -> tuple[TextLine, TextLine]:
    """The parts of a line to the left and to the right of its white."""
    box = line.box
    return (
        _part(line, replace(box, right=left), left, 1),
        _part(line, replace(box, left=right), right, -1),
    )


def _part(line: TextLine, box: Box, x: int, side: int) -> TextLine:
    """What of a line lies left (1) or right (-1) of a column, with the box that is left of it."""
    return replace(
        line,
        boundary=_clipped(line.boundary, x, side),
        baseline=_clipped_baseline(line.baseline, x, side),
        box=box,
        area=round(line.area * box.width / line.box.width),
    )


def _clipped(polygon: Polygon, x: float, side: int) -> Polygon:
    """What of a polygon lies left (1) or right (-1) of a column (Sutherland and Hodgman, 1974)."""
    kept: list[Point] = []
    for before, point in zip((polygon[-1], *polygon[:-1]), polygon, strict=True):
        inside, was = (side * (x - at[0]) >= 0 for at in (point, before))
        if inside != was:
            kept.append(_crossing(before, point, x))
        if inside:
            kept.append(point)
    return tuple(kept)


def _clipped_baseline(points: Polygon, x: float, side: int) -> Polygon:
    """The same of a baseline, which runs across the column."""
    kept = [point for point in points if side * (x - point[0]) > 0]
    crossing = next(_crossing(a, b, x) for a, b in pairwise(points) if a[0] <= x <= b[0])
    return (*kept, crossing) if side > 0 else (crossing, *kept)


def _crossing(a: Point, b: Point, x: float) -> Point:
    """Where the way from one point to another crosses a column."""
    return (x, a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]))
