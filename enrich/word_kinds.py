"""Prose -> kinds of words: words that stand in like surroundings are of one kind.

Positive pointwise mutual information with the words around, its first singular vectors, and
k-means on these (Levy and Goldberg, NIPS 2014); plus how often a word bears a capital.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.sparse.linalg import svds

TOKEN = re.compile(r"\w+|[^\w\s]")
UNKNOWN_CAPITAL = 9
_ENDS = frozenset('.!?\n"»«“”—-–')  # after these a capital tells nothing


@dataclass(frozen=True, slots=True)
class KindParams:
    """Settings of `word_kinds`.

    Attributes:
        kinds: how many fine ones; a sixth of that coarse ones.
        most: words that get a kind.
        least: how often a word must be met.
        contexts: words that count as surroundings.
        size: singular vectors kept.
        moves: of the clusters' centres, see `cluster_centres`.
    """

    kinds: int = 250
    most: int = 25000
    least: int = 5
    contexts: int = 5000
    size: int = 80
    moves: int = 14


def word_kinds(
    tokens: Sequence[str], params: KindParams = KindParams()
) -> Mapping[str, tuple[int, int, int]]:
    """For each word in small letters its fine kind, its coarse kind, and its share of capitals.

    Args:
        tokens: words and signs of a text in a row, a newline between paragraphs.
        params: see `KindParams`.
    """
    counts = Counter(token.lower() for token in tokens if token != "\n")
    words = [w for w, count in counts.most_common(params.most) if count >= params.least]
    vectors = _vectors(tokens, words, params)
    fine, coarse = (
        nearest(vectors, cluster_centres(vectors, count, params.moves))
        for count in (params.kinds, params.kinds // 6)
    )
    capitals = _capitals(tokens)
    return {
        word: (int(fine[i]), int(coarse[i]), capitals.get(word, UNKNOWN_CAPITAL))
        for i, word in enumerate(words)
    }


def _vectors(
    tokens: Sequence[str], words: Sequence[str], params: KindParams
) -> NDArray[np.float32]:
    places = {word: i for i, word in enumerate(words)}
    ids = np.array([places.get(token.lower(), -1) for token in tokens])
    contexts = min(len(words), params.contexts)
    blocks = []
    for offset in (-2, -1, 1, 2):
        own, other = ids[2:-2], np.roll(ids, -offset)[2:-2]
        both = (own >= 0) & (other >= 0) & (other < contexts)
        ones = np.ones(int(both.sum()))
        shape = (len(words), contexts)
        blocks.append(_positive_information(csr_matrix((ones, (own[both], other[both])), shape)))
    start = np.random.default_rng(0).standard_normal(min(len(words), 4 * contexts))
    u, s, _ = svds(hstack(blocks).tocsr(), k=min(params.size, len(words) - 2), v0=start)
    vectors = u * np.sqrt(s)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    found: NDArray[np.float32] = (vectors / norms).astype(np.float32)
    return found


def _positive_information(counts: csr_matrix) -> csr_matrix:
    counts.sum_duplicates()
    rows = np.asarray(counts.sum(axis=1)).ravel() + 1e-9
    columns = np.asarray(counts.sum(axis=0)).ravel() ** 0.75 + 1e-9
    cells = counts.tocoo()
    values = np.log(cells.data * columns.sum() / (rows[cells.row] * columns[cells.col]))
    kept = values > 0
    return csr_matrix(
        (values[kept].astype(np.float32), (cells.row[kept], cells.col[kept])), counts.shape
    )


def cluster_centres(
    vectors: NDArray[np.float32], count: int, moves: int = 14
) -> NDArray[np.float32]:
    """The middles of clusters by spherical k-means, (count, size).

    Args:
        vectors: (n, size), of length 1.
        count: of clusters.
        moves: how often they are moved to the middle of what is nearest.
    """
    rng = np.random.default_rng(0)
    centres = vectors[rng.choice(len(vectors), count, replace=False)]
    for _ in range(moves):
        own = nearest(vectors, centres)
        for cluster in range(count):
            members = vectors[own == cluster]
            if len(members):
                centre = members.mean(axis=0)
                centres[cluster] = centre / (np.linalg.norm(centre) + 1e-9)
    return centres


def nearest(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    """Which centre each vector of length 1 is nearest to, (n,)."""
    found: NDArray[np.intp] = (vectors @ centres.T).argmax(axis=1)
    return found


def _capitals(tokens: Sequence[str]) -> dict[str, int]:
    """In quarters, how often a word bears a capital where no sentence begins."""
    upper, total = Counter[str](), Counter[str]()
    before = "\n"
    for token in tokens:
        if before not in _ENDS:
            total[token.lower()] += 1
            upper[token.lower()] += token[:1].isupper()
        before = token
    return {word: round(4 * upper[word] / n) for word, n in total.items() if n > 1}
