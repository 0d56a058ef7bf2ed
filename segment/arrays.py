"""The arrays that segmentation passes around, the checks on them, and their reductions."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]  # (H, W), 0 = black
Ink = NDArray[np.bool_]  # (H, W), True = ink
Labels = NDArray[np.int32]  # (H, W), 0 = background
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def require_gray(gray: Gray) -> None:
    """Refuse anything but a grey image with at least one pixel.

    Raises:
        ValueError: if `gray` is not a non-empty 2-D uint8 array.
    """
    if gray.ndim != 2 or gray.dtype != np.uint8 or gray.size == 0:
        raise ValueError(f"expected a uint8 (H, W) image, got {gray.dtype} {gray.shape}")


def require_ink(ink: Ink) -> None:
    """Refuse anything but a mask with at least one pixel.

    Raises:
        ValueError: if `ink` is not a non-empty 2-D bool array.
    """
    if ink.ndim != 2 or ink.dtype != np.bool_ or ink.size == 0:
        raise ValueError(f"expected a bool (H, W) mask, got {ink.dtype} {ink.shape}")


def reduced(gray: Gray, long_side_px: int) -> Gray:
    """The image with a long side of `long_side_px`; one that is no longer stays as it is.

    Args:
        gray: uint8 (H, W).
        long_side_px: pixels.
    """
    factor = long_side_px / max(gray.shape)
    if factor >= 1:
        return gray
    size = (max(1, round(gray.shape[1] * factor)), max(1, round(gray.shape[0] * factor)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def odd(size: float) -> int:
    """The side of a brush of about `size` pixels that has a middle, at least 3."""
    return max(3, 2 * round(size / 2) + 1)
