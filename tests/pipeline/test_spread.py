from __future__ import annotations

from pipeline.spread import spread


def test_a_few_of_many_lie_evenly_among_them() -> None:
    assert spread(range(30), 3) == [5, 15, 25]


def test_of_few_all_are_taken() -> None:
    assert spread("abc", 9) == ["a", "b", "c"]


def test_of_nothing_there_is_nothing() -> None:
    assert spread([], 4) == []
