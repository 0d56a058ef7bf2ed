from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Box
from segment.words import fit_to_ink


def line_of(*words: tuple[int, int], height: int = 20, width: int = 300) -> np.ndarray:
    """Words as combs: strokes of 2 pixels, 2 pixels apart."""
    ink = np.zeros((60, width), bool)
    for left, right in words:
        for x in range(left, right, 4):
            ink[20 : 20 + height, x : min(x + 2, right)] = True
    return ink


ALL = Box(0, 10, 300, 50).polygon()


@pytest.mark.parametrize(
    "spans",
    [
        pytest.param([(10, 60), (80, 120), (140, 200)], id="exact"),
        pytest.param([(5, 70), (72, 130), (131, 205)], id="too wide"),
        pytest.param([(16, 50), (86, 112), (150, 188)], id="too narrow"),
        pytest.param([(16, 66), (86, 128), (146, 206)], id="shifted"),
    ],
)
def test_spans_snap_to_the_ink(spans: list[tuple[float, float]]) -> None:
    ink = line_of((10, 60), (80, 122), (140, 198))
    assert fit_to_ink(ink, ALL, spans) == [
        Box(10, 20, 60, 40),
        Box(80, 20, 122, 40),
        Box(140, 20, 198, 40),
    ]


def test_ink_outside_the_boundary_is_not_the_lines() -> None:
    ink = line_of((10, 60))
    ink[55, 10:60] = True
    assert fit_to_ink(ink, ALL, [(10, 60)]) == [Box(10, 20, 60, 40)]


def test_a_word_without_ink_keeps_its_span() -> None:
    boxes = fit_to_ink(line_of((10, 60)), ALL, [(10, 60), (200, 240)])
    assert boxes == [Box(10, 20, 60, 40), Box(200, 10, 240, 50)]


def test_a_line_beyond_the_page_has_boxes_on_it() -> None:
    (box,) = fit_to_ink(line_of((10, 60)), Box(400, 100, 500, 140).polygon(), [(410, 450)])
    assert 0 <= box.left < box.right <= 300 and 0 <= box.top < box.bottom <= 60


def test_no_spans_no_boxes() -> None:
    assert fit_to_ink(line_of((10, 60)), ALL, []) == []


@given(
    starts=st.lists(st.floats(-20, 320), min_size=1, max_size=12),
    widths=st.lists(st.floats(0, 60), min_size=12, max_size=12),
)
def test_boxes_are_in_order_and_inside(starts: list[float], widths: list[float]) -> None:
    spans = [(x, x + w) for x, w in zip(sorted(starts), widths, strict=False)]
    boxes = fit_to_ink(line_of((10, 60), (80, 122), (140, 198)), ALL, spans)
    assert len(boxes) == len(spans)
    assert all(0 <= b.left < b.right <= 300 and 0 <= b.top < b.bottom <= 60 for b in boxes)
    assert all(a.right <= b.left for a, b in pairwise(boxes))


def test_the_next_lines_strokes_make_no_word_taller() -> None:
    ink = line_of((10, 60))
    ink[46:60, 30:34] = True  # a tall letter of the line below
    assert fit_to_ink(ink, ALL, [(10, 60)]) == [Box(10, 20, 60, 40)]


def test_nor_do_they_make_a_short_word_taller() -> None:
    ink = line_of((10, 24))
    ink[46:60, 14:18] = True
    assert fit_to_ink(ink, Box(4, 10, 30, 50).polygon(), [(10, 24)]) == [Box(10, 20, 24, 40)]


def test_a_word_keeps_its_strokes_that_a_long_one_joins_to_the_next_line() -> None:
    ink = line_of((10, 60))
    ink[30:34, 10:60] = True  # the word is written in one stroke,
    ink[34:60, 56:60] = True  # which runs into
    ink[52:60, 56:190] = True  # a long one below
    assert fit_to_ink(ink, ALL, [(10, 60)]) == [Box(10, 20, 60, 51)]


def test_a_stroke_that_leaves_the_boundary_is_kept_whole() -> None:
    ink = line_of((10, 60))
    ink[40:53, 30:32] = True  # a descender of a letter of this line
    assert fit_to_ink(ink, ALL, [(10, 60)]) == [Box(10, 20, 60, 53)]


def test_specks_make_no_word_larger() -> None:
    ink = line_of((10, 60))
    ink[14, 40] = ink[46, 20] = True
    assert fit_to_ink(ink, ALL, [(10, 60)]) == [Box(10, 20, 60, 40)]
