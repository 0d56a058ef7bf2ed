import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Box
from segment.crop import CropParams, crop_line, is_evenly_lit


def page_with_line(slope: float = 0.0, bend: float = 0.0) -> tuple[np.ndarray, tuple, tuple]:
    """A dark band of 10 rows that follows a baseline, and its boundary."""
    page = np.full((200, 400), 230, np.uint8)
    x = np.arange(40, 360)
    base = 100 + slope * (x - 200) + bend * np.sin((x - 40) / 320 * 2 * np.pi)
    for column, y in zip(x, base, strict=True):
        page[round(y) - 10 : round(y), column] = 30
    baseline = tuple((float(a), float(b)) for a, b in zip(x[::8], base[::8], strict=True))
    above = tuple((a, b - 20) for a, b in baseline)
    below = tuple((a, b + 10) for a, b in baseline)
    return page, above + below[::-1], baseline


@pytest.mark.parametrize(("slope", "bend"), [(0.0, 0.0), (0.15, 0.0), (-0.1, 0.0), (0.0, 8.0)])
def test_the_baseline_becomes_straight(slope: float, bend: float) -> None:
    page, boundary, baseline = page_with_line(slope, bend)
    crop = crop_line(page, boundary, baseline)
    dark = crop.image[:, 10:-10] < 130
    bottoms = dark.shape[0] - dark[::-1].argmax(axis=0)
    assert np.ptp(bottoms) <= 3
    assert abs(int(np.median(dark.sum(axis=0))) - 10) <= 1


def test_extent_is_the_boundarys_and_a_margin() -> None:
    page, boundary, baseline = page_with_line()
    image = crop_line(page, boundary, baseline).image
    assert 30 + 4 <= image.shape[0] <= 30 + 6
    assert 312 + 4 <= image.shape[1] <= 312 + 6


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_positions_map_back_to_the_page(slope: float) -> None:
    page, boundary, baseline = page_with_line(slope)
    page[:, 200:204] = 0
    crop = crop_line(page, boundary, baseline, CropParams(mask=False))
    x = float(np.flatnonzero(crop.image[2] < 60).mean()) + 0.5
    there = crop.to_page(x)
    # The crop's columns are normals: the mark's top is seen a little to the side.
    lean = slope / math.hypot(1, slope) * 18
    assert abs(there[0] - 202) <= 2 + abs(lean)
    assert abs(there[1] - (100 + slope * (there[0] - 200))) <= 1.0
    assert crop.page_x(x) == there[0]


def test_what_lies_outside_the_boundary_is_painted_over() -> None:
    page, _, baseline = page_with_line()
    page[82:86, 60:120] = 30
    boundary = ((40, 88), (360, 70), (360, 110), (40, 110))
    masked = crop_line(page, boundary, baseline).image
    plain = crop_line(page, boundary, baseline, CropParams(mask=False)).image
    assert (plain[:20, :40] < 100).any()
    assert not (masked[:14, 20:40] < 100).any()


def test_tall_lines_are_reduced() -> None:
    page = np.full((900, 900), 200, np.uint8)
    crop = crop_line(page, Box(100, 100, 800, 700).polygon(), ((100.0, 600.0), (800.0, 600.0)))
    assert crop.image.shape[0] <= CropParams().max_height_px + 1
    assert crop.page_x(crop.image.shape[1] / 2) == pytest.approx(450, abs=2)


def test_a_baseline_needs_two_points() -> None:
    with pytest.raises(ValueError, match="two or more points"):
        crop_line(np.zeros((9, 9), np.uint8), Box(0, 0, 9, 9).polygon(), ((1.0, 1.0), (1.0, 1.0)))


@settings(max_examples=40, deadline=None)
@given(
    xs=st.lists(st.floats(0, 60), min_size=2, max_size=5, unique=True),
    ys=st.lists(st.floats(0, 40), min_size=5, max_size=5),
)
def test_any_baseline_on_the_page_gives_an_image(xs: list[float], ys: list[float]) -> None:
    baseline = tuple(zip(sorted(xs), ys, strict=False))
    if max(xs) - min(xs) < 0.01:
        return
    page = np.full((40, 60), 200, np.uint8)
    image = crop_line(page, Box(0, 0, 60, 40).polygon(), baseline).image
    assert min(image.shape) >= 1
    assert (image == 200).all()


def test_a_line_that_a_shadows_edge_crosses_is_not_evenly_lit() -> None:
    page, boundary, baseline = page_with_line()
    shaded = page.copy()
    shaded[:, 250:] = shaded[:, 250:] // 2
    assert is_evenly_lit(crop_line(page, boundary, baseline).image)
    assert not is_evenly_lit(crop_line(shaded, boundary, baseline).image)
    assert is_evenly_lit(crop_line(page // 2, boundary, baseline).image)
