"""What a beam holds possible for a line -> how sure its words are, and what else they may be."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Rivals = tuple[tuple[str, float], ...]  # other readings of a word, each with its odds against it

MOST = 4
LEAST_ODDS = 0.01


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a word among a line's hypotheses.

    Attributes:
        share: probability of those that have the word in its place, in [0, 1].
        rivals: at most `MOST` others, the likeliest first, with their odds: the probability of
            all hypotheses that have the other in this place, over that of those that have the
            word; at most 1. Hypotheses that part the words in another way say nothing here.
    """

    share: float
    rivals: Rivals


def standings_of_words(text: str, hypotheses: Sequence[tuple[str, float]]) -> tuple[Standing, ...]:
    """How each word of a text stands among what else may be read.

    Args:
        text: the reading.
        hypotheses: readings of the line, `text` among them, each with its log probability.
    """
    words = text.split()
    weights: list[dict[str, float]] = [defaultdict(float) for _ in words]
    highest = max((score for _, score in hypotheses), default=0.0)
    all_weight = sum(math.exp(score - highest) for _, score in hypotheses)
    for other, score in hypotheses:
        _count(words, other.split(), math.exp(score - highest), weights)
    return tuple(
        Standing(found[word] / all_weight if hypotheses else 0.0, _rivals(word, found))
        for word, found in zip(words, weights, strict=True)
    )


def _count(
    words: list[str], others: list[str], weight: float, weights: list[dict[str, float]]
) -> None:
    """Give a hypothesis's words their weight in the places where they stand."""
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    for _, start, end, other_start, other_end in matcher.get_opcodes():
        if end - start == other_end - other_start:
            for place, other in zip(range(start, end), others[other_start:other_end], strict=True):
                weights[place][other] += weight


def _rivals(word: str, weights: Mapping[str, float]) -> Rivals:
    own = weights[word]
    odds = {
        other: min(weight / own, 1.0) if own else 1.0
        for other, weight in weights.items()
        if other != word
    }
    likely = [(other, chance) for other, chance in odds.items() if chance >= LEAST_ODDS]
    return tuple(sorted(likely, key=lambda rival: (-rival[1], rival[0]))[:MOST])
