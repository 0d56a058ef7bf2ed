"""Polygons made sound."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.outline import sound_polygon, sound_polyline
from pipeline.document import Polygon

WIDTH, HEIGHT = 100, 50
POINTS = st.tuples(st.floats(-20, 120), st.floats(-20, 70))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param(
            ((1.2, 1), (9, 1.4), (9, 8)), ((1, 1), (9, 1), (9, 8)), id="rounded, else untouched"
        ),
        pytest.param(
            ((1, 1), (1.1, 1), (9, 1), (9, 8), (1, 1)), ((1, 1), (9, 1), (9, 8)), id="doubles"
        ),
        pytest.param(((5, 5),), ((5, 5), (6, 5), (6, 6), (5, 6)), id="a point"),
        pytest.param(
            ((100, 50), (100, 50)), ((99, 49), (100, 49), (100, 50), (99, 50)), id="in the corner"
        ),
        pytest.param(((5, 5), (9, 5), (7, 5)), ((5, 5), (9, 5), (9, 6), (5, 6)), id="flat"),
    ],
)
def test_sound_polygon(points: Polygon, expected: Polygon) -> None:
    assert sound_polygon(points, WIDTH, HEIGHT) == expected


def test_a_bow_tie_becomes_its_hull() -> None:
    bow_tie = ((0, 0), (20, 20), (20, 0), (0, 20))
    assert set(sound_polygon(bow_tie, WIDTH, HEIGHT)) == set(bow_tie)


@given(st.lists(POINTS, min_size=1, max_size=12))
def test_a_sound_polygon_is_sound(points: list[tuple[float, float]]) -> None:
    polygon = sound_polygon(points, WIDTH, HEIGHT)
    assert len(set(polygon)) == len(polygon) >= 3
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in polygon)
    assert sound_polygon(polygon, WIDTH, HEIGHT) == polygon


@given(st.lists(POINTS, min_size=1, max_size=12))
def test_a_sound_polyline_is_sound(points: list[tuple[float, float]]) -> None:
    line = sound_polyline(points, WIDTH, HEIGHT)
    assert len(line) >= 2
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in line)
    assert all(a != b for a, b in pairwise(line))
