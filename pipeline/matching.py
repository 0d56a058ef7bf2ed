"""Boxes of two sets matched one to one by how much they overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Point

LEAST_IOU = 0.5  # boxes that overlap less are no match

Boxes = NDArray[np.float64]  # (N, 4): left, top, right, bottom


def boxes_of(polygons: Iterable[Sequence[Point]]) -> Boxes:
    """The boxes of polygons, float64 (N, 4)."""
    corners = [np.asarray(polygon, np.float64) for polygon in polygons]
    boxes = [[*points.min(axis=0), *points.max(axis=0)] for points in corners]
    return np.asarray(boxes, np.float64).reshape(-1, 4)


def overlaps(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of every pair of boxes, float64 (N, M)."""
    a, b = first.reshape(-1, 1, 4), second.reshape(1, -1, 4)
    size = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    common = np.clip(size, 0, None).prod(axis=-1)
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1)
    return np.asarray(common / np.maximum(union - common, 1e-9))


def matched(worth: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Pairs of row and column, each used once, those of most worth first."""
    rows, columns = np.nonzero(worth >= least)
    pairs: list[tuple[int, int]] = []
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    for k in np.argsort(-worth[rows, columns], kind="stable"):
        i, j = int(rows[k]), int(columns[k])
        if i not in used_rows and j not in used_columns:
            pairs.append((i, j))
            used_rows.add(i)
            used_columns.add(j)
    return pairs
