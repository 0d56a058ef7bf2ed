"""A known text to the lines it stands on."""

from __future__ import annotations

import numpy as np
import pytest

from recognize.transcript import Piece, label_of, match_words
from tests.recognize.peaks import LETTERS, spelled

LINES = ["my dear mother", "i take up my pen", "to tell you that", "all is well"]


def lines_of(lines: list[str], text: str, breaks: frozenset[int] = frozenset()) -> list[int | None]:
    """The line of each word; None if it is on none."""
    words = text.split()
    pieces = match_words([spelled(line) for line in lines], words, LETTERS, breaks)
    found = {piece.word: piece.line for piece in pieces}
    return [found.get(number) for number in range(len(words))]


def truth_of(lines: list[str]) -> list[int]:
    return [number for number, line in enumerate(lines) for _ in line.split()]


def test_words_without_line_breaks_find_their_lines() -> None:
    assert lines_of(LINES, " ".join(LINES)) == truth_of(LINES)


def test_misread_letters_do_no_harm() -> None:
    read = ["ny deor nother", "i toke vp mg pen", "lo tell yov lhat", "oll is vell"]
    assert lines_of(read, " ".join(LINES)) == truth_of(LINES)


def test_a_passage_that_is_not_on_the_page_is_on_no_line() -> None:
    text = [*LINES[:2], "written by another hand in a margin", *LINES[2:]]
    found = lines_of(LINES, " ".join(text))
    assert found[8:15] == [None] * 7
    assert found[:8] + found[15:] == truth_of(LINES)


def test_a_line_that_the_text_leaves_out_gets_no_word() -> None:
    text = " ".join(line for number, line in enumerate(LINES) if number != 1)
    assert lines_of(LINES, text) == [0, 0, 0, 2, 2, 2, 2, 3, 3, 3]


def test_lines_found_in_another_order_get_their_words() -> None:
    order = [2, 3, 0, 1]
    found = lines_of([LINES[number] for number in order], " ".join(LINES))
    assert found == [order.index(number) for number in truth_of(LINES)]


def test_a_missing_word_moves_no_other() -> None:
    text = "my mother i take my pen to tell you that all is well"
    assert lines_of(LINES, text) == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]


def test_a_word_broken_at_a_lines_end_is_on_both() -> None:
    lines = [spelled("it is impor-"), spelled("tant to me")]
    pieces = match_words(lines, ["it", "is", "important", "to", "me"], LETTERS)
    assert [p for p in pieces if p.word == 2] == [Piece(2, 0, 0, 5, 5), Piece(2, 1, 5, 9, 4)]


def test_kept_line_breaks_decide_where_the_ink_does_not() -> None:
    lines = ["one two ", "zzz", "four five"]
    text = "one two qqq four five"
    assert lines_of(lines, text, frozenset((0, 2, 3)))[2] == 1


@pytest.mark.parametrize(("lines", "words"), [([], ["a"]), ([spelled("a")], [])])
def test_nothing_matches_nothing(lines: list[np.ndarray], words: list[str]) -> None:
    assert match_words(lines, words, LETTERS) == []


def test_a_blank_line_takes_no_word() -> None:
    assert lines_of(["", *LINES], " ".join(LINES)) == [n + 1 for n in truth_of(LINES)]


@pytest.mark.parametrize(
    ("character", "known"),
    [("a", "a"), ("’", "'"), ("—", "-"), ("ö", "o"), ("ê", "e"), ("ſ", "s"), ("漢", None)],
)
def test_characters_find_their_like(character: str, known: str | None) -> None:
    label = label_of(character, LETTERS)
    assert label == (LETTERS.characters.index(known) + 1 if known else len(LETTERS))
