import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.frame import Frame
from segment.page import Segmentation, SegmentParams, segment_page
from segment.polygons import is_simple

Draw = Callable[..., np.ndarray]


def assert_sound(found: Segmentation, height: int, width: int) -> None:
    """Everything on the page, simple, left to right, with ids in order."""
    assert found.ink.shape == (height, width)
    for i, region in enumerate(found.regions, 1):
        assert region.id == f"r{i}"
        assert [line.id for line in region.lines] == [
            f"r{i}l{k}" for k in range(1, len(region.lines) + 1)
        ]
        for line in region.lines:
            assert is_simple(line.boundary)
            assert all(a[0] < b[0] for a, b in pairwise(line.baseline))
            for x, y in (*line.boundary, *line.baseline, *region.boundary):
                assert 0 <= x <= width
                assert 0 <= y <= height


def baselines(found: Segmentation) -> list[float]:
    return [
        float(np.mean([y for _, y in line.baseline])) for r in found.regions for line in r.lines
    ]


def test_finds_every_line_of_a_letter(letter: np.ndarray) -> None:
    found = segment_page(letter)
    assert_sound(found, *letter.shape)
    assert found.skew == 0.0
    assert baselines(found) == pytest.approx([80 + 44 * i for i in range(15)], abs=4)
    line = found.regions[0].lines[3]
    assert min(x for x, _ in line.boundary) == pytest.approx(60, abs=8)
    assert found.ink[195:212, 60:400].mean() > 0.05


def test_columns_are_read_one_after_the_other(written: Draw) -> None:
    left = [(40, 80 + 40 * i, "one two three") for i in range(12)]
    right = [(380, 80 + 40 * i, "four five six") for i in range(12)]
    found = segment_page(written(left + right, 640, 700))
    starts = [line.baseline[0][0] for region in found.regions for line in region.lines]
    assert len(starts) == 24
    assert max(starts[:12]) < 100
    assert min(starts[12:]) > 340


def test_dark_borders_and_rulings_are_no_lines(letter: np.ndarray) -> None:
    page = letter.copy()
    page[:, :25] = 5
    page[-20:] = 5
    page[40:42, 50:650] = 60
    page[30:780, 655:657] = 60
    found = segment_page(page)
    assert baselines(found) == pytest.approx([80 + 44 * i for i in range(15)], abs=4)
    assert not found.ink[40:42, 100:600].any()


@settings(max_examples=10, deadline=None)
@given(degrees=st.floats(-6, 6), scale=st.floats(0.8, 2.5))
def test_turned_and_scaled_pages_come_out_in_their_own_pixels(
    letter: np.ndarray, degrees: float, scale: float
) -> None:
    height, width = letter.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(letter, matrix, (width, height), borderValue=235)
    page = cv2.resize(turned, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = segment_page(page)
    assert_sound(found, *page.shape)
    assert abs(found.skew - degrees) <= 0.5
    lines = [line for region in found.regions for line in region.lines]
    assert 13 <= len(lines) <= 17
    # A line's middle lies where turning and scaling put it.
    truth = [scale * (matrix @ (255, 80 + 44 * i, 1)) for i in range(15)]
    for x, y in truth[2:-2]:
        near = [abs(np.interp(x, *zip(*line.baseline, strict=True)) - y) for line in lines]
        assert min(near) < 6 * scale


@settings(max_examples=8, deadline=None)
@given(turned=st.sampled_from([90, 180, 270]), degrees=st.floats(-4, 4))
def test_geometry_of_turned_pages_is_in_their_own_pixels(
    letter: np.ndarray, turned: int, degrees: float
) -> None:
    height, width = letter.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    page = cv2.warpAffine(letter, matrix, (width, height), borderValue=235)
    params = SegmentParams(finder="profile")
    upright = segment_page(page, params)
    found = segment_page(np.ascontiguousarray(np.rot90(page, turned // 90)), params, turned)
    assert np.array_equal(np.rot90(found.ink, -(turned // 90)), upright.ink)
    assert math.remainder(found.skew - upright.skew - turned, 360) == pytest.approx(0, abs=1e-9)
    assert -180 < found.skew <= 180
    frame = Frame.upright(turned, found.ink.shape[1], found.ink.shape[0])
    for region, other in zip(found.regions, upright.regions, strict=True):
        for line, same in zip(region.lines, other.lines, strict=True):
            assert line.boundary == frame.to_page(same.boundary)
            assert line.baseline == frame.to_page(same.baseline)
            assert is_simple(line.boundary)
            for x, y in (*line.boundary, *line.baseline):
                assert 0 <= x <= found.ink.shape[1]
                assert 0 <= y <= found.ink.shape[0]


@pytest.mark.parametrize("turned", [0, 90, 270])
def test_a_page_on_its_side_is_stood_upright(letter: np.ndarray, turned: int) -> None:
    found = segment_page(np.ascontiguousarray(np.rot90(letter, turned // 90)))
    assert found.turn.degrees % 180 == turned % 180
    steps = [
        (line.baseline[-1][0] - line.baseline[0][0], line.baseline[-1][1] - line.baseline[0][1])
        for region in found.regions
        for line in region.lines
    ]
    assert len(steps) == 15
    assert all((abs(x) > abs(y)) == (turned == 0) for x, y in steps)


def test_a_page_without_writing_is_looked_at_once_more_on_its_side(
    letter: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lying words in joined hand are taken for tall letters, and the page is made too small."""
    seen = iter([[0.0, 16.0, 4.0, 0.0], [700.0, 1.0, 900.0, 3.0]])
    monkeypatch.setattr("segment.net.finder.writing_by_turn", lambda *_: next(seen))
    found = segment_page(np.ascontiguousarray(np.rot90(letter)))
    assert (found.turn.degrees, len(found.lines)) == (90, 15)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 90), (90, 1), (16, 16), (300, 200)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_blank_and_tiny_pages_have_no_regions(shape: tuple[int, int], grey: int) -> None:
    found = segment_page(np.full(shape, grey, np.uint8))
    assert found.regions == ()
    assert found.skew == 0.0
    assert found.ink.shape == shape


@settings(max_examples=15, deadline=None)
@given(height=st.integers(1, 80), width=st.integers(1, 80), seed=st.integers(0, 9))
def test_noise_never_breaks_the_geometry(height: int, width: int, seed: int) -> None:
    page = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    assert_sound(segment_page(page), height, width)


@pytest.mark.parametrize("field", ["binarizer", "deskewer"])
def test_unknown_stages_are_named(field: str) -> None:
    with pytest.raises(ValueError, match="'magic'"):
        segment_page(np.zeros((4, 4), np.uint8), SegmentParams(**{field: "magic"}))


@pytest.mark.parametrize("binarizer", ["otsu", "wolf", "hysteresis"])
def test_every_binarizer_will_do(letter: np.ndarray, binarizer: str) -> None:
    assert len(baselines(segment_page(letter, SegmentParams(binarizer=binarizer)))) == 15


@pytest.mark.slow
def test_real_pages_are_sound(val_pages: Path) -> None:
    for path in sorted(val_pages.glob("*.jpg"))[::7]:
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        found = segment_page(gray)
        assert_sound(found, *gray.shape)
        assert found.regions


@pytest.mark.parametrize("finder", ["profile", "net"])
def test_a_word_written_between_two_lines_is_read_between_them(finder: str) -> None:
    """As the corpora have it: after the line above, before that over which it is written."""
    page = np.full((800, 700), 235, np.uint8)
    font, text = cv2.FONT_HERSHEY_COMPLEX, "the name of everything that is seen"
    for i in range(7):
        cv2.putText(page, text, (60, 100 + 100 * i), font, 0.8, 40, 2, cv2.LINE_AA)
    cv2.putText(page, "never", (320, 355), font, 0.6, 40, 2, cv2.LINE_AA)
    found = segment_page(page, SegmentParams(finder=finder))
    lines = [line for region in found.regions for line in region.lines]
    heights = [np.mean([y for _, y in line.baseline]) for line in lines]
    assert heights == pytest.approx([100, 200, 300, 355, 400, 500, 600, 700], abs=8)
    assert 300 <= lines[3].baseline[0][0] <= 340
