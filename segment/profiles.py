"""Ink profiles of a page: by row, and by row within narrow columns (local profiles)."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.arrays import Floats, Ink, require_ink

LEVELS = 5  # halvings of the page's height over which the text's size is looked for
SMEAR = 1.5  # x-heights over which profiles are smoothed along the line,
MIN_SMEAR = 30.0  # and at least so many pixels, or the strokes of large letters are stripes
OCTAVE = (1.6, 1.9, 2.26, 2.69)  # deviations within a level, about 2^(1/4) apart


def row_profile(ink: Ink) -> Floats:
    """Share of ink in each row, float32 (H,)."""
    require_ink(ink)
    return np.asarray(ink.mean(axis=1), np.float32)


def column_profile(ink: Ink) -> Floats:
    """Share of ink in each column, float32 (W,)."""
    require_ink(ink)
    return np.asarray(ink.mean(axis=0), np.float32)


def local_profiles(ink: Ink, cell_px: int) -> Floats:
    """Row profiles of the page's columns of `cell_px` pixels, side by side.

    Args:
        ink: bool (H, W).
        cell_px: width of a column; the last may be narrower, its missing part is white.

    Returns:
        float32 (H, ceil(W / cell_px)), share of ink in [0, 1].
    """
    require_ink(ink)
    height, width = ink.shape
    cells = -(-width // cell_px)
    padded = np.zeros((height, cells * cell_px), np.uint8)
    padded[:, :width] = ink
    padded *= 255
    reduced = cv2.resize(padded, (cells, height), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.float32) / np.float32(255)


def stripes(profiles: Floats, sigma_px: float, sigma_cells: float) -> Floats:
    """How much each place is the middle of a dark stripe of half width `sigma_px`.

    The negated second derivative along y of the profiles smoothed by an anisotropic Gaussian,
    times the variance so that scales compare (Lindeberg, Edge detection and ridge detection with
    automatic scale selection, IJCV 30, 1998; on text lines: Cohen et al., ICFHR 2014).

    Args:
        profiles: float32 (H, C), see `local_profiles`.
        sigma_px: deviation along y.
        sigma_cells: deviation along x, in cells.

    Returns:
        float32 (H, C); 0.48 in the middle of a solid bar of height 2 `sigma_px`.
    """
    smooth = blur(profiles, sigma_px, sigma_cells)
    kernel = np.array([[1], [-2], [1]], np.float32) * np.float32(-sigma_px * sigma_px)
    return np.asarray(cv2.filter2D(smooth, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE))


def blur(profiles: Floats, sigma_px: float, sigma_cells: float) -> Floats:
    """Smooth local profiles by a Gaussian, white beyond the page.

    Args:
        profiles: float32 (H, C).
        sigma_px: deviation along y.
        sigma_cells: deviation along x, in cells.

    Returns:
        float32 (H, C).
    """
    return np.asarray(
        cv2.sepFilter2D(
            profiles,
            cv2.CV_32F,
            _gaussian(sigma_cells),
            _gaussian(sigma_px),
            borderType=cv2.BORDER_CONSTANT,
        )
    )


def x_height(ink: Ink, smallest: float, largest: float, cell_px: int = 8) -> float:
    """Estimate the height of small letters from the scale at which the page is most striped.

    Args:
        ink: bool (H, W), rulings dropped.
        smallest: least height to consider, pixels.
        largest: greatest height to consider, pixels.
        cell_px: resolution along x.

    Returns:
        Pixels; 0 for a page without ink.
    """
    profiles = local_profiles(ink, cell_px)
    heights: list[float] = []
    energies: list[float] = []
    for level in range(LEVELS):
        for sigma in OCTAVE:
            height = 2 * sigma * 2**level
            if smallest <= height <= largest:
                heights.append(height)
                energies.append(_energy(profiles, sigma, max(SMEAR * height, MIN_SMEAR) / cell_px))
        if profiles.shape[0] < 4:
            break
        size = (profiles.shape[1], profiles.shape[0] // 2)
        profiles = np.asarray(cv2.resize(profiles, size, interpolation=cv2.INTER_AREA))
    return _peak(heights, energies) if heights else 0.0


def _energy(profiles: Floats, sigma_px: float, sigma_cells: float) -> float:
    response = stripes(profiles, sigma_px, sigma_cells)
    return float(np.square(np.maximum(response, 0)).mean())


def _peak(heights: list[float], energies: list[float]) -> float:
    """The height of most energy, refined by a parabola over its neighbours."""
    best = int(np.argmax(energies))
    if energies[best] <= 0:
        return 0.0
    if best in (0, len(heights) - 1):
        return heights[best]
    left, middle, right = energies[best - 1 : best + 2]
    shift = 0.5 * (left - right) / min(-1e-12, left - 2 * middle + right)
    step = heights[best + 1] / heights[best]
    return heights[best] * math.pow(step, float(np.clip(shift, -0.5, 0.5)))


def _gaussian(sigma: float) -> NDArray[np.float32]:
    size = 2 * max(1, math.ceil(3 * sigma)) + 1
    return np.asarray(cv2.getGaussianKernel(size, sigma, cv2.CV_32F), np.float32)
