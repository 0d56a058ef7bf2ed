from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segment.net.augment import AugmentParams, cropped
from segment.net.pages import TruePages
from segment.net.targets import UNIT

CHANCES = "plain joined bleeding inserted underlined rulings contrast blur noise stain"
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


def test_words_put_in_are_lines_of_the_crop(pages: TruePages) -> None:
    some = [
        len(cropped(pages[1], 512, np.random.default_rng(seed), params).lines)
        for params in (STILL, replace(STILL, inserted=1.0))
        for seed in range(6)
    ]
    assert sum(some[6:]) > sum(some[:6])
