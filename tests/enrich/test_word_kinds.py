from __future__ import annotations

import numpy as np

from enrich.word_kinds import cluster_centres, nearest


def test_vectors_in_two_directions_make_two_clusters() -> None:
    rng = np.random.default_rng(3)
    first, second = (rng.normal(middle, 0.05, (20, 2)) for middle in ((1, 0), (0, 1)))
    vectors = np.concatenate([first, second]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    own = nearest(vectors, cluster_centres(vectors, 2))
    assert len({*own[:20]}) == len({*own[20:]}) == 1
    assert own[0] != own[20]
