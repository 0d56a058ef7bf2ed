"""Line image to the network's input: fixed height, ink bright, contrast evened. Training and use.

The one place where this happens, so that a model never sees in use what training did not show it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]  # (H, W), 0 = black
LineArray = NDArray[np.float32]  # (height, W), 0 = paper, 1 = ink

# Grey levels between paper and ink below which a line counts as blank: noise is not blown up.
_LEAST_CONTRAST = 32.0


def normalize(line: Gray, height: int, stretch: float = 1.0) -> LineArray:
    """Scale a line image to `height` rows and map its paper to 0 and its ink to 1.

    Args:
        line: uint8 (H, W), dark ink on light paper, straightened along its baseline.
        height: rows of the result, in pixels.
        stretch: of all lines alike, by how much they are wider than their aspect would have them.

    Returns:
        float32 (height, W'), in [-0.25, 1.25], W' at least 1.

    Raises:
        ValueError: if `line` is not a 2-D uint8 array with pixels in it.
    """
    if line.ndim != 2 or line.dtype != np.uint8 or not line.size:
        raise ValueError(f"expected a uint8 (H, W) line image, got {line.dtype} {line.shape}")
    width = max(1, round(line.shape[1] * height * stretch / line.shape[0]))
    shrinking = line.shape[0] > height
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    scaled = cv2.resize(line, (width, height), interpolation=interpolation).astype(np.uint8)
    paper, ink = _levels(scaled)
    array: LineArray = (paper - scaled.astype(np.float32)) / (paper - ink)
    return array.clip(-0.25, 1.25)


def _levels(line: Gray) -> tuple[np.float32, np.float32]:
    """Grey levels of the paper and of the darkest strokes, from the histogram."""
    share = np.cumsum(np.bincount(line.ravel(), minlength=256)) / line.size
    paper, ink = np.searchsorted(share, (0.7, 0.01))
    return np.float32(paper), np.float32(min(ink, paper - _LEAST_CONTRAST))
