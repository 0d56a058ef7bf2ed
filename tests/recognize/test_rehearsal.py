from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError
from recognize.ctc import decode_greedily
from recognize.rehearsal import (
    FirstReading,
    Repertoire,
    first_reading,
    joined,
    read_readings,
    write_readings,
)
from tests.recognize.peaks import LETTERS, spelled


def reading_of(text: str) -> FirstReading:
    found = first_reading(spelled(text, 0.9), LETTERS.encode(text))
    assert found
    return found


def said(reading: FirstReading) -> str:
    return LETTERS.decode(decode_greedily(reading.probabilities(len(LETTERS))).labels)


def test_a_reading_says_what_was_read_and_where_each_letter_begins() -> None:
    reading = reading_of("an eel")
    assert said(reading) == "an eel"
    assert len(reading.cuts) == 7
    assert (reading.cuts[0], reading.cuts[-1]) == (0, len(reading.kinds))
    assert list(reading.cuts) == sorted(reading.cuts)


def test_a_line_too_narrow_for_its_text_has_no_reading() -> None:
    assert first_reading(spelled("ab"), LETTERS.encode("much too long")) is None


@pytest.mark.parametrize("text", ["a new sentence", "letters", "see the tree", "q"])
def test_other_texts_are_put_together_of_parts(text: str) -> None:
    lines = ["the letters are all here", "a sentence in news", "quite", "seen trees"]
    repertoire = Repertoire([reading_of(line) for line in lines])
    composed = repertoire.compose(LETTERS.encode(text), np.random.default_rng(1))
    assert said(composed) == text
    assert composed.labels == tuple(LETTERS.encode(text))
    assert composed.cuts[-1] == len(composed.kinds)
    assert len(composed.cuts) == len(text) + 1


def test_parts_bring_their_mistakes() -> None:
    wrong = first_reading(spelled("lettcr", 0.6), LETTERS.encode("letter"))
    assert wrong
    composed = Repertoire([wrong]).compose(LETTERS.encode("letter"), np.random.default_rng(1))
    assert "c" in said(composed)


def test_a_letter_that_no_reading_has_is_read_surely() -> None:
    composed = Repertoire([reading_of("abc")]).compose(
        LETTERS.encode("az"), np.random.default_rng(1)
    )
    assert said(composed) == "az"


def test_the_same_chance_composes_the_same() -> None:
    repertoire = Repertoire([reading_of("some words and other words")])
    one, other = (
        repertoire.compose(LETTERS.encode("words"), np.random.default_rng(3)) for _ in range(2)
    )
    assert np.array_equal(one.odds, other.odds)


def test_the_ends_of_a_reading_are_whole_letters() -> None:
    cuts = 0, 2, 5, 7, 10
    kinds, odds = np.zeros((10, 8), np.uint16), np.zeros((10, 8), np.float16)
    reading = FirstReading(kinds, odds, (1, 2, 3, 4), cuts)
    assert [reading.end(columns).labels for columns in (2, 3, 4, 5, 20)] == [
        *((), (4,), (4,), (3, 4), (1, 2, 3, 4))
    ]
    assert [reading.beginning(columns).labels for columns in (1, 2, 4, 5, 20)] == [
        *((), (1,), (1,), (1, 2), (1, 2, 3, 4))
    ]
    assert reading.end(5).cuts == (0, 2, 5)


def test_readings_are_joined_by_what_is_sure() -> None:
    space = LETTERS.space
    both = joined([reading_of("some"), reading_of("words")], space)
    assert said(both) == "some words"
    assert both.labels == tuple(LETTERS.encode("some words"))
    columns = both.probabilities(len(LETTERS))
    assert columns[both.cuts[4]].tolist() == [
        float(label == space) for label in range(len(LETTERS))
    ]


def test_readings_are_kept(tmp_path: Path) -> None:
    readings = [reading_of("some words"), reading_of("others")]
    write_readings(tmp_path / "parts" / "000.npz", [7, 3], readings)
    kept = list(read_readings(tmp_path / "parts" / "000.npz"))
    assert [place for place, _ in kept] == [7, 3]
    for (_, one), other in zip(kept, readings, strict=True):
        assert (one.labels, one.cuts) == (other.labels, other.cuts)
        assert np.array_equal(one.kinds, other.kinds)
        assert np.array_equal(one.odds, other.odds)


def test_a_damaged_file_of_readings_is_named(tmp_path: Path) -> None:
    path = tmp_path / "000.npz"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=r"000\.npz"):
        list(read_readings(path))
