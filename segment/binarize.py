"""Turn a grey page into a mask of its ink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from segment.arrays import Floats, Gray, Ink, require_gray


@dataclass(frozen=True, slots=True)
class BinarizeParams:
    """Settings of the binarizers."""

    window: float = 0.025  # share of the long side over which a pixel is compared
    k: float = 0.18  # Sauvola's and Wolf's: higher marks less ink
    deviation: float = 128.0  # Sauvola's R: the standard deviation of full contrast
    weak: float = 0.12  # hysteresis: ink is darker than its surroundings by this share,
    strong: float = 0.25  # and hangs together with a pixel darker by this share


Binarizer = Callable[[Gray, BinarizeParams], Ink]


def sauvola(gray: Gray, params: BinarizeParams = BinarizeParams()) -> Ink:
    """Mark pixels below m (1 + k (s / R - 1)), m and s being local mean and deviation.

    Sauvola and Pietikäinen, Adaptive document image binarization, Pattern Recognition 33, 2000.

    Args:
        gray: uint8 (H, W).
        params: `window`, `k` and `deviation` are used.

    Returns:
        bool (H, W), True = ink.
    """
    require_gray(gray)
    mean, deviation = _local_moments(gray, params.window)
    threshold = mean * (1 - params.k + params.k / params.deviation * deviation)
    return np.asarray(gray < threshold)


def wolf(gray: Gray, params: BinarizeParams = BinarizeParams()) -> Ink:
    """Mark pixels below m - k (1 - s / R) (m - M): Sauvola's rule scaled to the page's contrast.

    R is the largest local deviation and M the darkest grey (Wolf, Jolion and Chassaing, ICPR
    2002), which finds faded ink that Sauvola leaves out.

    Args:
        gray: uint8 (H, W).
        params: `window` and `k` are used.

    Returns:
        bool (H, W), True = ink.
    """
    require_gray(gray)
    mean, deviation = _local_moments(gray, params.window)
    # A single black dot must not set the page's contrast, hence quantiles for extremes.
    largest = max(1.0, float(np.quantile(deviation[::4, ::4], 0.99)))
    darkest = float(np.quantile(gray[::4, ::4], 0.001))
    return np.asarray(gray < mean - params.k * (1 - deviation / largest) * (mean - darkest))


def otsu(gray: Gray, params: BinarizeParams = BinarizeParams()) -> Ink:
    """Mark pixels below the one threshold that separates two classes best.

    Otsu, IEEE Transactions on Systems, Man, and Cybernetics 9, 1979. For even paper only.

    Args:
        gray: uint8 (H, W).
        params: not used.

    Returns:
        bool (H, W), True = ink; nothing on an image of one grey.
    """
    require_gray(gray)
    if gray.min() == gray.max():
        return np.zeros(gray.shape, np.bool_)
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return np.asarray(gray <= threshold)


def hysteresis(gray: Gray, params: BinarizeParams = BinarizeParams()) -> Ink:
    """Mark what is somewhat darker than its surroundings and touches what is much darker.

    For faded and stained paper: thin faint strokes stay when a part of them is dark (two
    thresholds as in Canny, IEEE PAMI 8, 1986, on the grey relative to its local mean).

    Args:
        gray: uint8 (H, W).
        params: `window`, `weak` and `strong` are used.

    Returns:
        bool (H, W), True = ink.
    """
    require_gray(gray)
    mean, _ = _local_moments(gray, params.window)
    weak = np.asarray(gray < mean * (1 - params.weak), np.uint8)
    strong = gray < mean * (1 - params.strong)
    count, labels = cv2.connectedComponents(weak, connectivity=8)
    keep = np.zeros(count, np.bool_)
    keep[labels[strong]] = True
    keep[0] = False
    return np.asarray(keep[labels])


BINARIZERS: dict[str, Binarizer] = {
    "sauvola": sauvola,
    "otsu": otsu,
    "wolf": wolf,
    "hysteresis": hysteresis,
}


def _local_moments(gray: Gray, window: float) -> tuple[Floats, Floats]:
    """Mean and standard deviation about each pixel, float32 (H, W)."""
    size = max(15, 2 * round(window * max(gray.shape) / 2) + 1)
    border = cv2.BORDER_REPLICATE
    mean = cv2.boxFilter(gray, cv2.CV_32F, (size, size), borderType=border)
    square = cv2.sqrBoxFilter(gray, cv2.CV_32F, (size, size), borderType=border)
    variance = np.maximum(cv2.subtract(square, cv2.multiply(mean, mean)), 0)
    return np.asarray(mean), np.asarray(cv2.sqrt(variance))
