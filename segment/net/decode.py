"""The network's maps to text lines: components of cores, cut at ends, given their extents."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from segment.arrays import Floats, Ink, Labels
from segment.lines import TextLine
from segment.net.targets import BASE, BOTTOM, CELL, CORE, END, TOP, UNIT
from segment.polygons import ring, simplified


@dataclass(frozen=True, slots=True)
class DecodeParams:
    """Settings of `decode`; lengths in `UNIT`, but for cells."""

    core: float = 0.5  # probability from which a cell is core
    end: float = 0.5  # probability from which it is an end, and joins nothing
    agree: float = 0.4  # cells above each other are of one line if their baselines differ by less,
    dispute_cells: int = 3  # or if those that differ are fewer than this in a row
    regrow_cells: float = 3.5  # ends go to the nearest line within this distance
    min_cells: int = 4  # smaller components are no lines
    min_width: float = 0.4
    smooth_cells: int = 5  # width of the window that evens out the curves
    least_rise: float = 0.8  # a line reaches at least so far above its baseline
    least_fall: float = 0.15  # and below
    slack: float = 0.12  # a polygon may miss the curves by so much
    letters: float = 0.5  # share of the rise that is the height of small letters
    margin: float = 0.15  # a polygon reaches so far beyond its ink, left and right


def decode(maps: Floats, ink: Ink, params: DecodeParams = DecodeParams()) -> list[TextLine]:
    """Find the lines that maps speak of.

    Args:
        maps: float32 (CHANNELS, H, W), see `segment.net.targets`; the masks as probabilities.
        ink: bool (H * CELL, W * CELL) or up to a cell less, without rulings. Lines are drawn in,
            left and right, to the ink of their small letters, since cells are coarse.
        params: see `DecodeParams`.

    Returns:
        The lines in pixels of the level page, top to bottom by their boxes.
    """
    core = np.where(_disputed(maps, params), 0, maps[CORE])
    labels = _components(core, maps[END], params)
    y, x = np.nonzero(labels)
    if not len(y):
        return []
    owner = labels[y, x] - 1
    order = np.lexsort((x, owner))
    y, x, owner = y[order], x[order], owner[order]
    cuts = np.searchsorted(owner, np.arange(int(owner.max()) + 2))
    lines = []
    for first, last in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        if last - first >= params.min_cells:
            line = _line(maps, y[first:last], x[first:last], ink, params)
            if line is not None:
                lines.append(line)
    return sorted(lines, key=lambda line: (line.box.top, line.box.left))


def _disputed(maps: Floats, params: DecodeParams) -> Ink:
    """Cells with another baseline than the cells above, several in a row, bool (H, W).

    An insertion stands so close over its line that their cores touch; what parts them is that the
    network sees two baselines.
    """
    base = (np.arange(len(maps[BASE])) + 0.5)[:, None] * (CELL / UNIT) + maps[BASE]
    found = np.zeros(base.shape, np.bool_)
    found[1:] = np.abs(np.diff(base, axis=0)) > params.agree
    row = np.ones((1, params.dispute_cells), np.uint8)
    return np.asarray(cv2.morphologyEx(found.view(np.uint8), cv2.MORPH_OPEN, row), np.bool_)


def _components(core: Floats, end: Floats, params: DecodeParams) -> Labels:
    """Which line each core cell belongs to, from 1; 0 for none."""
    inked = core >= params.core
    seeds = (inked & (end < params.end)).astype(np.uint8)
    count, labels = cv2.connectedComponents(seeds, connectivity=8, ltype=cv2.CV_32S)
    if count < 2:
        return np.zeros(core.shape, np.int32)
    distance, nearest = cv2.distanceTransformWithLabels(
        1 - seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    names = np.zeros(int(nearest.max()) + 1, np.int32)
    names[nearest[seeds > 0]] = labels[seeds > 0]
    grown = np.where(inked & (distance <= params.regrow_cells), names[nearest], labels)
    return np.asarray(grown, np.int32)


def _line(
    maps: Floats, y: NDArray[np.int64], x: NDArray[np.int64], ink: Ink, params: DecodeParams
) -> TextLine | None:
    """Boundary and baseline of a line from its cells, which are sorted by column."""
    first, last = int(x[0]), int(x[-1])
    base, rise, fall = _curves(maps, y, x, params)
    height, width = ink.shape
    letters = params.letters * float(np.median(rise))
    span = _inked(ink, first * CELL, min((last + 1) * CELL, width), base, letters)
    if span is None or span[1] - span[0] < params.min_width * UNIT:
        return None
    margin = params.margin * UNIT
    left, right = max(0.0, span[0] - margin), min(float(width), span[1] + margin)
    centers = ((np.arange(first, last + 1) + 0.5) * CELL).astype(np.float32)
    inner = centers[(centers > left) & (centers < right)]
    xs = np.array([left, *inner, right], np.float32)
    base, rise, fall = (
        np.interp(xs, centers, values).astype(np.float32) for values in (base, rise, fall)
    )
    slack = params.slack * UNIT
    upper = np.clip(base - rise, 0, height - 1)
    lower = np.clip(base + fall, 1, height)
    top, bottom = int(upper.min()), int(np.ceil(lower.max()))
    return TextLine(
        boundary=ring(xs, upper, lower, slack),
        baseline=simplified(xs, np.clip(base, 0, height), slack),
        box=Box(span[0], top, span[1], max(bottom, top + 1)),
        x_height=letters,
        strength=float(maps[CORE, y, x].mean()),
        area=len(x),
    )


def _inked(ink: Ink, left: int, right: int, base: Floats, letters: float) -> tuple[int, int] | None:
    """The columns from the first to the last that hold ink of small letters; None without any.

    What counts lies along the baseline, a value a cell: a line that climbs keeps its ends.
    """
    at = np.repeat(base, CELL)[: right - left]
    tops, bottoms = np.round(at - 1.5 * letters), np.round(at + 0.3 * letters)
    top, bottom = max(0, int(tops.min())), min(len(ink), int(bottoms.max()) + 1)
    rows = np.arange(top, bottom)[:, None]
    band = ink[top:bottom, left:right] & (rows >= tops) & (rows < np.maximum(bottoms, tops + 1))
    columns = np.flatnonzero(band.any(axis=0))
    return (left + int(columns[0]), left + int(columns[-1]) + 1) if len(columns) else None


def _curves(
    maps: Floats, y: NDArray[np.int64], x: NDArray[np.int64], params: DecodeParams
) -> tuple[Floats, Floats, Floats]:
    """Baseline and the reach above and below it for each column of a line's cells."""
    weight = maps[CORE, y, x].astype(np.float64)
    middle = (y + 0.5) * CELL
    base = middle + UNIT * maps[BASE, y, x]
    rise = UNIT * (maps[TOP, y, x] + maps[BASE, y, x])
    fall = UNIT * (maps[BOTTOM, y, x] - maps[BASE, y, x])
    at = x - x[0]
    mass = np.bincount(at, weight)
    known = np.flatnonzero(mass)
    columns = np.arange(len(mass))
    curves = []
    for values in (base, rise, fall):
        mean = np.bincount(at, weight * values)[known] / mass[known]
        curves.append(_even(np.interp(columns, known, mean), params.smooth_cells))
    least_rise, least_fall = params.least_rise * UNIT, params.least_fall * UNIT
    return curves[0], np.maximum(curves[1], least_rise), np.maximum(curves[2], least_fall)


def _even(values: NDArray[np.float64], window: int) -> Floats:
    """Running means over `window` places."""
    half = min(window // 2, len(values) - 1)
    padded = np.pad(values, half, mode="reflect", reflect_type="odd")
    kernel = np.full(2 * half + 1, 1 / (2 * half + 1))
    return np.convolve(padded, kernel, mode="valid").astype(np.float32)
