"""Tell writing from the texture of its paper: linen, laid or rough, or nearly blank."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from segment.arrays import Gray, Ink


@dataclass(frozen=True, slots=True)
class TextureParams:
    """When all but the darker ink may be texture, and when it is."""

    larger: float = 1.6  # times the size of all ink's letters that the darker ink's have
    seen: float = 3.0  # times the writing that is seen when the darker ink alone counts


def darker_ink(gray: Gray, ink: Ink) -> Ink:
    """The darker of two kinds of ink, told apart by Otsu's threshold (1979).

    Args:
        gray: uint8 (H, W).
        ink: bool (H, W).

    Returns:
        bool (H, W); nowhere true for ink of one shade.
    """
    inked = gray[ink]
    if not inked.size:
        return ink
    threshold, _ = cv2.threshold(inked.reshape(1, -1), 0, 255, cv2.THRESH_OTSU)
    return np.asarray(ink & (gray <= threshold))
