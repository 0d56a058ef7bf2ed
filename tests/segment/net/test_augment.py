from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segment.net.augment import AugmentParams, cropped
from segment.net.pages import TruePages
from segment.net.targets import UNIT

CHANCES = "plain joined bleeding inserted underlined faint rulings contrast blur noise stain"
STILL = AugmentParams(**dict.fromkeys(CHANCES.split(), 0.0))  # crops are moved and no more


@pytest.fixture
def pages(true_pages: Path, tmp_path: Path) -> TruePages:
    return TruePages([true_pages], tmp_path / "kept")


def test_lines_are_underlined_below_their_letters(pages: TruePages) -> None:
    drawn = replace(STILL, underlined=1.0)
    changed = 0
    for seed in range(10):
        crop, still = (
            cropped(pages[1], 256, np.random.default_rng(seed), params) for params in (drawn, STILL)
        )
        assert len(crop.lines) == len(still.lines)
        y, x = np.nonzero(crop.gray != still.gray)
        near = np.zeros(len(y), np.bool_)
        for line in crop.lines:
            down = y - np.interp(x, line.x, line.base)
            near |= (down >= 0) & (down <= 1.5 * UNIT)
        assert near.all()
        changed += len(y)
    assert changed


def test_some_lines_are_fainter_and_nothing_else_is(pages: TruePages) -> None:
    drawn = replace(STILL, faint=1.0)
    shares = []
    for seed in range(10):
        crop, still = (
            cropped(pages[1], 256, np.random.default_rng(seed), params) for params in (drawn, STILL)
        )
        y, x = np.nonzero(crop.gray.astype(int) > still.gray.astype(int) + 2)
        near = np.zeros(len(y), np.bool_)
        for line in crop.lines:
            top, bottom = np.interp(x, line.x, line.top), np.interp(x, line.x, line.bottom)
            near |= (y >= top - UNIT) & (y <= bottom + UNIT)
        assert near.all() and (crop.gray.astype(int) >= still.gray.astype(int) - 1).all()
        ink = still.gray < 128
        shares += (((255.0 - crop.gray) / (255.0 - still.gray + 1e-6))[ink]).tolist()
    assert min(shares) > drawn.faintest - 0.01 and np.mean(shares) < 0.95


def test_words_put_in_are_lines_of_the_crop(pages: TruePages) -> None:
    some = [
        len(cropped(pages[1], 512, np.random.default_rng(seed), params).lines)
        for params in (STILL, replace(STILL, inserted=1.0))
        for seed in range(6)
    ]
    assert sum(some[6:]) > sum(some[:6])
