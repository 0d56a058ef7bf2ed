from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Box
from pipeline.errors import InputError, SettingsError
from segment.lines import TextLine
from segment.net.finder import in_cells, on_ink, page_maps
from segment.net.targets import CHANNELS
from segment.net.weights import find_weights, load_net
from segment.page import SegmentParams, check_finder, finder_weights, segment_page
from segment.polygons import is_simple

Draw = Callable[..., np.ndarray]


def copy_of(net: Path, folder: Path) -> Path:
    for suffix in (".safetensors", ".json"):
        shutil.copy(net.with_suffix(suffix), folder)
    return folder / net.name


def test_finder_is_chosen_by_name(letter: np.ndarray, tiny_net: Path) -> None:
    params = SegmentParams(finder="net", net=str(tiny_net))
    by_net, by_profile = segment_page(letter, params), segment_page(letter)
    assert by_net.regions != by_profile.regions
    for region in by_net.regions:
        assert all(is_simple(line.boundary) for line in region.lines)


def test_profile_finder_does_without_torch() -> None:
    code = (
        "import sys, numpy as np; from segment.page import segment_page, SegmentParams; "
        "segment_page(np.full((300, 300), 255, np.uint8), SegmentParams(finder='profile')); "
        "print('torch' in sys.modules)"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@settings(max_examples=10, deadline=None)
@given(height=st.integers(40, 200), width=st.integers(40, 200), seed=st.integers(0, 9))
def test_nonsense_never_breaks_the_geometry(
    tiny_net: Path, height: int, width: int, seed: int
) -> None:
    page = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    page[10:30, 10:30:3] = 0
    found = segment_page(page, SegmentParams(finder="net", net=str(tiny_net)))
    for line in (line for region in found.regions for line in region.lines):
        assert is_simple(line.boundary)
        assert all(a[0] < b[0] for a, b in pairwise(line.baseline))
        for x, y in (*line.boundary, *line.baseline):
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_weights_are_told(tiny_net: Path) -> None:
    told = finder_weights(SegmentParams(finder="net", net=str(tiny_net)))
    assert (told["net"], len(str(told["net_sha256"]))) == ("tiny", 64)
    assert finder_weights(SegmentParams(finder="profile")) == {}


@pytest.mark.parametrize("finder", ["profile", "auto"])
def test_finders_that_ship_are_there(finder: str) -> None:
    check_finder(SegmentParams(finder=finder))


def test_unknown_finder_is_refused(letter: np.ndarray) -> None:
    params = SegmentParams(finder="magic")
    with pytest.raises(SettingsError, match="profile"):
        check_finder(params)
    with pytest.raises(ValueError, match="magic"):
        segment_page(letter, params)


def test_missing_weights_are_refused() -> None:
    with pytest.raises(InputError, match="line finder"):
        check_finder(replace(SegmentParams(), finder="net", net="missing"))
    with pytest.raises(InputError, match=r"give a \.safetensors"):
        find_weights("missing.safetensors")


def test_weights_changed_after_the_card_are_refused(tiny_net: Path, tmp_path: Path) -> None:
    path = copy_of(tiny_net, tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="card"):
        load_net(str(path))


@pytest.mark.parametrize("card", ["", "[]", '{"name": "x"}', '{"model": {"blocks": 1}}'])
def test_broken_card_is_named(tiny_net: Path, tmp_path: Path, card: str) -> None:
    path = copy_of(tiny_net, tmp_path)
    path.with_suffix(".json").write_text(card)
    with pytest.raises(InputError, match=r"tiny\.json"):
        load_net(str(path))


def test_card_of_other_sizes_is_refused(tiny_net: Path, tmp_path: Path) -> None:
    path = copy_of(tiny_net, tmp_path)
    card = json.loads(path.with_suffix(".json").read_text())
    card["model"]["channels"][0] = 4
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="sizes"):
        load_net(str(path))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param((24, 50), (24, 50), id="drawn in"),
        pytest.param((0, 0), (20, 60), id="no ink"),
    ],
)
def test_box_is_drawn_in_to_the_ink(columns: tuple[int, int], expected: tuple[int, int]) -> None:
    ink = np.zeros((60, 80), np.bool_)
    ink[32:39, slice(*columns)] = True
    boundary = ((20.0, 20.0), (60.0, 20.0), (60.0, 45.0), (20.0, 45.0))
    line = TextLine(boundary, ((20.0, 40.0), (60.0, 40.0)), Box(20, 20, 60, 45), 9.0)
    found = on_ink(line, ink)
    assert (found.box.left, found.box.right) == expected
    assert found.boundary == boundary


def test_cells_that_a_mask_touches() -> None:
    mask = np.zeros((9, 6), np.bool_)
    mask[3, 5] = mask[8, 0] = True
    assert in_cells(mask).tolist() == [[False, True], [False, False], [True, False]]


@pytest.mark.parametrize("shape", [(64, 64), (301, 130), (1, 1)])
def test_maps_cover_the_page(tiny_net: Path, shape: tuple[int, int]) -> None:
    net, _ = load_net(str(tiny_net))
    maps = page_maps(net, np.full(shape, 200, np.uint8))
    assert maps.shape == (CHANNELS, -(-shape[0] // 4), -(-shape[1] // 4))
    assert (maps[:2] >= 0).all()
    assert (maps[:2] <= 1).all()
