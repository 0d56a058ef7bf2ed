"""Find text lines in a straight page: their ink, boundaries and baselines."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box, Polygon
from segment.arrays import Floats, Ink, require_ink
from segment.components import find_components
from segment.polygons import ring, simplified
from segment.profiles import local_profiles
from segment.ridges import Curve, RidgeParams, edges, smoothed, trace


@dataclass(frozen=True, slots=True)
class LineParams:
    """Settings of `find_lines`; lengths in x-heights."""

    ridges: RidgeParams = field(default_factory=RidgeParams)
    cell: float = 0.5  # width of a local profile
    reach_up: float = 2.4  # ink further from a line's middle is not that line's
    reach_down: float = 2.2
    whole: float = 0.7  # a component with this share of its ink in one line is not cut,
    tallest: float = 5.0  # unless it is taller than this
    ascent: float = 1.5  # a line reaches at least so far above its baseline
    descent: float = 0.35  # and below
    pad_top: float = 0.35  # white about the ink, inside the boundary
    pad: float = 0.15
    short: float = 7.0  # lines shorter than this get more white on all sides,
    pad_short: float = 0.4  # for a tight box about a figure or two leaves its reader no context
    min_width: float = 0.7
    min_height: float = 0.5
    min_ink: float = 0.25  # squared x-heights of ink that make a line


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text as found.

    Attributes:
        boundary: simple polygon around its ink.
        baseline: points left to right.
        box: the ink's box.
        x_height: height of its small letters, pixels.
        strength: its mean stripe response, see `segment.profiles.stripes`.
        area: pixels of ink.
        doubtful: it may be no writing; reading has to tell.
    """

    boundary: Polygon
    baseline: Polygon
    box: Box
    x_height: float
    strength: float = 0.0
    area: int = 0
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class _Points:
    """Coordinates of ink pixels and the line that owns each, from 0."""

    y: NDArray[np.int64]
    x: NDArray[np.int64]
    line: NDArray[np.int64]


def find_lines(
    ink: Ink, barriers: Ink, x_height: float, params: LineParams = LineParams()
) -> list[TextLine]:
    """Find the text lines of a page.

    Args:
        ink: bool (H, W), rulings, borders and specks dropped, skew below about 2°.
        barriers: bool (H, W), places that no line crosses (rulings, gaps between columns).
        x_height: height of small letters, pixels; best between 6 and 15.
        params: see `LineParams`.

    Returns:
        The lines, top to bottom by their boxes; empty for a blank page.
    """
    require_ink(ink)
    cell_px = max(1, round(params.cell * x_height))
    profiles = local_profiles(ink, cell_px)
    walls = local_profiles(barriers, cell_px) > 0
    curves = trace(profiles, walls, x_height, cell_px, params.ridges)
    if not curves:
        return []
    fine = smoothed(profiles, x_height, cell_px)
    owner = _owners(fine, curves, x_height, params)
    points = _assign(ink, owner, cell_px, x_height, params)
    lines = _shapes(points, curves, fine, cell_px, x_height, params, ink.shape)
    return sorted(lines, key=lambda line: (line.box.top, line.box.left))


def _owners(fine: Floats, curves: list[Curve], x_height: float, params: LineParams) -> Floats:
    """Which line each cell belongs to: int32 (H, C), line + 1, 0 for none."""
    height, cells = fine.shape
    cell = np.concatenate([np.arange(c.start, c.stop) for c in curves])
    y = np.concatenate([c.y for c in curves])
    line = np.concatenate([np.full(len(c.y), i) for i, c in enumerate(curves)])
    order = np.lexsort((y, cell))
    cell, y, line = cell[order], y[order], line[order]
    top = np.clip(np.round(y - params.reach_up * x_height), 0, height).astype(np.int64)
    bottom = np.clip(np.round(y + params.reach_down * x_height), 0, height).astype(np.int64)
    same = np.flatnonzero(cell[1:] == cell[:-1])
    between = _valleys(fine, cell[same], y[same], y[same + 1])
    bottom[same] = np.minimum(bottom[same], between)
    top[same + 1] = np.maximum(top[same + 1], between)
    steps = np.zeros((height + 1, cells), np.int32)
    np.add.at(steps, (top, cell), line + 1)
    np.add.at(steps, (bottom, cell), -(line + 1))
    return np.asarray(np.cumsum(steps[:-1], axis=0))


def _valleys(
    fine: Floats, cell: NDArray[np.int64], upper: Floats, lower: Floats
) -> NDArray[np.int64]:
    """The whitest row between each pair of line middles, near halfway if all is alike."""
    share = np.linspace(0.3, 0.8, 11, dtype=np.float32)[:, None]
    rows = np.round(upper + share * (lower - upper)).astype(np.int64)
    rows = np.clip(rows, 0, fine.shape[0] - 1)
    cost = fine[rows, cell[None]] + 0.15 * np.abs(share - 0.55)
    return np.asarray(rows[cost.argmin(axis=0), np.arange(len(cell))])


def _assign(ink: Ink, owner: Floats, cell_px: int, x_height: float, params: LineParams) -> _Points:
    """Give components to lines: whole where one line has most of it, else cut."""
    found = find_components(ink)
    y, x = np.nonzero(ink)
    component = found.labels[y, x].astype(np.int64) - 1
    line = owner[y, x // cell_px].astype(np.int64)
    lines = int(owner.max()) + 1
    pairs, counts = np.unique(component * lines + line, return_counts=True)
    winner = np.zeros(len(found), np.int64)
    best = np.zeros(len(found), np.int64)
    order = np.argsort(counts, kind="stable")
    winner[pairs[order] // lines] = pairs[order] % lines
    best[pairs[order] // lines] = counts[order]
    whole = (best >= params.whole * found.area) & (found.height <= params.tallest * x_height)
    line = np.where(whole[component], winner[component], line)
    keep = line > 0
    return _Points(y[keep], x[keep], line[keep] - 1)


def _shapes(
    points: _Points,
    curves: list[Curve],
    fine: Floats,
    cell_px: int,
    x_height: float,
    params: LineParams,
    shape: tuple[int, ...],
) -> list[TextLine]:
    order = np.argsort(points.line, kind="stable")
    cuts = np.searchsorted(points.line[order], np.arange(len(curves) + 1))
    lines: list[TextLine] = []
    for i, curve in enumerate(curves):
        mine = order[cuts[i] : cuts[i + 1]]
        if len(mine) < max(4.0, params.min_ink * x_height * x_height):
            continue
        line = _shape(points.x[mine], points.y[mine], curve, fine, cell_px, x_height, params)
        if line is not None:
            lines.append(line)
    return lines


def _shape(
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    curve: Curve,
    fine: Floats,
    cell_px: int,
    x_height: float,
    params: LineParams,
) -> TextLine | None:
    """Boundary and baseline of a line from its ink."""
    box = Box(int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
    if box.width < params.min_width * x_height or box.height < params.min_height * x_height:
        return None
    top, base = edges(fine, curve, x_height)
    size = float(np.clip(np.median(base - top), 0.4 * x_height, 2.5 * x_height))
    first, last = box.left // cell_px, (box.right - 1) // cell_px
    cells = np.arange(first, last + 1)
    at = np.clip(cells - curve.start, 0, len(base) - 1)
    base = base[at]
    upper, lower = _envelope(x // cell_px - first, y, base, size, params)
    more = params.pad_short if box.width < params.short * x_height else 0.0
    pad = max(1.0, (params.pad + more) * x_height)
    pad_top = max(1.0, (params.pad_top + more) * x_height)
    xs = np.clip((cells + 0.5) * cell_px, box.left, box.right).astype(np.float32)
    xs[0], xs[-1] = box.left, box.right
    if len(xs) == 1:
        xs, upper, lower, base = (np.repeat(v, 2) for v in (xs, upper, lower, base))
        xs = np.asarray([box.left, box.right], np.float32)
    return TextLine(
        boundary=_padded(xs, upper - pad_top, lower + pad, pad, 0.12 * x_height, fine.shape[0]),
        baseline=simplified(xs, base, 0.12 * x_height),
        box=box,
        x_height=size,
        strength=curve.weight / len(curve.y),
        area=len(x),
    )


def _envelope(
    cell: NDArray[np.int64],
    y: NDArray[np.int64],
    base: Floats,
    x_height: float,
    params: LineParams,
) -> tuple[Floats, Floats]:
    """Top and bottom of the ink per cell, at least the small letters', evened out."""
    upper = base - np.float32(params.ascent * x_height)
    lower = base + np.float32(params.descent * x_height)
    np.minimum.at(upper, cell, y.astype(np.float32))
    np.maximum.at(lower, cell, y.astype(np.float32) + 1)
    return _running(upper, np.minimum), _running(lower, np.maximum)


def _running(values: Floats, pick: np.ufunc) -> Floats:
    """The extreme over each cell and its four neighbours."""
    padded = np.pad(values, 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5)
    return np.asarray(pick.reduce(windows, axis=1), np.float32)


def _padded(
    xs: Floats, upper: Floats, lower: Floats, pad: float, slack: float, height: int
) -> Polygon:
    """The polygon between two curves over the same xs, drawn out by `pad` at both ends."""
    xs = xs.copy()
    xs[0], xs[-1] = xs[0] - pad, xs[-1] + pad
    return ring(xs, np.clip(upper, 0, height - 1), np.clip(lower, 1, height), slack)
