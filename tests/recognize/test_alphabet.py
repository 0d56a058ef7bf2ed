from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognize.alphabet import BLANK, Alphabet, clean

LATIN = Alphabet(" abcdefghijklmnopqrstuvwxyzéß&")


@given(st.text(LATIN.characters))
def test_text_survives_the_alphabet(text: str) -> None:
    assert LATIN.decode(LATIN.encode(text)) == clean(text)


@given(st.text())
def test_no_text_encodes_to_the_blank(text: str) -> None:
    assert BLANK not in LATIN.encode(text)


def test_decomposed_letters_are_composed() -> None:
    assert LATIN.decode(LATIN.encode("e\u0301te\u0301")) == "été"


def test_unknown_characters_are_left_out() -> None:
    assert LATIN.decode(LATIN.encode("a€b")) == "ab"


def test_alphabet_of_texts_is_sorted_and_without_repeats() -> None:
    assert Alphabet.of(["ba", "a c"]).characters == " abc"


@pytest.mark.parametrize("characters", ["aba", "e\u0301"], ids=["repeat", "not NFC"])
def test_ambiguous_alphabet_is_refused(characters: str) -> None:
    with pytest.raises(ValueError, match="alphabet"):
        Alphabet(characters)


@pytest.mark.parametrize("label", [BLANK, 31, -1])
def test_label_outside_the_alphabet_is_refused(label: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        LATIN.decode([label])
