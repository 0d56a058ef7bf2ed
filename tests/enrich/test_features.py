from __future__ import annotations

import numpy as np
import pytest

from enrich.features import NO_GROUPS, Lexicon, features, group_key, without_groups


def lexicon(groups: dict[str, tuple[int, int, int]], language: str) -> Lexicon:
    found = sorted((group_key(word, language), codes) for word, codes in groups.items())
    return Lexicon(
        np.array([], np.uint64),
        np.array([], np.uint8),
        np.array([], np.uint64),
        np.zeros((0, 3), np.uint8),
        np.array([key for key, _ in found], np.uint32),
        np.array([codes for _, codes in found], np.uint16),
    )


KNOWN = {"Wien": (1, 2, 3), "wien": (4, 5, 6), "der": (7, 8, 9), "Franz": (10, 11, 12)}


@pytest.mark.parametrize(
    ("word", "groups"),
    [
        ("Wien", ("1", "2", "3")),
        ("wien", ("4", "5", "6")),
        ("DER", ("7", "8", "9")),
        ("FRANZ", ("10", "11", "12")),
        ("Linz", NO_GROUPS),
    ],
)
def test_a_word_has_its_groups_however_it_is_set(word: str, groups: tuple[str, ...]) -> None:
    assert lexicon(KNOWN, "deu").groups_of(word, "deu") == groups


def test_groups_are_those_of_a_language() -> None:
    assert lexicon(KNOWN, "deu").groups_of("Wien", "fra") == NO_GROUPS


def codes(known: Lexicon, language: str) -> list[set[int]]:
    return [set(found.tolist()) for found in features(["in", "Wien", "."], language, known)]


def test_words_of_a_group_share_features_with_their_neighbours() -> None:
    alike = lexicon(KNOWN | {"Linz": KNOWN["Wien"]}, "deu")
    with_linz = features(["in", "Linz", "."], "deu", alike)
    shared = [
        len(own & {*other}) for own, other in zip(codes(alike, "deu"), with_linz, strict=True)
    ]
    without = [
        len(own & {*other})
        for own, other in zip(
            codes(without_groups(alike), "deu"),
            features(["in", "Linz", "."], "deu", without_groups(alike)),
            strict=True,
        )
    ]
    assert all(more > fewer for more, fewer in zip(shared, without, strict=True))


def test_a_language_without_groups_has_no_features_of_groups() -> None:
    known = lexicon(KNOWN, "deu")
    assert codes(known, "swe") == codes(without_groups(known), "swe")
    assert codes(known, "deu") != codes(without_groups(known), "deu")
