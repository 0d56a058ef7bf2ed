from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognize.dataset import LineSample
from recognize.letter_places import LetterPlaces
from recognize.splice import Hand, PlacedLine, SplicedLine, SpliceParams, splice_lines

PITCH = 20  # columns a letter
PAPER, INK = 220, 20
TEXTS = [
    "mi im mim",
    "imm mii",
    "ii mm",
    "im mi",
    "mmi",
    "mim",
    "iim im",
    "mi",
    "im",
    "mm ii",
    "mi",
]


def drawn(text: str, number: int) -> PlacedLine:
    """A line of bars, of which an m is wider than an i."""
    line = np.full((64, PITCH * len(text) + 20), PAPER, np.uint8)
    for place, letter in enumerate(text):
        left = 10 + PITCH * place
        line[24:44, left + 2 : left + {"m": 18, "i": 6, " ": 2}[letter]] = INK
    data = cv2.imencode(".png", line)[1].tobytes()
    sample = LineSample(data, line.shape[1], text, "bars", "p", number, "zxx", "hand")
    cuts = tuple(10 + PITCH * place for place in range(len(text) + 1))
    sure = (99,) * len(text)
    places = LetterPlaces("bars", "p", number, cuts, sure, 0.0, 24.0, 44.0, PAPER, INK)
    return PlacedLine(sample, places)


LINES = [drawn(text, number) for number, text in enumerate(TEXTS)]


@pytest.fixture
def hand() -> Hand:
    return Hand("bars/", LINES, np.random.default_rng(1))


@pytest.fixture
def params(tmp_path: Path) -> SpliceParams:
    prose = tmp_path / "prose.txt"
    prose.write_text("mimi imim\nmi xylem mi\n")
    texts = (("zxx", str(prose)),)
    return SpliceParams(times=(("", 4.0),), hands=(("bars", "all"),), texts=texts)


def spliced(params: SpliceParams, lines: list[PlacedLine] = LINES) -> list[SplicedLine]:
    samples, places = ([getattr(line, part) for line in lines] for part in ("sample", "places"))
    return splice_lines(params, samples, places, np.random.default_rng(3))


def read_bars(line: np.ndarray) -> str:
    """The letters of a line of bars, without the spaces."""
    inked = np.concatenate([[False], line[34] < 120, [False]])
    edges = np.flatnonzero(np.diff(inked.astype(int)))
    return "".join("m" if b - a > 10 else "i" for a, b in zip(edges[::2], edges[1::2], strict=True))


@pytest.mark.parametrize(
    ("word", "can"),
    [
        pytest.param("mim", True, id="a word it has"),
        pytest.param("mimi", True, id="of parts"),
        pytest.param("mix", False, id="no such letter"),
    ],
)
def test_a_hand_writes_what_its_parts_make_up(hand: Hand, word: str, can: bool) -> None:
    assert hand.can_write(word) == can


def test_parts_spell_the_word(hand: Hand) -> None:
    rng = np.random.default_rng(2)
    for word in ["mimi", "mim", "immi", "mi"] * 10:
        parts = hand.write(word, 0, rng)
        spelled = [LINES[part.line].sample.text[part.start : part.end] for part in parts]
        assert "".join(spelled) == word


def test_pictures_say_the_text(params: SpliceParams) -> None:
    lines = spliced(params)
    assert len(lines) == 4 * len(LINES)
    for line in lines:
        picture = line.draw(np.random.default_rng(4))
        assert picture.shape[0] == 64
        assert read_bars(picture) == line.text.replace(" ", "")


def test_some_texts_are_prose_and_none_has_a_letter_that_the_hand_lacks(
    params: SpliceParams,
) -> None:
    texts = {line.text for line in spliced(params)}
    assert any("mimi" in text or "imim" in text for text in texts)
    assert not any("x" in text for text in texts)


def test_doubtful_words_are_not_taken() -> None:
    sample, places = LINES[0].sample, LINES[0].places
    doubtful = PlacedLine(sample, replace(places, sure=(9, 9, *places.sure[2:])))
    assert set(Hand("bars/", [doubtful], np.random.default_rng(1)).words) == {"im", "mim"}


def test_a_hand_of_few_lines_is_left_out(params: SpliceParams) -> None:
    assert not spliced(params, LINES[:5])


def test_nothing_is_put_together_unless_asked() -> None:
    assert not spliced(SpliceParams())


@pytest.mark.parametrize(
    ("rule", "hand"),
    [
        pytest.param("all", "bars/", id="one hand"),
        pytest.param("folder", "bars/letters__by Ann", id="a folder each"),
        pytest.param("page", "bars/letters__by Ann__7", id="a page each"),
    ],
)
def test_hands_are_told_by_pages(rule: str, hand: str) -> None:
    sample = replace(LINES[0].sample, page="letters__by Ann__7")
    assert SpliceParams(hands=(("bars", rule),)).hand_of(sample) == hand


def test_the_longest_name_that_fits_says_how_many() -> None:
    params = SpliceParams(times=(("", 1.0), ("bars", 2.0), ("ba", 3.0)))
    assert params.times_of("bars") == 2.0
