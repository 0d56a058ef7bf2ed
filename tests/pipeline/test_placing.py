"""Words and stretches of a line placed on a page, which may lie on its side or upside down."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.document import Box, Line
from pipeline.frame import Frame
from pipeline.placing import place_stretch, place_words
from segment.crop import crop_line

INK = np.zeros((200, 400), bool)
INK[90:120, 60:150] = INK[90:120, 200:330] = True
LINE = Line("r1l1", ((50, 80), (340, 80), (340, 130), (50, 130)), ((50, 120), (340, 120)))
WORDS = [[(10, 60), (60, 100)], [(155, 280)]]  # of the crop, which begins at page x 48


def lying(turned: int) -> tuple[Line, np.ndarray, Frame]:
    """The line and its ink on a page turned counter-clockwise; the frame of it upright."""
    ink = np.ascontiguousarray(np.rot90(INK, turned // 90))
    frame = Frame.upright(turned, ink.shape[1], ink.shape[0])
    return Line("r1l1", frame.to_page(LINE.boundary), frame.to_page(LINE.baseline)), ink, frame


def stood_upright(box: Box, frame: Frame) -> Box:
    corners = frame.inverse().to_page(box.polygon())
    return Box(*map(round, (*min(corners), *max(corners))))


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_words_lie_on_their_ink_whichever_way_up_the_page_is(turned: int) -> None:
    line, ink, frame = lying(turned)
    crop = crop_line(np.where(ink, 20, 230).astype(np.uint8), line.boundary, line.baseline)
    placed = place_words(line, crop, WORDS, ink, turned)
    found = [stood_upright(box, frame) for box, _ in placed]
    assert found == [Box(60, 90, 150, 120), Box(200, 90, 330, 120)]
    assert [len(spans) for _, spans in placed] == ([0, 0] if turned else [2, 1])


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_stretch_is_as_high_as_its_line_whichever_way_up_the_page_is(turned: int) -> None:
    line, ink, frame = lying(turned)
    crop = crop_line(np.where(ink, 20, 230).astype(np.uint8), line.boundary, line.baseline)
    found = stood_upright(place_stretch(line, crop, (102, 202), turned), frame)
    assert found == Box(150, 80, 250, 130)
