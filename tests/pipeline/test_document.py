from __future__ import annotations

import pytest

from pipeline.document import Box, Line, Page, Region, Word


@pytest.mark.parametrize("edges", [(0, 0, 0, 5), (0, 0, 5, 0), (5, 0, 3, 4)])
def test_empty_box_is_refused(edges: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="empty box"):
        Box(*edges)


def test_box_as_polygon_goes_clockwise_from_the_top_left() -> None:
    assert Box(1, 2, 5, 9).polygon() == ((1, 2), (5, 2), (5, 9), (1, 9))


def test_texts_are_joined_by_spaces_and_newlines() -> None:
    box = Box(0, 0, 1, 1)
    words = (Word("my", box, 1.0), Word("dear", box, 1.0))
    line = Line("r1l1", box.polygon(), ((0, 1), (1, 1)), words)
    region = Region("r1", "text", box.polygon(), (line, line))
    page = Page("p", 0, 1, 1, 300, regions=(region, Region("r2", "text", box.polygon()), region))
    assert page.text == "my dear\nmy dear\nmy dear\nmy dear"
    assert len(list(page.lines)) == 4
