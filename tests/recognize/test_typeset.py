from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from pipeline.errors import InputError
from recognize.alphabet import clean
from recognize.typeset import TypesetParams, draw_text, pattern, set_lines, with_long_s

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
PARAMS = TypesetParams(lines=30, fonts=str(FONTS))


@pytest.mark.parametrize("text", ["i", "Señor Núñez", "— § 7 —"])
def test_text_is_dark_on_lighter_paper(text: str) -> None:
    line = draw_text(text, FONTS / "DejaVuSerif.ttf", np.random.default_rng(3))
    assert line.shape[0] == 64
    assert line.min() < 0.75 * float(np.median(line))


def test_longer_texts_take_more_room() -> None:
    short, long = (
        draw_text(text, FONTS / "DejaVuSans.ttf", np.random.default_rng(1)).shape[1]
        for text in ("one", "one two three four five")
    )
    assert long > 3 * short


def test_lines_are_cut_from_the_texts_at_words(tmp_path: Path) -> None:
    text = tmp_path / "prose.txt"
    text.write_text("the quick brown fox jumps over the lazy dog\n" * 3)
    params = replace(PARAMS, texts=(str(text),), patterns=0.0, shortest=5, longest=15)
    for line in set_lines(params, np.random.default_rng(1)):
        assert line.text in text.read_text()
        assert set(line.text.split()) <= set(text.read_text().split())


def test_only_fonts_that_have_the_letters_are_chosen(tmp_path: Path) -> None:
    text = tmp_path / "prose.txt"
    text.write_text("straße\n")
    params = replace(PARAMS, lines=1, texts=(str(text),), patterns=0.0)
    (line,) = set_lines(params, np.random.default_rng(1))
    names = {font.name for font in line.fonts}
    assert "DejaVuSans.ttf" in names
    assert "STIXSizOneSymReg.ttf" not in names


def test_every_s_is_long_but_a_words_last() -> None:
    assert with_long_s("Les choses, dess' Aussicht") == "Les choſes, deſs' Auſſicht"


def test_fonts_named_for_it_draw_the_long_s(tmp_path: Path) -> None:
    text = tmp_path / "prose.txt"
    text.write_text("sissi\n")
    shutil.copy(FONTS / "DejaVuSans.ttf", tmp_path)
    params = TypesetParams(1, str(tmp_path), (str(text),), patterns=0.0)
    (plain,) = set_lines(params, np.random.default_rng(1))
    (old,) = set_lines(replace(params, long_s=("DejaVu",)), np.random.default_rng(1))
    assert old.text == plain.text == "sissi"
    one, other = (line.draw(np.random.default_rng(1)) for line in (plain, old))
    assert one.shape != other.shape or (one != other).any()


def test_same_seed_gives_the_same_lines() -> None:
    first, second = (set_lines(PARAMS, np.random.default_rng(5)) for _ in range(2))
    assert first == second
    assert (
        first[0].draw(np.random.default_rng(1)) == second[0].draw(np.random.default_rng(1))
    ).all()


def test_no_lines_asked_for_need_no_fonts() -> None:
    assert set_lines(TypesetParams(), np.random.default_rng(1)) == []


def test_folder_without_fonts_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no fonts"):
        set_lines(replace(PARAMS, fonts=str(tmp_path)), np.random.default_rng(1))


@pytest.mark.parametrize("seed", range(20))
def test_patterns_are_clean_text(seed: int) -> None:
    text = pattern(np.random.default_rng(seed))
    assert text == clean(text) != ""
