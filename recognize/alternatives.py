"""What a beam holds possible for a line -> other readings of its words."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher

Rivals = tuple[tuple[str, float], ...]  # other readings of a word, each with its odds against it

MOST = 4
LEAST_ODDS = 0.01


def rivals_of_words(text: str, hypotheses: Sequence[tuple[str, float]]) -> tuple[Rivals, ...]:
    """For each word of a text, what else may stand there, the likeliest first.

    Args:
        text: the reading.
        hypotheses: readings of the line, `text` among them, each with its log probability.

    Returns:
        For each word, at most `MOST` others with their odds: the probability of all hypotheses
        that have the other in this place, over that of those that have the word; at most 1.
        Hypotheses that part the words in another way say nothing about the place.
    """
    words = text.split()
    weights: list[dict[str, float]] = [defaultdict(float) for _ in words]
    highest = max((score for _, score in hypotheses), default=0.0)
    for other, score in hypotheses:
        _count(words, other.split(), math.exp(score - highest), weights)
    return tuple(_rivals(word, found) for word, found in zip(words, weights, strict=True))


def _count(
    words: list[str], others: list[str], weight: float, weights: list[dict[str, float]]
) -> None:
    """Give a hypothesis's words their weight in the places where they stand."""
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    for _, start, end, other_start, other_end in matcher.get_opcodes():
        if end - start == other_end - other_start:
            for place, other in zip(range(start, end), others[other_start:other_end], strict=True):
                weights[place][other] += weight


def _rivals(word: str, weights: dict[str, float]) -> Rivals:
    own = weights.pop(word, 0.0)
    odds = {other: min(weight / own, 1.0) if own else 1.0 for other, weight in weights.items()}
    likely = [(other, chance) for other, chance in odds.items() if chance >= LEAST_ODDS]
    return tuple(sorted(likely, key=lambda rival: (-rival[1], rival[0]))[:MOST])
