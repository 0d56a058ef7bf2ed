import numpy as np

from pipeline.document import Box
from pipeline.frame import Frame
from segment.level import Level
from segment.lines import TextLine
from segment.plausible import drop_implausible


def level_with(*bars: tuple[Box, int]) -> tuple[Level, list[TextLine]]:
    """A level page with half-inked bars of given greys, and a line for each."""
    gray, ink = np.full((400, 600), 255, np.uint8), np.zeros((400, 600), bool)
    lines = []
    for box, grey in bars:
        ink[box.top : box.bottom, box.left : box.right : 4] = True
        gray[box.top : box.bottom, box.left : box.right : 4] = grey
        base = ((float(box.left), float(box.bottom)), (float(box.right), float(box.bottom)))
        area = box.width * box.height // 4
        lines.append(TextLine(box.polygon(), base, box, 9.0, strength=0.18, area=area))
    nothing = np.zeros_like(ink)
    return Level(gray, ink, nothing, nothing, nothing.copy(), 9.0, Frame()), lines


WRITING = [(Box(60, 40 + 40 * i, 540, 62 + 40 * i), 90) for i in range(6)]


def test_writing_stays() -> None:
    level, lines = level_with(*WRITING)
    assert drop_implausible(lines, level) == lines


def test_faint_show_through_goes() -> None:
    level, lines = level_with(*WRITING, (Box(80, 300, 160, 320), 225))
    assert drop_implausible(lines, level) == lines[:-1]


def test_pieces_of_the_facing_page_go() -> None:
    level, lines = level_with(*WRITING, (Box(582, 300, 600, 312), 90))
    assert drop_implausible(lines, level) == lines[:-1]


def test_no_lines_stay_none() -> None:
    level, _ = level_with()
    assert drop_implausible([], level) == []
