import numpy as np
import pytest

from segment.arrays import Gray
from segment.polarity import as_positive, is_negative


@pytest.fixture
def on_a_desk(letter: Gray) -> Gray:
    """The letter on a dark desk that is larger than it."""
    return np.pad(letter, 400, constant_values=50)


def test_a_negative_comes_back_as_the_page(letter: Gray) -> None:
    assert (as_positive(np.asarray(255 - letter, np.uint8)) == letter).all()


def test_a_page_stays_as_it_is(letter: Gray) -> None:
    assert as_positive(letter) is letter


def test_a_page_on_a_dark_desk_is_none(on_a_desk: Gray) -> None:
    assert not is_negative(on_a_desk)


def test_a_negative_beyond_whose_edges_the_film_is_clear_is_one(on_a_desk: Gray) -> None:
    assert is_negative(np.asarray(255 - on_a_desk[300:-300, 300:-300], np.uint8))


def test_dark_paper_with_darker_ink_is_none(letter: Gray) -> None:
    assert not is_negative(np.asarray(letter // 3, np.uint8))


@pytest.mark.parametrize("grey", [0, 90, 255])
def test_an_empty_page_is_none(grey: int) -> None:
    assert not is_negative(np.full((300, 200), grey, np.uint8))


def test_a_few_scratches_on_a_dark_page_are_no_writing() -> None:
    page = np.full((900, 600), 40, np.uint8)
    page[100:103, 50:300] = 220
    assert not is_negative(page)
