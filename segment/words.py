"""Find words in a line's ink, near where a reader saw them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box, Polygon
from segment.arrays import Ink, require_ink
from segment.components import find_components

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class WordParams:
    """Settings of `fit_to_ink`; lengths in line heights."""

    slack: float = 0.35  # ink this far outside all spans belongs to no word
    gap_worth: float = 1.0  # how much a white column draws a cut, against its distance
    around: float = 0.5  # how far about a line its strokes are followed
    most: float = 0.5  # share of a stroke in the boundary from which it is this line's,
    whole: float = 0.6  # and from which its ends beyond the boundary are, too
    core: float = 0.5  # of the boundary's depth: strokes that reach so deep are joined to ours
    speck: float = 0.006  # of a squared line height: smaller strokes make no box larger


def fit_to_ink(
    ink: Ink,
    boundary: Polygon,
    spans: Sequence[Span],
    params: WordParams = WordParams(),
) -> list[Box]:
    """Turn approximate words of a line into boxes tight to their ink.

    Neighbouring words are parted in the whitest column near the middle of the gap between their
    spans, a wide gap before a narrow one; each box then shrinks to the ink between its cuts.

    Args:
        ink: bool (H, W), the page's ink.
        boundary: polygon around the line, page pixels.
        spans: (left, right) per word in reading order, page pixels along x, as a reader's
            character positions give them; they may overlap a little.
        params: see `WordParams`.

    Returns:
        One box per span, in order, within the page and, unless there are more words than
        columns, not overlapping along x; a span without ink keeps its own extent.
    """
    if not spans:
        return []
    mask, left, top = _line_ink(ink, boundary, params)
    profile = mask.sum(axis=0).astype(np.float64)
    width = mask.shape[1]
    order = [(a - left, max(b, a + 1) - left) for a, b in spans]
    height = _line_height(mask)
    cuts = _cuts(profile, order, height, params)
    boxes: list[Box] = []
    for i, (a, b) in enumerate(order):
        first, last = _at_least_one(cuts[i], cuts[i + 1], width)
        inked = _near(profile, a, b, first, last, params.slack * height)
        if inked:
            boxes.append(_tight(mask, *inked, left, top))
        else:
            boxes.append(_empty_word(a, b, first, last, boundary, left, ink.shape[0]))
    return boxes


def _line_ink(ink: Ink, boundary: Polygon, params: WordParams) -> tuple[Ink, int, int]:
    """The ink of a line in a window about its boundary; the window's left and top.

    Strokes that lie mostly outside the boundary are those of its neighbours, though they reach
    in; those that lie mostly inside are the line's, though they reach out. A neighbour's stroke
    that reaches into the line's core has joined one of its own, which stays as far as the boundary.
    """
    require_ink(ink)
    height, width = ink.shape
    points = np.asarray(boundary, np.float64).reshape(-1, 2)
    around = params.around * float(np.ptp(points[:, 1]))
    left = int(np.clip(np.floor(points[:, 0].min() - around), 0, width - 1))
    top = int(np.clip(np.floor(points[:, 1].min() - around), 0, height - 1))
    right = int(np.clip(np.ceil(points[:, 0].max() + around), left + 1, width))
    bottom = int(np.clip(np.ceil(points[:, 1].max() + around), top + 1, height))
    filled = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(filled, [np.round(points - (left, top)).astype(np.int32)], 1)
    near = np.ascontiguousarray(ink[top:bottom, left:right])
    return _own_strokes(near, filled > 0, params), left, top


def _own_strokes(ink: Ink, inside: Ink, params: WordParams) -> Ink:
    """The strokes that belong to a line, given what lies inside its boundary."""
    parts = find_components(ink)
    y, x = np.nonzero(ink)
    part = parts.labels[y, x] - 1
    within = np.bincount(part[inside[y, x]], minlength=len(parts))
    least = params.speck * _line_height(inside & ink) ** 2
    core = _core(inside, params)
    joined = np.bincount(part[core[y, x]], minlength=len(parts)) >= least
    mine = ((within >= params.most * parts.area) & (parts.area >= least)) | joined
    whole = within >= params.whole * parts.area
    kept = mine[part] & (inside[y, x] | whole[part])
    own = np.zeros(ink.shape, np.bool_)
    own[y[kept], x[kept]] = True
    return own


def _core(inside: Ink, params: WordParams) -> Ink:
    """What lies deepest within a boundary, from above and below: the rows of the small letters."""
    rows = np.arange(len(inside), dtype=np.int32)[:, None]
    top, below = inside.argmax(axis=0), len(inside) - inside[::-1].argmax(axis=0)
    depth = np.where(inside, np.minimum(rows - top + 1, below - rows), 0)
    # The window is wider than the line, by more than a short word's own width.
    within = inside.any(axis=0)
    middle = float(np.median(depth.max(axis=0)[within])) if within.any() else 0.0
    return np.asarray(depth > params.core * middle)


def _line_height(mask: Ink) -> float:
    """Rows over which most of the ink lies: steadier than the boundary's height."""
    rows = np.cumsum(mask.sum(axis=1))
    if rows[-1] == 0:
        return float(len(rows))
    low, high = np.searchsorted(rows, (0.02 * rows[-1], 0.98 * rows[-1]))
    return float(max(1, high - low + 1))


def _runs(columns: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs of True."""
    # Padded with blanks so that a run touching an end still opens and closes.
    edges = np.flatnonzero(np.diff(columns, prepend=False, append=False))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _cuts(
    profile: NDArray[np.float64], spans: list[Span], height: float, params: WordParams
) -> list[int]:
    """Where words part: increasing columns from 0 to the width."""
    width = len(profile)
    cuts = [0]
    white = _white_depth(profile)
    for later, ((a, b), (c, d)) in zip(range(len(spans) - 1, 0, -1), pairwise(spans), strict=True):
        middle = (b + c) / 2
        # A cut must leave the better part of both words uncut.
        low = max(cuts[-1] + 1, round(min(b - 0.4 * (b - a), middle)))
        # Every later word is left a column.
        low = max(0, min(low, width - later))
        high = max(low + 1, min(width - later, round(max(c + 0.4 * (d - c), middle))) + 1)
        column = np.arange(low, min(high, width))
        distance = np.abs(column - middle) / height
        inked = profile[column] / height
        cost = distance + inked - params.gap_worth * np.minimum(white[column] / height, 0.5)
        cuts.append(int(column[cost.argmin()]))
    return [*cuts, width]


def _white_depth(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each white column to the nearest inked one, 0 on ink; greatest mid-gap."""
    white = (profile == 0).astype(np.uint8)[None]
    # Outside the line there is white, too: only ink within it bounds a gap.
    return np.asarray(cv2.distanceTransform(white, cv2.DIST_L1, 3)[0], np.float64)


def _near(
    profile: NDArray[np.float64], a: float, b: float, first: int, last: int, reach: float
) -> tuple[int, int] | None:
    """The columns between two cuts whose ink is on a span or hangs together with it."""
    runs = _runs(profile[first:last] > 0)
    if not runs:
        return None
    groups: list[tuple[int, int]] = [runs[0]]
    for start, stop in runs[1:]:
        if start - groups[-1][1] <= reach:
            groups[-1] = (groups[-1][0], stop)
        else:
            groups.append((start, stop))
    near = [g for g in groups if g[1] + first > a - reach and g[0] + first < b + reach]
    return (first + near[0][0], first + near[-1][1]) if near else None


def _at_least_one(first: int, last: int, width: int) -> tuple[int, int]:
    first = min(max(first, 0), width - 1)
    return first, max(first + 1, min(last, width))


def _tight(mask: Ink, first: int, last: int, left: int, top: int) -> Box:
    """The box of the ink between two columns, in page pixels."""
    part = mask[:, first:last]
    columns = np.flatnonzero(part.any(axis=0))
    rows = np.flatnonzero(part.any(axis=1))
    x, y = left + first, top
    return Box(
        x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1
    )


def _empty_word(
    a: float, b: float, first: int, last: int, boundary: Polygon, left: int, height: int
) -> Box:
    """A box for a word without ink: its span between the cuts, over the line's height."""
    start = min(max(round(a), first), last - 1)
    stop = max(start + 1, min(round(b), last))
    ys = [y for _, y in boundary]
    top = min(max(0, math.floor(min(ys))), height - 1)
    return Box(left + start, top, left + stop, max(top + 1, min(height, math.ceil(max(ys)))))
