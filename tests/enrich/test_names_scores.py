"""The shipped tagger on marked texts that it has not seen; docs/benchmarks.md has the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from enrich.evaluate_names import NOISE, mended, score_names
from enrich.names_model import SHIPPED, load_model
from enrich.train_names import read_conll

MOST_BYTES = 12 << 20  # for four languages; 10 MB for each was asked


def test_the_model_is_small() -> None:
    assert SHIPPED.stat().st_size < MOST_BYTES


@pytest.mark.parametrize(
    "words", [["Cro¬", "mer"], ["Phi", "-", "lippe"]], ids=["at a line's end", "at a hyphen"]
)
def test_no_name_begins_amid_a_broken_word(words: list[str]) -> None:
    first, *between, last = words
    marked = [(first, "B-PER"), *((word, "I-PER") for word in between), (last, "B-PER")]
    labels = [label for _, label in mended(marked)]
    assert labels == ["B-PER"] + ["I-PER"] * (len(words) - 1)


@pytest.mark.parametrize(
    "words", [["Cro¬", "Mer"], ["¬", "mer"], [".", "-", "lippe"], ["Lyon", "mer"]]
)
def test_names_side_by_side_stay_two(words: list[str]) -> None:
    marked = [(word, "B-PER") for word in words]
    assert mended(marked) == marked


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "least"), [("eng", 82.0), ("swe", 68.0), ("fra", 55.0), ("deu", 31.0)]
)
def test_names_on_dev(shared: Path, language: str, least: float) -> None:
    texts = read_conll(shared / "data" / "entities" / f"{language}-dev.conll")
    clean = score_names(texts, language, load_model())
    misread = score_names(texts, language, load_model(), NOISE)
    assert clean["f1 all"] >= least
    assert misread["f1 all"] >= 0.8 * clean["f1 all"]
