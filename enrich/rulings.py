"""Page image -> the ruled lines on it, upright and level."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ruling:
    """A ruled line, in page pixels.

    Attributes:
        place: x of an upright line, y of a level one.
        start: where it begins, along it.
        end: where it ends.
        inked: how much of that is drawn.
    """

    place: float
    start: float
    end: float
    inked: float


@dataclass(frozen=True, slots=True)
class RulingParams:
    """Settings of `find_rulings`; lengths as shares of the image's height or width.

    Attributes:
        piece: shortest unbroken piece.
        upright: least length of an upright ruling, its pieces added up, of the height.
        level: least length of a level ruling, of the width.
        drift: how far a ruling may lean or bend, and how far apart two must be.
        working_px: longest side at which rulings are looked for.
    """

    piece: float = 0.02
    upright: float = 0.2
    level: float = 0.35
    drift: float = 0.008
    working_px: int = 2000


def find_rulings(
    gray: Gray, params: RulingParams = RulingParams()
) -> tuple[list[Ruling], list[Ruling]]:
    """Find upright and level ruled lines, left to right and top to bottom.

    Args:
        gray: uint8 (H, W), dark lines on light paper; skew below about 0.5°.
        params: see `RulingParams`.

    Raises:
        ValueError: if `gray` is not a 2-D uint8 array.
    """
    if gray.ndim != 2 or gray.dtype != np.uint8:
        raise ValueError(f"expected a uint8 (H, W) image, got {gray.dtype} {gray.shape}")
    scale = min(1.0, params.working_px / max(gray.shape))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (3, 3), 0)
    window = max(15, round(0.012 * max(small.shape)) | 1)
    mean = cv2.ADAPTIVE_THRESH_MEAN_C
    dark = cv2.adaptiveThreshold(blurred, 1, mean, cv2.THRESH_BINARY_INV, window, 8)
    ink = np.asarray(dark, np.uint8)
    upright = _along(ink, params.upright, params)
    level = _along(np.ascontiguousarray(ink.T), params.level, params)
    return [_grown(r, scale) for r in upright], [_grown(r, scale) for r in level]


def _along(ink: NDArray[np.uint8], least: float, params: RulingParams) -> list[Ruling]:
    """Upright rulings of an image."""
    height, width = ink.shape
    piece = max(5, round(params.piece * height))
    drift = max(2, round(params.drift * width))
    runs = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((piece, 1), np.uint8))
    count, _, stats, centres = cv2.connectedComponentsWithStats(runs, connectivity=8)
    slim = [i for i in range(1, count) if stats[i, cv2.CC_STAT_WIDTH] <= 2 * drift]
    slim.sort(key=lambda i: -int(stats[i, cv2.CC_STAT_HEIGHT]))
    groups: list[list[int]] = []
    for i in slim:
        near = (g for g in groups if abs(centres[g[0]][0] - centres[i][0]) <= drift)
        group = next(near, None)
        if group is None:
            groups.append(group := [])
        group.append(i)
    found = []
    for group in groups:
        tops = [int(stats[i, cv2.CC_STAT_TOP]) for i in group]
        lengths = [int(stats[i, cv2.CC_STAT_HEIGHT]) for i in group]
        if sum(lengths) >= least * height:
            bottom = max(top + length for top, length in zip(tops, lengths, strict=True))
            place = float(np.average([centres[i][0] for i in group], weights=lengths))
            found.append(Ruling(place, float(min(tops)), float(bottom), float(sum(lengths))))
    return sorted(found, key=lambda ruling: ruling.place)


def _grown(ruling: Ruling, scale: float) -> Ruling:
    numbers = (ruling.place, ruling.start, ruling.end, ruling.inked)
    return Ruling(*(number / scale for number in numbers))
