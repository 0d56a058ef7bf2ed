from __future__ import annotations

import pytest

from enrich.broken_words import whole_words

KNOWN = frozenset(["peut", "être", "vi", "s"])


@pytest.mark.parametrize(
    ("tokens", "whole"),
    [
        pytest.param("Fett¬ waaren .", [("Fettwaaren", 2), (".", 1)], id="line's end"),
        pytest.param("Kex= holm", [("Kexholm", 2)], id="Fraktur's hyphen"),
        pytest.param("a = b", [("a", 1), ("=", 1), ("b", 1)], id="an equals sign"),
        pytest.param("i Pe - tersburg", [("i", 1), ("Petersburg", 3)], id="hyphen apart"),
        pytest.param("peut - être", [("peut", 1), ("-", 1), ("être", 1)], id="two known words"),
        pytest.param("Jean - Paul", [("Jean", 1), ("-", 1), ("Paul", 1)], id="two names"),
        pytest.param("Fett¬", [("Fett", 1)], id="the text ends"),
    ],
)
def test_broken_words_are_joined(tokens: str, whole: list[tuple[str, int]]) -> None:
    assert list(whole_words(tokens.split(), KNOWN.__contains__)) == whole
