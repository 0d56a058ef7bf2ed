from __future__ import annotations

import numpy as np

from enrich.word_groups import _clustered


def test_words_of_one_vector_are_in_one_group_and_signs_in_none() -> None:
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(700, 8)).astype(np.float32)
    words = {chr(0x4E00 + row): row for row in range(700)} | {"again": 5, "12": 6}
    groups = dict(_clustered(words, vectors))
    assert groups["again"] == groups[chr(0x4E05)]
    assert "12" not in groups
