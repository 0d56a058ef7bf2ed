"""What is written palely beside what is written darkly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.frame import Frame
from segment.arrays import Gray
from segment.faint import faint_ink
from segment.level import Level
from segment.net.finder import find_lines_by_net
from segment.page import level_of, segment_page


@pytest.fixture
def level() -> Level:
    """Noisy paper with dark ink at the top, a ruling, pale ink below, and a dark surround."""
    paper = 250 + np.random.default_rng(1).normal(0, 1.5, (120, 200))
    paper[20:28, 20:180:6] = 40
    paper[50:52] = 90
    paper[80:88, 20:180:6] = 215
    paper[:, 195:] = 30
    gray = np.clip(paper, 0, 255).astype(np.uint8)
    none = np.zeros(gray.shape, np.bool_)
    across, outside = none.copy(), none.copy()
    across[50:52], outside[:, 195:] = True, True
    dark = (gray < 120) & ~across & ~outside
    return Level(gray, dark, across, none, outside, 8.0, Frame())


def test_pale_ink_is_found_beside_dark_ink(level: Level) -> None:
    found = faint_ink(level)
    assert found[80:88, 20:180:6].all() and found[20:28, 20:180:6].all()


def test_paper_rulings_and_surround_are_no_ink(level: Level) -> None:
    found = faint_ink(level)
    assert found[90:, :195].mean() < 0.01
    assert not found[48:54].any() and not found[:, 195:].any()


def test_a_page_without_paper_has_none(level: Level) -> None:
    assert not faint_ink(replace(level, ink=np.ones_like(level.ink))).any()


@pytest.fixture
def fading(letter: Gray) -> Gray:
    """The letter; of the right half of its ninth line a quarter of the ink is left."""
    paler = letter.copy()
    paler[415:450, 240:] = 235 - 0.25 * (235 - letter[415:450, 240:].astype(np.float32))
    return paler


def test_a_line_that_fades_is_found_to_its_end(letter: Gray, fading: Gray) -> None:
    assert abs(end_of_ninth(fading) - end_of_ninth(letter)) < 8


def test_it_is_found_to_its_end_where_binarizing_leaves_nothing_of_it(fading: Gray) -> None:
    _, _, level = level_of(fading)
    assert level is not None
    box, ink = find_lines_by_net(level, "lines")[8].box, level.ink.copy()
    ink[box.top : box.bottom, (box.left + box.right) // 2 :] = False
    cut = find_lines_by_net(replace(level, ink=ink), "lines")
    assert any(abs(line.box.right - box.right) < 3 and line.box.top == box.top for line in cut)


def end_of_ninth(page: Gray) -> float:
    ninth = sorted(segment_page(page).lines, key=lambda line: line.baseline[0][1])[8]
    return max(x for x, _ in ninth.boundary)
