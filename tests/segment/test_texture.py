from __future__ import annotations

import cv2
import numpy as np
import pytest

from segment.page import SegmentParams, segment_page
from segment.texture import darker_ink


def test_the_darker_of_two_inks_is_kept() -> None:
    gray = np.full((40, 60), 255, np.uint8)
    gray[5:10, 5:50], gray[20:25, 5:30] = 170, 40
    expected = gray == 40
    assert np.array_equal(darker_ink(gray, gray < 200), expected)


@pytest.mark.parametrize("shade", [None, 90])
def test_of_ink_of_one_shade_or_none_none_is_darker(shade: int | None) -> None:
    gray = np.full((40, 60), 255, np.uint8)
    if shade:
        gray[5:10, 5:50] = shade
    assert not darker_ink(gray, gray < 200).any()


def linen(shape: tuple[int, int]) -> np.ndarray:
    """Paper of threads."""
    rng = np.random.default_rng(2)
    paper = np.full(shape, 215.0)
    across = cv2.blur(rng.normal(0, 120, shape), (9, 1))
    down = cv2.blur(rng.normal(0, 120, shape), (1, 9))
    return np.clip(paper + across + down, 0, 255).astype(np.uint8)


def test_large_writing_is_found_on_linen_paper() -> None:
    page = linen((1200, 1000))
    for place, words in enumerate(["To the memory", "of Mrs Stanford", "in taking part"]):
        at = (90, 250 + 220 * place)
        cv2.putText(page, words, at, cv2.FONT_HERSHEY_COMPLEX, 3.0, 15, 6, cv2.LINE_AA)
    found = segment_page(page, SegmentParams(orient=False)).lines
    assert len(found) == 3
    assert all(max(x for x, _ in line.boundary) > 700 for line in found)
