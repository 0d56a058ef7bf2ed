"""Tell a page's part in shade from the dark that lies about a page."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from segment.arrays import Ink, odd
from segment.level import Level, unturned


@dataclass(frozen=True, slots=True)
class ShadeParams:
    """Settings of `out_of_shade`; lengths in x-heights, areas in squares of it.

    On 103 real pages with dark about them nothing was taken for writing there, nor on ten of
    eleven pages on a mottled desk; in shade there was at least so much of it. On none of
    the 103 did a line go on into the dark.
    """

    surround: float = 0.02  # share of the image: less is a scanner's edge and not looked at
    edge: float = 1.3  # writing so near to what is lit is not in shade
    least: float = 20.0  # area of letters' cores that is writing: a word or two;
    going_on: float = 1.0  # so much is enough of lines that begin on the lit paper
    gap: float = 10.0  # lines no further apart are on one piece of paper
    margin: float = 4.0  # of paper about its writing


def out_of_shade(
    surround: Ink, level: Level, written: Ink, params: ShadeParams = ShadeParams()
) -> Ink:
    """A page's surround without what is written on: that is paper in shade.

    Args:
        surround: bool (H, W), of the binarized page.
        level: the page, with that surround.
        written: bool, of the level page's shape: where there is writing.
        params: see `ShadeParams`.

    Returns:
        bool (H, W); `surround` itself if nothing is written there.
    """
    size = level.x_height
    lit = cv2.dilate((~level.outside).view(np.uint8), _brush(2 * params.edge * size))
    shaded = written & (lit == 0)
    if shaded.sum() < params.least * size * size:
        shaded &= _begun_on(written, ~level.outside)
        if shaded.sum() < params.going_on * size * size:
            return surround
    paper = cv2.morphologyEx(shaded.view(np.uint8), cv2.MORPH_CLOSE, _brush(params.gap * size))
    paper = cv2.dilate(paper, _brush(2 * params.margin * size))
    return surround & ~unturned(np.asarray(paper > 0), level.frame, surround)


def _begun_on(written: Ink, paper: Ink) -> Ink:
    """What is written in one piece with something on the paper."""
    count, pieces = cv2.connectedComponents(written.view(np.uint8), connectivity=8)
    begun = np.zeros(count, np.bool_)
    begun[pieces[written & paper]] = True
    return np.asarray(begun[pieces])


def _brush(side: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.ones((odd(side), odd(side)), np.uint8)
