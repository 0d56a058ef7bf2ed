"""Follow the middles of text lines across a page's local profiles."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.arrays import Floats, Ink
from segment.profiles import blur, stripes


@dataclass(frozen=True, slots=True)
class RidgeParams:
    """Settings of `trace`; lengths in x-heights."""

    scales: tuple[float, ...] = (0.6, 0.8, 1.0, 1.3, 1.7, 2.3)  # of the page's x-height
    region: float = 5.0  # text size is taken as constant over about this distance
    smear: float = 1.5  # deviation of the smoothing along the line
    weak: float = 0.02  # a place is on a line if its stripe response is above this,
    apart: float = 0.4  # lines are further apart than this
    strong: float = 0.055  # and the line's best response above this
    climb: float = 0.3  # a line rises by no more than this from cell to cell
    crowd: float = 0.55  # of the line spacing: a weaker line this near a stronger one is part of it
    closest: float = 1.2  # bounds on that distance
    farthest: float = 2.6
    gap: float = 5.0  # pieces of a line are joined over no more than this
    offset: float = 0.5  # and if they meet to within this


@dataclass(frozen=True, slots=True)
class Curve:
    """The middle of a text line, cell by cell.

    Attributes:
        start: first cell.
        y: float32 (n,), middle of the small letters.
        sigma: float32 (n,), half their height.
        strength: the line's best stripe response.
        weight: sum of its responses.
    """

    start: int
    y: Floats
    sigma: Floats
    strength: float
    weight: float

    @property
    def stop(self) -> int:
        """One past the last cell."""
        return self.start + len(self.y)


@dataclass(frozen=True, slots=True)
class _Nodes:
    """Local maxima of the stripe response, ordered by cell, then y."""

    cell: NDArray[np.int64]
    y: Floats
    sigma: Floats
    response: Floats


def trace(
    profiles: Floats, barriers: Ink, x_height: float, cell_px: int, params: RidgeParams
) -> list[Curve]:
    """Find the middles of text lines.

    Maxima of the stripe response (`segment.profiles.stripes`) at the text size of their
    surroundings are linked from column to column, and the pieces joined over word gaps.

    Args:
        profiles: float32 (H, C), local profiles.
        barriers: bool (H, C), cells that no line may cross.
        x_height: the page's height of small letters, pixels.
        cell_px: width of a cell.
        params: see `RidgeParams`.

    Returns:
        The lines' curves, in no particular order.
    """
    response, sigma = _respond(profiles, x_height, cell_px, params)
    response[barriers] = 0
    nodes = _maxima(response, sigma, params.weak, round(params.apart * x_height))
    pieces = _link(nodes, params.climb * x_height)
    pieces = [p for p in pieces if len(p.y) * cell_px >= 0.5 * x_height]
    joined = _join(pieces, barriers, x_height, cell_px, params)
    strong = [c for c in joined if c.strength >= params.strong]
    return _thin_out(strong, profiles.shape, x_height, params)


def _respond(
    profiles: Floats, x_height: float, cell_px: int, params: RidgeParams
) -> tuple[Floats, Floats]:
    """Stripe response at the scale that suits each place, and that scale (deviation, px)."""
    sigmas = [0.5 * x_height * scale for scale in params.scales]
    smear = params.smear * x_height / cell_px
    layers = np.stack([stripes(profiles, sigma, smear) for sigma in sigmas])
    reach = 2 * round(params.region * x_height) + 1
    window = (2 * round(2 * params.region * x_height / cell_px) + 1, reach)
    energy = np.stack([cv2.blur(np.square(np.maximum(layer, 0)), window) for layer in layers])
    best = energy.argmax(axis=0)
    chosen = np.take_along_axis(layers, best[None], axis=0)[0]
    return np.asarray(chosen, np.float32), np.asarray(sigmas, np.float32)[best]


def _maxima(response: Floats, sigma: Floats, weak: float, apart_px: int) -> _Nodes:
    """The places that beat all within `apart_px` above and below."""
    # Where the chosen scale changes, the response steps: neighbours alone would not do.
    window = np.ones((2 * max(1, apart_px) + 1, 1), np.uint8)
    peak = (response > weak) & (response >= cv2.dilate(response, window))
    cell, y = np.nonzero(peak.T)
    return _Nodes(cell, y.astype(np.float32), sigma[y, cell], response[y, cell])


def _link(nodes: _Nodes, climb_px: float) -> list[Curve]:
    """Chains of nodes in neighbouring cells that are each other's nearest."""
    follower = np.full(len(nodes.cell), -1)
    starts = np.searchsorted(nodes.cell, np.arange(nodes.cell.max(initial=0) + 3))
    for cell in range(len(starts) - 2):
        here = np.arange(starts[cell], starts[cell + 1])
        there = np.arange(starts[cell + 1], starts[cell + 2])
        if here.size and there.size:
            distance = np.abs(nodes.y[here][:, None] - nodes.y[there][None, :])
            right, left = distance.argmin(axis=1), distance.argmin(axis=0)
            rows = np.arange(here.size)
            mutual = (left[right] == rows) & (distance[rows, right] <= climb_px)
            follower[here[mutual]] = there[right[mutual]]
    return _chains(nodes, follower)


def _chains(nodes: _Nodes, follower: NDArray[np.int64]) -> list[Curve]:
    is_first = np.ones(len(follower), np.bool_)
    is_first[follower[follower >= 0]] = False
    curves: list[Curve] = []
    for first in np.flatnonzero(is_first).tolist():
        chain = [first]
        while follower[chain[-1]] >= 0:
            chain.append(int(follower[chain[-1]]))
        strength = float(nodes.response[chain].max())
        start = int(nodes.cell[first])
        weight = float(nodes.response[chain].sum())
        curves.append(Curve(start, nodes.y[chain], nodes.sigma[chain], strength, weight))
    return curves


def _join(
    pieces: list[Curve], barriers: Ink, x_height: float, cell_px: int, params: RidgeParams
) -> list[Curve]:
    """Join pieces end to start, the best fitting pairs first."""
    gap_cells = round(params.gap * x_height / cell_px)
    starts, stops = (np.array([getattr(p, of) for p in pieces]) for of in ("start", "stop"))
    ahead, behind = (_ends(pieces, last=last) for last in (True, False))
    by_start = np.argsort(starts, kind="stable")
    bounds = np.stack([stops - 3, stops + gap_cells + 1])
    firsts, lasts = (
        np.searchsorted(starts, bounds, sorter=by_start).tolist() if pieces else ((), ())
    )
    fits: list[tuple[float, int, int]] = []
    for i, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        near = by_start[first:last]
        gaps = starts[near] - stops[i]
        # Each piece is led on by its slope to the middle of the gap.
        cells = np.maximum(0, gaps) / 2 + 1
        led = ahead[i, 0] + ahead[i, 1] * cells - behind[near, 0] - behind[near, 1] * cells
        misses = np.abs(led) / (x_height * params.offset)
        for place in np.flatnonzero((misses <= 1) & (near != i)).tolist():
            j = int(near[place])
            if not _barred(pieces[i], pieces[j], barriers):
                fits.append((float(misses[place] + gaps[place] / gap_cells), i, j))
    follower: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(fits):
        if i not in follower and j not in taken:
            follower[i] = j
            taken.add(j)
    return [_concatenate(pieces, i, follower) for i in range(len(pieces)) if i not in taken]


def _ends(pieces: list[Curve], last: bool) -> NDArray[np.float64]:
    """Where curves end or, seen from there, begin, and their slopes outwards, float64 (N, 2)."""
    found = np.zeros((len(pieces), 2))
    for place, curve in enumerate(pieces):
        y = curve.y[-8:] if last else curve.y[:8][::-1]
        # Short pieces have no slope to speak of.
        slope = float(y[-1] - y[0]) / (len(y) - 1) if len(y) >= 6 else 0.0
        found[place] = float(y[-3:].mean()), slope
    return found


def _barred(left: Curve, right: Curve, barriers: Ink) -> bool:
    y0, y1 = sorted((int(left.y[-1]), int(right.y[0])))
    x0, x1 = sorted((left.stop - 1, right.start))
    return bool(barriers[y0 : y1 + 1, x0 : x1 + 1].any())


def _concatenate(pieces: list[Curve], first: int, follower: dict[int, int]) -> Curve:
    curve = pieces[first]
    seen = {first}
    while first in follower and follower[first] not in seen:
        first = follower[first]
        seen.add(first)
        curve = _append(curve, pieces[first])
    return curve


def _append(left: Curve, right: Curve) -> Curve:
    """One curve out of two, straight over the gap between them."""
    if right.stop <= left.stop:
        return left
    keep = right.y[max(0, left.stop - right.start) :]
    keep_sigma = right.sigma[-len(keep) :]
    gap = max(0, right.start - left.stop)
    bridge = np.linspace(left.y[-1], keep[0], gap + 2, dtype=np.float32)[1:-1]
    bridge_sigma = np.full(gap, left.sigma[-1], np.float32)
    return replace(
        left,
        y=np.concatenate([left.y, bridge, keep]),
        sigma=np.concatenate([left.sigma, bridge_sigma, keep_sigma]),
        strength=max(left.strength, right.strength),
        weight=left.weight + right.weight,
    )


def _thin_out(
    curves: list[Curve], shape: tuple[int, ...], x_height: float, params: RidgeParams
) -> list[Curve]:
    """Drop the stripes that ascenders and descenders make beside the lines they belong to."""
    kept = _uncrowded(curves, params.closest * x_height, shape)
    spacing = _spacing(kept, x_height)
    low, high = params.closest * x_height, params.farthest * x_height
    return _uncrowded(kept, float(np.clip(params.crowd * spacing, low, high)), shape)


def _uncrowded(curves: list[Curve], distance_px: float, shape: tuple[int, ...]) -> list[Curve]:
    """Curves, heaviest first, that are not mostly within a distance of those taken before."""
    taken = np.zeros(shape, np.bool_)
    kept: list[Curve] = []
    for curve in sorted(curves, key=lambda c: -c.weight):
        cells = np.arange(curve.start, curve.stop)
        rows = np.clip(np.round(curve.y).astype(np.int64), 0, shape[0] - 1)
        if taken[rows, cells].mean() > 0.5:
            continue
        kept.append(curve)
        _take(taken, curve, distance_px)
    return kept


def _take(taken: Ink, curve: Curve, distance_px: float) -> None:
    """Mark the cells within a distance above and below a curve."""
    y = curve.y.astype(np.float64)
    first, last = np.round(y - distance_px), np.round(y + distance_px)
    rows = first + np.arange(int((last - first).max()) + 1)[:, None]
    inside = (rows >= 0) & (rows <= last) & (rows < len(taken))
    step, place = np.nonzero(inside)
    taken[rows[step, place].astype(np.int64), curve.start + place] = True


def _spacing(curves: list[Curve], x_height: float) -> float:
    """Median distance from a line to the next below it, pixels; 0 if there are too few lines."""
    longest = sorted(curves, key=lambda c: -len(c.y))[: max(4, len(curves) * 4 // 5)]
    cell = np.concatenate([np.arange(c.start, c.stop) for c in longest]) if longest else np.zeros(0)
    y = np.concatenate([c.y for c in longest]) if longest else np.zeros(0)
    order = np.lexsort((y, cell))
    steps = np.diff(y[order])[np.diff(cell[order]) == 0]
    steps = steps[steps < 12 * x_height]
    return float(np.quantile(steps, 0.4)) if steps.size else 0.0


def edges(profiles: Floats, curve: Curve, x_height: float) -> tuple[Floats, Floats]:
    """Upper and lower edge of the small letters along a curve.

    The edges are where the smoothed ink grows and falls fastest on the way down.

    Args:
        profiles: float32 (H, C), already smoothed.
        curve: the line's middle.
        x_height: height of small letters, pixels.

    Returns:
        Two float32 (n,): x-line and baseline, smoothed along the line.
    """
    height = profiles.shape[0]
    cells = np.arange(curve.start, curve.stop)[None]
    steps = np.arange(0, max(2, round(1.2 * x_height)))[:, None]
    middle = np.round(curve.y).astype(np.int64)[None]
    down = np.clip(middle + steps, 1, height - 2)
    up = np.clip(middle - steps, 1, height - 2)
    fall = profiles[down - 1, cells] - profiles[down + 1, cells]
    rise = profiles[up + 1, cells] - profiles[up - 1, cells]
    base = curve.y + _steepest(fall)
    top = curve.y - _steepest(rise)
    return smooth_along(top), smooth_along(base)


def smooth_along(values: Floats, cells: int = 9) -> Floats:
    """Median, then mean over `cells` neighbours, ends repeated."""
    padded = np.pad(values, cells // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, cells)
    medians = np.pad(np.median(windows, axis=1), cells // 2, mode="edge")
    mean = np.convolve(medians, np.full(cells, 1 / cells), mode="valid")
    return np.asarray(mean, np.float32)


def _steepest(slope: Floats) -> Floats:
    return np.asarray(slope.argmax(axis=0), np.float32)


def smoothed(profiles: Floats, x_height: float, cell_px: int) -> Floats:
    """Profiles smoothed just enough to find the edges of small letters."""
    return blur(profiles, 0.2 * x_height, 1.5 * x_height / cell_px)
