"""Words laid on a line, right ones and wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

from recognize.laying import LaidLine, lay_words
from tests.recognize.peaks import LETTERS, spelled


def laid(line: str, text: str) -> LaidLine:
    return lay_words(spelled(line), text.split(), LETTERS)


def test_each_letter_is_on_its_peak() -> None:
    first, second = laid("my pen", "my pen").words
    assert first and first.spans == ((0, 1), (2, 3))
    assert second and second.spans == ((6, 7), (8, 9), (10, 11))
    assert 0 <= first.left < first.right <= second.left < second.right <= 12


def test_what_the_network_reads_itself_is_fully_supported() -> None:
    for word in laid("the old house", "the old house").words:
        assert word and word.support == pytest.approx(1.0)
        assert word.against == pytest.approx(0.0)


def test_a_wrong_word_lies_on_the_ink_of_the_right_one_without_support() -> None:
    words = laid("the old house", "the new house").words
    assert words[1] and words[1].spans[0][0] >= 8 and words[1].spans[-1][1] <= 14
    assert words[1].support < 0.1 and words[1].seen == "old"
    assert words[0] and words[2] and min(words[0].support, words[2].support) > 0.9


def test_a_word_without_ink_is_none_and_bends_no_other() -> None:
    words = laid("the house", "the old house").words
    assert words[1] is None
    assert [word.seen for word in words if word] == ["the", "house"]


def test_ink_without_a_word_is_told() -> None:
    found = laid("the old house", "the house")
    assert [(one.seen, one.before) for one in found.surplus] == [("old", 1)]


def test_all_ink_is_surplus_where_there_is_no_text() -> None:
    assert [one.seen for one in laid("the old house", "").surplus] == ["the old house"]


def test_more_words_than_a_line_can_hold_are_left_out() -> None:
    words = laid("ab", "many words that nobody could ever squeeze into it").words
    assert sum(word is not None for word in words) < 2


def test_a_line_without_columns_bears_nothing() -> None:
    assert lay_words(np.zeros((0, len(LETTERS)), np.float32), ["a"], LETTERS).words == (None,)


def test_letters_that_are_twice_in_a_row_keep_a_column_each() -> None:
    (word,) = laid("all", "all").words
    assert word and word.spans == ((0, 1), (2, 3), (4, 5))


def test_a_character_that_the_network_does_not_know_lies_on_any_ink() -> None:
    (word,) = laid("a z", "漢").words or (None,)
    assert word is not None
