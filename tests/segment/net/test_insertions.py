from __future__ import annotations

import cv2
import numpy as np
import pytest

from segment.net.insertions import with_insertions
from segment.net.pages import LevelPage
from segment.net.targets import UNIT, Outline


def page_of_lines(spacing: int) -> LevelPage:
    """Six written lines so far apart, without descenders."""
    gray = np.full((60 + 6 * spacing, 360), 255, np.uint8)
    x = np.arange(20, 330, 4, dtype=np.float32)
    lines = []
    for number in range(6):
        base = 40 + spacing * number
        cv2.putText(gray, "names names nam", (20, base), cv2.FONT_HERSHEY_COMPLEX, 0.65, 30, 1)
        y = np.full_like(x, base)
        lines.append(Outline(x, y - 14, y, y + 4))
    return LevelPage(gray, tuple(lines))


@pytest.fixture
def page() -> LevelPage:
    return page_of_lines(40)


@pytest.fixture
def changed(page: LevelPage) -> LevelPage:
    return with_insertions(page, np.random.default_rng(1))


def test_words_are_put_in_between_the_lines(page: LevelPage, changed: LevelPage) -> None:
    assert changed.lines[:6] == page.lines
    below = [line.base[0] for line in page.lines]
    for line in changed.lines[6:]:
        up = min(base - line.base[0] for base in below if base > line.base[0])
        assert 0.9 * UNIT <= up <= 1.6 * UNIT
    assert len(changed.lines) > 6


def test_words_put_in_are_smaller(changed: LevelPage) -> None:
    assert all(9 <= rise < 14 for line in changed.lines[6:] for rise in line.base - line.top)


def test_their_ink_lies_within_their_outlines(page: LevelPage, changed: LevelPage) -> None:
    y, x = np.nonzero(changed.gray != page.gray)
    inside = np.zeros(len(y), np.bool_)
    for line in changed.lines[6:]:
        top, bottom = (np.interp(x, line.x, curve) for curve in (line.top, line.bottom))
        inside |= (y >= top - 1) & (y <= bottom + 1) & (x >= line.x[0]) & (x <= line.x[-1])
    assert len(y)
    assert inside.all()
    assert (changed.gray <= page.gray).all()


def test_nothing_is_put_in_where_there_is_no_room() -> None:
    narrow = page_of_lines(13)
    changed = with_insertions(narrow, np.random.default_rng(1))
    assert all(line.base.max() < 40 for line in changed.lines[6:])  # over the first, if any


def test_a_page_without_lines_stays_as_it_is() -> None:
    empty = LevelPage(np.full((64, 64), 255, np.uint8), ())
    assert with_insertions(empty, np.random.default_rng(1)).lines == ()
