from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognize.alphabet import Alphabet
from recognize.beam import BeamDecoder, BeamParams, ranked_by_all
from recognize.ctc import decode_greedily
from recognize.language import count_language

LETTERS = Alphabet(" 0123acdeghnot")
ENGLISH = count_language(["the cat and the dog ate the hat on the coach"] * 5)
INDIFFERENT = BeamParams(language=0.0)


def written(text: str, peak: float = 0.9, doubt: dict[int, str] | None = None) -> np.ndarray:
    """Probabilities of a text, a blank between letters; `doubt` gives a place a rival, 0.45."""
    rows = []
    for place, character in enumerate(text):
        row = np.full(len(LETTERS), (1 - peak) / (len(LETTERS) - 1))
        row[LETTERS.encode(f"a{character}a")[1]] = peak
        if doubt and place in doubt:
            row *= 0.5
            row[LETTERS.encode(doubt[place])[0]] += 0.5
        blank = np.full(len(LETTERS), 0.01 / (len(LETTERS) - 1))
        blank[0] = 0.99
        rows += [row, blank]
    return np.array(rows, np.float32)


def test_language_settles_a_doubt() -> None:
    table = written("the cat", doubt={2: "o"})
    greedy = LETTERS.decode(decode_greedily(table).labels)
    helped = LETTERS.decode(BeamDecoder(LETTERS, ENGLISH).decode(table).labels)
    assert (greedy, helped) == ("tho cat", "the cat")


def test_language_does_not_overrule_what_is_clear() -> None:
    table = written("tce hht", peak=0.99)
    assert LETTERS.decode(BeamDecoder(LETTERS, ENGLISH).decode(table).labels) == "tce hht"


def test_digits_are_left_to_the_network() -> None:
    table = written("30 12", doubt={1: "1"})
    found = BeamDecoder(LETTERS, ENGLISH, BeamParams(bonus=0)).decode(table)
    assert LETTERS.decode(found.labels) == LETTERS.decode(decode_greedily(table).labels)


@given(st.text(alphabet=" acdeght", min_size=1, max_size=12).map(str.strip).filter(bool))
def test_without_a_say_the_language_changes_nothing(text: str) -> None:
    table = written(" ".join(text.split()))
    found = BeamDecoder(LETTERS, ENGLISH, INDIFFERENT).decode(table)
    assert found == decode_greedily(table)


def test_letters_keep_their_places() -> None:
    found = BeamDecoder(LETTERS, ENGLISH).decode(written("the"))
    assert found.spans == ((0, 1), (2, 3), (4, 5))
    assert found.confidences == pytest.approx((0.9, 0.9, 0.9))


def test_nothing_written_is_nothing_read() -> None:
    blank = np.zeros((5, len(LETTERS)), np.float32)
    blank[:, 0] = 1
    assert BeamDecoder(LETTERS, ENGLISH).decode(blank).labels == ()


def test_what_else_it_may_be_comes_after_the_best() -> None:
    ranked = BeamDecoder(LETTERS, ENGLISH).ranked(written("the cat", doubt={2: "o"}))
    texts = [LETTERS.decode(labels) for labels, _ in ranked]
    scores = [score for _, score in ranked]
    assert texts[0] == "the cat"
    assert "tho cat" in texts
    assert scores == sorted(scores, reverse=True)


def test_what_is_far_behind_is_given_up() -> None:
    table = written("the cat", doubt={2: "o"})
    near = BeamDecoder(LETTERS, ENGLISH, BeamParams(reach=0.1)).ranked(table)
    assert [LETTERS.decode(labels) for labels, _ in near] == ["the cat"]


def test_what_another_look_sees_clearly_settles_a_doubt() -> None:
    looks = [written("the hat", doubt={4: "c"}), written("the hat")]
    ranked = BeamDecoder(LETTERS, ENGLISH, INDIFFERENT).ranked(looks[0])
    assert LETTERS.decode(ranked[0][0]) == "the cat"
    assert LETTERS.decode(ranked_by_all(ranked, looks)[0][0]) == "the hat"


def test_a_look_alone_and_a_look_twice_rank_as_the_beam_did() -> None:
    look = written("the cat", doubt={4: "h"})
    ranked = BeamDecoder(LETTERS, ENGLISH).ranked(look)
    assert ranked_by_all(ranked, [look]) == ranked
    twice = ranked_by_all(ranked, [look, look])
    assert [labels for labels, _ in twice] == [labels for labels, _ in ranked]
    assert [score for _, score in twice] == pytest.approx([score for _, score in ranked])


def test_labellings_far_down_never_come_first() -> None:
    ranked = [([place + 1], -float(place)) for place in range(12)]
    wide = np.full((3, 14), 0.01, np.float32)
    wide[1, 12] = 0.87  # what the last labelling says
    flat = np.full((3, 14), 1 / 14, np.float32)
    weighed = ranked_by_all(ranked, [flat, wide])
    assert weighed[0][0] in [labels for labels, _ in ranked[:8]]
    assert len(weighed) == len(ranked)
