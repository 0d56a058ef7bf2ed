from __future__ import annotations

import numpy as np

from enrich.crf import Crf, mean_crf

LABELS = ("O", "S-PER")
FIRST = Crf(
    LABELS,
    np.array([3, 5, 8], np.uint32),
    np.array([[1.0, 0.0], [0.0, 0.01], [2.0, 4.0]], np.float32),
    np.array([[1.0, 2.0], [3.0, 4.0]]),
)
SECOND = Crf(
    LABELS,
    np.array([8, 9], np.uint32),
    np.array([[0.0, 2.0], [-6.0, 0.0]], np.float32),
    np.array([[3.0, 2.0], [1.0, 0.0]]),
)


def test_mean_has_the_mean_weights_and_drops_negligible_ones() -> None:
    mean = mean_crf([FIRST, SECOND], negligible=0.01)
    assert mean.codes.tolist() == [3, 8, 9]
    assert mean.weights.tolist() == [[0.5, 0.0], [1.0, 3.0], [-3.0, 0.0]]
    assert mean.steps.tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_mean_of_one_is_the_same() -> None:
    mean = mean_crf([FIRST], negligible=0.0)
    assert mean.codes.tolist() == FIRST.codes.tolist()
    assert mean.weights.tolist() == FIRST.weights.tolist()
