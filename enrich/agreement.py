"""What a word is taken for in one place moves what it is taken for elsewhere in the document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrich.crf import Scores
from enrich.features import fold

SHORTEST = 3  # letters; shorter words are parts of too many names


@dataclass(frozen=True, slots=True)
class AgreementParams:
    """Settings of `agreeing`; chosen by cross-validation on the train files.

    Attributes:
        weight: of what is thought elsewhere beside what is thought here.
        full: other places from which on the weight is whole.
        doubt: probability that is added to each kind, so that none is impossible.
    """

    weight: float = 0.7
    full: int = 3
    doubt: float = 0.05


def agreeing(
    words: Sequence[Sequence[str]],
    scores: Sequence[Scores],
    sure: Sequence[Scores],
    labels: Sequence[str],
    params: AgreementParams = AgreementParams(),
) -> list[Scores]:
    """The scores of a document's texts, each word's moved by the other places where it stands.

    Args:
        words: of each text, whole ones; those in small letters are left alone.
        scores: of each text, (T, L).
        sure: of each text, the probabilities of the labels, (T, L).
        labels: names of the labels, (L,).
        params: see `AgreementParams`.
    """
    kinds = sorted({label[2:] for label in labels})
    kind_of = np.array([kinds.index(label[2:]) for label in labels])
    by_kind = [rows @ np.eye(len(kinds))[kind_of] for rows in sure]
    sums: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(len(kinds)))
    counts: dict[str, int] = defaultdict(int)
    for text, rows in zip(words, by_kind, strict=True):
        for word, row in zip(text, rows, strict=True):
            sums[fold(word)] += row
            counts[fold(word)] += 1
    even = np.log(1 / len(kinds) + params.doubt)
    moved = []
    for text, own, rows in zip(words, scores, by_kind, strict=True):
        new = own.copy()
        for place, word in enumerate(text):
            others = counts[fold(word)] - 1
            if others and len(word) >= SHORTEST and word[0].isupper():
                elsewhere = (sums[fold(word)] - rows[place]) / others
                push = np.log(np.maximum(elsewhere, 0) + params.doubt) - even
                new[place] += params.weight * min(1, others / params.full) * push[kind_of]
        moved.append(new)
    return moved
