"""Document -> its most telling sentences, by LexRank (Erkan and Radev, JAIR 22, 2004)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from enrich.sentences import Sentence, sentences
from pipeline.document import Document

DAMPING = 0.85
SHORTEST = 5  # words; shorter sentences are headings, or misread
MOST = 2000  # sentences that are weighed against each other


def summary(document: Document, length: int = 5) -> list[Sentence]:
    """The sentences that are most like the others, in the order of the text.

    Args:
        document: its pages as read.
        length: sentences at most.
    """
    found = [s for s in sentences(document) if len(s.text.split()) >= SHORTEST][:MOST]
    if not found:
        return []
    scores = _centrality([s.text for s in found])
    best = sorted(range(len(found)), key=lambda i: (-scores[i], i))[:length]
    return [found[i] for i in sorted(best)]


def _centrality(texts: Sequence[str]) -> NDArray[np.float64]:
    """PageRank over the cosines of the sentences' words, rare words weighing more."""
    words = [Counter(w.lower() for w in text.split() if w.isalpha()) for text in texts]
    known = sorted({word for counts in words for word in counts})
    places = {word: i for i, word in enumerate(known)}
    table = np.zeros((len(texts), max(len(known), 1)), np.float32)
    for row, counts in enumerate(words):
        for word, count in counts.items():
            table[row, places[word]] = count
    table *= np.log(len(texts) / np.maximum((table > 0).sum(axis=0), 1)) + 0.1
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-9
    like = (table @ table.T).astype(np.float64)
    np.fill_diagonal(like, 0.0)
    steps = like / (like.sum(axis=1, keepdims=True) + 1e-9)
    rank = np.full(len(texts), 1 / len(texts))
    for _ in range(50):
        rank = (1 - DAMPING) / len(texts) + DAMPING * (steps.T @ rank)
    return rank


def summary_text(found: Sequence[Sentence]) -> str:
    """A sentence a line, each with its page, counted from 1."""
    return "".join(f"{sentence.text} [{sentence.page + 1}]\n" for sentence in found)
