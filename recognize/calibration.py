"""How much of a reading is likely wrong, learnt from lines whose truth is known.

The curve from confidence to error rate is an isotonic regression (Zadrozny and Elkan,
"Transforming classifier scores into accurate multiclass probability estimates", KDD 2002).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

_KNOTS = 16
_MOST_POWER = 8.0  # of confidences; one that would need more is not to be believed anyway


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a model's confidences are worth, and the error rate to expect by a line's.

    Attributes:
        confidences: of the knots, ascending, in [0, 1].
        rates: expected errors per character read at each knot, descending; linear between them.
        power: that a model's confidences are raised to first; above 1 it is too sure of itself.
    """

    confidences: tuple[float, ...] = (0.0, 1.0)
    rates: tuple[float, ...] = (1.0, 0.0)  # of an uncalibrated model: what is doubted is wrong
    power: float = 1.0

    def expected_cer(self, lines: Iterable[tuple[float, int]]) -> float:
        """Expected error rate of some lines together.

        Args:
            lines: confidence and number of characters of each.

        Returns:
            Errors per character; 0 where nothing was read.
        """
        pairs = np.array(list(lines), np.float64).reshape(-1, 2)
        if not pairs[:, 1].sum():
            return 0.0
        rates = np.interp(pairs[:, 0], self.confidences, self.rates)
        return float(np.average(rates, weights=pairs[:, 1]))


def power_to_mean(confidences: Sequence[float], mean: float) -> float:
    """The power of 1 or more that brings the mean of some confidences down to another.

    Args:
        confidences: in [0, 1].
        mean: to come to; 1 is returned where theirs is not above it.
    """
    sure = np.asarray(confidences, np.float64)
    low, high = 0.0, _MOST_POWER
    for _ in range(30):
        power = (low + high) / 2
        low, high = (power, high) if (sure**power).mean() > mean else (low, power)
    return max(1.0, high)


def calibrate(
    confidences: Sequence[float], errors: Sequence[int], characters: Sequence[int]
) -> Calibration:
    """Learn the curve from lines that have been read and compared with the truth.

    Args:
        confidences: of each line.
        errors: edit distance between each line and its truth.
        characters: read in each line.

    Raises:
        ValueError: if no line has characters.
    """
    order = np.argsort(confidences, kind="stable")
    sure = np.asarray(confidences, np.float64)[order]
    weights = np.asarray(characters, np.float64)[order]
    wrong = np.asarray(errors, np.float64)[order]
    sure, weights, wrong = (values[weights > 0] for values in (sure, weights, wrong))
    if not len(sure):
        raise ValueError("no line with characters to learn from")
    groups = np.array_split(np.arange(len(sure)), min(_KNOTS, len(sure)))
    totals = np.array([weights[group].sum() for group in groups])
    knots = [np.average(sure[group], weights=weights[group]) for group in groups]
    rates = np.array([wrong[group].sum() for group in groups]) / totals
    falling = isotonic_regression(rates, weights=totals, increasing=False).x
    return Calibration(
        tuple(round(float(knot), 5) for knot in knots),
        tuple(round(float(rate), 5) for rate in falling),
    )
