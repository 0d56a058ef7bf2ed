"""The picture for people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from export.overlay import LINE_COLORS, OverlayParams, draw_overlay
from pipeline.document import Page
from pipeline.frame import Frame
from tests.export.pages import page


def blank(made: Page) -> np.ndarray:
    return np.full((made.height, made.width), 255, dtype=np.uint8)


def turned_page(made: Page, turned: int) -> Page:
    """The page turned counter-clockwise."""
    width, height = (made.height, made.width) if turned % 180 else (made.width, made.height)
    frame = Frame.upright(turned, width, height)
    regions = tuple(frame.region_to_page(region) for region in made.regions)
    return replace(made, width=width, height=height, skew=float(turned), regions=regions)


def test_two_sheets_side_by_side() -> None:
    made = page("Ma chère", "mère ſ 𝒜")
    drawn = draw_overlay(blank(made), made)
    assert (drawn.shape, drawn.dtype) == ((1400, 2000, 3), np.uint8)


def test_one_sheet_on_demand() -> None:
    made = page("mot")
    assert draw_overlay(blank(made), made, OverlayParams(beside=False)).shape == (1400, 1000, 3)


def test_a_large_page_is_scaled_down() -> None:
    made = page("mot")
    drawn = draw_overlay(blank(made), made, OverlayParams(max_side=700))
    assert drawn.shape == (700, 1000, 3)


def test_baselines_have_their_lines_color() -> None:
    made = page("mot", "mot")
    drawn = draw_overlay(blank(made), made, OverlayParams(beside=False)).astype(int)
    for color, y in zip(LINE_COLORS, (200, 300), strict=False):
        assert np.abs(drawn[y, 130] - color).max() < 40


def test_doubtful_words_are_red() -> None:
    made = page("mot")
    line = made.regions[0].lines[0]
    doubtful = replace(line, words=(replace(line.words[0], confidence=0.1),))
    regions = (replace(made.regions[0], lines=(doubtful,)),)
    sheet = draw_overlay(blank(made), replace(made, regions=regions))[:, 1010:].astype(int)
    assert (sheet[..., 0] - sheet[..., 1] > 120).any()


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_the_text_of_a_turned_page_is_turned_with_it(turned: int) -> None:
    upright = page("Ma chère", "mère")
    made = turned_page(upright, turned)
    expected = draw_overlay(blank(upright), upright)[:, upright.width :]
    sheet = draw_overlay(blank(made), made)[:, made.width :]
    changed = (np.rot90(sheet, -turned // 90) != expected).any(axis=2)
    # The fold between the sheets stays at the left.
    assert changed.mean() < 0.005


@pytest.mark.parametrize("made", [page(), replace(page(), width=1, height=1)], ids=["blank", "1x1"])
def test_a_page_with_nothing_on_it(made: Page) -> None:
    assert draw_overlay(blank(made), made).shape == (made.height, 2 * made.width, 3)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((1400, 999), np.uint8), np.zeros((1400, 1000), np.float32)],
    ids=["size", "type"],
)
def test_pixels_that_are_not_the_pages_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 \(1400, 1000\)"):
        draw_overlay(pixels, page("mot"))
