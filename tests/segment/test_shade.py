import cv2
import numpy as np
import pytest

from segment.arrays import Gray, Ink
from segment.clean import CleanPage, find_surround
from segment.level import Level, level_page
from segment.page import segment_page
from segment.shade import out_of_shade


@pytest.fixture(scope="module")
def shaded(letter: Gray) -> Gray:
    """The letter, its lower part, from the tenth line on, in the shade of whoever took it."""
    light = np.ones(letter.shape, np.float32)
    light[455:] = 0.4
    return np.asarray(letter * cv2.GaussianBlur(light, (0, 0), 12), np.uint8)


@pytest.fixture(scope="module")
def bay(letter: Gray) -> Gray:
    """The letter, where its fifth line ends so dark that the desk seems to reach in there."""
    light = np.ones(letter.shape, np.float32)
    light[228:284, 380:] = 0.4
    return np.asarray(letter * cv2.GaussianBlur(light, (0, 0), 4), np.uint8)


def leveled(page: Gray, surround: Ink) -> Level:
    level = level_page(CleanPage(page, surround), page < 50, 0.0)
    assert level is not None
    return level


def baselines(page: Gray) -> list[float]:
    return [float(np.mean(line.baseline, axis=0)[1]) for line in segment_page(page).lines]


def test_shade_without_writing_seen_in_it_is_surround(shaded: Gray) -> None:
    surround = find_surround(shaded)
    level = leveled(shaded, surround)
    assert surround[480:].all()
    assert out_of_shade(surround, level, np.zeros_like(level.ink)) is surround


def test_what_is_written_on_in_shade_is_paper(shaded: Gray) -> None:
    surround = find_surround(shaded)
    level = leveled(shaded, surround)
    left = out_of_shade(surround, level, level.ink & level.outside)
    assert not left[500:700, 60:300].any()
    assert left[500:700, 690:].all()


def test_a_lines_last_word_in_shade_is_on_paper(bay: Gray) -> None:
    surround = find_surround(bay)
    assert surround[240:270, 400:].all()
    level = leveled(bay, surround)
    lines = cv2.morphologyEx(level.ink.view(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 61), np.uint8))
    assert not out_of_shade(surround, level, lines > 0)[240:255, 400:450].any()
    apart = (lines > 0) & level.outside  # as much, but of no line that begins on the paper
    assert out_of_shade(surround, level, apart) is surround


def test_a_line_is_found_to_its_end_in_shade(letter: Gray, bay: Gray) -> None:
    ends = [max(x for x, _ in segment_page(page).lines[4].baseline) for page in (letter, bay)]
    assert ends[1] == pytest.approx(ends[0], abs=12)


def test_writing_at_the_lit_edge_is_none_in_shade(shaded: Gray) -> None:
    surround = find_surround(shaded)
    level = leveled(shaded, surround)
    beside = cv2.dilate((~level.outside).view(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert out_of_shade(surround, level, level.outside & beside) is surround


def test_lines_in_shade_are_found(shaded: Gray) -> None:
    assert baselines(shaded) == pytest.approx([80 + 44 * i for i in range(15)], abs=4)


def test_lines_are_found_where_all_that_is_written_is_in_shade(letter: Gray) -> None:
    page = np.pad(letter, ((700, 0), (0, 0)), constant_values=250)
    page[700:] = (page[700:] * 0.4).astype(np.uint8)
    assert baselines(page) == pytest.approx([780 + 44 * i for i in range(15)], abs=4)


def test_a_mottled_desk_stays_surround(letter: Gray) -> None:
    spots = np.random.default_rng(1).normal(0, 6, (150, 140)).repeat(8, 0).repeat(8, 1)
    page = np.clip(45 + spots, 0, 255).astype(np.uint8)
    page[200:1000, 200:900] = letter
    assert baselines(page) == pytest.approx([280 + 44 * i for i in range(15)], abs=4)
