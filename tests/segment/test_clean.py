import numpy as np
import pytest

from pipeline.document import Box
from segment.clean import (
    CleanParams,
    clean_page,
    content_box,
    despeckle,
    even_light,
    find_surround,
    flatten,
)


def test_flatten_makes_stained_paper_white_and_keeps_ink_dark() -> None:
    page = np.full((200, 200), 230, np.uint8)
    page[:, 100:] = 150
    page[50:53, 20:180] = 40
    flat = flatten(page)
    assert flat[150, 20] > 240
    assert flat[150, 180] > 240
    assert flat[51, 40] < 110
    assert flat[51, 160] < 110


def test_very_faint_ink_becomes_dark_enough_for_a_threshold() -> None:
    page = np.full((400, 300), 230, np.uint8)
    page[50:350:10, 40:260] = 200
    assert flatten(page)[150, 100] < 140


def test_surround_takes_the_grey_of_the_paper_beside_it() -> None:
    page = np.tile(np.linspace(250, 150, 600).astype(np.uint8), (400, 1))
    page[:, :40] = 5
    page[:, -40:] = 5
    flat = clean_page(page, CleanParams(max_gain=1.0)).gray
    assert flat.min() > 240


def test_light_is_evened_and_the_ink_with_it() -> None:
    page = np.full((700, 300), 220, np.uint8)
    page[50:650:20, 20:280] = 110
    shaded = page.copy()
    shaded[:, 200:] = shaded[:, 200:] // 2
    even = even_light(shaded)
    apart = np.abs(even.astype(int) - page)
    assert apart[:, :170].max() <= 8
    assert apart[:, 230:].max() <= 8


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
