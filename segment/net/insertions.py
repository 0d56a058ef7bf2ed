"""Words of a page written smaller between its lines, as their writer might have put them in later.

Pages of the training have few such insertions, and to a finder that knows few they are part of the
line that they stand over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from segment.arrays import Floats, Gray
from segment.net.pages import LevelPage
from segment.net.targets import UNIT, Outline

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class InsertionParams:
    """Settings of `with_insertions`; lengths in `UNIT`."""

    most: int = 12  # insertions tried on a page
    shortest: float = 3.0  # words that are put in,
    longest: float = 25.0
    smallest: float = 0.6  # of their size
    largest: float = 0.95
    nearest: float = 0.9  # baseline over that of the line below
    farthest: float = 1.6
    clear: float = 0.2  # no line stands so near over small letters that are put in


def with_insertions(
    page: LevelPage, rng: Rng, params: InsertionParams = InsertionParams()
) -> LevelPage:
    """A page with some of its words put in between its lines once more.

    Args:
        page: level.
        rng: decides everything.
        params: see `InsertionParams`.

    Returns:
        The page, and its lines with those put in after them.
    """
    gray, lines = page.gray.copy(), list(page.lines)
    for _ in range(int(rng.integers(1, params.most + 1)) if lines else 0):
        source, below = (lines[int(rng.integers(len(page.lines)))] for _ in range(2))
        added = _placed(source, below, rng, params)
        if added is not None and _has_room(added[0], below, lines, params):
            line, from_x = added
            _write(gray, page.gray, line, source, from_x)
            lines.append(line)
    return replace(page, gray=gray, lines=tuple(lines))


def _placed(
    source: Outline, below: Outline, rng: Rng, params: InsertionParams
) -> tuple[Outline, Floats] | None:
    """Where a piece of a line goes, and from which x each of its columns is; None if too short."""
    scale = rng.uniform(params.smallest, params.largest)
    long = scale * float(source.x[-1] - source.x[0])
    room = float(below.x[-1] - below.x[0])
    width = min(rng.uniform(params.shortest, params.longest) * UNIT, long, room)
    if width < params.shortest * UNIT:
        return None
    left = int(below.x[0] + rng.uniform(0, room - width))
    x = np.arange(left, left + int(width), dtype=np.float32)
    first = float(source.x[0]) + rng.uniform(0, long - width) / scale
    from_x = (first + (x - left) / scale).astype(np.float32)
    top, base, bottom = (
        np.interp(from_x, source.x, curve) for curve in (source.top, source.base, source.bottom)
    )
    up = rng.uniform(params.nearest, params.farthest) * UNIT
    at = np.interp(x, below.x, below.base) - up
    curves = (at - scale * (base - top), at, at + scale * (bottom - base))
    return Outline(x, *(curve.astype(np.float32) for curve in curves)), from_x


def _has_room(line: Outline, below: Outline, lines: list[Outline], params: InsertionParams) -> bool:
    """Whether no other line's letters are where the small letters of a new one would be."""
    for other in lines:
        at = np.interp(line.x, other.x, other.base, left=np.nan, right=np.nan)
        far = at - line.base  # below it
        if other is not below and np.any((far > -(1 + params.clear) * UNIT) & (far < 1.2 * UNIT)):
            return False
    return True


def _write(gray: Gray, page: Gray, line: Outline, source: Outline, from_x: Floats) -> None:
    """Draw the ink of a piece of the source, which begins at each column's x, as a new line."""
    top, bottom = max(0, int(line.top.min())), min(len(gray), int(line.bottom.max()) + 2)
    left = int(line.x[0])
    if bottom <= top or left < 0 or left + len(line.x) > gray.shape[1]:
        return
    y = np.arange(top, bottom)[:, None]
    enlarged = float(from_x[-1] - from_x[0]) / float(line.x[-1] - line.x[0])
    from_y = np.interp(from_x, source.x, source.base) + (y - line.base) * enlarged
    across = np.broadcast_to(from_x, from_y.shape).astype(np.float32)
    ink = cv2.remap(page, across, from_y.astype(np.float32), cv2.INTER_LINEAR)
    ink[(y < line.top) | (y > line.bottom)] = 255
    part = gray[top:bottom, left : left + len(line.x)]
    np.minimum(part, ink, out=part)
