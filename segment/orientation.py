"""How much writing is seen on a page in each of four quarter turns to how its text is turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TurnParams:
    """Settings of `judge_turn`."""

    side_px: int = 448  # of the part of the page that is looked at
    least: float = 40.0  # lower scores tell nothing
    sideways: float = 2.0  # how much better a page must look turned by 90 degrees
    upright: float = 1.03  # how much better it looks than upside down, to be sure
    same_way: float = 1.35  # the same for a page on its side


@dataclass(frozen=True, slots=True)
class Turn:
    """How a page's text is turned.

    Attributes:
        degrees: 0, 90, 180 or 270, counter-clockwise.
        sure: false if it may as well be upside down from there: reading will tell.
    """

    degrees: int = 0
    sure: bool = True


def judge_turn(scores: Sequence[float], params: TurnParams = TurnParams()) -> Turn:
    """Choose among four quarter turns; without good evidence a page stays as it is.

    Args:
        scores: how much writing is seen if the text is turned by 0, 90, 180, 270 degrees
            counter-clockwise.
        params: see `TurnParams`.

    Returns:
        The turn. Text on its side is told apart from level text with certainty, text upside
        down from upright text hardly ever: such a page is left alone, but not sure.
    """
    if max(scores) < params.least:
        return Turn()
    level, lying = max(scores[0], scores[2]), max(scores[1], scores[3])
    if lying > params.sideways * level:
        better = 90 if scores[1] >= scores[3] else 270
        return Turn(better, lying > params.same_way * min(scores[1], scores[3]))
    return Turn(0, scores[0] >= params.upright * scores[2])
