"""Negatives, light ink on dark paper as on microfilm and photostats, to dark ink on light paper."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from segment.arrays import Gray, odd, reduced, require_gray


@dataclass(frozen=True, slots=True)
class PolarityParams:
    """Settings of `is_negative`.

    On 431 pages of real scans at most 0.75 times as much stands out lightly as darkly; on their
    negatives, but for six of a faint register, more than twice as much.
    """

    least_side_px: int = 16  # what is smaller holds no line of text
    thumb_px: int = 1000  # long side of the image on which strokes are looked for
    light: int = 170  # paper lighter than this is no negative's: spares most pages the rest
    brush: float = 0.02  # share of the long side: wider than any stroke
    contrast: int = 24  # grey levels by which a stroke stands out from what is about it
    least: float = 0.002  # share of the page that strokes cover where there is any writing
    ratio: float = 2.0  # of what stands out lightly to what stands out darkly


def as_positive(gray: Gray, params: PolarityParams = PolarityParams()) -> Gray:
    """The page with dark ink on lighter paper, whichever way it came.

    Args:
        gray: uint8 (H, W).
        params: see `PolarityParams`.

    Returns:
        uint8 (H, W): the same page, or its negative.
    """
    return np.asarray(255 - gray, np.uint8) if is_negative(gray, params) else gray


def is_negative(gray: Gray, params: PolarityParams = PolarityParams()) -> bool:
    """Whether a page has light ink on darker paper.

    What matters is what stands out from its surroundings by little area: strokes. So neither a
    dark desk about a page nor a picture on it makes it a negative.

    Args:
        gray: uint8 (H, W).
        params: see `PolarityParams`.
    """
    require_gray(gray)
    if min(gray.shape) < params.least_side_px or np.median(gray[::8, ::8]) > params.light:
        return False
    thumb = reduced(gray, params.thumb_px)
    brush = odd(params.brush * max(thumb.shape))
    about = cv2.medianBlur(thumb, brush)
    light = float((cv2.subtract(thumb, about) > params.contrast).mean())
    dark = float((cv2.subtract(about, thumb) > params.contrast).mean())
    return light > params.least and light > params.ratio * dark
