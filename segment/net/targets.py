"""True lines to the maps that the network learns: cores, ends, extents.

A map has a cell for every `CELL` x `CELL` pixels. The first two channels are masks: the cores, the
upper part of which holds a line's small letters; and the ends of cores, which keep neighbours in a
row apart. The others count within cores only: how far above the middle of the cell the line's top
lies, and how far below it the baseline and the bottom, in `UNIT` pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Point
from segment.arrays import Floats

CELL = 4  # pixels of the level page per side of a cell
UNIT = 9.0  # pixels: what `LevelParams.letter_px` makes of small letters
CORE, END, TOP, BASE, BOTTOM = range(5)
CHANNELS = 5


@dataclass(frozen=True, slots=True)
class TargetParams:
    """Settings of `outline` and `draw_targets`; lengths in `UNIT`, but for shares."""

    window: float = 8.0  # a top is the highest of the boundary within this width
    core: float = 0.5  # share of the height above the baseline that is core
    least_core: float = 0.7
    most_core: float = 1.8
    end: float = 0.7  # length of an end inside its core,
    end_share: float = 0.25  # at most this share of it,
    beyond: float = 0.7  # and outside
    upright: float = 2.0  # what is so many times higher than wide is no level line,
    upright_height: float = 7.0  # if it is higher than this, which a lone figure is not
    fair: float = 200.0  # cells of a core; each counts for more in a smaller one,
    most_weight: float = 4.0  # by so much at most
    known: float = 2.0  # so far about its lines it is known what a page in part transcribed holds


@dataclass(frozen=True, slots=True)
class Outline:
    """A line as three curves over the same x, level page pixels.

    Attributes:
        x: float32 (n,), increasing.
        top: float32 (n,), the boundary's upper edge, its peaks widened.
        base: float32 (n,), the baseline.
        bottom: float32 (n,), the lower edge, widened.
    """

    x: Floats
    top: Floats
    base: Floats
    bottom: Floats


def outline(
    boundary: Sequence[Point], baseline: Sequence[Point], params: TargetParams = TargetParams()
) -> Outline | None:
    """A line's curves from its boundary and baseline.

    Args:
        boundary: polygon, level page pixels.
        baseline: points; fewer than two, or points far from the boundary, are not believed.
        params: see `TargetParams`.

    Returns:
        The curves, or None for what is no level line.
    """
    points = np.asarray(boundary, np.float32).reshape(-1, 2)
    if len(points) < 3:
        return None
    (left, upper), (right, lower) = points.min(axis=0), points.max(axis=0)
    if right - left < 2 or lower - upper < 2:
        return None
    long, wide = float(lower - upper), float(right - left)
    if long > params.upright * wide and long > params.upright_height * UNIT:
        return None
    x, top, bottom = _edges(points)
    base = _believed(baseline, x, top, bottom)
    # Heights over the baseline are widened, not heights on the page: a line may slope.
    reach = max(1, round(0.5 * params.window * UNIT / CELL))
    rise, fall = _widened(base - top, reach), _widened(bottom - base, reach)
    return Outline(x, base - rise, base, base + fall)


def draw_targets(
    lines: Sequence[Outline], height: int, width: int, params: TargetParams = TargetParams()
) -> Floats:
    """The maps of a page of given size.

    Args:
        lines: of the page, level page pixels.
        height: rows of the page, pixels; a multiple of `CELL`.
        width: its columns; likewise.
        params: see `TargetParams`.

    Returns:
        float32 (CHANNELS, height / CELL, width / CELL).
    """
    maps = np.zeros((CHANNELS, height // CELL, width // CELL), np.float32)
    for line in lines:
        _draw_line(maps, line, params)
    return maps


def draw_weights(
    lines: Sequence[Outline],
    height: int,
    width: int,
    params: TargetParams = TargetParams(),
    partial: bool = False,
) -> Floats:
    """How much the cells of the masks count in a loss: more in and about short lines.

    A lone figure has a dozen cells and a line of prose hundreds, so that a network whose cells all
    count alike learns registers last.

    Args:
        lines: as for `draw_targets`.
        height: likewise.
        width: likewise.
        params: see `TargetParams`.
        partial: whether the page may have other lines, too; what is far from these does not count.

    Returns:
        float32 (height / CELL, width / CELL), 1 and more; 0 for what does not count.
    """
    weights = np.full((height // CELL, width // CELL), 0.0 if partial else 1.0, np.float32)
    for line in lines:
        core_px = _core_px(line, params)
        if partial:
            _raise_about(weights, line, core_px, params.known * UNIT, 1.0)
        cells = max(1.0, float(line.x[-1] - line.x[0]) * core_px / CELL**2)
        weight = min(params.most_weight, (params.fair / cells) ** 0.5)
        if weight > 1:
            _raise_about(weights, line, core_px, params.beyond * UNIT, weight)
    return weights


def _raise_about(
    weights: Floats, line: Outline, core_px: float, beyond: float, least: float
) -> None:
    """Let cells of a line's core, and so many pixels beyond, have a weight at least."""
    centers, at = _columns(line.x[0] - beyond, line.x[-1] + beyond, weights.shape[1])
    if len(at):
        base = np.interp(centers, line.x, line.base)
        y, k = _cells(base - core_px - beyond, base + beyond, len(weights))
        weights[y, at[k]] = np.maximum(weights[y, at[k]], least)


def _core_px(line: Outline, params: TargetParams) -> float:
    """How far a line's core reaches above its baseline, pixels."""
    rise = float(np.median(line.base - line.top))
    return float(np.clip(params.core * rise, params.least_core * UNIT, params.most_core * UNIT))


def _draw_line(maps: Floats, line: Outline, params: TargetParams) -> None:
    """Add a line to the maps."""
    length = float(line.x[-1] - line.x[0])
    inside = min(params.end * UNIT, params.end_share * length)
    beyond = params.beyond * UNIT
    centers, at = _columns(line.x[0] - beyond, line.x[-1] + beyond, maps.shape[2])
    if not len(at):
        return
    top, base, bottom = (np.interp(centers, line.x, y) for y in (line.top, line.base, line.bottom))
    y, k = _cells(base - _core_px(line, params), base, maps.shape[1])
    column = at[k]
    within = (centers[k] >= line.x[0]) & (centers[k] <= line.x[-1])
    near_end = (centers[k] < line.x[0] + inside) | (centers[k] > line.x[-1] - inside)
    maps[CORE, y[within], column[within]] = 1
    maps[END, y[near_end], column[near_end]] = 1
    middle = (y + 0.5) * CELL
    maps[TOP, y, column] = (middle - top[k]) / UNIT
    maps[BASE, y, column] = (base[k] - middle) / UNIT
    maps[BOTTOM, y, column] = (bottom[k] - middle) / UNIT


def _columns(left: float, right: float, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """Columns of cells whose middle lies in a span: their middles, pixels, and indices."""
    at = np.arange(max(0, int(left // CELL)), min(count, int(right // CELL) + 1))
    centers = ((at + 0.5) * CELL).astype(np.float32)
    keep = (centers >= left) & (centers <= right)
    return centers[keep], at[keep]


def _cells(
    upper: NDArray[np.float64], lower: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of cells whose middle lies between two curves, and the curves' index for each."""
    first = np.ceil(upper / CELL - 0.5).astype(np.int64)
    # A core thinner than the cells are far apart has one row all the same.
    last = np.maximum(first, np.floor(lower / CELL - 0.5).astype(np.int64))
    k = np.repeat(np.arange(len(first)), last - first + 1)
    start = np.cumsum(last - first + 1) - (last - first + 1)
    y = first[k] + np.arange(len(k)) - start[k]
    keep = (y >= 0) & (y < count)
    return y[keep], k[keep]


def _edges(points: Floats) -> tuple[Floats, Floats, Floats]:
    """Upper and lower edge of a polygon at steps of a cell."""
    left, right = float(points[:, 0].min()), float(points[:, 0].max())
    x = np.linspace(left, right, max(2, round((right - left) / CELL) + 1), dtype=np.float32)
    corner = np.floor(points.min(axis=0)).astype(np.int64) - 1
    size = np.ceil(points.max(axis=0)).astype(np.int64) - corner + 2
    mask = np.zeros((int(size[1]), int(size[0])), np.uint8)
    cv2.fillPoly(mask, [np.round(points - corner).astype(np.int32)], 1)
    inked = np.flatnonzero(mask.any(axis=0))
    top = mask.argmax(axis=0)[inked] + corner[1]
    bottom = mask.shape[0] - mask[::-1].argmax(axis=0)[inked] + corner[1]
    at = inked + corner[0]
    return (
        x,
        np.interp(x, at, top).astype(np.float32),
        np.interp(x, at, bottom).astype(np.float32),
    )


def _believed(baseline: Sequence[Point], x: Floats, top: Floats, bottom: Floats) -> Floats:
    """The baseline's y at given x, or a guess from the boundary where it lies outside it."""
    guess = (bottom - 0.25 * (bottom - top)).astype(np.float32)
    if len(baseline) < 2:
        return guess
    points = np.asarray(sorted(baseline), np.float32)
    base = np.interp(x, points[:, 0], points[:, 1]).astype(np.float32)
    inside = (base - top > 0.3 * (bottom - top)) & (base <= bottom + 0.1 * (bottom - top))
    return base if inside.mean() > 0.5 else guess


def _widened(values: Floats, reach: int) -> Floats:
    """The greatest value within `reach` places, at least 1."""
    padded = np.pad(values, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.asarray(np.maximum(windows.max(axis=1), 1), np.float32)
