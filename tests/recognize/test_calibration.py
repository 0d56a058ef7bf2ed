from __future__ import annotations

import numpy as np
import pytest

from recognize.calibration import Calibration, calibrate, power_to_mean


def test_the_expected_rate_is_that_of_the_lines_it_was_learnt_from() -> None:
    rng = np.random.default_rng(4)
    confidences = rng.uniform(0.3, 1.0, 2000)
    errors = rng.binomial(40, 0.6 * (1 - confidences))  # confidence says too much by 40 %
    curve = calibrate(confidences.tolist(), errors.tolist(), [40] * 2000)
    for confidence in (0.5, 0.75, 0.95):
        assert curve.expected_cer([(confidence, 40)]) == pytest.approx(
            0.6 * (1 - confidence), abs=0.03
        )


def test_more_confidence_never_means_more_errors() -> None:
    curve = calibrate([0.2, 0.5, 0.6, 0.9], [1, 6, 2, 3], [10, 10, 10, 10])
    assert list(curve.rates) == sorted(curve.rates, reverse=True)
    assert list(curve.confidences) == sorted(curve.confidences)


def test_long_lines_count_more() -> None:
    curve = Calibration((0.0, 1.0), (1.0, 0.0))
    assert curve.expected_cer([(0.5, 30), (1.0, 10)]) == pytest.approx(0.375)


def test_nothing_read_has_no_expected_errors() -> None:
    assert Calibration().expected_cer([]) == 0.0
    assert Calibration().expected_cer([(0.0, 0)]) == 0.0


def test_nothing_is_learnt_from_empty_readings() -> None:
    with pytest.raises(ValueError, match="no line"):
        calibrate([0.0], [3], [0])


def test_a_power_brings_confidences_down_to_a_mean() -> None:
    sure = [0.9, 0.99, 0.5, 1.0]
    assert np.mean(np.array(sure) ** power_to_mean(sure, 0.7)) == pytest.approx(0.7, abs=0.001)


def test_no_power_makes_surer() -> None:
    assert power_to_mean([0.4, 0.6], 0.9) == 1.0
