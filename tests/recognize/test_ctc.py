from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognize.ctc import Labelling, align, decode_greedily, log_likelihoods, widen


def probabilities(*best: int, labels: int = 4, peak: float = 0.7) -> np.ndarray:
    table = np.full((len(best), labels), (1 - peak) / (labels - 1), np.float32)
    table[range(len(best)), best] = peak
    return table


@pytest.mark.parametrize(
    ("best", "labels", "spans"),
    [
        pytest.param((0, 0, 0), (), (), id="only blanks"),
        pytest.param((1, 1, 2), (1, 2), ((0, 2), (2, 3)), id="repeats joined"),
        pytest.param((1, 0, 1), (1, 1), ((0, 1), (2, 3)), id="blank parts repeats"),
        pytest.param((0, 3, 3, 0), (3,), ((1, 3),), id="inside blanks"),
    ],
)
def test_greedy_decoding(
    best: tuple[int, ...], labels: tuple[int, ...], spans: tuple[tuple[int, int], ...]
) -> None:
    found = decode_greedily(probabilities(*best))
    assert (found.labels, found.spans) == (labels, spans)


def test_confidence_is_the_peak_of_the_run() -> None:
    table = np.vstack([probabilities(1, peak=0.5), probabilities(1, peak=0.9)])
    assert decode_greedily(table).confidences == pytest.approx((0.9,))


def test_no_columns_give_no_labels() -> None:
    assert decode_greedily(np.zeros((0, 4), np.float32)) == Labelling((), (), ())


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="probabilities"):
        decode_greedily(np.zeros(4, np.float32))


@given(st.lists(st.integers(0, 3), max_size=40))
def test_widened_spans_are_in_order_and_inside(best: list[int]) -> None:
    found = decode_greedily(probabilities(*best))
    edges = [edge for span in widen(found.spans, len(best)) for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(best) for edge in edges)


def test_widened_neighbours_meet_half_way() -> None:
    assert widen(((2, 3), (6, 7)), 10)[0][1] == widen(((2, 3), (6, 7)), 10)[1][0] == 4.5


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_aligning_what_was_read_gives_it_back(best: list[int]) -> None:
    found = decode_greedily(probabilities(*best))
    assert align(probabilities(*best), found.labels) == found


def test_alignment_finds_room_for_what_was_not_read() -> None:
    found = align(probabilities(1, 1, 1, 0, 2), [1, 3, 2])
    assert found.labels == (1, 3, 2)
    assert [left for left, _ in found.spans] == sorted(left for left, _ in found.spans)
    assert found.confidences[1] < 0.2


@pytest.mark.parametrize("labels", [[1, 2, 3], [1, 1]], ids=["too many", "no blank between"])
def test_labels_that_do_not_fit_are_refused(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        align(probabilities(1, 1), labels)


def test_likelihoods_are_those_of_all_paths_together() -> None:
    labellings = [(), (1,), (1, 2), (2, 2), (1, 2, 1)]
    table = np.random.default_rng(3).dirichlet(np.ones(3), 5).astype(np.float32)
    paths = dict.fromkeys(labellings, 0.0)
    for path in product(range(3), repeat=5):
        found = decode_greedily(np.eye(3, dtype=np.float32)[list(path)]).labels
        if found in paths:
            paths[found] += float(np.prod(table[range(5), path]))
    expected = np.log(list(paths.values()))
    assert log_likelihoods(table, labellings) == pytest.approx(expected, rel=1e-4)


def test_what_does_not_fit_is_not_likely_at_all() -> None:
    assert log_likelihoods(probabilities(1, 1), [(1, 1), (1,)])[0] == -np.inf
