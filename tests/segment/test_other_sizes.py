from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from pipeline.document import Box, Line
from pipeline.frame import Frame
from segment.arrays import Gray
from segment.lines import TextLine
from segment.other_sizes import moved
from segment.page import SegmentParams, segment_page


def letter(small_words: Sequence[str]) -> Gray:
    """A letter in a large hand, with small print in a corner."""
    page = np.full((1600, 1300), 235, np.uint8)
    for place in range(8):
        words = ["To the memory of", "Mrs Stanford, in", "taking part in the"][place % 3]
        at = (90, 420 + 140 * place)
        cv2.putText(page, words, at, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 3.0, 30, 5, cv2.LINE_AA)
    for place, words in enumerate(small_words):
        at = (820, 60 + 26 * place)
        cv2.putText(page, words, at, cv2.FONT_HERSHEY_COMPLEX, 0.6, 30, 1, cv2.LINE_AA)
    return page


def all_read(gray: Gray, lines: Sequence[Line]) -> list[bool]:
    return [True] * len(lines)


def test_small_print_beside_large_writing_is_found() -> None:
    words = ["President of the Society", "Mrs Mary Wood Swift", "Corresponding Secretary", "Ohio"]
    page = letter(words * 2)
    params = SegmentParams(orient=False)
    found = segment_page(page, params, judge=all_read).lines
    small = [line for line in found if max(y for _, y in line.boundary) < 280]
    assert len(small) == 8
    assert all(min(x for x, _ in line.boundary) > 780 for line in small)
    assert len(found) == 16


def test_a_title_in_letters_many_times_as_large_is_found() -> None:
    """As on a newspaper's front page."""
    page = np.full((1600, 1300), 235, np.uint8)
    cv2.putText(page, "Morning", (150, 280), cv2.FONT_HERSHEY_TRIPLEX, 8.0, 30, 24, cv2.LINE_AA)
    for place in range(40):
        at = (60, 420 + 28 * place)
        words = "the ships that came into the harbour on Monday last were told to wait for the wind"
        cv2.putText(page, words, at, cv2.FONT_HERSHEY_COMPLEX, 0.7, 30, 1, cv2.LINE_AA)
    found = segment_page(page, SegmentParams(orient=False), judge=all_read).lines
    title = [line for line in found if max(y for _, y in line.boundary) < 400]
    assert len(title) == 1
    assert max(x for x, _ in title[0].boundary) - min(x for x, _ in title[0].boundary) > 800


def test_without_small_print_a_page_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("looked at again")

    monkeypatch.setattr("segment.page.moved", refuse)
    found = segment_page(letter([]), SegmentParams(orient=False), judge=all_read).lines
    assert len(found) == 8


def test_a_line_is_moved_with_its_sizes() -> None:
    line = TextLine(
        ((2, 4), (42, 4), (42, 14), (2, 14)), ((2, 12), (42, 12)), Box(2, 4, 42, 14), 8.0
    )
    found = moved(line, Frame.scaled(2.0))
    assert found.boundary == ((1, 2), (21, 2), (21, 7), (1, 7))
    assert found.baseline == ((1, 6), (21, 6))
    assert (found.box, found.x_height) == (Box(1, 2, 21, 7), 4.0)
