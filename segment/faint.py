"""Ink that binarizing leaves out beside darker ink: pencil, faded lines, forms filled in palely."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from segment.arrays import Ink
from segment.level import Level


@dataclass(frozen=True, slots=True)
class FaintParams:
    """Settings of `faint_ink`."""

    deviations: float = 3.0  # of the paper's grey, by which ink is darker than paper,
    least: float = 8.0  # and at least by so much, of 255
    beside: int = 2  # pixels: so near a ruling is no ink
    sampled: int = 7  # every so manieth pixel of the paper is looked at


def faint_ink(level: Level, params: FaintParams = FaintParams()) -> Ink:
    """All that is darker than the paper's noise, whatever else is on the page.

    A threshold that tells letters from paper (Sauvola's) goes by the contrast of the page, so that
    large dark letters leave nothing of pale small ones. To tell how far a line that was found
    reaches, ink need not be told from a stain.

    Args:
        level: the page.
        params: see `FaintParams`.

    Returns:
        bool (H, W), without rulings and surround.
    """
    paper = level.gray[~level.ink & ~level.outside][:: params.sampled].astype(np.float32)
    if not len(paper):
        return np.zeros(level.ink.shape, np.bool_)
    usual = float(np.median(paper))
    deviation = 1.4826 * float(np.median(np.abs(paper - usual)))  # were the noise normal
    lightest = min(255 - params.least, usual - params.deviations * deviation)
    near = np.ones((2 * params.beside + 1, 2 * params.beside + 1), np.uint8)
    rulings = cv2.dilate((level.across | level.down).view(np.uint8), near) > 0
    return np.asarray((level.gray < lightest) & ~rulings & ~level.outside)
