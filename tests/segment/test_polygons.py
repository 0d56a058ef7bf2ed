from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Polygon
from segment.polygons import is_simple, kept_inside, left_to_right

SQUARE = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        pytest.param(SQUARE, True, id="square"),
        pytest.param(((0, 0), (4, 0), (2, 1), (4, 4), (0, 4)), True, id="notched"),
        pytest.param(((0, 0), (4, 4), (4, 0), (0, 4)), False, id="bow tie"),
        pytest.param(((0, 0), (4, 0), (2, 0)), False, id="flat"),
        pytest.param(((0, 0), (4, 0), (4, 4), (2, 0), (0, 4)), False, id="touches itself"),
        pytest.param(((0, 0), (6, 0), (4, 0), (4, 4), (0, 4)), False, id="spike"),
    ],
)
def test_is_simple(polygon: Polygon, expected: bool) -> None:
    assert is_simple(polygon) is expected


def test_a_polygon_on_the_page_stays() -> None:
    assert kept_inside(SQUARE, 10, 10) == SQUARE


def test_a_polygon_off_the_page_becomes_a_box_on_it() -> None:
    beyond = ((20.0, 2.0), (30.0, 2.0), (30.0, 5.0), (20.0, 5.0))
    assert kept_inside(beyond, 10, 10) == ((9.0, 2.0), (10.0, 2.0), (10.0, 5.0), (9.0, 5.0))


points = st.tuples(st.floats(-50, 150), st.floats(-50, 150))


@given(st.lists(points, min_size=3, max_size=12))
def test_any_points_give_a_simple_polygon_on_the_page(corners: list[tuple[float, float]]) -> None:
    polygon = kept_inside(corners, 100, 80)
    assert is_simple(polygon)
    assert all(0 <= x <= 100 and 0 <= y <= 80 for x, y in polygon)


@given(st.lists(points, min_size=2, max_size=12))
def test_baselines_go_left_to_right(corners: list[tuple[float, float]]) -> None:
    baseline = left_to_right(corners, 100, 80)
    assert len(baseline) >= 2
    assert all(a[0] < b[0] for a, b in pairwise(baseline))
    assert all(0 <= x <= 100 and 0 <= y <= 80 for x, y in baseline)
