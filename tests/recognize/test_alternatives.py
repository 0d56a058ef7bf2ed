from __future__ import annotations

import math

import pytest

from recognize.alternatives import MOST, Rivals, standings_of_words


def rivals_of_words(text: str, hypotheses: list[tuple[str, float]]) -> tuple[Rivals, ...]:
    return tuple(standing.rivals for standing in standings_of_words(text, hypotheses))


def test_odds_are_summed_over_all_hypotheses() -> None:
    hypotheses = [("the cat", 0.5), ("tho cat", 0.2), ("the cot", 0.2), ("tho cot", 0.1)]
    first, second = rivals_of_words("the cat", [(t, math.log(p)) for t, p in hypotheses])
    assert first == (("tho", pytest.approx(0.3 / 0.7)),)
    assert second == (("cot", pytest.approx(0.3 / 0.7)),)


def test_a_word_shares_with_all_that_is_read_otherwise() -> None:
    hypotheses = [("the cat", 0.5), ("tho cat", 0.25), ("thocat", 0.25)]
    standings = standings_of_words("the cat", [(t, math.log(p)) for t, p in hypotheses])
    assert [standing.share for standing in standings] == pytest.approx([0.5, 0.75])


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param("thecat sat", ((), (), ()), id="words joined"),
        pytest.param("the c at sat", ((), (), ()), id="a word parted"),
        pytest.param("the cat sit", ((), (), (("sit", 1.0),)), id="the same places"),
        pytest.param("so the cat sit", ((), (), (("sit", 1.0),)), id="one more before"),
    ],
)
def test_only_the_same_place_counts(other: str, expected: tuple[object, ...]) -> None:
    assert rivals_of_words("the cat sat", [("the cat sat", 0.0), (other, 0.0)]) == expected


def test_the_likeliest_come_first_and_few_are_kept() -> None:
    others = [(letter, -index / 10) for index, letter in enumerate("abcdefgh")]
    (found,) = rivals_of_words("x", [("x", 0.0), *others])
    assert [other for other, _ in found] == list("abcdefgh"[:MOST])


def test_the_hopeless_are_left_out() -> None:
    assert rivals_of_words("x", [("x", 0.0), ("y", -10.0)]) == ((),)


def test_without_a_beam_there_is_nothing_to_tell() -> None:
    assert rivals_of_words("", []) == ()
    assert rivals_of_words("a b", []) == ((), ())
