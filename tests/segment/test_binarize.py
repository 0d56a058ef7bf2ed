import numpy as np
import pytest

from segment.binarize import BINARIZERS, BinarizeParams, otsu


def stroke_on(paper: np.ndarray) -> np.ndarray:
    page = paper.astype(np.uint8).copy()
    page[20:24, 10:50] = np.maximum(page[20:24, 10:50] // 3, 10)
    return page


EVEN = np.full((60, 60), 220)
SHADED = np.tile(np.linspace(90, 240, 60), (60, 1))


@pytest.mark.parametrize("name", sorted(BINARIZERS))
def test_finds_a_stroke_on_even_paper(name: str) -> None:
    ink = BINARIZERS[name](stroke_on(EVEN), BinarizeParams())
    expected = np.zeros((60, 60), bool)
    expected[20:24, 10:50] = True
    assert (ink == expected).all()


@pytest.mark.parametrize("name", ["sauvola", "wolf", "hysteresis"])
def test_finds_a_stroke_on_shaded_paper(name: str) -> None:
    ink = BINARIZERS[name](stroke_on(SHADED), BinarizeParams())
    assert ink[20:24, 12:48].all()
    assert ink[30:50].sum() == 0


@pytest.mark.parametrize("name", sorted(BINARIZERS))
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_page_has_no_ink(name: str, grey: int) -> None:
    assert not BINARIZERS[name](np.full((40, 30), grey, np.uint8), BinarizeParams()).any()


@pytest.mark.parametrize("name", sorted(BINARIZERS))
def test_one_pixel_is_enough(name: str) -> None:
    assert BINARIZERS[name](np.zeros((1, 1), np.uint8), BinarizeParams()).shape == (1, 1)


def test_hysteresis_keeps_the_faint_end_of_a_stroke() -> None:
    page = EVEN.astype(np.uint8).copy()
    page[20:24, 10:30] = 60
    page[20:24, 30:50] = 160
    page[40:44, 10:30] = 175
    ink = BINARIZERS["hysteresis"](page, BinarizeParams())
    assert ink[20:24, 10:50].all()
    assert not ink[40:44].any()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(np.zeros((4, 4)), id="floats"),
        pytest.param(np.zeros((4, 4, 3), np.uint8), id="colour"),
        pytest.param(np.zeros((0, 4), np.uint8), id="empty"),
    ],
)
def test_refuses_what_is_no_grey_image(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a uint8"):
        otsu(bad)
