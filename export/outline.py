"""Any polygon -> one that the XML formats accept: whole pixels, on the page, no side crossed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Point

GridPoint = tuple[int, int]


def sound_polygon(points: Sequence[Point], width: int, height: int) -> tuple[GridPoint, ...]:
    """Round a polygon to the pixel grid of a page.

    Args:
        points: corners in page pixels, in order; at least one.
        width: columns of the page; corners right of it are moved onto its edge.
        height: rows of the page.

    Returns:
        Three or more different corners in [0, width] x [0, height] whose sides do not meet. Where
        rounding or the input spoils that, the corners' convex hull, or the box around them if
        they lie on one line.
    """
    rounded = _on_page(points, width, height)
    following = rounded[1:] + rounded[:1]
    corners = [corner for corner, after in zip(rounded, following, strict=True) if corner != after]
    if _is_upright(corners) or _is_simple(corners):
        return tuple(corners)
    hull = cv2.convexHull(np.array(rounded, dtype=np.int32))[:, 0].tolist()
    return tuple((x, y) for x, y in hull) if _is_simple(hull) else _around(rounded, width, height)


def sound_polyline(points: Sequence[Point], width: int, height: int) -> tuple[GridPoint, ...]:
    """Round a polyline to the pixel grid of a page; two points at least, no two alike in a row."""
    rounded = _on_page(points, width, height)
    kept = rounded[:1] + [p for before, p in pairwise(rounded) if p != before]
    if len(kept) > 1:
        return tuple(kept)
    (x, y) = kept[0]
    return ((x, y), (x + 1, y)) if x < width else ((x - 1, y), (x, y))


def _on_page(points: Sequence[Point], width: int, height: int) -> list[GridPoint]:
    return [(min(max(round(x), 0), width), min(max(round(y), 0), height)) for x, y in points]


def _around(points: list[GridPoint], width: int, height: int) -> tuple[GridPoint, ...]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top = min(*xs, width - 1), min(*ys, height - 1)
    right, bottom = max(*xs, left + 1), max(*ys, top + 1)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _is_upright(corners: list[GridPoint]) -> bool:
    """Whether these are a box's four corners, as most are: words have no other polygons."""
    if len(corners) != 4:
        return False
    (left, top), (right, top_too), (right_too, bottom), (left_too, bottom_too) = corners
    return (left, top, right, bottom) == (left_too, top_too, right_too, bottom_too)


def _is_simple(corners: list[GridPoint]) -> bool:
    """Whether the corners enclose something and no two sides meet but neighbours."""
    return len(corners) >= 3 and bool(_area(corners)) and not _crosses(corners)


def _area(corners: list[GridPoint]) -> int:
    """Twice the signed area."""
    following = corners[1:] + corners[:1]
    return sum(
        x * next_y - next_x * y for (x, y), (next_x, next_y) in zip(corners, following, strict=True)
    )


def _crosses(corners: list[GridPoint]) -> bool:
    """Whether two sides that are no neighbours meet."""
    start = np.array(corners, dtype=np.int64)
    end = np.roll(start, -1, axis=0)
    side = (
        _side(start[:, None], end[:, None], start[None]),
        _side(start[:, None], end[:, None], end[None]),
    )
    # Sides i and j meet if each has its ends on both sides of the other, or upon it.
    straddles = (side[0] * side[1] <= 0) & _boxes_meet(start, end)
    meets = straddles & straddles.T
    count = len(corners)
    gap = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    return bool(meets[(gap > 1) & (gap < count - 1)].any())


def _side(
    start: NDArray[np.int64], end: NDArray[np.int64], point: NDArray[np.int64]
) -> NDArray[np.int64]:
    """-1, 0 or 1: on which side of the line from `start` to `end` each point lies."""
    along, to = end - start, point - start
    turn: NDArray[np.int64] = np.sign(along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0])
    return turn


def _boxes_meet(start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the boxes around each two sides meet; tells parallel sides apart."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    meet = (low[:, None] <= high[None]) & (low[None] <= high[:, None])
    return np.asarray(meet.all(axis=2))
