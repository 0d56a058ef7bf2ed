"""Marked texts -> the same texts with other names in the places of theirs, to train by.

What stands around a name then counts for more, and the name itself for less (mention replacement;
Dai and Adel, COLING 2020).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from enrich.whole_names import marked_spans

Sentence = list[tuple[str, str]]  # words and their labels in IOB

SHARE = 0.6  # of the names


def with_names_swapped(texts: Sequence[Sentence], rng: random.Random) -> list[Sentence]:
    """Copies in which names are others of the same kind, drawn from those of all the texts.

    Args:
        texts: of one language.
        rng: draws which names, and what in their places.
    """
    names: dict[str, list[list[str]]] = defaultdict(list)
    for text in texts:
        for kind, first, end in marked_spans([label for _, label in text]):
            names[kind].append([word for word, _ in text[first:end]])
    return [_swapped(text, names, rng) for text in texts]


def _swapped(text: Sentence, names: dict[str, list[list[str]]], rng: random.Random) -> Sentence:
    made: Sentence = []
    done = 0
    for kind, first, end in marked_spans([label for _, label in text]):
        words = [word for word, _ in text[first:end]]
        if rng.random() < SHARE:
            words = rng.choice(names[kind])
        labels = [f"B-{kind}", *[f"I-{kind}"] * (len(words) - 1)]
        made += [*text[done:first], *zip(words, labels, strict=True)]
        done = end
    return made + text[done:]
