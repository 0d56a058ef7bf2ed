"""Words broken at the end of a line."""

from __future__ import annotations

import pytest

from export.hyphens import Lexicon, broken_words, joined
from tests.export.pages import document, page


@pytest.mark.parametrize(
    ("first", "second", "known", "expected"),
    [
        pytest.param("pour-", "suivi", "", "poursuivi", id="small letter"),
        pytest.param("pour¬", "Suivi", "", "pourSuivi", id="a sign that always breaks"),
        pytest.param("Saint-", "Jean", "", "Saint-Jean", id="capital"),
        pytest.param("grand-", "mère", "grand-mère", "grand-mère", id="known with hyphen"),
        pytest.param("Frei-", "Burg,", "freiburg", "FreiBurg,", id="known without"),
        pytest.param("dit-", "il,", "dit", "dit-il,", id="enclitic"),
        pytest.param("Peut-", "être", "", "Peut-être", id="always with a hyphen"),
        pytest.param("civ-", "il,", "", "civil,", id="no enclitic"),
        pytest.param("wei=", "ter", "", "weiter", id="double hyphen"),
        pytest.param("x=", "Y", "", None, id="equals"),
        pytest.param("1914-", "1918", "", None, id="numbers"),
        pytest.param("-", "mot", "", None, id="a dash"),
        pytest.param("mot", "mot", "", None, id="no hyphen"),
    ],
)
def test_joined(first: str, second: str, known: str, expected: str | None) -> None:
    assert joined(first, second, Lexicon(frozenset({known}))) == expected


def test_the_lexicon_holds_whole_words_only() -> None:
    lexicon = Lexicon.of(document(page("le «Grand» mot bri-", "sé en deux 1.")))
    assert lexicon.words == {"grand", "mot", "en", "deux", "1"}
    assert "MOT!" in lexicon and "bri-" not in lexicon


def test_broken_words_know_their_parts() -> None:
    broken = broken_words(page("un bri-", "sé mot", "là"), Lexicon())
    assert {k: (b.is_first, b.whole) for k, b in broken.items()} == {
        "r1l1w2": (True, "brisé"),
        "r1l2w1": (False, "brisé"),
    }
