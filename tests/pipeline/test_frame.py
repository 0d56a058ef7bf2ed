from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.frame import Frame

numbers = st.floats(-500, 500)
frames = st.builds(
    lambda angle, scale, x, y: Frame.rotated(angle, (x, y)).then(Frame.scaled(scale)),
    st.floats(-180, 180),
    st.floats(0.1, 10),
    numbers,
    numbers,
)


@given(frames, numbers, numbers)
def test_inverse_brings_back(frame: Frame, x: float, y: float) -> None:
    ((back_x, back_y),) = frame.inverse().to_page(frame.to_page([(x, y)]))
    assert math.isclose(back_x, x, abs_tol=1e-6) and math.isclose(back_y, y, abs_tol=1e-6)


@given(frames, frames, numbers, numbers)
def test_then_is_one_after_the_other(inner: Frame, outer: Frame, x: float, y: float) -> None:
    at_once = inner.then(outer).to_page([(x, y)])[0]
    in_turn = outer.to_page(inner.to_page([(x, y)]))[0]
    assert at_once == pytest.approx(in_turn, abs=1e-6)


def test_crop_in_a_half_size_image() -> None:
    assert Frame.shifted(10, 20).then(Frame.scaled(0.5)).to_page([(1, 1)]) == ((22.0, 42.0),)


def test_clockwise_turn_puts_the_top_of_the_page_to_the_right() -> None:
    # In an image turned clockwise by 90°, what lies right of the centre lay above it.
    ((x, y),) = Frame.rotated(90, (50, 50)).to_page([(90, 50)])
    assert (x, y) == pytest.approx((50, 10))


@pytest.mark.parametrize("frame", [Frame(a=0), Frame(1, 1, 0, 1, 1, 0)])
def test_flattening_map_has_no_inverse(frame: Frame) -> None:
    with pytest.raises(ValueError, match="inverted"):
        frame.inverse()


def test_scale_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        Frame.scaled(0)


@pytest.mark.parametrize(
    ("degrees", "start", "end"),
    [
        pytest.param(0, (0, 0), (10, 0), id="upright"),
        pytest.param(90, (0, 40), (0, 30), id="read upwards"),
        pytest.param(180, (30, 40), (20, 40), id="upside down"),
        pytest.param(270, (30, 0), (30, 10), id="read downwards"),
    ],
)
def test_a_page_stood_upright(
    degrees: int, start: tuple[float, float], end: tuple[float, float]
) -> None:
    assert Frame.upright(degrees, 30, 40).to_page([(0, 0), (10, 0)]) == (start, end)


def test_a_page_does_not_stand_askew() -> None:
    with pytest.raises(ValueError, match="45"):
        Frame.upright(45, 30, 40)
