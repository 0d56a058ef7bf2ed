from __future__ import annotations

from enrich.train_names import marked_parts

NAME, WORD = ("Wien", "B-LOC"), ("wort", "O")


def test_long_stretches_without_names_are_left_out() -> None:
    pages = [[NAME, WORD], [WORD] * 6, [WORD, NAME]]
    assert marked_parts(pages, longest_gap=5, kept=1) == [[NAME, WORD], [WORD, NAME]]


def test_short_stretches_without_names_stay() -> None:
    pages = [[NAME, WORD, WORD, NAME]]
    assert marked_parts(pages, longest_gap=2, kept=1) == pages
