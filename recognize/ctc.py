"""CTC probabilities to text with the place and the confidence of every character."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recognize.alphabet import BLANK

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
