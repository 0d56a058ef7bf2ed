"""CTC probabilities to text with the place and the confidence of every character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from recognize.alphabet import BLANK

_LEAST = 1e-5  # probability of what is not possible

Probabilities = NDArray[np.float32]  # (T, labels), each row sums to 1


@dataclass(frozen=True, slots=True)
class Labelling:
    """What was decoded, a label each.

    Attributes:
        labels: without blanks.
        spans: first and last + 1 column of each label's peak.
        confidences: probability of each label at its peak, in [0, 1].
    """

    labels: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    confidences: tuple[float, ...]


def decode_greedily(probabilities: Probabilities) -> Labelling:
    """The best label of each column, repeats joined, blanks dropped (Graves et al., ICML 2006).

    Args:
        probabilities: float (T, labels); T may be 0.

    Raises:
        ValueError: if `probabilities` is not 2-D.
    """
    if probabilities.ndim != 2:
        raise ValueError(f"expected (T, labels) probabilities, got {probabilities.shape}")
    if not len(probabilities):
        return Labelling((), (), ())
    best = probabilities.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    runs = [
        (int(best[a]), (int(a), int(b)), float(probabilities[a:b, best[a]].max()))
        for a, b in zip(starts, ends, strict=True)
        if best[a] != BLANK
    ]
    return Labelling(
        tuple(label for label, _, _ in runs),
        tuple(span for _, span, _ in runs),
        tuple(confidence for _, _, confidence in runs),
    )


def widen(spans: tuple[tuple[int, int], ...], columns: int) -> tuple[tuple[float, float], ...]:
    """Stretch the peaks so that neighbours meet half-way: CTC peaks are narrower than letters.

    Args:
        spans: peaks in column order.
        columns: width of the line; the first and the last letter reach at most as far outward
            as inward, and never beyond it.
    """
    if not spans:
        return ()
    centers = [(left + right) / 2 for left, right in spans]
    borders = [(a + b) / 2 for a, b in pairwise(centers)]
    reach = (borders[-1] - borders[0]) / max(1, len(borders) - 1) / 2 if len(borders) > 1 else 2.0
    first = max(0.0, min(centers[0] - reach, spans[0][0]))
    last = min(float(columns), max(centers[-1] + reach, spans[-1][1]))
    return tuple(zip([first, *borders], [*borders, last], strict=True))


def log_likelihoods(
    probabilities: Probabilities, labellings: Sequence[Sequence[int]]
) -> NDArray[np.float64]:
    """The logarithms of how probable it is that just these labels stand there, in any alignment.

    Args:
        probabilities: float32 (T, labels).
        labellings: each without blanks.

    Returns:
        float64, one a labelling: at most 0; minus infinity where there are too few columns.
    """
    columns = torch.from_numpy(np.log(np.maximum(probabilities, _LEAST)))[:, None]
    losses = torch.nn.functional.ctc_loss(
        columns.expand(-1, len(labellings), -1),
        torch.tensor([label for labels in labellings for label in labels], dtype=torch.long),
        torch.full((len(labellings),), len(probabilities)),
        torch.tensor([len(labels) for labels in labellings]),
        blank=BLANK,
        reduction="none",
    )
    found: NDArray[np.float64] = -losses.double().numpy()
    return found


def align(probabilities: Probabilities, labels: Sequence[int]) -> Labelling:
    """Lay a known labelling on the columns where it fits best (Viterbi over CTC's states).

    Args:
        probabilities: float (T, labels), T at least the number of labels and of repeats in them.
        labels: what stands there, without blanks.

    Returns:
        The labels, each with the columns that it takes and its highest probability there.

    Raises:
        ValueError: if there are too few columns for the labels.
    """
    columns = len(probabilities)
    repeats = sum(a == b for a, b in pairwise(labels))
    if columns < len(labels) + repeats:
        raise ValueError(f"{len(labels)} labels do not fit into {columns} columns")
    if not labels:
        return Labelling((), (), ())
    states = np.full(2 * len(labels) + 1, BLANK)
    states[1::2] = labels
    path = _best_path(np.log(np.maximum(probabilities[:, states], 1e-30)), states)
    spans, confidences = [], []
    for place, label in enumerate(labels):
        taken = np.flatnonzero(path == 2 * place + 1)
        spans.append((int(taken[0]), int(taken[-1]) + 1))
        confidences.append(float(probabilities[taken, label].max()))
    return Labelling(tuple(labels), tuple(spans), tuple(confidences))


def _best_path(scores: NDArray[np.float32], states: NDArray[np.int_]) -> NDArray[np.int_]:
    """The state of each column on the best way through CTC's states."""
    columns, size = scores.shape
    # A letter may follow a letter without a blank between them, unless it is the same.
    skips = np.full(size, -np.inf)
    skips[3::2] = np.where(states[3::2] != states[1:-2:2], 0.0, -np.inf)
    reached = np.full(size + 2, -np.inf)  # two states more in front, where nothing comes from
    best, before, skipped = reached[2:], reached[1:-1], reached[:-2]
    best[:2] = scores[0, :2]
    steps = np.zeros((columns, size), np.int8)
    for column in range(1, columns):
        nearest = np.maximum(best, before)
        furthest = skipped + skips
        steps[column] = np.where(furthest > nearest, 2, before > best)
        best[:] = np.maximum(nearest, furthest) + scores[column]
    path = np.empty(columns, int)
    path[-1] = size - 1 if best[-1] >= best[-2] else size - 2
    for column in range(columns - 1, 0, -1):
        path[column - 1] = path[column] - steps[column, path[column]]
    return path
