from __future__ import annotations

import numpy as np
import pytest
import torch

from recognize.alphabet import BLANK
from recognize.ctc import Probabilities, decode_greedily
from recognize.reviser import (
    KINDS,
    Gaps,
    Reviser,
    ends_of,
    in_company,
    likeliest,
    mean_reading,
    revise,
    runs_of_letters,
    surroundings,
    telling_columns,
)
from tests.recognize.peaks import LETTERS, spelled


def a_reviser(changing: bool = False) -> Reviser:
    torch.manual_seed(1)
    reviser = Reviser(len(LETTERS), 8, 64, 64).eval()
    if changing:
        assert reviser.grams and reviser.gaps
        for table in (reviser.grams, reviser.gaps):
            torch.nn.init.normal_(table.table)
        torch.nn.init.normal_(reviser.gaps.told.weight, std=0.3)
        torch.nn.init.normal_(reviser.head.weight, std=3.0)
    return reviser


def sure_blanks(text: str) -> np.ndarray:
    """Letters with a blank behind each that is sure."""
    found = spelled(text, 0.9)
    found[1::2] = 0
    found[1::2, BLANK] = 1
    return found


def test_columns_that_are_surely_blank_tell_nothing() -> None:
    assert telling_columns(sure_blanks("abc")).tolist() == [0, 2, 4]


def test_a_blank_stays_between_two_like_letters() -> None:
    assert telling_columns(sure_blanks("abba")).tolist() == [0, 2, 3, 4, 6]


def test_a_line_of_blanks_tells_nothing() -> None:
    assert not len(telling_columns(sure_blanks("ab")[1::2]))


def test_only_the_likeliest_labels_are_left_as_they_are() -> None:
    rng = np.random.default_rng(1)
    given = rng.dirichlet(np.ones(20), 6).astype(np.float32)
    left = likeliest(given)
    assert ((left > 0).sum(axis=1) == KINDS).all()
    assert (left[left > 0] == given[left > 0]).all()
    assert (left.argmax(axis=1) == given.argmax(axis=1)).all()


def test_an_untrained_reviser_reads_the_same() -> None:
    lines = [spelled("some words"), spelled("a"), sure_blanks("abba")]
    for before, after in zip(lines, revise(a_reviser(), lines, bfloat16=False), strict=True):
        assert decode_greedily(after).labels == decode_greedily(before).labels


def test_a_line_is_revised_the_same_whatever_others_there_are() -> None:
    lines = [spelled(text, 0.7) for text in ("of other", "of another", "x", "words")]
    reviser = a_reviser(changing=True)
    together = revise(reviser, lines, bfloat16=False)
    for line, found in zip(lines, together, strict=True):
        alone = revise(reviser, [line], bfloat16=False)[0]
        assert np.allclose(found, alone, atol=1e-5)
        assert not np.allclose(found, line, atol=1e-2)


def test_what_was_put_right_is_read_again() -> None:
    """Letters far from each other in a line learn of each other's changes."""
    reviser = a_reviser(changing=True)
    line = torch.from_numpy(spelled("words", 0.7))[:, None]
    inside = torch.ones(line.shape[:2], dtype=torch.bool)
    once, again = reviser(line), reviser.reread(line, inside)
    first = reviser.trust * (line + 1e-4).log()
    eager = (first + 1.5 * (once - first)).softmax(2)
    assert torch.allclose(again - first, reviser.say(eager, reviser.read(eager)), atol=1e-4)
    assert not torch.allclose(again, once, atol=0.1)


def test_a_line_is_shown_amid_the_ends_of_those_beside_it() -> None:
    lines = [spelled(text, 0.9) for text in ("a first line", "and its word", "that ends here")]
    (_, before), (after, _) = ends_of(lines[0]), ends_of(lines[2])
    shown, own = in_company(lines[1], before, after, LETTERS.space)
    assert LETTERS.decode(decode_greedily(shown).labels) == "rst line and its word that end"
    assert np.array_equal(shown[own], lines[1])


def test_a_line_by_itself_is_shown_as_it_is() -> None:
    line = spelled("alone", 0.9)
    shown, own = in_company(line, None, None, LETTERS.space)
    assert np.array_equal(shown, line)
    assert np.array_equal(shown[own], line)


def test_columns_that_tell_nothing_stay_as_they_are() -> None:
    line = sure_blanks("abc")
    revised = revise(a_reviser(changing=True), [line], bfloat16=False)[0]
    assert np.array_equal(revised[1::2], line[1::2])
    assert not np.allclose(revised[::2], line[::2])


def test_empty_lines_stay_empty() -> None:
    lines = [np.zeros((0, len(LETTERS)), np.float32), sure_blanks("ab")[1::2]]
    for before, after in zip(lines, revise(a_reviser(), lines, bfloat16=False), strict=True):
        assert np.array_equal(before, after)


def test_the_first_states_know_one_side_each() -> None:
    reviser = a_reviser()
    line = torch.from_numpy(spelled("abcdef", 0.9))[:, None]
    other = line.clone()
    other[-1] = line[0]  # the last column says something else
    first, second = reviser.read(line), reviser.read(other)
    assert torch.equal(first[:-1, :, :8], second[:-1, :, :8])
    assert not torch.allclose(first[0, :, 8:], second[0, :, 8:], atol=1e-7)


def runs(said: list[int]) -> list[list[int]]:
    return [run[:, 0].tolist() for run in runs_of_letters(torch.tensor(said)[:, None])]


def test_runs_are_of_letters_however_many_columns_they_have() -> None:
    short, long = runs([1, 2, 3, 4]), runs([1, BLANK, 2, 2, BLANK, BLANK, 3, 4, BLANK])
    for few, many in zip(short, long, strict=True):
        assert few == [many[n] for n in (0, 2, 6, 7)]
        assert many[7] == many[8]
        assert len({*few}) == 4


def test_a_blank_keeps_like_letters_apart_in_runs() -> None:
    threes = runs([1, 2, BLANK, 2, 1])[0]
    assert threes[-1] != runs([1, 2, 2, 1])[0][-1]
    assert threes[-1] == runs([5, 2, BLANK, 2, 1])[0][-1]


def around(said: Probabilities, column: int) -> list[tuple[str, str, float]]:
    """The three letters on either side of a column in each way they may be, and how likely."""
    names = torch.arange(len(LETTERS))
    return [
        (
            *(
                "".join(LETTERS.characters[n - 1] for n in side if n != BLANK)
                for side in (left[:3, column, 0].flip(0).tolist(), right[:3, column, 0].tolist())
            ),
            float(share[column, 0]),
        )
        for left, right, share in surroundings(torch.from_numpy(said)[:, None], names)
    ]


def doubted(text: str, place: int, other: str, odds: float) -> Probabilities:
    """A text one of whose letters may be another, or none if that is empty."""
    said = spelled(text, 0.99)
    label = LETTERS.characters.index(other) + 1 if other else BLANK
    said[2 * place] *= 1 - odds
    said[2 * place, label] += odds
    return said


def test_what_is_around_a_letter_leaves_it_out() -> None:
    said = spelled("abcdefg", 0.999)
    assert around(said, 6)[0][:2] == ("abc", "efg")


def test_what_is_around_a_blank_touches() -> None:
    said = spelled("abcdefg", 0.999)
    assert around(said, 7)[0][:2] == ("bcd", "efg")


def test_around_the_ends_of_a_line_there_is_nothing() -> None:
    said = spelled("ab", 0.999)
    assert around(said, 0)[0][:2] == ("", "b")
    assert around(said, 3)[0][:2] == ("ab", "")


def test_a_letter_in_doubt_is_taken_for_the_other_it_may_be() -> None:
    said = doubted("abcdefg", 4, "x", 0.4)
    ways = around(said, 6)
    assert [way[:2] for way in ways[:2]] == [("abc", "efg"), ("abc", "xfg")]
    assert ways[1][2] == pytest.approx(0.2, abs=0.01)
    assert sum(way[2] for way in ways) == pytest.approx(1)


def test_a_letter_that_may_not_be_there_is_left_out() -> None:
    ways = around(doubted("abcdefg", 2, "", 0.4), 6)
    assert [way[:2] for way in ways[:2]] == [("abc", "efg"), ("ab", "efg")]


def test_a_letter_in_doubt_is_not_around_itself() -> None:
    """Nor is it looked at in two ways from where it stands."""
    ways = around(doubted("abcdefg", 3, "x", 0.4), 6)
    assert {way[:2] for way in ways if way[2] > 0.01} == {("abc", "efg")}


def test_a_gap_in_a_word_is_known_whatever_words_stand_beside_it() -> None:
    gaps = Gaps(len(LETTERS), 1 << 12, 4)
    torch.nn.init.normal_(gaps.table)
    gaps.space.fill_(LETTERS.encode("a b")[1])
    first, second, third = (
        gaps.recall(torch.from_numpy(spelled(text, 1.0))[:, None])[6:8, 0, -32:]
        for text in ("a word of", "o word ni", "a lord of")
    )
    assert torch.allclose(first[0], second[0], atol=1e-6)
    assert not torch.allclose(first[0], third[0], atol=0.1)


def test_the_mean_of_two_readings_lies_between_them() -> None:
    rng = np.random.default_rng(1)
    first, second = (rng.dirichlet(np.ones(5), 9).astype(np.float32) for _ in range(2))
    between = mean_reading(first, second, 0.5)
    assert np.allclose(between.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(mean_reading(first, second, 0.0), first, atol=1e-3)
    assert np.allclose(mean_reading(first, second, 1.0), second, atol=1e-3)
    odds = [np.log(one[:, 0] / one[:, 1]) for one in (first, between, second)]
    assert np.allclose(odds[1], (odds[0] + odds[2]) / 2, atol=0.05)
