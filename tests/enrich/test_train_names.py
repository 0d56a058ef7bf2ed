from __future__ import annotations

from pathlib import Path

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
