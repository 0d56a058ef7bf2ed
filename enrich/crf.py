"""A linear-chain conditional random field over hashed features (Lafferty et al., ICML 2001)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]  # of features
Scores = NDArray[np.float64]  # (T, L): of labels at each place
IMPOSSIBLE = -1e4


@dataclass(frozen=True, slots=True)
class Crf:
    """Weights of features and of steps from label to label.

    Attributes:
        labels: "O" first, then "S-" for names of one word, "B-", "I-", "E-" for those of several.
        codes: features that have weights, (F,), sorted, each once.
        weights: float32 (F, L).
        steps: float64 (L, L), from a label to the next.
    """

    labels: tuple[str, ...]
    codes: Codes
    weights: NDArray[np.float32]
    steps: NDArray[np.float64]

    def scores(self, features: Sequence[Codes]) -> Scores:
        """The sums of the features' weights, a row a place; unknown features count nothing."""
        rows = np.zeros((len(features), len(self.labels)))
        for place, codes in enumerate(features):
            near = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
            rows[place] = self.weights[near[self.codes[near] == codes]].sum(axis=0)
        return rows


def mean_crf(crfs: Sequence[Crf], negligible: float) -> Crf:
    """One tagger with the means of several's weights, where a feature that one lacks weighs 0.

    Its scores are the means of theirs, and what each owes to the chances of its training
    counts for less.

    Args:
        crfs: with the same labels.
        negligible: features whose mean weights are all smaller are dropped.
    """
    codes = np.unique(np.concatenate([crf.codes for crf in crfs]))
    weights = np.zeros((len(codes), len(crfs[0].labels)), np.float32)
    for crf in crfs:
        weights[np.searchsorted(codes, crf.codes)] += crf.weights / len(crfs)
    kept = np.abs(weights).max(axis=1) >= negligible
    steps = np.mean([crf.steps for crf in crfs], axis=0)
    return Crf(crfs[0].labels, codes[kept], weights[kept], steps)


def probabilities(scores: Scores, steps: NDArray[np.float64]) -> Scores:
    """How likely each label is at each place, (T, L)."""
    found: Scores = marginals(scores[None], np.array([len(scores)]), steps)[0][0]
    return found


def with_ends(labels: Sequence[str]) -> list[str]:
    """Labels in IOB, with the last words of names as "E-", and names of a single word as "S-"."""
    last = [not after.startswith("I-") for after in (*labels[1:], "O")]
    ends = {"B-": "S-", "I-": "E-"}
    return [
        ends[label[:2]] + label[2:] if is_last and label != "O" else label
        for label, is_last in zip(labels, last, strict=True)
    ]


def possible_steps(labels: Sequence[str]) -> NDArray[np.bool_]:
    """Which label may follow which, (L, L): only I-X and E-X go on with a name, and must."""
    return np.array([[_may_follow(before, after) for after in labels] for before in labels])


def _may_follow(before: str, after: str) -> bool:
    is_open = before[:2] in ("B-", "I-")
    if after[:2] in ("I-", "E-"):
        return is_open and before[2:] == after[2:]
    return not is_open


def marginals(
    scores: NDArray[np.float64], lengths: NDArray[np.int64], steps: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Probabilities under the model, of sequences side by side.

    Args:
        scores: (N, T, L), rows past a sequence's end are ignored.
        lengths: (N,), of the sequences.
        steps: (L, L).

    Returns:
        Of each label at each place (N, T, L), 0 past the end; of each step, summed over all
        (L, L); and the sum of the logarithms of the sequences' partition functions.
    """
    inside = np.arange(scores.shape[1])[None, :] < lengths[:, None]
    local, forward, backward, scale = _sums(scores, lengths, steps)
    places = forward * backward * inside[:, :, None]
    after = local[:, 1:] * backward[:, 1:] / scale[:, 1:, None] * inside[:, 1:, None]
    pairs = np.einsum("nti,ntj->ij", forward[:, :-1], after) * np.exp(steps)
    log_total = float((np.log(scale) + scores.max(axis=2))[inside].sum())
    return places, pairs, log_total


def ways(scores: Scores, steps: NDArray[np.float64]) -> tuple[Scores, Scores]:
    """Logarithms of the sums over all ways to each label and on from it, both (T, L).

    The former count the label's own score, the latter do not; labels that no way reaches have -inf.
    """
    _, forward, backward, scale = _sums(scores[None], np.array([len(scores)]), steps)
    reached = np.cumsum(np.log(scale[0]) + scores.max(axis=1))[:, None]
    with np.errstate(divide="ignore"):
        return np.log(forward[0]) + reached, np.log(backward[0]) + reached[-1] - reached


def _sums(
    scores: NDArray[np.float64], lengths: NDArray[np.int64], steps: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Exponentials of the scores, and sums over the ways to and from each label.

    All are divided so that they stay within what numbers hold: scores (N, T, L) by each place's
    largest, the ways to a label by their sum, the scale (N, T) of each place; those from it by the
    later places' scales.
    """
    count, length, labels = scores.shape
    inside = np.arange(length)[None, :] < lengths[:, None]
    power = np.exp(steps)
    local = np.exp(scores - scores.max(axis=2, keepdims=True))
    forward = np.empty((count, length, labels))
    scale = np.ones((count, length))
    for t in range(length):
        new = local[:, 0] if t == 0 else (forward[:, t - 1] @ power) * local[:, t]
        total = new.sum(axis=1)
        scale[:, t] = np.where(inside[:, t], total, 1.0)
        forward[:, t] = np.where(inside[:, t, None], new / total[:, None], forward[:, t - 1])
    backward = np.ones((count, length, labels))
    for t in range(length - 2, -1, -1):
        new = ((local[:, t + 1] * backward[:, t + 1]) @ power.T) / scale[:, t + 1, None]
        backward[:, t] = np.where(inside[:, t + 1, None], new, 1.0)
    return local, forward, backward, scale
