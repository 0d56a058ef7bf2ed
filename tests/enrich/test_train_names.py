from __future__ import annotations

from pathlib import Path

import pytest

from enrich.train_names import marked_parts, read_conll

NAME, WORD = ("Wien", "B-LOC"), ("wort", "O")


def test_long_stretches_without_names_are_left_out() -> None:
    pages = [[NAME, WORD], [WORD] * 6, [WORD, NAME]]
    assert marked_parts(pages, longest_gap=5, kept=1) == [[NAME, WORD], [WORD, NAME]]


def test_short_stretches_without_names_stay() -> None:
    pages = [[NAME, WORD, WORD, NAME]]
    assert marked_parts(pages, longest_gap=2, kept=1) == pages


def test_no_name_is_cut_where_sentences_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "eng-train.conll"
    path.write_text("Here\tO\n\nMr\tB-PER\n\nLee\tI-PER\n\nwas\tO\n", "utf-8")
    lengths = [len(text) for text in read_conll(path, together=2)]
    assert lengths == [3, 1]


@pytest.mark.parametrize(
    "words", [["Cro¬", "mer"], ["Phi", "-", "lippe"]], ids=["at a line's end", "at a hyphen"]
)
def test_no_name_begins_amid_a_broken_word(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "fra-dev.conll"
    first, *between, last = words
    marked = [f"{first}\tB-PER", *(f"{word}\tI-PER" for word in between), f"{last}\tB-PER"]
    path.write_text("\n".join(marked), "utf-8")
    labels = [label for _, label in read_conll(path)[0]]
    assert labels == ["B-PER"] + ["I-PER"] * (len(words) - 1)


@pytest.mark.parametrize(
    "words", [["Cro¬", "Mer"], ["¬", "mer"], [".", "-", "lippe"], ["Lyon", "mer"]]
)
def test_names_side_by_side_stay_two(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "fra-dev.conll"
    path.write_text("\n".join(f"{word}\tB-PER" for word in words), "utf-8")
    assert {label for _, label in read_conll(path)[0]} == {"B-PER"}
