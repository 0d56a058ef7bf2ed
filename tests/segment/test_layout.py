import numpy as np
import pytest

from pipeline.document import Box
from segment.layout import find_barriers, is_table


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
