"""Line image to the network's input: fixed height, ink bright, contrast evened. Training and use.

The one place where this happens, so that a model never sees in use what training did not show it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]  # (H, W), 0 = black
LineArray = NDArray[np.float32]  # (height, W), 0 = paper, 1 = ink

_ROWS = 64  # of a line whose rows are chosen: as line corpora have it
_STEP = 4.0  # grey levels from a pixel to the next that still are paper
_SPREAD = (0.1, 0.9)  # a tenth of a line's edges is left above its letters, a tenth below
_MARGIN = 0.5  # kept above and below that, as a share of it
_LEAST_ROWS = 0.6  # of a line's rows that stay
# Grey levels between paper and ink below which a line counts as blank: noise is not blown up.
_LEAST_CONTRAST = 32.0


def normalize(line: Gray, height: int, stretch: float = 1.0, focused: bool = False) -> LineArray:
    """Scale a line image to `height` rows and map its paper to 0 and its ink to 1.

    Args:
        line: uint8 (H, W), dark ink on light paper, straightened along its baseline.
        height: rows of the result, in pixels.
        stretch: of all lines alike, by how much they are wider than their aspect would have them.
        focused: rows far from the writing are cut off, so that its letters are higher; not wider.

    Returns:
        float32 (height, W'), in [-0.25, 1.25], W' at least 1.

    Raises:
        ValueError: if `line` is not a 2-D uint8 array with pixels in it.
    """
    if line.ndim != 2 or line.dtype != np.uint8 or not line.size:
        raise ValueError(f"expected a uint8 (H, W) line image, got {line.dtype} {line.shape}")
    width = max(1, round(line.shape[1] * height * stretch / line.shape[0]))
    if focused:
        line = _focus(line)
    shrinking = line.shape[0] > height
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    scaled = cv2.resize(line, (width, height), interpolation=interpolation).astype(np.uint8)
    paper, ink = _levels(scaled)
    array: LineArray = (paper - scaled.astype(np.float32)) / (paper - ink)
    return array.clip(-0.25, 1.25)


def leaning(line: LineArray, slant: float) -> LineArray:
    """A line of the network's input with its letters leaning over to the left by `slant`.

    Args:
        line: float32 (height, W).
        slant: columns a row; what stands at mid-height stays in its place.
    """
    rows, columns = line.shape
    shear = np.array([[1, slant, -slant * rows / 2], [0, 1, 0]], np.float32)
    return cv2.warpAffine(line, shear, (columns, rows), borderValue=0.0).astype(np.float32)


def _focus(line: Gray) -> Gray:
    """The rows of a line that its writing needs, at 64 rows or fewer for the whole line."""
    rows, columns = line.shape
    if rows > _ROWS:
        size = (max(1, round(columns * _ROWS / rows)), _ROWS)
        line = cv2.resize(line, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        rows = _ROWS
    soft = cv2.GaussianBlur(line, (0, 0), rows / _ROWS).astype(np.float32)
    # Edges along x: rulings, long as they are, have none, and shades of the paper neither.
    edges = (np.abs(np.diff(soft, axis=1)) - _STEP).clip(min=0).sum(1)
    if not edges.any():
        return line
    below = np.concatenate([[0.0], np.cumsum(edges)]) / edges.sum()
    top, bottom = np.interp(_SPREAD, below, np.arange(rows + 1))
    wanted = max((1 + 2 * _MARGIN) * (bottom - top), _LEAST_ROWS * rows)
    if wanted >= rows:
        return line
    first = np.clip((top + bottom - wanted) / 2, 0, rows - wanted)
    return line[int(first) : int(np.ceil(first + wanted))]


def _levels(line: Gray) -> tuple[np.float32, np.float32]:
    """Grey levels of the paper and of the darkest strokes, from the histogram."""
    share = np.cumsum(np.bincount(line.ravel(), minlength=256)) / line.size
    paper, ink = np.searchsorted(share, (0.7, 0.01))
    return np.float32(paper), np.float32(min(ink, paper - _LEAST_CONTRAST))
