import numpy as np
import pytest

from segment.profiles import column_profile, local_profiles, row_profile, stripes, x_height


def test_profiles_are_shares_of_ink() -> None:
    ink = np.array([[1, 1, 0, 0], [0, 0, 0, 0]], bool)
    assert row_profile(ink).tolist() == [0.5, 0.0]
    assert column_profile(ink).tolist() == [0.5, 0.5, 0.0, 0.0]


def test_local_profiles_pad_the_last_cell_with_white() -> None:
    ink = np.ones((2, 5), bool)
    profiles = local_profiles(ink, 4)
    assert profiles.shape == (2, 2)
    assert profiles[0] == pytest.approx([1.0, 0.25], abs=0.01)


def test_stripes_peak_in_the_middle_of_a_bar() -> None:
    profiles = np.zeros((81, 9), np.float32)
    profiles[36:45] = 1
    response = stripes(profiles, 4.5, 1.0)
    assert response[:, 4].argmax() == 40
    assert response[40, 4] == pytest.approx(0.48, abs=0.03)


@pytest.mark.parametrize("height", [6, 10, 16, 24])
def test_x_height_of_striped_text(height: int) -> None:
    ink = np.zeros((900, 600), bool)
    for top in range(60, 800, 3 * height):
        for x in range(40, 540, height):
            ink[top : top + height, x : x + height * 2 // 3] = True
    assert x_height(ink, 3, 60) == pytest.approx(height, rel=0.3)


def test_a_blank_page_has_no_x_height() -> None:
    assert x_height(np.zeros((100, 100), bool), 3, 60) == 0.0
    assert x_height(np.zeros((1, 1), bool), 3, 60) == 0.0
