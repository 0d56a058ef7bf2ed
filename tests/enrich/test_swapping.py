from __future__ import annotations

import random

from enrich.swapping import with_names_swapped
from enrich.whole_names import marked_spans

TEXTS = [
    [
        ("in", "O"),
        ("New", "B-LOC"),
        ("York", "I-LOC"),
        (",", "O"),
        ("Mr", "B-PER"),
        ("Lee", "I-PER"),
    ],
    [("from", "O"), ("Rome", "B-LOC"), ("Ann", "B-PER"), ("came", "O")],
] * 20


def test_only_names_are_swapped_and_for_their_kind() -> None:
    made = with_names_swapped(TEXTS, random.Random(1))
    places = {"New York", "Rome"}
    for before, after in zip(TEXTS, made, strict=True):
        spans = [marked_spans([label for _, label in text]) for text in (before, after)]
        assert [kind for kind, _, _ in spans[0]] == [kind for kind, _, _ in spans[1]]
        assert [pair for pair in before if pair[1] == "O"] == [p for p in after if p[1] == "O"]
        for kind, first, end in spans[1]:
            assert (" ".join(word for word, _ in after[first:end]) in places) == (kind == "LOC")
    assert made != TEXTS
