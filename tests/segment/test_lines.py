import numpy as np
import pytest

from segment.lines import find_lines


def comb(y: float, slope: float = 0.0, left: int = 40, right: int = 460) -> list[tuple[int, int]]:
    return [(x, round(y + slope * (x - left))) for x in range(left, right, 5) if x % 60 > 12]


def page_of(*lines: list[tuple[int, int]], height: int = 300) -> np.ndarray:
    """Strokes of x-height 9, with ascenders and descenders, at (x, y of the baseline)."""
    ink = np.zeros((height, 500), bool)
    for line in lines:
        for i, (x, y) in enumerate(line):
            up, down = (8 if i % 7 == 0 else 0), (5 if i % 11 == 0 else 0)
            ink[y - 9 - up : y + down, x : x + 2] = True
            ink[y - 2 : y, x : x + 5] = True
    return ink


NONE = np.zeros((300, 500), bool)


def test_lines_with_boundary_and_baseline() -> None:
    lines = find_lines(page_of(comb(60), comb(95), comb(130)), NONE, 9.0)
    assert [np.mean([y for _, y in line.baseline]) for line in lines] == pytest.approx(
        [60, 95, 130], abs=2.5
    )
    assert all(abs(line.box.left - 40) <= 9 and abs(line.box.right - 460) <= 9 for line in lines)


@pytest.mark.parametrize("slope", [-0.08, 0.05, 0.12])
def test_slanted_lines_are_followed(slope: float) -> None:
    rows = [comb(80 + 34 * i, slope) for i in range(5)]
    lines = find_lines(page_of(*rows), NONE, 9.0)
    assert len(lines) == 5
    (x0, y0), (x1, y1) = lines[2].baseline[0], lines[2].baseline[-1]
    assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, abs=0.015)


def test_strokes_that_join_two_lines_are_cut() -> None:
    ink = page_of(comb(60), comb(90))
    ink[50:88, 200:202] = True
    lines = find_lines(ink, NONE, 9.0)
    assert len(lines) == 2
    assert lines[0].box.bottom < 86
    assert lines[1].box.top > 58


def test_no_line_crosses_a_barrier() -> None:
    barrier = NONE.copy()
    barrier[:, 250:256] = True
    ink = page_of(comb(60, right=245), comb(60, left=262), comb(95, right=245))
    assert sorted(line.box.left > 250 for line in find_lines(ink, barrier, 9.0)) == [
        False,
        False,
        True,
    ]


def test_a_blank_page_has_no_lines() -> None:
    assert find_lines(NONE, NONE, 9.0) == []
