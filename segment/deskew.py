"""Find by how much a page's text is turned, from the variance of its row profiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.arrays import Ink, require_ink

_PARTS = 4  # of a row of pixels


@dataclass(frozen=True, slots=True)
class DeskewParams:
    """Settings of `find_skew`."""

    max_deg: float = 8.0  # larger angles are taken for something else than skew
    coarse_deg: float = 0.5
    fine_deg: float = 0.05
    long_side_px: int = 1200  # the page is reduced to this
    max_points: int = 40000  # ink pixels looked at
    min_gain: float = 1.05  # the profile must be this much sharper than the unturned page's,
    min_contrast: float = 1.5  # and than the middling angle's, or the page has no lines


Deskewer = Callable[[Ink, DeskewParams], float]


def find_skew(ink: Ink, params: DeskewParams = DeskewParams()) -> float:
    """Measure the skew of a page's text lines.

    The angle whose row profile has the largest sum of squared differences (Postl, Detection of
    linear oblique structures and skew scan in digitized documents, ICPR 1986), searched coarse to
    fine over a reduced page; ink pixels are projected, so no image is turned.

    Args:
        ink: bool (H, W).
        params: see `DeskewParams`.

    Returns:
        Degrees by which the text is turned counter-clockwise, to about 0.1; 0 when unsure.
    """
    require_ink(ink)
    x, y = _points(ink, params)
    if x.size < 200:
        return 0.0
    steps = math.ceil(params.max_deg / params.coarse_deg)
    coarse = np.arange(-steps, steps + 1) * params.coarse_deg
    sharpness = np.array([_sharpness(x, y, angle) for angle in coarse])
    best = float(coarse[sharpness.argmax()])
    reach = np.arange(-params.coarse_deg, params.coarse_deg + 1e-9, params.fine_deg)
    fine = best + reach
    sharp = np.array([_sharpness(x, y, angle) for angle in fine])
    # The peak is flat at the top, to within the pixels' rounding: take its middle.
    best = float(fine[sharp >= 0.97 * sharp.max()].mean())
    at_limit = abs(best) >= params.max_deg - params.coarse_deg
    no_better = sharp.max() < params.min_gain * _sharpness(x, y, 0.0)
    no_lines = sharp.max() < params.min_contrast * np.median(sharpness)
    return 0.0 if at_limit or no_better or no_lines else round(best, 2)


def no_skew(ink: Ink, params: DeskewParams = DeskewParams()) -> float:
    """Take the page as straight; for pages that were deskewed before."""
    require_ink(ink)
    return 0.0


DESKEWERS: dict[str, Deskewer] = {"profile": find_skew, "none": no_skew}


def _points(ink: Ink, params: DeskewParams) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coordinates of a sample of the reduced page's ink, x about the middle."""
    factor = min(1.0, params.long_side_px / max(ink.shape))
    size = (max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor)))
    small = cv2.resize(ink.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    y, x = np.nonzero(small > 64)
    # A stride shared with the width would sample a few columns only: take a fixed shuffle.
    if x.size > params.max_points:
        chosen = np.random.default_rng(0).choice(x.size, params.max_points, replace=False)
        x, y = x[chosen], y[chosen]
    return (x - size[0] / 2).astype(np.float32), y.astype(np.float32)


def _sharpness(x: NDArray[np.float32], y: NDArray[np.float32], angle_deg: float) -> float:
    """Sum of squared differences between neighbouring rows of the turned page's profile.

    It is the mean over rows that begin at each part of a pixel: what falls on which side of a
    row's edge would else be chance.
    """
    # Counter-clockwise text rises to the right: y shrinks with x, so x tan is added back.
    rows = y + x * np.float32(math.tan(math.radians(angle_deg)))
    parts = np.bincount(((rows - rows.min()) * _PARTS).astype(np.int32))
    up_to = np.concatenate([[0], np.cumsum(parts)])
    profile = (up_to[_PARTS:] - up_to[:-_PARTS]).astype(np.float64)
    return float(np.square(profile[_PARTS:] - profile[:-_PARTS]).sum()) / _PARTS
