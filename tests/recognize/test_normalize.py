from __future__ import annotations

import numpy as np
import pytest

from recognize.normalize import leaning, normalize


def line_with_stroke(paper: int = 220, ink: int = 40) -> np.ndarray:
    line = np.full((96, 200), paper, np.uint8)
    line[30:70, 50:60] = ink
    return line


def test_lines_may_be_made_wider_than_their_aspect() -> None:
    assert normalize(line_with_stroke(), 48, 1.5).shape == (48, 150)


def test_height_is_fixed_and_aspect_kept() -> None:
    assert normalize(line_with_stroke(), 48).shape == (48, 100)


def test_paper_is_zero_and_ink_one() -> None:
    array = normalize(line_with_stroke(), 48)
    assert array[5, 5] == 0
    assert array[24, 27] == 1


def test_pale_ink_on_dark_paper_looks_the_same() -> None:
    strong, pale = (normalize(line_with_stroke(*tones), 48) for tones in [(250, 10), (180, 100)])
    np.testing.assert_allclose(strong, pale, atol=0.02)


def rows_of_ink(array: np.ndarray) -> int:
    return int((array.max(axis=1) > 0.5).sum())


def small_writing(scale: int = 1) -> np.ndarray:
    """Upright strokes a sixth as high as the line, in its middle; 64 rows times `scale`."""
    line = np.full((64, 300), 220, np.uint8)
    line[27:37, 20:280:8] = 40
    return np.kron(line, np.ones((scale, scale), np.uint8))


def test_focused_lines_have_higher_letters_of_the_same_width() -> None:
    plain, focused = (normalize(small_writing(), 48, focused=one) for one in (False, True))
    assert focused.shape == plain.shape
    assert rows_of_ink(focused) > 1.4 * rows_of_ink(plain)


def test_a_ruling_does_not_draw_the_focus() -> None:
    ruled = small_writing()
    ruled[2:4] = 40
    assert rows_of_ink(normalize(ruled, 48, focused=True)) == rows_of_ink(
        normalize(small_writing(), 48, focused=True)
    )


def test_writing_as_high_as_its_line_keeps_all_rows() -> None:
    line = np.full((64, 300), 220, np.uint8)
    line[4:60, 20:280:8] = 40
    plain, focused = (normalize(line, 48, focused=one) for one in (False, True))
    np.testing.assert_array_equal(plain, focused)


def test_focus_is_the_same_on_a_finer_scan() -> None:
    coarse, fine = (normalize(small_writing(scale), 48, focused=True) for scale in (1, 3))
    np.testing.assert_allclose(coarse, fine, atol=0.05)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 9), (64, 1)])
def test_a_line_without_writing_is_not_cut(shape: tuple[int, int]) -> None:
    line = np.full(shape, 128, np.uint8)
    plain, focused = (normalize(line, 48, focused=one) for one in (False, True))
    np.testing.assert_array_equal(plain, focused)


def test_noise_of_a_blank_line_is_not_blown_up() -> None:
    noise = np.random.default_rng(1).integers(196, 204, (64, 300)).astype(np.uint8)
    assert np.abs(normalize(noise, 48)).max() <= 0.25


def test_one_pixel_is_a_line_too() -> None:
    assert normalize(np.zeros((1, 1), np.uint8), 48).shape == (48, 48)


@pytest.mark.parametrize(
    "line",
    [np.zeros((4, 4), np.float32), np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4), np.uint8)],
    ids=["floats", "colour", "empty"],
)
def test_other_arrays_are_refused(line: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        normalize(line, 48)


def test_a_leaning_line_has_its_tops_further_left_and_stays_in_the_middle() -> None:
    stroke = np.zeros((48, 100), np.float32)
    stroke[4:44, 50] = 1.0
    leant = leaning(stroke, 0.5)
    top, middle, bottom = (int(leant[row].argmax()) for row in (6, 24, 42))
    assert (leant.shape, middle) == (stroke.shape, 50)
    assert (50 - top, bottom - 50) == (9, 9)
