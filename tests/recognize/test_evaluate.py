from __future__ import annotations

from dataclasses import replace

import pytest

from recognize.dataset import LineSample
from recognize.evaluate import (
    Score,
    graphemes,
    score,
    score_samples,
    total,
    word_calibration_error,
)
from recognize.reader import Reading

SAMPLE = LineSample(b"", 100, "abcd", "made", "p1", 0, "eng", "hand")


@pytest.mark.parametrize(
    ("truth", "reading", "errors"),
    [
        pytest.param("abc", "abc", 0, id="right"),
        pytest.param("abc", "", 3, id="nothing read"),
        pytest.param("été", "e\u0301te\u0301", 0, id="decomposed"),
        pytest.param("a  b ", "a b", 0, id="white space"),
        pytest.param("Ab", "ab", 1, id="case counts"),
        pytest.param("g\u0303o", "go", 1, id="cluster is one unit"),
        pytest.param("ab", "abcd", 2, id="invented"),
    ],
)
def test_character_errors(truth: str, reading: str, errors: int) -> None:
    assert score(truth, reading).character_errors == errors


def test_words_are_counted_too() -> None:
    one = score("the old house", "the cold hous")
    assert (one.word_errors, one.words) == (2, 3)


def test_rates_are_pooled_over_characters() -> None:
    pooled = total([score("a", "b"), score("abcdefghi", "abcdefghi")])
    assert pooled.cer == pytest.approx(0.1)


def test_no_truth_gives_no_division_by_zero() -> None:
    assert Score().cer == 0


def test_graphemes_of_a_combined_letter() -> None:
    assert len(graphemes("m\u0303n")) == 2


def test_tables_have_a_row_each() -> None:
    typed = replace(SAMPLE, kind="typed", lang="fra", corpus="other")
    tables = score_samples([SAMPLE, typed], ["abcd", "abc"])
    assert tables["total"]["all"].character_errors == 1
    assert list(tables["kind"]) == ["hand", "typed"]
    assert list(tables["kind/language"]) == ["hand/eng", "typed/fra"]
    assert tables["corpus"]["made"].cer == 0


def reading(text: str, confidence: float) -> Reading:
    return Reading(text, ((0.0, 1.0),) * len(text), (confidence,) * len(text))


@pytest.mark.parametrize(
    ("confidence", "text", "error"),
    [
        pytest.param(1.0, "a b c d", 0.0, id="sure and right"),
        pytest.param(1.0, "x x c d", 0.5, id="sure and half wrong"),
        pytest.param(0.5, "x x c d", 0.0, id="as sure as right"),
        pytest.param(0.3, "a b c d", 0.7, id="too modest"),
        pytest.param(1.0, "b c d", 0.0, id="what is missing is not held against the others"),
        pytest.param(1.0, "", 0.0, id="no words"),
    ],
)
def test_word_calibration_error(confidence: float, text: str, error: float) -> None:
    samples = [replace(SAMPLE, text="a b c d")]
    found = word_calibration_error(samples, [reading(text, confidence)])
    assert found == pytest.approx(error)
