import numpy as np
import pytest

from pipeline.document import Box
from segment.clean import clean_page, content_box, despeckle, find_surround, flatten


def test_flatten_makes_stained_paper_white_and_keeps_ink_dark() -> None:
    page = np.full((200, 200), 230, np.uint8)
    page[:, 100:] = 150
    page[50:53, 20:180] = 40
    flat = flatten(page)
    assert flat[150, 20] > 240
    assert flat[150, 180] > 240
    assert flat[51, 40] < 110
    assert flat[51, 160] < 110


def test_surround_is_the_border_and_not_the_writing() -> None:
    page = np.full((300, 200), 230, np.uint8)
    page[:, :30] = 10
    page[280:] = 10
    page[100:104, 60:150] = 20
    surround = find_surround(page)
    assert surround[:270, :25].all()
    assert surround[290:, 40:].all()
    assert not surround[90:120, 50:160].any()
    box = content_box(surround)
    assert box is not None
    assert abs(box.left - 30) <= 4
    assert abs(box.bottom - 280) <= 4


def test_content_of_a_black_page_is_none() -> None:
    assert content_box(np.ones((5, 5), bool)) is None


def test_content_of_a_plain_page_is_all_of_it() -> None:
    assert content_box(np.zeros((5, 7), bool)) == Box(0, 0, 7, 5)


@pytest.mark.parametrize("grey", [0, 255])
def test_one_grey_stays_without_contrast(grey: int) -> None:
    clean = clean_page(np.full((50, 40), grey, np.uint8))
    assert np.ptp(clean.gray) == 0


def test_despeckle_drops_small_components_only() -> None:
    ink = np.zeros((5, 9), bool)
    ink[1, 1] = True
    ink[1:3, 4:7] = True
    expected = ink.copy()
    expected[1, 1] = False
    assert (despeckle(ink, 2) == expected).all()
    assert (despeckle(ink, 1) == ink).all()
