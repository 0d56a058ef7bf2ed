"""Texts with marked names -> the weights of the tagger."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from enrich.broken_words import whole_words
from enrich.crf import IMPOSSIBLE, Crf, marginals, possible_steps, with_ends
from enrich.features import Lexicon, features
from enrich.misreading import Misreader
from enrich.swapping import Sentence, with_names_swapped

KINDS = ("PER", "LOC", "ORG")
LABELS = ("O", *(f"{part}-{kind}" for kind in KINDS for part in "BIES"))


@dataclass(frozen=True, slots=True)
class TrainParams:
    """Settings of `train`.

    Attributes:
        sentences: how many are read on end, as the marked ones were cut too short.
        noise: shares of the characters misread in copies of the text beside the text itself.
        swapped: how many further copies have other names in the places of theirs.
        least: places at which a feature must be met to be kept.
        prior: strength of the pull of the weights towards 0.
        iterations: of L-BFGS at most.
        negligible: weights smaller than that are dropped.
        seed: of the misreadings and swaps.
    """

    sentences: int = 8
    noise: tuple[float, ...] = (0.05,)
    swapped: int = 0
    least: int = 2
    prior: float = 0.1
    iterations: int = 60
    negligible: float = 0.01
    seed: int = 1


def read_conll(path: Path, together: int = 8) -> list[Sentence]:
    """Read words with IOB labels, a word a line, TAB between; kinds that are not ours become O.

    Args:
        path: the file; an empty line is between sentences.
        together: how many sentences are joined to one, and more where a name goes on in the next:
            the sentences were cut by their full stops, "M ." among them.
    """
    sentences: list[Sentence] = [[]]
    for line in path.read_text("utf-8").splitlines():
        if not line.strip():
            sentences.append([])
            continue
        word, _, label = line.partition("\t")
        sentences[-1].append((word.strip() or "?", label if label[2:] in KINDS else "O"))
    joined: list[list[Sentence]] = []
    for sentence in filter(None, sentences):
        goes_on = sentence[0][1].startswith("I-")
        if joined and (len(joined[-1]) < together or goes_on):
            joined[-1].append(sentence)
        else:
            joined.append([sentence])
    return [[pair for sentence in group for pair in sentence] for group in joined]


def marked_parts(sentences: Sequence[Sentence], longest_gap: int, kept: int = 40) -> list[Sentence]:
    """Leave out long stretches without names: pages that nobody has marked teach the wrong thing.

    Args:
        sentences: in the order of the text.
        longest_gap: words without a name that are still taken for text without names.
        kept: words of a longer stretch that are kept at either end.
    """
    pairs = [pair for sentence in sentences for pair in sentence]
    ends = list(itertools.accumulate(len(sentence) for sentence in sentences))
    names = [place for place, (_, label) in enumerate(pairs) if label != "O"]
    cuts = {
        place
        for before, after in itertools.pairwise([-1, *names, len(pairs)])
        if after - before - 1 > longest_gap
        for place in range(before + 1 + kept * (before >= 0), after - kept * (after < len(pairs)))
    }
    starts = [0, *ends[:-1]]
    parts = (
        [pairs[place] for place in range(start, end) if place not in cuts]
        for start, end in zip(starts, ends, strict=True)
    )
    return [part for part in parts if part]


def train(
    texts: Mapping[str, Sequence[Sentence]],
    lexicon: Lexicon,
    misreader: Misreader,
    params: TrainParams = TrainParams(),
) -> Crf:
    """Fit a tagger to texts in several languages.

    Args:
        texts: sentences by ISO 639-3 code.
        lexicon: what is known of words.
        misreader: makes the errors of the copies.
        params: see `TrainParams`.
    """
    rng = random.Random(params.seed)
    places: list[NDArray[np.uint32]] = []
    labels: list[list[int]] = []
    for language, sentences in sorted(texts.items()):
        for copy in _copies(sentences, misreader, params, rng):
            words, marks = _whole(copy, language, lexicon)
            places += [np.unique(codes) for codes in features(words, language, lexicon)]
            labels.append([LABELS.index(mark) for mark in with_ends(marks)])
    codes, counts = np.unique(np.concatenate(places), return_counts=True)
    codes = codes[counts >= params.least]
    weights, steps = _fit(_matrix(places, codes), labels, params)
    kept = np.abs(weights).max(axis=1) >= params.negligible
    return Crf(LABELS, codes[kept], weights[kept].astype(np.float32), steps)


def _copies(
    sentences: Sequence[Sentence], misreader: Misreader, params: TrainParams, rng: random.Random
) -> Iterator[Sentence]:
    """The sentences, each with its misread copies, then those with other names."""
    for sentence in sentences:
        yield sentence
        yield from (_misread(sentence, rate, misreader, rng) for rate in params.noise)
    for _ in range(params.swapped):
        yield from with_names_swapped(sentences, rng)


def _misread(sentence: Sentence, rate: float, misreader: Misreader, rng: random.Random) -> Sentence:
    return [(misreader.misread(word, rate, rng), label) for word, label in sentence]


def _whole(sentence: Sentence, language: str, lexicon: Lexicon) -> tuple[list[str], list[str]]:
    """The sentence's whole words and their labels, which are those of their first parts."""
    whole = whole_words([w for w, _ in sentence], lambda word: lexicon.knows(word, language))
    words, counts = zip(*whole, strict=True)
    starts = itertools.accumulate(counts[:-1], initial=0)
    return list(words), [sentence[start][1] for start in starts]


def _matrix(places: Sequence[NDArray[np.uint32]], codes: NDArray[np.uint32]) -> csr_matrix:
    """Which of the kept features are met where, (places, features)."""
    columns, starts = [], [0]
    for found in places:
        near = np.minimum(np.searchsorted(codes, found), len(codes) - 1)
        columns.append(near[codes[near] == found])
        starts.append(starts[-1] + len(columns[-1]))
    cells = np.concatenate(columns)
    return csr_matrix((np.ones(len(cells), np.float32), cells, starts), (len(places), len(codes)))


def _fit(
    matrix: csr_matrix,
    labels: Sequence[Sequence[int]],
    params: TrainParams,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights and steps that make the labels likeliest, under the prior."""
    size, kinds = matrix.shape[1], len(LABELS)
    lengths = np.array([len(sentence) for sentence in labels])
    flat = np.concatenate([np.array(sentence) for sentence in labels])
    rows = np.repeat(np.arange(len(labels)), lengths)
    columns = np.concatenate([np.arange(length) for length in lengths])
    observed = matrix.T @ np.eye(kinds, dtype=np.float32)[flat]
    allowed = possible_steps(LABELS)
    seen = np.where(allowed, _observed_steps(labels, kinds), 0.0)
    transposed = matrix.T.tocsr()

    def loss(vector: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = vector[: size * kinds].reshape(size, kinds)
        free = vector[size * kinds :].reshape(kinds, kinds)
        scores = np.zeros((len(labels), int(lengths.max()), kinds))
        scores[rows, columns] = matrix @ weights.astype(np.float32)
        steps = np.where(allowed, free, IMPOSSIBLE)
        expected, pairs, log_total = marginals(scores, lengths, steps)
        reached = scores[rows, columns, flat].sum() + (seen * free).sum()
        value = log_total - reached + params.prior / 2 * float(vector @ vector)
        slope = transposed @ expected[rows, columns].astype(np.float32) - observed
        by_step = np.where(allowed, pairs - seen, 0.0)
        return value, np.concatenate([slope.ravel(), by_step.ravel()]) + params.prior * vector

    start = np.zeros(size * kinds + kinds * kinds)
    options = {"maxiter": params.iterations}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    free = found[size * kinds :].reshape(kinds, kinds)
    return found[: size * kinds].reshape(size, kinds), np.where(allowed, free, IMPOSSIBLE)


def _observed_steps(labels: Sequence[Sequence[int]], kinds: int) -> NDArray[np.float64]:
    counts = Counter(pair for sentence in labels for pair in itertools.pairwise(sentence))
    seen = np.zeros((kinds, kinds))
    for step, count in counts.items():
        seen[step] = count
    return seen
