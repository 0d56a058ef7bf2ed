import pytest

from segment.orientation import Turn, judge_turn


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param((500, 20, 400, 30), Turn(0, sure=True), id="upright"),
        pytest.param((400, 20, 500, 30), Turn(0, sure=False), id="perhaps upside down"),
        pytest.param((20, 500, 30, 300), Turn(90, sure=True), id="on its left side"),
        pytest.param((20, 400, 30, 500), Turn(270, sure=False), id="on one of its sides"),
        pytest.param((300, 500, 300, 400), Turn(0, sure=False), id="not clearly on its side"),
        pytest.param((1, 9, 0, 2), Turn(), id="hardly any writing"),
    ],
)
def test_turn_is_judged(scores: tuple[float, ...], expected: Turn) -> None:
    assert judge_turn(scores) == expected
