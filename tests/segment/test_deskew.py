import time

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segment.deskew import DESKEWERS, DeskewParams, find_skew


def page_turned(degrees: float) -> np.ndarray:
    """Words in rows, turned counter-clockwise."""
    generator = np.random.default_rng(7)
    page = np.zeros((1000, 800), np.uint8)
    for y in range(150, 850, 40):
        x = 150
        while x < 600:
            width = int(generator.integers(20, 90))
            page[y : y + 12, x : x + width] = 255
            page[y - 8 : y + 18, x + width // 2] = 255
            x += width + 15
    matrix = cv2.getRotationMatrix2D((400, 500), degrees, 1.0)
    return cv2.warpAffine(page, matrix, (800, 1000)) > 127


@settings(max_examples=15, deadline=None)
@given(degrees=st.floats(-7, 7))
@example(degrees=0.228515625)
def test_recovers_the_angle(degrees: float) -> None:
    found = find_skew(page_turned(degrees))
    # A page that is nearly straight may be left alone.
    assert abs(found - degrees) <= (0.12 if found else 0.3)


@pytest.mark.parametrize(
    "ink",
    [
        pytest.param(np.zeros((300, 200), bool), id="blank"),
        pytest.param(np.ones((300, 200), bool), id="black"),
        pytest.param(np.zeros((1, 1), bool), id="one pixel"),
        pytest.param(np.random.default_rng(1).random((600, 400)) < 0.1, id="noise"),
    ],
)
def test_is_zero_when_unsure(ink: np.ndarray) -> None:
    assert find_skew(ink) == 0.0


def test_none_turns_nothing() -> None:
    assert DESKEWERS["none"](page_turned(3), DeskewParams()) == 0.0


def test_an_a4_page_takes_little_time() -> None:
    large = cv2.resize(page_turned(2.0).view(np.uint8), (2480, 3508)) > 0
    seconds = []
    for _ in range(3):
        start = time.process_time()
        find_skew(large)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.25  # 0.02 to 0.06 on an idle core
