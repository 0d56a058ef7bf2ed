from __future__ import annotations

import numpy as np

from enrich.word_groups import _clustered
from enrich.word_kinds import cluster_centres


def test_vectors_in_two_directions_make_two_clusters() -> None:
    rng = np.random.default_rng(3)
    first, second = (rng.normal(middle, 0.05, (20, 2)) for middle in ((1, 0), (0, 1)))
    vectors = np.concatenate([first, second]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = (vectors @ cluster_centres(vectors, 2).T).argmax(axis=1)
    assert len({*nearest[:20]}) == len({*nearest[20:]}) == 1
    assert nearest[0] != nearest[20]


def test_words_of_one_vector_are_in_one_group_and_signs_in_none() -> None:
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(700, 8)).astype(np.float32)
    words = {chr(0x4E00 + row): row for row in range(700)} | {"again": 5, "12": 6}
    groups = dict(_clustered(words, vectors))
    assert groups["again"] == groups[chr(0x4E05)]
    assert "12" not in groups
