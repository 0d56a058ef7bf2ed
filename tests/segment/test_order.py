from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Box
from segment.order import facing_tables, reading_order, rows


def column(left: int, right: int, tops: list[int]) -> list[Box]:
    return [Box(left, top, right, top + 10) for top in tops]


def flat(boxes: list[Box]) -> list[int]:
    return [i for block in reading_order(boxes, 10.0) for i in block]


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        pytest.param([], [], id="blank"),
        pytest.param(column(0, 100, [0, 30, 60]), [0, 1, 2], id="one column"),
        pytest.param(column(0, 100, [60, 0, 30]), [1, 2, 0], id="given out of order"),
        pytest.param(
            [*column(200, 300, [0, 30, 60]), *column(0, 100, [5, 35, 65])],
            [3, 4, 5, 0, 1, 2],
            id="two columns",
        ),
        pytest.param(
            [
                Box(0, 0, 300, 10),
                *column(0, 130, [30, 60, 90]),
                *column(170, 300, [30, 60, 90]),
                Box(0, 120, 300, 130),
            ],
            [0, 1, 2, 3, 4, 5, 6, 7],
            id="columns between full lines",
        ),
        pytest.param([Box(200, 0, 300, 10), Box(0, 2, 90, 12)], [1, 0], id="one row of two"),
        pytest.param(
            [*column(200, 300, [0, 30]), *column(0, 130, [60, 90, 120])],
            [0, 1, 2, 3, 4],
            id="an address above a letter is no column",
        ),
    ],
)
def test_reading_order(boxes: list[Box], expected: list[int]) -> None:
    assert flat(boxes) == expected


def two_columns(across: Box) -> list[Box]:
    """Fourteen rows in two columns, but for one box across both in place of the fourth."""
    tops = [30 * i for i in range(14) if i != 3]
    return [across, *column(0, 190, tops), *column(210, 400, tops)]


def test_a_line_joined_over_the_gutter_does_not_break_the_columns() -> None:
    order = flat(two_columns(Box(0, 90, 400, 100)))
    assert order == [1, 2, 3, 0, *range(4, 27)]


def test_a_line_that_sticks_into_the_gutter_does_not_break_the_columns() -> None:
    boxes = two_columns(Box(0, 90, 190, 100))
    boxes[20] = replace(boxes[20], left=196)
    assert flat(boxes) == [1, 2, 3, 0, *range(4, 27)]


def test_lines_with_specks_at_their_ends_do_not_break_the_columns() -> None:
    """One reaches the gutter's far side, another the near one: no upright white is left."""
    boxes = two_columns(Box(0, 90, 190, 100))
    boxes[8] = replace(boxes[8], right=206)
    boxes[22] = replace(boxes[22], left=194)
    assert flat(boxes) == [1, 2, 3, 0, *range(4, 27)]


def test_lines_that_run_into_each_other_do_not_break_the_columns() -> None:
    boxes = two_columns(Box(0, 90, 205, 100))
    assert flat([*boxes, Box(195, 90, 400, 100)]) == [1, 2, 3, 0, *range(4, 17), 27, *range(17, 27)]


@pytest.mark.parametrize("slope", [-0.06, -0.03, 0.03, 0.06])
def test_columns_may_lean_as_on_a_photograph_taken_aslant(slope: float) -> None:
    tops = [30 * i for i in range(14)]
    shifts = [round(slope * top) for top in tops]
    left = [Box(shift, top, 190 + shift, top + 10) for top, shift in zip(tops, shifts, strict=True)]
    right = [
        Box(205 + shift, top, 400 + shift, top + 10)
        for top, shift in zip(tops, shifts, strict=True)
    ]
    assert flat([*left, *right]) == list(range(28))


def test_a_heading_across_columns_parts_what_is_above_from_what_is_below() -> None:
    boxes = two_columns(Box(0, 98, 400, 108))
    lower = [Box(b.left, b.top + 30, b.right, b.bottom + 30) if b.top > 98 else b for b in boxes]
    assert flat(lower)[:7] == [1, 2, 3, 14, 15, 16, 0]


def above_and_below() -> list[Box]:
    """Six rows in two columns, a wider gap after the third."""
    return [
        *column(0, 190, [0, 30, 60, 110, 140, 170]),
        *column(210, 400, [0, 30, 60, 110, 140, 170]),
    ]


@pytest.mark.parametrize(
    ("rulings", "expected"),
    [
        pytest.param([], [*range(12)], id="none"),
        pytest.param(
            [Box(0, 88, 400, 92)], [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11], id="across both columns"
        ),
        pytest.param([Box(0, 88, 190, 92)], [*range(12)], id="across one column"),
        pytest.param([Box(0, 62, 400, 68)], [*range(12)], id="through a line"),
        pytest.param(
            [Box(0, y, 400, y + 2) for y in (20, 50, 88, 130, 160)],
            [*range(12)],
            id="under every line",
        ),
    ],
)
def test_columns_begin_anew_below_a_ruling(rulings: list[Box], expected: list[int]) -> None:
    blocks = reading_order(above_and_below(), 10.0, rulings=rulings)
    assert [i for block in blocks for i in block] == expected


sides = st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(1, 300), st.integers(1, 40))


@given(st.lists(sides, max_size=25))
def test_every_line_is_read_once(shapes: list[tuple[int, int, int, int]]) -> None:
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in shapes]
    assert sorted(flat(boxes)) == list(range(len(boxes)))


def table(left: int, tops: list[int]) -> list[Box]:
    return [Box(x, top, x + 40, top + 10) for top in tops for x in (left, left + 60)]


@pytest.mark.parametrize(
    ("right_tops", "parts"),
    [
        pytest.param([0, 30, 60, 90], 1, id="rows run across both pages"),
        pytest.param([15, 45, 75, 105], 2, id="each page has its rows"),
    ],
)
def test_facing_tables(right_tops: list[int], parts: int) -> None:
    boxes = [*table(160, right_tops), *table(0, [0, 30, 60, 90])]
    halves = facing_tables(boxes, 10.0)
    assert len(halves) == parts
    assert sorted(i for half in halves for i in half) == list(range(16))
    if parts == 2:
        assert min(halves[0]) == 8


@pytest.mark.parametrize(
    ("gutter", "spread", "guides", "parts"),
    [
        pytest.param(100, True, False, 2, id="facing pages between the same guides"),
        pytest.param(100, False, False, 1, id="an empty column of an upright page"),
        pytest.param(40, True, False, 1, id="rows across a narrow gutter"),
        pytest.param(40, True, True, 2, id="lines run across rulings, but not across the gutter"),
        pytest.param(40, False, True, 1, id="so they do on an upright page"),
    ],
)
def test_level_rows_run_on_across_a_narrow_gutter_only(
    gutter: int, spread: bool, guides: bool, parts: int
) -> None:
    lefts = (0, 120, 220 + gutter, 340 + gutter)
    boxes = [box for left in lefts for box in table(left, [0, 30, 60, 90])]
    assert len(facing_tables(boxes, 10.0, spread=spread, guides=guides)) == parts


def test_rows_go_left_to_right() -> None:
    boxes = [Box(200, 2, 240, 12), Box(0, 0, 40, 10), Box(0, 30, 40, 40), Box(100, 4, 140, 14)]
    assert rows(range(4), boxes, 8.0) == [[1, 3, 0], [2]]
