"""Lines joined across two columns of print, ten pixels from the one to the other."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.document import Box
from segment.arrays import Ink
from segment.gutters import part_at_gutters
from segment.lines import TextLine

LEFT, RIGHT = (0, 290), (300, 600)
WHOLE = (0, 600)
ROWS = range(40, 240, 20)


def line(left: int, right: int, base: int) -> TextLine:
    """A line with small letters of 10 pixels, some 20 pixels from the next."""
    ring = ((left, base - 14.0), (right, base - 14.0), (right, base + 4.0), (left, base + 4.0))
    box = Box(left, base - 14, right, base + 4)
    return TextLine(ring, ((left, base), (right, base)), box, 10.0, 0.9, 100)


def page(joined: list[int], white: bool = True) -> tuple[list[TextLine], Ink]:
    """Rows in two columns, some of them joined, and their ink, with white between or none."""
    found = dict.fromkeys(
        (WHOLE if row in joined else span, row) for row in ROWS for span in (LEFT, RIGHT)
    )
    ink = np.zeros((260, 600), np.bool_)
    for row in ROWS:
        ink[row - 10 : row, slice(*LEFT)] = ink[row - 10 : row, slice(*RIGHT)] = True
        ink[row - 10 : row, slice(*WHOLE)] |= not white and row in joined
    return [line(*span, base) for span, base in found], ink


def spans(lines: list[TextLine], base: int) -> list[tuple[int, int]]:
    return [(one.box.left, one.box.right) for one in lines if one.box.bottom == base + 4]


def test_a_line_is_parted_where_the_rows_next_to_it_are() -> None:
    lines, ink = page([100])
    parted = part_at_gutters(lines, ink, 10.0)
    assert spans(parted, 100) == [LEFT, RIGHT]
    assert len(parted) == 2 * len(ROWS)


def test_the_parts_share_the_line_out() -> None:
    lines, ink = page([100])
    left, right = (one for one in part_at_gutters(lines, ink, 10.0) if one.box.bottom == 104)
    assert max(x for x, _ in left.boundary) == max(x for x, _ in left.baseline) == 290
    assert min(x for x, _ in right.boundary) == min(x for x, _ in right.baseline) == 300
    assert left.area + right.area == pytest.approx(100, abs=3)


def test_a_parted_line_tells_of_the_next() -> None:
    lines, ink = page([100, 120, 140, 160])
    assert len(part_at_gutters(lines, ink, 10.0)) == 2 * len(ROWS)


def test_a_line_joined_over_two_gutters_is_parted_in_three() -> None:
    thirds = [(0, 190), (200, 390), (400, 600)]
    lines = [line(*span, base) for base in ROWS for span in thirds if base != 100]
    ink = np.zeros((260, 600), np.bool_)
    for base in ROWS:
        for left, right in thirds:
            ink[base - 10 : base, left:right] = True
    parted = part_at_gutters([*lines, line(*WHOLE, 100)], ink, 10.0)
    assert sorted(spans(parted, 100)) == thirds


def test_a_line_whose_ink_runs_across_the_gutter_stays_whole() -> None:
    lines, ink = page([100], white=False)
    assert part_at_gutters(lines, ink, 10.0) == lines


def test_a_line_is_not_parted_where_its_baseline_does_not_run() -> None:
    lines, ink = page([100])
    short = [
        replace(one, baseline=((0.0, 100.0), (250.0, 100.0))) if one.box.width == 600 else one
        for one in lines
    ]
    assert part_at_gutters(short, ink, 10.0) == short


def test_a_heading_that_stands_apart_stays_whole() -> None:
    lines, ink = page([40])
    heading = replace(
        lines[0],
        box=Box(0, 0, 600, 18),
        baseline=((0.0, 14.0), (600.0, 14.0)),
    )
    assert part_at_gutters([heading, *lines[1:]], ink, 10.0)[0] == heading


def test_prose_without_columns_stays_as_it_is() -> None:
    lines, ink = page(list(ROWS))
    assert part_at_gutters(lines, ink, 10.0) == lines


def test_a_blank_page_has_nothing_to_part() -> None:
    assert part_at_gutters([], np.zeros((10, 10), np.bool_), 10.0) == []
