"""A grey page -> its ink, for people to look at."""

from __future__ import annotations

import numpy as np

from segment.arrays import Gray, Ink
from segment.binarize import sauvola

DARK = 0.4  # of the paper's shade; darker than this is black, whatever surrounds it


def ink_to_print(gray: Gray) -> Ink:
    """Mark the ink of a page, uint8 (H, W), thick strokes, stamps and pictures filled.

    Sauvola's rule alone leaves the inside of what is larger than its window white.
    """
    paper = float(np.median(gray[::4, ::4]))
    return np.asarray(sauvola(gray) | (gray < DARK * paper))
