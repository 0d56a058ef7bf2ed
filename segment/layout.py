"""See where a page has columns, and make regions of its lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from pipeline.document import Box
from segment.arrays import Ink, require_ink
from segment.lines import TextLine
from segment.order import OrderParams, reading_order


@dataclass(frozen=True, slots=True)
class LayoutParams:
    """Settings of `find_barriers` and `arrange`; lengths in x-heights."""

    # (width, height) of white that parts columns: the narrower, the taller it must be
    corridors: tuple[tuple[float, float], ...] = ((1.0, 36.0), (2.0, 15.0), (4.0, 9.0))
    order: OrderParams = field(default_factory=OrderParams)


def find_barriers(
    ink: Ink, rulings: Ink, x_height: float, params: LayoutParams = LayoutParams()
) -> Ink:
    """Mark what text lines do not cross: vertical rulings, white between columns.

    Args:
        ink: bool (H, W), rulings and specks dropped.
        rulings: bool (H, W), vertical rulings.
        x_height: height of small letters, pixels.
        params: see `LayoutParams`.

    Returns:
        bool (H, W).
    """
    require_ink(ink)
    white = (~ink).view(np.uint8)
    barriers = rulings.copy()
    for width, height in params.corridors:
        size = (max(1, round(height * x_height)), max(2, round(width * x_height)))
        if size[0] < ink.shape[0] and size[1] < ink.shape[1]:
            opened = cv2.morphologyEx(white, cv2.MORPH_OPEN, np.ones(size, np.uint8))
            barriers |= np.asarray(opened > 0)
    return barriers


def arrange(
    lines: list[TextLine], x_height: float, params: LayoutParams = LayoutParams()
) -> list[list[TextLine]]:
    """Group lines into regions, all in reading order.

    Args:
        lines: as from `find_lines`.
        x_height: height of small letters, pixels.
        params: see `LayoutParams`.

    Returns:
        The lines of each region.
    """
    cores = [core(line) for line in lines]
    return [[lines[i] for i in block] for block in reading_order(cores, x_height, params.order)]


def core(line: TextLine) -> Box:
    """The box of a line's small letters."""
    base = float(np.median([y for _, y in line.baseline]))
    bottom = max(1, round(base))
    return Box(line.box.left, min(bottom - 1, round(base - line.x_height)), line.box.right, bottom)
