from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError
from recognize.language import (
    LanguageModel,
    Languages,
    count_language,
    fingerprint,
    load_language,
    load_languages,
    save_language,
    train_language,
)

ENGLISH = ["the cat sat on the mat and the dog sat on the log"] * 3
FRENCH = ["le chat dort sur le tapis et le chien dort sur le banc"] * 3


@pytest.fixture(scope="module")
def english() -> LanguageModel:
    return count_language(ENGLISH)


@pytest.mark.parametrize("text", ["", "t", "the c", "xyzzy"])
def test_probabilities_sum_to_one(english: LanguageModel, text: str) -> None:
    context = english.start
    for character in text:
        context = english.extend(context, english.code(character))
    known = np.exp(english.next_log_probabilities(context)[1:].astype(np.float64))
    unknown = 1 - known.sum()
    assert known.min() > 0
    assert 0 <= unknown < 0.1


def test_what_was_seen_is_likelier(english: LanguageModel) -> None:
    assert english.log_probability("the cat") > english.log_probability("tha cet")


def test_unknown_characters_cost_but_do_not_break(english: LanguageModel) -> None:
    assert english.log_probability("the") > english.log_probability("th€") > -math.inf


def test_what_was_asked_before_changes_nothing() -> None:
    texts = ["the cat sat", "a dog on the mat", "th€ cat sat", "cat"]
    alone = [count_language(ENGLISH).log_probability(text) for text in texts]
    together = count_language(ENGLISH)
    assert [together.log_probability(text) for text in texts] == alone
    assert [together.log_probability(text) for text in texts[::-1]] == alone[::-1]


def test_model_survives_the_disk(english: LanguageModel, tmp_path: Path) -> None:
    paths = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for path in paths:
        save_language(english, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    text = "the dog and a cat"
    assert load_language(paths[0]).log_probability(text) == english.log_probability(text)


@pytest.mark.parametrize("data", [b"", b"PK not really"])
def test_broken_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "xxx.npz"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"xxx\.npz"):
        load_language(path)


@pytest.mark.parametrize(
    ("lines", "language"),
    [
        (["the dog sat on the mat", "and the cat on the log"], "eng"),
        (["le chien dort sur le tapis", "et le chat sur le banc"], "fra"),
        (["the"], ""),
    ],
    ids=["English", "French", "too short to tell"],
)
def test_language_of_a_page(english: LanguageModel, lines: list[str], language: str) -> None:
    languages = Languages({"eng": english, "fra": count_language(FRENCH)})
    assert languages.choose(lines) == language


ITALIAN = [
    "e per questo motivo egli fu chiamato a Firenze",
    "dove dipinse molte tavole nelle chiese della città",
]


def test_a_page_in_a_language_without_a_model_is_left_alone() -> None:
    assert load_languages("auto").choose(ITALIAN, confidence=0.99) == ""


def test_a_page_that_is_read_badly_is_not_taken_for_foreign() -> None:
    lines = ["Ihe lettar of tho prosidont was rend", "hefore the nneeting begun tn discnss"]
    assert load_languages("auto").choose(lines, confidence=0.75) == "eng"


def test_a_single_language_is_not_doubted(english: LanguageModel) -> None:
    assert Languages({"eng": english}).choose(["le chien dort sur le tapis, sur le banc"]) == "eng"


def test_shipped_languages() -> None:
    assert list(load_languages("auto").models) == ["deu", "eng", "fra", "spa"]
    assert list(load_languages("fra").models) == ["fra"]
    assert not load_languages("none").models


def test_fingerprint_tells_the_languages_apart() -> None:
    assert len({fingerprint(language) for language in ("none", "eng", "fra", "auto")}) == 4


def test_unknown_language_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="auto, none, deu, eng, fra, spa"):
        load_languages("tlh")


def test_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="text"):
        count_language([])


def test_prose_makes_a_model(tmp_path: Path) -> None:
    (tmp_path / "prose.txt").write_text("\n".join(ENGLISH))
    train_language([tmp_path / "prose.txt"], [], "eng", tmp_path / "eng.npz")
    assert load_language(tmp_path / "eng.npz").log_probability("the cat") > -15


def test_no_prose_makes_no_model(tmp_path: Path) -> None:
    (tmp_path / "prose.txt").write_text("")
    with pytest.raises(InputError, match="no text"):
        train_language([tmp_path / "prose.txt"], [], "eng", tmp_path / "eng.npz")
