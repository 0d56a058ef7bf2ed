from __future__ import annotations

import numpy as np
import pytest

from pipeline.document import Box
from pipeline.frame import Frame
from segment.level import Level
from segment.lines import TextLine
from segment.plausible import stands_free
from segment.unclaimed import unclaimed_lines

LETTER = 9  # x-height, pixels


def page_with_ink(*boxes: Box) -> Level:
    ink = np.zeros((240, 400), np.bool_)
    for box in boxes:
        for left in range(box.left, box.right, 6):
            ink[box.top : box.bottom, left : left + 3] = True
    none = np.zeros_like(ink)
    return Level(np.where(ink, 20, 235).astype(np.uint8), ink, none, none, none, LETTER, Frame())


def line_about(box: Box) -> TextLine:
    return TextLine(tuple(box.polygon()), ((box.left, box.bottom), (box.right, box.bottom)), box, 9)


TEXT = [Box(40, top, 280, top + LETTER) for top in (60, 100, 140)]
FIGURE = Box(340, 100, 355, 115)


def test_a_figure_that_no_line_claims_is_found_as_doubtful() -> None:
    found = unclaimed_lines(page_with_ink(*TEXT, FIGURE), [line_about(box) for box in TEXT])
    assert [line.doubtful for line in found] == [True]
    box = found[0].box
    assert abs(box.left - FIGURE.left) <= 3
    assert abs(box.top - FIGURE.top) <= 3


def test_nothing_is_found_where_lines_claim_all_ink() -> None:
    assert unclaimed_lines(page_with_ink(*TEXT), [line_about(box) for box in TEXT]) == []


def test_what_hangs_on_a_line_is_no_line() -> None:
    tail = Box(282, 100, 294, 109)
    assert unclaimed_lines(page_with_ink(*TEXT, tail), [line_about(box) for box in TEXT]) == []


@pytest.mark.parametrize(("left", "free"), [(100, False), (112, False), (116, True)])
def test_what_stands_free_has_no_ink_beside_it(left: int, free: bool) -> None:
    level = page_with_ink(Box(60, 50, 99, 59), Box(left + 20, 50, left + 60, 59))
    level.ink[50:59, 40:99] = False
    level.ink[52, left] = True
    assert stands_free(Box(60, 50, 99, 59), level, 1.5) == free


@pytest.mark.parametrize(("right", "found"), [(360, 1), (390, 0)])
def test_a_word_may_lack_letters_that_reach_up_but_a_line_may_not(right: int, found: int) -> None:
    low = Box(310, 180, right, 180 + round(0.7 * LETTER))
    level = page_with_ink(*TEXT, low)
    assert len(unclaimed_lines(level, [line_about(box) for box in TEXT])) == found
