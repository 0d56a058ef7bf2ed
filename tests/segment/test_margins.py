from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Box
from segment.margins import MarginParams, find_notes, paragraph_ends, place_notes
from segment.page import SegmentParams, segment_page

X_HEIGHT = 10.0
# Two paragraphs of six lines: the first ends with a short line, the second begins indented.
TEXT = [Box(200, 30 * i, 400 if i == 5 else 700, 30 * i + 10) for i in range(6)]
TEXT += [Box(240 if i == 6 else 200, 30 * i, 700, 30 * i + 10) for i in range(6, 12)]


def note(left: int, top: int, width: int = 80) -> Box:
    return Box(left, top, left + width, top + 10)


@pytest.mark.parametrize(
    ("others", "notes"),
    [
        pytest.param([], [], id="none"),
        pytest.param([note(20, 62), note(20, 90)], [[12, 13]], id="one of two lines on the left"),
        pytest.param([note(750, 30), note(750, 210)], [[12], [13]], id="two on the right"),
        pytest.param([note(20, 30, 175)], [], id="too close to the text"),
        pytest.param([note(-300, 30, 400)], [], id="as wide as a column"),
        pytest.param([note(20, 400)], [], id="below the text"),
        pytest.param([note(750, 30 * i) for i in range(12)], [], id="an amount in every row"),
    ],
)
def test_notes_are_narrow_few_and_beside_the_text(
    others: list[Box], notes: list[list[int]]
) -> None:
    assert find_notes([*TEXT, *others], X_HEIGHT) == notes


def test_a_page_of_few_lines_has_no_margin() -> None:
    assert find_notes([*TEXT[:3], note(20, 30)], X_HEIGHT) == []


def test_paragraphs_end_before_indents_after_short_lines_and_at_gaps() -> None:
    assert paragraph_ends(range(12), TEXT, X_HEIGHT, MarginParams()) == [5, 11]
    apart = [Box(200, 30 * i + 30 * (i > 2), 700, 30 * i + 10 + 30 * (i > 2)) for i in range(6)]
    assert paragraph_ends(range(6), apart, X_HEIGHT, MarginParams()) == [2, 5]


def test_a_note_is_read_after_the_paragraph_beside_it() -> None:
    boxes = [*TEXT, note(20, 62), note(20, 240)]
    placed = place_notes([list(range(12))], [[12], [13]], boxes, X_HEIGHT)
    assert placed == [
        ("text", [0, 1, 2, 3, 4, 5]),
        ("margin", [12]),
        ("text", [6, 7, 8, 9, 10, 11]),
        ("margin", [13]),
    ]


sides = st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(1, 500), st.integers(1, 40))


@given(st.lists(sides, min_size=1, max_size=25))
def test_every_line_is_placed_once(shapes: list[tuple[int, int, int, int]]) -> None:
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in shapes]
    notes = find_notes(boxes, X_HEIGHT)
    aside = {i for lines in notes for i in lines}
    text = [i for i in range(len(boxes)) if i not in aside]
    placed = place_notes([text], notes, boxes, X_HEIGHT)
    assert sorted(i for _, block in placed for i in block) == list(range(len(boxes)))


@pytest.mark.parametrize("x", [40, 800])
def test_a_page_has_its_margin_as_a_region(written: Callable[..., np.ndarray], x: int) -> None:
    words = ["in", "the", "name", "of", "everything", "that", "is", "seen"]
    lines = [(220, 80 + 44 * i, " ".join(words[i % 8 :] + words[: i % 8])) for i in range(12)]
    lines[5] = (220, 300, "in the name")
    lines += [(x, 168, "nota"), (x, 212, "bene")]
    page = written(lines, 700, 900)
    found = segment_page(page, SegmentParams(finder="profile"))
    assert [(region.kind, len(region.lines)) for region in found.regions] == [
        ("text", 6),
        ("margin", 2),
        ("text", 6),
    ]
