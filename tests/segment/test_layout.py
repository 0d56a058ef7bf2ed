import numpy as np
import pytest

from pipeline.document import Box
from segment.layout import arrange, find_barriers, is_table, ruling_boxes
from segment.lines import TextLine


def columns(*spans: tuple[int, int]) -> np.ndarray:
    """Lines of an x-height of 10, solid but for word gaps, in columns."""
    ink = np.zeros((400, 500), bool)
    for row, top in enumerate(range(20, 380, 25)):
        for left, right in spans:
            ink[top : top + 10, left:right] = True
            gap = left + 20 + (row * 37) % (right - left - 40)
            ink[top : top + 10, gap : gap + 8] = False
    return ink


def test_white_between_columns_is_a_barrier() -> None:
    ink = columns((20, 230), (260, 480))
    barriers = find_barriers(ink, np.zeros_like(ink), 10.0)
    assert barriers[30:360, 244].all()
    assert not barriers[:, 40:220].any()
    assert not barriers[:, 280:470].any()


def test_word_gaps_and_margins_are_none() -> None:
    ink = columns((20, 480))
    assert not find_barriers(ink, np.zeros_like(ink), 10.0).any()


def test_a_vertical_ruling_is_a_barrier() -> None:
    ink = columns((20, 480))
    rulings = np.zeros_like(ink)
    rulings[:, 240] = True
    assert (find_barriers(ink, rulings, 10.0) == rulings).all()


@pytest.mark.parametrize(("rulings", "expected"), [(0, False), (2, False), (4, True)])
def test_a_table_has_rulings(rulings: int, expected: bool) -> None:
    boxes = [Box(10, 20 + 30 * i, 490, 30 + 30 * i) for i in range(10)]
    mask = np.zeros((400, 500), bool)
    for k in range(rulings):
        mask[10:330, 80 + 90 * k : 82 + 90 * k] = True
    assert is_table(boxes, mask, 10.0) is expected


@pytest.mark.parametrize(("filled", "expected"), [(0.95, False), (0.4, True)])
def test_columns_of_prose_between_rulings_are_no_table(filled: float, expected: bool) -> None:
    """A newspaper's four columns are read one after the other."""
    lefts = range(0, 1200, 300)
    rulings = np.zeros((400, 1200), bool)
    for left in lefts[1:]:
        rulings[10:330, left : left + 2] = True
    width = round(300 * filled)
    boxes = [
        Box(left + 8, 20 + 30 * i, left + width, 30 + 30 * i) for i in range(10) for left in lefts
    ]
    assert is_table(boxes, rulings, 10.0) is expected


def test_a_ruling_of_several_pieces_is_one() -> None:
    ink = np.zeros((100, 600), bool)
    for left, right, top in ((10, 200, 50), (220, 400, 51), (420, 590, 52)):
        ink[top : top + 6, left:right] = True
    assert ruling_boxes(ink, 10.0) == [Box(10, 50, 590, 58)]


def test_letters_and_blots_are_no_rulings() -> None:
    ink = columns((20, 480))[:60]
    ink[:, 20::7] = False
    ink[20:60, 300:400] = True
    assert ruling_boxes(ink, 10.0) == []


def line(left: int, right: int, base: int) -> TextLine:
    """A line with small letters of 10 pixels."""
    box = Box(left, base - 14, right, base + 4)
    return TextLine((), ((left, base), (right, base)), box, 10.0, 0.9)


@pytest.mark.parametrize(("guides", "regions"), [(True, 2), (False, 1)])
def test_facing_pages_of_a_register_are_parted_where_lines_run_across_its_rulings(
    guides: bool, regions: int
) -> None:
    """As in the notaries' registers: level rows on both pages, and a narrow gutter."""
    rulings = np.zeros((300, 600), bool)
    for x in (60, 150, 350, 450):
        rulings[20:280, x : x + 2] = True
    ends = [(20, 290), (320, 580)] if guides else [(20, 55), (70, 140), (155, 290), (320, 580)]
    lines = [line(left, right, 40 + 30 * i) for i in range(8) for left, right in ends]
    found = arrange(lines, rulings, 10.0)
    assert len(found) == regions
    assert found[0].lines[0] == lines[0]
