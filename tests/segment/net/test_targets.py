from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segment.net.decode import decode
from segment.net.targets import (
    BASE,
    BOTTOM,
    CORE,
    END,
    TOP,
    UNIT,
    Outline,
    draw_targets,
    draw_weights,
    outline,
)
from segment.polygons import is_simple


def straight(left: float, right: float, base: float, slope: float = 0.0) -> Outline:
    """A line that rises 18 pixels above its baseline and falls 8 below."""
    x = np.arange(left, right + 1, 4, dtype=np.float32)
    y = (base + slope * (x - left)).astype(np.float32)
    return Outline(x, y - 18, y, y + 8)


def test_maps_of_one_line() -> None:
    maps = draw_targets([straight(16, 80, 40)], 64, 96)
    rows, columns = np.nonzero(maps[CORE])
    assert (rows.min(), rows.max()) == (8, 9)  # middles of cells between 31 and 40
    assert (columns.min(), columns.max()) == (4, 19)
    assert np.flatnonzero(maps[END, 8]).tolist() == [2, 3, 4, 5, 18, 19, 20, 21]
    assert maps[TOP, 8, 10] * UNIT == pytest.approx(34 - 22)
    assert maps[BASE, 8, 10] * UNIT == pytest.approx(40 - 34)
    assert maps[BOTTOM, 8, 10] * UNIT == pytest.approx(48 - 34)


@pytest.mark.parametrize(
    ("boundary", "baseline"),
    [
        pytest.param([(0, 0), (50, 0)], [(0, 0), (50, 0)], id="two points"),
        pytest.param([(0, 0), (9, 0), (9, 90), (0, 90)], [(0, 80), (9, 80)], id="upright"),
        pytest.param([(5, 5), (5, 5), (5, 5)], [], id="no area"),
    ],
)
def test_what_is_no_level_line_has_no_outline(
    boundary: list[tuple[float, float]], baseline: list[tuple[float, float]]
) -> None:
    assert outline(boundary, baseline) is None


def test_a_lone_figure_has_an_outline_however_narrow() -> None:
    assert outline([(0, 0), (18, 0), (18, 45), (0, 45)], [(0, 36), (18, 36)]) is not None


def test_cells_of_short_lines_weigh_more() -> None:
    figure, prose = straight(16, 32, 40), straight(16, 900, 90)
    weights = draw_weights([figure, prose], 120, 920)
    inside = draw_targets([figure], 120, 920)[CORE] > 0
    assert (weights[inside] > 3).all()
    assert (weights[draw_targets([prose], 120, 920)[CORE] > 0] == 1).all()
    assert weights[:4].max() == 1 and weights.shape == inside.shape


def test_what_is_far_from_the_lines_of_a_page_in_part_transcribed_does_not_count() -> None:
    lines = [straight(100, 700, 90), straight(100, 700, 120)]
    weights = draw_weights(lines, 300, 800, partial=True)
    assert (weights[draw_targets(lines, 300, 800)[CORE] > 0] == 1).all()
    assert (weights[22:27, 25:175] == 1).all()  # between the two
    assert (weights[40:] == 0).all() and (weights[:, 180:] == 0).all()


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        pytest.param([(10, 36), (90, 36)], 36.0, id="believed"),
        pytest.param([], 35.75, id="missing"),
        pytest.param([(10, 90), (90, 90)], 35.75, id="far below"),
        pytest.param([(10, 20), (90, 20)], 35.75, id="along the top"),
    ],
)
def test_baseline_is_guessed_where_it_is_wrong(
    baseline: list[tuple[float, float]], expected: float
) -> None:
    line = outline([(10, 20), (90, 20), (90, 40), (10, 40)], baseline)
    assert line is not None
    assert line.base == pytest.approx(np.full(len(line.x), expected), abs=0.5)


def ink_of(lines: list[Outline], height: int, width: int) -> np.ndarray:
    """Bars of ink over the lines' letters, without gaps."""
    ink = np.zeros((height, width), np.bool_)
    for line in lines:
        for x in range(round(float(line.x[0])), round(float(line.x[-1]))):
            base = round(float(np.interp(x, line.x, line.base)))
            ink[base - 9 : base, x] = True
    return ink


def test_lines_drawn_are_decoded_as_they_were() -> None:
    drawn = [
        straight(40 + 300 * (i % 2), 320 + 300 * (i % 2), 60 + 30 * (i // 2)) for i in range(20)
    ]
    found = decode(draw_targets(drawn, 400, 700), ink_of(drawn, 400, 700))
    assert len(found) == 20
    for line in found:
        near = min(drawn, key=lambda d: abs(d.x[0] - line.box.left) + abs(d.top[0] - line.box.top))
        assert abs(line.box.left - near.x[0]) <= 4
        assert abs(line.box.right - near.x[-1]) <= 4
        assert line.baseline[0][1] == pytest.approx(near.base[0], abs=1)
        assert min(y for _, y in line.boundary) == pytest.approx(near.top[0], abs=1)
        assert max(y for _, y in line.boundary) == pytest.approx(near.bottom[0], abs=1)


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.04, 0.04), st.integers(24, 40), st.floats(40, 300), st.integers(1, 8))
def test_any_lines_decode_to_sound_geometry(
    slope: float, apart: int, length: float, count: int
) -> None:
    drawn = [straight(20, 20 + length, 50 + apart * i, slope) for i in range(count)]
    found = decode(draw_targets(drawn, 400, 360), ink_of(drawn, 400, 360))
    assert len(found) == count
    for line in found:
        assert is_simple(line.boundary)
        assert all(a[0] < b[0] for a, b in pairwise(line.baseline))
        assert line.box.top < line.box.bottom


def test_an_insertion_is_parted_from_the_line_that_it_stands_over() -> None:
    line, over = straight(20, 320, 60), straight(120, 200, 51)
    found = decode(draw_targets([line, over], 100, 340), ink_of([line, over], 100, 340))
    assert [round(one.baseline[0][1]) for one in found] == pytest.approx([51, 60], abs=1)
    assert (found[1].box.left, found[1].box.right) == (20, 320)


def test_noise_decodes_to_sound_geometry() -> None:
    rng = np.random.default_rng(3)
    maps = rng.uniform(-2, 3, (5, 40, 40)).astype(np.float32)
    maps[: END + 1] = rng.random((2, 40, 40))
    for line in decode(maps, rng.random((160, 160)) < 0.2):
        assert all(a[0] < b[0] for a, b in pairwise(line.baseline))
        assert len(line.boundary) >= 4


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param((44, 120), [(44, 120)], id="drawn in"),
        pytest.param((0, 0), [], id="no ink"),
    ],
)
def test_lines_are_drawn_in_to_their_ink(
    columns: tuple[int, int], expected: list[tuple[int, int]]
) -> None:
    ink = np.zeros((100, 340), np.bool_)
    ink[52:60, slice(*columns)] = True
    found = decode(draw_targets([straight(20, 320, 60)], 100, 340), ink)
    assert [(line.box.left, line.box.right) for line in found] == expected
    for line in found:
        assert min(x for x, _ in line.boundary) == pytest.approx(44, abs=2)
        assert max(x for x, _ in line.baseline) == pytest.approx(120, abs=2)


def test_a_climbing_line_keeps_the_small_letters_at_its_ends() -> None:
    drawn = straight(20, 660, 90, -0.05)
    ink = np.zeros((120, 700), np.bool_)
    for column in range(20, 660):
        foot = round(float(np.interp(column, drawn.x, drawn.base)))
        ink[foot - 8 : foot, column] = True
    (line,) = decode(draw_targets([drawn], 120, 700), ink)
    assert (line.box.left, line.box.right) == (20, 660)


def test_empty_maps_hold_no_line() -> None:
    assert decode(draw_targets([], 64, 64), np.ones((64, 64), np.bool_)) == []
