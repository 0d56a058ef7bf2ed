from __future__ import annotations

import itertools

import numpy as np
import pytest

from enrich.crf import IMPOSSIBLE, possible_steps
from enrich.whole_names import Name, likely_names, mean_of, worth_claiming

LABELS = ("O", "B-PER", "I-PER", "E-PER", "S-PER")


def test_likely_names_are_those_of_all_paths() -> None:
    """Against a sum over every path, by hand."""
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(4, 5))
    steps = np.where(possible_steps(LABELS), rng.normal(size=(5, 5)), IMPOSSIBLE)
    weights = {
        path: np.exp(
            scores[range(4), path].sum() + sum(steps[a, b] for a, b in itertools.pairwise(path))
        )
        for path in itertools.product(range(5), repeat=4)
    }
    total = sum(weights.values())
    found = likely_names(scores, steps, LABELS)
    inside = {path[1:3]: 0.0 for path in weights}
    for path, weight in weights.items():
        inside[path[1:3]] += weight / total
    assert found["PER", 1, 3] == pytest.approx(inside[1, 3])
    assert found["PER", 1, 2] == pytest.approx(sum(inside[4, b] for b in range(5)))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({("PER", 0, 1): 0.2}, [], id="not likely enough"),
        pytest.param({("PER", 0, 1): 0.3, ("LOC", 0, 1): 0.4}, [("LOC", 0, 1)], id="two kinds"),
        pytest.param(
            {("PER", 0, 3): 0.5, ("PER", 0, 1): 0.4, ("PER", 2, 3): 0.4},
            [("PER", 0, 1), ("PER", 2, 3)],
            id="two are worth more than one",
        ),
        pytest.param(
            {("PER", 0, 3): 0.6, ("PER", 0, 1): 0.3, ("PER", 5, 6): 0.9},
            [("PER", 0, 3), ("PER", 5, 6)],
            id="one is worth more than two",
        ),
    ],
)
def test_worth_claiming(
    names: dict[tuple[str, int, int], float], expected: list[tuple[str, int, int]]
) -> None:
    claimed = worth_claiming(names, worth=0.25)
    assert claimed == [Name(*span, probability=names[span]) for span in expected]


def test_a_name_that_one_of_two_taggers_sees_is_half_as_likely() -> None:
    span = ("LOC", 2, 3)
    assert mean_of([{span: 0.8}, {}]) == {span: 0.4}
