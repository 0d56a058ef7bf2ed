from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from pipeline.training import load_ahead
from recognize.alphabet import Alphabet
from recognize.augment import AugmentParams
from recognize.dataset import LineSample
from recognize.loading import Batch, Batches, LoadingParams, plan_batches, share_of
from recognize.model import ModelParams

PARAMS = LoadingParams(3, ModelParams(), 800, 0.5, AugmentParams())


@pytest.fixture(scope="module")
def lines() -> list[LineSample]:
    rng = np.random.default_rng(1)
    made = []
    for number in range(30):
        width = int(rng.integers(40, 400))
        data = cv2.imencode(".png", rng.integers(0, 255, (64, width)).astype(np.uint8))[1].tobytes()
        made.append(LineSample(data, width, "ab" * (number % 3 + 1), "c", "p", number, "x", "hand"))
    return made


def flat(plan: Iterator[tuple[int, list[int]]]) -> list[tuple[int, int]]:
    return [(epoch, index) for epoch, indices in plan for index in indices]


def test_every_epoch_has_every_line_once(lines: list[LineSample]) -> None:
    plan = flat(plan_batches(lines, PARAMS, 0, 60))
    assert sorted(plan) == [(epoch, index) for epoch in (0, 1) for index in range(30)]


def test_an_epoch_takes_its_share_of_a_corpus_other_lines_each_time(
    lines: list[LineSample],
) -> None:
    params = replace(PARAMS, shares={"c": 0.5})
    plan = flat(plan_batches(lines, params, 0, 60))
    passes = [{index for at, index in plan if at == epoch} for epoch in (0, 1)]
    assert all(9 <= len(taken) <= 21 for taken in passes)
    assert passes[0] != passes[1]


def test_an_epoch_takes_some_lines_again_and_changes_them_otherwise(
    lines: list[LineSample],
) -> None:
    params = replace(PARAMS, shares={"c": 2.0}, plain=0.0)
    plan = flat(plan_batches(lines, params, 0, 60))
    assert sorted(plan) == [(0, number) for number in range(60)]
    batches = Batches(lines, Alphabet("ab"), params)
    once, again = batches[(0, [3])], batches[(0, [33])]
    assert torch.equal(once.targets, again.targets)
    assert once.lines.shape != again.lines.shape or not torch.equal(once.lines, again.lines)


def test_pages_may_have_a_share_of_their_own(lines: list[LineSample]) -> None:
    shares = {"c": 2.0, "c/p": 0.5, "c/page": 4.0, "other/p": 3.0}
    assert share_of(lines[0], shares) == 0.5
    assert share_of(replace(lines[0], page="q"), shares) == 2.0
    assert share_of(replace(lines[0], corpus="d"), shares) == 1.0


def test_a_pass_may_take_no_line_at_all(lines: list[LineSample]) -> None:
    params = replace(PARAMS, shares={"c": 0.01})
    assert len(flat(plan_batches(lines[:2], params, 0, 3))) >= 3


def test_a_plan_taken_up_again_goes_on_the_same(lines: list[LineSample]) -> None:
    whole = list(plan_batches(lines, PARAMS, 0, 75))
    for taken in (1, 5, len(whole) - 2):
        seen = sum(len(indices) for _, indices in whole[:taken])
        assert list(plan_batches(lines, PARAMS, seen, 75)) == whole[taken:]


def test_batches_are_the_same_whoever_loads_them(lines: list[LineSample]) -> None:
    batches = Batches(lines, Alphabet("ab"), PARAMS)

    def loaded(workers: int) -> list[Batch]:
        return list(load_ahead(batches, plan_batches(lines, PARAMS, 0, 30), workers))

    for here, there in zip(loaded(0), loaded(1), strict=True):
        assert torch.equal(here.lines, there.lines)
        assert torch.equal(here.targets, there.targets)


def test_a_batch_knows_the_lengths_of_its_texts(lines: list[LineSample]) -> None:
    batch = Batches(lines, Alphabet("ab"), PARAMS)[(0, [0, 1, 2])]
    assert batch.lengths.tolist() == [2, 4, 6]
    assert batch.targets.tolist() == [1, 2] * 6
    assert batch.lines.shape[:3] == (3, 1, 48)
    assert int(batch.columns.max()) <= batch.lines.shape[3] // 4
