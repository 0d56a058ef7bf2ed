"""Keep polygons and baselines within the page, simple and of positive size."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Point, Polygon
from segment.arrays import Floats

DECIMALS = 2


def kept_inside(boundary: Iterable[Point], width: int, height: int) -> Polygon:
    """A polygon on the page as near as may be to a given one.

    Args:
        boundary: three or more points in page pixels, some perhaps beyond the page.
        width: the page's columns.
        height: the page's rows.

    Returns:
        The polygon with its points moved onto the page; if that makes it cross itself, or have
        no area, the box of those points, at least a pixel wide and high.
    """
    moved = _without_repeats(_clamped(boundary, width, height))
    if len(moved) >= 3 and is_simple(moved):
        return moved
    return _box(moved, width, height)


def left_to_right(baseline: Iterable[Point], width: int, height: int) -> Polygon:
    """A baseline on the page whose points go from left to right.

    Args:
        baseline: points in page pixels.
        width: the page's columns.
        height: the page's rows.

    Returns:
        Two or more points, x strictly increasing.
    """
    points: list[Point] = []
    for x, y in sorted(_clamped(baseline, width, height)):
        if not points or x > points[-1][0]:
            points.append((x, y))
    if len(points) == 1:
        x, y = points[0]
        left = min(max(x - 0.5, 0.0), width - 1.0)
        points = [(left, y), (left + 1.0, y)]
    return tuple(points)


def ring(xs: Floats, upper: Floats, lower: Floats, slack: float) -> Polygon:
    """The polygon between two curves over the same xs, clockwise from the top left."""
    return simplified(xs, upper, slack) + simplified(xs, lower, slack)[::-1]


def simplified(xs: Floats, ys: Floats, slack: float) -> Polygon:
    """The curve with points left out that lie within `slack` of it (Douglas and Peucker, 1973)."""
    keep = {0, len(xs) - 1}
    spans = [(0, len(xs) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        inner = np.arange(first + 1, last)
        slope = (ys[last] - ys[first]) / max(1e-6, float(xs[last] - xs[first]))
        miss = np.abs(ys[inner] - ys[first] - slope * (xs[inner] - xs[first]))
        worst = int(miss.argmax())
        if miss[worst] > slack:
            keep.add(first + 1 + worst)
            spans += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return tuple((float(xs[i]), float(ys[i])) for i in sorted(keep))


def is_simple(polygon: Polygon) -> bool:
    """Whether a polygon has area and no two of its sides meet but at common corners.

    Args:
        polygon: three or more points.

    Returns:
        True for a simple polygon.
    """
    points = np.asarray(polygon, np.float64)
    ends = np.roll(points, -1, axis=0)
    if abs(float(_cross(points, ends).sum())) < 1e-6 or (points == ends).all(axis=1).any():
        return False
    n = len(points)
    i, j = np.triu_indices(n, 2)
    apart = ~((i == 0) & (j == n - 1))
    i, j = i[apart], j[apart]
    a, b, c, d = points[i], ends[i], points[j], ends[j]
    side = [
        np.sign(_cross(b - a, c - a)),
        np.sign(_cross(b - a, d - a)),
        np.sign(_cross(d - c, a - c)),
        np.sign(_cross(d - c, b - c)),
    ]
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    boxes_meet = (low <= high).all(axis=1)
    # Sides that touch count as crossing: a polygon that meets itself is not simple.
    meet = boxes_meet & (side[0] * side[1] <= 0) & (side[2] * side[3] <= 0)
    return not meet.any() and not _folds_back(points, ends)


def _folds_back(points: NDArray[np.float64], ends: NDArray[np.float64]) -> bool:
    """Whether a side runs back along the one before it."""
    side = ends - points
    after = np.roll(side, -1, axis=0)
    straight = np.abs(_cross(side, after)) < 1e-9
    return bool((straight & ((side * after).sum(axis=1) < 0)).any())


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _clamped(points: Iterable[Point], width: int, height: int) -> list[Point]:
    return [
        (
            round(min(max(float(x), 0.0), float(width)), DECIMALS),
            round(min(max(float(y), 0.0), float(height)), DECIMALS),
        )
        for x, y in points
    ]


def _without_repeats(points: list[Point]) -> Polygon:
    """Points that differ from the one before; the last from the first, too."""
    return tuple(point for i, point in enumerate(points) if point != points[i - 1])


def _box(points: Polygon, width: int, height: int) -> Polygon:
    xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
    left, top = min(min(xs), width - 1.0), min(min(ys), height - 1.0)
    right, bottom = max(max(xs), left + 1.0), max(max(ys), top + 1.0)
    return ((left, top), (right, top), (right, bottom), (left, bottom))
