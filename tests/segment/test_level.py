import numpy as np
import pytest

from segment.binarize import sauvola
from segment.clean import clean_page
from segment.level import level_page, text_size


def test_a_page_is_brought_to_one_text_size(letter: np.ndarray) -> None:
    clean = clean_page(letter)
    ink = sauvola(clean.gray)
    size = text_size(ink)
    level = level_page(clean, ink, 0.0)
    assert level is not None
    assert 6 < size < 20
    assert level.x_height == pytest.approx(9.0, abs=0.1) or level.x_height == pytest.approx(
        size * 1.5
    )
    assert level.gray.shape == level.ink.shape == level.outside.shape


def test_the_frame_leads_back(letter: np.ndarray) -> None:
    clean = clean_page(letter)
    level = level_page(clean, sauvola(clean.gray), 5.0)
    assert level is not None
    corners = level.frame.inverse().to_page([(0, 0), (letter.shape[1], letter.shape[0])])
    height, width = level.ink.shape
    assert all(-1 <= x <= width + 1 and -1 <= y <= height + 1 for x, y in corners)


def test_a_page_without_text_has_no_level() -> None:
    clean = clean_page(np.full((90, 70), 255, np.uint8))
    assert level_page(clean, np.zeros((90, 70), bool), 0.0) is None
