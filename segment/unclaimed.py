"""Ink that no line claims -> lines that may be some: lone figures, dates, headings in small print.

What a trained finder has not learnt to see is found by its profiles here; whether it is writing,
reading has to tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from segment.arrays import Ink
from segment.layout import LayoutParams, find_barriers
from segment.level import Level
from segment.lines import LineParams, TextLine, find_lines
from segment.plausible import stands_free


@dataclass(frozen=True, slots=True)
class UnclaimedParams:
    """Settings of `unclaimed_lines`; lengths in x-heights."""

    about: float = 0.6  # ink so near a line is that line's
    least_height: float = 0.8  # of a line; for it has a letter that reaches up or down,
    least_word: float = 0.6  # which a word no longer
    word: float = 6.0  # than this may lack
    most_height: float = 4.0
    shared: float = 0.05  # of a box at most is what lines claim
    free: float = 1.5  # without ink on both sides: it is no piece of a longer line


def unclaimed_lines(
    level: Level,
    lines: list[TextLine],
    params: UnclaimedParams = UnclaimedParams(),
    by_profile: LineParams = LineParams(),
    layout: LayoutParams = LayoutParams(),
) -> list[TextLine]:
    """Find lines in the ink that other lines leave.

    Args:
        level: the page.
        lines: as found in `level`.
        params: see `UnclaimedParams`.
        by_profile: how lines are found.
        layout: what they do not cross.

    Returns:
        Doubtful lines that stand free, top to bottom by their boxes.
    """
    claimed = claimed_by(lines, level, params)
    ink = level.ink & ~level.outside & ~claimed
    barriers = find_barriers(level.ink, level.down, level.x_height, layout)
    found = find_lines(ink, barriers, level.x_height, by_profile)
    return [replace(line, doubtful=True) for line in found if _may_be(line, level, claimed, params)]


def claimed_by(
    lines: list[TextLine], level: Level, params: UnclaimedParams = UnclaimedParams()
) -> Ink:
    """The lines' polygons and what is near them.

    Args:
        lines: as found in `level`.
        level: the page.
        params: see `UnclaimedParams`.

    Returns:
        bool (H, W).
    """
    claimed = np.zeros(level.ink.shape, np.uint8)
    for line in lines:
        cv2.fillPoly(claimed, [np.round(np.asarray(line.boundary)).astype(np.int32)], 1)
    side = max(1, round(params.about * level.x_height))
    return np.asarray(cv2.dilate(claimed, np.ones((side, side), np.uint8)) > 0)


def _may_be(line: TextLine, level: Level, claimed: Ink, params: UnclaimedParams) -> bool:
    box, size = line.box, level.x_height
    is_word = box.width <= params.word * size
    least = params.least_word if is_word else params.least_height
    return (
        least * size <= box.height <= params.most_height * size
        and claimed[box.top : box.bottom, box.left : box.right].mean() <= params.shared
        and stands_free(box, level, params.free)
    )
