"""Scores of labels -> the names worth claiming, by how likely each is as a whole.

The likeliest labels together leave out a name that is likelier than any other reading of its words
but not than all of them; where whole names are counted, it pays to claim it. A name is worth
claiming if it is likelier than half the F1 that one reaches (Lipton, Elkan and Naryanaswamy, ECML
2014).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enrich.crf import Scores, ways

Span = tuple[str, int, int]  # kind, first word, last word + 1

LONGEST = 20  # words
LEAST = 0.02  # probability; less likely names are not worth keeping
WORTH = 0.25  # probability; chosen by cross-validation, where 0.2 to 0.3 do about as well


@dataclass(frozen=True, slots=True)
class Name:
    """A run of words that is a name.

    Attributes:
        kind: "PER", "LOC" or "ORG".
        first: its first word.
        end: its last word + 1.
        probability: that just these words are a name of that kind.
    """

    kind: str
    first: int
    end: int
    probability: float


def marked_spans(labels: Sequence[str]) -> list[Span]:
    """The runs of labels in IOB that are one name each, in order."""
    found, start = [], -1
    for place, label in enumerate([*labels, "O"]):
        goes_on = start >= 0 and label == f"I-{labels[start][2:]}"
        if start >= 0 and not goes_on:
            found.append((labels[start][2:], start, place))
            start = -1
        if start < 0 and label != "O":
            start = place
    return found


def likely_names(
    scores: Scores, steps: NDArray[np.float64], labels: Sequence[str]
) -> dict[Span, float]:
    """Names with the probability that just these words are one of that kind.

    Args:
        scores: of the labels at each place, (T, L).
        steps: from a label to the next, (L, L).
        labels: with ends, see `crf.with_ends`, (L,).
    """
    forward, backward = ways(scores, steps)
    total = np.logaddexp.reduce(forward[-1])
    found: dict[Span, float] = {}
    for kind in sorted({label[2:] for label in labels if label != "O"}):
        single, first, inner, last = (labels.index(f"{part}-{kind}") for part in "SBIE")
        _note(found, kind, 1, forward[:, single] + backward[:, single] - total)
        reached, before = forward[:, first], first
        for count in range(2, min(LONGEST, len(scores)) + 1):
            reached, ends = reached[: len(scores) - count + 1], slice(count - 1, None)
            closed = reached + steps[before, last] + scores[ends, last] + backward[ends, last]
            _note(found, kind, count, closed - total)
            reached = reached + steps[before, inner] + scores[ends, inner]
            before = inner
    return found


def _note(found: dict[Span, float], kind: str, count: int, log: NDArray[np.float64]) -> None:
    for first in np.flatnonzero(log > np.log(LEAST)).tolist():
        found[kind, first, first + count] = float(np.exp(log[first]))


def mean_of(found: Sequence[Mapping[Span, float]]) -> dict[Span, float]:
    """The mean of what several taggers hold for likely."""
    sums: dict[Span, float] = defaultdict(float)
    for names in found:
        for span, probability in names.items():
            sums[span] += probability / len(found)
    return dict(sums)


def worth_claiming(names: Mapping[Span, float], worth: float = WORTH) -> list[Name]:
    """Of names that overlap those whose probabilities exceed `worth` by most together, in order."""
    ending: dict[int, list[Span]] = defaultdict(list)
    for span, probability in names.items():
        if probability > worth:
            ending[span[2]].append(span)
    gains: list[float] = [0.0]
    last: list[Span | None] = [None]
    for end in range(1, max(ending, default=0) + 1):
        ways = [(gains[span[1]] + names[span] - worth, span) for span in sorted(ending[end])]
        gain, best = max([(gains[-1], None), *ways], key=lambda way: way[0])
        gains.append(gain)
        last.append(best)
    return [Name(*span, probability=names[span]) for span in _back(last)][::-1]


def _back(last: Sequence[Span | None]) -> Iterator[Span]:
    """The names chosen, from the last to the first."""
    end = len(last) - 1
    while end > 0:
        span = last[end]
        if span is not None:
            yield span
        end = span[1] if span is not None else end - 1
