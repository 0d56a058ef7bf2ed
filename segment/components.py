"""Connected components of ink, and what they tell of rulings, stains and specks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.arrays import Gray, Ink, Ints, Labels, require_ink


@dataclass(frozen=True, slots=True)
class Components:
    """Connected components of a mask, as parallel arrays of N entries.

    Attributes:
        labels: int32 (H, W); component i has the label i + 1, background 0.
        left: first column.
        top: first row.
        width: columns.
        height: rows.
        area: pixels of ink.
    """

    labels: Labels
    left: Ints
    top: Ints
    width: Ints
    height: Ints
    area: Ints

    def __len__(self) -> int:
        """How many components there are."""
        return len(self.area)


@dataclass(frozen=True, slots=True)
class RulingParams:
    """Settings of `split_rulings` and `drop_misfits`; lengths in x-heights."""

    across: float = 7.0  # horizontal rulings are at least this long,
    down: float = 9.0  # vertical ones this,
    thickness: float = 0.5  # and none is thicker
    bar_height: float = 3.5  # a component as tall as this
    bar_width: float = 0.7  # and no wider than this is a piece of a vertical ruling
    dash_width: float = 4.5  # a component as wide as this
    dash_height: float = 1.0  # and no taller than this, if solid and even, is a ruling;
    # uneven are joined letters: from column to column their edges move by more pixels than this.
    even: float = 0.6
    tallest: float = 9.0  # a component taller than this is no letter, nor are joined ones,
    solid: float = 0.5  # if so much of its box is ink,
    frame: float = 0.06  # or so little
    speck: float = 0.06  # components of less than this share of a squared x-height are specks


def find_components(ink: Ink) -> Components:
    """Label the 8-connected components of a mask.

    Args:
        ink: bool (H, W).

    Returns:
        The components, top to bottom by their first pixel.
    """
    require_ink(ink)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    left, top, width, height, area = stats[1:].T
    return Components(np.asarray(labels, np.int32), left, top, width, height, area)


def typical_height(
    found: Components,
    counting: NDArray[np.bool_] | None = None,
    smallest: float = 3.0,
    largest: float = 0.1,
) -> float:
    """Height of the component that the median pixel of ink belongs to.

    Large marks weigh more than specks, so noise does not set it: on print it is the height of a
    letter, on joined handwriting that of a word.

    Args:
        found: the components of the page's ink.
        counting: bool (N,), those to look at; None for all.
        smallest: components lower than this many pixels do not count,
        largest: nor do those taller than this share of the page.

    Returns:
        Pixels; 0 if nothing counts.
    """
    counts = (found.height >= smallest) & (found.height <= largest * max(found.labels.shape))
    if counting is not None:
        counts &= counting
    if not counts.any():
        return 0.0
    order = np.argsort(found.height[counts])
    mass = np.cumsum(found.area[counts][order])
    return float(found.height[counts][order][np.searchsorted(mass, mass[-1] / 2)])


def split_rulings(
    ink: Ink,
    x_height: float,
    params: RulingParams = RulingParams(),
    found: Components | None = None,
) -> tuple[Ink, Ink, Ink]:
    """Part rulings and underlines from letters.

    A ruling is a long thin run; where a letter's stroke crosses it, the stroke stays.

    Args:
        ink: bool (H, W), skew below about 0.5°.
        x_height: height of small letters, pixels.
        params: see `RulingParams`.
        found: the ink's components, if they are known.

    Returns:
        Three masks (H, W): ink without rulings, horizontal rulings, vertical rulings.
    """
    require_ink(ink)
    mask = ink.view(np.uint8)
    thickness = max(2, round(params.thickness * x_height))
    across = _runs(mask, round(params.across * x_height), thickness)
    down = _runs(mask.T, round(params.down * x_height), thickness).T
    dashes, bars = _pieces(find_components(ink) if found is None else found, x_height, params)
    across |= dashes
    down = down | bars
    return ink & ~across & ~down, across, down


def _pieces(found: Components, x_height: float, params: RulingParams) -> tuple[Ink, Ink]:
    """Short thick rulings, and pieces of broken vertical ones: components unlike any letter."""
    solid = found.area >= params.solid * found.width * found.height
    flat = found.height <= params.dash_height * x_height
    dash = (found.width >= params.dash_width * x_height) & flat & solid
    for number in np.flatnonzero(dash):
        dash[number] = _unevenness(found, int(number)) <= params.even
    slim = found.width <= params.bar_width * x_height
    bar = (found.height >= params.bar_height * x_height) & slim
    return drawn(found, dash), drawn(found, bar & ~dash)


def _unevenness(found: Components, number: int) -> float:
    """How many pixels a component's upper and lower edge move from column to column, together."""
    top, left = found.top[number], found.left[number]
    height, width = found.height[number], found.width[number]
    inside = found.labels[top : top + height, left : left + width] == number + 1
    edges = inside.argmax(axis=0), inside[::-1].argmax(axis=0)
    return float(sum(np.abs(np.diff(edge)).sum() for edge in edges) / width)


def drop_misfits(ink: Ink, x_height: float, params: RulingParams = RulingParams()) -> Ink:
    """Drop components that cannot be writing: specks, frames, photographs, stains.

    Args:
        ink: bool (H, W), rulings dropped.
        x_height: height of small letters, pixels.
        params: see `RulingParams`.

    Returns:
        bool (H, W).
    """
    found = find_components(ink)
    return drawn(found, fitting(found, x_height, params))


def fitting(
    found: Components, x_height: float, params: RulingParams = RulingParams()
) -> NDArray[np.bool_]:
    """Which components can be writing, bool (N,), see `drop_misfits`."""
    box = found.width * found.height
    tall = found.height > params.tallest * x_height
    filled = found.area / np.maximum(box, 1)
    misfit = tall & ((filled > params.solid) | (filled < params.frame))
    speck = found.area < max(2.0, params.speck * x_height * x_height)
    return np.asarray(~(misfit | speck))


def drawn(found: Components, chosen: NDArray[np.bool_]) -> Ink:
    """The ink of some components, bool (H, W); `chosen` is bool (N,)."""
    if not chosen.any():
        return np.zeros(found.labels.shape, np.bool_)
    # Labels are within bounds: checking two million of them takes as long as looking them up.
    return np.take(np.concatenate([[False], chosen]), found.labels, mode="clip")


def _runs(mask: Gray, length_px: int, thickness_px: int) -> Ink:
    """Pixels of long horizontal runs that are nowhere thicker than `thickness_px`."""
    source = np.ascontiguousarray(mask, np.uint8)
    # Scanned rulings waver by a pixel: look for runs in a mask thickened along y.
    thickened = cv2.dilate(source, np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(thickened, cv2.MORPH_OPEN, np.ones((1, max(3, length_px)), np.uint8))
    upright = cv2.morphologyEx(source, cv2.MORPH_OPEN, np.ones((thickness_px + 1, 1), np.uint8))
    return np.asarray((runs > 0) & (source > 0) & (upright == 0))
