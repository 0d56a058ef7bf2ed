from __future__ import annotations

import numpy as np
import pytest

from recognize.normalize import normalize


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
