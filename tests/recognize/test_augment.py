from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from recognize.augment import AugmentParams, augment

STILL = AugmentParams(*[0] * len(fields(AugmentParams)))


def line_with_strokes() -> np.ndarray:
    line = np.full((64, 300), 230, np.uint8)
    line[20:44, 40:260:20] = 30
    return line


@pytest.mark.parametrize("seed", range(5))
def test_height_is_kept_and_ink_stays(seed: int) -> None:
    changed = augment(line_with_strokes(), np.random.default_rng(seed))
    assert changed.dtype == np.uint8
    assert changed.shape[0] == 64
    assert int(np.ptp(changed)) > 60


def test_same_seed_gives_the_same_picture() -> None:
    first, second = (augment(line_with_strokes(), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_nothing_asked_for_changes_nothing() -> None:
    line = line_with_strokes()
    np.testing.assert_array_equal(augment(line, np.random.default_rng(1), STILL), line)


@pytest.mark.parametrize("change", ["bleeding", "neighbour", "ruling", "stain", "specks"])
def test_paper_changes_only_darken(change: str) -> None:
    line = line_with_strokes()
    params = replace(STILL, **{change: 1})
    other = np.full((64, 200), 220, np.uint8)
    other[:, 10:190:20] = 20
    changed = augment(line, np.random.default_rng(2), params, other)
    assert (changed <= line).all()
    assert (changed < line).any()


def test_without_another_line_nothing_shows_through() -> None:
    line = line_with_strokes()
    params = replace(STILL, bleeding=1, neighbour=1)
    np.testing.assert_array_equal(augment(line, np.random.default_rng(1), params), line)


def test_elastic_points_wander_no_farther_than_asked() -> None:
    line = line_with_strokes()
    changed = augment(line, np.random.default_rng(2), replace(STILL, elastic=2.0))
    assert (changed != line).any()
    assert (changed[:, :20] == 230).all()
    assert (changed[:8] == 230).all()


def test_hidden_patches_only_lighten_the_ink_of_some_letters() -> None:
    line = line_with_strokes()
    changed = augment(line, np.random.default_rng(15), replace(STILL, hidden=1))
    assert (changed >= line).all()
    assert 0.7 < (changed < 100).sum() / (line < 100).sum() < 1


def test_ink_fades_without_going_and_paper_stays() -> None:
    line = line_with_strokes()
    changed = augment(line, np.random.default_rng(2), replace(STILL, fading=1))
    assert (changed[line == 230] == 230).all()
    assert (changed[line == 30] >= 30).all()
    assert (changed[line == 30] > 60).any()
    assert (changed[line == 30] <= 190).all()


def test_words_change_their_distance_but_not_their_rows() -> None:
    line = line_with_strokes()
    changed = augment(line, np.random.default_rng(2), replace(STILL, pace=0.2))
    rows = np.flatnonzero((changed < 128).any(1))
    assert (rows.min(), rows.max()) == (20, 43)
    gaps = np.diff(np.flatnonzero(np.diff((changed[30] < 128).astype(int)) == 1))
    assert gaps.min() < 20 < gaps.max()


def test_a_short_line_survives() -> None:
    assert augment(np.zeros((64, 3), np.uint8), np.random.default_rng(1)).shape[0] == 64
