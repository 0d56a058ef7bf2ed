from __future__ import annotations

import numpy as np
import torch

from recognize.alphabet import BLANK
from recognize.ctc import decode_greedily
from recognize.reviser import (
    KINDS,
    Reviser,
    likeliest,
    mean_reading,
    revise,
    runs_of_letters,
    telling_columns,
)
from tests.recognize.peaks import LETTERS, spelled


def a_reviser(changing: bool = False) -> Reviser:
    torch.manual_seed(1)
    reviser = Reviser(len(LETTERS), 8, 64).eval()
    if changing:
        assert reviser.grams
        torch.nn.init.normal_(reviser.grams.table)
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
    assert torch.allclose(again - first, reviser.say(reviser.read(eager)), atol=1e-4)
    assert not torch.allclose(again, once, atol=0.1)


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


def test_the_mean_of_two_readings_lies_between_them() -> None:
    rng = np.random.default_rng(1)
    first, second = (rng.dirichlet(np.ones(5), 9).astype(np.float32) for _ in range(2))
    between = mean_reading(first, second, 0.5)
    assert np.allclose(between.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(mean_reading(first, second, 0.0), first, atol=1e-3)
    assert np.allclose(mean_reading(first, second, 1.0), second, atol=1e-3)
    odds = [np.log(one[:, 0] / one[:, 1]) for one in (first, between, second)]
    assert np.allclose(odds[1], (odds[0] + odds[2]) / 2, atol=0.05)
